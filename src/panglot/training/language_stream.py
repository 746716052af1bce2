"""The passages of each training step, in shares that are asked for, kept, and reported."""

import math
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import xxhash
from numpy.typing import NDArray

from panglot.artifacts import InputError, did_you_mean
from panglot.corpus.balance.plan import MANY_EPOCHS, Unit
from panglot.corpus.documents import Documents
from panglot.corpus.pairs import Pairs
from panglot.training.curriculum import pieces_of, with_fixed
from panglot.training.epoch_order import Numbers
from panglot.training.groups import EVERYTHING, Group, Mix, groups_of, shares_of, size_of
from panglot.training.schedule import Clocks, Draws, begin, by_weight, draws, rate_of, rates_of
from panglot.training.text_store import Kind, TextStore, open_store
from panglot.training.text_stream import Passage

_CHUNK_BYTES = 8 << 20
_CHUNKS_KEPT = 4
_MORE = 1.15
_COUNTED = ("bytes", "passages", "documents", "characters", "distinct_bytes")


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
class _Where:
    """Where a stream stands before a step: the clocks of each lane, and of the lanes among each other."""

    lanes: tuple[Clocks, ...]
    among: Clocks


@dataclass(frozen=True)
class _Chunk:
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
    after: _Where

    @property
    def end(self) -> int:
        return self.first + len(self.cuts) - 1


class _Lane:
    """Text, or pairs: the groups of one kind."""

    def __init__(self, kind: Kind, groups: Sequence[Group], parts: Sequence[tuple[int, Part]], unit: Unit, store: TextStore):
        self.kind, self.groups, self.parts = kind, groups, parts
        self.names = [each.name for each in groups]
        self._column = {"bytes": store.sizes, "characters": store.characters, "documents": store.last}[unit]
        self.sizes = {each.name: size_of(store, each, unit) for each in groups}

    def costs(self, group: int, start: int, stop: int) -> Numbers:
        found: Numbers = self._column[self.groups[group].passages(start, stop)].astype(np.int64)
        return found

    def passages(self, drawn: Draws) -> Numbers:
        found = np.empty(len(drawn), dtype=np.int64)
        for number, group in enumerate(self.groups):
            chosen = np.flatnonzero(drawn.groups == number)
            if len(chosen):
                start = int(drawn.places[chosen[0]])
                # the draws of a group take its places one after another
                found[chosen] = group.passages(start, start + len(chosen))
        return found


class LanguageStream(Sequence[list[Passage]]):
    """The passages of each step; any step can be asked for, in any order, by any number of processes, and is always the same.

    A plan is made in stretches of about 8 MiB of text as far as it is needed; each leaves behind where the next begins, 24
    bytes a language. `language_stream` makes one.

    Attributes:
        changes: shares that were changed while training, (from which step, name, share); give them to `restore` after a
            restart.
    """

    def __init__(
        self,
        store: TextStore,
        *,
        steps: int,
        step_bytes: int,
        seed: int,
        mix: Mix = Mix(),  # noqa: B008
        parts: Sequence[Part] = (),
        chosen: NDArray[np.bool_] | None = None,
        chunk_bytes: int = _CHUNK_BYTES,
    ) -> None:
        self.store, self.mix, self.changes = store, mix, list[tuple[int, str, float]]()
        self._steps, self._step_bytes = steps, step_bytes
        self._chunk_steps = max(1, chunk_bytes // step_bytes)
        kinds = {each.kind for each in store.cells}
        parts = parts or [Part(reads="text" if "text" in kinds else "pairs")]
        self._lanes = _lanes(store, parts, mix, seed, chosen)
        self._ties = [_shuffled(len(lane.groups), seed, lane.kind) for lane in self._lanes]
        self._offset = xxhash.xxh3_64_intdigest(b"parts", seed % 2**64)
        weights = {lane.kind: math.fsum(part.weight for _, part in lane.parts) for lane in self._lanes}
        total = math.fsum(weights.values())
        self._lane_rates = np.array([rate_of(weights[lane.kind] / total) for lane in self._lanes], dtype=np.int64)
        self._units_a_byte = {lane.kind: _units_a_byte(store, lane, mix.unit) for lane in self._lanes}
        self._pieces = pieces_of(mix.strategy) if mix.strategy is not None else [(0.0, None)]
        self._known_shares: dict[tuple[Kind, int], dict[str, float]] = {}
        self._forget()
        self._made_of = {"steps": steps, "step_bytes": step_bytes, "seed": seed, "mix": mix, "parts": parts, "chosen": chosen}

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened_again, (self.store, self._made_of, self.changes)

    def __len__(self) -> int:
        return self._steps

    @overload
    def __getitem__(self, step: int) -> list[Passage]: ...

    @overload
    def __getitem__(self, step: slice) -> list[list[Passage]]: ...

    def __getitem__(self, step: int | slice) -> list[Passage] | list[list[Passage]]:
        """The passages of a step, from 0."""
        if isinstance(step, slice):
            return [self[each] for each in range(*step.indices(len(self)))]
        if not -self._steps <= step < self._steps:
            raise IndexError(step)
        step %= self._steps
        chunk = self._chunk_with(step)
        inside = slice(int(chunk.cuts[step - chunk.first]), int(chunk.cuts[step - chunk.first + 1]))
        found = []
        for at, part in zip(chunk.passages[inside].tolist(), chunk.parts[inside].tolist(), strict=True):
            passage = self.store[at]
            found.append(passage if not part else _of_part(passage, part))
        return found

    def numbers(self, step: int) -> list[int]:
        """The numbers of a step's passages in the store; `store.document` says where each comes from."""
        chunk = self._chunk_with(step)
        found: list[int] = chunk.passages[int(chunk.cuts[step - chunk.first]) : int(chunk.cuts[step - chunk.first + 1])].tolist()
        return found

    def set_share(self, name: str, share: float, from_step: int) -> None:
        """Change the share of a language, or of a source that is replayed, from a step on; the others divide the rest as before.

        Args:
            name: of a group: a language, a source named in `replay`.
            share: of each step, in the unit of the mix.
            from_step: the first step with the new share.

        Raises:
            InputError: there is no such group, or the shares leave nothing for the others.
        """
        groups = {each for lane in self._lanes for each in lane.names if each != EVERYTHING}
        if name not in groups:
            known = f"there are {', '.join(sorted(groups))}" if groups else "name it in replay, or give a strategy"
            raise InputError(f"{name} has no share of its own in this stream", fix=did_you_mean(name, groups) or known)
        if not 0 <= share <= 1:
            raise InputError(f"a share is a fraction of each step, from 0 to 1, and {share:g} is not", where=name)
        changes = sorted([*self.changes, (int(from_step), name, float(share))], key=lambda each: each[0])
        before, self.changes = self.changes, changes
        self._known_shares.clear()
        try:
            for boundary in self._boundaries():
                for lane in self._lanes:
                    self._shares(lane, boundary)
        except InputError:
            self.changes = before
            self._known_shares.clear()
            raise
        self._forget(from_step)

    def restore(self, changes: Sequence[Sequence[Any]]) -> None:
        """Take over `changes` of a run that is gone on with."""
        for step, name, share in changes:
            self.set_share(str(name), float(share), int(step))

    def shares(self, step: int) -> dict[str, float]:
        """The share that each group is to have of a step, of the passages of its kind."""
        return {name: each for lane in self._lanes for name, each in self._shares(lane, step).items()}

    def figures(self, steps: int | None = None) -> dict[str, Any]:
        """What is drawn in the first steps, or in all: asked and realised shares, epochs, text that was seen at least once.

        Epochs are bytes drawn / bytes there are. `distinct_bytes` counts a passage once. Shares are of the passages of the
        same kind, text or pairs, in the unit of the mix.
        """
        steps = self._steps if steps is None else min(steps, self._steps)
        asked, counts = self._counted(steps)
        cells, unit = self.store.cells, self.mix.unit
        found: dict[str, Any] = {"unit": unit, "steps": steps}
        found.update({name: int(counts[:, at].sum()) for at, name in enumerate(_COUNTED[:3])})
        for lane in self._lanes:
            rows: dict[str, dict[str, Any]] = {}
            total = sum(int(counts[at, _COUNTED.index(unit)]) for group in lane.groups for at in group.cells)
            for group in lane.groups:
                whole = lane.sizes[group.name] or 1.0
                for at in group.cells:
                    cell = cells[at]
                    name = cell.language if lane.kind == "text" else f"{cell.language}-{cell.other_language}"
                    row = rows.setdefault(name, {"asked": 0.0, "realised": 0.0, "available_bytes": 0})
                    row["asked"] += asked[lane.kind].get(group.name, 0.0) * getattr(cell, unit) / whole
                    row["realised"] += counts[at, _COUNTED.index(unit)] / max(1, total)
                    row["available_bytes"] += cell.bytes
                    for place, counted in enumerate(_COUNTED):
                        row[counted] = row.get(counted, 0) + int(counts[at, place])
            for row in rows.values():
                row["epochs"] = round(row["bytes"] / row["available_bytes"], 4)
                row["asked"], row["realised"] = round(row["asked"], 6), round(float(row["realised"]), 6)
            found["languages" if lane.kind == "text" else "pairs"] = dict(sorted(rows.items()))
        return found

    def notes(self, steps: int | None = None) -> list[str]:
        """Sentences that a reader should know: text that is repeated often, text smaller than a step."""
        figures = self.figures(steps)
        rows = {**figures.get("languages", {}), **figures.get("pairs", {})}
        said = []
        often = sorted((each for each in rows.items() if each[1]["epochs"] > MANY_EPOCHS), key=lambda each: -each[1]["epochs"])
        if often:
            shown = ", ".join(f"{name} {each['epochs']:.1f}" for name, each in often[:12])
            more = f" and {len(often) - 12} more" if len(often) > 12 else ""
            said.append(
                f"Above {MANY_EPOCHS:g} epochs: {shown}{more}. Repetition is worth little after that; cap it with most_epochs."
            )
        available = sum(each["available_bytes"] for each in rows.values())
        if available < self._step_bytes:
            said.append(
                f"All the text is {available:,} bytes, less than a step of {self._step_bytes:,}: every step repeats it."
            )
        return said

    def _forget(self, from_step: int = 0) -> None:
        """Drop what was planned from a step on."""
        if from_step <= 0:
            self._starts: list[int] = [0]
            self._states: list[_Where | None] = [None]
            self._sums: list[tuple[Numbers, dict[Kind, dict[str, float]]]] = []
            self._kept: OrderedDict[int, _Chunk] = OrderedDict()
            return
        keep = max(1, bisect_right(self._starts, from_step - 1))
        # the stretch that holds the step is planned again, up to the step
        del self._starts[keep:], self._states[keep:], self._sums[keep - 1 :]
        self._kept = OrderedDict((at, each) for at, each in self._kept.items() if each.end <= from_step and at in self._starts)
        if self._starts[-1] in self._kept:
            self._remember(self._kept[self._starts[-1]])

    def _chunk_with(self, step: int) -> _Chunk:
        while True:
            at = bisect_right(self._starts, step) - 1
            chunk = self._kept.get(self._starts[at]) or self._planned(at)
            if step < chunk.end:
                return chunk

    def _planned(self, at: int) -> _Chunk:
        chunk = self._plan(self._starts[at], self._states[at])
        self._kept[chunk.first] = chunk
        while len(self._kept) > _CHUNKS_KEPT:
            self._kept.popitem(last=False)
        if at == len(self._starts) - 1:
            self._remember(chunk)
        return chunk

    def _remember(self, chunk: _Chunk) -> None:
        asked = {lane.kind: self._shares(lane, chunk.first) for lane in self._lanes}
        self._starts.append(chunk.end)
        self._states.append(chunk.after)
        self._sums.append((chunk.counts, asked))

    def _boundaries(self) -> list[int]:
        """Steps at which shares change, with 0."""
        planned = {min(self._steps, math.ceil(start * self._steps - 1e-9)) for start, _ in self._pieces}
        return sorted(planned | {step for step, _, _ in self.changes if step < self._steps} | {0})

    def _shares(self, lane: _Lane, step: int) -> dict[str, float]:
        begun = self._boundaries()
        key = (lane.kind, begun[bisect_right(begun, step) - 1])
        if key not in self._known_shares:
            self._known_shares[key] = self._shares_from(lane, key[1])
        return self._known_shares[key]

    def _shares_from(self, lane: _Lane, step: int) -> dict[str, float]:
        starts = [math.ceil(start * self._steps - 1e-9) for start, _ in self._pieces]
        at = bisect_right(starts, step) - 1
        ends = [*starts[1:], self._steps]
        fixed = {name: each for name, each in self.mix.replay.items() if name in lane.names}
        fixed |= {name: each for begun, name, each in self.changes if begun <= step and name in lane.names}
        rest = 1 - min(1.0, math.fsum(fixed.values()))
        budget = rest * (ends[at] - starts[at]) * self._step_bytes * self._units_a_byte[lane.kind]
        others = shares_of(lane.sizes, self._pieces[at][1], self.mix, budget=max(budget, 1.0))
        return with_fixed(others, fixed)

    def _plan(self, first: int, state: _Where | None) -> _Chunk:
        boundaries = self._boundaries()
        rates = [rates_of(lane.names, self._shares(lane, first)) for lane in self._lanes]
        end = min(first + self._chunk_steps, self._steps, next((each for each in boundaries if each > first), self._steps))
        if state is None:
            lanes = [begin(lane.costs, each) for lane, each in zip(self._lanes, rates, strict=True)]
            state = _Where(tuple(lanes), begin(_one_each, self._lane_rates))
        else:
            state = _Where(tuple(each.at_rates(rate) for each, rate in zip(state.lanes, rates, strict=True)), state.among)
        wanted = float((end - first) * self._step_bytes + 4 * self.store.longest)
        while True:
            chunk = self._cut(first, end, state, wanted)
            if chunk is not None:
                return chunk
            wanted *= 2

    def _cut(self, first: int, end: int, state: _Where, wanted: float) -> _Chunk | None:
        """The steps from first to end; None where so many bytes do not suffice."""
        drawn, numbers = [], []
        for lane, clocks, ties in zip(self._lanes, state.lanes, self._ties, strict=True):
            found = draws(clocks, lane.costs, ties, units=_MORE * wanted * self._units_a_byte[lane.kind])
            drawn.append(found)
            numbers.append(lane.passages(found))
        which = np.zeros(len(numbers[0]), dtype=np.int64)
        if len(drawn) > 1:
            among = draws(state.among, _one_each, range(len(drawn)), units=sum(map(len, numbers)))
            which = among.groups[: _covered(among.groups, [len(each) for each in numbers])]
        at = np.empty(len(which), dtype=np.int64)
        parts, fresh = np.empty(len(which), dtype=np.int64), np.empty(len(which), dtype=bool)
        for number, lane in enumerate(self._lanes):
            chosen = np.flatnonzero(which == number)
            of, place = drawn[number].groups[: len(chosen)], drawn[number].places[: len(chosen)]
            at[chosen] = numbers[number][: len(chosen)]
            fresh[chosen] = place < np.array([len(each) for each in lane.groups])[of]
            weights = [part.weight for _, part in lane.parts]
            parts[chosen] = np.array([part for part, _ in lane.parts])[by_weight(place + of, weights, self._offset)]
        reached = np.concatenate([[0], np.cumsum(self.store.sizes[at], dtype=np.int64)])
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
        after = _Where(lanes, among.after(used) if len(drawn) > 1 else state.among)
        counts = self._sum(at[:used], fresh[:used])
        return _Chunk(first, at[:used], parts[:used], fresh[:used], np.array(cuts), counts, after)

    def _sum(self, at: Numbers, fresh: NDArray[np.bool_]) -> Numbers:
        store, many = self.store, len(self.store.cells)
        cells, sizes = store.cell_numbers[at], store.sizes[at].astype(np.int64)
        columns = [sizes, None, store.last[at], store.characters[at], sizes * fresh]
        sums = [np.bincount(cells, each, minlength=many) for each in columns]
        return np.stack(sums, axis=1).astype(np.int64)

    def _counted(self, steps: int) -> tuple[dict[Kind, dict[str, float]], Numbers]:
        """Mean asked shares of each lane's groups, and sums by cell, over the first steps."""
        counts = np.zeros((len(self.store.cells), len(_COUNTED)), dtype=np.int64)
        asked: dict[Kind, dict[str, float]] = {lane.kind: {} for lane in self._lanes}
        at = 0
        while self._starts[at] < steps:
            if at == len(self._starts) - 1:
                self._planned(at)
            first, end = self._starts[at], min(self._starts[at + 1], steps)
            sums, shares = self._sums[at]
            if end < self._starts[at + 1]:
                chunk = self._chunk_with(first)
                used = int(chunk.cuts[end - first])
                sums = self._sum(chunk.passages[:used], chunk.fresh[:used])
            counts += sums
            for kind, each in shares.items():
                for name, share in each.items():
                    asked[kind][name] = asked[kind].get(name, 0.0) + share * (end - first) / steps
            at += 1
        return asked, counts


def language_stream(
    sources: Mapping[str, Documents | Pairs],
    *,
    steps: int,
    step_bytes: int,
    longest: int,
    seed: int,
    folder: Path,
    mix: Mix = Mix(),  # noqa: B008
    parts: Sequence[Part] = (),
) -> LanguageStream:
    """Lay out text and draw from it in steps of equal size.

    At every passage the group that is owed most comes next (`schedule`), so that shares hold within a passage or two over any
    stretch, in each step too. Inside a group all passages come once an epoch, in an order that is new in each epoch and depends
    on seed and content alone. Nothing is drawn at random with replacement, and the end of one group changes nothing for the
    others: it begins its next epoch.

    Args:
        sources: name to documents, or to sentence pairs for objectives that read pairs.
        steps: how many.
        step_bytes: UTF-8 bytes of a step, at most, but for a step of one passage.
        longest: bytes of a passage, at most.
        seed: of the orders.
        folder: where the text is laid out; the same call finds it there again.
        mix: shares; by default the text as it is mixed in the tables.
        parts: objectives, where several share the stream.

    Raises:
        InputError: there is no text; a share is asked for what there is no text of; shares sum to more than one; an objective
            reads pairs and there are none.
    """
    store = open_store(sources, folder, longest=longest, seed=seed)
    return LanguageStream(store, steps=steps, step_bytes=step_bytes, seed=seed, mix=mix, parts=parts)


def _opened_again(store: TextStore, made_of: dict[str, Any], changes: Sequence[Sequence[Any]]) -> LanguageStream:
    found = LanguageStream(store, **made_of)
    found.restore(changes)
    return found


def _lanes(
    store: TextStore, parts: Sequence[Part], mix: Mix, seed: int, chosen: NDArray[np.bool_] | None
) -> list[_Lane]:
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
        lanes.append(_Lane(kind, groups, own, mix.unit, store))
    if not lanes:
        raise InputError("no objective has a weight above 0")
    return lanes


def _shuffled(count: int, seed: int, kind: str) -> list[int]:
    lots = [xxhash.xxh3_64_intdigest(f"{kind}\t{each}", seed % 2**64) for each in range(count)]
    return [int(each) for each in np.argsort(np.argsort(np.array(lots, dtype=np.uint64), kind="stable"), kind="stable")]


def _units_a_byte(store: TextStore, lane: _Lane, unit: str) -> float:
    cells = [store.cells[each] for group in lane.groups for each in group.cells]
    return max(1e-6, math.fsum(getattr(each, unit) for each in cells) / math.fsum(each.bytes for each in cells))


def _one_each(group: int, start: int, stop: int) -> Numbers:
    return np.ones(stop - start, dtype=np.int64)


def _covered(which: Numbers, there: Sequence[int]) -> int:
    """How many draws among lanes there are before one of them has no more."""
    ends = [np.flatnonzero(which == number) for number in range(len(there))]
    return min((int(each[most]) for each, most in zip(ends, there, strict=True) if len(each) > most), default=len(which))


def _of_part(passage: Passage, part: int) -> Passage:
    return Passage(passage.text, passage.last, passage.language, part, passage.other, passage.other_language)


