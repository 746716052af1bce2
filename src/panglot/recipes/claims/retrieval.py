"""What the claims about TransMI and trimming share: a sentence encoder, pairs of one language, and paired differences."""

from typing import Any

import numpy as np

from panglot.artifacts import Artifact
from panglot.evaluation.results import Results
from panglot.evaluation.statistics import Difference, generator, paired_bootstrap
from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.recipe import StepRecipe

LANGUAGE = "rus_Cyrl"
METRIC = "accuracy_cosine"
ITEMS = 1000
"""Held-out pairs. With 200 the interval of two equal results is ± 0.015, and "within 0.01" could never be shown."""


def encoder_steps() -> dict[str, StepRecipe]:
    """Pairs, the encoder, and the encoder trimmed to the two languages."""
    harvest: dict[str, Any] = {"languages": [LANGUAGE], "packages": list(DEMO_PACKAGES)}
    trimming = {"model": "$encoder", "text": "$retrieval_text", "minimum_count": 1}
    return {
        "retrieval_pairs": StepRecipe("corpus.harvest_gettext", harvest),
        "long_pairs": StepRecipe("corpus.clean", {"of": "$retrieval_pairs", "min_words": 3}),
        "retrieval_split": StepRecipe("corpus.split", {"of": "$long_pairs", "test": ITEMS}),
        "retrieval_text": StepRecipe("corpus.side", {"of": "$retrieval_pairs", "side": "both"}),
        "encoder": StepRecipe("models.load", {"name": "embedded:e5-small"}),
        "trimmed": StepRecipe("vocabulary.trim", trimming),
    }


def measured(model: str, pairs: str = "$retrieval_split.test") -> StepRecipe:
    """Retrieval of the translation."""
    return StepRecipe("evaluation.bitext_retrieval", {"model": model, "pairs": pairs})


def accuracies(results: list[Artifact]) -> Any:
    """One row a run: float64 [runs, items]."""
    found = []
    for each in results:
        assert isinstance(each, Results)
        (units,) = (one for key, one in each.units().items() if key[2] == METRIC)
        found.append(units.values)
    return np.stack(found)


def over(one: list[Artifact], other: list[Artifact], label: str) -> tuple[Difference, float, float]:
    """The paired difference one − other, and both accuracies."""
    left, right = accuracies(one), accuracies(other)
    difference = paired_bootstrap(left, right, generator(17, label))
    return difference, float(left.mean()), float(right.mean())
