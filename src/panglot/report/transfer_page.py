"""The report of a transfer matrix: learnt here, tested there, what is lost on the way, and where nothing was learnt."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from panglot import __version__
from panglot.artifacts import InputError, Step, reads
from panglot.evaluation.breakdown.corpus_sizes import outside, read_sizes
from panglot.evaluation.breakdown.size_bins import CORPUS
from panglot.evaluation.prompts.condition import ENGLISH
from panglot.evaluation.results import Results, concatenate
from panglot.evaluation.transfer.gaps import OVER_ZERO_SHOT, TO_IN_LANGUAGE, TO_SOURCE
from panglot.evaluation.transfer.plan import IN_LANGUAGE
from panglot.evaluation.transfer.transfer import ALPHA, CONSTANT
from panglot.languages import Language
from panglot.report import account, wording
from panglot.report.breakdown import breakdown, scores_of, sentences, size_tables, without_size
from panglot.report.brief import SEEN, answers_of_transfer, brief_facts, draw_brief
from panglot.report.comparison import describe, read_rows
from panglot.report.heat_map import colour_of, heat_map
from panglot.report.lineage import lineage, step_of
from panglot.report.page import FORMAT, Page, write_page
from panglot.report.rendering import render
from panglot.report.transfer_seen import NOT_CHECKED, add_seen
from panglot.report.transfer_sources import sources_section

KIND = "transfer"
LABELS = {
    "accuracy": "accuracy", "span_f1": "F1 of spans", "las": "labelled attachment (LAS)", "token_f1": "F1 of answers",
    "pearson": "Pearson's correlation",
}  # fmt: skip
_MANY = 12
_NEAR = 0.9
_SMALL = 3
OTHERS = "others"

GroupBy = Literal["script", "family", "class"]


@reads(outside)
def transfer_page(
    *,
    results: Results,
    contamination: Results | None = None,
    group_by: GroupBy = "script",
    sizes: str | None = None,
    title: str = "",
    step: Step,
) -> Page:
    """Write the report of `evaluation.transfer`: the matrix as a heat map and as a table, gaps, groups, what is at chance.

    Args:
        results: from `evaluation.transfer`.
        contamination: of `evaluation.contamination`, where test items were looked up in training text.
        group_by: how languages are ordered: by script, family or resource class, and by the first condition within.
        sizes: how much text there is of each language: see `panglot.evaluation.breakdown.corpus_sizes.read_sizes`.
        title: title of the page.
        step: where to write.

    Raises:
        InputError: other results.
    """
    wrote = step_of(results)
    figures = wrote.manifest.figures if wrote else {}
    if "matrix" not in figures:
        raise InputError("these are no results of evaluation.transfer", where=results.folder)
    beside = [] if contamination is None else [contamination]
    steps = lineage([results, *beside])
    megabytes = None if sizes is None else read_sizes(sizes)
    facts = transfer_facts(read_rows(results), figures, group_by, title, megabytes)
    facts["notes"] = without_size([each["tag"] for each in facts["languages"]], megabytes) if megabytes else []
    facts["notes"] += wrote.manifest.notes if wrote else []
    add_seen(facts, contamination)
    if facts["brief"] and facts["seen"]:
        facts["brief"] |= {"looked": True, "warnings": [SEEN] if facts["seen"]["seen"] else []}
    facts["reproduce"] = account.reproduction(steps)
    brief = facts["brief"] and draw_brief(facts["brief"])
    return write_page(step, facts, draw_transfer(facts, account.cost(steps)), concatenate([results, *beside]), brief)


def draw_transfer(facts: dict[str, Any], cost: dict[str, Any] | None = None) -> str:
    """The page as HTML.

    Args:
        facts: as in `facts.json`.
        cost: from `account.cost`; without it the section is left out.
    """
    rows = [
        {
            "name": each["short"],
            "cells": [
                None
                if cell is None
                else {
                    "colour": colour_of(cell["value"], facts["middle"], facts["reach"]),
                    "title": f"{each['name']} → {language['name']}: {wording.number(cell['value'])}"
                    + (f" ({wording.interval(cell['low'], cell['high'], sign=False)})" if cell["low"] is not None else "")
                    + ("; not above chance" if cell["at_chance"] else ""),
                    "own": cell["own"],
                    "at_chance": cell["at_chance"],
                }
                for cell, language in zip(each["cells"], facts["languages"], strict=True)
            ],
        }
        for each in facts["conditions"]
    ]
    maps = [heat_map(rows, facts["languages"], narrow=narrow) for narrow in (False, True)]
    return render("transfer_page.html", facts=facts, maps=maps, cost=cost, version=__version__)


def transfer_facts(
    rows: Sequence[dict[str, Any]],
    figures: dict[str, Any],
    group_by: GroupBy = "script",
    title: str = "",
    sizes: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Every figure of the page that comes from the results.

    Args:
        rows: of the result table.
        figures: of the step that measured.
        group_by: order of the languages.
        title: title of the page.
        sizes: megabytes of text by tag.
    """
    metric, task, model = str(figures["metric"]), str(rows[0]["task"]), str(rows[0]["model"])
    cells = {(each["condition"], each["language"]): each for each in rows if each["metric"] == metric}
    names = [each for each in dict.fromkeys(one for one, _ in cells) if each != CONSTANT]
    languages = ordered_languages(
        {tag for _, tag in cells}, {tag: cells[names[0], tag]["value"] for one, tag in cells if one == names[0]}, group_by
    )
    values = [each["value"] for (condition, _), each in cells.items() if condition != CONSTANT]
    middle = sum(values) / len(values)
    gaps = {
        name: {(each["condition"], each["language"]): each for each in rows if each["metric"] == f"{metric}_{name}"}
        for name in (TO_SOURCE, TO_IN_LANGUAGE, OVER_ZERO_SHOT)
    }
    conditions = [
        {
            "name": name,
            "short": _short(name),
            "cells": [
                _cell(cells.get((name, each["tag"])), each["tag"] in figures["train"].get(name, ())) for each in languages
            ],
            **{
                key: [_difference(found.get((name, each["tag"]))) for each in languages]
                for key, found in gaps.items()
                if any(condition == name for condition, _ in found)
            },
        }
        for name in names
    ]
    facts: dict[str, Any] = {
        "format": FORMAT,
        "kind": KIND,
        "title": title or f"{model}, {task}: learnt in some languages, tested in {len(languages)}",
        "model": {"base": model},
        "task": task,
        "measure": {
            "metric": metric,
            "label": LABELS.get(metric, metric),
            "signatures": sorted({str(each["signature"]) for each in rows if each["metric"] == metric})[:_MANY],
        },
        "languages": languages,
        "sources": sources_section(figures.get("sources")),
        "group_by": {"class": "resource class"}.get(group_by, group_by),
        "conditions": conditions,
        "constant": [cells[CONSTANT, each["tag"]]["value"] if (CONSTANT, each["tag"]) in cells else None for each in languages],
        "middle": middle,
        # a few cells far out must not make all others look alike
        "reach": sorted(abs(each - middle) for each in values)[int(_NEAR * (len(values) - 1))],
        # one language is its own group in every way
        "groups": _groups(figures["groups"], names) + _by_size(conditions, languages, sizes) if len(languages) > 1 else [],
        "at_chance": [
            {"condition": name, "languages": [describe(tag) for tag in tags]}
            for name, tags in figures.get("not_above_chance", {}).items()
        ],
        "breakdown": [
            each
            for condition in conditions[:_MANY]
            if (each := _broken(condition, languages, figures["train"], _chance(cells), max(values), sizes))
        ],
        "fell_short": [],
        "seen": None,
    }
    facts["headline"] = _headline(facts, figures, task, model)
    facts["limits"] = _limits(facts)
    facts["summary"] = _summary(facts)
    facts["brief"] = brief_facts(
        answers_of_transfer(facts), [{**figures.get("about", {}), "name": task, "metric": metric, "chance": _chance(cells)}],
        title=model, learnt=figures["train"].get(names[0], ()),
    )  # fmt: skip
    return facts


def _cell(row: dict[str, Any] | None, own: bool) -> dict[str, Any] | None:
    if row is None:
        return None
    p = row["p_adjusted"]
    return {
        "value": row["value"], "low": row["ci_low"], "high": row["ci_high"], "n": row["n"], "own": own,
        "at_chance": p is not None and not p < ALPHA,
    }  # fmt: skip


def _chance(cells: dict[tuple[str, str], dict[str, Any]]) -> float | None:
    """What the most frequent answer gets, on average over languages; None where there is no such answer."""
    found = [each["value"] for (condition, _), each in cells.items() if condition == CONSTANT]
    return sum(found) / len(found) if found else None


def _broken(
    condition: dict[str, Any],
    languages: Sequence[dict[str, Any]],
    train: Mapping[str, Sequence[str]],
    chance: float | None,
    best: float,
    sizes: Mapping[str, float] | None,
) -> dict[str, Any] | None:
    """What stands behind the mean of the languages that were not learnt; None where all were."""
    name = condition["name"]
    learnt = [] if name == IN_LANGUAGE else list(train.get(name, ()))
    scores = scores_of(condition["cells"], languages)
    others = [each for each in scores if each.language not in learnt]
    against = [each for each in scores if each.language in learnt]
    if not others:
        return None
    return breakdown(condition["short"], others, against, reference=learnt or [ENGLISH], chance=chance, best=best, sizes=sizes)


def _difference(row: dict[str, Any] | None) -> dict[str, Any] | None:
    return (
        None if row is None else {"value": row["value"], "low": row["ci_low"], "high": row["ci_high"], "p": row["p_adjusted"]}
    )


def ordered_languages(tags: set[str], values: dict[str, float], group_by: GroupBy) -> list[dict[str, Any]]:
    """Languages by group, the largest first and small ones together last, and by the first condition's value within."""

    def group(language: Language) -> str:
        if group_by == "script":
            return language.script_name.partition(" (")[0]
        if group_by == "family":
            return language.family or "not known"
        return "not known" if language.resource_class is None else f"class {language.resource_class}"

    known = {tag: group(Language(tag)) for tag in tags}
    sizes = Counter(known.values())
    if group_by != "class" and len(tags) > _MANY:
        # most scripts and many families have one language each
        known = {tag: name if sizes[name] >= _SMALL else OTHERS for tag, name in known.items()}
        sizes = Counter(known.values())

    def place(tag: str) -> tuple[Any, ...]:
        name = known[tag]
        return (name == OTHERS, 0 if group_by == "class" else -sizes[name]), name, -values.get(tag, 0.0), tag

    order = sorted(tags, key=place)
    return [{**describe(tag), "code": tag[:3], "group": known[tag]} for tag in order]


def _short(condition: str) -> str:
    """`train eng_Latn, 10 shots joint` as `eng, 10 shots joint`."""
    sources, comma, rest = condition.removeprefix("train ").partition(",")
    return " + ".join(each[:3] if "_" in each else each for each in sources.split(" + ")) + comma + rest


def _groups(found: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Tables of means: by what, and a row a group with a figure a condition."""
    tables: list[dict[str, Any]] = []
    for by in dict.fromkeys(each["by"] for each in found):
        some = [each for each in found if each["by"] == by]
        groups = sorted(
            {each["group"] for each in some},
            key=lambda one: (-max(len(each["languages"]) for each in some if each["group"] == one), one),
        )
        tables.append(
            {
                "by": by,
                "rows": [
                    {
                        "group": f"class {group}" if by == "resource class" and group.isdigit() else group,
                        "n": max(len(each["languages"]) for each in some if each["group"] == group),
                        "cells": [
                            next((each for each in some if (each["group"], each["condition"]) == (group, name)), None)
                            for name in names
                        ],
                    }
                    for group in groups
                ],
            }
        )
    return tables


def _by_size(
    conditions: Sequence[dict[str, Any]], languages: Sequence[dict[str, Any]], sizes: Mapping[str, float] | None
) -> list[dict[str, Any]]:
    """Means by the size of the corpus, languages that were learnt left out; nothing without sizes."""
    if not sizes:
        return []
    columns = [
        scores_of([None if cell is None or cell["own"] else cell for cell in each["cells"]], languages) for each in conditions
    ]
    return [table for table in size_tables(columns, sizes) if table["by"] == CORPUS]


def _headline(facts: dict[str, Any], figures: dict[str, Any], task: str, model: str) -> dict[str, Any]:
    first = facts["conditions"][0]
    sources = figures["train"].get(first["name"], [])
    own = [each["value"] for each in first["cells"] if each and each["own"]]
    others = [each["value"] for each in first["cells"] if each and not each["own"]]
    learnt = wording.listed(describe(each)["name"] for each in sources)
    if first["name"] == IN_LANGUAGE or not others:
        mean = sum(own + others) / len(own + others)
        return {
            "sentence": f"{model} reaches {wording.number(mean)} {facts['measure']['label']} on {task} on average.",
            "more": [],
        }
    mean = sum(others) / len(others)
    one = next(each["name"] for each, cell in zip(facts["languages"], first["cells"], strict=True) if cell and not cell["own"])
    where = f"in {one}" if len(others) == 1 else f"on average in {wording.count(len(others), 'other language')}"
    sentence = f"Having learnt {task} in {learnt}, {model} reaches "
    if own:
        there = sum(own) / len(own)
        sentence += f"{wording.number(there)} {facts['measure']['label']} there and {wording.number(mean)} {where}: "
        sentence += f"{wording.number(there - mean)} is lost on the way."
    else:
        sentence += f"{wording.number(mean)} {facts['measure']['label']} {where}."
    tested = [(each, cell) for each, cell in zip(facts["languages"], first["cells"], strict=True) if cell and not cell["own"]]
    more = []
    if len(tested) > 1:
        more += sentences(facts["breakdown"][0])
    if facts["sources"]:
        more.append(facts["sources"]["sentence"])
    weak = [each["name"] for each, cell in tested if cell["at_chance"]]
    if weak:
        more.append(f"Not above chance: {wording.listed(weak)}.")
    return {"sentence": sentence, "more": more}


def _limits(facts: dict[str, Any]) -> list[str]:
    found = [
        "An average over languages weighs each the same, and is of the languages that this task happens to have.",
        NOT_CHECKED,
        "A gap between languages also holds what translation did to the test items, where they are translated.",
    ]
    if any("runs:1|" in each for each in facts["measure"]["signatures"]):
        found.append("With one run, intervals hold the choice of test items and not that of the seed.")
    return found


def _summary(facts: dict[str, Any]) -> dict[str, Any]:
    columns = ["condition", "learnt in", "others, mean", "least", "most", "languages", "not above chance"]
    rows = []
    for each in facts["conditions"]:
        own = [cell["value"] for cell in each["cells"] if cell and cell["own"] and each["name"] != IN_LANGUAGE]
        others = [cell for cell in each["cells"] if cell and (not cell["own"] or each["name"] == IN_LANGUAGE)]
        values = [cell["value"] for cell in others]
        rows.append(
            [
                each["short"],
                wording.number(sum(own) / len(own)) if own else "–",
                *(
                    [wording.number(sum(values) / len(values)), wording.number(min(values)), wording.number(max(values))]
                    if values
                    else ["–"] * 3
                ),
                str(len(values)),
                str(sum(cell["at_chance"] for cell in others)),
            ]
        )
    return {"columns": columns, "rows": rows}
