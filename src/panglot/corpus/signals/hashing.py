"""Hashes of any stretch of text in constant time, and what is equal to what among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CODE_POINTS, CodePoints
from panglot.corpus.segmentation.words import mixed

_PRIME = 0x9E3779B97F4A7C15
_INVERSE = pow(_PRIME, -1, 1 << 64)
_KEPT_POWERS = 1 << 21


@dataclass(frozen=True)
class StretchHashes:
    """The sums up to each character of mix(code) · P^(place + 1) modulo 2^64, so that any stretch's hash is a difference.

    With P odd, a division by P^start takes the place out: equal stretches have equal hashes wherever they stand. They are those
    of `Words.hashes`, so that a list of words hashed once can be looked up.

    Attributes:
        sums: uint64 [characters + 1].

    Example:
        >>> stretches = StretchHashes.of(CodePoints.of(["na na", "na"]))
        >>> found = stretches(np.array([0, 3, 5]), np.array([2, 5, 7]))
        >>> len(set(found.tolist()))
        1
    """

    sums: NDArray[np.uint64]

    @classmethod
    def of(cls, points: CodePoints) -> "StretchHashes":
        """Sums over the texts of a batch."""
        return cls.of_terms(np.take(_mixed_codes(), points.codes, mode="clip"))

    @classmethod
    def of_terms(cls, terms: NDArray[np.uint64]) -> "StretchHashes":
        """Sums over any items that are hashes already, such as words: a stretch is then a phrase."""
        count = len(terms)
        sums = np.empty(count + 1, dtype=np.uint64)
        sums[0] = 0
        np.cumsum(terms * _powers(count)[1 : count + 1], out=sums[1:])
        return cls(sums)

    def __call__(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Hash of each stretch, uint64."""
        found = self.sums[ends] - self.sums[starts]
        found *= _inverse_powers(len(self.sums))[starts]
        return mixed(found)

    def windows(self, width: int) -> NDArray[np.uint64]:
        """A hash of each stretch of so many characters, not mixed: uint64 [characters - width + 1]."""
        count = len(self.sums) - width
        if count <= 0:
            return np.zeros(0, dtype=np.uint64)
        found = self.sums[width:] - self.sums[:count]
        found *= _inverse_powers(len(self.sums))[:count]
        return found


def hashes_of(words: Sequence[str]) -> NDArray[np.uint64]:
    """Hash of each word, as `StretchHashes` gives it to the same word inside a text, uint64 [words]."""
    points = CodePoints.of(words)
    return StretchHashes.of(points)(points.bounds[:-1], points.bounds[1:])


@cache
def _mixed_codes() -> NDArray[np.uint64]:
    found = mixed(np.arange(1, CODE_POINTS + 1, dtype=np.uint64))
    found.setflags(write=False)
    return found


def _powers(count: int) -> NDArray[np.uint64]:
    """1, P, P², …"""
    return _row(_PRIME, _KEPT_POWERS) if count < _KEPT_POWERS else _row.__wrapped__(_PRIME, count + 1)


def _inverse_powers(count: int) -> NDArray[np.uint64]:
    return _row(_INVERSE, _KEPT_POWERS) if count <= _KEPT_POWERS else _row.__wrapped__(_INVERSE, count)


@lru_cache(maxsize=2)
def _row(factor: int, count: int) -> NDArray[np.uint64]:
    found = np.full(count, factor, dtype=np.uint64)
    found[0] = 1
    np.cumprod(found, out=found)
    found.setflags(write=False)
    return found


def repeated(hashes: NDArray[np.uint64], texts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What stands more than once in its text.

    Sorted are words of 64 bits: upper bits of a hash of both, lower bits the place. Neighbours that agree in the upper bits are
    compared in full.

    Args:
        hashes: uint64 [items].
        texts: which text each item stands in, int64 [items].

    Returns:
        `places`, int64 [repeated items], group by group and in each group by place; and `groups`, the number of each one's
        group, from 0.

    Example:
        >>> places, groups = repeated(np.array([7, 8, 7, 7, 8], np.uint64), np.array([0, 0, 0, 0, 1]))
        >>> places.tolist(), groups.tolist()
        ([0, 2, 3], [0, 0, 0])
    """
    none = np.zeros(0, dtype=np.int64)
    if len(hashes) < 2:
        return none, none
    # an odd factor a text keeps texts apart without a pass of mixing
    full = hashes * (_text_salts(texts))
    width = np.uint64(int(len(full) - 1).bit_length())
    low = (np.uint64(1) << width) - np.uint64(1)
    keys = full & ~low
    keys |= np.arange(len(full), dtype=np.uint64)
    keys.sort()
    same = (keys[1:] ^ keys[:-1]) <= low
    if not same.any():
        return none, none
    member = np.zeros(len(keys), dtype=bool)
    member[1:] = same
    member[:-1] |= same
    places = (keys[member] & low).astype(np.int64)
    whole = full[places]
    first = np.ones(len(places), dtype=bool)
    first[1:] = whole[1:] != whole[:-1]
    groups = np.cumsum(first) - 1
    alone = np.bincount(groups)[groups] == 1
    if alone.any():  # upper bits agreed by chance
        places, groups = places[~alone], groups[~alone]
        groups = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    return places, groups


def _text_salts(texts: NDArray[np.int64]) -> NDArray[np.uint64]:
    count = int(texts[-1]) + 1 if len(texts) else 0
    return (mixed(np.arange(1, count + 1, dtype=np.uint64)) | np.uint64(1))[texts]


def earlier(hashes: NDArray[np.uint64], texts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether an equal item stands earlier in the same text, bool [items].

    Example:
        >>> earlier(np.array([7, 8, 7, 7, 8], np.uint64), np.array([0, 0, 0, 0, 1])).tolist()
        [False, False, True, True, False]
    """
    places, groups = repeated(hashes, texts)
    found = np.zeros(len(hashes), dtype=bool)
    found[places[1:][groups[1:] == groups[:-1]]] = True
    return found
