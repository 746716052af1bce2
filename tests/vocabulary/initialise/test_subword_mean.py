"""Mean of old pieces: how a new token's text is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from initialise_tasks import NEW_TEXTS, extended, grown, task_of, unigram
from shapes import SHAPES, TEXTS, bert, gpt2, llama2, mt5, xlm_r

from panglot.vocabulary.initialise.cutting import Cutter, old_pieces
from panglot.vocabulary.initialise.subword_mean import SubwordMean
from panglot.vocabulary.surface import surface, surfaces
from panglot.vocabulary.vocabulary import Vocabulary


def cut(vocabulary: Vocabulary, text: str | bytes) -> list[str | None]:
    return [vocabulary.tokens[each] for each in Cutter(vocabulary).cut(text.encode() if isinstance(text, str) else text)]


def test_by_hand_and_pieces_count_as_often_as_they_occur():
    old = unigram({"▁": -3.0, "▁ខ": -2.0, "ខ": -2.0, "្": -2.0, "ម": -2.0})
    task = task_of(grown(old, ["▁ខ្ម្", "ខម"]))
    task.matrices["input"] = np.arange(12, dtype=np.float32).reshape(6, 2)
    rows = SubwordMean().rows(task)["input"]
    expected = (task.old("input")[2] + 2 * task.old("input")[4] + task.old("input")[5]) / 4
    np.testing.assert_allclose(rows[0], expected)
    np.testing.assert_allclose(rows[1], task.old("input")[[3, 5]].mean(axis=0))
    assert task.figures == {"combined": 2, "drawn": 0}


def test_a_continuation_is_not_cut_as_the_beginning_of_a_word():
    metaspace = unigram({"▁": -3.0, "▁לום": -1.0, "לום": -1.0, "▁ש": -1.0, "ש": -1.0})
    assert cut(metaspace, "לום") == ["לום"]
    assert cut(metaspace, " לום") == ["▁לום"]
    pieces = cut(bert(), "arket")
    assert pieces and all(each and each.startswith("##") for each in pieces)
    assert cut(bert(), " market")[0] == "market" or not str(cut(bert(), " market")[0]).startswith("##")
    assert not str(cut(llama2(), "market")[0]).startswith("▁")
    assert str(cut(llama2(), " market")[0]).startswith("▁")
    assert str(cut(gpt2(), " market")[0]).startswith("Ġ")
    assert not str(cut(gpt2(), "market")[0]).startswith("Ġ")


@pytest.mark.parametrize(("name", "build"), SHAPES)
def test_an_old_token_is_cut_to_its_own_text(name, build):
    vocabulary = build()
    texts = surfaces(vocabulary)
    cutter = Cutter(vocabulary)
    checked = 0
    for number, text in enumerate(texts):
        if text is None or number in vocabulary.added or not text.strip():
            continue
        pieces = [texts[each] for each in cutter.cut(text)]
        try:
            normalised = cutter._normalised(text.decode().lstrip(" "))
        except UnicodeDecodeError:
            normalised = None
        if normalised is None or normalised == text.decode().lstrip(" "):
            assert b"".join(each or b"" for each in pieces) == text, vocabulary.tokens[number]
            checked += 1
    assert checked > 200 or name in ("byt5", "byte")


@pytest.mark.parametrize(("name", "build"), SHAPES)
@pytest.mark.parametrize("word", [" ภาษาไทย", "ภาษาไทย", " क्षेत्र", "שָׁלוֹם", " 𐐀𐐁", "👍🏽", " cafe\u0301"])
def test_no_piece_is_unknown_and_none_is_special(name, build, word):
    vocabulary = build()
    found = Cutter(vocabulary).cut(word.encode())
    assert not set(found) & vocabulary.special
    kept = b"".join(surface(vocabulary, each) or b"" for each in found).decode(errors="ignore")
    assert set(kept.strip()) <= set(Cutter(vocabulary)._normalised(word.strip())) | set(word)


def test_half_a_character_is_cut_in_bytes():
    half = "ខ".encode()[:2]
    letters = {surface(gpt2(), each) for each in Cutter(gpt2()).cut(half)}
    assert b"".join(sorted(letters)) in (half, bytes(sorted(half))) or letters == {half}
    assert cut(llama2(), half) == ["<0xE1>", "<0x9E>"]
    assert cut(mt5(), b"a" + half)[-2:] == ["<0xE1>", "<0x9E>"]
    assert cut(xlm_r(), half) == []


def test_unknown_characters_are_left_out_and_what_is_left_counts():
    old = unigram({"▁": -3.0, "a": -1.0})
    assert cut(old, "aߒa") == ["a", "a"]
    task = task_of(grown(old, ["aߒ", "ߒߞ"]))
    rows = SubwordMean().rows(task)["input"]
    np.testing.assert_allclose(rows[0], task.old("input")[2])
    assert task.figures == {"combined": 1, "drawn": 1}


def test_wordpiece_keeps_what_it_can_of_a_word_that_it_does_not_know():
    vocabulary = bert()
    assert "[UNK]" in [vocabulary.tokens[each] for each in vocabulary.encode(["mark😀t"])[0]]
    assert "[UNK]" not in cut(vocabulary, " mark😀t") and cut(vocabulary, " mark😀t")


@pytest.mark.parametrize(("name", "build"), SHAPES)
def test_every_family_gives_finite_rows_with_few_draws(name, build):
    change = extended(build(), 25)
    task = task_of(change)
    rows = SubwordMean().rows(task)
    assert rows["input"].shape == (len(change.added), 12) and np.isfinite(rows["input"]).all()
    assert task.figures["combined"] + task.figures["drawn"] == len(change.added)
    if name in ("mt5", "gpt2", "llama3", "qwen", "llama2", "gemma", "byte", "byt5"):
        assert task.figures["drawn"] == 0, "bytes can write everything"


def test_equal_texts_get_equal_rows_whatever_else_is_added():
    old = xlm_r()
    few, many = grown(old, ["▁ตลาดดี"]), grown(old, ["▁อากาศดี", "▁ตลาดดี"])
    one, other = SubwordMean().rows(task_of(few)), SubwordMean().rows(task_of(many))
    np.testing.assert_array_equal(one["input"][0], other["input"][1])


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from(sorted({each for text in [*TEXTS, *NEW_TEXTS] for each in text})), max_size=12))
def test_bytes_are_never_lost_by_byte_level_bpe(text):
    vocabulary = gpt2()
    found = [surface(vocabulary, each) or b"" for each in Cutter(vocabulary).cut(text.encode())]
    assert b"".join(found) == text.encode()


def test_pieces_are_in_the_order_of_the_targets():
    old = unigram({"▁": -3.0, "a": -1.0, "b": -1.0})
    new = grown(old, ["ab", "ba"]).new
    assert old_pieces(old, new, [5, 4]) == [[3, 2], [2, 3]]
