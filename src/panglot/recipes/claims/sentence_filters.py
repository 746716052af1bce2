"""Claim: the filters SF1 to SF5 of Glot500 find noise."""

import json
from collections import Counter
from typing import Any

from panglot.corpus.documents import Documents
from panglot.corpus.noise import KINDS
from panglot.evaluation.statistics import wilson
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, Outcome
from panglot.recipes.claims.planted_noise import text_steps
from panglot.recipes.recipe import StepRecipe

# Signal, side and published value; what the filter is said to be for: other kinds are shown beside it.
_FILTERS: dict[str, tuple[str, str, float, str | None]] = {
    "SF1": ("character_repetition", "max", 0.2, "repeated_lines"),
    "SF2": ("word_repetition", "max", 0.3, "repeated_lines"),
    "SF3": ("special_characters", "max", 0.4, "table"),
    "SF4": ("words", "min", 10, None),
    "SF5": ("duplicate_bare_line_share", "max", 0.3, "repeated_lines"),
}
_FOUND = 0.95
_GROUPS = ["size", "roots"]


def _steps() -> dict[str, StepRecipe]:
    steps = {
        **text_steps(),
        "noise_documents": StepRecipe("corpus.join_texts", {"of": "$noise_text"}),
        "noise_planted": StepRecipe("corpus.plant_noise", {"of": "$noise_documents", "share": 0.8}),
        "noise_planted_signals": StepRecipe("corpus.signals", {"of": "$noise_planted", "groups": _GROUPS}),
    }
    for name, (signal, side, value, _) in _FILTERS.items():
        bounds: dict[str, Any] = {"rules": [], "bounds": {signal: {side: value}}}
        filtered = {"of": "$noise_planted", "signals": "$noise_planted_signals", **bounds}
        steps[f"noise_{name.lower()}"] = StepRecipe("corpus.filter", filtered)
    return steps


def _kinds(documents: Documents | None) -> Counter[str]:
    rows = documents.rows() if documents is not None else iter(())
    return Counter(json.loads(row["meta"] or "{}").get("noise", "clean") for row in rows)


def _judge(artifacts: Artifacts) -> list[Finding]:
    noisy = artifacts["noise_planted"]
    assert isinstance(noisy, Documents)
    there = _kinds(noisy)
    found = []
    for name, (signal, _, _, kind) in _FILTERS.items():
        kept = artifacts[f"noise_{name.lower()}"]
        assert isinstance(kept, Documents)
        dropped = _kinds(kept.dropped)
        arms = {each: dropped[each] / there[each] for each in ("clean", *KINDS) if there[each]}
        chosen = kind or max(KINDS, key=lambda each: arms.get(each, 0.0))
        low, high = wilson(dropped[chosen], there[chosen])
        outcome: Outcome = "as claimed" if low > _FOUND else "not shown"
        # A filter that misses noise is weak; one that drops clean text more often than noise says the contrary.
        if wilson(dropped["clean"], there["clean"]).low > high:
            outcome = "contrary"
        what = f"{name}, {signal}: {chosen} found, claimed above {_FOUND:.0%}"
        found.append(Finding(what, arms[chosen], low, high, arms, outcome, kind is not None))
    return found


SENTENCE_FILTERS = Claim(
    "sentence-filters",
    "Character and word repetition, special characters and duplicate lines find noise and leave clean text alone.",
    "ImaniGooghari et al. 2023, Glot500 (SF1 to SF5, with the ratios of ROOTS)",
    "Share of each kind of planted noise, and of clean documents, that each filter drops at its published value, with Wilson "
    "intervals; ten languages. Nothing that is planted has few words, so that SF4 is shown and does not count.",
    _steps,
    _judge,
)
