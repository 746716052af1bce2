"""Every new row is drawn around the old rows, each dimension on its own."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task

_ROWS = 8192


class Random(Method):
    """e_d ~ N(mean_d, std_d) over the rows of E: what FOCUS, OFA and WECHSEL fall back to.

    Example:
        >>> Random().method
        'random'
    """

    method: Literal["random"] = "random"

    def rows(self, task: Task) -> dict[Role, Matrix]:
        return {role: draw(task.old(role), len(task.targets), task.seed_of(role)) for role in task.matrices}


def draw(matrix: Matrix, count: int, seed: int | Sequence[int]) -> Matrix:
    """Rows drawn from N(mean, std) per dimension.

    Args:
        matrix: float32 `[rows, D]`.
        count: how many rows. The first rows of a larger draw are the rows of a smaller one.
        seed: equal seeds give equal rows.

    Returns:
        float32 `[count, D]`.
    """
    random = np.random.default_rng(seed)
    mean, deviation = moments(matrix)
    found = np.empty((count, matrix.shape[1]), np.float32)
    for start in range(0, count, _ROWS):
        part = found[start : start + _ROWS]
        part[...] = mean + deviation * random.standard_normal(part.shape)
    return found


def moments(matrix: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation (of the population) of each column, summed in float64, block by block.

    Args:
        matrix: `[rows, D]`, at least one row.

    Returns:
        Two float64 arrays `[D]`.

    Example:
        >>> [each.tolist() for each in moments(np.array([[1, 0], [3, 0]], np.float32))]
        [[2.0, 0.0], [1.0, 0.0]]
    """
    mean = matrix.mean(axis=0, dtype=np.float64)
    square = np.zeros_like(mean)
    for start in range(0, len(matrix), _ROWS):
        square += np.square(matrix[start : start + _ROWS] - mean).sum(axis=0)
    return mean, np.sqrt(square / len(matrix))
