"""Added tokens: ids are those that the library gives, also after they became pieces."""

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import SHAPES, TEXTS, added, make
from text_strategy import HARD, texts

from panglot.artifacts import InputError
from panglot.vocabulary.added_tokens import absorb_added, check_ids, with_given_ids
from panglot.vocabulary.vocabulary import Vocabulary

BUILD = dict(SHAPES)
BPE: dict[str, Any] = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}


@cache
def both(name: str) -> tuple[Vocabulary, Vocabulary]:
    vocabulary = BUILD[name]()
    return vocabulary, absorb_added(vocabulary)


@pytest.mark.parametrize("name", list(BUILD))
@settings(max_examples=40, deadline=None)
@given(found=st.lists(texts(), max_size=4), data=st.data())
def test_absorbing_changes_no_id_and_no_encoding(name: str, found: list[str], data: st.DataObject) -> None:
    before, after = both(name)
    marks = data.draw(st.lists(st.sampled_from([str(each["content"]) for each in before.added.values()]), max_size=3))
    found = [*found, "".join(f"{text}{mark}" for text, mark in zip([*found, *TEXTS], marks, strict=False))]
    assert after.ids == before.ids
    assert after.encode(found, specials=True) == before.encode(found, specials=True)
    assert [after.decode(each) for each in after.encode(found)] == [before.decode(each) for each in before.encode(found)]


@pytest.mark.parametrize("name", list(BUILD))
def test_after_absorbing_every_added_token_is_a_piece(name: str) -> None:
    before, after = both(name)
    check_ids(after)
    pieces = after.model["vocab"]
    names = {each[0] for each in pieces} if isinstance(pieces, list) else set(pieces)
    assert {each["content"] for each in after.document["added_tokens"]} <= names
    assert len(pieces) == after.size
    assert after.encode(HARD) == before.encode(HARD)
    assert absorb_added(after) is after


def test_pieces_can_then_be_put_behind() -> None:
    after = both("llama3")[1]
    grown = after.with_document(model={**after.model, "vocab": {**after.model["vocab"], "newpiece": after.size}})
    check_ids(grown)
    before = both("llama3")[0]
    broken = before.with_document(model={**before.model, "vocab": {**before.model["vocab"], "newpiece": before.size}})
    with pytest.raises(InputError, match="but the library that loads it gives it the id"):
        check_ids(broken)


def test_absorbed_tokens_do_not_lower_the_lowest_score() -> None:
    before, after = both("mbart")
    lowest = [min(score for _, score in each.model["vocab"]) for each in (before, after)]
    assert lowest[0] == lowest[1]


def test_an_id_without_a_token_is_filled_in_unigram() -> None:
    vocabulary = make({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0]]}, [added(5, "<x>")], config={})
    after = absorb_added(vocabulary)
    assert after.ids["<x>"] == 5
    assert len(after.model["vocab"]) == 6
    check_ids(after)
    assert after.encode(["a<x>b"]) == [[1, 5, 0]]


def test_an_id_without_a_token_stays_in_bpe() -> None:
    vocabulary = make({**BPE, "vocab": {"a": 0, "b": 4, "ab": 9}}, [added(9, "ab"), added(12, "<x>")], config={})
    after = absorb_added(vocabulary)
    assert after.ids == {"a": 0, "b": 4, "ab": 9, "<x>": 12}
    check_ids(after)


def test_what_a_file_says_gives_way_to_what_the_library_does() -> None:
    vocabulary = make(BPE, [added(7, "<x>"), added(9, "<y>")], config={})
    found = with_given_ids(vocabulary)
    assert (found.ids["<x>"], found.ids["<y>"]) == (3, 4)
    check_ids(found)
    with pytest.raises(InputError, match=r"gives '<x>' the id 3, which 'ab' has"):
        with_given_ids(make({**BPE, "vocab": {"a": 0, "b": 1, "ab": 3}}, [added(9, "<x>")], config={}))


@settings(max_examples=60, deadline=None)
@given(contents=st.lists(st.sampled_from(["a", "ab", "<x>", "<y>", "<z>", "<w>"]), unique=True, max_size=6))
def test_given_ids_are_the_librarys(contents: list[str]) -> None:
    vocabulary = make(BPE, [added(100 + index, each) for index, each in enumerate(contents)], config={})
    check_ids(with_given_ids(vocabulary))


def test_two_tokens_of_one_id_are_not_absorbed() -> None:
    with pytest.raises(InputError, match="have the same id 2"):
        absorb_added(make(BPE, [added(2, "<x>")], config={}))
