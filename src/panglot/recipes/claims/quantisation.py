"""Claim: weights of few bits cost languages in non-Latin scripts more."""

import numpy as np

from panglot.evaluation.results import Results
from panglot.evaluation.statistics import Floats, generator
from panglot.languages import Language
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, outcome_below
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.claims.software_texts import LANGUAGES, texts
from panglot.recipes.recipe import StepRecipe

DECODER = "embedded:decoder-6m"
BITS = (8, 4, 3)
MESSAGES, RESAMPLES = 100, 4000
METRIC, WHOLE = "bits_per_byte", "whole"


def rises(before: Floats, after: Floats) -> Floats:
    """How many per cent more bits each language takes."""
    return np.asarray(100 * (after / before - 1))


def difference(values: Floats, latin: np.ndarray, key: str) -> tuple[float, float, float]:
    """Mean of the other scripts − mean of Latin, with its 95 % interval over languages, each side drawn by itself."""
    rng = generator(SEEDS[0], "quantisation", key)
    sides = [values[~latin], values[latin]]
    drawn = [each[rng.integers(0, len(each), (RESAMPLES, len(each)))].mean(1) for each in sides]
    low, high = np.percentile(drawn[0] - drawn[1], [2.5, 97.5]).tolist()
    return float(sides[0].mean() - sides[1].mean()), low, high


def _scores(artifacts: Artifacts, step: str) -> Floats:
    results = artifacts[step]
    assert isinstance(results, Results)
    found = {row["language"]: row["value"] for row in results.table().to_pylist() if row["metric"] == METRIC}
    return np.array([found[tag] for tag in LANGUAGES])


def _judge(artifacts: Artifacts) -> list[Finding]:
    latin = np.array([Language(tag).script == "Latn" for tag in LANGUAGES])
    before = _scores(artifacts, "quantised-none-bits")
    findings = []
    for bits in BITS:
        values = rises(before, _scores(artifacts, f"quantised-{bits}-bits"))
        value, low, high = difference(values, latin, str(bits))
        arms = {"other scripts, %": float(values[~latin].mean()), "Latin, %": float(values[latin].mean())}
        said = f"more bits a byte at {bits} bits, other scripts − Latin"
        findings.append(Finding(said, value, low, high, arms, outcome_below(-high, -low), counts=bits == 4))
    return findings


def quantisation(model: str) -> Claim:
    """The claim for a language model.

    Args:
        model: its name or folder.
    """

    def steps() -> dict[str, StepRecipe]:
        chosen = {"of": "$long-texts", "languages": list(LANGUAGES), "limit": MESSAGES * len(LANGUAGES)}
        found = {
            **{name: step for name, step in texts().items() if name != "encoder"},
            "decoder": StepRecipe("models.load", {"name": model}),
            "messages-chosen": StepRecipe("corpus.select", chosen),
            "messages": StepRecipe("corpus.side", {"of": "$messages-chosen"}),
        }
        for bits in (None, *BITS):
            of = "$decoder" if bits is None else f"$quantised-{bits}"
            if bits is not None:
                found[f"quantised-{bits}"] = StepRecipe("adaptation.quantise", {"model": "$decoder", "bits": bits})
            shown = WHOLE if bits is None else f"{bits} bits"
            measured = {"model": of, "text": "$messages", "condition": shown}
            found[f"quantised-{str(bits).lower()}-bits"] = StepRecipe("evaluation.bits_per_byte", measured)
        return found

    return Claim(
        "quantisation",
        "Weights of few bits cost languages in non-Latin scripts more than those in Latin script.",
        "Marchisio et al. 2024, How Does Quantization Affect Multilingual LLMs? (8 and 4 bits, calibrated methods, tasks and "
        "people's judgements)",
        f"Per cent more bits a byte of {MESSAGES} messages of software in each of {len(LANGUAGES)} languages, 8 of them not in "
        f"Latin script, by {model} with the weights of its layers rounded to nearest at {', '.join(map(str, BITS))} bits, one "
        "scale an output; interval over languages. Four bits decide.",
        steps,
        _judge,
    )


QUANTISATION = quantisation(DECODER)
