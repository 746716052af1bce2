"""Claims about shares of languages: small models of five languages, of which one has little text.

The text is that of the gettext catalogues of the extra `demo`. Greek, which shares its letters with none of the others, is cut
to half a hundredth of the text; German, French, Spanish and Russian stay whole. Every arm trains the same small model from
scratch on as many bytes, drawn by another plan, and is measured on held-out Greek and German.
"""

from typing import Any

from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, outcome_below
from panglot.recipes.claims.small_model import SEEDS, difference
from panglot.recipes.recipe import StepRecipe

LOW = "ell_Grek"
HIGH = ("deu_Latn", "fra_Latn", "spa_Latn", "rus_Cyrl")
STEPS, STEP_BYTES = 80, 2048
SHARE = 0.005
NATURAL, TEMPERATURE, UNIMAX, EQUAL, FRESH = "natural", "temperature", "unimax", "equal", "fresh"
_RULES: dict[str, dict[str, Any]] = {
    NATURAL: {"method": "temperature", "alpha": 1.0},
    TEMPERATURE: {"method": "temperature", "alpha": 0.3},
    UNIMAX: {"method": "unimax", "epochs": 4.0},
    EQUAL: {"method": "temperature", "alpha": 0.0},
    FRESH: {"method": "temperature", "alpha": 0.0},
}
_MEASURE = (
    f"Bits per byte of held-out Greek after {STEPS} steps of {STEP_BYTES} bytes from scratch, Greek being {SHARE:.1%} of the "
    "text; three seeds."
)


def _shared() -> dict[str, StepRecipe]:
    whole = {"strategy": {"method": "temperature", "alpha": 1.0}, "unit": "bytes", "most_epochs": 1.0}
    return {
        "pairs": StepRecipe("corpus.harvest_gettext", {"languages": [LOW, *HIGH], "packages": list(DEMO_PACKAGES)}),
        "split": StepRecipe("corpus.split", {"of": "$pairs", "test": 150}),
        "measured_pairs": StepRecipe("corpus.select", {"of": "$split.test", "languages": [LOW, HIGH[0]]}),
        "heldout": StepRecipe("corpus.side", {"of": "$measured_pairs", "side": "source"}),
        "text": StepRecipe("corpus.side", {"of": "$split.train", "side": "source"}),
        "skew": StepRecipe("corpus.balance", {"of": "$text", **whole, "most_shares": {LOW: SHARE}}),
        "skewed": StepRecipe("corpus.sample", {"of": "$text", "plan": "$skew"}),
        "tokenizer": StepRecipe("vocabulary.train", {"text": "$skewed", "size": 2000, "algorithm": "unigram"}),
        "untrained": StepRecipe(
            "training.new_model", {"tokenizer": "$tokenizer", "architecture": "llama", "layers": 2, "width": 64, "heads": 2}
        ),
    }


def _arm(arm: str) -> dict[str, StepRecipe]:
    of = "$text" if arm == FRESH else "$skewed"
    planned = {"of": of, "strategy": _RULES[arm], "unit": "bytes", "budget": float(STEPS * STEP_BYTES)}
    trial = {
        "model": "$untrained", "text": f"${arm}-text", "heldout": "$heldout", "steps": STEPS, "batch_bytes": STEP_BYTES,
        "sequence_length": 128, "learning_rate": 3e-3, "precision": "fp32", "arm": arm,
    }  # fmt: skip
    return {
        f"{arm}-plan": StepRecipe("corpus.balance", planned),
        f"{arm}-text": StepRecipe("corpus.sample", {"of": of, "plan": f"${arm}-plan"}),
        **{f"{arm}-{seed}": StepRecipe("evaluation.trial", trial, seed) for seed in SEEDS},
    }


def _steps(name: str, arms: list[str], control: str) -> dict[str, StepRecipe]:
    trials = [f"${arm}-{seed}" for arm in arms for seed in SEEDS]
    compared = {"trials": trials, "controls": [control]}
    return {
        **_shared(),
        **{step: recipe for arm in arms for step, recipe in _arm(arm).items()},
        f"compared-{name}": StepRecipe("evaluation.compare_trials", compared),
    }


def _finding(
    artifacts: Artifacts, name: str, arm: str, control: str, language: str = LOW, *, above: bool = False, counts: bool = True
) -> Finding:
    """That an arm needs fewer bits than a control, or with `above` more."""
    row = difference(artifacts[f"compared-{name}"], arm, control, STEPS, language)
    low, high = row["ci_low"], row["ci_high"]
    outcome = outcome_below(-high, -low) if above else outcome_below(low, high)
    said = "Greek" if language == LOW else "German"
    return Finding(f"{arm} − {control} in {said}", row["value"], low, high, row["arms"], outcome, counts)


BALANCE_TEMPERATURE = Claim(
    "temperature",
    "Sampling with a temperature helps languages of little text; languages of much text pay for it.",
    "Conneau et al. 2020, Unsupervised Cross-lingual Representation Learning at Scale",
    _MEASURE,
    lambda: _steps("temperature", [TEMPERATURE, EQUAL, NATURAL], NATURAL),
    lambda artifacts: [
        _finding(artifacts, "temperature", TEMPERATURE, NATURAL),
        _finding(artifacts, "temperature", EQUAL, NATURAL, counts=False),
        _finding(artifacts, "temperature", TEMPERATURE, NATURAL, HIGH[0], above=True, counts=False),
    ],
)
BALANCE_UNIMAX = Claim(
    "unimax",
    "Equal shares with at most four epochs help languages of little text.",
    "Chung et al. 2023, UniMax: Fairer and More Effective Language Sampling for Large-Scale Multilingual Pretraining",
    _MEASURE,
    lambda: _steps("unimax", [UNIMAX, TEMPERATURE, NATURAL], NATURAL),
    lambda artifacts: [
        _finding(artifacts, "unimax", UNIMAX, NATURAL),
        _finding(artifacts, "unimax", TEMPERATURE, NATURAL, counts=False),
        _finding(artifacts, "unimax", UNIMAX, NATURAL, HIGH[0], above=True, counts=False),
    ],
)
BALANCE_REPETITION = Claim(
    "over-sampling",
    "The same share from little text, repeated many times, is worth less than from text that is new: over-sampling overfits.",
    "Muennighoff et al. 2023, Scaling Data-Constrained Language Models; Chung et al. 2023, UniMax",
    f"{_MEASURE} Both arms see Greek as often as each other language: one its small text again and again, one new text.",
    lambda: _steps("over-sampling", [EQUAL, FRESH], FRESH),
    lambda artifacts: [
        _finding(artifacts, "over-sampling", EQUAL, FRESH, above=True),
        _finding(artifacts, "over-sampling", EQUAL, FRESH, HIGH[0], counts=False),
    ],
)
