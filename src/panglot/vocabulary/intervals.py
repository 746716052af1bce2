"""Bootstrap intervals of ratios of sums, paired wherever two figures are measured on the same documents."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 1000
_MOST_UNITS = 4096


def resampled_sums(values: Floats, seed: int) -> Floats:
    """Sums of each column over documents that are drawn again with replacement: float64 `[RESAMPLES, columns]`.

    Equal seed and equal number of documents give equal draws. So figures of several tokenizers on the same documents, and of
    languages whose documents are translations of each other, vary together, and their differences and ratios are paired.
    More than 4,096 documents are put together in 4,096 groups, which are then what is drawn.

    Args:
        values: float64 `[documents, columns]`.
        seed: the step's seed.

    Example:
        >>> resampled_sums(np.ones((5, 1)), 0)[:2].tolist()
        [[5.0], [5.0]]
    """
    n = len(values)
    if n > _MOST_UNITS:
        order = np.random.default_rng([seed, n, 1]).permutation(n)
        edges = np.linspace(0, n, _MOST_UNITS + 1).astype(np.int64)[:-1]
        values = np.add.reduceat(values[order], edges, axis=0)
    return np.asarray(_weights(len(values), seed) @ values, dtype=np.float64)


@lru_cache(maxsize=2)
def _weights(n: int, seed: int) -> Floats:
    """How often each of n documents is drawn, for every resample: float64 `[RESAMPLES, n]`."""
    drawn = np.random.default_rng([seed, n]).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    return np.asarray(drawn, dtype=np.float64)


def interval(samples: Floats, value: float) -> tuple[float | None, float | None]:
    """The 95 % percentile interval, widened to hold the value; nothing where all samples are equal.

    A figure on which all documents agree (no unknown token anywhere) has no spread to resample: an interval of no width would
    claim a certainty that a sample cannot give.

    Example:
        >>> interval(np.array([1.0, 1.0]), 1.0), interval(np.linspace(0, 1, 1001), 0.5)
        ((None, None), (0.025, 0.975))
    """
    kept = samples[np.isfinite(samples)]
    if kept.size < samples.size // 2 or not kept.size or np.ptp(kept) <= 1e-12 * max(1.0, abs(value)):
        return None, None
    low, high = np.percentile(kept, [2.5, 97.5])
    return round(min(float(low), value), 12), round(max(float(high), value), 12)
