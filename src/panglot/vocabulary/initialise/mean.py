"""Every new row is the mean of the old rows."""

from typing import Literal

import numpy as np

from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task


class Mean(Method):
    """e = mean of the rows of E, the same for every new token.

    Example:
        >>> Mean().method
        'mean'
    """

    method: Literal["mean"] = "mean"

    def rows(self, task: Task) -> dict[Role, Matrix]:
        return {role: np.repeat(_mean(task.old(role)), len(task.targets), axis=0) for role in task.matrices}


def _mean(matrix: Matrix) -> Matrix:
    found: Matrix = matrix.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
    return found
