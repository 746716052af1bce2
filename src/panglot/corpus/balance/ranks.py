"""Which documents make up an amount: in the order of a seeded hash, so that it depends on their content and not their place."""

from collections.abc import Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

EVERYTHING = (1 << 64) - 1
NOTHING = -1


def rank(seed: int, document: str) -> int:
    """The place of a document in the order: a hash of its id, 64 bits."""
    return xxhash.xxh3_64_intdigest(document, seed)


def ranks_of(seed: int, documents: Sequence[str]) -> NDArray[np.uint64]:
    """The places of several documents, uint64 `[documents]`."""
    return np.fromiter((rank(seed, each) for each in documents), np.uint64, len(documents))


def last_rank(ranks: NDArray[np.uint64], sizes: NDArray[np.int64], amount: float) -> tuple[int, float]:
    """Take documents in the order of their ranks until an amount is reached.

    Args:
        ranks: uint64 `[documents]`.
        sizes: int64 `[documents]`.
        amount: in the unit of the sizes.

    Returns:
        The highest rank that is taken (−1 for none), and what is taken: at least the amount, or everything.

    Example:
        >>> last_rank(np.array([30, 10, 20], dtype=np.uint64), np.array([5, 5, 5]), 6)
        (20, 10.0)
    """
    if amount <= 0 or not len(ranks):
        return NOTHING, 0.0
    order = np.argsort(ranks, kind="stable")
    reached = np.cumsum(sizes[order])
    last = min(int(np.searchsorted(reached, amount)), len(ranks) - 1)
    highest = ranks[order[last]]
    # equal documents have equal ranks, and are taken together
    last = int(np.searchsorted(ranks[order], highest, side="right")) - 1
    return int(highest), float(reached[last])
