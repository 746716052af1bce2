"""Claims: more languages in a model of one size cost each of them; text of a related language helps one of little text."""

from collections.abc import Sequence
from typing import Any

from panglot.recipes.claims.claim import Artifacts, Claim, Finding
from panglot.recipes.claims.paired import finding, harvested
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

HIGH = "deu_Latn"
LANGUAGES = {
    "languages-1": (HIGH,),
    "languages-4": (HIGH, "fra_Latn", "rus_Cyrl", "tur_Latn"),
    "languages-10": (
        HIGH, "fra_Latn", "rus_Cyrl", "tur_Latn", "bul_Cyrl", "ces_Latn", "ell_Grek", "nld_Latn", "spa_Latn", "ukr_Cyrl",
    ),
}  # fmt: skip
STEPS, BYTES = 100, 640
LOW, RELATED, UNRELATED = "slk_Latn", "ces_Latn", "tur_Latn"
LOW_SENTENCES, LOW_BYTES, HELP_BYTES = 250, 512, 1536
HELPERS = {"related": RELATED, "unrelated": UNRELATED, "alone": ""}
_TRAINED: dict[str, Any] = {"sequence_length": 128, "learning_rate": 4e-3, "precision": "fp32"}


def _texts(prefix: str, tags: list[str], width: int) -> dict[str, StepRecipe]:
    """Text of some languages, one tokenizer for all, and the untrained model."""
    shape = {"architecture": "llama", "layers": 2, "width": width, "heads": 2}
    return {
        **harvested(),
        f"{prefix}-pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": tags}),
        f"{prefix}-split": StepRecipe("corpus.split", {"of": f"${prefix}-pairs", "test": 150}),
        f"{prefix}-text": StepRecipe("corpus.side", {"of": f"${prefix}-split.train", "side": "source"}),
        f"{prefix}-tokenizer": StepRecipe(
            "vocabulary.train",
            {
                "text": f"${prefix}-text", "size": 2500, "algorithm": "unigram",
                "shares": {"method": "temperature", "alpha": 0.0},
            },
        ),
        f"{prefix}-untrained": StepRecipe("training.new_model", {"tokenizer": f"${prefix}-tokenizer", **shape}),
    }  # fmt: skip


def _few(name: str, prefix: str, tags: Sequence[str], limit: int | None = None) -> dict[str, StepRecipe]:
    """Text of some of the languages, whole or cut."""
    chosen = {"of": f"${prefix}-split.train", "languages": sorted(tags), **({"limit": limit} if limit else {})}
    return {
        f"{name}-pairs": StepRecipe("corpus.select", chosen),
        f"{name}-text": StepRecipe("corpus.side", {"of": f"${name}-pairs", "side": "source"}),
    }


def _trials(arm: str, prefix: str, **more: Any) -> dict[str, StepRecipe]:
    trial = {"model": f"${prefix}-untrained", "heldout": f"${prefix}-heldout", "arm": arm, "steps": STEPS, **_TRAINED, **more}
    return {f"{arm}-{seed}": StepRecipe("evaluation.trial", trial, seed) for seed in SEEDS}


def _heldout(name: str, prefix: str, tag: str) -> dict[str, StepRecipe]:
    return {
        f"{name}-pairs": StepRecipe("corpus.select", {"of": f"${prefix}-split.test", "languages": [tag]}),
        name: StepRecipe("corpus.side", {"of": f"${name}-pairs", "side": "source"}),
    }


def _many_steps() -> dict[str, StepRecipe]:
    found = _texts("many", sorted(LANGUAGES["languages-10"]), 32) | _heldout("many-heldout", "many", HIGH)
    for arm, tags in LANGUAGES.items():
        found |= _few(arm, "many", tags)
        shares = {"method": "fixed", "weights": dict.fromkeys(tags, 1.0)}
        # steps are as many in all arms, so that only what else has to be learnt differs
        found |= _trials(arm, "many", text=f"${arm}-text", shares=shares, batch_bytes=BYTES * len(tags))
    return found


def _helped_steps() -> dict[str, StepRecipe]:
    found = _texts("helped", sorted((LOW, RELATED, UNRELATED)), 64) | _heldout("helped-heldout", "helped", LOW)
    found |= _few("low", "helped", [LOW], LOW_SENTENCES)
    for arm, helper in HELPERS.items():
        more: dict[str, Any] = {"batch_bytes": LOW_BYTES}
        if helper:
            found |= _few(arm, "helped", [helper])
            share = HELP_BYTES / (LOW_BYTES + HELP_BYTES)
            more = {
                "replay": f"${arm}-text", "replay_shares": {helper: share}, "batch_bytes": LOW_BYTES + HELP_BYTES,
            }  # fmt: skip
        found |= _trials(arm, "helped", text="$low-text", **more)
    return found


def _judge_many(artifacts: Artifacts) -> list[Finding]:
    metric = f"bits_per_byte_{STEPS}"
    return [
        finding(artifacts, "languages-4", "languages-1", metric, what="German", above=True),
        finding(artifacts, "languages-10", "languages-4", metric, what="German", above=True),
    ]


def _judge_helped(artifacts: Artifacts) -> list[Finding]:
    metric = f"bits_per_byte_{STEPS}"
    return [
        finding(artifacts, "related", "unrelated", metric, what="Slovak"),
        finding(artifacts, "related", "alone", metric, what="Slovak"),
        finding(artifacts, "unrelated", "alone", metric, what="Slovak", counts=False),
    ]


MULTILINGUALITY = Claim(
    "multilinguality",
    "A model of fixed size predicts a language worse the more languages it learns beside it.",
    "Conneau et al. 2020, Unsupervised Cross-lingual Representation Learning at Scale",
    f"Bits per byte of held-out German after {STEPS} steps from scratch with {BYTES} bytes of German each, alone and with as "
    "much text of each of three and of nine other languages; one tokenizer; three seeds.",
    _many_steps,
    _judge_many,
)
RELATIVES = Claim(
    "relatives",
    "A language of little text gains from text of a related language, and more than from that of another.",
    "Chang et al. 2024, When Is Multilinguality a Curse?",
    f"Bits per byte of held-out Slovak after {STEPS} steps from scratch with {LOW_BYTES} bytes of Slovak each, from "
    f"{LOW_SENTENCES} strings again and again, beside {HELP_BYTES} bytes of Czech, of Turkish, or nothing; one tokenizer; "
    "three seeds.",
    _helped_steps,
    _judge_helped,
)
