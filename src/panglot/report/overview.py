"""Pages for runs without a report of their own, and pages that lay several runs side by side."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from statistics import mean
from typing import Any

from panglot import __version__
from panglot.artifacts import InputError, PanglotError
from panglot.evaluation.results import RESULTS_FILE, Results
from panglot.report import account, wording
from panglot.report.comparison import Row, describe, metric_label, read_rows, worst_retained
from panglot.report.drawing import LanguageNames, curves, draw
from panglot.report.ledger import ledger
from panglot.report.lineage import Ancestor, all_steps
from panglot.report.page import FACTS_FILE, read_facts
from panglot.report.plots import dot_plot
from panglot.report.rendering import render

_PAGE = "report.page"
_DRAWN = {
    "accuracy and cost": "accuracy_cost_page:draw_accuracy_cost",
    "adaptation-compare": "adaptation_compare:draw",
    "balance": "balance_page:draw_balance",
    "corpus": "corpus_audit:draw_audit",
    "evaluation": "evaluation_page:draw_evaluation",
    "judging": "judging_page:draw_judging",
    "merge": "merge_page:draw_merge",
    "selection": "selection_page:draw_selection",
    "sequence": "sequence_page:draw_sequence",
    "sources": "sources_page:draw_sources",
    "training": "training_page:draw_training",
    "transfer": "transfer_page:draw_transfer",
    "vocabulary": "vocabulary_page:draw_vocabulary",
    "vocabulary-compare": "vocabulary_compare:draw_compare",
}
"""What draws a page that is no comparison of before and after, by the kind that its facts name."""


def overview(run: Path) -> str:
    """The page of one run: its own report drawn again where it has one, else tables of all its results.

    Raises:
        InputError: the folder holds no finished step.
    """
    steps = _steps(run)
    facts = _facts(steps)
    if facts is not None:
        drawn: str = _drawer(facts.get("kind"))(facts, account.cost(_told(facts, steps)))
        return drawn
    measured = [each for each in steps.values() if (each.folder / RESULTS_FILE).is_file()]
    trained = account.trainings(steps)
    said: dict[str, Any] = {
        "title": run.resolve().name,
        "data": account.data_account(steps, ""),
        "training": trained,
        "taught": [each["step"] for each in trained],
        "reproduce": account.reproduction(steps),
        "measure": {"signatures": []},
        "model": {"base": ""},
    }
    return render(
        "overview.html",
        facts=said,
        tables=[table for each in measured for table in _tables(each.name, read_rows(Results(each.folder)))],
        cost=account.cost(steps),
        curves=curves(said),
        pairs=ledger(said["data"], ""),
        languages=LanguageNames(),
        version=__version__,
    )


def compare_runs(runs: Sequence[Path]) -> str:
    """One page for several runs, in the order given; runs of one recipe with different seeds get their mean and range.

    Raises:
        InputError: a folder holds no finished step, or no run holds a report.
    """
    if not runs:
        raise InputError("no run is given", fix="name one run folder or more")
    names = _short_names(runs)
    found: list[dict[str, Any]] = []
    for name, run in zip(names, runs, strict=True):
        steps = _steps(run)
        facts = _facts(steps)
        if facts is None or facts.get("kind") in _DRAWN:
            continue
        cost = account.cost(_told(facts, steps))
        found.append(
            {"name": name, "facts": facts, "cost": cost, "target": _target(facts), "worst": worst_retained(facts["languages"])}
        )
    if not found:
        raise InputError(
            "none of these runs compares before and after",
            where=", ".join(names),
            fix="give each run by itself to see its results; panglot compare tests two runs that measured the same items",
        )
    rows = [
        {**each["target"], "name": each["name"], "role": "run", "change": each["target"]["change"]}
        for each in found
        if each["target"]
    ]
    return render(
        "runs.html",
        runs=found,
        missing=[name for name in names if name not in {each["name"] for each in found}],
        plots=[dot_plot(rows, narrow=narrow, chance=None) for narrow in (False, True)] if rows else [],
        kinds=[kind for kind in ("before", "control", "relative", "after") if any(each.get(kind) for each in rows)],
        seeds=_over_seeds(found),
        differences=_differences(found),
        languages=LanguageNames(),
        table=_languages_by_run(found),
        version=__version__,
    )


def _drawer(kind: str | None) -> Callable[..., str]:
    if kind not in _DRAWN:
        return draw
    module, _, function = _DRAWN[kind].partition(":")
    found: Callable[..., str] = getattr(import_module(f"panglot.report.{module}"), function)
    return found


def _steps(run: Path) -> dict[str, Ancestor]:
    if not run.is_dir():
        raise InputError("there is no such run folder", where=run)
    steps = all_steps(run)
    if not steps:
        raise InputError("this folder holds no finished step", where=run, fix="give the folder of a run, such as runs/NAME")
    return steps


def _facts(steps: dict[str, Ancestor]) -> dict[str, Any] | None:
    """The facts of the last report among the steps; None where there is none that can be read."""
    for step in reversed(steps.values()):
        if step.manifest.component == _PAGE or (step.folder / FACTS_FILE).is_file():
            try:
                return read_facts(step.folder)
            except PanglotError:
                continue
    return None


def _told(facts: dict[str, Any], steps: dict[str, Ancestor]) -> dict[str, Ancestor]:
    """The steps that a report is about, in its order."""
    return {each["step"]: steps[each["step"]] for each in facts["reproduce"]["steps"] if each["step"] in steps}


def _target(facts: dict[str, Any]) -> Row | None:
    return next((each for each in facts["languages"] if each["role"] == "target"), None)


def _tables(step: str, rows: list[Row]) -> list[dict[str, Any]]:
    """One table for each task and condition of a step: languages down, metrics across."""
    found = []
    for task, condition, model in dict.fromkeys((each["task"], each["condition"], each["model"]) for each in rows):
        part = [each for each in rows if (each["task"], each["condition"], each["model"]) == (task, condition, model)]
        metrics = list(dict.fromkeys(each["metric"] for each in part))
        by_place = {(each["language"], each["metric"]): each for each in part}
        found.append(
            {
                "step": step,
                "task": task,
                "condition": condition,
                "model": model,
                "differences": any(each["p_value"] is not None for each in part),
                "metrics": [{"name": each, "label": metric_label(each)} for each in metrics],
                "rows": [
                    {**describe(tag), "cells": [by_place.get((tag, metric)) for metric in metrics]}
                    for tag in dict.fromkeys(each["language"] for each in part)
                ],
            }
        )
    return found


def _short_names(runs: Sequence[Path]) -> list[str]:
    """The folders' names, with as many of their parents as make them different."""
    parts = [each.resolve().parts for each in runs]
    depth = 1
    while depth < max(map(len, parts)) and len({each[-depth:] for each in parts}) < len(set(parts)):
        depth += 1
    return ["/".join(each[-depth:]).lstrip("/") for each in parts]


def _settings(facts: dict[str, Any]) -> dict[str, str]:
    """Parameters of all steps as `step.name`, but for references."""
    return {
        f"{each['step']}.{one['name']}": one["value"]
        for each in facts["reproduce"]["steps"]
        for one in each["parameters"]
        if not str(one["value"]).startswith("$")
    }


def _differences(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Parameters that are not the same in all runs."""
    settings = [_settings(each["facts"]) for each in found]
    names = sorted(set().union(*settings))
    rows = [{"name": name, "values": [each.get(name, "–") for each in settings]} for name in names]
    return [each for each in rows if len(set(each["values"])) > 1]


def _over_seeds(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and range over the runs that differ in nothing but their seeds."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for each in found:
        if each["target"]:
            key = (each["target"]["tag"], *sorted(_settings(each["facts"]).items()))
            groups.setdefault(key, []).append(each)
    tables = []
    for members in groups.values():
        rows: list[dict[str, Any]] = []
        seeds = sorted({seed for each in members for seed in each["facts"]["measure"]["seeds"]})
        if len(members) < 2 or len(seeds) < len(members):
            continue
        for label in ("before", "control", "after", "change", "over_control"):
            values = [each["target"][label]["value"] for each in members if each["target"][label]]
            if len(values) == len(members):
                rows.append(
                    {
                        "label": label.replace("_", " "),
                        "sign": label in ("change", "over_control"),
                        "mean": mean(values),
                        "low": min(values),
                        "high": max(values),
                    }
                )
        tables.append({"caption": f"{members[0]['target']['name']}, {wording.seeds_sentence(seeds)}", "rows": rows})
    return tables


def _languages_by_run(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Change by language (down) and run (across)."""
    tags = list(dict.fromkeys(row["tag"] for each in found for row in each["facts"]["languages"]))
    rows = []
    for tag in tags:
        cells = [next((row for row in each["facts"]["languages"] if row["tag"] == tag), None) for each in found]
        known = next(each for each in cells if each)
        rows.append({**{key: known[key] for key in ("tag", "name", "autonym", "direction", "lang")}, "cells": cells})
    return rows
