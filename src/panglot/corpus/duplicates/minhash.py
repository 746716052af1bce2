"""MinHash signatures of documents, bands of them, and what they say of Jaccard similarity.

Broder (1997): under a random permutation the least shingles of two documents are equal with probability J, the Jaccard
similarity of their sets of shingles. With b bands of r values each, two documents share a whole band with probability
1 − (1 − J^r)^b (Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4). The defaults are those of FineWeb2: 14 bands of
8 values over windows of 5 words; the curve passes its middle at J = (1/14)^(1/8) = 0.72.

A shingle x, mixed to 32 bits, is permuted by multiplication, a·x modulo 2^32 with an odd random a. The values of a band are
made one hash of 64 bits. A sketch keeps 8 bits of each value (b-bit minwise hashing, Li & König 2010): where a share m of the
bytes of two sketches is equal, J is estimated as (m − 1/256) / (1 − 1/256), with a standard error of at most 0.047.
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

_BLOCK_SHINGLES = 1 << 13
_FOLD = np.uint64(0xFF51AFD7ED558CCD)
_SKETCH = np.uint32(0x9E3779B1)


class MinHash(BaseModel):
    """How near duplicates are found.

    Attributes:
        words: words in a window; windows of scripts without spaces count characters, see `shingles.windows`.
        bands: bands, each of which makes a pair a candidate.
        rows: values in a band.
        seed: of the permutations.

    Example:
        >>> round(MinHash().chance(0.8), 3), round(MinHash().chance(0.5), 3)
        (0.924, 0.053)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Annotated[int, Field(ge=1, le=100)] = 5
    bands: Annotated[int, Field(ge=1, le=256)] = 14
    rows: Annotated[int, Field(ge=1, le=64)] = 8
    seed: int = 1

    def chance(self, similarity: float) -> float:
        """The probability that two documents of such a Jaccard similarity share a band."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)

    @property
    def permutations(self) -> int:
        """Values of a signature."""
        return self.bands * self.rows


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
        counts = np.diff(found.bounds)
        values = np.empty((len(factors), len(counts)), dtype=np.uint32)
        short = (found.hashes >> np.uint64(32)).astype(np.uint32)
        room = np.empty(max(_BLOCK_SHINGLES, int(counts.max(initial=0))), dtype=np.uint32)
        for first, last in _blocks(found.bounds):
            block = short[found.bounds[first] : found.bounds[last]]
            starts = found.bounds[first:last] - found.bounds[first]
            buffer = room[: len(block)]
            for factor, row in zip(factors, values, strict=True):
                np.multiply(block, factor, out=buffer)
                np.minimum.reduceat(buffer, starts, out=row[first:last])
        return cls(setting, values)

    @cached_property
    def bands(self) -> NDArray[np.uint64]:
        """A hash of each band's values, uint64 [bands, documents]."""
        values = self.values.reshape(self.setting.bands, self.setting.rows, -1)
        found = np.zeros((self.setting.bands, values.shape[2]), dtype=np.uint64)
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


def _factors(setting: MinHash) -> NDArray[np.uint32]:
    """Odd numbers, one a permutation, uint32 [permutations]."""
    start = np.uint64(setting.seed * 0x9E3779B97F4A7C15 % (1 << 64))
    drawn = mixed(start + np.arange(1, setting.permutations + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95))
    return (drawn >> np.uint64(32)).astype(np.uint32) | np.uint32(1)


def _blocks(bounds: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Stretches of documents whose shingles stay in the processor's cache."""
    first, count = 0, len(bounds) - 1
    while first < count:
        last = int(np.searchsorted(bounds, bounds[first] + _BLOCK_SHINGLES, side="right")) - 1
        last = min(max(last, first + 1), count)
        yield first, last
        first = last
