"""Claim: at a small budget of training, extending the vocabulary may hurt."""

from panglot.recipes.claims.claim import Artifacts, Claim, Finding, outcome_below
from panglot.recipes.claims.small_model import NEW, NONE, STEPS, arm_steps, base_steps, compared_steps, difference
from panglot.recipes.recipe import StepRecipe

ARM = "subword_mean"


def _steps() -> dict[str, StepRecipe]:
    return {
        **base_steps(),
        **arm_steps(ARM),
        **arm_steps("random"),
        **arm_steps(NONE),
        **compared_steps("compared-extension", [ARM, "random", NONE], [NONE]),
    }


def _judge(artifacts: Artifacts) -> list[Finding]:
    """The claim is that the arm with extension is ABOVE the one without."""
    found = []
    for arm, language, steps, counts in (
        (ARM, NEW, STEPS, True),
        (ARM, NEW, 0, False),
        ("random", NEW, STEPS, False),
        (ARM, "eng_Latn", STEPS, False),
    ):
        row = difference(artifacts["compared-extension"], arm, NONE, steps, language)
        when = "before training" if steps == 0 else f"after {steps} steps"
        name = "Ukrainian" if language == NEW else "English"
        outcome = outcome_below(-row["ci_high"], -row["ci_low"])
        contrast = f"{arm} − no extension in {name}, {when}"
        found.append(Finding(contrast, row["value"], row["ci_low"], row["ci_high"], row["arms"], outcome, counts))
    return found


EXTENSION = Claim(
    "extension",
    "With little training, a model with an extended vocabulary does worse than the same model with its old one.",
    "Alves et al. 2024, Tower; Lu et al. 2024, LLaMAX",
    f"Bits per byte of held-out Ukrainian and English after {STEPS} steps on the same text, 1,000 pieces added or none; "
    "three seeds.",
    _steps,
    _judge,
)
