"""Claim: masked language modelling over sentences with their translations brings the vectors of translations together."""

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding, harvested
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

LANGUAGE = "deu_Latn"
BASE_STEPS, STEPS, STEP_BYTES = 250, 110, 4096
ARMS = {"mlm": "mlm", "mlm-tlm": "mlm:0.5,tlm:0.5"}
BASE = "start"
_METRIC = "accuracy_cosine"
_SHARES = (0.0, 1.0)
_TRAINED = {
    "text": "$tlm-text", "batch_bytes": STEP_BYTES, "sequence_length": 128, "precision": "fp32",
}  # fmt: skip


def measured(model: str, arm: str) -> StepRecipe:
    """Retrieval of the held-out translations."""
    return StepRecipe("evaluation.bitext_retrieval", {"model": model, "pairs": "$tlm-split.test", "condition": arm})


def _arm(arm: str, objective: str) -> dict[str, StepRecipe]:
    trained = {"model": "$tlm-base", "objective": objective, "steps": STEPS, "learning_rate": 3e-3, **_TRAINED}
    if objective != "mlm":
        trained["pairs"] = "$tlm-split.train"
    return {f"trained-{arm}-{seed}": StepRecipe("training.language_model", trained, seed) for seed in SEEDS} | {
        f"{arm}-{seed}": measured(f"$trained-{arm}-{seed}", arm) for seed in SEEDS
    }


def base_steps() -> dict[str, StepRecipe]:
    """Text, tokenizer, and the model that masked language modelling trained, with what it finds."""
    shape = {"architecture": "modernbert", "layers": 2, "width": 64, "heads": 4, "positions": 160}
    base = {"model": "$tlm-untrained", "objective": "mlm", "steps": BASE_STEPS, "learning_rate": 5e-3, **_TRAINED}
    return {
        **harvested(),
        "tlm-pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": [LANGUAGE]}),
        "tlm-long": StepRecipe("corpus.clean", {"of": "$tlm-pairs", "min_words": 3}),
        "tlm-split": StepRecipe("corpus.split", {"of": "$tlm-long", "test": 400}),
        "tlm-text": StepRecipe("corpus.side", {"of": "$tlm-split.train", "side": "both"}),
        "tlm-tokenizer": StepRecipe("vocabulary.train", {"text": "$tlm-text", "size": 1000, "algorithm": "unigram"}),
        "tlm-untrained": StepRecipe("training.new_model", {"tokenizer": "$tlm-tokenizer", **shape}),
        "tlm-base": StepRecipe("training.language_model", base),
        **{f"{BASE}-{seed}": measured("$tlm-base", BASE) for seed in SEEDS},
    }


def _steps() -> dict[str, StepRecipe]:
    return {
        **base_steps(),
        **{step: recipe for arm, objective in ARMS.items() for step, recipe in _arm(arm, objective).items()},
    }


def _judge(artifacts: Artifacts) -> list[Finding]:
    def over(arm: str, control: str, *, counts: bool = True) -> Finding:
        return finding(artifacts, arm, control, _METRIC, what="both ways", above=True, bounds=_SHARES, counts=counts)

    return [over("mlm-tlm", "mlm"), over("mlm-tlm", BASE, counts=False), over("mlm", BASE, counts=False)]


TLM = Claim(
    "tlm",
    "Masked language modelling over pairs of translations, beside that over text, finds more translations by the mean of a "
    "sentence's vectors than that over text alone.",
    "Conneau and Lample 2019, Cross-lingual Language Model Pretraining",
    f"Retrieval of 400 held-out German translations of English, both ways, after {STEPS} further steps of {STEP_BYTES} bytes "
    f"on a model that masked language modelling trained for {BASE_STEPS}; both arms learn from the same sentences, one sees "
    "half of the bytes as pairs; three seeds.",
    _steps,
    _judge,
)
