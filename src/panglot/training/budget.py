"""How much training: steps, passes over the text, tokens, bytes, or hours; as people write it."""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator

Unit = Literal["steps", "epochs", "tokens", "bytes", "seconds"]

_TIMES = {
    "s": 1, "sec": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400,
}  # fmt: skip
_COUNTED: dict[str, Unit] = {
    "step": "steps", "steps": "steps", "epoch": "epochs", "epochs": "epochs",
    "token": "tokens", "tokens": "tokens", "byte": "bytes", "bytes": "bytes", "b": "bytes",
}  # fmt: skip
_MULTIPLES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
_NUMBER = r"(\d+(?:\.\d+)?)"
_TIME = re.compile(_NUMBER + r"\s*([a-z]+)", re.ASCII)
_COUNT = re.compile(_NUMBER + r"\s*([kmgbt]?)[\s_-]*(steps?|epochs?|tokens?|bytes?|b)", re.ASCII)


@dataclass(frozen=True)
class Budget:
    """An amount of training.

    Attributes:
        amount: how much.
        unit: of what.
    """

    amount: float
    unit: Unit


def parse_budget(said: str) -> Budget:
    """Understand an amount of training.

    Args:
        said: `2h`, `1h 30min`, `50M-tokens`, `3 epochs`, `1000 steps`, `200MB`.

    Raises:
        ValueError: it says no amount, or none above zero.

    Example:
        >>> parse_budget("1h 30min"), parse_budget("50M-tokens"), parse_budget("3 epochs")
        (Budget(amount=5400.0, unit='seconds'), Budget(amount=50000000.0, unit='tokens'), Budget(amount=3.0, unit='epochs'))
    """
    text = said.strip().lower()
    found = _counted(text) or _timed(text)
    if found is None:
        raise ValueError(f"{said!r} is no amount of training: write 2h, 50M-tokens, 3 epochs, 1000 steps or 200MB")
    if found.amount <= 0:
        raise ValueError(f"{said!r} leaves nothing to train")
    return found


def _counted(text: str) -> Budget | None:
    match = _COUNT.fullmatch(text)
    if match is None:
        return None
    number, multiple, unit = match.groups()
    return Budget(float(number) * _MULTIPLES[multiple], _COUNTED[unit])


def _timed(text: str) -> Budget | None:
    seconds, end = 0.0, 0
    for match in _TIME.finditer(text):
        if text[end : match.start()].strip() or match[2] not in _TIMES:
            return None
        seconds += float(match[1]) * _TIMES[match[2]]
        end = match.end()
    return Budget(seconds, "seconds") if end and not text[end:].strip() else None


def _checked(said: str) -> str:
    parse_budget(said)
    return said


BudgetText = Annotated[str, AfterValidator(_checked)]
"""An amount of training as a person writes it."""


def steps_of(budget: Budget, *, step_bytes: int, text_bytes: int, bytes_a_token: float, seconds_a_step: float) -> int:
    """Training steps that an amount comes to; at least one.

    Args:
        budget: the amount.
        step_bytes: bytes of text in a step.
        text_bytes: bytes of all text.
        bytes_a_token: of this text and this tokenizer.
        seconds_a_step: as measured.

    Example:
        >>> steps_of(Budget(2, "epochs"), step_bytes=100, text_bytes=1000, bytes_a_token=4, seconds_a_step=0.1)
        20
    """
    steps = {
        "steps": budget.amount,
        "epochs": budget.amount * text_bytes / step_bytes,
        "tokens": budget.amount * bytes_a_token / step_bytes,
        "bytes": budget.amount / step_bytes,
        "seconds": budget.amount / max(seconds_a_step, 1e-9),
    }[budget.unit]
    return max(1, math.floor(steps) if budget.unit == "seconds" else math.ceil(steps - 1e-9))
