"""An index of evaluation items, and finding them in texts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.decontamination.items import Item
from panglot.corpus.decontamination.units import DENSE, LONG, SPACED, Units, grams, kind_of, length_in_units

TEMPLATE = 10
"""An n-gram that stands in more different items than this is their template, and says nothing of any of them."""
_BATCH = 1 << 20
_LABEL = 3
_KINDS = (SPACED, DENSE, LONG)


@dataclass(frozen=True)
class Index:
    """What is looked for.

    Items of at least n units are found by their n-grams. Shorter ones, of at least m units, are found whole, where they stand
    alone: between marks, line breaks or the ends of the text; they are looked up by their first m units.

    Attributes:
        lengths: n of each kind of unit.
        shortest: m of each kind.
        grams: uint64, sorted; the n-grams of each kind.
        items: int64 of the same length; the item that each belongs to.
        places: int64; the place of the n-gram in its item.
        openings: uint64, sorted; the first m units of the short items, of each kind.
        wholes: uint64; all units of the short item.
        sizes: int64; units of the short item.
        shorts: int64; the short item.
        tasks: task of each item.
        wheres: where each item stands.
        counts: n-grams of each item; 0 for a short one.
        passed_over: task to how many items are too short to be looked for; labels of one or two words are not
            counted.
        templates: how many n-grams are templates.
    """

    lengths: tuple[int, ...]
    shortest: tuple[int, ...]
    grams: tuple[NDArray[np.uint64], ...]
    items: tuple[NDArray[np.int64], ...]
    places: tuple[NDArray[np.int64], ...]
    openings: tuple[NDArray[np.uint64], ...]
    wholes: tuple[NDArray[np.uint64], ...]
    sizes: tuple[NDArray[np.int64], ...]
    shorts: tuple[NDArray[np.int64], ...]
    tasks: list[str]
    wheres: list[str]
    counts: NDArray[np.int64]
    passed_over: dict[str, int]
    templates: int

    @classmethod
    def of(cls, items: Iterable[Item], *, words: int, shortest: int) -> "Index":
        """Index items; equal texts are one item, that of the first.

        Args:
            items: what is looked for.
            words: n, in words.
            shortest: m, in words.
        """
        builder = _Builder(words, shortest)
        waiting: list[Item] = []
        size = 0
        for each in items:
            waiting.append(each)
            size += len(each.text)
            if size >= _BATCH:
                builder.add(waiting)
                waiting, size = [], 0
        builder.add(waiting)
        return builder.index()

    def save(self, path: Path) -> None:
        """Write what workers need into one file, without names of items."""
        arrays: dict[str, Any] = {"counts": self.counts, "lengths": self.lengths, "shortest": self.shortest}
        for name in _ARRAYS:
            for kind in _KINDS:
                arrays[f"{name}_{kind}"] = getattr(self, name)[kind]
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> "Index":
        """Read what `save` wrote; items have numbers and no names."""
        with np.load(path) as found:
            arrays = {name: tuple(found[f"{name}_{kind}"] for kind in _KINDS) for name in _ARRAYS}
            lengths, shortest = tuple(found["lengths"].tolist()), tuple(found["shortest"].tolist())
            return cls(lengths, shortest, **arrays, tasks=[], wheres=[], counts=found["counts"], passed_over={}, templates=0)


_ARRAYS = ("grams", "items", "places", "openings", "wholes", "sizes", "shorts")


@dataclass(frozen=True)
class Leaks:
    """Items found in texts, one row for each text and item.

    Attributes:
        text: int64; which text.
        item: int64; which item.
        share: float64; of the item's n-grams that stand in the text; 1 for a short item.
        start, end: int64; the longest stretch, in characters of the text (in NFC).
        spans: text to stretches that hold anything of any item, merged.
    """

    text: NDArray[np.int64]
    item: NDArray[np.int64]
    share: NDArray[np.float64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    spans: dict[int, list[tuple[int, int]]]


class Finder:
    """Finds the items of an index in batches of texts."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._masks = [_mask(each) for each in index.grams]
        self._opening_masks = [_mask(each) for each in index.openings]

    def find(self, units: Units, least_share: float = 0.0) -> Leaks:
        """What of the index stands in the texts.

        Args:
            units: of the texts.
            least_share: of an item's n-grams that must stand in a text, so that the text holds it; at least one must.
        """
        sums = units.sums()
        texts = units.text_of
        ends_of_text = units.bounds[1:][texts] if len(units) else np.zeros(0, dtype=np.int64)
        hits: list[NDArray[np.int64]] = []
        alone = None
        for kind in _KINDS:
            if not len(self.index.grams[kind]) and not len(self.index.openings[kind]):
                continue
            if len(self.index.grams[kind]):
                hits.append(self._passages(kind, sums, texts, ends_of_text))
            if len(self.index.openings[kind]):
                alone = units.alone() if alone is None else alone
                hits.append(self._wholes(kind, sums, texts, ends_of_text, alone))
        found = np.concatenate(hits, axis=1) if hits else np.zeros((5, 0), dtype=np.int64)
        return self._leaks(units, found, least_share)

    def _passages(
        self, kind: int, sums: NDArray[np.uint64], texts: NDArray[np.int64], bound: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        n = self.index.lengths[kind]
        starts = np.flatnonzero(np.arange(len(texts)) + n <= bound)
        hashes = grams(sums, starts, n)
        near = np.flatnonzero(self._masks[kind][hashes >> _shift(self._masks[kind])])
        low = np.searchsorted(self.index.grams[kind], hashes[near], side="left")
        high = np.searchsorted(self.index.grams[kind], hashes[near], side="right")
        at, entry = _expanded(low, high)
        first = starts[near[at]]
        return np.stack([texts[first], self.index.items[kind][entry], self.index.places[kind][entry], first, first + n])

    def _wholes(
        self,
        kind: int,
        sums: NDArray[np.uint64],
        texts: NDArray[np.int64],
        bound: NDArray[np.int64],
        alone: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    ) -> NDArray[np.int64]:
        m = self.index.shortest[kind]
        opens, closes = alone
        starts = np.flatnonzero(opens & (np.arange(len(texts)) + m <= bound))
        hashes = grams(sums, starts, m)
        near = np.flatnonzero(self._opening_masks[kind][hashes >> _shift(self._opening_masks[kind])])
        low = np.searchsorted(self.index.openings[kind], hashes[near], side="left")
        high = np.searchsorted(self.index.openings[kind], hashes[near], side="right")
        at, entry = _expanded(low, high)
        first, size = starts[near[at]], self.index.sizes[kind][entry]
        fits = first + size <= bound[first]
        first, size, entry = first[fits], size[fits], entry[fits]
        same = (grams(sums, first, size) == self.index.wholes[kind][entry]) & closes[first + size - 1]
        first, size, entry = first[same], size[same], entry[same]
        return np.stack(
            [texts[first], self.index.shorts[kind][entry], np.zeros(len(first), dtype=np.int64), first, first + size]
        )

    def _leaks(self, units: Units, found: NDArray[np.int64], least_share: float) -> Leaks:
        order = np.lexsort((found[3], found[1], found[0]))
        text, item, place, first, last = found[:, order]
        new = np.ones(len(text), dtype=bool)
        new[1:] = (text[1:] != text[:-1]) | (item[1:] != item[:-1])
        group = np.cumsum(new) - 1
        heads = np.flatnonzero(new)
        pairs = np.unique(np.stack([group, place]), axis=1)[0] if len(group) else group
        distinct = np.bincount(pairs, minlength=len(heads))
        share = distinct / np.maximum(self.index.counts[item[heads]], 1)
        kept = share >= least_share
        chosen = kept[group] if len(group) else np.zeros(0, dtype=bool)
        spans: dict[int, list[tuple[int, int]]] = {}
        best: dict[int, tuple[int, int]] = {}
        offsets = units.points.bounds
        hits = (each[chosen].tolist() for each in (text, group, first, last))
        for t, g, a, b in zip(*hits, strict=True):
            start, end = int(units.starts[a] - offsets[t]), int(units.ends[b - 1] - offsets[t])
            spans.setdefault(t, []).append((start, end))
            run = best.get(g)
            # hits of one item come in the order of the text, so a stretch grows until it breaks
            if run is None:
                best[g] = (start, end)
            elif start <= run[1]:
                best[g] = (run[0], max(run[1], end))
            elif end - start > run[1] - run[0]:
                best[g] = (start, end)
        heads = heads[kept]
        numbers = np.flatnonzero(kept).tolist()
        longest = np.array([best[g] for g in numbers], dtype=np.int64).reshape(-1, 2)
        merged = {t: _merged(each) for t, each in spans.items()}
        return Leaks(text[heads], item[heads], share[kept], longest[:, 0], longest[:, 1], merged)


class _Builder:
    def __init__(self, words: int, shortest: int) -> None:
        self.lengths = tuple(length_in_units(words, kind) for kind in _KINDS)
        self.shortest = tuple(min(length_in_units(shortest, kind), self.lengths[kind]) for kind in _KINDS)
        self.grams: list[list[NDArray[np.uint64]]] = [[] for _ in _KINDS]
        self.items: list[list[NDArray[np.int64]]] = [[] for _ in _KINDS]
        self.places: list[list[NDArray[np.int64]]] = [[] for _ in _KINDS]
        self.short: list[list[tuple[int, int, int, int]]] = [[] for _ in _KINDS]
        self.tasks: list[str] = []
        self.wheres: list[str] = []
        self.counts: list[int] = []
        self.passed_over: Counter[str] = Counter()
        self.seen: set[int] = set()

    def add(self, items: Sequence[Item]) -> None:
        units = Units.of([each.text for each in items])
        sums = units.sums()
        bounds = units.bounds.tolist()
        for each, low, high in zip(items, bounds[:-1], bounds[1:], strict=True):
            size = high - low
            if not size:
                continue
            kind = kind_of(units.kinds[low:high])
            if size < self.shortest[kind]:
                self.passed_over[each.task] += size >= length_in_units(_LABEL, kind)
                continue
            whole = int(grams(sums, np.array([low]), size)[0])
            if whole in self.seen:
                continue
            self.seen.add(whole)
            number = len(self.tasks)
            self.tasks.append(each.task)
            self.wheres.append(each.where)
            n = self.lengths[kind]
            if size < n:
                opening = int(grams(sums, np.array([low]), self.shortest[kind])[0])
                self.short[kind].append((opening, whole, size, number))
                self.counts.append(0)
                continue
            starts = np.arange(low, high - n + 1)
            self.grams[kind].append(grams(sums, starts, n))
            self.items[kind].append(np.full(len(starts), number, dtype=np.int64))
            self.places[kind].append(np.arange(len(starts), dtype=np.int64))
            self.counts.append(len(starts))

    def index(self) -> Index:
        hashes, items, places = [], [], []
        templates = 0
        for kind in _KINDS:
            found = _joined(self.grams[kind], np.uint64)
            owner, place = _joined(self.items[kind], np.int64), _joined(self.places[kind], np.int64)
            order = np.lexsort((place, owner, found))
            found, owner, place = found[order], owner[order], place[order]
            _, which = np.unique(found, return_inverse=True)
            owners = np.unique(np.stack([which, owner]), axis=1)[0] if len(which) else which
            many = np.bincount(owners, minlength=int(which.max()) + 1 if len(which) else 0) > TEMPLATE
            templates += int(many.sum())
            kept = ~many[which] if len(which) else np.zeros(0, dtype=bool)
            hashes.append(found[kept])
            items.append(owner[kept])
            places.append(place[kept])
        openings, wholes, sizes, shorts = [], [], [], []
        for kind in _KINDS:
            rows = sorted(self.short[kind])
            openings.append(np.array([row[0] for row in rows], dtype=np.uint64))
            wholes.append(np.array([row[1] for row in rows], dtype=np.uint64))
            sizes.append(np.array([row[2] for row in rows], dtype=np.int64))
            shorts.append(np.array([row[3] for row in rows], dtype=np.int64))
        parts: tuple[list[Any], ...] = (hashes, items, places, openings, wholes, sizes, shorts)
        arrays: dict[str, Any] = {name: tuple(each) for name, each in zip(_ARRAYS, parts, strict=True)}
        return Index(
            self.lengths,
            self.shortest,
            **arrays,
            tasks=self.tasks,
            wheres=self.wheres,
            counts=np.array(self.counts, dtype=np.int64),
            passed_over=dict(sorted((+self.passed_over).items())),
            templates=templates,
        )


def _joined(parts: list[Any], kind: Any) -> Any:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)


def _mask(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which leading bits come up at all: most runs of a text are turned away by one look at it."""
    bits = max(16, min(27, int(np.ceil(np.log2(max(len(hashes), 1) * 32)))))
    found = np.zeros(1 << bits, dtype=bool)
    found[hashes >> np.uint64(64 - bits)] = True
    return found


def _shift(mask: NDArray[np.bool_]) -> np.uint64:
    return np.uint64(64 - (len(mask).bit_length() - 1))


def _expanded(low: NDArray[np.int64], high: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of ranges low to high: the number of the range, and each entry in it."""
    sizes = high - low
    at = np.repeat(np.arange(len(low)), sizes)
    entry = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes) + low[at]
    return at, entry


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
