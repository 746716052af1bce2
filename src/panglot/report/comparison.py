"""The figures of a before-and-after comparison, taken from the result tables; nothing is measured here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from panglot.artifacts import InputError
from panglot.evaluation.results import Results, concatenate
from panglot.languages import Language
from panglot.report import wording
from panglot.report.wording import Difference

CHANGE, OVER_CONTROL, CONTROL_CHANGE = "change", "over control", "control change"

_MEASURES = {"accuracy": "accuracy", "mrr": "mean reciprocal rank"}
_SCORES = {"cosine": "cosine", "margin": "ratio margin"}
_DIRECTIONS = {"to_pivot": "to the pivot", "from_pivot": "from the pivot", "": "both directions"}
_METRIC = re.compile(r"(accuracy|mrr)(?:_(cosine|margin))?(?:_(to_pivot|from_pivot))?")

Figure = dict[str, float | None]
Row = dict[str, Any]


@dataclass(frozen=True)
class Control:
    """One control: its measurement and what it was trained on.

    Attributes:
        rows: its results, of one run or several.
        language: what it was trained on, for people; empty where that is not known.
    """

    rows: list[Row]
    language: str = ""


@dataclass
class Comparison:
    """What was measured, as lists of result rows.

    Attributes:
        change: rows of `evaluation.compare`: differences with their intervals.
        before: results of the base model.
        after: results of the taught model.
        control: the control, where there was one.
        relative: a control on a related language, where there was one.
        relative_change: rows of `evaluation.compare` between the two controls and the taught model, where it was computed.
    """

    change: list[Row]
    before: list[Row]
    after: list[Row]
    control: Control | None = None
    relative: Control | None = None
    relative_change: list[Row] = field(default_factory=list)


def read_rows(results: Results | Sequence[Results]) -> list[Row]:
    """The rows of one result table or of several.

    Raises:
        InputError: a table is missing or damaged.
    """
    rows: list[Row] = concatenate([results] if isinstance(results, Results) else results).to_pylist()
    return rows


def metric_label(metric: str) -> str:
    """A metric's name for people; one that is not known stands under its own name.

    Example:
        >>> metric_label("accuracy_cosine"), metric_label("mrr_margin_to_pivot")
        ('accuracy, both directions, cosine', 'mean reciprocal rank, to the pivot, ratio margin')
    """
    match = _METRIC.fullmatch(metric)
    if not match:
        return metric.replace("_", " ")
    parts = (_MEASURES[match[1]], _DIRECTIONS[match[3] or ""], _SCORES.get(match[2] or "", ""))
    return ", ".join(each for each in parts if each)


def describe(language: Language | str) -> dict[str, str]:
    """What a page needs to know of a language: names, direction, and the tag for `lang` attributes."""
    if isinstance(language, str):
        try:
            language = Language(language)
        except InputError:
            return {"tag": str(language), "name": str(language), "autonym": "", "direction": "auto", "lang": "und"}
    return {
        "tag": language.tag,
        "name": language.name,
        "autonym": language.autonym or "",
        "direction": language.direction,
        "lang": language.bcp47,
    }


def figure(rows: Sequence[Row], language: str, metric: str, means: Sequence[Row] = (), role: str = "") -> Figure | None:
    """One measurement: the value with its interval.

    Args:
        rows: results of one run, or of several runs with different seeds.
        language: tag.
        metric: as in the table.
        means: rows of `evaluation.compare`, which hold the mean of several runs with its interval.
        role: what the runs are called there.
    """
    found = [each for each in rows if each["language"] == language and each["metric"] == metric and each["value"] is not None]
    if not found:
        return None
    if len(found) == 1:
        return {"value": found[0]["value"], "low": found[0].get("ci_low"), "high": found[0].get("ci_high")}
    for each in means:
        if (each["language"], each["metric"]) == (language, metric) and each["condition"].startswith(f"{role}, mean of "):
            return {"value": each["value"], "low": each.get("ci_low"), "high": each.get("ci_high")}
    return {"value": sum(each["value"] for each in found) / len(found), "low": None, "high": None}


def difference(rows: Sequence[Row], language: str, metric: str, condition: str) -> Figure | None:
    """One difference with its interval and p values."""
    for each in rows:
        if (each["language"], each["metric"], each["condition"]) == (language, metric, condition) and each["value"] is not None:
            return {
                "value": each["value"],
                "low": each.get("ci_low"),
                "high": each.get("ci_high"),
                "p": each.get("p_value"),
                "p_adjusted": each.get("p_adjusted"),
            }
    return None


def as_difference(said: Figure) -> Difference:
    """A difference as the wording judges it: by the corrected p value where there is one."""
    value, adjusted = said["value"], said.get("p_adjusted")
    assert value is not None
    return Difference(value, said.get("low"), said.get("high"), said.get("p") if adjusted is None else adjusted)


def compared_languages(data: Comparison, target: Language, retained: Sequence[Language]) -> list[dict[str, str]]:
    """The languages in the order of the page: the target, the retained ones as given, then all others that were measured."""
    measured = {each["language"] for each in (*data.change, *data.after, *data.before)}
    given = [target.tag, *(each.tag for each in retained)]
    tags = [each for each in dict.fromkeys(given) if each in measured]
    tags += sorted(measured - set(tags))
    return [{**describe(tag), "role": "target" if tag == target.tag else "retained"} for tag in tags]


def language_rows(data: Comparison, languages: Sequence[dict[str, str]], metric: str) -> list[Row]:
    """One row per language with every figure of one metric; a language without before or after is left out."""
    rows = []
    for each in languages:
        tag = each["tag"]
        before, after = figure(data.before, tag, metric), figure(data.after, tag, metric, data.change, "after")
        if before is None or after is None:
            continue
        counted = [row["n"] for row in data.after if row["language"] == tag and row["metric"] == metric]
        change = difference(data.change, tag, metric, CHANGE)
        if change is None:
            change = {"value": _minus(after, before), "low": None, "high": None}
        rows.append(
            {
                **each,
                "n": counted[0],
                "before": before,
                "after": after,
                "control": figure(data.control.rows, tag, metric, data.change, "control") if data.control else None,
                "relative": figure(data.relative.rows, tag, metric, data.relative_change, "control") if data.relative else None,
                "change": {**change, "verdict": as_difference(change).verdict},
                "over_control": difference(data.change, tag, metric, OVER_CONTROL),
                "control_change": difference(data.change, tag, metric, CONTROL_CHANGE),
            }
        )
    return rows


def decomposition(row: Row, data: Comparison, metric: str) -> dict[str, Figure] | None:
    """The parts of the target's change: domain, (relatives,) language. None without a control.

    domain = control - before, language = after - control; with a control on a related language: relatives = relative - control,
    language = after - relative. The parts add up to the change. A part has an interval where `evaluation.compare` gave one.
    """
    if row["control"] is None:
        return None
    domain = row["control_change"] or {"value": _minus(row["control"], row["before"]), "low": None, "high": None}
    if row["relative"] is None:
        over = row["over_control"] or {"value": _minus(row["after"], row["control"]), "low": None, "high": None}
        return {"domain": domain, "language": over}
    tag = row["tag"]
    over = difference(data.relative_change, tag, metric, OVER_CONTROL)
    return {
        "domain": domain,
        "relatives": {"value": _minus(row["relative"], row["control"]), "low": None, "high": None},
        "language": over or {"value": _minus(row["after"], row["relative"]), "low": None, "high": None},
    }


def worst_retained(rows: Sequence[Row]) -> Row | None:
    """The retained language that changed for the worse most."""
    retained = [each for each in rows if each["role"] == "retained"]
    return min(retained, key=lambda each: (each["change"]["value"], each["tag"])) if retained else None


def headline(rows: Sequence[Row], data: Comparison, measure: str, seeds: list[int]) -> dict[str, Any]:
    """The sentences at the top, from the figures of the primary metric."""
    target = next((each for each in rows if each["role"] == "target"), None)
    if target is None:
        return {"sentence": "The language that was taught has not been measured.", "more": [], "verdict": "not shown"}
    change = as_difference(target["change"])
    before, after = target["before"]["value"], target["after"]["value"]
    decimals = wording.headline_decimals(before, after, change.value)
    more = []
    control = data.control
    if target["over_control"] is not None and control is not None:
        trained = f"the same training on {control.language}" if control.language else "the same training on another language"
        more.append(wording.over_control(change, as_difference(target["over_control"]), trained, decimals))
    if data.control is None:
        more.append("No control was run, so how much of it is the language and how much the domain is not known.")
    worst = worst_retained(rows)
    if worst is not None:
        told = wording.signed(worst["change"]["value"], 3)
        if worst["change"].get("low") is not None:
            told += f" (95 % interval {wording.interval(worst['change']['low'], worst['change']['high'], 3)})"
        retained = sum(each["role"] == "retained" for each in rows)
        if worst["change"]["value"] < 0:
            who = "The retained language" if retained == 1 else f"Of {wording.count(retained, 'retained language')}"
            more.append(
                f"{who}, {worst['name']}, dropped by {told}."
                if retained == 1
                else f"{who} {worst['name']} dropped most: {told}."
            )
        else:
            more.append(f"No retained language dropped; the smallest change is that of {worst['name']}, {told}.")
    more.append(f"Measured on {target['n']:,} held-out pairs, {wording.seeds_sentence(seeds)}.")
    return {
        "sentence": wording.headline(target["name"], measure, before, after, change, decimals=decimals),
        "more": more,
        "verdict": change.verdict,
        "decimals": decimals,
    }


def _minus(a: Figure, b: Figure) -> float:
    first, second = a["value"], b["value"]
    assert first is not None
    assert second is not None
    return first - second
