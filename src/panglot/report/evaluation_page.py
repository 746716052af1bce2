"""The report of an evaluation by prompts: tasks and languages as a heat map, and what an average hides."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from panglot import __version__
from panglot.artifacts import InputError, Step, reads
from panglot.evaluation.asking.consistency import CONSISTENCY_METRICS
from panglot.evaluation.breakdown.contamination import NOT_SEEN
from panglot.evaluation.breakdown.corpus_sizes import outside, read_sizes
from panglot.evaluation.breakdown.size_bins import MEASURES
from panglot.evaluation.prompts.condition import ENGLISH
from panglot.evaluation.results import Results, concatenate
from panglot.evaluation.signature import Signature
from panglot.evaluation.significance.power import power_note
from panglot.languages import Language
from panglot.report import account, wording
from panglot.report.breakdown import breakdown, gap_sentence, scores_of, sentences, size_tables, without_size
from panglot.report.brief import SEEN, answers_of_evaluation, brief_facts, draw_brief
from panglot.report.comparison import describe, read_rows
from panglot.report.consistency_section import consistency_facts, consistency_maps
from panglot.report.corpus_wording import percent
from panglot.report.heat_map import colour_of, heat_map
from panglot.report.layers_section import HIDDEN, layers_facts, layers_maps
from panglot.report.layers_section import MEASURE as LAYERS
from panglot.report.lineage import lineage, step_of
from panglot.report.page import FORMAT, Page, write_page
from panglot.report.parts_section import parts_facts
from panglot.report.rendering import render
from panglot.report.suite_section import suite_facts
from panglot.report.wordings_section import wordings_facts

KIND = "evaluation"
LEVEL = 0.05
Check = tuple[Sequence[dict[str, Any]], Mapping[str, Any]]
"""Rows and figures of `evaluation.contamination`."""
_NEAR = 0.9
_FEW_SHOWN = 12
_FEW_SENTENCES = 2
_WORDLESS = ("mexa", "vectors")
"""Conditions in which no prompt is shown."""
_BY_CLASS = "resource class"


@reads(outside)
def evaluation_page(
    *,
    results: list[Results],
    contamination: list[Results] = [],  # noqa: B006
    title: str = "",
    suites: list[Results] = [],  # noqa: B006
    wordings: Results | None = None,
    sizes: str | None = None,
    step: Step,
) -> Page:
    """Write the report of one or more measurements of tasks: a row a task and condition, a column a language.

    Args:
        results: of `evaluation.ask`, `evaluation.task_vectors` or `evaluation.mexa`.
        contamination: of `evaluation.contamination`, for the tasks whose items were looked up in training text.
        title: title of the page.
        suites: of `evaluation.suite_mean`.
        wordings: of `evaluation.prompt_sensitivity`.
        sizes: how much text there is of each language: see `panglot.evaluation.breakdown.corpus_sizes.read_sizes`.
        step: where to write.

    Raises:
        InputError: other results.
    """
    wrote = [step_of(each) for each in results]
    figures = [each.manifest.figures if each else {} for each in wrote]
    if not results or not all("headline_metric" in each and "chance" in each for each in figures):
        wrong = next((each.folder for each, found in zip(results, figures, strict=True) if "chance" not in found), None)
        raise InputError("these are no results of evaluation.ask, evaluation.task_vectors or evaluation.mexa", where=wrong)
    looked = [step_of(each) for each in contamination]
    checks: dict[str, Check] = {}
    for each, one in zip(contamination, looked, strict=True):
        if one is None or "contamination" not in one.manifest.figures:
            raise InputError("these are no results of evaluation.contamination", where=each.folder)
        checks |= {digest: (read_rows(each), one.manifest.figures) for digest in one.manifest.figures["results"]}
    beside = [*contamination, *suites, *([wordings] if wordings else [])]
    steps = lineage([*results, *beside])
    megabytes = None if sizes is None else read_sizes(sizes)
    of_results = [checks.get(each.digest) for each in results] if checks else []
    facts = evaluation_facts([read_rows(each) for each in results], figures, title, of_results, megabytes)
    facts["consistency"] = consistency_facts(results, figures, facts)
    facts["layers"] = layers_facts(results, figures, facts)
    if wordings is not None:
        facts["wordings"] = wordings_facts(wordings, facts["languages"])
        facts["headline"]["more"] += [each["sentence"] for each in facts["wordings"]][:_FEW_SENTENCES]
    facts["suites"] = [suite_facts(each) for each in suites]
    facts["headline"]["more"] += [each["sentence"] for each in facts["suites"]]
    asides = [step_of(wordings)] if wordings else []
    notes = [note for each in (*wrote, *looked, *asides) if each for note in each.manifest.notes]
    sized = without_size([each["tag"] for each in facts["languages"]], megabytes) if megabytes else []
    facts["notes"] = list(dict.fromkeys([*sized, *(each["note"] for each in facts["suites"] if each["note"]), *notes]))
    facts["reproduce"] = account.reproduction(steps)
    brief = facts["brief"] and draw_brief(facts["brief"])
    return write_page(step, facts, draw_evaluation(facts, account.cost(steps)), concatenate([*results, *beside]), brief)


def draw_evaluation(facts: dict[str, Any], cost: dict[str, Any] | None = None) -> str:
    """The page as HTML.

    Args:
        facts: as in `facts.json`.
        cost: from `account.cost`; without it the section is left out.
    """
    rows = []
    for each in facts["tasks"]:
        cells: list[dict[str, Any] | None] = []
        for cell, language in zip(each["cells"], facts["languages"], strict=True):
            if cell is None:
                cells.append(None)
                continue
            said = f"{each['name']}, {language['name']}: {wording.number(cell['value'])}"
            said += f" ({wording.interval(cell['low'], cell['high'], sign=False)}, n {cell['n']})"
            cells.append(
                {
                    "colour": colour_of(cell["value"], each["mean"], each["reach"]),
                    "title": said + ("; not above chance" if cell["at_chance"] else ""),
                    "own": False,
                    "at_chance": cell["at_chance"],
                }
            )
        rows.append({"name": each["name"], "cells": cells})
    maps = [heat_map(rows, facts["languages"], narrow=narrow) for narrow in (False, True)]
    return render(
        "evaluation_page.html", facts=facts, maps=maps, consistency_maps=consistency_maps(facts),
        layers_maps=layers_maps(facts), cost=cost, version=__version__,
    )  # fmt: skip


def evaluation_facts(
    tables: Sequence[Sequence[dict[str, Any]]],
    figures: Sequence[Mapping[str, Any]],
    title: str = "",
    checks: Sequence[Check | None] = (),
    sizes: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Every figure of the page that comes from the results.

    Args:
        tables: rows of each result table.
        figures: of each step that measured.
        title: title of the page.
        sizes: megabytes of text by tag.
        checks: for each table rows and figures of `evaluation.contamination`, or None; empty where nothing was looked up.
    """
    models = list(dict.fromkeys(str(row["model"]) for rows in tables for row in rows))
    tags = {str(row["language"]) for rows in tables for row in rows}
    languages = _ordered(tags)
    tasks = [_task(rows, found, languages) for rows, found in zip(tables, figures, strict=True)]
    worded = {each["condition"] for each in tasks} - set(_WORDLESS)
    conditions = Counter(task for task, _ in {(each["task"], each["condition"]) for each in tasks})
    asked = Counter((each["task"], each["condition"], each["model"]) for each in tasks)
    for each, check in zip(tasks, checks or [None] * len(tasks), strict=True):
        several = conditions[each["task"]] > 1 or (len(worded) > 1 and each["condition"] in worded)
        shown = [each["task"], *([each["condition"]] if several else [])]
        if asked[each["task"], each["condition"], each["model"]] > 1 and (template := _template(each)):
            shown.append(template)
        each["name"] = ", ".join([*shown, *([each["model"]] if len(models) > 1 else [])])
        each["seen"] = _seen(each, languages, check)
    best = _best(tasks)
    facts: dict[str, Any] = {
        "format": FORMAT,
        "kind": KIND,
        "title": title or f"{wording.listed(models)}: {wording.listed(list(dict.fromkeys(each['task'] for each in tasks)))}",
        "model": {"base": models[0]},
        "models": models,
        "languages": languages,
        "tasks": tasks,
        "measure": {"signatures": [each["signature"] for each in tasks][:_FEW_SHOWN]},
        "groups": size_tables([scores_of(each["cells"], languages) for each in tasks], sizes),
        "consistency": [],
        "suites": [],
        "layers": [],
        "wordings": [],
        "breakdown": [_broken(each, languages, best, sizes) for each in tasks],
        "fell_short": [],
    }
    facts["headline"] = _headline(facts)
    facts["limits"] = _limits(facts)
    facts["summary"] = _summary(facts)
    facts["brief"] = _brief(facts)
    return facts


def _brief(facts: dict[str, Any]) -> dict[str, Any] | None:
    """What the page means for people; None where no score is a share of what is possible."""
    taken: set[tuple[str, str]] = set()
    tasks = []
    for each in facts["tasks"]:
        if (each["task"], each["model"]) not in taken:
            taken.add((each["task"], each["model"]))
            tasks.append(each)
    first = {
        each["task"]: {**each["about"], "name": each["task"], "metric": each["metric"], "chance": each["chance"]}
        for each in tasks
    }
    seen = any(each["seen"] and each["seen"]["seen"] for each in tasks)
    return brief_facts(
        answers_of_evaluation(facts), list(first.values()), title=wording.listed(facts["models"]),
        warnings=[SEEN] if seen else [], looked=all(each["seen"] for each in tasks),
    )  # fmt: skip


def _ordered(tags: set[str]) -> list[dict[str, Any]]:
    """Languages by resource class, those with most text first, and by name within."""
    bin_of, order = MEASURES[_BY_CLASS]
    groups = {tag: bin_of(Language(tag)) for tag in tags}
    placed = sorted(tags, key=lambda tag: (order.index(groups[tag]), Language(tag).name))
    return [{**describe(tag), "code": tag[:3], "group": groups[tag]} for tag in placed]


def _task(rows: Sequence[dict[str, Any]], figures: Mapping[str, Any], languages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    metric = str(figures["headline_metric"])
    rows = [
        row
        for row in rows
        if str(row["metric"]) not in CONSISTENCY_METRICS and not (metric == LAYERS and str(row["metric"]).startswith(HIDDEN))
    ]
    main = {str(row["language"]): row for row in rows if str(row["metric"]) == metric}
    others = list(dict.fromkeys(str(row["metric"]) for row in rows if str(row["metric"]) != metric))
    beside = {(str(row["metric"]), str(row["language"])): float(row["value"]) for row in rows}
    cells = [_cell(main.get(each["tag"]), {name: beside.get((name, each["tag"])) for name in others}) for each in languages]
    values = [each["value"] for each in cells if each]
    mean = sum(values) / len(values)
    first = next(iter(main.values()))
    return {
        "task": str(first["task"]),
        "condition": str(first["condition"]),
        "model": str(first["model"]),
        "metric": metric,
        "about": figures.get("about", {}),
        "others": others,
        "chance": figures.get("chance"),
        "cells": cells,
        "mean": mean,
        "reach": sorted(abs(each - mean) for each in values)[int(_NEAR * (len(values) - 1))],
        "at_chance": [one["name"] for each, one in zip(cells, languages, strict=True) if each and each["at_chance"]],
        "tested": any(each["tested"] for each in cells if each),
        "weak": [
            f"{one['name']}: {note}"
            for each, one in zip(cells, languages, strict=True)
            if each and (note := power_note(each["n"], languages=len(values)))
        ],
        "signature": str(first["signature"]),
        "parts": parts_facts(figures, languages),
    }


def _template(task: Mapping[str, Any]) -> str:
    """Name of the wording, without its family's."""
    return (Signature.parse(task["signature"]).get("prompt") or "").rpartition("/")[2]


def _cell(row: dict[str, Any] | None, others: dict[str, float | None]) -> dict[str, Any] | None:
    if row is None:
        return None
    p = row["p_adjusted"]
    return {
        "value": row["value"], "low": row["ci_low"], "high": row["ci_high"], "n": row["n"], "others": others,
        "tested": p is not None, "at_chance": p is not None and not p < LEVEL,
    }  # fmt: skip


def _best(tasks: Sequence[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """The best score in any language, model and condition, by task and metric."""
    found: dict[tuple[str, str], float] = {}
    for each in tasks:
        key = each["task"], each["metric"]
        found[key] = max([cell["value"] for cell in each["cells"] if cell] + ([found[key]] if key in found else []))
    return found


def _broken(
    task: dict[str, Any],
    languages: Sequence[dict[str, Any]],
    best: Mapping[tuple[str, str], float],
    sizes: Mapping[str, float] | None,
) -> dict[str, Any] | None:
    """What stands behind a task's mean; None where less is better, as of error rates."""
    from panglot.evaluation.metrics.registry import of_statistics

    if not of_statistics(task["metric"]).higher_is_better:
        return None
    scores = scores_of(task["cells"], languages)
    english = [each for each in scores if each.language == ENGLISH]
    top = best[task["task"], task["metric"]]
    return breakdown(task["name"], scores, english, reference=[ENGLISH], chance=task["chance"], best=top, sizes=sizes)


def _seen(task: dict[str, Any], languages: Sequence[dict[str, Any]], check: Check | None) -> dict[str, Any] | None:
    """What of a task's items stands in training text, by language, and the score without them; None where nobody looked."""
    if check is None:
        return None
    rows, figures = check
    key = task["model"], task["condition"] + NOT_SEEN, task["metric"]
    without = {str(row["language"]): row for row in rows if (row["model"], row["condition"], row["metric"]) == key}
    counts = figures["contamination"]
    cells = [
        {**counts[one["tag"]], "without": _cell(without.get(one["tag"]), {})} if cell and one["tag"] in counts else None
        for cell, one in zip(task["cells"], languages, strict=True)
    ]
    total = {key: sum(each[key] for each in cells if each) for key in ("items", "looked", "seen")}
    return {**total, "documents": figures["documents"], "words": figures["words"], "cells": cells}


def _headline(facts: dict[str, Any]) -> dict[str, Any]:
    tasks, count = facts["tasks"], len(facts["languages"])
    who = wording.listed(facts["models"])
    first = tasks[0]
    if len(tasks) == 1:
        sentence = f"{who} reaches {wording.number(first['mean'])} {first['metric']} on {first['task']} on average over "
        sentence += wording.count(count, "language")
        sentence += f"; chance is {wording.number(first['chance'])}." if first["chance"] is not None else "."
    else:
        sentence = f"{who} was asked {wording.count(len(tasks), 'task')} in {wording.count(count, 'language')}."
    more = [_warning(facts)] if any(each["seen"] and each["seen"]["seen"] for each in tasks) else []
    asked = [(each, cell) for each in tasks for cell in each["cells"] if cell and cell["tested"]]
    above = sum(not cell["at_chance"] for _, cell in asked)
    if asked and len(tasks) == 1:
        one = "Above chance." if above else "Not above chance."
        more.append(one if len(asked) == 1 else f"Above chance in {wording.part(above, len(asked), 'language')}.")
    elif asked:
        sentence = f"{who} is above chance in {wording.part(above, len(asked), 'pair')} of a task and a language."
    behind = [each for each in facts["breakdown"] if each]
    with_english = [each for each in behind if each["hidden"]["gap"]]
    if with_english:
        # scores of other metrics have other units
        widest = max(with_english, key=lambda each: abs(each["hidden"]["gap"]["value"]) / (each["best"] or 1))
        more.append(gap_sentence(widest, f", where they differ most ({widest['name']})" if len(tasks) > 1 else ""))
    if len(tasks) == 1 and behind:
        more += sentences(behind[0])
    return {"sentence": sentence, "more": more}


def _warning(facts: dict[str, Any]) -> str:
    hit = [each for each in facts["tasks"] if each["seen"] and each["seen"]["seen"]]
    shares = [f"{percent(each['seen']['seen'] / each['seen']['items'])} of {each['name']}" for each in hit]
    return f"Warning: the training text holds test items ({wording.listed(shares)}), so these scores may be too high."


def _checked(tasks: Sequence[dict[str, Any]]) -> str:
    left = [each["name"] for each in tasks if each["seen"] is None]
    if not left:
        return (
            "Items were looked up in the training text that was given. The model may have read other text, and translations "
            "and paraphrases of items are not found."
        )
    of = "" if len(left) == len(tasks) else f" for {wording.listed(left[:_FEW_SHOWN])}"
    return (
        f"Not checked{of}: whether the items stand in the text that the model learnt from, as public test sets often do. "
        "panglot evaluate --training-text looks them up."
    )


def _limits(facts: dict[str, Any]) -> list[str]:
    found = [
        _checked(facts["tasks"]),
        "An average over languages weighs each the same, and is of the languages that these tasks happen to have.",
        "Scores depend on the wording of prompts. Their signature says which was taken; panglot prompts show prints it.",
        "Where items were translated, a gap between languages also holds what translation did to them.",
    ]
    weak = [note for each in facts["tasks"] for note in each["weak"]]
    if weak:
        found.append(f"Too few items: {wording.listed(weak[:_FEW_SHOWN])}.")
    return found


def _summary(facts: dict[str, Any]) -> dict[str, Any]:
    columns = ["task", "metric", "mean", "least", "most", "English", "languages", "not above chance"]
    rows = []
    for each, behind in zip(facts["tasks"], facts["breakdown"], strict=True):
        values = [cell["value"] for cell in each["cells"] if cell]
        gap = behind["hidden"]["gap"] if behind else None
        rows.append(
            [
                each["name"], each["metric"], wording.number(each["mean"]), wording.number(min(values)),
                wording.number(max(values)), "–" if gap is None else wording.number(gap["here"]),
                str(len(values)), str(len(each["at_chance"])) if each["tested"] else "–",
            ]
        )  # fmt: skip
    return {"columns": columns, "rows": rows}
