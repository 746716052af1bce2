"""What a component reads from outside its run: part of what decides whether a step is run again."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
Outside = Callable[..., Mapping[str, str]]


def reads(outside: Outside, *, check: Callable[..., None] | None = None) -> Callable[[Function], Function]:
    """Declare what a component reads beside its parameters and artifacts: files, installed packages, a model folder.

    Args:
        outside: takes the component's parameters by keyword (use `**_` for those it does not need) and gives name to digest or
            version. It must be quick, and it may raise an `InputError` for something that is not there.
        check: takes the same, and raises an `InputError` for what is not there. It is asked of all steps before the first is
            run, so it reads no contents: what is missing is said before hours were spent on the steps ahead.

    Example:
        >>> @reads(lambda files, **_: {each: "digest of its bytes" for each in files})
        ... def read(files: list[str]) -> None: ...
        >>> outside_of(read)(files=["a.tsv"])
        {'a.tsv': 'digest of its bytes'}
    """

    def mark(function: Function) -> Function:
        function.outside = outside  # type: ignore[attr-defined]
        function.check_outside = check  # type: ignore[attr-defined]
        return function

    return mark


def outside_of(function: Callable[..., Any]) -> Outside | None:
    """What `reads` declared for a component; None where it reads nothing from outside."""
    return getattr(function, "outside", None)


def check_outside_of(function: Callable[..., Any]) -> Callable[..., None] | None:
    """The check that `reads` declared for a component; None where there is none."""
    return getattr(function, "check_outside", None)
