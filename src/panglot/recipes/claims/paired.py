"""Arms of several seeds compared item by item: what the claims about training share."""

from collections.abc import Iterable, Sequence

import numpy as np

from panglot.evaluation.results import Results
from panglot.evaluation.statistics import Difference, Floats, generator, paired_bootstrap
from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.claims.claim import Artifacts, Finding, outcome_below
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.recipe import StepRecipe

HARVESTED = (
    "bul_Cyrl", "ces_Latn", "deu_Latn", "ell_Grek", "fra_Latn", "nld_Latn", "rus_Cyrl", "slk_Latn", "spa_Latn", "tur_Latn",
    "ukr_Cyrl",
)  # fmt: skip


def harvested() -> dict[str, StepRecipe]:
    """The sentences of all languages, which the claims share."""
    harvest = {"languages": list(HARVESTED), "packages": list(DEMO_PACKAGES)}
    return {"pairs": StepRecipe("corpus.harvest_gettext", harvest)}


def seeded(arm: str) -> list[str]:
    """Names of the steps of an arm, one a seed.

    Example:
        >>> seeded("mlm")
        ['mlm-17', 'mlm-18', 'mlm-19']
    """
    return [f"{arm}-{seed}" for seed in SEEDS]


def values_of(artifacts: Artifacts, steps: Iterable[str], metric: str, languages: Sequence[str] = ()) -> Floats:
    """The items of some measurements: float64 [steps, items], languages in the order of their tags.

    Args:
        artifacts: the results.
        steps: of the same items.
        metric: which figure.
        languages: only these; all that were measured where none is named.
    """
    rows = []
    for name in steps:
        results = artifacts[name]
        assert isinstance(results, Results)
        found = {key[1]: units.values for key, units in results.units().items() if key[2] == metric}
        rows.append(np.concatenate([found[tag] for tag in sorted(languages or found)]))
    return np.stack(rows)


def compared(
    artifacts: Artifacts,
    arm: str,
    control: str,
    metric: str,
    *,
    languages: Sequence[str] = (),
    bounds: tuple[float, float] | None = None,
) -> tuple[Difference, dict[str, float]]:
    """arm − control over all items of all languages together, paired by item; and the two figures."""
    one, other = (values_of(artifacts, seeded(each), metric, languages) for each in (arm, control))
    # equal seeds saw the same text in the same order, so that their difference is the unit
    found = paired_bootstrap(one - other, np.zeros(one.shape[1]), generator(SEEDS[0], arm, control, metric), bounds=bounds)
    return found, {arm: float(one.mean()), control: float(other.mean())}


def finding(
    artifacts: Artifacts,
    arm: str,
    control: str,
    metric: str,
    *,
    what: str,
    above: bool = False,
    languages: Sequence[str] = (),
    bounds: tuple[float, float] | None = None,
    counts: bool = True,
) -> Finding:
    """The finding that an arm lies below a control, or with `above` above it.

    Args:
        artifacts: the results; the steps ARM-SEED and CONTROL-SEED.
        arm: one side.
        control: the other.
        metric: which figure.
        what: what was measured, in words.
        above: whether the claim is that the arm lies above.
        languages: only these.
        bounds: the least and the greatest value of an item; None where there are none.
        counts: whether it decides the verdict.
    """
    (value, low, high, _), figures = compared(artifacts, arm, control, metric, languages=languages, bounds=bounds)
    outcome = outcome_below(-high, -low) if above else outcome_below(low, high)
    return Finding(f"{arm} − {control}, {what}", value, low, high, figures, outcome, counts)
