"""Claim: documents repeated by the size of their cluster teach a model more than each of them once.

FineWeb2 observes that pages which the web holds a few times are better than those that it holds once or very often. Here that
is planted: clean documents mostly stand two to eight times, noise mostly once or forty times. So the claim tests whether the
mechanism pays where the observation holds (filters see part of the noise only; what they remove of each size says what to
repeat), and, with the same sizes dealt out at random, whether it costs anything where it does not.
"""

from typing import Any

from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, outcome_below
from panglot.recipes.claims.small_model import SEEDS, TRAINED, pooled
from panglot.recipes.recipe import StepRecipe

LANGUAGES = ("spa_Latn", "ita_Latn", "nld_Latn", "ukr_Cyrl")
CODES = tuple(tag[:3] for tag in LANGUAGES)
# Not `wrong_language`: the same document planted twice would be a cluster of another size than was dealt out.
KINDS = ("shuffled_words", "repeated_lines", "boilerplate", "table", "mojibake", "gibberish")
CLEAN = {"1": 0.25, "2": 0.3, "5": 0.4, "40": 0.05}
NOISE = {"1": 0.65, "2": 0.15, "5": 0.1, "40": 0.1}
STEPS, STEP_BYTES = 60, 1024
DEDUPLICATED, DUPLICATED, REHYDRATED, RANDOM = "deduplicated", "duplicated", "rehydrated", "rehydrated-random"
_TEXT = {
    DEDUPLICATED: "$copies_filtered",
    DUPLICATED: "$copies_all_filtered",
    REHYDRATED: "$copies_rehydrated",
    RANDOM: "$copies_random_rehydrated",
}
MARGIN = 0.01
"""What counts as no loss: a share of the bits per byte of the deduplicated text."""


def _filtered(of: str, signals: str) -> StepRecipe:
    return StepRecipe("corpus.filter", {"of": of, "signals": signals, "rules": ["glot500"]})


def _signals(of: str) -> StepRecipe:
    return StepRecipe("corpus.signals", {"of": of, "groups": ["size", "roots"]})


def _clusters(of: str) -> StepRecipe:
    return StepRecipe("corpus.near_duplicates", {"of": of})


def _rehydrated(prefix: str) -> dict[str, StepRecipe]:
    weighing: dict[str, Any] = {
        "of": "$copies_filtered", "before": "$copies_unique", "clusters": f"${prefix}_clusters",
        "weights": {"method": "rates", "maximum": 10, "tail": 20},
    }  # fmt: skip
    repeated = {"of": "$copies_filtered", "repetitions": f"${prefix}_weights"}
    return {
        f"{prefix}_weights": StepRecipe("corpus.rehydrate", weighing),
        f"{prefix}_rehydrated": StepRecipe("corpus.repeat", repeated),
    }


def _steps() -> dict[str, StepRecipe]:
    sizes = {"of": "$copies_noisy", "clean": CLEAN, "noise": NOISE}
    model = {"tokenizer": "$copies_tokenizer", "architecture": "llama", "layers": 2, "width": 64, "heads": 2}
    steps = {
        "copies_pairs": StepRecipe("corpus.harvest_gettext", {"languages": list(LANGUAGES), "packages": list(DEMO_PACKAGES)}),
        "copies_text": StepRecipe("corpus.side", {"of": "$copies_pairs", "side": "source"}),
        "copies_parts": StepRecipe("corpus.split_text", {"of": "$copies_text", "test": 300}),
        "copies_heldout": StepRecipe("corpus.join_texts", {"of": "$copies_parts.test", "characters": 250}),
        "copies_raw": StepRecipe("corpus.join_texts", {"of": "$copies_parts.train", "characters": 250}),
        "copies_noisy": StepRecipe("corpus.plant_noise", {"of": "$copies_raw", "share": 0.6, "kinds": list(KINDS)}),
        "copies": StepRecipe("corpus.plant_copies", sizes),
        "copies_random": StepRecipe("corpus.plant_copies", {**sizes, "shuffled": True}),
        "copies_clusters": _clusters("$copies"),
        "copies_random_clusters": _clusters("$copies_random"),
        "copies_unique": StepRecipe("corpus.deduplicate", {"of": "$copies", "clusters": "$copies_clusters"}),
        "copies_signals": _signals("$copies_unique"),
        "copies_filtered": _filtered("$copies_unique", "$copies_signals"),
        "copies_all_signals": _signals("$copies"),
        "copies_all_filtered": _filtered("$copies", "$copies_all_signals"),
        **_rehydrated("copies"),
        **_rehydrated("copies_random"),
        "copies_tokenizer": StepRecipe("vocabulary.train", {"text": "$copies_raw", "size": 2000, "algorithm": "unigram"}),
        "copies_model": StepRecipe("training.new_model", model),
    }
    for tag, code in zip(LANGUAGES, CODES, strict=True):
        heldout = f"copies_heldout_{code}"
        steps[heldout] = StepRecipe("corpus.keep_languages", {"of": "$copies_heldout", "languages": [tag]})
        for arm, text in _TEXT.items():
            steps[f"{arm}_{code}"] = StepRecipe("corpus.keep_languages", {"of": text, "languages": [tag]})
            trial = {
                "model": "$copies_model", "text": f"${arm}_{code}", "heldout": f"${heldout}", "steps": STEPS,
                "learning_rate": 3e-3, **TRAINED, "batch_bytes": STEP_BYTES, "arm": arm,
            }  # fmt: skip
            steps |= {f"{arm}-{code}-{seed}": StepRecipe("evaluation.trial", trial, seed) for seed in SEEDS}
    return steps


def _finding(artifacts: Artifacts, arm: str, control: str, *, margin: float = 0.0, counts: bool = True) -> Finding:
    found, arms = pooled(artifacts, arm, control, STEPS, parts=CODES)
    bound = margin * arms[control]
    said = f", claimed below +{bound:.3f} ({margin:.0%})" if margin else ""
    outcome = outcome_below(found.low, found.high, bound=bound)
    return Finding(f"{arm} − {control}{said}", found.value, found.low, found.high, arms, outcome, counts)


REHYDRATION = Claim(
    "rehydration",
    "Repeating documents of those cluster sizes of which filters remove least is better than each once and than all copies.",
    "Penedo et al. 2025, FineWeb2",
    f"Bits per byte of held-out documents in four languages after {STEPS} steps of {STEP_BYTES} bytes, a small decoder a "
    "language; six in ten documents are noise, and sizes of clusters are planted: tied to noise as FineWeb2 observes it, or "
    f"dealt out at random, where no more than {MARGIN:.0%} may be lost; three seeds.",
    _steps,
    lambda artifacts: [
        _finding(artifacts, REHYDRATED, DEDUPLICATED),
        _finding(artifacts, REHYDRATED, DUPLICATED),
        _finding(artifacts, RANDOM, DEDUPLICATED, margin=MARGIN),
        _finding(artifacts, DUPLICATED, DEDUPLICATED, counts=False),
        _finding(artifacts, RANDOM, DEDUPLICATED, counts=False),
    ],
)
