"""The account of pairs as a table: what each step took away and why, and what was left, language by language."""

from collections.abc import Mapping
from typing import Any

_MOST_LANGUAGES = 6
LEAKAGE = "a string of it stands in the test"


def ledger(data: Mapping[str, Any], first: str) -> dict[str, Any]:
    """Lay out the data account.

    Within a step, rows of what was taken away (with its reason) stand before the row of what was left, so that a column can be
    added up from top to bottom.

    Args:
        data: from `account.data_account`.
        first: tag of the language whose column stands first.

    Returns:
        languages: tags of the columns; further languages are summed in one more column where `others` is true.
        rows: `kind` (taken or left), `step`, `part`, `component`, `reason`, `values` (one for each column, None for nothing).

    Example:
        >>> data = {"flow": [{"step": "clean", "component": "corpus.clean", "part": "", "pairs": {"hsb_Latn": 343}}],
        ...         "dropped": [{"step": "clean", "language": "hsb_Latn", "reason": "too short", "pairs": 485}], "leakage": []}
        >>> [(row["kind"], row["values"]) for row in ledger(data, "hsb_Latn")["rows"]]
        [('taken', [485]), ('left', [343])]
    """
    weights: dict[str, int] = {}
    for each in data["flow"]:
        for tag, n in each["pairs"].items():
            weights[tag] = max(weights.get(tag, 0), n)
    for each in (*data["dropped"], *data["leakage"]):
        weights.setdefault(each["language"], 0)
    tags = sorted(weights, key=lambda tag: (tag != first, -weights[tag], tag))
    shown, others = tags[:_MOST_LANGUAGES], tags[_MOST_LANGUAGES:]

    def values(counts: Mapping[str, int]) -> list[int | None]:
        found = [counts.get(tag) for tag in shown]
        rest = sum(counts.get(tag, 0) for tag in others)
        return [*found, rest or None] if others else found

    rows: list[dict[str, Any]] = []
    for step in dict.fromkeys(each["step"] for each in (*data["flow"], *data["dropped"], *data["leakage"])):
        taken: dict[str, dict[str, int]] = {}
        for each in data["dropped"]:
            if each["step"] == step:
                taken.setdefault(each["reason"], {})[each["language"]] = each["pairs"]
        for each in data["leakage"]:
            if each["step"] == step:
                taken.setdefault(LEAKAGE, {})[each["language"]] = each["pairs"]
        for reason, counts in sorted(taken.items()):
            rows.append(
                {"kind": "taken", "step": step, "part": "", "component": "", "reason": reason, "values": values(counts)}
            )
        for each in data["flow"]:
            if each["step"] == step:
                left = {"kind": "left", "step": step, "part": each["part"], "component": each["component"], "reason": ""}
                rows.append({**left, "values": values(each["pairs"])})
    return {"languages": shown, "others": len(others), "rows": rows}
