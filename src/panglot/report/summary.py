"""A report in a few lines, for the terminal and for `--json`."""

from dataclasses import dataclass
from typing import Any

from panglot.report import wording


@dataclass(frozen=True)
class Summary:
    """What the command line prints at the end of a run.

    Attributes:
        headline: the first sentence of the report.
        more: the sentences below it.
        columns: names of the columns.
        rows: one list of plain strings for each language, the target first.
    """

    headline: str
    more: list[str]
    columns: list[str]
    rows: list[list[str]]


def summary(facts: dict[str, Any]) -> Summary:
    """The headline and the table of a report; a column that has no figure in any row is left out.

    Args:
        facts: `Page.facts`.
    """
    if "summary" in facts:
        return Summary(facts["headline"]["sentence"], facts["headline"]["more"], **facts["summary"])
    columns: dict[str, list[str]] = {
        "language": [],
        "before": [],
        "control": [],
        "after": [],
        "change": [],
        "95 % interval": [],
    }
    for each in facts["languages"]:
        columns["language"].append(each["name"])
        for name in ("before", "control", "after"):
            columns[name].append(wording.number(each[name]["value"]) if each[name] else "–")
        columns["change"].append(wording.signed(each["change"]["value"]))
        columns["95 % interval"].append(wording.interval(each["change"].get("low"), each["change"].get("high")))
    kept = {name: values for name, values in columns.items() if any(each != "–" for each in values)}
    rows = [list(row) for row in zip(*kept.values(), strict=True)]
    return Summary(facts["headline"]["sentence"], facts["headline"]["more"], list(kept), rows)
