"""Geometry of the plots: from figures to coordinates. The templates draw them as inline SVG, once wide and once narrow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from panglot.report.wording import signed


@dataclass(frozen=True)
class Scale:
    """A linear scale from data to pixels.

    Example:
        >>> Scale(0, 1, 100, 300)(0.5)
        200.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = (self.high - self.low) or 1.0
        share = min(max((value - self.low) / span, -0.02), 1.02)
        return round(self.start + share * (self.end - self.start), 2)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers within a range, in steps of 1, 2 or 5 times a power of ten.

    Example:
        >>> ticks(0, 1)
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    raw = (high - low) / about
    power = 10 ** math.floor(math.log10(raw))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(each * step, 10) + 0.0 for each in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Tick:
    """One mark of an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Mark:
    """One measurement with its interval, in pixels."""

    kind: str
    x: float
    y: float
    low: float | None
    high: float | None
    value: float


@dataclass
class Row:
    """One language of the dot plot."""

    label: str
    role: str
    top: float
    middle: float
    baseline: float
    marks: list[Mark]
    change: Mark | None
    change_text: str


@dataclass
class DotPlot:
    """Before, control and after by language, and the change beside them."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    row_height: float
    narrow: bool
    ticks: list[Tick]
    rows: list[Row]
    chance: float | None = None
    change_left: float = 0
    change_right: float = 0
    change_zero: float = 0
    change_ticks: list[Tick] = field(default_factory=list)


KINDS = ("before", "control", "relative", "after")


def dot_plot(
    rows: Sequence[dict[str, Any]], *, narrow: bool, chance: float | None, domain: tuple[float, float] = (0.0, 1.0)
) -> DotPlot:
    """Lay out the comparison of languages.

    Args:
        rows: as `languages` of the facts: label, role, and before, control, relative, after, change with value, low, high.
        narrow: 360 units wide with the labels above the marks, instead of 880 with labels beside them and the change as well.
        chance: the value that guessing gives.
        domain: ends of the axis.
    """
    width, height = (360.0, 62.0) if narrow else (880.0, 52.0)
    retained = [each for each in rows if each["role"] == "retained" and each.get("change")]
    left, right = (14.0, 346.0) if narrow else (168.0, 560.0 if retained else 790.0)
    change_left, change_right = (0.0, 0.0) if narrow else (600.0, 808.0)
    top = 8.0 if narrow else 30.0
    scale = Scale(*domain, left, right)
    # The changes of retained languages are small beside the target's, so they have a scale of their own.
    bounds = [abs(each["change"][key] or 0) for each in retained for key in ("value", "low", "high")]
    reach = max([*bounds, 0.02]) * 1.1
    change_scale = Scale(-reach, reach, change_left, change_right)
    laid = []
    for index, each in enumerate(rows):
        row_top = top + index * height
        middle = row_top + (38.0 if narrow else height / 2)
        present = [kind for kind in KINDS if each.get(kind)]
        gap = min(11.0, 30.0 / max(len(present), 1))
        marks = [
            _mark(kind, each[kind], scale, middle + (place - (len(present) - 1) / 2) * gap)
            for place, kind in enumerate(present)
        ]
        change = each.get("change")
        laid.append(
            Row(
                label=each["name"],
                role=each["role"],
                top=row_top,
                middle=middle,
                baseline=row_top + 16 if narrow else middle + 4.5,
                marks=marks,
                change=_mark("after", change, change_scale, middle) if change and each in retained and not narrow else None,
                change_text=signed(change["value"]) if change else "",
            )
        )
    bottom = top + len(rows) * height
    return DotPlot(
        width=width,
        height=bottom + 34,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        row_height=height,
        narrow=narrow,
        ticks=[Tick(scale(value), f"{value:.1f}") for value in ticks(*domain)],
        rows=laid,
        chance=None if chance is None else scale(chance),
        change_left=change_left,
        change_right=change_right,
        change_zero=change_scale(0),
        change_ticks=[Tick(change_scale(value), signed(value, _decimals(reach))) for value in ticks(-reach, reach)]
        if retained and not narrow
        else [],
    )


def _decimals(reach: float) -> int:
    return 3 if reach < 0.025 else 2 if reach < 0.25 else 1


def _mark(kind: str, said: dict[str, Any], scale: Scale, y: float) -> Mark:
    low, high = said.get("low"), said.get("high")
    return Mark(
        kind,
        scale(said["value"]),
        round(y, 2),
        None if low is None else scale(low),
        None if high is None else scale(high),
        said["value"],
    )


@dataclass(frozen=True)
class Stage:
    """One bar of the decomposition: from one value to another."""

    kind: str
    label: str
    text: str
    x: float
    width: float
    start: float
    end: float
    top: float
    text_x: float


@dataclass
class Waterfall:
    """Before, then each part of the change, then after."""

    width: float
    height: float
    left: float
    right: float
    bottom: float
    bar: float
    narrow: bool
    ticks: list[Tick]
    stages: list[Stage]


def waterfall(stages: Sequence[dict[str, Any]], *, narrow: bool) -> Waterfall:
    """Lay out the decomposition.

    Args:
        stages: kind, label, start, end (values between 0 and 1) and text, in order.
        narrow: labels above the bars instead of at the left.
    """
    width = 360.0 if narrow else 880.0
    # At the right there is room for a figure beside a bar that ends at 1.
    left, right = (14.0, 300.0) if narrow else (168.0, 808.0)
    pitch, bar = (50.0, 18.0) if narrow else (38.0, 20.0)
    scale = Scale(0, 1, left, right)
    laid = []
    for index, each in enumerate(stages):
        a, b = scale(each["start"]), scale(each["end"])
        laid.append(
            Stage(
                kind=each["kind"],
                label=each["label"],
                text=each["text"],
                x=min(a, b),
                width=max(abs(b - a), 1.5),
                start=a,
                end=b,
                top=10 + index * pitch + (22 if narrow else 0),
                text_x=max(a, b) + 8,
            )
        )
    bottom = 10 + len(stages) * pitch + (2 if narrow else -8)
    return Waterfall(
        width, bottom + 32, left, right, bottom, bar, narrow, [Tick(scale(v), f"{v:.1f}") for v in ticks(0, 1)], laid
    )


@dataclass(frozen=True)
class Line:
    """One curve in pixels."""

    kind: str
    label: str
    path: str
    end_x: float
    end_y: float
    label_y: float
    first: float
    last: float


@dataclass
class Curve:
    """Curves over training steps."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    narrow: bool
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    title: str = ""


def curve(series: Sequence[dict[str, Any]], *, narrow: bool, title: str) -> Curve | None:
    """Lay out curves that share their axes; None where no series has two finite points.

    Args:
        series: kind, label and points, a list of (step, value).
        narrow: 360 units wide instead of 880.
        title: what is drawn.
    """
    kept = []
    for each in series:
        points = [(float(x), float(y)) for x, y in each["points"] if math.isfinite(x) and math.isfinite(y)]
        if len(points) > 1:
            kept.append({**each, "points": points})
    if not kept:
        return None
    # Narrow, the labels of the lines stand above the plot; wide, at their right ends.
    top = 18.0 + 16 * len(kept) if narrow else 14.0
    width, height = (360.0, 220.0 + top) if narrow else (880.0, 280.0)
    left, right, bottom = (46.0, 346.0, height - 38) if narrow else (58.0, 690.0, height - 40)
    xs = [x for each in kept for x, _ in each["points"]]
    ys = [y for each in kept for _, y in each["points"]]
    high = max(ys) * 1.05 if max(ys) > 0 else 1.0
    across = Scale(min(0.0, *xs), max(xs), left, right)
    up = Scale(min(0.0, *ys), high, bottom, top)
    lines = []
    for each in kept:
        at = [(across(x), up(y)) for x, y in each["points"]]
        path = "M" + "L".join(f"{x:g},{y:g}" for x, y in at)
        lines.append(
            Line(each["kind"], each["label"], path, *at[-1], at[-1][1] + 4, each["points"][0][1], each["points"][-1][1])
        )
    # Labels at the right end are pushed apart so that they never overlap.
    spaced: list[Line] = []
    for line in sorted(lines, key=lambda each: each.label_y):
        floor = spaced[-1].label_y + 17 if spaced else -math.inf
        spaced.append(Line(**{**vars(line), "label_y": max(line.label_y, floor)}))
    return Curve(
        width, height, left, right, top, bottom, narrow,
        [Tick(across(value), f"{value:g}") for value in ticks(across.low, across.high, 4 if narrow else 8)],
        [Tick(up(value), f"{value:g}") for value in ticks(up.low, up.high, 4)],
        spaced,
        title,
    )  # fmt: skip
