"""What a method of initialisation is given, and what it gives back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from panglot.vocabulary.rows import Change

Role = Literal["input", "output", "bias"]
"""`input`: the embedding matrix; `output`: the matrix of the head, where it is not tied to the input; `bias`: the head's bias,
as one column."""
Matrix = NDArray[np.float32]
_ROLES: tuple[Role, ...] = ("input", "output", "bias")


@dataclass(frozen=True)
class Task:
    """New rows that are wanted.

    Attributes:
        change: the vocabularies before and after.
        matrices: float32 `[rows, D]` of the model as it was, by role; rows may be more than `change.old.size` (padding).
        texts: gives the text of the new languages from its beginning, as often as it is called; None where there is no text.
        seed: of every random draw. A row is drawn for every target in the order of the ids, wanted or not, so that a draw
            does not depend on which other rows are drawn.
        figures: what a method counts, for the manifest (JSON values, equal in equal runs); a method adds to it in `rows`.
        notes: sentences for the reader of the report; a method adds to it with `note`.
    """

    change: Change
    matrices: Mapping[Role, Matrix]
    texts: Callable[[], Iterator[str]] | None
    seed: int
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def targets(self) -> list[int]:
        """Ids of the tokens that need a row, ascending: row i of the answer belongs to `targets[i]`."""
        return self.change.added

    def old(self, role: Role) -> Matrix:
        """The rows of the old matrix that belong to a token; rows that only pad are left out."""
        return self.matrices[role][: self.change.old.size]

    def seed_of(self, role: Role) -> tuple[int, int]:
        """The seed of a role's draws: the rows of the input and of the output are drawn independently of each other."""
        return self.seed, _ROLES.index(role)

    def note(self, sentence: str) -> None:
        """Tell the reader of the report something; equal sentences are kept once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


class Method(BaseModel):
    """A method with its parameters. A subclass names itself in `method` and is listed in `methods.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    needs_text: ClassVar[bool] = False

    def files(self) -> list[Path]:
        """Files and folders that the method reads besides the task; a step is run again when one of them has changed."""
        return []

    def rows(self, task: Task) -> dict[Role, Matrix]:
        """The rows of the new tokens.

        Args:
            task: what is wanted.

        Returns:
            For each role of `task.matrices` float32 `[len(task.targets), D]`, finite.
        """
        raise NotImplementedError
