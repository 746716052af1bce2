"""Heat maps on narrow screens, and of values that are all alike."""

from hypothesis import given
from hypothesis import strategies as st

from panglot.report.breakdown import breakdown, scores_of, sentences
from panglot.report.comparison import describe
from panglot.report.heat_map import colour_of, heat_map


@given(st.integers(1, 120), st.booleans())
def test_numbers_of_narrow_columns_do_not_run_into_one_another(rows: int, numbered: bool) -> None:
    languages = [{"code": "swh", "name": "Swahili", "group": "Latin"}]
    cell = {"colour": 0, "title": "", "own": False, "at_chance": False}
    found = heat_map([{"name": "", "cells": [cell]}] * rows, languages, narrow=True, numbered=numbered)
    assert found.across[0].text == str(int(numbered)) and len(found.cells) == rows
    for one, other in zip(found.across, found.across[1:], strict=False):
        # a digit is six pixels wide at most
        assert other.x - one.x >= 6 * (len(one.text) + len(other.text)) / 2
    assert found.across[-1].x <= found.width


def test_values_that_are_all_alike_have_the_middle_colour_and_hide_nothing() -> None:
    values = [0.1 + 0.2, 0.3, 0.3]
    middle = sum(values) / 3
    assert {colour_of(each, middle, max(abs(one - middle) for one in values)) for each in values} == {0}
    languages = [describe(tag) for tag in ("eng_Latn", "swh_Latn", "urd_Arab")]
    cells = [{"value": each, "low": 0.2, "high": 0.4} for each in values]
    for changed, hides in ((0.3, False), (0.5, True)):
        cells[0]["value"] = changed
        scores = scores_of(cells, languages)
        found = breakdown("m", scores, [], reference=["eng_Latn"], chance=0.25, best=1.0, sizes=None)
        assert any("hides" in each for each in sentences(found)) is hides
