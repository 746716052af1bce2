"""Shares that change while a model is trained."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from panglot.artifacts import InputError
from panglot.corpus.balance.law import Law
from panglot.corpus.balance.plan import Strategy
from panglot.corpus.balance.shares import Fixed, SharesMethod, Temperature, UniMax, spelled_out


class Phase(BaseModel):
    """A stretch of the training with shares of its own.

    Attributes:
        until: where it ends, as a fraction of the training.
        strategy: its shares.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    until: Annotated[float, Field(gt=0, le=1)]
    strategy: Strategy


class Curriculum(BaseModel):
    """Shares that change at some steps. A subclass names itself in `method`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def pieces(self) -> list[tuple[float, SharesMethod]]:
        """(from which fraction of the training, strategy), ascending, the first from 0."""
        raise NotImplementedError


class Phases(Curriculum):
    """One strategy after another: `{method: phases, phases: [{until: 0.8, strategy: …}, {until: 1, strategy: …}]}`.

    Example:
        >>> [start for start, _ in Phases(phases=[{"until": 0.8, "strategy": "temperature"},
        ...                                       {"until": 1, "strategy": "unimax"}]).pieces()]
        [0.0, 0.8]
    """

    method: Literal["phases"] = "phases"
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ascend(self) -> "Phases":
        ends = [each.until for each in self.phases]
        if ends != sorted(set(ends)) or not math.isclose(ends[-1], 1.0):
            raise ValueError("the phases must end one after another, the last at 1")
        return self

    def pieces(self) -> list[tuple[float, SharesMethod]]:
        starts = [0.0, *(each.until for each in self.phases[:-1])]
        return [(start, each.strategy) for start, each in zip(starts, self.phases, strict=True)]


class Ramp(Curriculum):
    """Temperature sampling whose α goes in a straight line from one value to another, in small equal stretches.

    From 1 to 0.3, say, it begins with the text as it is and ends with more even shares.

    Attributes:
        first: α at the start.
        last: α at the end.
        stretches: in how many the training is divided; α is constant in each.

    Example:
        >>> [(start, each.alpha) for start, each in Ramp(first=1, last=0, stretches=3).pieces()][1]
        (0.3333333333333333, 0.5)
    """

    method: Literal["ramp"] = "ramp"
    first: Annotated[float, Field(ge=0, le=1)] = 1.0
    last: Annotated[float, Field(ge=0, le=1)] = 0.3
    stretches: Annotated[int, Field(ge=2, le=1000)] = 50

    def pieces(self) -> list[tuple[float, SharesMethod]]:
        wide = self.stretches - 1
        alphas = [(self.first * (wide - at) + self.last * at) / wide for at in range(self.stretches)]
        return [(at / self.stretches, Temperature(alpha=each)) for at, each in enumerate(alphas)]


Mixing = Annotated[
    Annotated[Temperature | UniMax | Fixed | Law | Phases | Ramp, Field(discriminator="method")],
    BeforeValidator(spelled_out),
]
"""A rule by name (`temperature`, `unimax`), with its parameters, or rules that follow one another (`phases`, `ramp`)."""


def pieces_of(mixing: SharesMethod | Curriculum) -> list[tuple[float, SharesMethod]]:
    """(from which fraction of the training, strategy), ascending, the first from 0."""
    return mixing.pieces() if isinstance(mixing, Curriculum) else [(0.0, mixing)]


def with_fixed(shares: Mapping[str, float], fixed: Mapping[str, float]) -> dict[str, float]:
    """Shares of which some are given; the others divide the rest in their own proportion.

    Args:
        shares: name to share of what is not fixed; any scale.
        fixed: name to share of the whole.

    Returns:
        Name to share, in the order of the names given, summing to one.

    Raises:
        InputError: the fixed shares leave nothing for the others, or more than there is.

    Example:
        >>> with_fixed({"hsb": 3, "dsb": 1, "deu": 9}, {"deu": 0.2})
        {'hsb': 0.6000000000000001, 'dsb': 0.2, 'deu': 0.2}
    """
    taken = math.fsum(fixed.values())
    others = {name: each for name, each in shares.items() if name not in fixed}
    weight = math.fsum(others.values())
    said = " + ".join(f"{name} {each:g}" for name, each in fixed.items())
    if taken > 1 + 1e-9:
        raise InputError(
            f"the shares sum to {taken:g}, above 1: {said}", where="replay", fix="shares are fractions of each step"
        )
    if weight and taken > 1 - 1e-9:
        raise InputError(f"the shares sum to {taken:g} and leave nothing for {_some(others)}", where="replay", fix="lower one")
    rest = 1 - taken if weight else 0.0
    found = {name: rest * others[name] / weight if name in others else fixed[name] for name in [*shares]}
    found.update({name: each for name, each in fixed.items() if name not in found})
    whole = math.fsum(found.values())
    return {name: each / whole for name, each in found.items()} if not weight else found


def _some(names: Mapping[str, float]) -> str:
    return ", ".join(list(names)[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
