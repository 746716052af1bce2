"""The order in which the passages of a group come, another one in each epoch: any place of it can be asked for by itself."""

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
_ROUNDS = 6
_KEPT = 2
_SMALL = 1 << 10


def mixed(values: NDArray[np.uint64], by: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    """A step of SplitMix64 (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        found: NDArray[np.uint64] = values + by * np.uint64(0x9E3779B97F4A7C15)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        scattered: NDArray[np.uint64] = found ^ (found >> np.uint64(31))
    return scattered


def scattered(places: Numbers, count: int, key: int) -> Numbers:
    """A pseudo-random permutation of 0 … count − 1 at some places, without memory.

    A Feistel network (Luby and Rackoff 1988) of six rounds permutes the smallest power of two that holds `count`; what falls
    outside is sent through it again until it does not (cycle walking, Black and Rogaway 2002).

    Args:
        places: int64 `[n]`, each from 0 to count − 1.
        count: how many there are.
        key: which permutation.

    Example:
        >>> sorted(scattered(np.arange(10), 10, key=7).tolist())
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    bits = max(2, (count - 1).bit_length())
    low, high = np.uint64(bits // 2), np.uint64(bits - bits // 2)
    low_mask, high_mask = (np.uint64((1 << int(each)) - 1) for each in (low, high))
    keys = mixed(np.full(_ROUNDS, key % 2**64, dtype=np.uint64), np.arange(1, _ROUNDS + 1, dtype=np.uint64))
    found = places.astype(np.uint64)
    walking = np.arange(len(places))
    while len(walking):
        values = found[walking]
        left, right = values >> low, values & low_mask
        for number, each in enumerate(keys):
            # the halves may differ by a bit, so they take turns and never change places
            if number % 2:
                right ^= mixed(left, each) & low_mask
            else:
                left ^= mixed(right, each) & high_mask
        found[walking] = (left << low) | right
        walking = walking[found[walking] >= np.uint64(count)]
    return found.astype(np.int64)


class EpochOrder:
    """The order of `count` things, over and over: all of them once in each epoch.

    Where `ranks` are given, epoch e sorts by a hash of rank and e, so that the order depends on what the things are and not on
    how they are numbered; this holds one epoch in memory. Without ranks it is `scattered`, which holds nothing.

    Args:
        count: at least 1.
        key: of `scattered`.
        ranks: gives uint64 `[count]`, all different.
    """

    def __init__(self, count: int, *, key: int, ranks: Callable[[], NDArray[np.uint64]] | None = None) -> None:
        self.count, self._key, self._ranks = count, key, ranks
        self._known: OrderedDict[int, NDArray[np.uint32]] = OrderedDict()

    def at(self, start: int, stop: int) -> Numbers:
        """Which things come from place `start` to `stop` of all epochs, one behind another."""
        if self._ranks is not None and self.count <= _SMALL:
            first, last = start // self.count, -(-stop // self.count)
            epochs = np.arange(first, max(last, first + 1), dtype=np.uint64)[:, None]
            orders = np.argsort(mixed(np.broadcast_to(self._ranks_here, (len(epochs), self.count)), epochs), kind="stable")
            found_here: Numbers = orders.reshape(-1)[start - first * self.count : stop - first * self.count]
            return found_here
        found = []
        while start < stop:
            epoch, place = divmod(start, self.count)
            end = min(stop, (epoch + 1) * self.count)
            found.append(self._of(epoch, place, place + end - start))
            start = end
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    @cached_property
    def _ranks_here(self) -> NDArray[np.uint64]:
        assert self._ranks is not None
        return self._ranks()

    def _of(self, epoch: int, start: int, stop: int) -> Numbers:
        if self._ranks is None:
            key = int(mixed(np.array([self._key % 2**64], dtype=np.uint64), np.array([epoch + 1], dtype=np.uint64))[0])
            return scattered(np.arange(start, stop), self.count, key)
        if epoch not in self._known:
            ranks = self._ranks_here
            order = np.argsort(mixed(ranks, np.full(len(ranks), epoch, dtype=np.uint64)), kind="stable")
            self._known[epoch] = order.astype(np.uint32)
        self._known.move_to_end(epoch)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return self._known[epoch][start:stop].astype(np.int64)
