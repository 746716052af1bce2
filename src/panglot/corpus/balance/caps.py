"""Shares under upper bounds: what a bound takes from one language goes to the others in their proportion."""

from collections.abc import Mapping

import numpy as np


def within_caps(amounts: Mapping[str, float], most: Mapping[str, float], budget: float) -> dict[str, float]:
    """Amounts in the proportion of those given, none above its bound, that use the budget as far as the bounds let them.

    The solution is min(t · a_l, m_l) with the t for which the sum is min(budget, Σ m_l): the water level of a vessel whose
    columns are a_l wide. With equal amounts and m_l = N · size it is UniMax.

    Args:
        amounts: language to amount, zero or above.
        most: language to upper bound; no bound for one that is not named.
        budget: what the amounts should add up to.

    Returns:
        Language to amount, in the order of `amounts`.

    Example:
        >>> within_caps({"eng": 8, "hsb": 1, "swh": 1}, {"eng": 40}, 100)
        {'eng': 40.0, 'hsb': 30.0, 'swh': 30.0}
    """
    names = list(amounts)
    wide = np.array([amounts[name] for name in names], dtype=np.float64)
    bound = np.array([most.get(name, np.inf) for name in names], dtype=np.float64)
    found = np.zeros(len(names))
    full = np.where(wide > 0, bound / np.where(wide > 0, wide, 1.0), np.inf)
    free = wide > 0
    left = float(budget)
    for at in np.argsort(full, kind="stable"):
        if not free[at]:
            continue
        level = left / wide[free].sum()
        if full[at] >= level:
            found[free] = level * wide[free]
            break
        found[at] = bound[at]
        left -= float(bound[at])
        free[at] = False
    return dict(zip(names, found.tolist(), strict=True))
