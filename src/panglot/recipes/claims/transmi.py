"""Claim: romanised pieces with the rows of their sources make a model read romanised text, without any training."""

from panglot.recipes.claims.claim import Artifacts, Claim, Finding, Outcome, outcome_below
from panglot.recipes.claims.retrieval import encoder_steps, measured, over
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

_ROMANISED = "$romanised_pairs"


def _steps() -> dict[str, StepRecipe]:
    steps = {
        **encoder_steps(),
        "romanised_pairs": StepRecipe("vocabulary.romanise_pairs", {"of": "$retrieval_split.test"}),
        "transliterated": StepRecipe("vocabulary.transliterate_tokenizer", {"tokenizer": "$trimmed"}),
        "transmi": StepRecipe(
            "vocabulary.initialise", {"model": "$trimmed", "tokenizer": "$transliterated", "initialise": "transmi"}
        ),
        "romanised-before": measured("$trimmed", _ROMANISED),
        "romanised-transmi": measured("$transmi", _ROMANISED),
        "original-before": measured("$trimmed"),
        "original-transmi": measured("$transmi"),
    }
    for seed in SEEDS:
        rows = {"model": "$trimmed", "tokenizer": "$transliterated", "initialise": "random"}
        steps[f"random_rows-{seed}"] = StepRecipe("vocabulary.initialise", rows, seed)
        steps[f"romanised-random-{seed}"] = measured(f"$random_rows-{seed}", _ROMANISED)
    return steps


def _judge(artifacts: Artifacts) -> list[Finding]:
    transmi = [artifacts["romanised-transmi"]]
    before = [artifacts["romanised-before"]]
    drawn = [artifacts[f"romanised-random-{seed}"] for seed in SEEDS]
    found = []
    for name, other in (("the old vocabulary", before), ("random rows", drawn)):
        difference, left, right = over(transmi, other, name)
        outcome = outcome_below(-difference.high, -difference.low)
        arms = {"TransMI": left, name: right}
        found.append(
            Finding(f"TransMI − {name}, romanised text", difference.value, difference.low, difference.high, arms, outcome)
        )
    difference, left, right = over([artifacts["original-transmi"]], [artifacts["original-before"]], "original")
    kept: Outcome = "as claimed" if difference.low > -0.01 else "contrary" if difference.high < -0.01 else "not shown"
    arms = {"TransMI": left, "the old vocabulary": right}
    contrast = "TransMI − the old vocabulary, original text, claimed unharmed (within 0.01)"
    found.append(Finding(contrast, difference.value, difference.low, difference.high, arms, kept))
    return found


TRANSMI = Claim(
    "transmi",
    "Romanised pieces that take the rows of their sources make a model better on romanised text, untrained, and do no harm.",
    "Liu et al. 2024, TransMI",
    "Retrieval of English translations of romanised Russian by multilingual-e5-small, trimmed; random rows with three seeds.",
    _steps,
    _judge,
)
