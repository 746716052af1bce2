"""Geometry of the plots."""

import math
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from panglot.report.plots import Scale, curve, dot_plot, ticks, waterfall

SHARE = st.floats(0, 1)


def row(before: float, after: float, role: str = "retained") -> dict[str, Any]:
    def said(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.05, "high": value + 0.05}

    return {"name": "Khmer", "role": role, "before": said(before), "after": said(after), "change": said(after - before)}


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 10))
def test_ticks_are_within_evenly_spaced_and_few(low: float, span: float, about: int) -> None:
    found = ticks(low, low + span, about)
    slack = span * 1e-6 + 1e-9
    assert all(low - slack <= each <= low + span + slack for each in found)
    assert len(found) <= about + 2
    gaps = [b - a for a, b in pairwise(found)]
    assert all(math.isclose(each, gaps[0], rel_tol=1e-3, abs_tol=1e-9) for each in gaps)


def test_ticks_of_nothing() -> None:
    assert ticks(1, 1) == [1]
    assert ticks(math.nan, 1) == []


def test_scale_by_hand_and_clamped() -> None:
    scale = Scale(0, 1, 100, 300)
    assert (scale(0), scale(0.25), scale(1)) == (100, 150, 300)
    assert (scale(-5), scale(7)) == (96, 304)


@given(st.lists(st.tuples(SHARE, SHARE), min_size=1, max_size=6), st.booleans())
def test_marks_lie_inside_the_picture_and_in_their_row(values: list[tuple[float, float]], narrow: bool) -> None:
    plot = dot_plot([row(*each) for each in values], narrow=narrow, chance=0.01)
    for each in plot.rows:
        for mark in [*each.marks, *([each.change] if each.change else [])]:
            assert 0 <= mark.x <= plot.width
            assert each.top <= mark.y <= each.top + plot.row_height
            assert mark.low is not None
            assert mark.low <= mark.x


def test_the_scale_of_changes_is_that_of_the_retained_languages() -> None:
    plot = dot_plot([row(0.1, 0.9, "target"), row(0.9, 0.89)], narrow=False, chance=None)
    assert plot.rows[0].change is None
    assert plot.rows[1].change is not None
    assert plot.rows[1].change.x < plot.change_zero
    assert plot.rows[0].change_text == "+0.800"


def test_bars_of_a_fall_are_drawn_from_the_smaller_value() -> None:
    plot = waterfall([{"kind": "domain", "label": "Domain", "start": 0.8, "end": 0.5, "text": "−0.300"}], narrow=True)
    stage = plot.stages[0]
    assert stage.x < stage.start
    assert math.isclose(stage.width, 0.3 * (plot.right - plot.left), abs_tol=0.1)
    assert stage.text_x + 55 <= plot.width


def test_curves_skip_what_is_not_finite_and_labels_do_not_overlap() -> None:
    series = [
        {"kind": "after", "label": "a", "points": [(1, 2.0), (2, math.nan), (3, 1.0)]},
        {"kind": "control", "label": "b", "points": [(1, 2.0), (3, 1.001)]},
    ]
    plot = curve(series, narrow=False, title="Loss")
    assert plot is not None
    assert all("nan" not in each.path for each in plot.lines)
    assert abs(plot.lines[0].label_y - plot.lines[1].label_y) >= 17
    assert curve([{"kind": "after", "label": "a", "points": [(1, math.inf)]}], narrow=True, title="Loss") is None
