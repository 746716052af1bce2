"""The section on parts of tasks of the report of an evaluation: scores by subject, by level, by programming language."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_COLUMNS = 6
"""Languages that have a column each; of more the mean and the least are shown."""


def parts_facts(figures: Mapping[str, Any], languages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every figure of the section for one task: an entry for each field that it is broken down by.

    Args:
        figures: of the step that measured; `breakdown` holds language, field and value to `value` and `n`.
        languages: of the page, in their order.
    """
    said: Mapping[str, Mapping[str, Any]] = figures.get("breakdown") or {}
    here = [each for each in languages if said.get(each["tag"])]
    fields = dict.fromkeys(field for each in here for field in said[each["tag"]])
    return [_field(field, said, here) for field in fields]


def _field(field: str, said: Mapping[str, Mapping[str, Any]], here: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = sorted({name for each in here for name in said[each["tag"]].get(field, {})})
    rows = []
    for name in names:
        cells = [said[each["tag"]].get(field, {}).get(name) for each in here]
        there = [(float(cell["value"]), str(each["name"])) for cell, each in zip(cells, here, strict=True) if cell]
        rows.append(
            {
                "name": name or "not said",
                "n": sum(int(cell["n"]) for cell in cells if cell),
                "mean": sum(value for value, _ in there) / len(there),
                "least": list(min(there)),
                "values": [cell["value"] if cell else None for cell in cells] if len(here) <= MOST_COLUMNS else [],
            }
        )
    shown = [each["name"] for each in here] if 1 < len(here) <= MOST_COLUMNS else []
    return {
        "field": field,
        "languages": shown,
        "count": len(here),
        "rows": sorted(rows, key=lambda row: (-row["mean"], row["name"])),
    }
