"""Weights from similarities: sparsemax over all donors (FOCUS), softmax over the nearest ones (WECHSEL, OFA).

Both work on blocks of queries, so that the table of similarities, which would be gigabytes, is never whole in memory. Neither
sorts a row: the largest values among every few columns bound from below what can carry weight, and only the few entries above
the bound are worked on, exactly.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
_BLOCK_ENTRIES = 1 << 25
_LANES = 1024
_ROUNDING = 1e-6


def sparsemax(rows: NDArray[np.floating]) -> Floats:
    """Euclidean projection of each row on the probability simplex (Martins and Astudillo, 2016).

    p = max(z − τ, 0) with τ such that p sums to one. Entries of −∞ get no weight.

    Args:
        rows: `[n, m]`; each row has a finite entry.

    Returns:
        Float64 `[n, m]`; rows are not negative and sum to one.

    Example:
        >>> sparsemax(np.array([[0.5, 0.3, -0.4], [9.0, 1.0, 1.0]])).round(3).tolist()
        [[0.6, 0.4, 0.0], [1.0, 0.0, 0.0]]
    """
    found: Floats = np.maximum(rows - _threshold(rows)[:, None], 0.0)
    return found


def _threshold(rows: NDArray[np.floating]) -> Floats:
    """τ of each row: float64 `[n]`."""
    ordered = -np.sort(-rows.astype(np.float64), axis=1)
    held = np.isfinite(ordered)
    sums = np.cumsum(np.where(held, ordered, 0.0), axis=1)
    places = np.arange(1, rows.shape[1] + 1)
    support = np.where(held, 1 + places * ordered > sums, False).sum(axis=1)
    found: Floats = (sums[np.arange(len(rows)), support - 1] - 1) / support
    return found


def sparsemax_weights(queries: Vectors, donors: Vectors) -> "csr_array":
    """Sparsemax of the cosines of every query with all donors: the weights of FOCUS (Dobler and de Melo, 2023).

    Args:
        queries: float32 `[n, d]`.
        donors: float32 `[m, d]`.

    Returns:
        Float64 `[n, m]`; rows sum to one. A query of zeros, and a donor of zeros, has no weight.

    Example:
        >>> donors = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
        >>> sparsemax_weights(np.array([[1, 1], [0, 0]], np.float32), donors).toarray().round(2).tolist()
        [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    """
    return _weights(queries, donors, floor=_threshold, weigh=_project)


def softmax_weights(queries: Vectors, donors: Vectors, *, neighbours: int, temperature: float) -> "csr_array":
    """Softmax of the cosines with the nearest donors, divided by the temperature: the weights of WECHSEL and OFA.

    w_i = exp((s_i − max s) / τ) / Σ_j exp((s_j − max s) / τ) over the `neighbours` largest s. Equal similarities go to the
    donor that comes first. The maximum is subtracted, so that no temperature overflows.

    Args:
        queries: float32 `[n, d]`.
        donors: float32 `[m, d]`.
        neighbours: how many donors of each query have weight; all of them where there are fewer.
        temperature: positive.

    Returns:
        Float64 `[n, m]`; rows sum to one. A query of zeros, and a donor of zeros, has no weight.

    Example:
        >>> donors = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
        >>> softmax_weights(np.array([[2, 2]], np.float32), donors, neighbours=2, temperature=0.1).toarray().round(2).tolist()
        [[0.5, 0.5, 0.0]]
    """

    def floor(tops: Vectors) -> Floats:
        kept = min(neighbours, tops.shape[1])
        smallest: Floats = np.partition(tops, tops.shape[1] - kept, axis=1)[:, tops.shape[1] - kept].astype(np.float64)
        return smallest

    def weigh(rows: NDArray[np.int64], columns: NDArray[np.int64], values: Floats, count: int) -> Floats:
        order = np.lexsort((columns, -values, rows))
        starts = np.searchsorted(rows[order], np.arange(count))
        rank = np.empty(len(rows), np.int64)
        rank[order] = np.arange(len(rows)) - starts[rows[order]]
        largest = np.full(count, -np.inf)
        np.maximum.at(largest, rows, values)
        found: Floats = np.where(rank < neighbours, np.exp((values - largest[rows]) / temperature), 0.0)
        return found / np.bincount(rows, found, count)[rows]

    return _weights(queries, donors, floor=floor, weigh=weigh)


def _project(rows: NDArray[np.int64], columns: NDArray[np.int64], values: Floats, count: int) -> Floats:
    counts = np.bincount(rows, minlength=count)
    starts = np.cumsum(counts) - counts
    padded = np.full((count, int(counts.max())), -np.inf)
    padded[rows, np.arange(len(rows)) - starts[rows]] = values
    found: Floats = np.maximum(values - _threshold(padded)[rows], 0.0)
    return found


Floor = Callable[[Vectors], Floats]
Weigh = Callable[[NDArray[np.int64], NDArray[np.int64], Floats, int], Floats]


def _weights(queries: Vectors, donors: Vectors, *, floor: Floor, weigh: Weigh) -> "csr_array":
    from scipy.sparse import csr_array

    asking, giving = np.flatnonzero(queries.any(axis=1)), np.flatnonzero(donors.any(axis=1))
    shape = (len(queries), len(donors))
    if not len(asking) or not len(giving):
        return csr_array(shape, dtype=np.float64)
    pool = normalised(donors[giving])
    rows, columns, values = [], [], []
    for first, block in _blocks(asking, len(giving)):
        similarities = normalised(queries[block]) @ pool.T
        row, column, value = _candidates(similarities, floor)
        weight = weigh(row, column, value, len(block))
        held = weight > 0
        rows.append(asking[first + row[held]])
        columns.append(giving[column[held]])
        values.append(weight[held])
    found = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return csr_array(found, shape=shape)


def _blocks(asking: NDArray[np.int64], donors: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    size = max(1, _BLOCK_ENTRIES // donors)
    for first in range(0, len(asking), size):
        yield first, asking[first : first + size]


def _candidates(similarities: Vectors, floor: Floor) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Row, column and value of all entries that may carry weight, row by row.

    The largest of every few columns are entries of the row themselves. Sparsemax of some entries of a row never has a larger
    τ than sparsemax of all of them, and the k-th largest of some is never larger than that of all: both are safe bounds.
    """
    count, width = similarities.shape
    lanes = min(width, _LANES)
    whole = width // lanes * lanes
    tops = similarities[:, :whole].reshape(count, width // lanes, lanes).max(axis=1)
    bound = (floor(tops) - _ROUNDING).astype(np.float32)
    places = np.flatnonzero(similarities >= bound[:, None])
    rows, columns = np.divmod(places, width)
    return rows, columns, similarities.ravel()[places].astype(np.float64)


def normalised(vectors: Vectors) -> Vectors:
    """Rows of length one; rows of zeros stay.

    Example:
        >>> normalised(np.array([[3, 4], [0, 0]], np.float32)).round(2).tolist()
        [[0.6..., 0.8...], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32, copy=False)
    return found
