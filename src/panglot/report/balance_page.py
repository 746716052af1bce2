"""The page of a plan: share of each language as it is and as planned, and how often that repeats its text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from panglot import __version__
from panglot.artifacts import Step
from panglot.corpus.balance.plan import MANY_EPOCHS, Plan
from panglot.corpus.documents import UNDETERMINED
from panglot.report import account, wording
from panglot.report.comparison import describe
from panglot.report.corpus_wording import percent
from panglot.report.lineage import lineage
from panglot.report.page import CARD_FILE, FACTS_FILE, FORMAT, PAGE_FILE, Page, facts_json
from panglot.report.plots import Scale, Tick
from panglot.report.rendering import render
from panglot.report.text import markdown

KIND = "balance"
_MOST_DRAWN = 80
_LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class ShareRow:
    """One language: its share as it is and as planned, in pixels, and what stands at the right."""

    label: str
    y: float
    now: float | None
    planned: float | None
    text: str
    epochs: str
    often: bool


@dataclass
class SharePlot:
    """Shares on a logarithmic scale, the largest planned one first."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    label_limit: int
    narrow: bool
    ticks: list[Tick]
    rows: list[ShareRow] = field(default_factory=list)


def balance_page(*, plan: Plan, title: str = "", step: Step) -> Page:
    """Write the page of a plan.

    Args:
        plan: from `corpus.balance`.
        title: title of the page.
        step: where to write.

    Raises:
        InputError: there is no plan.
    """
    steps = lineage([plan])
    facts = balance_facts(plan, title)
    facts["reproduce"] = account.reproduction(steps)
    (step.out / FACTS_FILE).write_text(facts_json(facts), encoding="utf-8")
    (step.out / PAGE_FILE).write_text(draw_balance(facts, account.cost(steps)), encoding="utf-8")
    card = f"# {markdown(facts['title'])}\n\n{markdown(facts['headline']['sentence'], 600)}\n"
    (step.out / CARD_FILE).write_text(card, encoding="utf-8")
    step.figures["headline"] = facts["headline"]["sentence"]
    return Page(step.out)


def balance_facts(plan: Plan, title: str = "") -> dict[str, Any]:
    """Every figure of the page."""
    manifest = plan.manifest
    rows = sorted(plan.rows, key=lambda each: (-round(each["share"], 9), each["language"]))
    languages = [
        {
            **describe(each["language"]),
            **({"name": "unknown language"} if each["language"] == UNDETERMINED else {}),
            **{
                name: each[name]
                for name in ("documents", "characters", "bytes", "share_available", "share", "target", "epochs")
            },
        }
        for each in rows
    ]
    figures = manifest.figures if manifest else {}
    often = [each for each in languages if each["epochs"] > MANY_EPOCHS]
    total = math.fsum(each["target"] for each in languages)
    sentence = f"{total:,.0f} {plan.unit} in {wording.count(len(languages), 'language')}"
    if often:
        most = max(often, key=lambda each: (each["epochs"], each["tag"]))
        sentence += (
            f": {wording.count(len(often), 'language')} above {MANY_EPOCHS:g} epochs, {most['name']} with {most['epochs']:.1f}."
        )
    else:
        sentence += f", none above {MANY_EPOCHS:g} epochs."
    return {
        "format": FORMAT,
        "kind": KIND,
        "title": title or "How much of each language",
        "unit": plan.unit,
        "strategy": wording.plain(
            {key: value for key, value in figures.get("strategy", {}).items() if value not in ({}, None)}
        ),
        "languages": languages,
        "law": figures.get("law", {}),
        "notes": manifest.notes if manifest else [],
        "headline": {"sentence": sentence, "more": []},
        "summary": {
            "columns": ["language", "share now", "planned", "epochs"],
            "rows": [
                [each["name"], percent(each["share_available"]), percent(each["share"]), f"{each['epochs']:.2f}"]
                for each in languages[:20]
            ],
        },
        "measure": {"signatures": []},
        "model": {"base": ""},
        "fell_short": [],
        "limits": [
            f"Shares are of {plan.unit}, not of tokens: a tokenizer that cuts a language into more pieces gives it more steps.",
            "That repeated text is worth nearly as much as new text up to four epochs was measured on English "
            "(Muennighoff et al. 2023).",
        ],
    }


def draw_balance(facts: dict[str, Any], cost: dict[str, Any] | None = None) -> str:
    """The page as HTML.

    Args:
        facts: as in `facts.json`.
        cost: from `account.cost`; without it the section is left out.
    """
    return render(
        "balance_page.html",
        facts=facts,
        cost=cost,
        plots=[share_plot(facts["languages"], narrow=narrow) for narrow in (False, True)],
        left_out=max(0, len(facts["languages"]) - _MOST_DRAWN),
        version=__version__,
    )


def share_plot(languages: Sequence[dict[str, Any]], *, narrow: bool) -> SharePlot:
    """Lay out the languages; of more than eighty those that are repeated most and those with the largest shares.

    Args:
        languages: as in the facts.
        narrow: 360 units wide instead of 880.
    """
    chosen = list(languages)
    if len(chosen) > _MOST_DRAWN:
        often = sorted(chosen, key=lambda each: (-each["epochs"], each["tag"]))[: _MOST_DRAWN // 2]
        kept = {each["tag"] for each in often}
        for each in languages:
            if len(kept) < _MOST_DRAWN:
                kept.add(each["tag"])
        chosen = [each for each in languages if each["tag"] in kept]
    values = [each[name] for each in chosen for name in ("share_available", "share") if each[name] > _LEAST_SHARE]
    low = math.floor(math.log10(min(values, default=0.01)))
    high = 0.0
    left, right, height, top = (112.0, 280.0, 21.0, 26.0) if narrow else (200.0, 680.0, 20.0, 26.0)
    scale = Scale(low, high, left, right)
    marks = [power for power in range(low, 1) if not narrow or (power - low) % max(1, (1 - low) // 3) == 0]
    plot = SharePlot(
        width=360.0 if narrow else 880.0,
        height=top + len(chosen) * height + 34,
        left=left,
        right=right,
        top=top,
        bottom=top + len(chosen) * height,
        label_limit=15 if narrow else 26,
        narrow=narrow,
        ticks=[Tick(scale(power), f"{100 * 10.0**power:g} %") for power in marks],
    )
    for number, each in enumerate(chosen):
        places = [
            scale(math.log10(value)) if value > _LEAST_SHARE else None for value in (each["share_available"], each["share"])
        ]
        plot.rows.append(
            ShareRow(
                each["name"],
                round(top + (number + 0.5) * height, 2),
                places[0],
                places[1],
                percent(each["share"]),
                f"{each['epochs']:.2f}" if each["epochs"] < 10 else f"{each['epochs']:.0f}",
                each["epochs"] > MANY_EPOCHS,
            )
        )
    return plot
