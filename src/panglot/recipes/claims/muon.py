"""Claim: from scratch, Muon brings the loss lower than AdamW does in as many steps."""

from typing import Any

import numpy as np

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding, harvested, seeded, values_of
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

LANGUAGES = ("deu_Latn", "ell_Grek", "fra_Latn", "rus_Cyrl", "tur_Latn")
RATES = (3e-3, 1e-2, 3e-2)
STEPS = 80
_METRIC = f"bits_per_byte_{STEPS}"
_SHAPE: dict[str, Any] = {"architecture": "llama", "layers": 2, "width": 64, "heads": 2}
_TRAINED: dict[str, Any] = {"batch_bytes": 3072, "sequence_length": 128, "weight_decay": 0.1, "precision": "fp32"}


def arm(optimizer: str, rate: float) -> str:
    """Name of an arm, with its rate in thousandths.

    Example:
        >>> arm("muon", 0.01)
        'muon-10'
    """
    return f"{optimizer}-{round(1000 * rate)}"


def _steps() -> dict[str, StepRecipe]:
    heldout = {"of": "$rates-split.test", "side": "source"}
    found = {
        **harvested(),
        "rates-pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": list(LANGUAGES)}),
        "rates-split": StepRecipe("corpus.split", {"of": "$rates-pairs", "test": 40}),
        "rates-text": StepRecipe("corpus.side", {"of": "$rates-split.train", "side": "source"}),
        "rates-heldout": StepRecipe("corpus.side", heldout),
        "rates-tokenizer": StepRecipe("vocabulary.train", {"text": "$rates-text", "size": 2000, "algorithm": "unigram"}),
        "rates-untrained": StepRecipe("training.new_model", {"tokenizer": "$rates-tokenizer", **_SHAPE}),
    }
    for optimizer in ("adamw", "muon"):
        for rate in RATES:
            name = arm(optimizer, rate)
            trial = {
                "model": "$rates-untrained", "text": "$rates-text", "heldout": "$rates-heldout", "arm": name, "steps": STEPS,
                "optimizer": optimizer, "learning_rate": rate, **_TRAINED,
            }  # fmt: skip
            found |= {f"{name}-{seed}": StepRecipe("evaluation.trial", trial, seed) for seed in SEEDS}
    return found


def _judge(artifacts: Artifacts) -> list[Finding]:
    def mean(optimizer: str, rate: float) -> float:
        return float(np.mean(values_of(artifacts, seeded(arm(optimizer, rate)), _METRIC)))

    best = {each: min(RATES, key=lambda rate: mean(each, rate)) for each in ("muon", "adamw")}

    def below(rates: tuple[float, float], *, counts: bool) -> Finding:
        one, other = arm("muon", rates[0]), arm("adamw", rates[1])
        return finding(artifacts, one, other, _METRIC, what="all languages", counts=counts)

    chosen = (best["muon"], best["adamw"])
    # the best rate of each decides; equal rates are shown beside it
    return [below(chosen, counts=True), *(below((rate, rate), counts=False) for rate in RATES if (rate, rate) != chosen)]


MUON = Claim(
    "muon",
    "With Muon for the matrices of its layers a model trained from scratch reaches a lower loss than with AdamW for all of its "
    "weights.",
    "Jordan et al. 2024, Muon: An optimizer for hidden layers in neural networks; Liu et al. 2025, Muon is Scalable for LLM "
    "Training",
    f"Bits per byte of held-out text of {len(LANGUAGES)} languages after {STEPS} steps of 3,072 bytes from scratch, each at "
    f"the best of the rates {', '.join(f'{each:g}' for each in RATES)}, by the same text; three seeds.",
    _steps,
    _judge,
)
