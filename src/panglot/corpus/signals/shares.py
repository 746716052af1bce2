"""Ratios that are defined for every text."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def share(part: ArrayLike, whole: ArrayLike, *, empty: float = 0.0) -> NDArray[np.float64]:
    """`part / whole`, and `empty` where there is nothing to take a part of.

    Example:
        >>> share([1, 0], [2, 0]).tolist(), share([0], [0], empty=1.0).tolist()
        ([0.5, 0.0], [1.0])
    """
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    found = np.full(part.shape, empty, dtype=np.float64)
    np.divide(part, whole, out=found, where=whole > 0)
    return found
