"""Claim: soft labels of a smaller model, early in training, help a larger one."""

from typing import Any

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding, harvested
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

LANGUAGES = ("deu_Latn", "fra_Latn", "rus_Cyrl", "spa_Latn")
STEPS, STEP_BYTES = 120, 2048
UNTIL = 0.2
PLAIN, EARLY, ALWAYS = "plain", "early", "always"
ARMS: dict[str, Any] = {
    PLAIN: "clm",
    EARLY: {"objective": "salt", "until": UNTIL},
    ALWAYS: {"objective": "salt", "until": 1.0},
}
METRIC = f"bits_per_byte_{STEPS}"
_TRAINED: dict[str, Any] = {
    "text": "$salt-text", "steps": STEPS, "batch_bytes": STEP_BYTES, "sequence_length": 128, "learning_rate": 4e-3,
    "precision": "fp32",
}  # fmt: skip


def _arm(arm: str, objective: Any) -> dict[str, StepRecipe]:
    trial = {"model": "$salt-untrained", "heldout": "$salt-heldout", "objective": objective, "arm": arm, **_TRAINED}
    if objective != "clm":
        trial["teacher"] = "$salt-teacher"
    return {f"{arm}-{seed}": StepRecipe("evaluation.trial", trial, seed) for seed in SEEDS}


def _steps() -> dict[str, StepRecipe]:
    shape = {"tokenizer": "$salt-tokenizer", "architecture": "llama", "layers": 2}
    chosen = {"of": "$pairs", "languages": list(LANGUAGES)}
    small = {"model": "$salt-small", "objective": "clm", **_TRAINED}
    return {
        **harvested(),
        "salt-pairs": StepRecipe("corpus.select", chosen),
        "salt-split": StepRecipe("corpus.split", {"of": "$salt-pairs", "test": 100}),
        "salt-text": StepRecipe("corpus.side", {"of": "$salt-split.train", "side": "source"}),
        "salt-heldout": StepRecipe("corpus.side", {"of": "$salt-split.test", "side": "source"}),
        "salt-tokenizer": StepRecipe("vocabulary.train", {"text": "$salt-text", "size": 2000, "algorithm": "unigram"}),
        "salt-small": StepRecipe("training.new_model", {**shape, "width": 64, "heads": 4}),
        "salt-teacher": StepRecipe("training.language_model", small),
        "salt-untrained": StepRecipe("training.new_model", {**shape, "width": 96, "heads": 4}),
        **{step: recipe for arm, objective in ARMS.items() for step, recipe in _arm(arm, objective).items()},
    }


def _judge(artifacts: Artifacts) -> list[Finding]:
    return [
        finding(artifacts, EARLY, PLAIN, METRIC, what=f"after {STEPS} steps"),
        finding(artifacts, ALWAYS, PLAIN, METRIC, what=f"after {STEPS} steps", counts=False),
        finding(artifacts, EARLY, ALWAYS, METRIC, what=f"after {STEPS} steps", counts=False),
    ]


SALT = Claim(
    "salt",
    "Soft labels of a smaller language model early in training, plain training after them, make the larger model better than "
    "as many steps of plain training.",
    "Rawat et al. 2024, A Little Help Goes a Long Way: Efficient LLM Training by Leveraging Small LMs",
    f"Bits per byte of held-out German, French, Russian and Spanish after {STEPS} steps of {STEP_BYTES} bytes from scratch; "
    "the labels have a weight of 0.5 and come from a model of half the size after as many steps of plain training; they are "
    f"heeded for {UNTIL:.0%} of the steps; three seeds.",
    _steps,
    _judge,
)
