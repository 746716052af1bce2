"""Claim: the larger the share of replayed text, the less a model forgets, and the less it learns of the new language."""

from itertools import pairwise
from typing import Any

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding, harvested
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

NEW = "ukr_Cyrl"
KNOWN = ("ces_Latn", "deu_Latn", "rus_Cyrl")
STEPS, STEP_BYTES = 50, 3072
ARMS = {"replay-0": 0.0, "replay-10": 0.1, "replay-25": 0.25, "replay-50": 0.5}
_TRAINED = {"batch_bytes": STEP_BYTES, "sequence_length": 128, "precision": "fp32"}
_METRIC = f"bits_per_byte_{STEPS}"


def _arm(arm: str, share: float) -> dict[str, StepRecipe]:
    more: dict[str, Any] = {}
    if share:
        more = {"replay": "$known_text", "replay_shares": {each: round(share / len(KNOWN), 6) for each in KNOWN}}
    trial = {
        "model": "$base", "text": "$new_text", "heldout": "$heldout", "steps": STEPS, "learning_rate": 2e-3, "arm": arm,
        **_TRAINED, **more,
    }  # fmt: skip
    return {f"{arm}-{seed}": StepRecipe("evaluation.trial", trial, seed) for seed in SEEDS}


def _steps() -> dict[str, StepRecipe]:
    base = {"model": "$untrained", "text": "$known_text", "steps": 200, "learning_rate": 4e-3, **_TRAINED}
    return {
        **harvested(),
        "chosen_pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": [NEW, *KNOWN]}),
        "split": StepRecipe("corpus.split", {"of": "$chosen_pairs", "test": 60}),
        "known_pairs": StepRecipe("corpus.select", {"of": "$split.train", "languages": list(KNOWN)}),
        "new_pairs": StepRecipe("corpus.select", {"of": "$split.train", "languages": [NEW]}),
        "known_text": StepRecipe("corpus.side", {"of": "$known_pairs", "side": "source"}),
        "new_text": StepRecipe("corpus.side", {"of": "$new_pairs", "side": "source"}),
        "heldout": StepRecipe("corpus.side", {"of": "$split.test", "side": "source"}),
        "tokenizer": StepRecipe("vocabulary.train", {"text": "$known_text", "size": 3000, "algorithm": "unigram"}),
        "untrained": StepRecipe(
            "training.new_model", {"tokenizer": "$tokenizer", "architecture": "llama", "layers": 2, "width": 96, "heads": 4}
        ),
        "base": StepRecipe("training.language_model", base),
        **{step: recipe for arm, share in ARMS.items() for step, recipe in _arm(arm, share).items()},
    }


def _judge(artifacts: Artifacts) -> list[Finding]:
    found = []
    names = list(ARMS)
    for less, more in pairwise(names):
        found.append(finding(artifacts, more, less, _METRIC, what="known languages", languages=KNOWN))
    for more in names[1:]:
        found.append(
            finding(artifacts, more, names[0], _METRIC, what="new language", languages=[NEW], above=True, counts=False)
        )
    return found


REPLAY = Claim(
    "replay",
    "The larger the share of each step that is text of known languages, the less of them is forgotten; the new language "
    "pays for it.",
    "Ibrahim et al. 2024, Simple and Scalable Strategies to Continually Pre-train Large Language Models",
    f"Bits per byte of held-out text after {STEPS} steps of {STEP_BYTES} bytes on Ukrainian and a share of Czech, German and "
    "Russian, on which the model was trained before; three seeds. Each share against the next smaller one decides.",
    _steps,
    _judge,
)
