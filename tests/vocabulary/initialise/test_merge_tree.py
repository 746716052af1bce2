"""Rows by the merge tree of a BPE tokenizer."""

import numpy as np
import pytest
from initialise_tasks import extended, grown, task_of, unigram
from shapes import SHAPES, gpt2, llama2

from panglot.vocabulary.initialise.merge_tree import MergeTree, merges_of
from panglot.vocabulary.initialise.subword_mean import SubwordMean
from panglot.vocabulary.rows import NEW
from panglot.vocabulary.surface import byte_letters
from panglot.vocabulary.vocabulary import Vocabulary

BPE = [name for name, build in SHAPES if build().family in ("bpe", "byte_bpe")]


def bpe(pieces: list[str], merges: list[list[str]]) -> Vocabulary:
    vocab = {piece: index for index, piece in enumerate(pieces)}
    model = {
        "type": "BPE", "vocab": vocab, "merges": merges, "dropout": None, "unk_token": None, "fuse_unk": False,
        "byte_fallback": False, "continuing_subword_prefix": None, "end_of_word_suffix": None,
    }  # fmt: skip
    rest = ("truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder")
    return Vocabulary({"version": "1.0", "added_tokens": [], "model": model} | dict.fromkeys(rest))


def test_by_hand_parts_high_in_the_tree_weigh_more():
    old = bpe(["a", "b", "c", "ab"], [["a", "b"]])
    task = task_of(grown(old, ["abc", "abcc"], [["ab", "c"], ["abc", "c"]]))
    weights = MergeTree().weights(task).toarray()
    np.testing.assert_allclose(weights, [[0, 0, 0.5, 0.5], [0, 0, 0.75, 0.25]])
    np.testing.assert_allclose(SubwordMean().weights(task).toarray()[1], [0, 0, 2 / 3, 1 / 3])


def test_several_merges_to_one_token_are_averaged():
    old = bpe(["a", "b", "c"], [])
    task = task_of(grown(old, ["ab", "bc", "abc"], [["a", "b"], ["b", "c"], ["ab", "c"], ["a", "bc"]]))
    weights = MergeTree().weights(task).toarray()
    np.testing.assert_allclose(weights[2], [(0.25 + 0.5) / 2, 0.25, (0.5 + 0.25) / 2])


def test_the_tree_is_followed_whatever_the_order_of_ids():
    old = bpe(["ខ", "្", "ម"], [])
    task = task_of(grown(old, ["ខ្ម", "ខ្"], [["ខ", "្"], ["ខ្", "ម"]]))
    np.testing.assert_allclose(MergeTree().weights(task).toarray(), [[0.25, 0.25, 0.5], [0.5, 0.5, 0]])


def test_a_character_without_merges_has_no_tree_and_is_cut():
    letters = [byte_letters()[each] for each in "ߒ".encode()]
    old = bpe(letters, [])
    task = task_of(grown(old, ["".join(letters)]))
    found = MergeTree().weights(task).toarray()
    np.testing.assert_allclose(found, SubwordMean().weights(task).toarray())
    assert task.figures["without_merges"] == int(found.any())


def test_the_head_is_made_from_the_head():
    # the published code makes the head's rows from the input matrix
    task = task_of(extended(gpt2(), 20))
    rows = MergeTree().rows(task)
    weights = MergeTree().weights(task).toarray()
    np.testing.assert_allclose(rows["output"], weights @ task.old("output"), rtol=1e-4, atol=1e-5)
    assert not np.allclose(rows["output"], weights @ task.old("input"), atol=0.1)


def test_a_tokenizer_without_merges_says_so_and_takes_the_mean_of_pieces():
    old = unigram({"▁": -3.0, "ខ": -2.0, "ម": -2.0})
    task = task_of(grown(old, ["ខម"]))
    rows, other = MergeTree().rows(task), SubwordMean().rows(task_of(grown(old, ["ខម"])))
    np.testing.assert_array_equal(rows["input"], other["input"])
    assert "no merges" in task.notes[0]


@pytest.mark.parametrize(("name", "build"), [each for each in SHAPES if each[0] in BPE])
def test_weights_are_shares_of_old_tokens(name, build):
    task = task_of(extended(build(), 25))
    weights = MergeTree().weights(task)
    sums = np.asarray(weights.sum(axis=1))
    assert (weights.data >= 0).all()
    # NLLB's shape has no bytes: of new text, whose characters it lacks, only new characters come first
    assert np.isclose(sums, 1).all() or name == "nllb"
    assert np.isin(np.round(sums, 9), [0.0, 1.0]).all()
    again = MergeTree().rows(task_of(extended(build(), 25)))
    np.testing.assert_array_equal(MergeTree().rows(task)["input"], again["input"])


def test_both_spellings_of_merges_are_read():
    assert merges_of(bpe(["a", "b"], [])) == []
    said = llama2()
    spelled = said.with_document(model={**said.model, "merges": [" ".join(each) for each in said.model["merges"]]})
    assert merges_of(spelled) == merges_of(said) and len(merges_of(said)) > 100


def test_new_tokens_of_the_tree_are_really_new():
    change = extended(gpt2(), 20)
    assert all(change.source[each] == NEW for each in change.added)
