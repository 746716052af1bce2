"""Retrieval examples that changed: wrong before and right after, and the other way round."""

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as compute

from panglot.artifacts import digest_value
from panglot.evaluation.results import Results
from panglot.report.text import shown

_READABLE = range(12, 110)
_Key = tuple[str, str, str, str]


def read_items(results: Results, language: str, metric: str) -> dict[_Key, dict[str, Any]]:
    """Items behind one figure by (task, metric, direction, item); empty where the results have none.

    The items of `accuracy_cosine_to_pivot` are those of `accuracy_cosine` in one direction, so both have the same items here.
    """
    table = results.items()
    rows = table.filter(compute.equal(table["language"], language)).to_pylist()
    return {
        (each["task"], each["metric"], each.get("direction") or "", str(each["item"])): each
        for each in rows
        if f"{metric}_".startswith(f"{each['metric']}_")
    }


def without_near_duplicates(measured: Mapping[str, Mapping[_Key, dict[str, Any]]], near: set[str]) -> dict[str, Any] | None:
    """The figures without the test items that are nearly the same as a training item.

    Args:
        measured: items by what was measured (`before`, `after`, …).
        near: ids of the items to leave out.

    Returns:
        near: how many were left out; n: how many are left; values: the share of right items by what was measured; None where no
        measured item is near, or every one is.
    """
    asked = {key[3] for key in measured["after"]}
    left = asked - near
    if not near & asked or not left:
        return None
    values = {}
    for name, items in measured.items():
        kept = [each["correct"] for key, each in items.items() if key[3] in left]
        if kept:
            values[name] = sum(kept) / len(kept)
    return {"near": len(near & asked), "n": len(left), "values": values}


def changed_examples(
    before: Mapping[_Key, dict[str, Any]],
    after: Mapping[_Key, dict[str, Any]],
    control: Mapping[_Key, dict[str, Any]] | None = None,
    *,
    limit: int = 8,
) -> dict[str, Any]:
    """Pick examples of change, the same ones in every run.

    Those of readable length come first, then by a hash of item and direction: no outcome decides. A text and an
    item are shown once.

    Returns:
        gained, lost: examples; gained_count, lost_count, same_count: how many items there are of each kind.
    """
    control = control or {}
    gained: list[dict[str, Any]] = []
    lost: list[dict[str, Any]] = []
    same = 0
    for key, item in after.items():
        earlier = before.get(key)
        if earlier is None or not item.get("source"):
            continue
        was, now = earlier["correct"] >= 0.5, item["correct"] >= 0.5
        if was == now:
            same += 1
            continue
        example = {
            "direction": key[2],
            "item": key[3],
            "source": item["source"],
            "expected": item.get("target") or "",
            "retrieved": (earlier if now else item).get("predicted") or "",
            "control_right": control[key]["correct"] >= 0.5 if key in control else None,
        }
        (gained if now else lost).append(example)
    return {
        "gained": _pick(gained, limit),
        "lost": _pick(lost, max(2, limit // 2)),
        "gained_count": len(gained),
        "lost_count": len(lost),
        "same_count": same,
    }


def _pick(examples: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    def order(each: dict[str, Any]) -> tuple[bool, str, str]:
        return (len(each["source"]) not in _READABLE, digest_value([each["item"], each["direction"]]), each["source"])

    picked: list[dict[str, Any]] = []
    seen: set[str] = set()
    for each in sorted(examples, key=order):
        if {each["item"], each["source"]} & seen:
            continue
        seen |= {each["item"], each["source"]}
        picked.append({**each, **{name: shown(each[name]) for name in ("source", "expected", "retrieved")}})
        if len(picked) == limit:
            break
    return picked
