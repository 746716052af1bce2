"""The section on consistency of the report of an evaluation: does a model give the same answers in every language?"""

from collections.abc import Mapping, Sequence
from typing import Any

from panglot.evaluation.asking.agreement import SAME, Agreement
from panglot.evaluation.asking.consistency import ALL_PAIRS, EXPECTED, PARITY, RANKS, read_agreements
from panglot.evaluation.results import Results
from panglot.report import wording
from panglot.report.comparison import read_rows
from panglot.report.heat_map import HeatMap, colour_of, heat_map

_NEAR = 0.9


def consistency_facts(
    results: Sequence[Results], figures: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Every figure of the section: an entry for each result that has pairs of languages.

    Args:
        results: of `evaluation.ask`.
        figures: of the steps that measured them.
        facts: of the page: its `tasks`, one a result, and `languages`.
    """
    parts = zip(results, figures, facts["tasks"], strict=True)
    return [
        task_facts(str(task["name"]), found, read_rows(each), said.get("pivot"), facts["languages"])
        for each, said, task in parts
        if (found := read_agreements(each.folder))
    ]


def task_facts(
    name: str,
    agreements: Sequence[Agreement],
    rows: Sequence[Mapping[str, Any]],
    pivot: str | None,
    languages: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The figures of one task.

    Args:
        name: what the page calls it.
        agreements: pairs of languages.
        rows: of its result table.
        pivot: the language that the others are compared with.
        languages: of the page, in their order.
    """
    named = {str(each["tag"]): str(each["name"]) for each in languages}
    values = {(str(row["metric"]), str(row["language"])): row for row in rows}
    by_pair = {(each.language, each.other): each for each in agreements}
    accuracy = {each.other: each.other_accuracy for each in agreements} | {each.language: each.accuracy for each in agreements}

    def value(metric: str, tag: str) -> float | None:
        row = values.get((metric, tag))
        return None if row is None else float(row["value"])

    shown = []
    for tag in [each for each in named if (ALL_PAIRS, each) in values]:
        pair, row = by_pair.get((tag, str(pivot))), values.get((SAME, tag))
        shown.append(
            {
                "name": named[tag],
                "tag": tag,
                "accuracy": accuracy[tag],
                "pair": None
                if pair is None or row is None
                else {
                    "n": pair.n, "pivot": pair.other_accuracy, "value": float(row["value"]),
                    "low": row["ci_low"], "high": row["ci_high"], "wrong_alike": pair.wrong_alike,
                    "expected": (expected := value(EXPECTED, tag)),
                    "expected_ends": _ends(values.get((EXPECTED, tag))), "beyond": _beyond(float(row["value"]), expected),
                },
                "rankc": value(RANKS, tag),
                "parity": value(PARITY, tag),
                "all_pairs": value(ALL_PAIRS, tag),
            }
        )  # fmt: skip
    tags = [each for each in named if any(each in pair for pair in by_pair)]
    return {
        "name": name,
        "pivot": named.get(str(pivot)),
        "rows": shown,
        "ranked": any(each["rankc"] is not None for each in shown),
        "parity": any(each["parity"] is not None for each in shown),
        "sentence": _sentence(agreements, named),
        "tags": tags,
        "pairs": [_pair(by_pair, one, other) for one in tags for other in tags] if len(tags) > 2 else [],
    }


def _ends(row: Mapping[str, Any] | None) -> list[float] | None:
    """Both ends of an interval; None in tables that have none."""
    return None if row is None or row["ci_low"] is None else [row["ci_low"], row["ci_high"]]


def _beyond(value: float, expected: float | None) -> float | None:
    """(value − expected) / (1 − expected), as Cohen's kappa: 0 is chance, 1 always the same."""
    return None if expected is None or expected >= 1 else (value - expected) / (1 - expected)


def _pair(by_pair: Mapping[tuple[str, str], Agreement], one: str, other: str) -> dict[str, Any] | None:
    found = by_pair.get((one, other)) or by_pair.get((other, one))
    if found is None:
        return None
    return {
        "value": found.value, "expected": found.expected, "wrong_alike": found.wrong_alike, "n": found.n,
        "at_chance": found.expected is not None and found.low <= found.expected,
    }  # fmt: skip


def _sentence(agreements: Sequence[Agreement], named: Mapping[str, str]) -> str:
    """What consistency hides: the two languages that are wrong in the same way most often."""
    most = max(agreements, key=lambda each: (each.wrong_alike, each.language))
    pair = f"{named[most.language]} and {named[most.other]}"
    if not most.wrong_alike:
        return "No two languages have the same wrong answer to an item."
    expected = "" if most.expected is None else f" (expected {100 * most.expected:.0f} %)"
    alike, same, right = (f"{100 * each:.0f} %" for each in (most.wrong_alike, most.value, most.both_right))
    return (
        f"Wrong in the same way most often: {pair}, with one and the same wrong answer to {alike} of the items; the same "
        f"answer to {same}{expected}, and the same right one to {right}."
    )


def consistency_maps(facts: Mapping[str, Any]) -> list[list[HeatMap]]:
    """A heat map, wide and narrow, for each task of the section; none for two languages.

    Args:
        facts: of the page.
    """
    return [_maps(each, facts["languages"]) for each in facts.get("consistency", [])]


def _maps(task: Mapping[str, Any], languages: Sequence[dict[str, Any]]) -> list[HeatMap]:
    shown = [each for each in languages if each["tag"] in task["tags"]]
    values = [each["value"] for each in task["pairs"] if each]
    if not values:
        return []
    mean = sum(values) / len(values)
    reach = sorted(abs(each - mean) for each in values)[int(_NEAR * (len(values) - 1))]
    rows = []
    for line, one in enumerate(shown):
        cells: list[dict[str, Any] | None] = []
        for other, pair in zip(shown, task["pairs"][line * len(shown) : (line + 1) * len(shown)], strict=True):
            if pair is None:
                cells.append(None)
                continue
            said = f"{one['name']}, {other['name']}: the same {wording.number(pair['value'])}"
            if pair["expected"] is not None:
                said += f"; expected {wording.number(pair['expected'])}"
            said += f"; wrong alike {wording.number(pair['wrong_alike'])} (n {pair['n']})"
            colour = colour_of(pair["value"], mean, reach)
            cells.append({"colour": colour, "title": said, "own": False, "at_chance": pair["at_chance"]})
        rows.append({"name": one["name"], "cells": cells})
    # columns of the narrow map have numbers alone
    counted = [each | {"name": f"{number}. {each['name']}"} for number, each in enumerate(shown, start=1)]
    return [heat_map(rows, shown, narrow=False), heat_map(rows, counted, narrow=True)]
