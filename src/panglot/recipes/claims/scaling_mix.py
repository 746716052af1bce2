"""Claim: the law of the loss over size, data and a language's share, fitted on small runs, tells the loss of another mix."""

import math
from typing import Any

import numpy as np
from scipy.stats import t as student

from panglot.corpus.balance.small_runs import SmallRuns
from panglot.models.model import Model
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, Outcome, outcome_below
from panglot.recipes.claims.paired import harvested, seeded, values_of
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe
from panglot.training.scaling import LossForecast, forecast

FIRST, SECOND = "deu_Latn", "tur_Latn"
SHARES = (0.1, 0.3, 0.6, 0.9)
"""Of the first language; the second has the rest."""
HELD_OUT = 0.3
WIDTHS = (16, 32, 64)
STEPS, STEP_BYTES = (10, 20, 40), 2048
_RESAMPLES = 100
_NAMES = {FIRST: "German", SECOND: "Turkish"}


def _arm(share: float, width: int) -> str:
    return f"mix-{round(100 * share)}-{width}"


def _trials(share: float, width: int) -> dict[str, StepRecipe]:
    trial: dict[str, Any] = {
        "model": f"$mix-untrained-{width}", "text": "$mix-text", "heldout": "$mix-heldout", "arm": _arm(share, width),
        "shares": {"method": "fixed", "weights": {FIRST: share, SECOND: round(1 - share, 6)}},
        "steps": STEPS[-1], "measure_after": list(STEPS[:-1]), "batch_bytes": STEP_BYTES,
        "sequence_length": 128, "learning_rate": 4e-3, "precision": "fp32",
    }  # fmt: skip
    return {f"{_arm(share, width)}-{seed}": StepRecipe("evaluation.trial", trial, seed) for seed in SEEDS}


def _steps() -> dict[str, StepRecipe]:
    even = {"method": "temperature", "alpha": 0.0}
    found = {
        **harvested(),
        "mix-pairs": StepRecipe("corpus.select", {"of": "$pairs", "languages": [FIRST, SECOND]}),
        "mix-split": StepRecipe("corpus.split", {"of": "$mix-pairs", "test": 100}),
        "mix-text": StepRecipe("corpus.side", {"of": "$mix-split.train", "side": "source"}),
        "mix-heldout": StepRecipe("corpus.side", {"of": "$mix-split.test", "side": "source"}),
        "mix-tokenizer": StepRecipe(
            "vocabulary.train", {"text": "$mix-text", "size": 1000, "algorithm": "unigram", "shares": even}
        ),
    }
    for width in WIDTHS:
        shape = {"architecture": "llama", "layers": 2, "width": width, "heads": 2}
        found[f"mix-untrained-{width}"] = StepRecipe("training.new_model", {"tokenizer": "$mix-tokenizer", **shape})
    for share in SHARES:
        for width in WIDTHS:
            found |= _trials(share, width)
    return found


def runs_of(artifacts: Artifacts, language: str) -> SmallRuns:
    """All runs as a table: a row for each model and amount of data."""
    rows = []
    for share in SHARES:
        own = share if language == FIRST else round(1 - share, 6)
        for width in WIDTHS:
            model = artifacts[f"mix-untrained-{width}"]
            assert isinstance(model, Model)
            for name in seeded(_arm(share, width)):
                for steps in STEPS:
                    loss = float(values_of(artifacts, [name], f"bits_per_byte_{steps}", [language]).mean())
                    rows.append((own, loss, float(model.facts["parameters"]), float(steps * STEP_BYTES), name))
    share_of, loss_of, parameters_of, data_of, names = zip(*rows, strict=True)
    return SmallRuns(
        language=np.full(len(rows), language),
        share=np.array(share_of, dtype=np.float64),
        loss=np.array(loss_of, dtype=np.float64),
        parameters=np.array(parameters_of, dtype=np.float64),
        data=np.array(data_of, dtype=np.float64),
        run=np.array(names),
    )


def held_out(runs: SmallRuns, share: float, *, told: bool) -> LossForecast:
    """What the runs of other mixes say of a mix at the largest size and the most data.

    Args:
        runs: of one language, those of the mix among them.
        share: of the mix.
        told: whether the law may know the shares. The control does not, and has no interval.
    """
    kept = ~np.isclose(runs.share, share)
    shares = runs.share[kept] if told else np.ones(int(kept.sum()))
    fewer = SmallRuns(runs.language[kept], shares, runs.loss[kept], runs.parameters[kept], runs.data[kept], runs.run[kept])
    return forecast(
        fewer,
        str(runs.language[0]),
        parameters=float(runs.parameters.max()),
        data=float(runs.data.max()),
        share=share if told else None,
        resamples=_RESAMPLES if told else 0,
    )


def _measured(artifacts: Artifacts, language: str) -> tuple[float, float]:
    """Mean over seeds, and half of its 95 % interval (Student); the documents are those of the fit, and no chance."""
    names = seeded(_arm(HELD_OUT, WIDTHS[-1]))
    values = values_of(artifacts, names, f"bits_per_byte_{STEPS[-1]}", [language]).mean(axis=1)
    return float(values.mean()), float(student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))


def error_of(value: float, half: float, law: LossForecast) -> tuple[float, float]:
    """The 95 % interval of measured − forecast, from those of the two, which are independent."""
    middle = value - law.loss
    return middle - math.hypot(half, law.high - law.loss), middle + math.hypot(half, law.loss - law.low)


def _findings(artifacts: Artifacts, language: str) -> list[Finding]:
    share = HELD_OUT if language == FIRST else round(1 - HELD_OUT, 6)
    runs = runs_of(artifacts, language)
    value, half = _measured(artifacts, language)
    law, control = (held_out(runs, share, told=told) for told in (True, False))
    low, high = error_of(value, half, law)
    error = value - law.loss
    inside: Outcome = "as claimed" if low <= 0 <= high else "contrary"
    said = f"{_NAMES[language]} at a share of {share:g}"
    # |error| less that of the control, at either end and between them
    worst = abs(value - control.loss)
    ends = 0.0 if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high))
    errors = {"with shares": abs(error), "without": worst}
    smaller = ends[0] - worst, ends[1] - worst
    return [
        Finding(f"measured − forecast, {said}", error, low, high, {"measured": value, "forecast": law.loss}, inside),
        Finding(f"error with shares − without, {said}", abs(error) - worst, *smaller, errors, outcome_below(*smaller)),
    ]


def _judge(artifacts: Artifacts) -> list[Finding]:
    return [each for language in (FIRST, SECOND) for each in _findings(artifacts, language)]


SCALING_MIX = Claim(
    "scaling-mix",
    "A law of the loss over model size, data and a language's own share, fitted on small runs, predicts mixes that were not "
    "run.",
    "He et al. 2024, Scaling Laws for Multilingual Language Models",
    f"Bits per byte of held-out German and Turkish in {len(SHARES) * len(WIDTHS) * len(SEEDS)} runs from scratch: "
    f"{len(SHARES)} mixes of the two, {len(WIDTHS)} sizes, three seeds, each measured after {STEPS[0]}, {STEPS[1]} and "
    f"{STEPS[2]} steps of {STEP_BYTES} bytes (the learning rate falls over all of them). The law is fitted without the mix of "
    f"{HELD_OUT:.0%} German, and must tell its bits at the largest size: measured − forecast must not differ from 0 (a "
    "bootstrap over the runs of the fit, Student's interval over the seeds of the mix), and the error must be smaller than "
    "without shares. Languages in place of the paper's families.",
    _steps,
    _judge,
)
