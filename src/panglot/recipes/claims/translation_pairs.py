"""Claim: masked language modelling over sentences with their translations brings the vectors of translations together."""

from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

LANGUAGES = ("deu_Latn", "rus_Cyrl")
STEPS, STEP_BYTES = 300, 6144
ARMS = {"mlm": "mlm", "mlm-tlm": "mlm:0.5,tlm:0.5", "untrained": ""}
_METRIC = "accuracy_cosine"
_WAYS = (-1.0, 1.0)


def _arm(arm: str, objective: str) -> dict[str, StepRecipe]:
    trained = {
        "model": "$untrained", "text": "$text", "pairs": "$split.train", "objective": objective, "steps": STEPS,
        "batch_bytes": STEP_BYTES, "sequence_length": 128, "learning_rate": 3e-3, "precision": "fp32",
    }  # fmt: skip
    if objective == "mlm":
        del trained["pairs"]
    found = {f"trained-{arm}-{seed}": StepRecipe("training.language_model", trained, seed) for seed in SEEDS if objective}
    return found | {
        f"{arm}-{seed}": StepRecipe(
            "evaluation.bitext_retrieval",
            {"model": f"$trained-{arm}-{seed}" if objective else "$untrained", "pairs": "$split.test", "condition": arm},
        )
        for seed in SEEDS
    }


def _steps() -> dict[str, StepRecipe]:
    harvest = {"languages": list(LANGUAGES), "packages": list(DEMO_PACKAGES)}
    shape = {"architecture": "xlm-roberta", "layers": 2, "width": 96, "heads": 4, "positions": 160}
    return {
        "pairs": StepRecipe("corpus.harvest_gettext", harvest),
        "long_pairs": StepRecipe("corpus.clean", {"of": "$pairs", "min_words": 3}),
        "split": StepRecipe("corpus.split", {"of": "$long_pairs", "test": 300}),
        "text": StepRecipe("corpus.side", {"of": "$split.train", "side": "both"}),
        "tokenizer": StepRecipe("vocabulary.train", {"text": "$text", "size": 3000, "algorithm": "unigram"}),
        "untrained": StepRecipe("training.new_model", {"tokenizer": "$tokenizer", **shape}),
        **{step: recipe for arm, objective in ARMS.items() for step, recipe in _arm(arm, objective).items()},
    }


def _judge(artifacts: Artifacts) -> list[Finding]:
    shared = {"what": "both languages", "above": True, "bounds": _WAYS}
    return [
        finding(artifacts, "mlm-tlm", "mlm", _METRIC, **shared),  # type: ignore[arg-type]
        finding(artifacts, "mlm", "untrained", _METRIC, counts=False, **shared),  # type: ignore[arg-type]
    ]


TLM = Claim(
    "tlm",
    "Masked language modelling over pairs of translations, beside that over text, finds more translations by the mean of a "
    "sentence's vectors than that over text alone.",
    "Conneau and Lample 2019, Cross-lingual Language Model Pretraining",
    f"Retrieval of 300 held-out German and 300 Russian translations of English, both ways, after {STEPS} steps of {STEP_BYTES} "
    "bytes from scratch; both arms learn from the same sentences, one sees half of the passages as pairs; three seeds.",
    _steps,
    _judge,
)
