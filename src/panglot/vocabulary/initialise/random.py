"""Every new row is drawn around the old rows, each dimension on its own."""

from typing import Literal

import numpy as np

from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task


class Random(Method):
    """e_d ~ N(mean_d, std_d) over the rows of E: what FOCUS, OFA and WECHSEL fall back to.

    Example:
        >>> Random().method
        'random'
    """

    method: Literal["random"] = "random"

    def rows(self, task: Task) -> dict[Role, Matrix]:
        return {role: draw(task.old(role), len(task.targets), task.seed) for role in task.matrices}


def draw(matrix: Matrix, count: int, seed: int) -> Matrix:
    """Rows drawn from N(mean, std) per dimension.

    Args:
        matrix: float32 `[rows, D]`.
        count: how many rows.
        seed: equal seeds give equal rows.

    Returns:
        float32 `[count, D]`.
    """
    random = np.random.default_rng(seed)
    mean, deviation = matrix.mean(axis=0, dtype=np.float64), matrix.std(axis=0, dtype=np.float64)
    found: Matrix = random.normal(mean, deviation, size=(count, matrix.shape[1])).astype(np.float32)
    return found
