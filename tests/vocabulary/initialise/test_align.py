"""Rows from the old pieces in the same places of a text."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from initialise_tasks import NEW_TEXTS, TEXTS, extended, grown, task_of, unigram
from shapes import SHAPES, bert, gpt2, llama2, mt5, xlm_r
from tokenizers import Tokenizer as Backend

from panglot.artifacts import InputError
from panglot.vocabulary.initialise.align import Align, _counted, batches
from panglot.vocabulary.initialise.merge_tree import MergeTree
from panglot.vocabulary.rows import Change
from panglot.vocabulary.surface import surfaces, unknown_id
from panglot.vocabulary.word_counts import word_counts

OLD = unigram({"▁": -9.0, "▁ខ": -2.0, "ខ": -4.0, "្": -4.0, "ម": -4.0, "្ម": -3.0, "a": -2.0})


def test_by_hand():
    change = grown(OLD, ["ខ្ម", "្មម"])
    change = replace(change, new=unigram({**dict(change.new.model["vocab"][1:-2]), "ខ្ម": -1.0, "្មម": -0.5}))
    task = task_of(change, texts=["aខ្ម aខ្ម", "a្មម"])
    weights = Align().weights(task).toarray()
    ids = change.old.ids
    expected = np.zeros((2, change.old.size))
    expected[0, [ids["ខ"], ids["្ម"]]] = 0.5
    expected[1, [ids["្ម"], ids["ម"]]] = 0.5
    np.testing.assert_allclose(weights, expected)
    assert task.figures["unseen"] == 0


def test_every_occurrence_counts_also_several_of_one_text():
    # the published code keeps the last occurrence of each text: "x" is covered by p twice and by the longer "xy" once
    old = unigram({"▁": -9.0, "▁p": -2.0, "x": -2.0, "y": -9.0, "xy": -1.0})
    task = task_of(_without_xy(old), texts=["pxx pxx pxy"])
    row = Align().weights(task).toarray()[1]
    assert row[old.ids["x"]] == pytest.approx(4 / 5) and row[old.ids["xy"]] == pytest.approx(1 / 5)


def _without_xy(old):
    """The old `x` is new again, and `xy` gone, so that the new `x` stands under the old `xy` once."""
    new = unigram({"▁": -9.0, "▁p": -2.0, "X": -2.0, "y": -3.0, "x": -2.0})
    return Change(old, new, np.array([0, 1, 2, -1, 4, -1]))


def test_a_token_that_does_not_occur_gets_the_row_of_the_merge_tree():
    change = extended(gpt2(), 10)
    task = task_of(change, texts=["nothing of it"])
    other = MergeTree().rows(task_of(change))
    np.testing.assert_array_equal(Align().rows(task)["input"], other["input"])
    assert task.figures["unseen"] == len(change.added)


def test_without_text_it_says_what_is_missing():
    with pytest.raises(InputError, match="needs text"):
        Align().rows(task_of(grown(OLD, ["ខ្ម"]), texts=None))


@pytest.mark.parametrize(("name", "build"), SHAPES)
def test_pieces_under_a_token_spell_it(name, build):
    change = extended(build(), 25)
    task = task_of(change)
    weights = Align().weights(task)
    sums = np.asarray(weights.sum(axis=1))
    assert (weights.data > 0).all() and np.isin(np.round(sums, 9), [0.0, 1.0]).all()
    assert np.isfinite(Align().rows(task)["input"]).all()
    before, after = surfaces(change.old), surfaces(change.new)
    for row, target in enumerate(task.targets):
        if name in ("xlm_r", "mbart", "mt5"):  # others may be covered by a longer piece
            for column in weights[[row]].indices:
                spelt = (before[column] or b"").strip()
                # a unigram model gives the bytes of all characters of a run that it lacks one span: the whole run's
                assert spelt in (after[target] or b"") or (name == "mt5" and len(spelt) == 1)


@pytest.mark.parametrize("build", [xlm_r, mt5, gpt2])
def test_words_and_running_text_give_the_same_pieces(build):
    texts = [" ".join(reversed(each.split())) for each in TEXTS]
    change = extended(build(), 25, texts)
    task = task_of(change, texts=texts)
    by_word = _counted(task, task.texts)
    other = change.new.with_document(normalizer={"type": "Sequence", "normalizers": [change.new.document["normalizer"]]})
    if change.new.document["normalizer"] is None:
        other = change.new.with_document(normalizer={"type": "Sequence", "normalizers": []})
    running = replace(task, change=Change(change.old, other, change.source))
    by_text = _counted(running, task.texts)
    both = (np.asarray(by_word.sum(axis=1)) > 0) & (np.asarray(by_text.sum(axis=1)) > 0)
    assert both.sum() >= 20
    shared = np.minimum(by_word.toarray(), by_text.toarray()).sum(axis=1)[both]
    # running text has no place for a space mark that the tokenizer made up, nor for single bytes of a character
    assert np.median(shared) > 0.99 and (shared > 0.3).mean() > 0.9


@pytest.mark.parametrize(("build", "add"), [(xlm_r, 25), (gpt2, 25), (llama2, 25), (bert, 60)])  # bert takes characters first
def test_weights_equal_plain_loops_over_words(build, add):
    texts = [" ".join(reversed(each.split())) for each in TEXTS]
    change = extended(build(), add, texts)
    task = task_of(change, texts=texts)
    found = _counted(task, task.texts).toarray()
    old_model, new_model = (Backend(each.backend.model) for each in (change.old, change.new))
    unknown, place = unknown_id(change.old), {target: row for row, target in enumerate(task.targets)}
    sums = np.zeros(found.shape)
    words = (word for text in texts for word, times in word_counts(change.new, iter([text])).items() for _ in range(times))
    for word in words:
        here, there = new_model.encode(word, add_special_tokens=False), old_model.encode(word, add_special_tokens=False)
        old = [(number, span) for number, span in zip(there.ids, there.offsets, strict=True) if number != unknown]
        for number, (begin, end) in zip(here.ids, here.offsets, strict=True):
            if number in place:
                inside = [each for each, (first, last) in old if begin <= first and last <= end]
                around = [each for each, (first, last) in old if first <= begin and end <= last]
                for each in inside or around:
                    sums[place[number], each] += 1 / len(inside or around)
    totals = sums.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, np.divide(sums, totals, out=np.zeros_like(sums), where=totals > 0), atol=1e-9)
    assert (totals > 0).sum() >= 10


@settings(max_examples=15, deadline=None)
@given(st.permutations(NEW_TEXTS))
def test_the_order_of_the_texts_does_not_matter(texts):
    change = _CHANGE
    found = Align().weights(task_of(change, texts=texts)).toarray()
    np.testing.assert_allclose(found, Align().weights(task_of(change)).toarray(), atol=1e-12)


_CHANGE = extended(xlm_r(), 25)


def test_batches_lose_nothing():
    texts = ["ខ" * 300_000, "", "b" * 300_000, "c", "ߒ" * 600_000, "e"]
    assert [each for batch in batches(iter(texts)) for each in batch] == texts
    assert len(list(batches(iter(texts)))) == 3
