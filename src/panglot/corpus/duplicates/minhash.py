"""MinHash signatures of documents, bands of them, and what they say of Jaccard similarity.

Broder (1997): under a random permutation the least shingles of two documents are equal with probability J, the Jaccard
similarity of their sets of shingles. With b bands of r values each, two documents share a whole band with probability
1 − (1 − J^r)^b (Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4). The defaults are those of FineWeb2: 14 bands of
8 values over windows of 5 words; the curve passes its middle at J = (1/14)^(1/8) = 0.72.

A shingle x of 32 bits is permuted by multiplication, a·x modulo 2^32 with an odd random a. The values of a band are made one
hash of 64 bits. Candidates are verified here, so that more bands cost no precision: there are 14 `extra` ones, and the curve
passes 0.94 at J = 0.75. A sketch keeps 8 bits of each value, and of `checks` more that are in no band (b-bit minwise hashing,
Li & König 2010): where a share m of the bytes of two sketches is equal, J is estimated as (m − 1/256) / (1 − 1/256), with a
standard error of at most 0.022 (a little more for texts of under a hundred words).

Shingles are parted by two bits of theirs, and each permutation is over one of the four parts, the values of a band over all
parts in turn: a quarter of the work, and the same estimates, since the shares of the four parts sum up to that of the whole
(the idea of one-permutation hashing, Li, Owen & Zhang 2012, taken a part of the way). The checks are over sixteenths. Where a
document has no shingle in a part, the permutations of that part are over all its shingles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from panglot.corpus.duplicates.shingles import Shingles
from panglot.corpus.segmentation.words import mixed

_BLOCK_SHINGLES = 1 << 15
_COLUMN = 64
_FOLD = np.uint64(0xFF51AFD7ED558CCD)
_SKETCH = np.uint32(0x9E3779B1)
_PARTS, _SMALL_PARTS = 4, 16


class MinHash(BaseModel):
    """How near duplicates are found.

    Attributes:
        words: words in a window; windows of scripts without spaces count characters, see `shingles.windows`.
        bands: bands, each of which makes a pair a candidate.
        rows: values in a band.
        extra: bands beside these, which a pipeline that does not verify candidates would not have.
        checks: values that are in no band, to verify candidates with.
        seed: of the permutations.

    Example:
        >>> fineweb2 = MinHash(extra=0)
        >>> round(fineweb2.chance(0.8), 3), round(fineweb2.chance(0.5), 3), round(MinHash().chance(0.8), 3)
        (0.924, 0.053, 0.994)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Annotated[int, Field(ge=1, le=100)] = 5
    bands: Annotated[int, Field(ge=1, le=256)] = 14
    rows: Annotated[int, Field(ge=1, le=64)] = 8
    extra: Annotated[int, Field(ge=0, le=256)] = 14
    checks: Annotated[int, Field(ge=0, le=4096)] = 288
    seed: int = 1

    def chance(self, similarity: float) -> float:
        """The probability that two documents of such a Jaccard similarity share a band."""
        return float(1 - (1 - similarity**self.rows) ** self.all_bands)

    @property
    def all_bands(self) -> int:
        """Bands, the extra ones counted."""
        return self.bands + self.extra

    @property
    def permutations(self) -> int:
        """Values of a signature."""
        return self.all_bands * self.rows + self.checks

    @property
    def parts(self) -> list[tuple[int, int]]:
        """How many parts there are, and which of them, for each permutation."""
        banded = [(_PARTS, (band + row) % _PARTS) for band in range(self.all_bands) for row in range(self.rows)]
        return [*banded, *((_SMALL_PARTS, number % _SMALL_PARTS) for number in range(self.checks))]


@dataclass(frozen=True)
class Signatures:
    """Signatures of documents.

    Attributes:
        setting: how they were made.
        values: uint32 [permutations, documents].
    """

    setting: MinHash
    values: NDArray[np.uint32]

    @classmethod
    def of(cls, found: Shingles, setting: MinHash) -> "Signatures":
        """The least of each permutation over each document's shingles."""
        factors = _factors(setting)
        short = (found.hashes >> np.uint64(32)).astype(np.uint32)
        bits = (found.hashes >> np.uint64(24)).astype(np.uint8)
        values = np.empty((len(factors), len(found.bounds) - 1), dtype=np.uint32)
        groups: dict[tuple[int, int], list[int]] = {}
        for number, which in enumerate(setting.parts):
            groups.setdefault(which, []).append(number)
        parted = {count: _parted(bits, count) for count in dict.fromkeys(count for count, _ in groups)}
        for (count, part), members in groups.items():
            mine = np.array(members)
            places = parted[count][part]
            bounds = np.searchsorted(places, found.bounds)
            counts = np.diff(bounds)
            lacking = np.flatnonzero(counts == 0)
            if not len(lacking):
                values[mine] = _least(short[places], bounds, factors[mine])
                continue
            having = np.flatnonzero(counts)
            values[np.ix_(mine, having)] = _least(short[places], np.append(bounds[having], bounds[-1]), factors[mine])
            lengths = np.diff(found.bounds)[lacking]
            whole = np.repeat(found.bounds[lacking] - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
            inside = np.concatenate([[0], np.cumsum(lengths)])
            values[np.ix_(mine, lacking)] = _least(short[whole], inside, factors[mine])
        return cls(setting, values)

    @cached_property
    def bands(self) -> NDArray[np.uint64]:
        """A hash of each band's values, uint64 [bands, documents]."""
        count = self.setting.all_bands
        values = self.values[: count * self.setting.rows].reshape(count, self.setting.rows, -1)
        found = np.zeros((count, values.shape[2]), dtype=np.uint64)
        for row in range(self.setting.rows):
            found += values[:, row]
            found *= _FOLD
            found ^= found >> np.uint64(32)
        return mixed(found)

    @cached_property
    def sketches(self) -> NDArray[np.uint8]:
        """Eight bits of each value, uint8 [documents, permutations]."""
        return np.ascontiguousarray(((self.values * _SKETCH) >> np.uint32(24)).astype(np.uint8).T)


def estimated(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Jaccard similarities of pairs of documents, estimated from their sketches, float64 [pairs].

    Args:
        first: sketches, uint8 [pairs, permutations].
        second: those of the other documents.
    """
    chance = 1 / 256
    equal: NDArray[np.float64] = (first == second).mean(axis=1)
    return (equal - chance) / (1 - chance)


def _parted(bits: NDArray[np.uint8], count: int) -> list[NDArray[np.int64]]:
    """The places of each part, in order; there are a power of two of them."""
    part = bits >> np.uint8(8 - (count - 1).bit_length())
    if count <= _PARTS:  # of few parts a search for each is quicker than a sort, of many it is seven times as slow
        return [np.flatnonzero(part == each) for each in range(count)]
    ends = np.cumsum(np.bincount(part, minlength=count))[:-1].tolist()
    return np.split(np.argsort(part, kind="stable"), ends)


def _least(short: NDArray[np.uint32], bounds: NDArray[np.int64], factors: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The least of factor · shingle over each document, of which none may be empty; uint32 [factors, documents]."""
    counts = np.diff(bounds)
    found = np.empty((len(factors), len(counts)), dtype=np.uint32)
    order = np.argsort(counts, kind="stable")
    for some in _of_like_length(counts, order):
        longest = int(counts[some[-1]])
        if longest > _BLOCK_SHINGLES:
            for each in some.tolist():
                _least_of_one(short[bounds[each] : bounds[each + 1]], factors, found[:, each])
            continue
        # a column a document, padded with its last shingle, and a long column cut in several side by side: few and long rows
        # are reduced fastest
        wide = -(-longest // _COLUMN)
        height = -(-longest // wide)
        places = bounds[some] + np.minimum(np.arange(wide * height)[:, None], counts[some] - 1)
        columns = short[places].reshape(height, wide * len(some))
        buffer, row = np.empty_like(columns), np.empty(wide * len(some), dtype=np.uint32)
        for number, factor in enumerate(factors):
            np.multiply(columns, factor, out=buffer)
            np.minimum.reduce(buffer, axis=0, out=row)
            found[number, some] = row if wide == 1 else np.minimum.reduce(row.reshape(wide, -1), axis=0)
    return found


def _least_of_one(short: NDArray[np.uint32], factors: NDArray[np.uint32], out: NDArray[np.uint32]) -> None:
    out[:] = np.iinfo(np.uint32).max
    for first in range(0, len(short), _BLOCK_SHINGLES):
        block = short[first : first + _BLOCK_SHINGLES]
        buffer = np.empty_like(block)
        for number, factor in enumerate(factors):
            np.multiply(block, factor, out=buffer)
            out[number] = min(out[number], buffer.min())


def _of_like_length(counts: NDArray[np.int64], order: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Documents in the order of their lengths, so many at a time that their shingles stay in the processor's cache."""
    ordered = counts[order]
    first = 0
    while first < len(order):
        size = max(1, _BLOCK_SHINGLES // int(ordered[first]))
        size = max(1, min(size, _BLOCK_SHINGLES // int(ordered[min(first + size, len(order)) - 1])))
        yield order[first : first + size]
        first += size


def _factors(setting: MinHash) -> NDArray[np.uint32]:
    """Odd numbers, one a permutation, uint32 [permutations]."""
    start = np.uint64(setting.seed * 0x9E3779B97F4A7C15 % (1 << 64))
    drawn = mixed(start + np.arange(1, setting.permutations + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95))
    return (drawn >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
