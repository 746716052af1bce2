"""Claim: a vocabulary trimmed to the languages that matter loses nothing for them."""

from panglot.models import Model
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, Outcome
from panglot.recipes.claims.retrieval import encoder_steps, measured, over
from panglot.recipes.recipe import StepRecipe

_MARGIN = 0.01


def _steps() -> dict[str, StepRecipe]:
    return {**encoder_steps(), "original-full": measured("$encoder"), "original-before": measured("$trimmed")}


def _judge(artifacts: Artifacts) -> list[Finding]:
    difference, left, right = over([artifacts["original-before"]], [artifacts["original-full"]], "trimming")
    kept: Outcome = "as claimed" if difference.low > -_MARGIN else "contrary" if difference.high < -_MARGIN else "not shown"
    full, trimmed = artifacts["encoder"], artifacts["trimmed"]
    assert isinstance(full, Model)
    assert isinstance(trimmed, Model)
    sizes = {"trimmed": float(trimmed.facts["parameters"]), "full": float(full.facts["parameters"])}
    share = 1 - sizes["trimmed"] / sizes["full"]
    smaller: Outcome = "as claimed" if share > 0 else "contrary"
    return [
        Finding(
            "trimmed − full, retrieval, claimed within 0.01", difference.value, difference.low, difference.high,
            {"trimmed": left, "full": right}, kept,
        ),
        Finding("share of the parameters that went", share, None, None, sizes, smaller, False),
    ]  # fmt: skip


TRIMMING = Claim(
    "trimming",
    "Rows of languages that do not matter can go, and the others do not notice.",
    "Ushio et al. 2023, Efficient Multilingual Language Model Compression through Vocabulary Trimming",
    "Retrieval of translations, Russian and English, by multilingual-e5-small trimmed to the text of the two; paired by item, "
    "nothing is random.",
    _steps,
    _judge,
)
