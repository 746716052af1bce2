"""What the claims about filters share: gettext strings joined to documents, part of them to estimate with, noise planted in
the rest."""

from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.recipe import StepRecipe

LANGUAGES = (
    "ukr_Cyrl",
    "rus_Cyrl",
    "bul_Cyrl",
    "deu_Latn",
    "fra_Latn",
    "spa_Latn",
    "ces_Latn",
    "nld_Latn",
    "tur_Latn",
    "hin_Deva",
)
TRAINED_ON = ("rus_Cyrl", "deu_Latn", "fra_Latn", "tur_Latn")
"""Those of most text: a small model of ten languages sees too little of each in a few steps to tell arms apart."""
HELD_OUT = 300
"""Texts of each language."""


def text_steps() -> dict[str, StepRecipe]:
    """The strings of ten languages."""
    harvest = {"languages": list(LANGUAGES), "packages": list(DEMO_PACKAGES)}
    return {
        "noise_pairs": StepRecipe("corpus.harvest_gettext", harvest),
        "noise_text": StepRecipe("corpus.side", {"of": "$noise_pairs", "side": "source"}),
    }


def noise_steps() -> dict[str, StepRecipe]:
    """Text of four languages in three parts: to estimate thresholds with, to plant noise in, to measure with."""
    return {
        **text_steps(),
        "noise_chosen": StepRecipe("corpus.keep_languages", {"of": "$noise_text", "languages": list(TRAINED_ON)}),
        "noise_parts": StepRecipe("corpus.split_text", {"of": "$noise_chosen", "test": HELD_OUT}),
        "noise_halves": StepRecipe("corpus.split_text", {"of": "$noise_parts.train", "test": 0.4}),
        "noise_reference": StepRecipe("corpus.join_texts", {"of": "$noise_halves.test"}),
        "noise_raw": StepRecipe("corpus.join_texts", {"of": "$noise_halves.train"}),
        "noise_heldout": StepRecipe("corpus.join_texts", {"of": "$noise_parts.test", "characters": 500}),
        "noisy": StepRecipe("corpus.plant_noise", {"of": "$noise_raw", "share": 0.5}),
        "noise_clean": StepRecipe("corpus.drop_noise", {"of": "$noisy"}),
        "noise_thresholds": StepRecipe("corpus.estimate_thresholds", {"reference": "$noise_reference", "documents": 40}),
        "noise_signals": StepRecipe("corpus.signals", {"of": "$noisy", "thresholds": "$noise_thresholds"}),
    }
