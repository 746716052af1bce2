"""Claim: the law of the loss over size, data and a language's share, fitted on small runs, tells the loss of another mix."""

from typing import Any

import numpy as np

from panglot.corpus.balance.small_runs import SmallRuns
from panglot.evaluation.statistics import Floats, generator, paired_bootstrap
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
    shares, losses, parameters, data, names = zip(*rows, strict=True)
    numbers = (np.array(each, dtype=np.float64) for each in (shares, losses, parameters, data))
    return SmallRuns(np.full(len(rows), language), *numbers, np.array(names))


def held_out(runs: SmallRuns, share: float, *, told: bool) -> LossForecast:
    """What the runs of other mixes say of a mix at the largest size and the most data.

    Args:
        runs: of one language, those of the mix among them.
        share: of the mix.
        told: whether the law may know the shares; the control does not.
    """
    kept = ~np.isclose(runs.share, share)
    shares = runs.share[kept] if told else np.ones(kept.sum())
    fewer = SmallRuns(
        runs.language[kept], shares, runs.loss[kept], runs.parameters[kept], runs.data[kept], runs.run[kept]
    )  # fmt: skip
    largest = {"parameters": float(runs.parameters.max()), "data": float(runs.data.max())}
    return forecast(fewer, str(runs.language[0]), share=share if told else None, resamples=_RESAMPLES, **largest)


def _measured(artifacts: Artifacts, language: str, share: float) -> tuple[float, float, float]:
    values: Floats = values_of(artifacts, seeded(_arm(share, WIDTHS[-1])), f"bits_per_byte_{STEPS[-1]}", [language])
    found = paired_bootstrap(values, np.zeros(values.shape[1]), generator(SEEDS[0], language, "mix"), bounds=None)
    return float(values.mean()), found.low, found.high


def _findings(artifacts: Artifacts, language: str, mix: float, *, counts: bool) -> list[Finding]:
    runs = runs_of(artifacts, language)
    share = mix if language == FIRST else round(1 - mix, 6)
    value, low, high = _measured(artifacts, language, mix)
    law, control = (held_out(runs, share, told=told) for told in (True, False))
    inside: Outcome = "as claimed" if law.low <= value <= law.high else "contrary"
    if inside == "contrary" and low <= law.high and law.low <= high:
        inside = "not shown"
    said = f"{_NAMES[language]} at a share of {share:g}"
    # how much nearer the law is, at any value that was measured with 95 % certainty
    asked = np.linspace(low, high, 101)
    nearer = np.abs(asked - law.loss) - np.abs(asked - control.loss)
    arms = {"error of the law": abs(value - law.loss), "error without shares": abs(value - control.loss)}
    difference = arms["error of the law"] - arms["error without shares"]
    ends = float(nearer.min()), float(nearer.max())
    return [
        Finding(
            f"measured in the interval of the forecast, {said}", value, law.low, law.high,
            {"measured": value, "forecast": law.loss}, inside, counts,
        ),
        Finding(f"error of the law − error without shares, {said}", difference, *ends, arms, outcome_below(*ends), counts),
    ]  # fmt: skip


def _judge(artifacts: Artifacts) -> list[Finding]:
    found = []
    for mix in (HELD_OUT, *(each for each in SHARES if each != HELD_OUT)):
        for language in (FIRST, SECOND):
            found += _findings(artifacts, language, mix, counts=mix == HELD_OUT)
    return found


SCALING_MIX = Claim(
    "scaling-mix",
    "A law of the loss over model size, data and a language's own share, fitted on small runs, predicts mixes that were not run.",
    "He et al. 2024, Scaling Laws for Multilingual Language Models",
    f"Bits per byte of held-out German and Turkish in {len(SHARES) * len(WIDTHS) * len(SEEDS)} runs from scratch: "
    f"{len(SHARES)} mixes of the two, {len(WIDTHS)} sizes, three seeds, each measured after {STEPS[0]}, {STEPS[1]} and "
    f"{STEPS[2]} steps of {STEP_BYTES} bytes (the learning rate falls over all of them). The law is fitted without the mix of "
    f"{HELD_OUT:.0%} German, and must tell its bits at the largest size within the 95 % interval of its bootstrap over runs, "
    "and better than a law that does not know the shares. Languages in place of the paper's families.",
    _steps,
    _judge,
)
