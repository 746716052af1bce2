"""Claims: rows made from what the model knows start lower, and stay lower after training."""

from typing import Any

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.small_model import STEPS, arm_steps, base_steps, below, compared_steps
from panglot.recipes.recipe import StepRecipe

MEASURE = (
    "Bits per byte of held-out Ukrainian, 1,000 pieces added to a small decoder; before training and after 100 steps; "
    "mean of three seeds, against random rows and the mean of all rows."
)


def _claim(name: str, arm: str, says: str, paper: str, **more: Any) -> Claim:
    def steps() -> dict[str, StepRecipe]:
        return {
            **base_steps(),
            **arm_steps("random"),
            **arm_steps("mean"),
            **arm_steps(arm, **more),
            **compared_steps(f"compared-{name}", [arm, "random", "mean"], ["random", "mean"]),
        }

    def judge(artifacts: Artifacts) -> list[Finding]:
        results = artifacts[f"compared-{name}"]
        return [below(results, arm, control, after) for after in (0, STEPS) for control in ("random", "mean")]

    return Claim(name, says, paper, MEASURE, steps, judge)


SUBWORD_MEAN = _claim(
    "subword-mean",
    "subword_mean",
    "New tokens that begin as the mean of their old pieces learn faster than random ones.",
    "Gee et al. 2022, Fast Vocabulary Transfer for Language Model Compression",
)
FOCUS = _claim(
    "focus",
    "focus",
    "Sparse mixtures of the tokens that both vocabularies have start better than random rows, and stay better.",
    "Dobler and de Melo 2023, FOCUS",
)
OFA = _claim(
    "ofa",
    "ofa",
    "Mixtures of the nearest old tokens in a multilingual space start better than random rows, and stay better.",
    "Liu et al. 2024, OFA",
    source="$known_text",
)
WECHSEL = _claim(
    "wechsel",
    "wechsel",
    "Mixtures of old tokens by aligned word vectors of two languages start better than random rows, and stay better.",
    "Minixhofer et al. 2022, WECHSEL",
    source="$english_text",
    dictionary="$new_pairs",
)
