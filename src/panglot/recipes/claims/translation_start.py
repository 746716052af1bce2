"""Claims: denoising, and then restoring text with words of the other language, are good starts for learning to translate."""

from typing import Any

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding, harvested
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

LANGUAGE = "fra_Latn"
PAIRS, DICTIONARY_CHARACTERS = 800, 20
BASE_STEPS, BASE_BYTES = 200, 6144
MORE_STEPS, STEPS, STEP_BYTES = 40, 60, 2048
METRIC = "bits_per_predicted_byte"
RANDOM, DENOISED = "random", "denoised"
STAGES = {"restored": "restore", "denoised-on": "mbart"}
UNTUNED = "untuned"
_TRANSLATION = {"objective": "translation", "direction": "forward"}
_TRAINED: dict[str, Any] = {"sequence_length": 128, "learning_rate": 5e-3, "precision": "fp32"}
_TEXT = (
    f"{PAIRS} pairs of three English words or more, and those of up to {DICTIONARY_CHARACTERS} characters a side that the "
    "dictionary is made of"
)


def _shared() -> dict[str, StepRecipe]:
    """Text of both languages, some pairs, short pairs as a dictionary, a tokenizer, and the models that arms start from."""
    shape = {"architecture": "t5", "layers": 2, "width": 64, "heads": 4}
    base = {
        "model": "$start-untrained", "text": "$start-text", "objective": "mbart", "steps": BASE_STEPS,
        "batch_bytes": BASE_BYTES, **_TRAINED, "learning_rate": 1e-2,
    }  # fmt: skip
    words = {"of": "$start-split.train", "min_words": 1, "max_characters": DICTIONARY_CHARACTERS}
    return {
        **harvested(),
        "start-pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": [LANGUAGE]}),
        "start-split": StepRecipe("corpus.split", {"of": "$start-pairs", "test": 500}),
        "start-heldout": StepRecipe("corpus.clean", {"of": "$start-split.test", "min_words": 3}),
        "start-long": StepRecipe("corpus.clean", {"of": "$start-split.train", "min_words": 3}),
        "start-few": StepRecipe("corpus.select", {"of": "$start-long", "languages": [LANGUAGE], "limit": PAIRS}),
        "start-words": StepRecipe("corpus.clean", words),
        "start-text": StepRecipe("corpus.side", {"of": "$start-split.train", "side": "both"}),
        # a tokenizer with a mask, which T5's own family does not have
        "start-tokenizer": StepRecipe("vocabulary.train", {"text": "$start-text", "size": 1500, "algorithm": "unigram"}),
        "start-untrained": StepRecipe("training.new_model", {"tokenizer": "$start-tokenizer", **shape}),
        "start-base": StepRecipe("training.language_model", base),
    }


def _measured(arm: str, model: str) -> StepRecipe:
    return StepRecipe(
        "evaluation.objective_bits",
        {"model": model, "pairs": "$start-heldout", "objective": _TRANSLATION, "condition": arm},
    )


def _translates(arm: str, start: str, seed: int) -> dict[str, StepRecipe]:
    """The same pairs for every arm, those of the dictionary among them, so that a dictionary tells an arm nothing more."""
    trained = {
        "model": start, "pairs": ["$start-few", "$start-words"], "objective": _TRANSLATION, "steps": STEPS,
        "batch_bytes": STEP_BYTES, **_TRAINED,
    }  # fmt: skip
    return {
        f"trained-{arm}-{seed}": StepRecipe("training.language_model", trained, seed),
        f"{arm}-{seed}": _measured(arm, f"$trained-{arm}-{seed}"),
    }


def _second_stage(arm: str, objective: str, seed: int) -> dict[str, StepRecipe]:
    trained = {
        "model": "$start-base", "text": "$start-text", "objective": objective, "steps": MORE_STEPS, "batch_bytes": STEP_BYTES,
        **_TRAINED,
    }  # fmt: skip
    if objective == "restore":
        trained["dictionary"] = "$start-words"
    return {
        f"stage-{arm}-{seed}": StepRecipe("training.language_model", trained, seed),
        f"{UNTUNED}-{arm}-{seed}": _measured(arm, f"$stage-{arm}-{seed}"),
        **_translates(arm, f"$stage-{arm}-{seed}", seed),
    }


def _mbart_steps() -> dict[str, StepRecipe]:
    found = _shared()
    for seed in SEEDS:
        found |= _translates(RANDOM, "$start-untrained", seed) | _translates(DENOISED, "$start-base", seed)
    return found


def _switch_steps() -> dict[str, StepRecipe]:
    found = _shared()
    for arm, objective in STAGES.items():
        for seed in SEEDS:
            found |= _second_stage(arm, objective, seed)
    return found


def _judge_mbart(artifacts: Artifacts) -> list[Finding]:
    return [finding(artifacts, DENOISED, RANDOM, METRIC, what="French into English")]


def _judge_switch(artifacts: Artifacts) -> list[Finding]:
    arm, control = STAGES
    untuned = [f"{UNTUNED}-{each}" for each in STAGES]
    return [
        finding(artifacts, arm, control, METRIC, what="French into English"),
        finding(artifacts, untuned[0], untuned[1], METRIC, what="before any pairs", counts=False),
    ]


MBART = Claim(
    "mbart",
    "Denoising text of both languages is a better start than random weights for an encoder-decoder that learns to translate "
    "from few pairs.",
    "Liu et al. 2020, Multilingual Denoising Pre-training for Neural Machine Translation",
    f"Bits per byte of the English translation of held-out French after {STEPS} steps of {STEP_BYTES} bytes of pairs, from "
    f"random weights and from those after {BASE_STEPS} steps of {BASE_BYTES} bytes of denoising French and English strings, so "
    f"short that there are no sentences to shuffle; {_TEXT}; three seeds of the learning from pairs.",
    _mbart_steps,
    _judge_mbart,
)
CODE_SWITCH = Claim(
    "code-switch",
    "Restoring text some of whose words were replaced by translations, between denoising and learning from pairs, makes an "
    "encoder-decoder translate better.",
    "Zan et al. 2022, Bridging Cross-Lingual Gaps During Leveraging the Multilingual Sequence-to-Sequence Pretraining for Text "
    "Generation and Understanding",
    f"Bits per byte of the English translation of held-out French after {STEPS} steps of {STEP_BYTES} bytes of pairs, on a "
    f"model that denoised for {BASE_STEPS} steps of {BASE_BYTES} bytes and then either restored or denoised the same text for "
    f"{MORE_STEPS} of {STEP_BYTES}; {_TEXT}; three seeds of what comes after the first denoising.",
    _switch_steps,
    _judge_switch,
)
