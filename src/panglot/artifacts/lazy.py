"""Public names of a room that are imported only when somebody asks for them."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose import must stay quick.

    Args:
        package: name of the package, `__name__`.
        places: public name to the module of the package that holds it.

    Example:
        >>> find = lazy_names("panglot.artifacts", {"Step": "step"})
        >>> find("Step").__name__
        'Step'
    """

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return find
