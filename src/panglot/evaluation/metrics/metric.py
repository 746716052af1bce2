"""What a metric is: statistics of each item, and the value of their sum.

This is sacreBLEU's design (Post 2018): the statistics are computed once, and the value of any sample of the items is a function
of a sum of rows. A sample is a row of counts, so that all bootstrap samples of a system are `counts [B, n] @ statistics [n,
d]`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from panglot.artifacts import InputError

Floats = NDArray[np.float64]
Counts = NDArray[np.floating[Any]]
"""How often each item is in each of several samples, [B, n]."""


class Metric(ABC):
    """A metric.

    `value` needs the sums alone: whatever a metric is told (language, tokeniser) changes statistics, and the number of columns
    tells the rest. So the statistics of a finished run can be compared by the metric's name.

    Attributes:
        name: as in result tables, and as `find` takes it.
        higher_is_better: whether more is better.
        bounds: least and greatest possible value; None where there is no bound on a side.
        signature: what must be equal before two values may be compared, beside the name.
    """

    name: str
    higher_is_better: bool = True
    bounds: tuple[float, float] | None = (0.0, 1.0)

    @property
    def signature(self) -> dict[str, str]:
        """Fields for `Signature.of`; empty where the name says it all."""
        return {}

    @abstractmethod
    def statistics(self, outputs: Sequence[Any], targets: Sequence[Any]) -> Floats:
        """One row an item: float64 [n, d]. Each metric says what outputs and targets are.

        Raises:
            InputError: not one target for each output, or an item that the metric cannot judge.
        """

    @abstractmethod
    def value(self, sums: ArrayLike) -> Floats:
        """Values of sums of rows, [..., d] -> [...]; 0 where nothing can be said, as without any item."""

    def extremes(self, statistics: Floats) -> Floats | None:
        """Rows of two pseudo-items of the size of an average item: float64 [2, d], the worst and the best possible answer.

        They keep intervals from collapsing; see `panglot.evaluation.significance`. None where there is no such thing.
        """
        return None

    def value_of_sample(self, statistics: Floats, counts: Counts) -> Floats:
        """Values of samples, given how often each item is in them: [n, d] and [B, n] -> [B]."""
        return self.value(counts @ statistics)

    def corpus(self, outputs: Sequence[Any], targets: Sequence[Any]) -> float:
        """The value of all items."""
        return float(self.value(self.statistics(outputs, targets).sum(axis=0)))


class Ratio(Metric):
    """A quotient of two sums: columns are numerator and denominator."""

    def value(self, sums: ArrayLike) -> Floats:
        """[..., 2] -> [...]."""
        given = np.asarray(sums, dtype=np.float64)
        return divided(given[..., 0], given[..., 1])

    def extremes(self, statistics: Floats) -> Floats | None:
        """Nothing and everything, of the average denominator."""
        size = float(statistics[:, 1].mean())
        worst_to_best = [[0.0, size], [size, size]]
        return np.array(worst_to_best if self.higher_is_better else worst_to_best[::-1])


class Mean(Ratio):
    """A mean of values of items: columns are the value and 1."""

    @abstractmethod
    def values(self, outputs: Sequence[Any], targets: Sequence[Any]) -> Floats:
        """One value an item, [n]."""

    def statistics(self, outputs: Sequence[Any], targets: Sequence[Any]) -> Floats:
        """[n, 2]: value and 1."""
        equally_many(outputs, targets)
        values = np.asarray(self.values(outputs, targets), dtype=np.float64)
        return np.stack([values, np.ones_like(values)], axis=1)

    def extremes(self, statistics: Floats) -> Floats | None:
        """The bounds."""
        if self.bounds is None:
            return None
        return np.array([[each, 1.0] for each in (self.bounds if self.higher_is_better else self.bounds[::-1])])


class Matches(Metric):
    """Counts of what was given, what was wanted, and what of it agrees: columns in triplets (output, target, match)."""

    def extremes(self, statistics: Floats) -> Floats | None:
        """As many outputs as targets, none and all of them right."""
        targets = statistics.mean(axis=0)[1::3]
        nothing = np.zeros_like(targets)
        return np.stack([np.stack([targets, targets, each], axis=1).ravel() for each in (nothing, targets)])


def triplets(sums: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Outputs, targets and matches of `Matches`: [..., 3g] -> three of [..., g]."""
    given = np.asarray(sums, dtype=np.float64)
    return given[..., 0::3], given[..., 1::3], given[..., 2::3]


def divided(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """A quotient of what is 0 wherever the denominator is: 0 there."""
    below = np.asarray(denominator, dtype=np.float64)
    # in 10,000 samples of 60 languages there is seldom a 0, and to look is cheaper than to replace
    safe = below if below.all() else np.where(below == 0, 1.0, below)
    return np.asarray(np.asarray(numerator) / safe, dtype=np.float64)


def f1(outputs: Floats, targets: Floats, matches: Floats) -> Floats:
    """2 · matches / (outputs + targets), the harmonic mean of precision and recall; 0 where there is neither.

    Example:
        >>> f1(np.array(4.0), np.array(2.0), np.array(1.5)).item()
        0.5
    """
    return divided(2 * matches, outputs + targets)


def equally_many(outputs: Sequence[Any], targets: Sequence[Any]) -> None:
    """Refuse outputs and targets of different number, and none at all."""
    if len(outputs) != len(targets):
        raise InputError(f"a metric needs one target for each output, got {len(outputs)} outputs and {len(targets)} targets")
    if not len(outputs):
        raise InputError("a metric needs one item or more, and there is none")


def references(target: str | Sequence[str], number: int) -> Sequence[str]:
    """The right answers of an item, one or several.

    Raises:
        InputError: there is none.
    """
    found = (target,) if isinstance(target, str) else target
    if not found:
        raise InputError("this item has no right answer to compare with", where=f"item {number}, counted from 0")
    return found
