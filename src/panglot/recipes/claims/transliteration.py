"""Claim: texts that are learnt beside their transliterations, set against each other, bring scripts together."""

from typing import Any

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding, harvested
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

LANGUAGES = ("bul_Cyrl", "ell_Grek", "rus_Cyrl", "ukr_Cyrl")
LAYERS = 2
BASE_STEPS, STEPS, STEP_BYTES = 200, 60, 6144
TEST = 200
_CONTRAST: dict[str, Any] = {"objective": "translico", "layer": LAYERS}
ARMS: dict[str, dict[str, Any]] = {"contrast": {**_CONTRAST, "weight": 0.5}, "no-contrast": {**_CONTRAST, "weight": 0.0}}
BASE = "scripts-start"
_METRIC = "accuracy_cosine"
_SHARES = (0.0, 1.0)
_TRAINED = {"batch_bytes": STEP_BYTES, "sequence_length": 128, "precision": "fp32"}


def _measured(name: str, model: str, arm: str) -> dict[str, StepRecipe]:
    """Translations across scripts, and texts of the four languages in Latin letters."""
    found = {}
    for kind, pairs in (("", "$scripts-split.test"), ("-own", "$scripts-own")):
        step = StepRecipe("evaluation.bitext_retrieval", {"model": model, "pairs": pairs, "condition": arm})
        found[name.replace(arm, f"{arm}{kind}", 1)] = step
    return found


def _arm(arm: str, objective: dict[str, Any]) -> dict[str, StepRecipe]:
    trained = {
        "model": "$scripts-base", "pairs": "$scripts-romanised", "objective": objective, "steps": STEPS, "learning_rate": 2e-3,
        **_TRAINED,
    }  # fmt: skip
    found = {}
    for seed in SEEDS:
        found[f"trained-{arm}-{seed}"] = StepRecipe("training.language_model", trained, seed)
        found |= _measured(f"{arm}-{seed}", f"$trained-{arm}-{seed}", arm)
    return found


def _steps() -> dict[str, StepRecipe]:
    shape = {"architecture": "modernbert", "layers": LAYERS, "width": 64, "heads": 4, "positions": 160}
    base = {
        "model": "$scripts-untrained", "text": "$scripts-text", "objective": "mlm", "steps": BASE_STEPS, "learning_rate": 4e-3,
        **_TRAINED,
    }  # fmt: skip
    found = {
        **harvested(),
        "scripts-pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": list(LANGUAGES)}),
        "scripts-long": StepRecipe("corpus.clean", {"of": "$scripts-pairs", "min_words": 3}),
        "scripts-split": StepRecipe("corpus.split", {"of": "$scripts-long", "test": TEST}),
        "scripts-text": StepRecipe("corpus.side", {"of": "$scripts-split.train", "side": "both"}),
        "scripts-romanised": StepRecipe("vocabulary.romanised_text", {"of": "$scripts-text"}),
        "scripts-test": StepRecipe("corpus.side", {"of": "$scripts-split.test", "side": "source"}),
        "scripts-own": StepRecipe("vocabulary.romanised_text", {"of": "$scripts-test"}),
        "scripts-tokenizer": StepRecipe("vocabulary.train", {"text": "$scripts-text", "size": 2000, "algorithm": "unigram"}),
        "scripts-untrained": StepRecipe("training.new_model", {"tokenizer": "$scripts-tokenizer", **shape}),
        "scripts-base": StepRecipe("training.language_model", base),
    }
    for seed in SEEDS:
        found |= _measured(f"{BASE}-{seed}", "$scripts-base", BASE)
    for arm, objective in ARMS.items():
        found |= _arm(arm, objective)
    return found


def _judge(artifacts: Artifacts) -> list[Finding]:
    def over(control: str, kind: str = "", *, counts: bool = False) -> Finding:
        what = "own romanisation" if kind else "translations"
        arm, other = f"contrast{kind}", f"{control}{kind}"
        return finding(artifacts, arm, other, _METRIC, what=what, above=True, bounds=_SHARES, counts=counts)

    return [over("no-contrast", counts=True), over(BASE), over("no-contrast", "-own"), over(BASE, "-own")]


TRANSLICO = Claim(
    "translico",
    "Setting texts against their transliterations, beside masked language modelling of both, brings languages in different "
    "scripts nearer to each other than masked language modelling of both alone.",
    "Liu et al. 2024, TransliCo: A Contrastive Learning Framework to Address the Script Barrier in Multilingual Pretrained "
    "Language Models",
    f"Retrieval, both ways, of {TEST} held-out English translations each of Bulgarian, Greek, Russian and Ukrainian after "
    f"{STEPS} steps of {STEP_BYTES} bytes on texts of these languages and English with their romanisation, from a model of two "
    f"layers that masked language modelling trained for {BASE_STEPS}; the control learns from the same pairs without the "
    "contrast; the last layer is contrasted, which is the one that is measured; three seeds.",
    _steps,
    _judge,
)
