"""The report of `evaluation.compare_sources`: which language to learn a task in, model by model."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from panglot import __version__
from panglot.artifacts import InputError, Step
from panglot.evaluation.results import Results, concatenate
from panglot.evaluation.transfer.compare_sources import BEST_GAIN
from panglot.evaluation.transfer.plan import name_of
from panglot.evaluation.transfer.sources import ALPHA, GAIN, summary_of
from panglot.report import account, wording
from panglot.report.comparison import describe, read_rows
from panglot.report.heat_map import colour_of, heat_map
from panglot.report.lineage import lineage
from panglot.report.page import FORMAT, Page, write_page
from panglot.report.rendering import render
from panglot.report.transfer_page import LABELS, ordered_languages

KIND = "sources"
_NEAR = 0.9
_MANY = 12
_LEARNT = name_of([""])


def sources_page(*, comparison: Results, results: list[Results], title: str = "", step: Step) -> Page:
    """Write the report of `evaluation.compare_sources`: in how many languages English is the best source, model by model.

    A map of sources and targets a model, coloured by what a source reaches above English, in the same colours for all models,
    and the best source of each language in a table.

    Args:
        comparison: from `evaluation.compare_sources`.
        results: of `evaluation.transfer`, those that were compared.
        title: title of the page.
        step: where to write.

    Raises:
        InputError: the comparison is of something else, or of other models than the results.
    """
    rows = [read_rows(each) for each in results]
    facts = sources_facts(read_rows(comparison), rows, title)
    steps = lineage([comparison, *results])
    facts["reproduce"] = account.reproduction(steps)
    return write_page(step, facts, draw_sources(facts, account.cost(steps)), concatenate([comparison, *results]))


def sources_facts(
    compared: Sequence[Mapping[str, Any]], results: Sequence[Sequence[dict[str, Any]]], title: str = ""
) -> dict[str, Any]:
    """Every figure of the page.

    Args:
        compared: rows of `evaluation.compare_sources`.
        results: rows of `evaluation.transfer`, a model each.
        title: title of the page.

    Raises:
        InputError: as `sources_page`.
    """
    gains = [
        [row for row in rows if str(row["metric"]).endswith(f"_{GAIN}") and str(row["condition"]).startswith(_LEARNT)]
        for rows in results
    ]
    names = [str(rows[0]["model"]) if rows else "" for rows in gains]
    told = list(dict.fromkeys(str(row["model"]) for row in compared if row["metric"] == BEST_GAIN))
    if not told:
        raise InputError("these are no results of evaluation.compare_sources", where="comparison")
    if sorted(told) != sorted(names):
        fix = "give the page the results that evaluation.compare_sources was given"
        raise InputError(f"{', '.join(told)} were compared, and the results are of others", where="results", fix=fix)
    by_name = dict(zip(names, gains, strict=True))
    first = by_name[told[0]]
    reached: dict[str, float] = {}
    for row in first:
        reached[row["language"]] = max(row["value"], reached.get(row["language"], row["value"]))
    languages = ordered_languages(set(reached), reached, "script")
    sources = sorted({str(row["condition"]) for row in first})
    values = sorted(abs(row["value"]) for rows in gains for row in rows)
    metric, task = str(first[0]["metric"]).removesuffix(f"_{GAIN}"), str(first[0]["task"])
    facts: dict[str, Any] = {
        "format": FORMAT,
        "kind": KIND,
        "title": title or f"{task}: which language to learn it in",
        "task": task,
        "model": {"base": told[0]},
        "metric_label": LABELS.get(metric, metric),
        "measure": {"signatures": sorted({str(row["signature"]) for rows in gains for row in rows})[:_MANY]},
        "languages": languages,
        "sources": [describe(each.removeprefix(_LEARNT)) for each in sources],
        # a few cells far out must not make all others look alike
        "reach": values[int(_NEAR * (len(values) - 1))],
        "models": [_model(name, by_name[name], compared, languages, sources) for name in told],
        "over": next((str(row["condition"]).removeprefix("over ") for row in compared if row["condition"]), ""),
        "notes": [],
        "limits": [
            "One task, in these languages: another one may be learnt better in another language.",
            "The best source is chosen among several by the items that it is measured on, so its gain is somewhat too high.",
            "Items of English may be the originals, and those of the other sources translations of them.",
        ],
        "fell_short": [],
    }
    facts["headline"] = _headline(facts)
    facts["summary"] = {
        "columns": ["model", "English is best", "gain of the best other source"],
        "rows": [
            [each["name"], f"{each['english_best']} of {each['targets']}", wording.signed(each["mean_gain"])]
            for each in facts["models"]
        ],
    }
    return facts


def draw_sources(facts: dict[str, Any], cost: dict[str, Any] | None = None) -> str:
    """The page as HTML.

    Args:
        facts: as in `facts.json`.
        cost: from `account.cost`; without it the section is left out.
    """
    maps = []
    for model in facts["models"]:
        rows = [
            {"name": source["name"], "cells": [_drawn(each, source, facts["reach"]) for each in cells]}
            for source, cells in zip(facts["sources"], model["cells"], strict=True)
        ]
        maps.append([heat_map(rows, facts["languages"], narrow=narrow) for narrow in (False, True)])
    return render("sources_page.html", facts=facts, maps=maps, cost=cost, version=__version__)


def _model(
    name: str,
    rows: Sequence[dict[str, Any]],
    compared: Sequence[Mapping[str, Any]],
    languages: Sequence[Mapping[str, Any]],
    sources: Sequence[str],
) -> dict[str, Any]:
    summary = summary_of(rows) or {}
    best = {each["language"]: each for each in summary.pop("best")}
    cells = {(str(row["condition"]), row["language"]): row for row in rows}
    told = {str(row["condition"]): _ends(row) for row in compared if (row["model"], row["metric"]) == (name, BEST_GAIN)}
    return {
        "name": name,
        **summary,
        "gain": told.pop("", None),
        "apart": next(iter(told.values()), None),
        "best": [_best(best[each["tag"]]) for each in languages],
        "cells": [
            [
                None
                if row is None
                else {
                    **_ends(row), "target": language["name"], "shown": row["p_adjusted"] < ALPHA,
                    "best": row["value"] > 0 and source == name_of([best[language["tag"]]["source"]]),
                }
                for language in languages
                for row in [cells.get((source, language["tag"]))]
            ]
            for source in sources
        ],
    }  # fmt: skip


def _ends(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"value": row["value"], "low": row["ci_low"], "high": row["ci_high"], "p": row["p_adjusted"]}


def _best(found: Mapping[str, Any]) -> dict[str, Any]:
    """The best source of a language, English among them."""
    name = describe(found["source"])["name"] if found["gain"] > 0 else "English"
    return {
        "name": name, "gain": found["gain"], "low": found["low"], "high": found["high"], "p": found["p"],
        "shown": found["p"] < ALPHA,
    }  # fmt: skip


def _drawn(cell: Mapping[str, Any] | None, source: Mapping[str, Any], reach: float) -> dict[str, Any] | None:
    if cell is None:
        return None
    said = f"{wording.signed(cell['value'])} ({wording.interval(cell['low'], cell['high'])}; p {wording.p_value(cell['p'])})"
    return {
        "colour": colour_of(cell["value"], 0.0, reach), "title": f"{source['name']} → {cell['target']}: {said}",
        "own": cell["best"], "at_chance": False, "beyond_chance": cell["shown"],
    }  # fmt: skip


def _headline(facts: dict[str, Any]) -> dict[str, Any]:
    first, *others = facts["models"]
    n = first["targets"]
    sentence = f"With {first['name']} English is the best language to learn {facts['task']} in for {first['english_best']} of "
    sentence += f"{n} {'language' if n == 1 else 'languages'}"
    sentence += "".join(f", with {each['name']} for {each['english_best']}" for each in others) + "."
    more = []
    for each in facts["models"]:
        better = Counter(one["name"] for one in each["best"] if one["gain"] > 0 and one["shown"])
        if better:
            named = wording.listed(f"{name} for {times}" for name, times in better.most_common())
            more.append(f"With {each['name']} another one is better beyond chance: {named}.")
        else:
            more.append(f"With {each['name']} no other one is better beyond chance.")
    return {"sentence": sentence, "more": more}
