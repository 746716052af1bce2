"""Batches of texts with nearly equal numbers of tokens.

Sorting by characters, as is usual, mixes lengths when scripts mix: forty Chinese characters are as many tokens as a hundred
and twenty Latin ones, and the shorter text is padded to the longer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def batches_by_tokens(lengths: Sequence[int], budget: int, *, padded: bool = False) -> list[NDArray[np.int64]]:
    """Group texts by their number of tokens, longest first, so that no batch holds more tokens than the budget.

    Args:
        lengths: tokens of each text.
        budget: most tokens in a batch; a longer text stands alone.
        padded: count every text of a batch as long as its longest.

    Returns:
        Positions in `lengths`, a batch each; every position once. Equal input gives equal batches.

    Example:
        >>> [each.tolist() for each in batches_by_tokens([2, 9, 3, 3], budget=8)]
        [[1], [2, 3, 0]]
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    batches: list[NDArray[np.int64]] = []
    start, tokens = 0, 0
    for at, position in enumerate(order):
        longest = lengths[order[start]]
        tokens = (at + 1 - start) * longest if padded else tokens + lengths[position]
        if tokens > budget and at > start:
            batches.append(order[start:at])
            start, tokens = at, lengths[position]
    if len(order):
        batches.append(order[start:])
    return batches


def runs_of_equal(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of equal values as (value, count).

    Example:
        >>> runs_of_equal([7, 7, 5])
        [(7, 2), (5, 1)]
    """
    values = np.asarray(lengths)
    if not len(values):
        return []
    starts: NDArray[Any] = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    counts = np.diff(starts, append=len(values))
    return [(int(values[start]), int(count)) for start, count in zip(starts, counts, strict=True)]
