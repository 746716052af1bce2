"""Nearest likeness by character trigrams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.corpus.likeness import nearest_likeness

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


def test_counted_by_hand() -> None:
    # " abc " has 3 trigrams, " abd " has 3, they share " ab": 2·1 / 6
    assert nearest_likeness(["abc"], ["abd"]).tolist() == pytest.approx([1 / 3])


def test_the_most_alike_counts_also_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("panglot.corpus.likeness._BATCH", 1)
    assert nearest_likeness(["ฉันรักแมว"], ["delete", "ฉันรักแมว", "ฉันรัก"]).tolist() == [1.0]


def test_nothing_to_compare_with() -> None:
    assert nearest_likeness(["witaj"], []).tolist() == [0.0]
    assert nearest_likeness([], ["witaj"]).tolist() == []


@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=6))
def test_equal_texts_and_only_they_can_reach_one(texts: list[str], among: list[str]) -> None:
    found = nearest_likeness(texts, iter(among))
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()
    for text, likeness in zip(texts, found, strict=True):
        if text in among:
            assert likeness == pytest.approx(1)


@given(TEXTS, TEXTS)
def test_it_is_symmetric(one: str, other: str) -> None:
    assert nearest_likeness([one], [other]) == pytest.approx(nearest_likeness([other], [one]))
