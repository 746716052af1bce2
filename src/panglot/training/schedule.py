"""Which group is drawn next, so that shares hold over any stretch and not only on average.

Every group has a clock that runs at the inverse of its share: a draw takes (what it costs) / (share) of the group's time, and
the draw whose middle comes first is next. That is stride scheduling (Waldspurger and Weihl 1995) with the rounding of
Webster's method: at any time what each group got differs from its due by at most half a draw. Times are whole numbers, so
that the order does not depend on where a computation began.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panglot.training.epoch_order import Numbers

SCALE = 1 << 20
"""Ticks that pass while one unit is drawn of all groups together."""
_SMALLEST_SHARE = 1e-6
_MOST_TICKS = 1 << 62
_AT_LEAST = 8
_BLOCK = 1 << 16

Costs = Callable[[int, int, int], Numbers]
"""(group, from, to) to the cost of its draws from one place to another, int64, zero or above."""


def rate_of(share: float) -> int:
    """Ticks that half a unit takes of a group's time; 0 for a group that is not drawn."""
    return 0 if share <= 0 else max(1, round(SCALE / (2 * max(share, _SMALLEST_SHARE))))


@dataclass(frozen=True)
class Clocks:
    """Where each group stands.

    Attributes:
        done: draws of each group so far, int64 `[groups]`.
        wait: ticks until the middle of its next draw, int64 `[groups]`; at rate 1 for a group that is not drawn.
        rates: of each group, int64 `[groups]`.
    """

    done: Numbers
    wait: Numbers
    rates: Numbers

    def at_rates(self, rates: Numbers) -> "Clocks":
        """The same clocks when shares change: what is still due of each group stays due."""
        pairs = zip(self.wait.tolist(), np.maximum(self.rates, 1).tolist(), np.maximum(rates, 1).tolist(), strict=True)
        wait = np.array([min(each * new // old, _MOST_TICKS) for each, old, new in pairs], dtype=np.int64)
        return Clocks(self.done, wait, rates)


def begin(costs: Costs, rates: Numbers) -> Clocks:
    """All groups before their first draw."""
    first = [min(int(costs(at, 0, 1)[0]) * max(1, int(rate)), _MOST_TICKS) for at, rate in enumerate(rates)]
    return Clocks(np.zeros(len(rates), dtype=np.int64), np.array(first, dtype=np.int64), rates)


@dataclass(frozen=True)
class Draws:
    """Draws in their order.

    Attributes:
        groups: of each draw, int64 `[draws]`.
        places: place in its group, counted over all epochs, int64 `[draws]`.
        ticks: the middle of each draw.
        costs: of each draw.
        beyond: for each group the middle of the draw after these.
        clocks: before these draws.
    """

    groups: Numbers
    places: Numbers
    ticks: Numbers
    costs: Numbers
    beyond: Numbers
    clocks: Clocks

    def __len__(self) -> int:
        return len(self.groups)

    def after(self, count: int) -> Clocks:
        """The clocks after the first `count` draws."""
        if not count:
            return self.clocks
        now = int(self.ticks[count - 1])
        done = self.clocks.done + np.bincount(self.groups[:count], minlength=len(self.beyond))
        due = self.beyond.copy()
        # written from the last to the first, so that the first that is left of each group stays
        due[self.groups[count:][::-1]] = self.ticks[count:][::-1]
        return Clocks(done, np.where(self.clocks.rates > 0, due - now, due), self.clocks.rates)


def draws(clocks: Clocks, costs: Costs, ties: Sequence[int], *, units: float) -> Draws:
    """The draws whose middle comes before so many units of all groups together have passed.

    Args:
        clocks: where the groups stand.
        costs: of each group's draws.
        ties: number of each group; of draws at the same time that of the lower number comes first.
        units: how much.

    Example:
        >>> rates = np.array([rate_of(0.75), rate_of(0.25)])
        >>> def one(group, start, stop):
        ...     return np.ones(stop - start, dtype=np.int64)
        >>> draws(begin(one, rates), one, [0, 1], units=8).groups.tolist()
        [0, 1, 0, 0, 0, 1, 0, 0]
    """
    horizon = int(units * SCALE)
    found: list[tuple[Numbers, Numbers, Numbers, Numbers]] = []
    beyond = clocks.wait.copy()
    for group, rate in enumerate(clocks.rates.tolist()):
        tick, place = int(clocks.wait[group]), int(clocks.done[group])
        while rate and tick < horizon:
            block = _block(costs, group, place, tick, rate, horizon)
            # the last of a block only says where the next one begins
            inside = min(int(np.searchsorted(block[2], horizon)), len(block[2]) - 1)
            found.append((block[0][:inside], block[1][:inside], block[2][:inside], block[3][:inside]))
            place += inside
            tick = int(block[2][inside])
        beyond[group] = tick
    if not found:
        nothing = np.zeros(0, dtype=np.int64)
        return Draws(nothing, nothing, nothing, nothing, beyond, clocks)
    groups, places, ticks, spent = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.lexsort((np.asarray(ties)[groups], ticks))
    return Draws(groups[order], places[order], ticks[order], spent[order], beyond, clocks)


def _block(
    costs: Costs, group: int, place: int, tick: int, rate: int, horizon: int
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Draws of one group from a place on, as many as are expected and one more: groups, places, ticks, costs."""
    spent = costs(group, place, place + _AT_LEAST + 1)
    expected = (horizon - tick) / max(1.0, 2 * rate * float(spent.mean()))
    count = _AT_LEAST + int(min(expected * 1.1, _BLOCK))
    # ticks fit into 63 bits: a rare group of long passages is drawn a few at a time
    largest = max(1, int(spent.max())) * 2 * rate
    while True:
        count = max(1, min(count, (_MOST_TICKS - tick) // largest))
        spent = costs(group, place, place + count + 1)
        largest, before = max(1, int(spent.max())) * 2 * rate, largest
        if largest <= before or count == 1:
            break
    if count == 1:
        following = min(tick + int(spent[0] + spent[1]) * rate, _MOST_TICKS)
        ticks = np.array([tick, following], dtype=np.int64)
    else:
        ticks = tick + np.concatenate([[0], np.cumsum((spent[:-1] + spent[1:]) * rate)])
    return np.full(count + 1, group, dtype=np.int64), np.arange(place, place + count + 1), ticks.astype(np.int64), spent


def by_weight(places: Numbers, weights: Sequence[float], offset: int) -> NDArray[np.int64]:
    """Divide counted things among parts in given proportion, each stretch as evenly as the whole.

    Thing k goes to the part in whose interval the fraction of (k + offset) · φ falls, φ the golden ratio: of all sequences of
    this kind the one whose shares hold best over short stretches. It depends on k alone.

    Args:
        places: int64 `[n]`.
        weights: of the parts.
        offset: where to start.

    Example:
        >>> np.bincount(by_weight(np.arange(1000), [0.7, 0.2, 0.1], 5)).tolist()
        [699, 201, 100]
    """
    ends = np.cumsum(np.asarray(weights, dtype=np.float64))
    bounds = (ends[:-1] / ends[-1] * 2.0**64).astype(np.uint64)
    with np.errstate(over="ignore"):
        turned = (places.astype(np.uint64) + np.uint64(offset % 2**64)) * np.uint64(0x9E3779B97F4A7C15)
    return np.searchsorted(bounds, turned, side="right").astype(np.int64)


def rates_of(names: Sequence[str], shares: Mapping[str, float]) -> Numbers:
    """The rate of each group."""
    return np.array([rate_of(shares.get(name, 0.0)) for name in names], dtype=np.int64)
