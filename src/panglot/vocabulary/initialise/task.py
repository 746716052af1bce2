"""What a method of initialisation is given, and what it gives back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from panglot.vocabulary.rows import Change

Role = Literal["input", "output", "bias"]
"""`input`: the embedding matrix; `output`: the matrix of the head, where it is not tied to the input; `bias`: the head's bias,
as one column."""
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """New rows that are wanted.

    Attributes:
        change: the vocabularies before and after.
        matrices: float32 `[rows, D]` of the model as it was, by role; rows may be more than `change.old.size` (padding).
        texts: gives the text of the new languages from its beginning, as often as it is called; None where there is no text.
        seed: of every random draw. Rows are drawn in the order of the ids, so that a draw does not depend on anything else.
    """

    change: Change
    matrices: Mapping[Role, Matrix]
    texts: Callable[[], Iterator[str]] | None
    seed: int

    @cached_property
    def targets(self) -> list[int]:
        """Ids of the tokens that need a row, ascending: row i of the answer belongs to `targets[i]`."""
        return self.change.added

    def old(self, role: Role) -> Matrix:
        """The rows of the old matrix that belong to a token; rows that only pad are left out."""
        return self.matrices[role][: self.change.old.size]


class Method(BaseModel):
    """A method with its parameters. A subclass names itself in `method` and is listed in `methods.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    needs_text: ClassVar[bool] = False

    def rows(self, task: Task) -> dict[Role, Matrix]:
        """The rows of the new tokens.

        Args:
            task: what is wanted.

        Returns:
            For each role of `task.matrices` float32 `[len(task.targets), D]`, finite.
        """
        raise NotImplementedError
