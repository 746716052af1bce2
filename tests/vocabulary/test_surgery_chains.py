"""Any text, any number of pieces, one surgery after another: what every changed vocabulary must hold, for every family."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import SHAPES, TEXTS
from test_extend_tokenizer import NEW_TEXT, shape
from text_strategy import HARD, texts
from transformers import AutoTokenizer

from panglot.artifacts import InputError
from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.closure import merges_of
from panglot.vocabulary.extend_tokenizer import extend_vocabulary
from panglot.vocabulary.merge_tokenizers import merge_vocabularies
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.trim_tokenizer import pieces_in, trim_vocabulary
from panglot.vocabulary.vocabulary import Vocabulary

NAMES = [name for name, _ in SHAPES]
EVERY = pytest.mark.parametrize("name", NAMES)
# Words come back, so that there is something to merge.
WORDS = st.lists(
    st.one_of(
        st.sampled_from([word for text in NEW_TEXT for word in text.split()]),
        st.sampled_from([each for each in HARD if each]),
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=8,
).map(lambda words: [" ".join(words * 3), " ".join(reversed(words))])


def tokens_of(vocabulary: Vocabulary, text: str) -> list[str | None]:
    return [vocabulary.tokens[each] for each in vocabulary.encode([text])[0]]


def closed_and_numbered(vocabulary: Vocabulary) -> None:
    check_ids(vocabulary)
    if vocabulary.family in ("bpe", "byte_bpe"):
        inner = len(vocabulary.model.get("continuing_subword_prefix") or "")
        pieces = vocabulary.model["vocab"]
        for left, right in merges_of(vocabulary):
            assert {left, right, left + right[inner:]} <= pieces.keys()


def reaches(vocabulary: Vocabulary, number: int) -> bool:
    piece = vocabulary.tokens[number] or ""
    return [each.id for each in vocabulary.backend.model.tokenize(piece)] == [number]


def nothing_old_moved(change: Change) -> None:
    old, new = change.old, change.new
    kept = [each for each, token in enumerate(old.tokens) if token is not None]
    assert [new.tokens[each] for each in kept] == [old.tokens[each] for each in kept]
    assert change.source[kept].tolist() == kept
    assert {each: new.added[each] for each in old.added} == old.added
    assert new.special >= old.special
    assert (change.source[old.size :] == NEW).all()


@EVERY
@settings(max_examples=8, deadline=None)
@given(found=WORDS, add=st.integers(1, 60), other=texts())
def test_extension_by_any_text(name: str, found: list[str], add: int, other: str) -> None:
    old = shape(name)
    try:
        change = extend_vocabulary(old, lambda: iter(found), add)
    except InputError:
        return
    assert 0 < len(change.added) <= add
    nothing_old_moved(change)
    closed_and_numbered(change.new)
    if old.family != "wordpiece":
        assert [change.new.tokens[each] for each in change.added if not reaches(change.new, each)] == []
    for text in (other, *found):
        if old.decode(old.encode([text])[0]) == text:
            assert change.new.decode(change.new.encode([text])[0]) == text


@EVERY
@settings(max_examples=6, deadline=None)
@given(found=WORDS, kept=st.lists(st.sampled_from([*TEXTS, *NEW_TEXT]), min_size=1, max_size=3), add=st.integers(1, 40))
def test_extended_then_trimmed_then_extended(name: str, found: list[str], kept: list[str], add: int) -> None:
    try:
        longer = extend_vocabulary(shape(name), lambda: iter(found), add).new
    except InputError:
        longer = shape(name)
    change = trim_vocabulary(longer, pieces_in(longer, kept))
    closed_and_numbered(change.new)
    for text in kept:
        assert tokens_of(change.new, text) == tokens_of(longer, text)
    assert [change.new.tokens[each] for each in range(change.new.size)] == [longer.tokens[each] for each in change.source]
    assert [each["content"] for each in longer.added.values()] == [each["content"] for each in change.new.added.values()]
    try:
        again = extend_vocabulary(change.new, lambda: iter(NEW_TEXT), 20)
    except InputError:
        return
    nothing_old_moved(again)
    closed_and_numbered(again.new)


@cache
def trimmed(name: str) -> Change:
    vocabulary = shape(name)
    return trim_vocabulary(vocabulary, pieces_in(vocabulary, TEXTS[:6]))


@EVERY
def test_what_could_be_reached_can_be_reached_in_a_trimmed_vocabulary(name: str) -> None:
    change = trimmed(name)
    lost = [
        change.new.tokens[new]
        for new, old in enumerate(change.source.tolist())
        if reaches(change.old, old) and not reaches(change.new, new)
    ]
    assert lost == []


@EVERY
def test_what_was_trimmed_comes_back_by_merging(name: str) -> None:
    change = merge_vocabularies(trimmed(name).new, shape(name))
    nothing_old_moved(change)
    closed_and_numbered(change.new)
    for text in TEXTS[:6]:
        assert tokens_of(change.new, text) == tokens_of(shape(name), text)


@EVERY
def test_a_folder_of_a_trimmed_and_extended_tokenizer_loads_to_equal_ids(name: str, tmp_path: Path) -> None:
    change = extend_vocabulary(trimmed(name).new, lambda: iter(NEW_TEXT), 40)
    change.new.save(tmp_path)
    change.write(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.get_vocab() == change.new.ids
    wanted = [*TEXTS, *HARD, *NEW_TEXT]
    assert loaded(wanted, add_special_tokens=False)["input_ids"] == change.new.encode(wanted)
    read = read_vocabulary(tmp_path)
    assert (read.document, read.companions) == (change.new.document, change.new.companions)
    assert np.array_equal(Change.read(tmp_path, change.old, read).source, change.source)


def test_the_unknown_token_may_stand_anywhere() -> None:
    """First, last or in the middle: it keeps its place in the meaning, whatever its id."""
    from panglot.vocabulary.surface import unknown_id

    for place in (0, 3, 5):
        pieces = [["▁a", -2.0], ["b", -3.0], ["▁", -4.0], ["a", -5.0], ["rare", -6.0]]
        pieces.insert(place, ["<unk>", 0.0])
        space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
        model = {"type": "Unigram", "unk_id": place, "vocab": pieces, "byte_fallback": False}
        old = Vocabulary({"model": model, "added_tokens": [], "pre_tokenizer": space})
        used = [old.ids[each] for each in ("▁a", "b", "▁", "a")]
        change = trim_vocabulary(old, used)
        number = unknown_id(change.new)
        assert number is not None and change.new.tokens[number] == "<unk>"
        assert tokens_of(change.new, "ab ߞ") == tokens_of(old, "ab ߞ") == ["▁a", "b", "▁", "<unk>"]
        longer = extend_vocabulary(old, lambda: iter(["ߞߊ ߞߊ"]), 2)
        assert unknown_id(longer.new) == place and "<unk>" not in tokens_of(longer.new, "ߞߊ")


def test_trimming_and_extension_ignore_dropout() -> None:
    """BPE dropout would make every count a matter of chance."""
    document = {**shape("llama2").document, "model": {**shape("llama2").model, "dropout": 0.5}}
    old = Vocabulary(document)
    assert old.encode(TEXTS) == old.encode(TEXTS) == shape("llama2").encode(TEXTS)
    assert trim_vocabulary(old, pieces_in(old, TEXTS[:3])).new.model["dropout"] == 0.5


@pytest.mark.parametrize("name", ["gpt2", "llama2", "nllb", "bert"])
def test_the_order_in_which_the_file_lists_its_pieces_does_not_matter(name: str) -> None:
    """vocabtrimmer takes the place in the file for the id, and leaves merges of pieces that are gone."""
    old = shape(name)
    turned = {**old.document, "model": {**old.model, "vocab": dict(reversed(list(old.model["vocab"].items())))}}
    other = Vocabulary(turned, old.companions, old.place)
    keep = pieces_in(old, TEXTS[:6])
    one, two = trim_vocabulary(old, keep), trim_vocabulary(other, keep)
    assert one.new.ids == two.new.ids
    assert np.array_equal(one.source, two.source)
    assert one.new.model.get("merges") == two.new.model.get("merges")
    closed_and_numbered(two.new)
