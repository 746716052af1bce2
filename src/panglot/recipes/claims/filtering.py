"""Claim: filtered text teaches a model more than the same amount of unfiltered text."""

from panglot.recipes.claims.claim import Artifacts, Claim, Finding, outcome_below
from panglot.recipes.claims.planted_noise import TRAINED_ON, noise_steps
from panglot.recipes.claims.small_model import SEEDS, TRAINED, compared_steps, difference, pooled
from panglot.recipes.recipe import StepRecipe

STEPS, STEP_BYTES = 80, 2048
UNFILTERED, FILTERED, CLEAN = "unfiltered", "filtered", "clean"
_TEXT = {UNFILTERED: "$noisy", FILTERED: "$noise_filtered", CLEAN: "$noise_clean"}


def _steps() -> dict[str, StepRecipe]:
    steps = noise_steps()
    steps["noise_filtered"] = StepRecipe(
        "corpus.filter", {"of": "$noisy", "signals": "$noise_signals", "thresholds": "$noise_thresholds"}
    )
    steps["noise_tokenizer"] = StepRecipe(
        "vocabulary.train", {"text": "$noise_reference", "size": 2000, "algorithm": "unigram"}
    )
    model = {"tokenizer": "$noise_tokenizer", "architecture": "llama", "layers": 2, "width": 64, "heads": 2}
    steps["noise_model"] = StepRecipe("training.new_model", model)
    for arm, text in _TEXT.items():
        shared = {"model": "$noise_model", "text": text, "heldout": "$noise_heldout", "steps": STEPS, "learning_rate": 3e-3}
        for seed in SEEDS:
            steps[f"{arm}-{seed}"] = StepRecipe(
                "evaluation.trial", {**shared, **TRAINED, "batch_bytes": STEP_BYTES, "arm": arm}, seed
            )
    return steps | compared_steps("compared-filtering", list(_TEXT), [UNFILTERED])


def _judge(artifacts: Artifacts) -> list[Finding]:
    found = []
    for arm, counts in ((FILTERED, True), (CLEAN, False)):
        over, arms = pooled(artifacts, arm, UNFILTERED, STEPS)
        outcome = outcome_below(over.low, over.high)
        found.append(Finding(f"{arm} − {UNFILTERED}, all languages", over.value, over.low, over.high, arms, outcome, counts))
    for language in TRAINED_ON:
        row = difference(artifacts["compared-filtering"], FILTERED, UNFILTERED, STEPS, language)
        low, high = row["ci_low"], row["ci_high"]
        contrast = f"{FILTERED} − {UNFILTERED}, {language}"
        found.append(Finding(contrast, row["value"], low, high, row["arms"], outcome_below(low, high), False))
    return found


FILTERING = Claim(
    "filtering",
    "Text whose noise is filtered out gives fewer bits per byte on held-out text than as much unfiltered text.",
    "Rae et al. 2021, Gopher; Penedo et al. 2025, FineWeb2",
    f"Bits per byte of held-out documents in four languages after {STEPS} steps of {STEP_BYTES} bytes, half of whose documents "
    "are planted noise of seven kinds: unfiltered, filtered by thresholds estimated on other documents, and freed of exactly "
    "the noise; a small decoder trained from nothing, three seeds. All documents together decide; single languages are shown.",
    _steps,
    _judge,
)
