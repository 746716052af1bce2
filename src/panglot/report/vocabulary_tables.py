"""The tables of a tokenizer's page: rows and cells of plain strings, in the order in which they are shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from panglot.report.vocabulary_wording import figure, from_to, without_unit
from panglot.vocabulary.measures import KINDS

_ORDER = (
    "premium", "premium_mean", "fertility", "continued", "tokens_per_character", "tokens_per_cluster", "tokens_per_byte",
    "bytes_per_token", "single", "unknown", "coverage", "byte_fallback", "round_trip_loss", "altered", "renyi_efficiency",
    "pieces", "effective_pieces", "average_rank",
)  # fmt: skip
_COSTS = ("cost_of_text", "cost_of_characters", "cost_of_characters_written", "context_characters", "context_documents")


def nearest(overlap: Mapping[str, Any], labels: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """For each language the three with which it shares most."""
    found = []
    tags = overlap["languages"]
    for i, tag in enumerate(tags):
        others = sorted((j for j in range(len(tags)) if j != i), key=lambda j: (-overlap["overlap"][i][j], tags[j]))[:3]
        near = [f"{labels[tags[j]]['name']} {overlap['overlap'][i][j]:.2f}" for j in others]
        found.append({"name": labels[tag]["name"], "tag": tag, "nearest": near})
    return sorted(found, key=lambda each: each["name"])


def _cell(metric: str, said: Mapping[str, float | None] | None, *, sign: bool = False) -> dict[str, str]:
    kind = KINDS[metric]
    if said is None:
        return {"text": "–", "below": ""}
    below = ""
    if said["low"] is not None:
        low, high = (figure(kind, said[end], sign=sign) for end in ("low", "high"))
        below = f"{without_unit(low)} to {high}"
    return {"text": figure(kind, said["value"], sign=sign), "below": below}


def table(facts: Mapping[str, Any], name: str, number: int) -> dict[str, Any]:
    """All measures of one tokenizer: cells, and the place of each row in the order of each column."""
    languages = facts["languages"]
    metrics = [each for each in _ORDER if any(each in one["figures"][name] for one in languages)]
    by_name = sorted(languages, key=lambda each: each["name"])
    orders: dict[str, dict[str, int]] = {"name": {each["tag"]: place for place, each in enumerate(by_name)}}
    for metric in metrics:
        # a language without the figure stands last
        keyed = sorted(by_name, key=lambda each: -each["figures"][name].get(metric, {"value": -1e300})["value"])
        orders[metric] = {each["tag"]: place for place, each in enumerate(keyed)}
    first = facts["main"] if facts["main"] in metrics else "name"
    return {
        "id": f"t{number}",
        "name": name,
        "metrics": metrics,
        "orders": {key: f"o{place}" for place, key in enumerate(orders)},
        "first": first,
        "rows": [
            {
                **each,
                "blind": not each["readable"][name],
                "order": ";".join(f"--o{place}:{order[each['tag']]}" for place, order in enumerate(orders.values())),
                "cells": [_cell(metric, each["figures"][name].get(metric)) for metric in metrics],
                "why": [each["absent"].get(metric, "") for metric in metrics],
            }
            for each in sorted(languages, key=lambda each: orders[first][each["tag"]])
        ],
    }


def absences(languages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Why there are no figures: each reason once, with what is missing and where."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for each in languages:
        reasons: dict[str, list[str]] = {}
        for metric, reason in each["absent"].items():
            reasons.setdefault(reason, []).append(KINDS[metric].label)
        for reason, missing in reasons.items():
            found.setdefault((reason, tuple(sorted(missing))), []).append(each["name"])
    return [
        {"missing": ", ".join(missing), "reason": reason, "languages": ", ".join(sorted(names))}
        for (reason, missing), names in sorted(found.items())
    ]


def change_table(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The first tokenizer, the last, and the difference, for what a change of vocabulary is made for."""
    names = [each["name"] for each in facts["tokenizers"]]
    first, last = names[0], names[-1]
    metrics = [each for each in (facts["main"], "fertility", "unknown")
               if any(each in one["figures"][last] for one in facts["languages"])]  # fmt: skip

    def moved(each: dict[str, Any]) -> tuple[bool, float, str]:
        # where a tokenizer knows little of a language, fewer tokens are no saving
        said = each["changes"][last].get("tokens_change")
        return not (each["readable"][first] and each["readable"][last]), said["value"] if said else 0.0, each["tag"]

    return {
        "first": first,
        "last": last,
        "metrics": metrics,
        "rows": [
            {
                **each,
                "blind": not (each["readable"][first] and each["readable"][last]),
                "change": _cell("tokens_change", each["changes"][last].get("tokens_change"), sign=True),
                "texts": _cell("texts_changed", each["changes"][last].get("texts_changed")),
                "pairs": [
                    {
                        "text": from_to(*(_cell(metric, each["figures"][name].get(metric))["text"] for name in (first, last))),
                        "difference": _cell(metric, each["changes"][last].get(metric), sign=True),
                    }
                    for metric in metrics
                ],
            }
            for each in sorted(facts["languages"], key=moved)
        ],
    }


def price_table(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Money and room with one tokenizer, the dearest language first, those that it does not represent last."""
    languages = facts["languages"]
    metrics = [each for each in _COSTS if any(each in one["figures"][name] for one in languages)]
    main = facts["main"]

    def paid(each: dict[str, Any]) -> tuple[bool, float, str]:
        said = each["figures"][name].get(main)
        return not each["readable"][name], -said["value"] if said else 0.0, each["tag"]

    return {
        "name": name,
        "metrics": metrics,
        "rows": [
            {
                **each,
                "blind": not each["readable"][name],
                "cells": [_cell(metric, each["figures"][name].get(metric)) for metric in metrics],
                "premium": _cell("premium", each["figures"][name].get("premium"))["text"],
            }
            for each in sorted(languages, key=paid)
        ],
    }
