"""What the claims about initialisation share: a small model trained in place, a language that it does not know, trials.

The text is that of the gettext catalogues of the extra `demo`: strings of software, in over a hundred languages. The model is a
decoder of two layers with a Unigram tokenizer, trained on nine languages and English; the new language is Ukrainian, whose
letters the model knows from Russian and Bulgarian.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from panglot.artifacts import Artifact
from panglot.evaluation.compare_trials import OVER
from panglot.evaluation.results import Results
from panglot.evaluation.statistics import Difference, Floats, generator, paired_bootstrap
from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.claims.claim import Finding, outcome_below
from panglot.recipes.recipe import StepRecipe

SEEDS = (17, 18, 19)
STEPS = 100
NEW = "ukr_Cyrl"
KNOWN = ("rus_Cyrl", "bul_Cyrl", "deu_Latn", "fra_Latn", "spa_Latn", "ces_Latn", "nld_Latn", "tur_Latn", "ell_Grek")
TRAINED = {"batch_bytes": 8192, "sequence_length": 128, "precision": "fp32"}
NONE = "none"


def base_steps() -> dict[str, StepRecipe]:
    """Text, tokenizer, the model trained in place, and the tokenizer extended for the new language."""
    harvest = {"languages": [NEW, *KNOWN], "packages": list(DEMO_PACKAGES)}
    return {
        "pairs": StepRecipe("corpus.harvest_gettext", harvest),
        "split": StepRecipe("corpus.split", {"of": "$pairs", "test": 150}),
        "known_pairs": StepRecipe("corpus.select", {"of": "$split.train", "languages": list(KNOWN)}),
        "new_pairs": StepRecipe("corpus.select", {"of": "$split.train", "languages": [NEW]}),
        "test_pairs": StepRecipe("corpus.select", {"of": "$split.test", "languages": [NEW]}),
        "known_text": StepRecipe("corpus.side", {"of": "$known_pairs", "side": "both"}),
        "new_text": StepRecipe("corpus.side", {"of": "$new_pairs", "side": "source"}),
        "english_text": StepRecipe("corpus.side", {"of": "$new_pairs", "side": "target"}),
        "test_text": StepRecipe("corpus.side", {"of": "$test_pairs", "side": "both"}),
        "tokenizer": StepRecipe("vocabulary.train", {"text": "$known_text", "size": 6000, "algorithm": "unigram"}),
        "untrained": StepRecipe(
            "training.new_model", {"tokenizer": "$tokenizer", "architecture": "llama", "layers": 2, "width": 128}
        ),
        "base": StepRecipe(
            "training.language_model",
            {"model": "$untrained", "text": "$known_text", "steps": 400, "learning_rate": 3e-3, **TRAINED},
        ),
        "extended": StepRecipe("vocabulary.extend_tokenizer", {"tokenizer": "$tokenizer", "text": "$new_text", "add": 1000}),
    }


def arm_steps(arm: str, initialise: Any = None, **more: Any) -> dict[str, StepRecipe]:
    """The trials of one arm, one a seed; the arm `none` keeps the old tokenizer."""
    shared = {"model": "$base", "text": "$new_text", "heldout": "$test_text", "steps": STEPS, "learning_rate": 1e-3, **TRAINED}
    if arm != NONE:
        shared |= {"tokenizer": "$extended", "initialise": initialise or arm}
    return {f"{arm}-{seed}": StepRecipe("evaluation.trial", {**shared, **more, "arm": arm}, seed) for seed in SEEDS}


def compared_steps(name: str, arms: list[str], controls: list[str]) -> dict[str, StepRecipe]:
    """The comparison of some arms."""
    trials = [f"${arm}-{seed}" for arm in arms for seed in SEEDS]
    return {name: StepRecipe("evaluation.compare_trials", {"trials": trials, "controls": controls})}


def difference(results: Artifact, arm: str, control: str, steps: int, language: str = NEW) -> dict[str, Any]:
    """The row of arm − control after some steps, and under `arms` the two figures."""
    assert isinstance(results, Results)
    rows = {
        row["condition"]: row
        for row in results.table().to_pylist()
        if row["language"] == language and row["metric"] == f"bits_per_byte_{steps}"
    }
    return {**rows[f"{arm}{OVER}{control}"], "arms": {each: rows[each]["value"] for each in (arm, control)}}


def below(results: Artifact, arm: str, control: str, steps: int, *, language: str = NEW, counts: bool = True) -> Finding:
    """The finding that an arm needs fewer bits per byte than a control."""
    row = difference(results, arm, control, steps, language)
    when = "before training" if steps == 0 else f"after {steps} steps"
    outcome = outcome_below(row["ci_low"], row["ci_high"])
    return Finding(f"{arm} − {control}, {when}", row["value"], row["ci_low"], row["ci_high"], row["arms"], outcome, counts)


def pooled(
    artifacts: Mapping[str, Artifact], arm: str, control: str, steps: int, *, parts: Sequence[str] = ()
) -> tuple[Difference, dict[str, float]]:
    """arm − control over all measured documents together, paired by document and seed; and the two figures.

    Trials are the steps ARM-SEED, or with parts ARM-PART-SEED: models that were measured each on documents of its own.
    """
    figures, values = {}, []
    for each in (arm, control):
        names = [f"{each}-{part}" for part in parts] or [each]
        runs = [np.concatenate([_measured(artifacts[f"{name}-{seed}"], steps) for name in names]) for seed in SEEDS]
        values.append(np.stack(runs))
        figures[each] = float(values[-1].mean())
    difference = values[0] - values[1]
    rng = generator(SEEDS[0], arm, control)
    return paired_bootstrap(difference, np.zeros(difference.shape[1]), rng, bounds=None), figures


def _measured(results: Artifact, steps: int) -> Floats:
    """Bits per byte of each document after some steps, languages in order: float64 [documents]."""
    assert isinstance(results, Results)
    found = {key[1]: units.values for key, units in results.units().items() if key[2] == f"bits_per_byte_{steps}"}
    return np.concatenate([found[language] for language in sorted(found)])
