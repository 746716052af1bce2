"""Claim: the filters SF1 to SF5 of Glot500 find noise."""

import json
from collections import Counter

from panglot.corpus.documents import Documents
from panglot.corpus.noise import KINDS
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, Outcome
from panglot.recipes.claims.planted_noise import noise_steps
from panglot.recipes.recipe import StepRecipe

# what each filter is said to be for; the other kinds are shown beside it
_FILTERS = {
    "SF1": ("repeated_characters", "character_repetition", "repeated_lines"),
    "SF2": ("repeated_words", "word_repetition", "repeated_lines"),
    "SF3": ("special_characters", "special_characters", "table"),
    "SF4": ("few_words", "words", None),
    "SF5": ("duplicate_bare_lines", "duplicate_bare_line_share", "repeated_lines"),
}
_ALL = {
    "character_repetition": 0.2,
    "word_repetition": 0.3,
    "special_characters": 0.4,
    "words": 10,
    "duplicate_bare_line_share": 0.3,
}
_FOUND = 0.95


def _steps() -> dict[str, StepRecipe]:
    steps = noise_steps()
    for name, (_, signal, _) in _FILTERS.items():
        side = "min" if signal == "words" else "max"
        bounds = {"of": "$noisy", "signals": "$noise_signals", "rules": [], "bounds": {signal: {side: _ALL[signal]}}}
        steps[f"noise_{name.lower()}"] = StepRecipe("corpus.filter", bounds)
    return steps


def _kinds(documents: Documents | None) -> Counter[str]:
    rows = documents.rows() if documents is not None else iter(())
    return Counter(json.loads(row["meta"] or "{}").get("noise", "clean") for row in rows)


def _judge(artifacts: Artifacts) -> list[Finding]:
    noisy = artifacts["noisy"]
    assert isinstance(noisy, Documents)
    there = _kinds(noisy)
    found = []
    for name, (_, signal, kind) in _FILTERS.items():
        kept = artifacts[f"noise_{name.lower()}"]
        assert isinstance(kept, Documents)
        dropped = _kinds(kept.dropped)
        arms = {each: dropped[each] / there[each] for each in ("clean", *KINDS) if there[each]}
        value = arms.get(kind, 0.0) if kind else max(arms.values())
        outcome: Outcome = "as claimed" if kind is None or value >= _FOUND else "not shown"
        if arms.get("clean", 0.0) > value:
            outcome = "contrary"
        what = f"{kind} found" if kind else "most found of any kind"
        found.append(Finding(f"{name}, {signal}: share of {what}", value, None, None, arms, outcome, kind is not None))
    return found


SENTENCE_FILTERS = Claim(
    "sentence-filters",
    "Character and word repetition, special characters, few words and duplicate lines find noise and leave clean text alone.",
    "ImaniGooghari et al. 2023, Glot500 (SF1 to SF5, with the ratios of ROOTS)",
    "Share of each kind of planted noise, and of clean documents, that each filter drops at its published value; ten "
    "languages.",
    _steps,
    _judge,
)
