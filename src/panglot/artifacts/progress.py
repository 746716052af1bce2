"""How long work tells how far it is, without knowing who listens."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Protocol, Self, TypeVar

T = TypeVar("T")


class Task(Protocol):
    """One piece of work under way."""

    def advance(self, count: float = 1, note: str | None = None) -> None: ...
    def done(self) -> None: ...


class Listener(Protocol):
    """Something that shows tasks: a terminal, a log, nothing."""

    def task(self, label: str, total: float | None) -> Task: ...


class SilentTask:
    """A task that nobody sees."""

    def advance(self, count: float = 1, note: str | None = None) -> None:
        pass

    def done(self) -> None:
        pass


class Silent:
    """Shows nothing: the default of the library."""

    def task(self, label: str, total: float | None) -> Task:
        return SilentTask()


class Progress:
    """A task as a context manager, with `track` to loop over things.

    Example:
        >>> with Progress(Silent(), "reading", total=3) as progress:
        ...     sum(progress.track([1, 2, 3]))
        6
    """

    def __init__(self, listener: Listener, label: str, total: float | None = None) -> None:
        self._listener, self._label, self._total = listener, label, total

    def __enter__(self) -> Self:
        self._task = self._listener.task(self._label, self._total)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._task.done()

    def advance(self, count: float = 1, note: str | None = None) -> None:
        self._task.advance(count, note)

    def track(self, items: Iterable[T]) -> Iterator[T]:
        for each in items:
            yield each
            self._task.advance()
