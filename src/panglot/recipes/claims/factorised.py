"""Claim: factorised embeddings lose little."""

from panglot.recipes.claims.claim import Artifacts, Claim, Finding, outcome_below
from panglot.recipes.claims.small_model import NEW, STEPS, arm_steps, base_steps, below, compared_steps, difference
from panglot.recipes.recipe import StepRecipe

FACTORS = 64
MARGIN = 0.05
"""What counts as little: a share of the bits per byte of the full form."""


def _steps() -> dict[str, StepRecipe]:
    source = {"source": "$known_text"}
    return {
        **base_steps(),
        **arm_steps("ofa", **source),
        **arm_steps("ofa-factorised", {"method": "ofa", "factors": FACTORS}, factors=FACTORS, **source),
        **compared_steps("compared-factorised", ["ofa-factorised", "ofa"], ["ofa"]),
    }


def _judge(artifacts: Artifacts) -> list[Finding]:
    results = artifacts["compared-factorised"]
    row = difference(results, "ofa-factorised", "ofa", STEPS, NEW)
    bound = MARGIN * row["arms"]["ofa"]
    decided = Finding(
        f"factorised − full, after {STEPS} steps, claimed below +{bound:.3f} (5 %)",
        row["value"],
        row["ci_low"],
        row["ci_high"],
        row["arms"],
        outcome_below(row["ci_low"], row["ci_high"], bound=bound),
    )
    return [decided, below(results, "ofa-factorised", "ofa", 0, counts=False)]


OFA_FACTORISED = Claim(
    "ofa-factorised",
    "With half the dimensions in its embeddings a model learns a new language about as well.",
    "Liu et al. 2024, OFA",
    f"Bits per byte of held-out Ukrainian after {STEPS} equal steps: OFA with {FACTORS} coordinates of 128 against OFA with "
    "full rows; three seeds.",
    _steps,
    _judge,
)
