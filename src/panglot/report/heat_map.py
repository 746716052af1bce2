"""Geometry of a heat map of conditions and languages: wide with languages across, narrow with languages down."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

_NEARLY = 1e-9
STEPS = 5
"""Colours on either side of the middle."""


@dataclass(frozen=True)
class Cell:
    """One cell in pixels: its colour from −5 to 5, what a pointer is told, and its marks."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    title: str
    own: bool
    at_chance: bool
    beyond_chance: bool = False


@dataclass(frozen=True)
class Label:
    """Text at a row, a column or a group."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class HeatMap:
    """The drawing. Labels across stand upright where the map is wide."""

    width: float
    height: float
    narrow: bool
    cells: list[Cell]
    across: list[Label]
    down: list[Label]
    groups: list[Label]


def colour_of(value: float, middle: float, reach: float) -> int:
    """Which of 11 colours a value has: 0 in the middle, 5 and −5 from `reach` away.

    Example:
        >>> [colour_of(each, 0.5, 0.5) for each in (0.0, 0.44, 0.5, 0.6, 1.0)]
        [-5, -1, 0, 1, 5]
        >>> colour_of(0.1, 0.1 + 1e-17, 1e-17), colour_of(0.3, 0.1 + 0.2, 0.3 - (0.1 + 0.2))
        (0, 0)
    """
    # values that are all alike differ from their mean in the last bit
    return 0 if reach <= _NEARLY else max(-STEPS, min(STEPS, round(STEPS * (value - middle) / reach)))


def heat_map(
    rows: Sequence[dict[str, Any]], languages: Sequence[dict[str, Any]], *, narrow: bool, numbered: bool = True
) -> HeatMap:
    """Lay out the map.

    Args:
        rows: of conditions: `name` and `cells`, one a language: None, or fields of `Cell` but its place and size.
        languages: in their order: `code`, `name` and `group`; a gap stands between groups.
        narrow: 360 units wide, with languages down.
        numbered: whether rows are counted from 1; else from 0, and only where their names have no room.
    """
    between = 6.0
    jumps, at = [], 0.0
    for number, each in enumerate(languages):
        if number and each["group"] != languages[number - 1]["group"]:
            at += between
        jumps.append(at)
    gaps = jumps[-1] if jumps else 0.0
    starts = [number for number, each in enumerate(languages) if not number or each["group"] != languages[number - 1]["group"]]
    if narrow:
        left, top, width, pitch = 132.0, 40.0, 360.0, 16.0
        side = min(46.0, (width - left - 8) / max(1, len(rows)))
        group_room = 18.0
        offsets = [sum(1 for start in starts if start <= number) * group_room for number in range(len(languages))]
        places = [top + number * pitch + offsets[number] for number in range(len(languages))]
        cells = [
            Cell(left + column * side, places[number], side - 1, pitch - 1, **row["cells"][number])
            for column, row in enumerate(rows)
            for number in range(len(languages))
            if row["cells"][number] is not None
        ]
        # numbers of narrow columns would run into one another: some stand for those beside them
        every = ceil((6 * len(str(len(rows))) + 5) / side)
        across = [Label(left + (each + 0.5) * side, top + 8, str(each + numbered)) for each in range(0, len(rows), every)]
        down = [Label(left - 6, places[number] + 11.5, each["name"]) for number, each in enumerate(languages)]
        groups = [Label(2.0, places[start] - 5, languages[start]["group"]) for start in starts]
        return HeatMap(width, (places[-1] if places else top) + pitch + 6, True, cells, across, down, groups)
    width, left, right, top = 880.0, 150.0, 4.0, 40.0
    side = min(34.0, (width - left - right - gaps) / max(1, len(languages)))
    tall = max(side, 22.0 if len(rows) <= 6 else 15.0) if len(rows) <= 20 else side
    cells = [
        Cell(left + number * side + jumps[number], top + line * tall, side - 0.75, tall - 0.75, **row["cells"][number])
        for line, row in enumerate(rows)
        for number in range(len(languages))
        if row["cells"][number] is not None
    ]
    across = [
        Label(round(left + (number + 0.5) * side + jumps[number], 2), top - 5, each["code"])
        for number, each in enumerate(languages)
    ]
    down = [
        Label(left - 7, top + (line + 0.5) * tall + 4, f"{line + 1}. {row['name']}" if numbered else row["name"])
        for line, row in enumerate(rows)
    ]
    groups = []
    bottom, lanes = top + len(rows) * tall, [-1e9, -1e9, -1e9]
    for start in starts:
        x, text = left + start * side + jumps[start], languages[start]["group"]
        # names of narrow groups would cover one another: each goes to the first line that is free
        lane = next((number for number, end in enumerate(lanes) if end < x), len(lanes) - 1)
        lanes[lane] = x + 6.2 * len(text) + 8
        groups.append(Label(round(x, 2), bottom + 15 + 14 * lane, text))
    return HeatMap(width, bottom + 15 + 14 * 3, False, cells, across, down, groups)
