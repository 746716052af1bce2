"""Geometry of the chart of arms: bits per byte before any step, and after the last, each on its own scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from panglot.report.plots import Scale, Tick, ticks


@dataclass(frozen=True)
class TrialMark:
    """One arm in one panel, in pixels: the mean, its interval, and each run; `beyond` is 1 or −1 where it is off the axis."""

    x: float
    y: float
    low: float
    high: float
    runs: list[float]
    beyond: int
    text: str
    text_x: float
    text_y: float


@dataclass(frozen=True)
class TrialRow:
    """One arm."""

    label: str
    kind: str
    label_y: float
    mark: TrialMark


@dataclass
class TrialPanel:
    """One number of steps: an axis and a row for each arm."""

    title: str
    title_x: float
    title_y: float
    left: float
    right: float
    top: float
    bottom: float
    ticks: list[Tick]
    rows: list[TrialRow]
    labelled: bool


@dataclass
class TrialPlot:
    """Panels beside each other, or, narrow, one below the other."""

    width: float
    height: float
    narrow: bool
    panels: list[TrialPanel]


_ROW = 34.0
_NARROW_ROW = 40.0


def trial_plot(arms: Sequence[dict[str, Any]], steps: Sequence[int], *, narrow: bool) -> TrialPlot:
    """Lay out the chart.

    Args:
        arms: label, kind, and under `points` for each number of steps (as text) value, interval and runs.
        steps: which numbers of steps get a panel.
        narrow: 360 units wide, panels one below the other and labels above the marks.
    """
    panels = []
    top = 34.0
    for number, step in enumerate(steps):
        if narrow:
            left, right, text_x = 14.0, 346.0, 346.0
            title_x = 14.0
        else:
            span = (880.0 - 172.0) / len(steps)
            left = 172.0 + number * span
            right, text_x = left + span - 92.0, left + span - 24.0
            title_x = left
        panel = _panel(arms, step, narrow, (left, right, top, text_x, title_x), labelled=narrow or number == 0)
        panels.append(panel)
        if narrow:
            top = panel.bottom + 84.0
    bottom = max(each.bottom for each in panels)
    return TrialPlot(360.0 if narrow else 880.0, bottom + 34.0, narrow, panels)


def _panel(
    arms: Sequence[dict[str, Any]],
    step: int,
    narrow: bool,
    place: tuple[float, float, float, float, float],
    *,
    labelled: bool,
) -> TrialPanel:
    left, right, top, text_x, title_x = place
    points = [each["points"][str(step)] for each in arms]
    low, high = _domain([point for arm, point in zip(arms, points, strict=True) if arm["kind"] != "control"] or points)
    for arm, point in zip(arms, points, strict=True):
        if arm["kind"] == "control":
            reach = _domain([point])
            # so far away that the others could no longer be told apart: it stands at the edge, with an arrow
            if max(high, reach[1]) - min(low, reach[0]) <= 2 * (high - low):
                low, high = min(low, reach[0]), max(high, reach[1])
    room = max((high - low) * 0.06, 0.005)
    scale = Scale(low - room, high + room, left, right)
    height = _NARROW_ROW if narrow else _ROW
    rows = []
    for index, (arm, point) in enumerate(zip(arms, points, strict=True)):
        begin = top + index * height
        y = begin + (28.0 if narrow else height / 2)
        label_y = begin + 14.0 if narrow else y + 4.5
        beyond = 1 if point["value"] > scale.high else -1 if point["value"] < scale.low else 0
        mark = TrialMark(
            scale(point["value"]),
            y,
            scale(point["interval"][0]),
            scale(point["interval"][1]),
            [] if beyond else [scale(each) for each in point["runs"]],
            beyond,
            f"{point['value']:.3f}",
            text_x,
            label_y,
        )
        rows.append(TrialRow(arm["label"], arm["kind"], label_y, mark))
    marks = [Tick(scale(value), f"{value:g}") for value in _ticks(scale)]
    title = "Before any step" if step == 0 else f"After {step:,} step{'' if step == 1 else 's'}"
    return TrialPanel(title, title_x, top - 16.0, left, right, top, top + len(arms) * height, marks, rows, labelled)


def _ticks(scale: Scale) -> list[float]:
    """Three or more, where round numbers allow it: with one or two a reader cannot tell the scale."""
    found = [ticks(scale.low, scale.high, about) for about in (4, 6, 8)]
    return next((each for each in found if len(each) >= 3), found[-1])


def _domain(points: Sequence[dict[str, Any]]) -> tuple[float, float]:
    low = min(min(each["interval"][0], *each["runs"]) for each in points)
    high = max(max(each["interval"][1], *each["runs"]) for each in points)
    return low, high
