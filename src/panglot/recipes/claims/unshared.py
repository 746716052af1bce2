"""Claims: what a model learnt of one language serves another with which it shares no piece; and which of its layers carry it.

A model learns English whose every character was moved to another script, then gets a tokenizer of German, with new rows, and
goes on with German. The controls start from the same model with some or all of its layers drawn anew, so that arms differ in
their layers alone.
"""

from typing import Any

import numpy as np

from panglot.evaluation.statistics import generator, paired_bootstrap
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, outcome_below
from panglot.recipes.claims.paired import finding, harvested, seeded, values_of
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

TARGET = "deu_Latn"
HARVESTED_FOR_ENGLISH = (TARGET, "fra_Latn", "nld_Latn", "spa_Latn")
LAYERS = 4
BASE_STEPS, BASE_CHARACTERS = 200, 4096
STEPS, STEP_BYTES = 60, 2048
FRESH = {"fresh": (1, 2, 3, 4), "upper": (1, 2), "lower": (3, 4)}
"""Arm to the layers that are drawn anew: `upper` keeps the upper half."""
KEPT, SHARED = "kept", "shared-pieces"
_METRIC = f"bits_per_byte_{STEPS}"
_SHAPE: dict[str, Any] = {"architecture": "llama", "layers": LAYERS, "width": 64, "heads": 4}
_TRAINED: dict[str, Any] = {"sequence_length": 128, "learning_rate": 3e-3, "precision": "fp32"}
_BYTES_A_CHARACTER = {"moved": 3, "plain": 1}


def _texts() -> dict[str, StepRecipe]:
    return {
        **harvested(),
        "transfer-pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": list(HARVESTED_FOR_ENGLISH)}),
        "transfer-split": StepRecipe("corpus.split", {"of": "$transfer-pairs", "test": 150}),
        "target-pairs": StepRecipe("corpus.select", {"of": "$transfer-split.train", "languages": [TARGET]}),
        "target-text": StepRecipe("corpus.side", {"of": "$target-pairs", "side": "source"}),
        "target-test": StepRecipe("corpus.select", {"of": "$transfer-split.test", "languages": [TARGET]}),
        "target-heldout": StepRecipe("corpus.side", {"of": "$target-test", "side": "source"}),
        "target-tokenizer": StepRecipe("vocabulary.train", {"text": "$target-text", "size": 1200, "algorithm": "unigram"}),
        "moved-pairs": StepRecipe("corpus.shift_script", {"of": "$transfer-split.train", "text": "target"}),
        "moved-text": StepRecipe("corpus.side", {"of": "$moved-pairs", "side": "source"}),
        "plain-text": StepRecipe("corpus.side", {"of": "$moved-pairs", "side": "target"}),
    }


def _base(kind: str) -> dict[str, StepRecipe]:
    """The model of English, in its own letters (`plain`) or in others (`moved`), from as many characters."""
    learnt = {
        "model": f"${kind}-untrained", "text": f"${kind}-text", "steps": BASE_STEPS,
        "batch_bytes": BASE_CHARACTERS * _BYTES_A_CHARACTER[kind], **_TRAINED,
    }  # fmt: skip
    return {
        f"{kind}-tokenizer": StepRecipe("vocabulary.train", {"text": f"${kind}-text", "size": 1200, "algorithm": "unigram"}),
        f"{kind}-untrained": StepRecipe("training.new_model", {"tokenizer": f"${kind}-tokenizer", **_SHAPE}),
        f"{kind}-base": StepRecipe("training.language_model", learnt),
    }


def _arm(arm: str) -> dict[str, StepRecipe]:
    found = {}
    for seed in SEEDS:
        start = "$plain-base" if arm == SHARED else "$moved-base"
        if arm in FRESH:
            layers = {"model": "$moved-base", "layers": list(FRESH[arm])}
            found[f"start-{arm}-{seed}"] = StepRecipe("training.fresh_layers", layers, seed)
            start = f"$start-{arm}-{seed}"
        trial = {
            "model": start, "text": "$target-text", "heldout": "$target-heldout", "tokenizer": "$target-tokenizer",
            "initialise": "random", "steps": STEPS, "batch_bytes": STEP_BYTES, "arm": arm, **_TRAINED,
        }  # fmt: skip
        found[f"{arm}-{seed}"] = StepRecipe("evaluation.trial", trial, seed)
    return found


def _steps(*arms: str) -> dict[str, StepRecipe]:
    found = _texts() | _base("moved")
    if SHARED in arms:
        found |= _base("plain")
    for arm in arms:
        found |= _arm(arm)
    return found


def _below(artifacts: Artifacts, arm: str, control: str, *, counts: bool = True) -> Finding:
    return finding(artifacts, arm, control, _METRIC, what="German", counts=counts)


def _judge_vocabulary(artifacts: Artifacts) -> list[Finding]:
    return [_below(artifacts, KEPT, "fresh"), _below(artifacts, SHARED, KEPT, counts=False)]


def _more_than_half(artifacts: Artifacts) -> Finding:
    """That the upper half brings the bits below the middle between all layers and none."""
    upper, kept, fresh = (values_of(artifacts, seeded(arm), _METRIC) for arm in ("upper", KEPT, "fresh"))
    middle = (kept + fresh) / 2
    rng = generator(SEEDS[0], "upper", "middle", _METRIC)
    value, low, high, _ = paired_bootstrap(upper - middle, np.zeros(upper.shape[1]), rng, bounds=None)
    arms = {"upper": float(upper.mean()), "middle": float(middle.mean())}
    return Finding("upper − the middle of kept and fresh, German", value, low, high, arms, outcome_below(low, high))


def _judge_layers(artifacts: Artifacts) -> list[Finding]:
    # where all layers together are not shown to transfer anything, there is nothing that half of them could carry
    return [
        _below(artifacts, KEPT, "fresh"),
        _below(artifacts, "upper", "fresh"),
        _more_than_half(artifacts),
        _below(artifacts, "lower", "fresh", counts=False),
        _below(artifacts, KEPT, "upper", counts=False),
    ]


_MEASURE = (
    f"Bits per byte of held-out German after {STEPS} steps of {STEP_BYTES} bytes, by a causal model of {LAYERS} layers that "
    f"learnt English for {BASE_STEPS} steps, every character moved to another script, and then got the pieces of German with "
    "rows drawn around the old ones; three seeds. One language after the other: the papers mask tokens and learn both "
    "together, where in a probe of two layers and 300 steps retrieval between English and its moved form stayed at chance."
)
UNSHARED_VOCABULARY = Claim(
    "unshared-vocabulary",
    "A model transfers what it learnt of one language to another although they have no word piece in common.",
    "K et al. 2020, Cross-Lingual Ability of Multilingual BERT; Artetxe et al. 2020, On the Cross-lingual Transferability of "
    "Monolingual Representations; Conneau et al. 2020, Emerging Cross-lingual Structure in Pretrained Language Models",
    f"{_MEASURE} The control has the same rows, and all of its layers drawn anew.",
    lambda: _steps(KEPT, "fresh", SHARED),
    _judge_vocabulary,
)
SHARED_LAYERS = Claim(
    "shared-layers",
    "Without a common vocabulary it is enough for transfer that the upper layers are shared: half of them carry most of it.",
    "Conneau et al. 2020, Emerging Cross-lingual Structure in Pretrained Language Models",
    f"{_MEASURE} Of the layers all, the upper half, the lower half or none are those that learnt English; the others are drawn "
    "anew.",
    lambda: _steps(KEPT, "fresh", "upper", "lower"),
    _judge_layers,
)
