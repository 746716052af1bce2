"""What a stream draws from: groups of passages, each with a share of every step, and which passage of each comes when."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import xxhash
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from panglot.artifacts import InputError, did_you_mean
from panglot.corpus.balance.caps import within_caps
from panglot.corpus.balance.plan import Unit, bounds
from panglot.corpus.balance.shares import SharesMethod
from panglot.training.curriculum import Mixing
from panglot.training.epoch_order import EpochOrder, Numbers
from panglot.training.text_store import Kind, TextStore

EVERYTHING = "everything"
"""The group of all text that no share is asked for, mixed as it is."""
_SORTED = 1 << 22


class Mix(BaseModel):
    """How much of what a model learns from.

    Attributes:
        strategy: shares of the languages: `temperature`, `unimax`, `fixed`, `law`, or shares that change (`phases`, `ramp`).
            None leaves the languages as they are mixed in the text: all passages once an epoch.
        unit: in what shares are counted: bytes, characters or documents.
        most_epochs: no language more often than this, unless there is nothing else to take.
        most_shares: language to the largest share that the strategy may give it.
        replay: name of a source, or tag of a language, to its share of every step; the rest is divided as the strategy says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    strategy: Mixing | None = None
    unit: Unit = "bytes"
    most_epochs: Annotated[float, Field(gt=0)] | None = None
    most_shares: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}
    replay: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}


@dataclass
class Group:
    """Passages that are drawn from together.

    Attributes:
        name: of a language, of a source, or `everything`.
        cells: numbers of the store's cells.
        members: passages of each of these cells.
        order: in which they come.
    """

    name: str
    cells: list[int]
    members: list[NDArray[np.uint32]]
    order: EpochOrder

    def __len__(self) -> int:
        return self.order.count

    def passages(self, start: int, stop: int) -> Numbers:
        """Numbers of the passages that come from place `start` to `stop`, counted over all epochs."""
        return taken(self.members, self.order.at(start, stop))


def taken(parts: Sequence[NDArray[np.uint32]], at: Numbers) -> Numbers:
    """Elements of arrays as if they were one behind another."""
    if len(parts) == 1:
        return parts[0][at].astype(np.int64)
    ends = np.cumsum([len(each) for each in parts])
    which = np.searchsorted(ends, at, side="right")
    found = np.empty(len(at), dtype=np.int64)
    for number, part in enumerate(parts):
        chosen = which == number
        found[chosen] = part[at[chosen] - (ends[number] - len(part))]
    return found


def groups_of(store: TextStore, kind: Kind, mix: Mix, *, seed: int, chosen: NDArray[np.bool_] | None = None) -> list[Group]:
    """The groups of text, or of pairs, in the order of their names.

    Args:
        store: the text.
        kind: text or pairs.
        mix: what is asked.
        seed: of the orders.
        chosen: for each passage of the store, whether it may be drawn; all without it.

    Raises:
        InputError: a share is asked for something that there is no text of.
    """
    there = {at: each for at, each in enumerate(store.cells) if each.kind == kind}
    names = {each.source for each in store.cells} | {each.language for each in store.cells}
    _known(mix.replay, names, "replay")
    _known(mix.most_shares, {each.language for each in store.cells}, "most_shares")
    sources = {each.source for each in store.cells}
    asked: dict[str, list[int]] = {}
    for at, cell in there.items():
        name = cell.language if mix.strategy is not None else EVERYTHING
        if cell.source in mix.replay:
            name = cell.source
        elif cell.language in mix.replay and cell.language not in sources:
            name = cell.language
        asked.setdefault(name, []).append(at)
    limit = _SORTED // max(1, len(asked))
    found = []
    for name, cells in sorted(asked.items()):
        there_are = {each: part for each in cells if len(part := _members(store, each, chosen))}
        cells, members = list(there_are), list(there_are.values())
        count = sum(map(len, members))
        if not count:
            continue
        key = xxhash.xxh3_64_intdigest(f"{kind}\t{name}", seed % 2**64)

        def ranks(members: list[NDArray[np.uint32]] = members) -> NDArray[np.uint64]:
            return np.concatenate([store.ranks[each] for each in members])

        order = EpochOrder(count, key=key, ranks=ranks if count <= limit else None)
        found.append(Group(name, cells, members, order))
    return found


def _members(store: TextStore, cell: int, chosen: NDArray[np.bool_] | None) -> NDArray[np.uint32]:
    known = store.cells[cell]
    found = store.members[known.first : known.first + known.passages]
    return found if chosen is None else found[chosen[found]]


def _known(asked: Mapping[str, float], names: set[str], where: str) -> None:
    for name in asked:
        if name not in names:
            fix = did_you_mean(name, names) or f"there is text of {', '.join(sorted(names)[:8])}"
            raise InputError(f"there is no text of {name}", where=where, fix=fix)


def column_of(store: TextStore, unit: Unit) -> NDArray[Any]:
    """What each passage counts, in a unit."""
    columns: dict[str, NDArray[Any]] = {"bytes": store.sizes, "characters": store.characters, "documents": store.last}
    return columns[unit]


def size_of(store: TextStore, group: Group, unit: Unit) -> float:
    """What a group holds, in a unit."""
    return float(sum(size_in(store, *each, unit) for each in zip(group.cells, group.members, strict=True)))


def size_in(store: TextStore, cell: int, members: NDArray[np.uint32], unit: Unit) -> int:
    """What some passages of a cell hold, in a unit."""
    known = store.cells[cell]
    if len(members) == known.passages:
        return int(getattr(known, unit))
    return int(column_of(store, unit)[members].sum(dtype=np.int64))


def shares_of(sizes: Mapping[str, float], strategy: SharesMethod | None, mix: Mix, *, budget: float) -> dict[str, float]:
    """The share of each group that no replay is asked for, of what replay leaves.

    Args:
        sizes: name of each group to what it holds, in the unit of the mix.
        strategy: the rule at this point of the training.
        mix: the bounds.
        budget: how much these groups get in all, in the unit of the mix.
    """
    # passages that all go on end no document
    sizes = {name: max(each, 1e-9) for name, each in sizes.items() if name not in mix.replay}
    if not sizes or strategy is None:
        return dict.fromkeys(sizes, 1.0)
    amounts = strategy.amounts(sizes, budget if getattr(strategy, "budget", None) is None else None)
    whole = math.fsum(amounts.values())
    bounded = within_caps(amounts, bounds(sizes, whole, mix.most_epochs, mix.most_shares), whole)
    total = math.fsum(bounded.values())
    return {name: each / total for name, each in bounded.items()}
