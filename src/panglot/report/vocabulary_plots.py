"""Geometry of a tokenizer's plots: what each language pays, and which languages share pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from panglot.report.plots import Mark, Scale, Tick, ticks
from panglot.report.vocabulary_wording import figure
from panglot.vocabulary.measures import KINDS

_LEVELS = 10


@dataclass(frozen=True)
class PriceRow:
    """One language: its marks, first tokenizer first, and what stands at the right."""

    label: str
    y: float
    marks: list[Mark]
    text: str
    note: str
    reference: bool


@dataclass
class PricePlot:
    """What each language pays, the dearest first."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    row_height: float
    label_limit: int
    narrow: bool
    one: float | None
    ticks: list[Tick]
    rows: list[PriceRow] = field(default_factory=list)


def price_plot(facts: Mapping[str, Any], marks: Mapping[str, str], *, narrow: bool) -> PricePlot:
    """Lay out the languages by the main measure of the last tokenizer.

    Languages that it cannot represent whole stand below the others, whatever they seem to pay.

    Args:
        facts: as in `facts.json`.
        marks: tokenizer to the kind of its mark.
        narrow: 360 units wide instead of 880.
    """
    main, last = facts["main"], list(marks)[-1]
    kind = KINDS[main]
    reference = facts["reference"]["tag"]
    shown = [each for each in facts["languages"] if main in each["figures"][last]]
    shown.sort(key=lambda each: (not each["readable"][last], -each["figures"][last][main]["value"], each["tag"]))
    left, right = (118.0, 296.0) if narrow else (190.0, 690.0)
    height = 21.0 if narrow else 20.0
    values = [
        bound
        for each in shown
        for name in marks
        if (said := each["figures"][name].get(main))
        for bound in (said["value"], said["high"])
        if bound is not None
    ]
    high = max(values, default=1.0) * 1.02
    scale = Scale(0.0, high, left, right)
    top = 26.0
    plot = PricePlot(
        width=360.0 if narrow else 880.0,
        height=top + len(shown) * height + 34,
        left=left,
        right=right,
        top=top,
        bottom=top + len(shown) * height,
        row_height=height,
        label_limit=16 if narrow else 24,
        narrow=narrow,
        one=scale(1.0) if main == "premium" else None,
        ticks=[Tick(scale(value), f"{value:g}") for value in ticks(0.0, high, 4 if narrow else 8)],
    )
    for number, each in enumerate(shown):
        middle = round(top + (number + 0.5) * height, 2)
        found = []
        for name, shape in marks.items():
            said = each["figures"][name].get(main)
            if said is None:
                continue
            low, end = (None, None) if said["low"] is None else (scale(said["low"]), scale(said["high"]))
            pale = "" if each["readable"][name] else " blind"
            found.append(Mark(shape + pale, scale(said["value"]), middle, low, end, said["value"]))
        blind = not each["readable"][last]
        note = ""
        if blind:
            unknown = each["figures"][last].get("unknown", {"value": 0.0})["value"] or 0.0
            note = f"{100 * unknown:.0f} % unknown" if unknown > 0.005 else "characters dropped"
        plot.rows.append(
            PriceRow(
                each["name"],
                middle,
                found,
                figure(kind, each["figures"][last][main]["value"]),
                note,
                each["tag"] == reference,
            )
        )
    return plot


@dataclass(frozen=True)
class HeatLabel:
    """A language at the side of the heat map."""

    label: str
    code: str
    at: float


@dataclass
class HeatMap:
    """Overlap of every two languages, as one path a level so that a page of sixty languages stays small."""

    width: float
    height: float
    left: float
    top: float
    cell: float
    labels: list[HeatLabel]
    paths: list[tuple[int, str]]
    legend: list[tuple[int, str]]


def heat_map(overlap: Mapping[str, Any], names: Mapping[str, Mapping[str, Any]]) -> HeatMap:
    """Lay out the overlap of languages, 1 − Jensen-Shannon divergence; the diagonal is left empty.

    Args:
        overlap: `languages` in order, and `overlap`, a square of values from 0 to 1.
        names: tag to its description.
    """
    tags: Sequence[str] = overlap["languages"]
    codes = [tag[:3] if _unique(tag, tags) else tag for tag in tags]
    left, top = 128.0, 34.0 if all(len(each) == 3 for each in codes) else 62.0
    cell = max(9.0, min(34.0, round(700 / len(tags), 1)))
    paths: dict[int, list[str]] = {}
    for i, row in enumerate(overlap["overlap"]):
        for j, value in enumerate(row):
            if i != j:
                x, y = left + j * cell, top + i * cell
                side = cell - 0.6
                paths.setdefault(_level(value), []).append(f"M{x:g} {y:g}h{side:g}v{side:g}h-{side:g}z")
    size = len(tags) * cell
    return HeatMap(
        width=left + size + 8,
        height=top + size + 8,
        left=left,
        top=top,
        cell=cell,
        labels=[
            HeatLabel(str(names[tag]["name"]), code, round((number + 0.5) * cell, 2))
            for number, (tag, code) in enumerate(zip(tags, codes, strict=True))
        ],
        paths=[(level, "".join(found)) for level, found in sorted(paths.items())],
        legend=[(level, f"{level / _LEVELS:.1f}") for level in range(_LEVELS)],
    )


def _level(value: float) -> int:
    return max(0, min(_LEVELS - 1, int(value * _LEVELS)))


def _unique(tag: str, tags: Sequence[str]) -> bool:
    return sum(each[:3] == tag[:3] for each in tags) == 1
