"""How a component may be run: in several processes at once, and with which parameters that do not change what comes out."""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def runs_together(*, without_effect: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Declare that all processes of a run do this step together; steps that do not say so are done by the first one.

    Every process calls the component with equal arguments, and a step folder of its own; only that of the first one is kept.

    Args:
        without_effect: parameters that say how the work is done and not what comes out, such as how often a checkpoint is
            written: no part of the step's key, so a step goes on where it was when they are changed.

    Example:
        >>> @runs_together(without_effect=("checkpoint_every",))
        ... def train(*, steps: int, checkpoint_every: str) -> None: ...
        >>> is_done_together(train), without_effect_of(train)
        (True, frozenset({'checkpoint_every'}))
    """

    def mark(function: Function) -> Function:
        function.together = True  # type: ignore[attr-defined]
        function.without_effect = frozenset(without_effect)  # type: ignore[attr-defined]
        return function

    return mark


def is_done_together(function: Callable[..., Any]) -> bool:
    """Whether all processes of a run do a component's step together."""
    return bool(getattr(function, "together", False))


def without_effect_of(function: Callable[..., Any]) -> frozenset[str]:
    """Parameters of a component that are no part of a step's key."""
    found: frozenset[str] = getattr(function, "without_effect", frozenset())
    return found
