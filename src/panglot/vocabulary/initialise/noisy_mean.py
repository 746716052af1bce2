"""The mean of the old rows, with noise so that new tokens can be told apart."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from panglot.vocabulary.initialise.mean import mean_row
from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task


class NoisyMean(Method):
    """e = mean of the rows of E + N(0, σ), with σ = scale/√D for each dimension.

    This is what LLaMA-Factory does when it resizes a vocabulary; its standard deviation is 1/√D. The noise does not know how
    large the rows of E are, so for a model with small rows the new ones stand out. A head's bias gets no noise: it has one
    column, and σ would be 1.

    Attributes:
        scale: of the standard deviation; 1 is LLaMA-Factory's.

    Example:
        >>> NoisyMean(scale=0.1).scale
        0.1
    """

    method: Literal["noisy_mean"] = "noisy_mean"
    scale: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0

    def rows(self, task: Task) -> dict[Role, Matrix]:
        found = {role: np.repeat(mean_row(task.old(role)), len(task.targets), axis=0) for role in task.matrices}
        for role, rows in found.items():
            if role != "bias":
                random = np.random.default_rng(task.seed_of(role))
                rows += random.standard_normal(rows.shape, np.float32) * np.float32(self.scale / np.sqrt(rows.shape[1]))
        return found
