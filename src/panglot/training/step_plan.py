"""From clocks to steps: the passages of a stretch of training, and where the next stretch begins."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.corpus.balance.plan import Unit
from panglot.training.epoch_order import Numbers
from panglot.training.groups import Group, Mix, column_of, groups_of, size_in, size_of
from panglot.training.schedule import Clocks, Draws, begin, by_weight, draws, rate_of
from panglot.training.text_store import Kind, TextStore

COUNTED = ("bytes", "passages", "documents", "characters", "distinct_bytes")
"""What is counted of the draws of each cell."""
_MORE = 1.15


@dataclass(frozen=True)
class Part:
    """One of several objectives that learn from a stream.

    Attributes:
        weight: its share of the passages, among those of all parts.
        reads: text or pairs.
    """

    weight: float = 1.0
    reads: Kind = "text"


@dataclass(frozen=True)
class Where:
    """Where a stream stands before a step: the clocks of each lane, and of the lanes among each other."""

    lanes: tuple[Clocks, ...]
    among: Clocks


@dataclass(frozen=True)
class Chunk:
    """Some steps: which passages they hold.

    `counts` are sums over the chunk, int64 `[cells, 5]`; `cuts` says where each step begins among the draws, and where the last
    one ends.
    """

    first: int
    passages: Numbers
    parts: NDArray[np.int64]
    fresh: NDArray[np.bool_]
    cuts: Numbers
    counts: Numbers
    after: Where

    @property
    def end(self) -> int:
        return self.first + len(self.cuts) - 1


class Lane:
    """Text, or pairs: the groups of one kind.

    Attributes:
        kind: which.
        groups: in the order of their names.
        parts: objectives that read it, with their numbers.
        names: of the groups.
        sizes: what each group holds, in the unit of the mix.
        bytes: what there is of each cell, in bytes.
        units: what there is of each cell, in the unit of the mix.
    """

    def __init__(
        self, kind: Kind, groups: Sequence[Group], parts: Sequence[tuple[int, Part]], unit: Unit, store: TextStore
    ) -> None:
        self.kind, self.groups, self.parts = kind, groups, parts
        self.names = [each.name for each in groups]
        self._column = column_of(store, unit)
        self.sizes = {each.name: size_of(store, each, unit) for each in groups}
        there = [(cell, part) for each in groups for cell, part in zip(each.cells, each.members, strict=True)]
        self.bytes = {cell: size_in(store, cell, part, "bytes") for cell, part in there}
        self.units = {cell: size_in(store, cell, part, unit) for cell, part in there}

        self._last: dict[int, tuple[int, Numbers]] = {}

    def costs(self, group: int, start: int, stop: int) -> Numbers:
        found: Numbers = self._column[self._of(group, start, stop)].astype(np.int64)
        return found

    def _of(self, group: int, start: int, stop: int) -> Numbers:
        """Passages of a group; those asked for last are known."""
        known, numbers = self._last.get(group, (0, np.zeros(0, dtype=np.int64)))
        if not known <= start <= stop <= known + len(numbers):
            known, numbers = start, self.groups[group].passages(start, stop)
            self._last[group] = (known, numbers)
        return numbers[start - known : stop - known]

    def passages(self, drawn: Draws) -> Numbers:
        found = np.empty(len(drawn), dtype=np.int64)
        for number in range(len(self.groups)):
            chosen = np.flatnonzero(drawn.groups == number)
            if len(chosen):
                start = int(drawn.places[chosen[0]])
                # the draws of a group take its places one after another
                found[chosen] = self._of(number, start, start + len(chosen))
        return found


class StepPlan:
    """Makes the steps of a stream, a stretch at a time: `stretch` gives one, and where the next begins.

    Args:
        store: the text.
        parts: objectives that share the stream.
        mix: what is asked.
        step_bytes: UTF-8 bytes of a step, at most.
        seed: of the orders.
        chosen: for each passage of the store, whether it may be drawn; all without it.

    Attributes:
        lanes: text, pairs, or both.
    """

    def __init__(
        self, store: TextStore, *, parts: Sequence[Part], mix: Mix, step_bytes: int, seed: int, chosen: NDArray[np.bool_] | None
    ) -> None:
        self.lanes = _lanes(store, parts, mix, seed, chosen)
        self._store, self._step_bytes = store, step_bytes
        self._ties = [_shuffled(len(lane.groups), seed, lane.kind) for lane in self.lanes]
        self._offset = xxhash.xxh3_64_intdigest(b"parts", seed % 2**64)
        weights = [math.fsum(part.weight for _, part in lane.parts) for lane in self.lanes]
        self._lane_rates = np.array([rate_of(each / math.fsum(weights)) for each in weights], dtype=np.int64)
        self.units_a_byte = {lane.kind: _units_a_byte(lane) for lane in self.lanes}

    def stretch(self, first: int, end: int, before: Where | None, rates: Sequence[Numbers]) -> Chunk:
        """The steps from first to end.

        Args:
            first: number of the first step.
            end: number of the step after the last.
            before: where the stretch begins; None for the beginning of the training.
            rates: of each lane's groups in this stretch.
        """
        if before is None:
            started = [begin(lane.costs, each) for lane, each in zip(self.lanes, rates, strict=True)]
            before = Where(tuple(started), begin(_one_each, self._lane_rates))
        else:
            turned = [each.at_rates(rate) for each, rate in zip(before.lanes, rates, strict=True)]
            before = Where(tuple(turned), before.among)
        wanted = float((end - first) * self._step_bytes + 4 * self._store.longest)
        while (chunk := self._cut(first, end, before, wanted)) is None:
            wanted *= 2
        return chunk

    def _cut(self, first: int, end: int, state: Where, wanted: float) -> Chunk | None:
        """The steps from first to end; None where so many bytes do not suffice."""
        drawn, numbers = [], []
        for lane, clocks, ties in zip(self.lanes, state.lanes, self._ties, strict=True):
            found = draws(clocks, lane.costs, ties, units=_MORE * wanted * self.units_a_byte[lane.kind])
            drawn.append(found)
            numbers.append(lane.passages(found))
        which = np.zeros(len(numbers[0]), dtype=np.int64)
        if len(drawn) > 1:
            among = draws(state.among, _one_each, range(len(drawn)), units=sum(map(len, numbers)))
            which = among.groups[: _covered(among.groups, [len(each) for each in numbers])]
        at = np.empty(len(which), dtype=np.int64)
        parts, fresh = np.empty(len(which), dtype=np.int64), np.empty(len(which), dtype=bool)
        for number, lane in enumerate(self.lanes):
            chosen = np.flatnonzero(which == number)
            of, place = drawn[number].groups[: len(chosen)], drawn[number].places[: len(chosen)]
            at[chosen] = numbers[number][: len(chosen)]
            fresh[chosen] = place < np.array([len(each) for each in lane.groups])[of]
            weights = [part.weight for _, part in lane.parts]
            parts[chosen] = np.array([part for part, _ in lane.parts])[by_weight(place + of, weights, self._offset)]
        reached = np.concatenate([[0], np.cumsum(self._store.sizes[at], dtype=np.int64)])
        cuts = [0]
        while len(cuts) <= end - first:
            stop = int(np.searchsorted(reached, reached[cuts[-1]] + self._step_bytes, side="right")) - 1
            stop = max(stop, cuts[-1] + 1)
            if stop >= len(at):
                return None
            cuts.append(stop)
        used = cuts[-1]
        spent = [int((which[:used] == number).sum()) for number in range(len(drawn))]
        lanes = tuple(each.after(count) for each, count in zip(drawn, spent, strict=True))
        after = Where(lanes, among.after(used) if len(drawn) > 1 else state.among)
        counts = self.counts(at[:used], fresh[:used])
        return Chunk(first, at[:used], parts[:used], fresh[:used], np.array(cuts), counts, after)

    def counts(self, at: Numbers, fresh: NDArray[np.bool_]) -> Numbers:
        """Sums over passages by cell, int64 `[cells, 5]`: see `COUNTED`."""
        store, many = self._store, len(self._store.cells)
        cells, sizes = store.cell_numbers[at], store.sizes[at].astype(np.int64)
        columns = [sizes, None, store.last[at], store.characters[at], sizes * fresh]
        sums = [np.bincount(cells, each, minlength=many) for each in columns]
        return np.stack(sums, axis=1).astype(np.int64)


def _lanes(store: TextStore, parts: Sequence[Part], mix: Mix, seed: int, chosen: NDArray[np.bool_] | None) -> list[Lane]:
    lanes = []
    kinds: tuple[Kind, ...] = ("text", "pairs")
    for kind in kinds:
        own = [(number, each) for number, each in enumerate(parts) if each.reads == kind and each.weight > 0]
        if not own:
            continue
        groups = groups_of(store, kind, mix, seed=seed, chosen=chosen)
        if not groups:
            what = "sentence pairs" if kind == "pairs" else "text"
            raise InputError(f"an objective reads {what}, and there are none", fix="give a source with some")
        lanes.append(Lane(kind, groups, own, mix.unit, store))
    if not lanes:
        raise InputError("no objective has a weight above 0")
    return lanes


def _shuffled(count: int, seed: int, kind: str) -> list[int]:
    lots = [xxhash.xxh3_64_intdigest(f"{kind}\t{each}", seed % 2**64) for each in range(count)]
    return [int(each) for each in np.argsort(np.argsort(np.array(lots, dtype=np.uint64), kind="stable"), kind="stable")]


def _units_a_byte(lane: Lane) -> float:
    return max(1e-6, sum(lane.units.values()) / sum(lane.bytes.values()))


def _one_each(group: int, start: int, stop: int) -> Numbers:
    return np.ones(stop - start, dtype=np.int64)


def _covered(which: Numbers, there: Sequence[int]) -> int:
    """How many draws among lanes there are before one of them has no more."""
    ends = [np.flatnonzero(which == number) for number in range(len(there))]
    return min((int(each[most]) for each, most in zip(ends, there, strict=True) if len(each) > most), default=len(which))
