"""Sums of many samples of the same items, as matrix products.

Samples are drawn once for each number of items and serve every language and system: each language's test is as good as with
draws of its own, and Holm's correction holds whatever the dependence between tests.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from panglot.evaluation.statistics import Floats, generator

_ROWS = 1000
_WHOLE_IN_FLOAT32 = 1 << 24
_CELLS_AT_ONCE = 1 << 22


def blocks(n: int, resamples: int) -> Iterator[int]:
    """Numbers of samples that are worked on at a time."""
    rows = max(1, min(_ROWS, _CELLS_AT_ONCE // n))
    for start in range(0, resamples, rows):
        yield min(rows, resamples - start)


def bootstrap_counts(n: int, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """How often each of n items is in each of `resamples` samples of n, drawn with replacement: blocks of [rows, n].

    Example:
        >>> [(block.shape, block.sum(axis=1).tolist()) for block in bootstrap_counts(5, 2, seed=0)]
        [((2, 5), [5.0, 5.0])]
    """
    rng = generator(seed, "bootstrap", str(n))
    for rows in blocks(n, resamples):
        drawn = rng.integers(0, n, size=(rows, n), dtype=np.int32)
        drawn += (np.arange(rows, dtype=np.int32) * n)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float32)


def signs(n: int, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Whether two systems keep (+1) or swap (−1) their outputs on each of n items: blocks of [rows, n].

    Example:
        >>> sorted({each for block in signs(9, 20, seed=0) for each in block.ravel().tolist()})
        [-1.0, 1.0]
    """
    rng = generator(seed, "randomisation", str(n))
    for rows in blocks(n, resamples):
        packed = np.frombuffer(rng.bytes(rows * ((n + 7) // 8)), dtype=np.uint8).reshape(rows, -1)
        yield np.unpackbits(packed, axis=1, count=n).astype(np.float32) * np.float32(2) - np.float32(1)


class Sums:
    """Sums of statistics over samples, of many tables in one product.

    Columns that are equal but for a constant are summed once: what the targets alone decide costs nothing for the second
    system, and a text of L characters has L + 1 − n n-grams of every length n.

    Args:
        groups: tables of [n, d]; the d of a group are equal.
        added: for each group the rows of k pseudo-items, [k, tables, d]. They are no part of the great product, so that their
            fractions do not take from it that all numbers are whole.

    Example:
        >>> sums = Sums([[np.array([[1.0, 5.0], [0.0, 6.0]]), np.array([[0.0, 5.0], [1.0, 6.0]])]])
        >>> next(sums.of(np.array([[2, 0]], dtype=np.float32))).tolist()
        [[[2.0, 10.0], [0.0, 10.0]]]
    """

    def __init__(self, groups: Sequence[Sequence[Floats]], added: Sequence[Floats] | None = None) -> None:
        known: dict[bytes, int] = {}
        columns: list[Floats] = []
        self._groups = []
        for number, tables in enumerate(groups):
            given = np.concatenate(tables, axis=1).T
            constants = given[:, 0].copy()
            place = np.zeros(len(given), dtype=np.int64)
            for at, column in enumerate(given - constants[:, None]):
                place[at] = known.setdefault(column.tobytes(), len(columns))
                if place[at] == len(columns):
                    columns.append(column)
            pseudo = np.zeros((0, len(given))) if added is None else added[number].reshape(-1, len(given))
            self._groups.append((len(tables), place, np.column_stack([constants, pseudo.T])))
        every = np.stack(columns)
        self._n = every.shape[1]
        whole = bool((every == np.rint(every)).all()) and float(np.abs(every).max()) * self._n < _WHOLE_IN_FLOAT32
        # sums of whole numbers below 2^24 are exact in float32: quick, and the same on every machine
        self._columns = every.astype(np.float32 if whole else np.float64)

    def of(self, weights: NDArray[np.float32]) -> Iterator[Floats]:
        """Weights [B, n + k] to sums of each group, [B, tables, d]."""
        items = weights[:, : self._n]
        found = self._columns @ items.astype(self._columns.dtype, copy=False).T
        few = np.concatenate([items.sum(axis=1, dtype=np.float64)[None], weights[:, self._n :].T])
        for tables, place, others in self._groups:
            sums = others @ few
            sums += found[place]
            yield sums.reshape(tables, -1, len(weights)).transpose(2, 0, 1)
