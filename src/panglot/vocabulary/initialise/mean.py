"""Every new row is the mean of the old rows."""

from typing import Literal

import numpy as np

from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task


class Mean(Method):
    """e = mean of the rows of E, the same for every new token.

    The mean lies in the convex hull of the old rows, so a new token's logit is never above the highest old one and greedy
    decoding does not change (Hewitt 2021, "Initializing new word embeddings for pretrained language models").

    Example:
        >>> Mean().method
        'mean'
    """

    method: Literal["mean"] = "mean"

    def rows(self, task: Task) -> dict[Role, Matrix]:
        return {role: np.repeat(mean_row(task.old(role)), len(task.targets), axis=0) for role in task.matrices}


def mean_row(matrix: Matrix) -> Matrix:
    """Mean of the rows, float32 `[1, D]`, summed in float64."""
    found: Matrix = matrix.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
    return found
