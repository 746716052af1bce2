"""What stands behind a mean, as facts of a page: what it hides, people and languages, what goes with scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from panglot.evaluation.breakdown.demand import demand
from panglot.evaluation.breakdown.factors import factors
from panglot.evaluation.breakdown.hidden import hidden
from panglot.evaluation.breakdown.language_score import LanguageScore
from panglot.evaluation.breakdown.size_bins import measures_of, size_bins
from panglot.languages import Language
from panglot.report import wording
from panglot.report.comparison import describe

_NEARLY = 1e-9


def scores_of(cells: Sequence[dict[str, Any] | None], languages: Sequence[dict[str, Any]]) -> list[LanguageScore]:
    """The cells of a row as scores; empty cells are left out."""
    return [
        LanguageScore(one["tag"], cell["value"], cell["low"], cell["high"])
        for cell, one in zip(cells, languages, strict=True)
        if cell is not None
    ]


def breakdown(
    name: str,
    scores: Sequence[LanguageScore],
    against: Sequence[LanguageScore],
    *,
    reference: Sequence[str],
    chance: float | None,
    best: float,
    sizes: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Everything that is said of one model on one task, with languages by their names.

    Args:
        name: of the row of the page.
        scores: by language.
        against: what the others are held against.
        reference: tags of the languages that script, kinship and distance are measured from.
        chance: what guessing gets.
        best: the best score that anybody on the page reaches on this task.
        sizes: megabytes of text by tag.
    """
    behind = hidden(scores, against=against, chance=chance)
    weighed = demand(scores, best=best)
    found = factors(scores, reference=reference, sizes=sizes)
    return {
        "name": name,
        "languages": len(scores),
        "best": best,
        "hidden": {
            **asdict(behind),
            "least": [_name(behind.least[0]), behind.least[1]],
            "most": [_name(behind.most[0]), behind.most[1]],
            **{key: [_name(tag) for tag in getattr(behind, key)] for key in ("worst", "below_half", "below_mean")},
        },
        "against": [_name(each.language) for each in against],
        "demand": None if weighed is None else {**asdict(weighed), "unknown": [_name(tag) for tag in weighed.unknown]},
        "reference": [_name(tag) for tag in reference],
        "factors": {**asdict(found), "missing": [_name(tag) for tag in found.missing]},
    }


def size_tables(columns: Sequence[Sequence[LanguageScore]], sizes: Mapping[str, float] | None = None) -> list[dict[str, Any]]:
    """Means by size: for each measure of it a row a bin, a figure a column.

    Args:
        columns: scores of a model on a task, of each column.
        sizes: megabytes of text by tag.
    """
    tables = []
    tags = {each.language for column in columns for each in column}
    for by, (bin_of, order) in measures_of(sizes).items():
        counts = Counter(bin_of(Language(tag)) for tag in tags)
        bins = [{each.name: each for each in size_bins(column, by, sizes)} for column in columns]
        rows = [
            {
                "group": name,
                "n": counts[name],
                "cells": [
                    {"mean": found[name].mean, "low": found[name].low, "high": found[name].high} if name in found else None
                    for found in bins
                ],
            }
            for name in order
            if counts[name]
        ]
        tables.append({"by": by, "rows": rows})
    return tables


def without_size(tags: Sequence[str], sizes: Mapping[str, float]) -> list[str]:
    """A sentence on the languages of which no size is given; none where all have one."""
    missing = [tag for tag in tags if tag not in sizes]
    return [f"No size of text is given of {', '.join(missing)}."] if missing else []


def sentences(found: dict[str, Any]) -> list[str]:
    """For the first screen: what a reader of the mean alone would not know."""
    behind, weighed, said = found["hidden"], found["demand"], []
    most, least = behind["most"], behind["least"]
    # where all are alike, as those of a model that always says the same, a mean hides nothing
    if found["languages"] > 1 and most[1] - least[1] > _NEARLY:
        said.append(
            f"The average hides {most[0]} ({wording.number(most[1])}) and {least[0]} ({wording.number(least[1])})"
            + (
                f"; {len(behind['below_half'])} of {found['languages']} languages gain less than half of what the best gains."
                if behind["below_half"]
                else "."
            )
        )
    if weighed is not None and weighed["languages"] > 1:
        said.append(
            f"Of the best score, the average speaker gets {100 * weighed['per_person']:.0f} %, and the average language "
            f"{100 * weighed['per_language']:.0f} %."
        )
    return said


def gap_sentence(found: dict[str, Any], where: str = "") -> str:
    """What the others are held against, and the others."""
    gap = found["hidden"]["gap"]
    said = f"{wording.listed(found['against'])} against the rest{where}: {wording.number(gap['here'])} and "
    said += wording.number(gap["rest"])
    if gap["low"] is None:
        return f"{said}."
    return f"{said} (difference {wording.signed(gap['value'])}, 95 % interval {wording.interval(gap['low'], gap['high'])})."


def _name(tag: str) -> str:
    return describe(tag)["name"]
