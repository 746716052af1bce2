"""Merging two tokenizers: every pair of families, all ids stay, what is added is reached."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import SHAPES, TEXTS
from test_extend_tokenizer import NEW_TEXT, extended, reached_by_itself, shape
from text_strategy import HARD, texts

from panglot.artifacts import step_folder
from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.merge_bpe import merge_bpe
from panglot.vocabulary.merge_tokenizers import merge_tokenizers, merge_vocabularies
from panglot.vocabulary.rows import Change
from panglot.vocabulary.surface import surfaces
from panglot.vocabulary.tokenizer import Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary

NAMES = [name for name, _ in SHAPES]
OTHERS = ["xlm_r", "nllb", "llama3", "gemma", "bert"]
PAIRS = pytest.mark.parametrize(("name", "other"), [(name, other) for name in NAMES for other in OTHERS])


@cache
def merged(name: str, other: str) -> Change:
    """The shape, and another one that knows more languages."""
    return merge_vocabularies(shape(name), extended(other).new)


@PAIRS
def test_ids_stay_and_what_is_added_is_reached(name: str, other: str) -> None:
    change = merged(name, other)
    old, new = change.old, change.new
    check_ids(new)
    assert [each for each in new.tokens[: old.size] if each is not None] == [each for each in old.tokens if each is not None]
    assert change.added == list(range(old.size, new.size))
    assert {number: new.added[number] for number in old.added} == old.added
    pieces = [each for each in change.added if each not in new.added]
    assert pieces
    assert [new.tokens[each] for each in pieces if not reached_by_itself(new, each)] == []
    # a character that only a byte piece stood for may become a piece on the way to others
    known = {each for each in surfaces(old) if each is not None and len(each) > 1}
    assert not known & {each for number, each in enumerate(surfaces(new)) if number in pieces}


@PAIRS
def test_hard_texts_round_trip_still(name: str, other: str) -> None:
    change = merged(name, other)
    found = [*TEXTS, *HARD, *NEW_TEXT]
    same = [each for each in found if change.old.decode(change.old.encode([each])[0]) == each]
    assert [each for each in same if change.new.decode(change.new.encode([each])[0]) != each] == []


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(text=texts(), other=st.sampled_from(OTHERS))
def test_what_round_tripped_does_so_still(name: str, text: str, other: str) -> None:
    change = merged(name, other)
    marks = [each["content"] for number, each in change.new.added.items() if number >= change.old.size]
    if any(each in text for each in marks) or change.old.decode(change.old.encode([text])[0]) != text:
        return
    assert change.new.decode(change.new.encode([text])[0]) == text


@pytest.mark.parametrize("name", NAMES)
def test_merging_with_itself_is_the_identity(name: str) -> None:
    change = merge_vocabularies(shape(name), shape(name))
    assert change.new == change.old
    assert change.added == change.dropped == []


def test_pieces_of_one_family_come_over_whole() -> None:
    """A tokenizer that is the old one and more: all of it is found again, in its cut too."""
    for name in ("llama3", "qwen", "llama2", "nllb", "bert", "xlm_r"):
        change = merge_vocabularies(shape(name), extended(name).new)
        there = {extended(name).new.tokens[each] for each in extended(name).added}
        assert {change.new.tokens[each] for each in change.added} == there
        cut = [
            [[other.tokens[each] for each in ids] for ids in other.encode(NEW_TEXT)]
            for other in (change.new, extended(name).new)
        ]
        assert cut[0] == cut[1], name


def test_scores_of_one_scale_stay() -> None:
    """Both have the same old scores, so the median difference is 0 and the new scores are those of the other."""
    change, other = merge_vocabularies(shape("xlm_r"), extended("xlm_r").new), extended("xlm_r").new
    theirs = dict(other.model["vocab"])
    for piece, score in change.new.model["vocab"][change.old.size :]:
        assert score >= theirs[piece] - 1e-9
    assert any(score == theirs[piece] for piece, score in change.new.model["vocab"][change.old.size :])


def test_language_codes_and_chat_marks_come_over_and_roles_do_not() -> None:
    new = merge_vocabularies(shape("xlm_r"), shape("nllb")).new
    contents = {each["content"] for number, each in new.added.items() if number >= shape("xlm_r").size}
    assert contents == {"ace_Arab", "eng_Latn", "hin_Deva", "tha_Thai", "zul_Latn"}
    chat = merge_vocabularies(shape("bert"), shape("qwen")).new
    contents = {each["content"] for number, each in chat.added.items() if number >= shape("bert").size}
    assert {"<|im_start|>", "<think>", "<tool_call>"} <= contents
    assert not {"<|im_end|>", "<|endoftext|>"} & contents  # they end texts and pad; BERT has its own
    assert not chat.added[chat.ids["<think>"]]["special"]
    back = merge_vocabularies(shape("llama3"), shape("bert")).new
    assert "[CLS]" not in back.ids


def test_parts_of_characters_are_left_out_where_pieces_are_text() -> None:
    new = merge_vocabularies(shape("xlm_r"), extended("llama3").new).new
    assert all("\ufffd" not in piece for piece, _ in new.model["vocab"])


def bpe(*merges: tuple[str, str]) -> Vocabulary:
    vocab = {each: index for index, each in enumerate("abcd")}
    for left, right in merges:
        vocab[left + right] = len(vocab)
    return Vocabulary({"model": {"type": "BPE", "vocab": vocab, "merges": [list(each) for each in merges]}})


def test_merges_by_hand() -> None:
    """The old merge `bc` comes first, so `abc` and `abcd` cannot be built as ab + c; they are built as a + bc, abc + d."""
    new = merge_bpe(bpe(("b", "c")), ["abc", "abcd"])
    assert new.model["merges"] == [["b", "c"], ["a", "bc"], ["abc", "d"]]
    assert list(new.model["vocab"]) == ["a", "b", "c", "d", "bc", "abc", "abcd"]


def test_parts_on_the_way_are_added_only_where_needed() -> None:
    assert merge_bpe(bpe(), ["abc"]).model["merges"] == [["a", "b"], ["ab", "c"]]
    assert merge_bpe(bpe(("a", "b")), ["abc"]).model["merges"] == [["a", "b"], ["ab", "c"]]
    assert merge_bpe(bpe(), ["ab", "abc"]).model["merges"] == [["a", "b"], ["ab", "c"]]


def test_a_way_through_an_old_token_is_left_out() -> None:
    """`ab` is a token that no merge makes; merging a + b would let the old merges go on from there."""
    old = bpe(("b", "c"))
    old.model["vocab"]["ab"] = len(old.model["vocab"])
    new = merge_bpe(old, ["abd"])
    assert new.model["merges"] == [["b", "c"]]
    assert "abd" not in new.model["vocab"]


def test_component(tmp_path: Path) -> None:
    shape("xlm_r").save(tmp_path / "one" / "tokenizer")
    extended("llama3").new.save(tmp_path / "two" / "tokenizer")
    one, two = Tokenizer.open(tmp_path / "one"), Tokenizer.open(tmp_path / "two")
    with step_folder(tmp_path / "step") as step:
        merge_tokenizers(tokenizer=one, other=two, step=step)
        figures, notes = step.figures, step.notes
    done = Tokenizer.open(tmp_path / "step")
    change = Change.read(done.folder, one.vocabulary, done.vocabulary)
    assert figures["found"] == len(change.added) > 0
    assert figures["left_out"] > 0
    assert f"{figures['left_out']} tokens of the other tokenizer were left out" in notes[0]
