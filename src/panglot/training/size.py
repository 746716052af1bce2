"""A number of parameters as people write it: `6M`, `60M`, `0.5B`."""

import re
from typing import Annotated

from pydantic import AfterValidator

from panglot.artifacts import InputError

_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)([kKmMbB])|(\d+)", re.ASCII)
_UNITS = {"k": 10**3, "m": 10**6, "b": 10**9}
_LEAST, _MOST = 1_000, 10**13


def parse_size(text: str) -> int:
    """The number of parameters that a person means.

    Args:
        text: digits with K, M or B behind them and nothing between, or a whole number.

    Raises:
        InputError: it is something else, or outside of a thousand to ten trillion.

    Example:
        >>> parse_size("6M"), parse_size("0.5B"), parse_size("125000")
        (6000000, 500000000, 125000)
    """
    try:
        return _understood(text)
    except ValueError as error:
        raise InputError(f"{error}, not {text!r}") from None


def _understood(text: str) -> int:
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise ValueError("a number of parameters such as 6M, 60M or 0.5B was expected")
    number, unit, whole = found.groups()
    value = int(whole) if whole else round(float(number) * _UNITS[unit.lower()])
    if not _LEAST <= value <= _MOST:
        raise ValueError("a size from 1K to 10000B parameters was expected")
    return value


def show_size(parameters: float) -> str:
    """Three digits and a unit.

    Example:
        >>> show_size(5_998_144), show_size(4.96e8), show_size(360), show_size(999_999)
        ('6M', '496M', '360', '1M')
    """
    for unit, next_unit in (("", 1e3), ("K", 1e6), ("M", 1e9), ("B", float("inf"))):
        scale = {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}[unit]
        shown = float(f"{parameters / scale:.3g}")
        if parameters < next_unit and shown < 1000:
            return f"{shown:.10g}{unit}"
    raise AssertionError("the last unit has no end")


def _checked(text: str) -> str:
    _understood(text)
    return text


Size = Annotated[str, AfterValidator(_checked)]
"""`6M`, `60M`, `0.5B`."""
