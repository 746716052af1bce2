"""From facts to the page: geometry for the plots, then the template."""

import math
from typing import Any

from panglot import __version__
from panglot.report import wording
from panglot.report.comparison import describe, worst_retained
from panglot.report.ledger import ledger
from panglot.report.plots import Curve, Waterfall, curve, dot_plot, waterfall
from panglot.report.rendering import render

_NOT_DRAWN = {"step", "epoch", "learning_rate", "tokens", "labels", "grad_norm", "gradient_norm"}
_PARTS = {"domain": "Domain", "relatives": "Relatives", "language": "Language"}


def draw(facts: dict[str, Any], cost: dict[str, Any] | None = None) -> str:
    """The page as HTML.

    Args:
        facts: as in `facts.json`.
        cost: from `account.cost`; without it the section is left out.
    """
    rows = facts["languages"]
    return render(
        "page.html",
        facts=facts,
        cost=cost,
        tiles=tiles(facts),
        plots=[dot_plot(rows, narrow=narrow, chance=facts["measure"]["chance"]) for narrow in (False, True)],
        kinds=[kind for kind in ("before", "control", "relative", "after") if any(each.get(kind) for each in rows)],
        falls=_falls(facts),
        parts=_PARTS,
        curves=curves(facts),
        pairs=ledger(facts["data"], facts["language"]["tag"]),
        languages=LanguageNames(),
        version=__version__,
    )


class LanguageNames(dict[str, dict[str, str]]):
    """Tag to description, looked up once."""

    def __missing__(self, tag: str) -> dict[str, str]:
        self[tag] = describe(tag)
        return self[tag]


def tiles(facts: dict[str, Any]) -> list[dict[str, str]]:
    """The figures at the top: label, figure, and a line below it."""
    rows = facts["languages"]
    target = next((each for each in rows if each["role"] == "target"), None)
    if target is None:
        return []
    decimals = facts["headline"].get("decimals", 2)

    def between(said: dict[str, Any], *, sign: bool) -> str:
        return wording.interval(said.get("low"), said.get("high"), decimals, sign=sign) if said.get("low") is not None else ""

    found = [
        {"kind": name, "label": name.capitalize(), "figure": wording.number(target[name]["value"], decimals),
         "below": between(target[name], sign=False)}
        for name in ("before", "after")
    ]  # fmt: skip
    if target["over_control"] is not None:
        over = target["over_control"]
        figure = wording.signed(over["value"], decimals)
        found.append({"kind": "control", "label": "Over the control", "figure": figure, "below": between(over, sign=True)})
    else:
        change = target["change"]
        figure = wording.signed(change["value"], decimals)
        found.append({"kind": "change", "label": "Change", "figure": figure, "below": between(change, sign=True)})
    worst = worst_retained(rows)
    if worst is not None:
        change = worst["change"]
        below = wording.interval(change.get("low"), change.get("high"), 3) if change.get("low") is not None else ""
        found.append(
            {"kind": "retained", "label": f"Worst retained: {worst['name']}", "figure": wording.signed(change["value"], 3),
             "below": below}
        )  # fmt: skip
    return found


def _falls(facts: dict[str, Any]) -> list[Waterfall]:
    parts = facts["decomposition"]
    target = next((each for each in facts["languages"] if each["role"] == "target"), None)
    if parts is None or target is None:
        return []
    at = target["before"]["value"]
    stages = [{"kind": "before", "label": "Before", "start": 0.0, "end": at, "text": wording.number(at)}]
    for name, part in parts.items():
        stages.append(
            {
                "kind": name,
                "label": _PARTS[name],
                "start": at,
                "end": at + part["value"],
                "text": wording.signed(part["value"]),
            }
        )
        at += part["value"]
    after = target["after"]["value"]
    stages.append({"kind": "after", "label": "After", "start": 0.0, "end": after, "text": wording.number(after)})
    return [waterfall(stages, narrow=narrow) for narrow in (False, True)]


def curves(facts: dict[str, Any]) -> list[list[Curve]]:
    """One list for each quantity that was recorded in training: the wide and the narrow plot."""
    taught = set(facts["taught"])
    found = []
    recorded = {key for each in facts["training"] for point in each["curve"] for key in point} - _NOT_DRAWN
    for key in sorted(recorded, key=lambda name: (name != "loss", name)):
        title = "Training loss" if key == "loss" else key.replace("_", " ").capitalize()
        series = []
        for each in facts["training"]:
            points = [(point["step"], point[key]) for point in each["curve"] if key in point and math.isfinite(point[key])]
            kind = "after" if each["step"] in taught else "control"
            series.append({"kind": kind, "label": each["step"], "points": points})
        drawn = [curve(series, narrow=narrow, title=title) for narrow in (False, True)]
        if all(each is not None for each in drawn):
            found.append([each for each in drawn if each is not None])
    return found
