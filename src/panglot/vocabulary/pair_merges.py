"""Merging the most frequent pair of neighbours, again and again: the training loop of byte-pair encoding.

The loop starts from words that are cut already, so it can go on where the training of a tokenizer once stopped.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

BARRIER = -1
"""What no pair may touch: the border of a word, an unknown character, a token that must stay alone."""
_DEAD = -2
_SHIFT = 1 << 32

Integers = NDArray[np.int64]
Places = NDArray[np.int32]


@dataclass(frozen=True)
class Cut:
    """Words cut into symbols, one behind the other.

    Attributes:
        symbols: int32, of all words.
        lengths: int64 `[words]`: how many symbols each word has.
    """

    symbols: NDArray[np.int32]
    lengths: Integers

    @classmethod
    def of(cls, words: Iterable[Sequence[int]]) -> Self:
        """From the symbols of each word."""
        found = list(words)
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        return cls(np.fromiter(chain.from_iterable(found), np.int32, int(lengths.sum())), lengths)

    @classmethod
    def joined(cls, parts: Sequence["Cut"]) -> Self:
        """The words of all parts."""
        if not parts:
            return cls.of([])
        return cls(np.concatenate([each.symbols for each in parts]), np.concatenate([each.lengths for each in parts]))

    def usage(self, counts: Sequence[int] | Integers, size: int) -> Integers:
        """How often each symbol below `size` stands in a text that has each word so many times; barriers are left out."""
        found = np.zeros(size, np.int64)
        weights = np.repeat(np.asarray(counts, np.int64), self.lengths)
        known = self.symbols >= 0
        np.add.at(found, self.symbols[known], weights[known])
        return found

    def without(self, symbols: Iterable[int]) -> "Cut":
        """The same words with a barrier in the place of some symbols."""
        return Cut(np.where(np.isin(self.symbols, list(symbols)), np.int32(BARRIER), self.symbols), self.lengths)


class Merge(NamedTuple):
    """One merge: two symbols become one.

    Attributes:
        left, right: the symbols.
        made: the new symbol.
        times: how often the pair stood in the text, at that moment.
    """

    left: int
    right: int
    made: int
    times: int


class PairMerges:
    """Words as sequences of symbols, and the merges that shorten them most.

    Each round merges the most frequent pair; among equals the first by the texts of left and right. Pair counts are kept up to
    date by the neighbours of what was merged (Sennrich et al., 2016, https://aclanthology.org/P16-1162), for all places at once
    over flat arrays, so that a round costs the places that it changes.

    Args:
        cut: symbols of each distinct word; `BARRIER` where no pair may reach across.
        counts: how often each word stands in the text.
        texts: text of each symbol by its number; new ones are numbered on from here.
        join: text of a pair merged, or None where the pair must never merge. It must not give a text that `texts` holds
            already: then every symbol is made by one merge only, and replaying the merges in order gives the same cut.
        minimum_count: rarer pairs are not merged.

    Example:
        >>> cut = Cut.of([[0, 1, 0, 1, 2]])
        >>> merges = PairMerges(cut, [3], ["a", "b", "c"], lambda left, right: left + right, minimum_count=2)
        >>> [(each.left, each.right, each.times) for each in merges]
        [(0, 1, 6), (3, 3, 3), (4, 2, 3)]
        >>> merges.texts[3:]
        ['ab', 'abab', 'ababc']
    """

    def __init__(
        self,
        cut: Cut,
        counts: Sequence[int],
        texts: Sequence[str],
        join: Callable[[str, str], str | None],
        *,
        minimum_count: int,
    ) -> None:
        self.texts, self._join, self._minimum = list(texts), join, minimum_count
        total = int(cut.lengths.sum()) + len(cut.lengths) + 1
        inside = np.ones(total, bool)
        inside[0] = False
        inside[np.cumsum(cut.lengths + 1)] = False
        self._symbol = np.full(total, BARRIER, np.int32)
        self._symbol[inside] = cut.symbols
        self._weight = np.zeros(total, np.int64)
        self._weight[inside] = np.repeat(np.asarray(counts, np.int64), cut.lengths)
        self._next = np.minimum(np.arange(1, total + 1), total - 1).astype(np.int32)
        self._before = np.maximum(np.arange(-1, total - 1), 0).astype(np.int32)
        self._born: dict[int, Places] = {}
        self._counts: dict[int, int] = {}
        self._heap: list[tuple[int, str, str, int]] = []
        self._first_places()

    def __iter__(self) -> Iterator[Merge]:
        while self._heap:
            negative, left_text, right_text, pair = heapq.heappop(self._heap)
            count = self._counts.get(pair, 0)
            if count < self._minimum:
                continue
            if count != -negative:
                heapq.heappush(self._heap, (-count, left_text, right_text, pair))
                continue
            text = self._join(left_text, right_text)
            if text is None:
                self._counts[pair] = 0
                continue
            made = len(self.texts)
            self.texts.append(text)
            left, right = divmod(pair, _SHIFT)
            self._merge(left, right, made)
            yield Merge(left, right, made, count)

    def usage(self) -> Integers:
        """How often each symbol stands in the text as it is cut now: int64 `[len(texts)]`."""
        found = np.zeros(len(self.texts), np.int64)
        alive = self._symbol >= 0
        np.add.at(found, self._symbol[alive], self._weight[alive])
        return found

    def _first_places(self) -> None:
        places = np.flatnonzero((self._symbol >= 0) & (self._symbol[self._next] >= 0)).astype(np.int32)
        pairs = self._pairs(places)
        order = np.argsort(pairs, kind="stable")
        self._sorted_pairs, self._sorted_places = pairs[order], places[order]
        starts = np.flatnonzero(_firsts(self._sorted_pairs))
        if len(starts):
            counts = np.add.reduceat(self._weight[self._sorted_places], starts)
            self._counts = dict(zip(self._sorted_pairs[starts].tolist(), counts.tolist(), strict=True))
        self._heap = [self._entry(pair, count) for pair, count in self._counts.items() if count >= self._minimum]
        heapq.heapify(self._heap)

    def _pairs(self, places: Places) -> Integers:
        return self._symbol[places].astype(np.int64) * _SHIFT + self._symbol[self._next[places]]

    def _entry(self, pair: int, count: int) -> tuple[int, str, str, int]:
        left, right = divmod(pair, _SHIFT)
        return -count, self.texts[left], self.texts[right], pair

    def _places(self, left: int, right: int) -> Places:
        """Where the pair stands. The places of a new symbol are those of its making; only the old pairs have an index."""
        newer = max(left, right)
        if newer not in self._born:
            pair = left * _SHIFT + right
            low, high = np.searchsorted(self._sorted_pairs, [pair, pair + 1])
            found = self._sorted_places[low:high]
        else:
            found = self._born[newer]
            found = self._born[newer] = found[self._symbol[found] == newer]
            if left != newer:
                found = self._before[found]
        standing: Places = found[(self._symbol[found] == left) & (self._symbol[self._next[found]] == right)]
        return standing

    def _merge(self, left: int, right: int, made: int) -> None:
        first = self._places(left, right)
        if left == right:
            first = _without_overlaps(first, self._next)
        second = self._next[first]
        self._count(_united(self._before[first], first, second), -1)
        after = self._next[second]
        self._symbol[first], self._symbol[second] = made, _DEAD
        self._next[first], self._before[after] = after, first
        self._born[made] = first
        self._count(_united(self._before[first], first), 1)

    def _count(self, places: Places, sign: int) -> None:
        """Add to or take from the counts of the pairs whose left symbols stand at these places."""
        places = places[(self._symbol[places] >= 0) & (self._symbol[self._next[places]] >= 0)]
        if not len(places):
            return
        pairs = self._pairs(places)
        order = np.argsort(pairs, kind="stable")
        pairs = pairs[order]
        starts = np.flatnonzero(_firsts(pairs))
        sums = np.add.reduceat(self._weight[places[order]], starts)
        for pair, weight in zip(pairs[starts].tolist(), sums.tolist(), strict=True):
            count = self._counts[pair] = self._counts.get(pair, 0) + sign * weight
            if sign > 0 and count >= self._minimum:
                heapq.heappush(self._heap, self._entry(pair, count))


def _firsts(ordered: NDArray[np.int32] | Integers) -> NDArray[np.bool_]:
    """Of each run of equal numbers, the first."""
    found = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=found[1:])
    return found


def _united(*places: Places) -> Places:
    """All places once, ascending; each part is ascending, which makes the stable sort a merge."""
    ordered = np.sort(np.concatenate(places), kind="stable")
    found: Places = ordered[_firsts(ordered)]
    return found


def _without_overlaps(places: Places, following: Places) -> Places:
    """Of a run such as `aaa` with the pair `aa`, every second place, from the left."""
    if not len(places):
        return places
    starts_run = np.ones(len(places), bool)
    starts_run[1:] = places[1:] != following[places[:-1]]
    indices = np.arange(len(places))
    within = indices - np.maximum.accumulate(np.where(starts_run, indices, 0))
    found: Places = places[within % 2 == 0]
    return found
