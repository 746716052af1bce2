"""Character n-grams and words of many texts, as numbers of buckets."""

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.identification.letters import SPACE, Letters

ORDERS = (1, 2, 3, 4, 5)
COLUMNS = len(ORDERS) + 1
"""N-grams of one to five characters that begin at a position, and the word that does."""
BITS = 22
BUCKETS = 1 << BITS
"""The bucket after the last one is the place of n-grams that are none."""
_STEP = np.uint32(0x9E3779B1)
_MIX = np.uint32(0x85EBCA6B)
_SALTS = tuple(np.uint32(0x27D4EB2F * (each + 1) & 0xFFFFFFFF) for each in range(COLUMNS))
_POWERS = np.array([pow(0xB5297A4D, each, 1 << 32) for each in range(64)], np.uint32)


def _bucket(hashes: NDArray[np.uint32], column: int) -> NDArray[np.uint32]:
    found = hashes ^ _SALTS[column]
    found *= _MIX
    found ^= found >> np.uint32(15)
    found *= _STEP
    found >>= np.uint32(32 - BITS)
    return found


def find_ngrams(letters: Letters) -> NDArray[np.int32]:
    """Buckets by position and order, int32 [positions, 6]; `BUCKETS` where nothing of that order begins.

    An n-gram lies inside a word or takes in the space before or behind it. Single letters count outside ASCII only.
    """
    codes = letters.codes
    count = int(letters.bounds[-1])
    # one order behind the other in memory: each is looked up in one go
    found = np.full((COLUMNS, count), BUCKETS, np.int32).T
    if not count:
        return found
    # spaces behind the end, so that every position has five characters
    codes = np.concatenate([codes, np.zeros(8, np.uint32)])
    spaces = codes == SPACE
    hashes = codes[:count] * _STEP
    inner = np.zeros(count, bool)
    for column, order in enumerate(ORDERS):
        if order == 1:
            np.copyto(found[:, 0], _bucket(hashes, 0), where=codes[:count] >= 0x80, casting="unsafe")
            continue
        hashes = (hashes ^ (hashes >> np.uint32(13))) * _STEP + codes[order - 1 : count + order - 1]
        if order > 2:
            inner = inner | spaces[order - 2 : count + order - 2]
        np.copyto(found[:, column], _bucket(hashes, column), where=~inner, casting="unsafe")
    starts, words = find_words(letters)
    found[starts, COLUMNS - 1] = words
    return found


def find_words(letters: Letters) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Where words begin, int64 [words], and their buckets, uint32 [words]."""
    count = int(letters.bounds[-1])
    codes = letters.codes[:count]
    starts = np.flatnonzero(codes == SPACE)
    if not len(starts):
        return starts, np.zeros(0, np.uint32)
    inside = np.arange(count) - np.repeat(starts, np.diff(starts, append=count))
    hashes = np.add.reduceat(codes * _POWERS[np.minimum(inside, 63)], starts, dtype=np.uint32)
    return starts, _bucket(hashes, COLUMNS - 1)
