"""Methods whose new rows are weighted sums of old rows, with the same weights for every matrix of the model."""

from typing import TYPE_CHECKING

import numpy as np

from panglot.vocabulary.initialise.random import draw
from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_TARGETS, _COLUMNS = 4096, 16384


class Combination(Method):
    """e_t = Σ_s w_ts e_s: a subclass says only what the weights are.

    A target without any weight gets a row drawn around the old ones (`random`). How many rows were combined and how many
    drawn is told in `task.figures`.
    """

    def weights(self, task: Task) -> "csr_array":
        """Weights of the old rows in the new ones; asked for once and used for every role.

        Args:
            task: what is wanted.

        Returns:
            Float64 `[len(task.targets), task.change.old.size]`, finite; a row without entries where nothing is known.
        """
        raise NotImplementedError

    def rows(self, task: Task) -> dict[Role, Matrix]:
        weights = self.weights(task)
        found = {role: combine(weights, task.old(role)) for role in task.matrices}
        return fill(found, weights, task)


def combine(weights: "csr_array", matrix: Matrix) -> Matrix:
    """Weighted sums of rows, added up in float64, block by block: the matrix is never copied whole.

    Args:
        weights: `[targets, rows]`.
        matrix: float32 `[rows, D]`.

    Returns:
        float32 `[targets, D]`; zeros where a target has no weights.

    Example:
        >>> from scipy.sparse import csr_array
        >>> combine(csr_array([[0.5, 0.5], [0.0, 0.0]]), np.array([[1, 2], [3, 6]], np.float32)).tolist()
        [[2.0, 4.0], [0.0, 0.0]]
    """
    found = np.zeros((weights.shape[0], matrix.shape[1]), np.float32)
    for first in range(0, weights.shape[0], _TARGETS):
        block = weights[first : first + _TARGETS].tocsc()
        used = np.flatnonzero(np.diff(block.indptr))
        total = np.zeros((block.shape[0], matrix.shape[1]))
        for start in range(0, len(used), _COLUMNS):
            some = used[start : start + _COLUMNS]
            total += block[:, some].tocsr() @ matrix[some].astype(np.float64)
        found[first : first + _TARGETS] = total
    return found


def fill(rows: dict[Role, Matrix], weights: "csr_array", task: Task) -> dict[Role, Matrix]:
    """Draw the rows that have no weights, and count them in `task.figures`: `combined`, `drawn`; note where they are the most.

    Args:
        rows: by role `[targets, D]`; changed in place.
        weights: `[targets, old tokens]`.
        task: gives the old rows to draw around, and the seed.

    Returns:
        The same `rows`.
    """
    empty = without_weights(weights)
    task.figures["combined"], task.figures["drawn"] = int((~empty).sum()), int(empty.sum())
    if 2 * empty.sum() > len(empty):
        task.note(
            f"Nothing is known of {empty.sum():,} of {len(empty):,} new tokens: their rows were drawn around the old ones."
        )
    if empty.any():
        for role, found in rows.items():
            found[empty] = draw(task.old(role), len(found), task.seed_of(role))[empty]
    return rows


def without_weights(weights: "csr_array") -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which rows have no weight other than zero: bool `[targets]`."""
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = abs(weights).sum(axis=1) == 0
    return found


def averages(groups: list[list[int]], size: int) -> "csr_array":
    """Weights of plain means: row i gives each id of `groups[i]` the share in which it occurs there.

    Args:
        groups: old ids of every target, repeated where they count more than once; empty where there are none.
        size: number of old ids.

    Returns:
        Float64 `[len(groups), size]`; rows sum to one, or to zero where the group is empty.

    Example:
        >>> averages([[2, 2, 0], []], 3).toarray().round(2).tolist()
        [[0.33, 0.0, 0.67], [0.0, 0.0, 0.0]]
    """
    from scipy.sparse import csr_array

    lengths = np.array([len(each) for each in groups], np.int64)
    rows = np.repeat(np.arange(len(groups)), lengths)
    columns = np.fromiter((each for group in groups for each in group), np.int64, count=int(lengths.sum()))
    values = np.repeat(1.0 / np.maximum(lengths, 1), lengths)
    found = csr_array((values, (rows, columns)), shape=(len(groups), size))
    found.sum_duplicates()
    return found
