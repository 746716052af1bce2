"""A brief: what an evaluation means for people, without technical terms, on one page that can be printed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from panglot import __version__
from panglot.evaluation.breakdown.served import LEVELS, Answered, references_of, served
from panglot.evaluation.prompts.condition import ENGLISH
from panglot.languages import Language
from panglot.report import wording
from panglot.report.comparison import describe
from panglot.report.layers_section import MEASURE as MEXA
from panglot.report.rendering import render

_COUNTED = ("accuracy", "exact_match", "literal_match", "formula_match", "calls_match", "completion_match", "pass@1")
"""Metrics that are shares of right answers."""
_MILLION = 1_000_000
SEEN = "Some of the questions stand in text that the model learnt from. The model may be worse than it looks here."
"""The warning where test items were found in training text."""


def brief_facts(
    answers: Sequence[Answered],
    tasks: Sequence[Mapping[str, Any]],
    *,
    title: str,
    warnings: Sequence[str] = (),
    learnt: Sequence[str] = (),
    looked: bool = False,
) -> dict[str, Any] | None:
    """Every figure and sentence of a brief.

    Args:
        answers: of every model on every task in every language.
        tasks: what was asked: `name`, `metric`, and where known `title`, `chance` and `translated` (by whom).
        title: of the page.
        warnings: sentences that must not be missed, without technical terms.
        learnt: tags of the languages in which the task was learnt, where it was learnt by examples.
        looked: whether all items were looked up in the text that the model learnt from.

    Returns:
        None where nobody can be held against anything: no score that may be read as a share of what is possible.
    """
    if not answers:
        return None
    references = references_of(answers)
    models = list(dict.fromkeys(each.model for each in answers))
    names = list(dict.fromkeys(each.task for each in answers))
    about = {str(each["name"]): each for each in tasks}
    counted = len(names) == 1 and about[names[0]]["metric"] in _COUNTED
    held = sorted({each.language for each in references.values()})
    parts = [_of_model(model, [each for each in answers if each.model == model], references, counted) for model in models]
    facts: dict[str, Any] = {
        "title": title,
        "models": parts,
        "counted": counted,
        "chance": 100 * about[names[0]]["chance"] if counted and about[names[0]].get("chance") is not None else None,
        "held_against": [describe(each)["name"] for each in held],
        "tasks": [_asked(each, [one for one in answers if one.task == each["name"]], references) for each in tasks],
        "warnings": list(warnings),
        "looked": looked,
        "learnt": [describe(each)["name"] for each in learnt],
    }
    facts["sentence"], facts["more"] = _sentences(facts)
    return facts


def _of_model(model: str, answers: Sequence[Answered], references: Mapping[str, Answered], counted: bool) -> dict[str, Any]:
    by_language: dict[str, list[Answered]] = {}
    for each in answers:
        by_language.setdefault(each.language, []).append(each)
    scripts = Counter(Language(tag).code for tag in by_language)
    rows: list[dict[str, Any]] = []
    for tag, several in by_language.items():
        found = served(several, references)
        language = Language(tag)
        reference = any(each.task in references and references[each.task].language == tag for each in several)
        rows.append(
            {
                **describe(tag),
                "speakers": language.speakers // scripts[language.code] if language.speakers else None,
                # without a reference nothing is better than guessing, and the level says so
                "share": found.share if found else None,
                "low": found.low if found else None,
                "high": found.high if found else None,
                "level": found.level if found else "guess",
                "sure": found.sure or reference if found else True,
                "right": 100 * several[0].value if counted else None,
                "n": sum(each.n for each in several),
                "reference": reference,
            }
        )
    rows.sort(key=lambda row: (LEVELS.index(row["level"]), -(row["share"] or 0.0), row["name"]))
    others = [row for row in rows if not row["reference"]]
    return {
        "name": model,
        "rows": rows,
        "levels": [
            {"level": level, "count": len(some), "speakers": sum(row["speakers"] or 0 for row in some),
             "uncounted": sum(row["speakers"] is None for row in some)}
            for level in LEVELS
            for some in [[row for row in others if row["level"] == level]]
        ],
        "others": len(others),
        "mean_share": _mean([row["share"] for row in others]),
        "mean_right": _mean([row["right"] for row in others]),
        "right": {row["name"]: row["right"] for row in rows if row["reference"]},
    }  # fmt: skip


def _asked(task: Mapping[str, Any], answers: Sequence[Answered], references: Mapping[str, Answered]) -> dict[str, Any]:
    counts = [each.n for each in answers]
    return {
        "name": task["name"],
        "title": task.get("title"),
        "translated": task.get("translated"),
        "languages": len({each.language for each in answers}),
        "least": min(counts, default=0),
        "most": max(counts, default=0),
        "used": task["name"] in references,
        "asked": bool(answers),
    }


def _sentences(facts: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The first sentence, and those below it."""
    parts, against = facts["models"], wording.listed(facts["held_against"])
    if not against:
        who = wording.listed(each["name"] for each in parts)
        return f"{who}: no better than guessing in any language that was asked.", []
    if len(parts) > 1:
        means = [f"{_hundred(each['mean_share'])} from {each['name']}" for each in parts if each["mean_share"] is not None]
        if not means:
            return f"Any of {wording.listed(each['name'] for each in parts)} was better than guessing in {against} alone.", []
        sentence = f"Of 100 parts of what the best of these models can do in {against}, other languages get on average "
        return f"{sentence}{wording.listed(means)}.", []
    (part,) = parts
    if facts["counted"]:
        (there,) = part["right"].values()
        sentence = f"Of 100 questions in {against}, {part['name']} answers {there:.0f} right"
        sentence += f", and {part['mean_right']:.0f} in the average of the other languages." if part["others"] else "."
        sentence += f" Guessing gets {facts['chance']:.0f}." if facts["chance"] is not None else ""
    elif part["mean_share"] is not None:
        sentence = f"Of what {part['name']} can do in {against}, {_hundred(part['mean_share'])} of 100 parts are left "
        sentence += "in the average of the other languages."
    else:
        sentence = f"{part['name']} was better than guessing in {against} alone."
    return sentence, _left_behind(part)


def _left_behind(part: Mapping[str, Any]) -> list[str]:
    """How many people speak what is served badly, or not at all."""
    low = [each for each in part["levels"] if each["level"] in ("bad", "guess")]
    people, languages = sum(each["speakers"] for each in low), sum(each["count"] for each in low)
    if not people:
        return []
    which = "The language that is" if languages == 1 else f"The {wording.count(languages, 'language')} that are"
    verb = "is" if languages == 1 else "are"
    return [f"{which} served badly or not at all {verb} spoken by about {people_of(people)} people."]


def people_of(count: int) -> str:
    """A number of people, in two digits.

    Example:
        >>> people_of(1_234_000_000), people_of(48_300_000), people_of(6_200)
        ('1,200 million', '48 million', '6,200')
    """
    digits = len(str(count)) - 2
    rounded = round(count, -digits) if digits > 0 else count
    if rounded >= _MILLION:
        millions = rounded / _MILLION
        return f"{millions:,.1f}".removesuffix(".0") + " million"
    return f"{rounded:,}"


def draw_brief(facts: dict[str, Any]) -> str:
    """The brief as HTML."""
    return render("brief.html", facts=facts, version=__version__, people=people_of)


def answers_of_evaluation(facts: Mapping[str, Any]) -> list[Answered]:
    """The cells of an evaluation's page, the first condition of each task.

    Left out are scores of which less is better, and those without bounds: they are no shares of what is possible.
    """
    from panglot.evaluation.metrics.registry import of_statistics

    found, taken = [], set()
    for task in facts["tasks"]:
        metric, key = of_statistics(task["metric"]), (task["task"], task["model"])
        # MEXA asks nothing: it looks at hidden states
        if key in taken or not metric.higher_is_better or metric.bounds is None or task["metric"] == MEXA:
            continue
        taken.add(key)
        floor = max(0.0, metric.bounds[0]) if task["chance"] is None else float(task["chance"])
        for cell, language in zip(task["cells"], facts["languages"], strict=True):
            if cell is not None:
                found.append(
                    Answered(
                        task["task"], task["model"], language["tag"], cell["value"], cell["low"], cell["high"], cell["n"],
                        floor, metric.bounds[1], cell["at_chance"], language["tag"] == ENGLISH,
                    )
                )  # fmt: skip
    return found


def answers_of_transfer(facts: Mapping[str, Any]) -> list[Answered]:
    """The cells of the first row of a transfer matrix; the reference is what the row learnt."""
    from panglot.evaluation.metrics.registry import of_statistics

    first, bounds = facts["conditions"][0], of_statistics(facts["measure"]["metric"]).bounds
    if bounds is None:
        return []
    return [
        Answered(
            facts["task"], facts["model"]["base"], language["tag"], cell["value"], cell["low"], cell["high"], cell["n"],
            max(0.0, bounds[0]) if constant is None else constant, bounds[1], cell["at_chance"], cell["own"],
        )
        for cell, constant, language in zip(first["cells"], facts["constant"], facts["languages"], strict=True)
        if cell is not None
    ]  # fmt: skip


def _hundred(share: float) -> str:
    return f"{max(0.0, 100 * share):.0f}"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return sum(known) / len(known) if known else None
