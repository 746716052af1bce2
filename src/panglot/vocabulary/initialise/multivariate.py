"""Rows drawn from a narrow normal distribution that has the shape of the old rows."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task

_ROWS = 8192


class Multivariate(Method):
    """e ~ N(μ, s·Σ) with μ the mean of the rows of E and Σ = (E − μ)ᵀ(E − μ)/n.

    Hewitt (2021), "Initializing new word embeddings for pretrained language models". For s → 0 this is the mean: logits of
    new tokens stay near the mean logit, and the rows still differ.

    A draw is μ + √s · Σ^½ z with the symmetric root of Σ, which is defined whatever the rank of Σ and does not depend on the
    signs of eigenvectors. `resize_token_embeddings` of transformers uses a Cholesky factor, and falls back to the bare mean,
    without a word, where s·Σ is not positive definite: fewer old rows than dimensions, or a constant dimension.

    Attributes:
        scale: s. 1e-5 as in the code of "An Empirical Comparison of Vocabulary Expansion and Initialization Approaches for
            Language Models"; transformers uses 1e-9.

    Example:
        >>> Multivariate().scale
        1e-05
    """

    method: Literal["multivariate"] = "multivariate"
    scale: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-5

    def rows(self, task: Task) -> dict[Role, Matrix]:
        return {role: self._rows(task.old(role), len(task.targets), task.seed_of(role)) for role in task.matrices}

    def _rows(self, matrix: Matrix, count: int, seed: tuple[int, int]) -> Matrix:
        mean, covariance = mean_and_covariance(matrix)
        root = np.sqrt(self.scale) * _root(covariance)
        random = np.random.default_rng(seed)
        found = np.empty((count, matrix.shape[1]), np.float32)
        for start in range(0, count, _ROWS):
            part = found[start : start + _ROWS]
            part[...] = mean + random.standard_normal(part.shape) @ root
        return found


def mean_and_covariance(matrix: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance (of the population) of the rows, summed in float64, block by block.

    Args:
        matrix: `[rows, D]`, at least one row.

    Returns:
        Float64 `[D]` and `[D, D]`.

    Example:
        >>> mean_and_covariance(np.array([[1, 0], [3, 2]], np.float32))[1].tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """
    mean = matrix.mean(axis=0, dtype=np.float64)
    total = np.zeros((matrix.shape[1], matrix.shape[1]))
    for start in range(0, len(matrix), _ROWS):
        centred = matrix[start : start + _ROWS] - mean
        total += centred.T @ centred
    return mean, total / len(matrix)


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
