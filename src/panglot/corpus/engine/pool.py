"""What an engine is to the loop over tasks: something that takes attempts and says how they ended."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from panglot.corpus.engine.attempt import Care


@dataclass(frozen=True)
class Attempt:
    """One attempt at one task: its number, its input, the folder to write in, the folder that this one becomes."""

    index: int
    given: Any
    waiting: Path
    final: Path
    care: Care


@dataclass(frozen=True)
class Ended:
    """How an attempt ended.

    Attributes:
        answer: what the attempt said; None when its worker died.
        death: how the worker died, for people.
    """

    attempt: Attempt
    answer: dict[str, Any] | None
    death: str = ""


class Pool(Protocol):
    """Workers that do one kind of task."""

    @property
    def free(self) -> int:
        """Attempts that can be taken at once."""

    def submit(self, attempt: Attempt) -> None:
        """Begin an attempt."""

    def wait(self) -> list[Ended]:
        """The attempts that ended; waits for the first."""

    def close(self, *, kill: bool) -> None:
        """Let the workers go; with `kill`, in the middle of their work."""


Opener = Callable[[Callable[..., Any], int], Pool]
