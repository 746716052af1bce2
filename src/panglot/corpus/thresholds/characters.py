"""A character model: how likely each character is after the ones before it, from a table of hashed n-grams of bounded size.

Letters and marks are lowered; a run of anything else is one boundary; digits are left out of the score. An n-gram's value is
log2 of its interpolated Witten-Bell probability; where the longest is unknown the next shorter one is taken, a bit less likely.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CodePoints, lower_case, of_categories
from panglot.corpus.segmentation.words import mixed

ORDER = 4
SLOTS = 1 << 15
_STEP = 1 / 12
_FLOOR = 20.0
UNKNOWN = -_FLOOR
"""What the model says of a character that it does not know."""
_BACK_OFF = 0.7
_BOUNDARY = 0x20


@dataclass(frozen=True)
class Characters:
    """The characters of texts that are scored.

    Attributes:
        grams: uint64 [ORDER, characters], hash of the 1-gram, 2-gram, … that ends at each.
        text: int64 [characters], whose text it is.
        letters: bool [characters], false for boundaries.
    """

    grams: NDArray[np.uint64]
    text: NDArray[np.int64]
    letters: NDArray[np.bool_]


@dataclass(frozen=True)
class CharacterModel:
    """A table of n-grams: fingerprints uint16 and values uint8, [2 * SLOTS / 2] in buckets of two."""

    prints: NDArray[np.uint16]
    values: NDArray[np.uint8]

    def log2(self, characters: Characters) -> NDArray[np.float32]:
        """log2 probability of each character after up to three others, float32 [characters]."""
        found = np.full(characters.grams.shape[1], -_FLOOR, dtype=np.float32)
        for number in range(ORDER):
            bucket, fingerprint = _place(characters.grams[number])
            if number:
                found -= _BACK_OFF
            for slot in (bucket, bucket + 1):
                hit = self.prints[slot] == fingerprint
                found[hit] = -_STEP * self.values[slot[hit]]
        return np.maximum(found, -_FLOOR)

    def unordered(self, characters: Characters) -> NDArray[np.float32]:
        """log2 probability of each character by itself, float32 [characters]."""
        found = np.full(characters.grams.shape[1], -_FLOOR, dtype=np.float32)
        bucket, fingerprint = _place(characters.grams[0])
        for slot in (bucket, bucket + 1):
            hit = self.prints[slot] == fingerprint
            found[hit] = -_STEP * self.values[slot[hit]]
        return found


@cache
def _kept() -> NDArray[np.uint32]:
    """Code to score, the boundary, or 0 for what is left out."""
    found = np.where(of_categories("LM"), lower_case(), np.uint32(_BOUNDARY)).astype(np.uint32)
    found.setflags(write=False)
    return found


def characters_of(points: CodePoints) -> Characters:
    """The scored characters of texts, with the hashes of the n-grams that end at them."""
    codes = _kept()[points.codes]
    text = points.text_of
    boundary = codes == _BOUNDARY
    first = np.ones(len(codes), dtype=bool)
    first[1:] = text[1:] != text[:-1]
    again = boundary.copy()
    again[1:] &= boundary[:-1] & ~first[1:]
    again[:1] = False
    codes, text, letters = codes[~again].astype(np.uint64), text[~again], ~boundary[~again]
    grams = np.empty((ORDER, len(codes)), dtype=np.uint64)
    total = np.zeros(len(codes), dtype=np.uint64)
    for number in range(ORDER):
        earlier = np.full(len(codes), _BOUNDARY, dtype=np.uint64)
        if number:
            same = text[number:] == text[:-number]
            earlier[number:][same] = codes[:-number][same]
        else:
            earlier = codes
        total = total * np.uint64(0x9E3779B97F4A7C15) + mixed(earlier + np.uint64(number << 24))
        grams[number] = mixed(total + np.uint64(number))
    return Characters(grams, text, letters)


def _place(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    bucket = ((hashes >> np.uint64(40)) % np.uint64(SLOTS // 2)).astype(np.int64) * 2
    fingerprint = (hashes & np.uint64(0xFFFF)).astype(np.uint16)
    return bucket, np.maximum(fingerprint, np.uint16(1))


def train(points: CodePoints) -> CharacterModel:
    """The model of a reference text; where the table is full the rare n-grams are left out."""
    characters = characters_of(points)
    total = characters.grams.shape[1]
    lower = np.full(total, 1 / 1000.0)
    prints, values = np.zeros(SLOTS, dtype=np.uint16), np.zeros(SLOTS, dtype=np.uint8)
    entries: list[tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.int64]]] = []
    for number in range(ORDER):
        grams, where, inverse, counts = np.unique(
            characters.grams[number], return_index=True, return_inverse=True, return_counts=True
        )
        context = _context(characters, number)
        _, context_inverse, context_counts = np.unique(context[where], return_inverse=True, return_counts=True)
        mass = np.bincount(context_inverse, counts)[context_inverse]
        kinds = context_counts[context_inverse]
        chance = (counts + kinds * lower[where]) / (mass + kinds)
        lower = chance[inverse]
        entries.append((grams, chance, counts))
    for grams, chance, counts in entries:
        order = np.lexsort((grams, -counts))
        if len(entries) and grams is entries[-1][0]:
            order = order[: SLOTS // 2]
        for bucket_slot in (0, 1):
            bucket, fingerprint = _place(grams[order])
            slot = bucket + bucket_slot
            free = prints[slot] == 0
            first = np.zeros(len(order), dtype=bool)
            first[np.unique(slot, return_index=True)[1]] = True
            take = free & first
            prints[slot[take]] = fingerprint[take]
            values[slot[take]] = np.clip(np.round(-np.log2(chance[order][take]) / _STEP), 0, 255)
            order = order[~take]
    return CharacterModel(prints, values)


def _context(characters: Characters, number: int) -> NDArray[np.uint64]:
    """Hash of the characters before, number of them, of each character; the same for all where number is 0."""
    if not number:
        return np.zeros(characters.grams.shape[1], dtype=np.uint64)
    grams = characters.grams[number - 1]
    before = np.zeros(len(grams), dtype=np.uint64)
    before[1:] = grams[:-1]
    starts = np.flatnonzero(np.diff(characters.text, prepend=-1))
    before[starts] = np.uint64(1)
    return before
