"""A person's error that came up inside a step."""

from collections.abc import Iterator
from contextlib import contextmanager

from panglot.artifacts import PanglotError


class StepError(PanglotError):
    """A person's error that came up inside a step; says which step."""

    def __init__(self, step: str, error: PanglotError) -> None:
        self.step = step
        super().__init__(error.what, where="; ".join(part for part in (f"step {step}", error.where) if part), fix=error.fix)


@contextmanager
def naming(step: str) -> Iterator[None]:
    """Say in errors of the block that they came up in a step."""
    try:
        yield
    except PanglotError as error:
        raise StepError(step, error) from error
