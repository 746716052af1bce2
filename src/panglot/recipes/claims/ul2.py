"""Claim: an encoder-decoder that learnt from a mixture of denoisers is a better start than one that learnt span corruption."""

from typing import Any

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding, harvested
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

LANGUAGE = "fra_Latn"
CHARACTERS = 250
BASE_STEPS, STEPS, STEP_BYTES = 200, 50, 1536
UL2_ARM, SPAN, MORE = "ul2", "span", "span-28"
ARMS: dict[str, Any] = {
    UL2_ARM: {"objective": "ul2", "modes": "none"},
    SPAN: "span",
    # about as many tokens to predict as the mixture asks for
    MORE: {"objective": "span", "share": 0.28},
}
CONTINUATION = {"objective": "span", "share": 0.25, "mean": 128}
"""One span, so that it stands at the end."""
TASKS: dict[str, Any] = {
    "translation": {"objective": "translation", "direction": "forward"},
    "continuation": CONTINUATION,
}
METRIC = "bits_per_predicted_byte"
_TRAINED: dict[str, Any] = {"batch_bytes": STEP_BYTES, "sequence_length": 160, "learning_rate": 5e-3, "precision": "fp32"}


def _shared() -> dict[str, StepRecipe]:
    shape = {"architecture": "t5", "layers": 2, "width": 64, "heads": 4}
    vocabulary = {"text": "$ul2-sides", "size": 1500, "algorithm": "unigram", "special_tokens": "t5"}
    joined = {"characters": CHARACTERS, "separate": True}
    return {
        **harvested(),
        "ul2-pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": [LANGUAGE]}),
        "ul2-split": StepRecipe("corpus.split", {"of": "$ul2-pairs", "test": 500}),
        "ul2-sides": StepRecipe("corpus.side", {"of": "$ul2-split.train", "side": "both"}),
        "ul2-heldout": StepRecipe("corpus.side", {"of": "$ul2-split.test", "side": "both"}),
        "ul2-text": StepRecipe("corpus.join_texts", {"of": "$ul2-sides", **joined}),
        "ul2-heldout-text": StepRecipe("corpus.join_texts", {"of": "$ul2-heldout", **joined}),
        "ul2-tokenizer": StepRecipe("vocabulary.train", vocabulary),
        "ul2-untrained": StepRecipe("training.new_model", {"tokenizer": "$ul2-tokenizer", **shape}),
    }


def _arm(arm: str, seed: int) -> dict[str, StepRecipe]:
    base = {"model": "$ul2-untrained", "text": "$ul2-text", "objective": ARMS[arm], "steps": BASE_STEPS, **_TRAINED}
    found = {f"ul2-base-{arm}-{seed}": StepRecipe("training.language_model", base, seed)}
    for task, objective in TASKS.items():
        learnt = {"pairs": "$ul2-split.train"} if task == "translation" else {"text": "$ul2-text"}
        asked = {"pairs": "$ul2-split.test"} if task == "translation" else {"text": "$ul2-heldout-text"}
        trained = {"model": f"$ul2-base-{arm}-{seed}", "objective": objective, "steps": STEPS, **learnt, **_TRAINED}
        measured = {"objective": objective, "condition": arm, **asked}
        found |= {
            f"tuned-{task}-{arm}-{seed}": StepRecipe("training.language_model", trained, seed),
            f"{task}-{arm}-{seed}": StepRecipe(
                "evaluation.objective_bits", {"model": f"$tuned-{task}-{arm}-{seed}", **measured}, seed
            ),
        }
    if arm == MORE:
        return found
    asked = {"objective": "span", "condition": arm, "text": "$ul2-heldout-text"}
    corruption = StepRecipe("evaluation.objective_bits", {"model": f"$ul2-base-{arm}-{seed}", **asked}, seed)
    return found | {f"corruption-{arm}-{seed}": corruption}


def _steps() -> dict[str, StepRecipe]:
    found = _shared()
    for arm in ARMS:
        for seed in SEEDS:
            found |= _arm(arm, seed)
    return found


def _judge(artifacts: Artifacts) -> list[Finding]:
    def below(task: str, control: str, *, what: str = "after learning it", counts: bool = True) -> Finding:
        return finding(artifacts, f"{task}-{UL2_ARM}", f"{task}-{control}", METRIC, what=what, counts=counts)

    return [
        *(below(task, SPAN) for task in TASKS),
        *(below(task, MORE, counts=False) for task in TASKS),
        below("corruption", SPAN, what="before any task", counts=False),
    ]


UL2 = Claim(
    "ul2",
    "An encoder-decoder that learnt from a mixture of denoisers is a better start, for tasks of different kinds, than one that "
    "learnt span corruption from the same text.",
    "Tay et al. 2022, UL2: Unifying Language Learning Paradigms",
    f"Bits per byte of what is written, French into English and the last quarter of held-out texts, each after {STEPS} steps "
    f"of learning it on models that learnt for {BASE_STEPS} steps of {STEP_BYTES} bytes by the mixture, without tokens of "
    "modes, or by span corruption (15 %, spans of 3; beside it 28 %, which asks for about as many tokens as the mixture); "
    "three seeds.",
    _steps,
    _judge,
)
