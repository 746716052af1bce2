"""The normal form in which texts are compared: many texts at a time, as arrays of code points.

What happens to a character is said in `folding`. Beside that:

- marks are put in canonical order, and Hangul is composed, so that canonically equivalent texts have one normal form;
- an apostrophe is kept where it stands between two letters of a word, as U+02BC;
- spaces between characters of scripts without spaces are left out.

A text is then a row of tokens: words of scripts that part words by spaces, and single characters of scripts that do not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.duplicates.folding import (
    APOSTROPHE,
    CODE_BITS,
    COMBINING,
    IDEOGRAPHIC,
    JAMO,
    KIND_SHIFT,
    RARE,
    SEPARATOR,
    SPACED,
    SPECIAL,
    Folding,
    folding,
)
from panglot.corpus.segmentation.code_points import CODE_POINTS
from panglot.corpus.segmentation.words import mixed

BATCH_CHARACTERS = 1 << 16
"""Characters to take at a time: enough to forget the cost of a call, few enough to stay in the processor's cache."""
_SPACE = 0x20
_PRIME = 0x9E3779B97F4A7C15
_LEADING, _VOWELS, _TRAILING, _SYLLABLES = 0x1100, 0x1161, 0x11A7, 0xAC00


@dataclass(frozen=True)
class Tokens:
    """The tokens of texts.

    Attributes:
        hashes: uint64 [tokens], equal for equal tokens in any batch and on any machine.
        kinds: uint8 [tokens]: `SPACED`, `IDEOGRAPHIC` or `UNSPACED`.
        bounds: int64 [texts + 1]; the tokens of text i are those from `bounds[i]` to `bounds[i + 1]`.
    """

    hashes: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    bounds: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Tokens of each text, int64 [texts]."""
        return np.diff(self.bounds)


@dataclass(frozen=True)
class NormalForm:
    """Texts in normal form, one behind the other, a separator before, between and behind them.

    Attributes:
        codes: uint32 [characters]; a separator is a space, several may stand side by side.
        kinds: uint8 [characters], see `folding`.
        bounds: int64 [texts + 1]; text i lies between the separators at `bounds[i]` and `bounds[i + 1]`.

    Example:
        >>> NormalForm.of(["  The ﬁrst, № १२!", "L’OEIL", "שָׁלוֹם", "กิน ข้าว", "日本 語"]).texts()
        ['the first no 12', 'lʼoeil', 'שלום', 'กินข้าว', '日本語']
    """

    codes: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "NormalForm":
        """Texts of any size; see `batches` for many of them."""
        whole = np.frombuffer(("\n" + "\n".join(texts) + "\n").encode("utf-32-le", "surrogatepass"), dtype="<u4")
        bounds = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1, out=bounds[1:])
        table = folding()
        # a separator inside a text is the same as one between texts: only `bounds` tells them apart
        folded = table.folded.take(whole, mode="clip")
        rare = np.flatnonzero(folded >= RARE)
        if len(rare):
            flags = folded[rare]
            if (flags >= SPECIAL).any():
                folded, bounds = _expanded(folded, rare[flags >= SPECIAL], bounds, table)
                rare = np.flatnonzero(folded >= RARE)
                flags = folded[rare]
            _order_marks(folded, rare[(flags & COMBINING) != 0], table)
            if ((flags & JAMO) != 0).any():
                folded, bounds = _composed(folded, bounds)
                rare = np.flatnonzero(folded >= RARE)
                flags = folded[rare]
            _part_apostrophes(folded, rare[(flags & APOSTROPHE) != 0])
        kinds = (folded >> KIND_SHIFT).astype(np.uint8)
        kinds &= np.uint8(3)
        folded &= CODE_BITS
        return cls(folded, kinds, bounds)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def _starts(self) -> NDArray[np.int64]:
        """Where tokens begin, int64 [tokens]."""
        kinds = self.kinds
        begins = np.empty(len(kinds), dtype=bool)
        begins[0] = False
        np.not_equal(kinds[1:], kinds[:-1], out=begins[1:])
        begins |= kinds >= IDEOGRAPHIC
        begins &= kinds != SEPARATOR
        return np.flatnonzero(begins)

    def tokens(self) -> Tokens:
        """Hashes of the tokens: Σ mix(code) · P^place modulo 2^64 over a token's characters, mixed once more."""
        starts = self._starts()
        count = len(self.codes)
        power, inverse = powers(count)
        terms = _hashes_of_codes().take(self.codes, mode="clip")
        terms *= power[:count]
        sums = np.cumsum(terms, dtype=np.uint64)
        # separators count as 0, so a token may be summed up to the start of the next one; the first character is a separator
        upto = sums[starts - 1]
        found = np.empty(len(starts), dtype=np.uint64)
        if len(starts):
            found[:-1] = upto[1:] - upto[:-1]
            found[-1:] = sums[-1:] - upto[-1:]
            found *= inverse[starts]
        return Tokens(mixed(found), self.kinds[starts], np.searchsorted(starts, self.bounds))

    def texts(self) -> list[str]:
        """Each text in normal form: words with one space between them."""
        starts = self._starts()
        kinds = self.kinds[starts]
        spaced = np.zeros(len(self.codes), dtype=bool)
        gap = self.kinds[starts - 1] == SEPARATOR
        near = np.concatenate([[SPACED], kinds[:-1]]).astype(np.uint8)
        # a mark that a separator parts from the marks before it must not be put in order with them
        lone = folding().combining_class[self.codes[starts]] > 0
        spaced[starts[gap & ((kinds == SPACED) | (near == SPACED) | lone)] - 1] = True
        found = []
        for first, last in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True):
            part = slice(first + 1, last)
            kept = (self.kinds[part] != SEPARATOR) | spaced[part]
            found.append(self.codes[part][kept].tobytes().decode("utf-32-le", "surrogatepass"))
        return [each.strip(" ") for each in found]


def batches(texts: Sequence[str], characters: int = BATCH_CHARACTERS) -> Iterator[tuple[int, Sequence[str]]]:
    """Stretches of texts of about so many characters, each with the place of its first.

    Example:
        >>> [(first, list(each)) for first, each in batches(["abc", "d", "", "efgh"], characters=4)]
        [(0, ['abc', 'd', '']), (3, ['efgh'])]
    """
    first = held = 0
    for place, text in enumerate(texts):
        if place > first and held + len(text) > characters:
            yield first, texts[first:place]
            first, held = place, 0
        held += len(text)
    if first < len(texts):
        yield first, texts[first:]


def _expanded(
    folded: NDArray[np.uint32], special: NDArray[np.int64], bounds: NDArray[np.int64], table: Folding
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Characters that become none or several."""
    which = (folded[special] & ~SPECIAL).astype(np.int64)
    lengths = table.lengths[which]
    counts = np.ones(len(folded), dtype=np.int64)
    counts[special] = lengths
    grown = np.cumsum(lengths - 1)
    first = special + grown - (lengths - 1)
    found = np.repeat(folded, counts)
    starts = table.starts[which]
    for place in range(int(lengths.max())):
        wanted = lengths > place
        found[first[wanted] + place] = table.expanded[starts[wanted] + place]
    before = np.searchsorted(special, bounds)
    return found, bounds + np.concatenate([[0], grown])[before]


def _order_marks(folded: NDArray[np.uint32], combining: NDArray[np.int64], table: Folding) -> None:
    """Canonical order of the marks behind a letter, in place."""
    classes = table.combining_class[folded[combining] & CODE_BITS]
    follows = combining[1:] == combining[:-1] + 1
    if not (follows & (classes[1:] < classes[:-1])).any():
        return
    run = np.concatenate([[0], np.cumsum(~follows)])
    folded[combining] = folded[combining[np.lexsort((classes, run))]]


def _composed(folded: NDArray[np.uint32], bounds: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hangul letters put together to syllables."""
    codes = folded & CODE_BITS
    leading = (codes[:-1] >= _LEADING) & (codes[:-1] < _LEADING + 19)
    pairs = np.flatnonzero(leading & (codes[1:] >= _VOWELS) & (codes[1:] < _VOWELS + 21))
    syllables = _SYLLABLES + ((codes[pairs] - _LEADING) * 21 + codes[pairs + 1] - _VOWELS) * 28
    folded[pairs] = syllables | np.uint32(SPACED << int(KIND_SHIFT))
    folded, bounds = _without(folded, bounds, pairs + 1)
    codes = folded & CODE_BITS
    open_syllable = (codes[:-1] >= _SYLLABLES) & (codes[:-1] < 0xD7A4) & ((codes[:-1] - _SYLLABLES) % 28 == 0)
    triples = np.flatnonzero(open_syllable & (codes[1:] > _TRAILING) & (codes[1:] <= _TRAILING + 27))
    folded[triples] += codes[triples + 1] - _TRAILING
    return _without(folded, bounds, triples + 1)


def _without(
    folded: NDArray[np.uint32], bounds: NDArray[np.int64], gone: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    keep = np.ones(len(folded), dtype=bool)
    keep[gone] = False
    return folded[keep], bounds - np.searchsorted(gone, bounds)


def _part_apostrophes(folded: NDArray[np.uint32], apostrophes: NDArray[np.int64]) -> None:
    """Make those apostrophes spaces that do not stand between two letters of a word, in place."""
    sides = folded[apostrophes - 1], folded[apostrophes + 1]
    inside = np.logical_and(*(((each >> KIND_SHIFT) & 3 == SPACED) & (each & APOSTROPHE == 0) for each in sides))
    folded[apostrophes[~inside]] = _SPACE


@cache
def _hashes_of_codes() -> NDArray[np.uint64]:
    found = mixed(np.arange(1, CODE_POINTS + 1, dtype=np.uint64))
    found[_SPACE] = 0
    found.setflags(write=False)
    return found


_known: list[tuple[NDArray[np.uint64], NDArray[np.uint64]]] = []


def powers(count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """P^0, P^1, … and their inverses modulo 2^64, with an odd P, uint64 [at least count] each."""
    if not _known or len(_known[0][0]) < count:
        size = max(count, 2 * BATCH_CHARACTERS)
        found = []
        for base in (_PRIME, pow(_PRIME, -1, 1 << 64)):
            row = np.full(size, base, dtype=np.uint64)
            row[0] = 1
            found.append(np.cumprod(row, dtype=np.uint64))
        if size > 16 * BATCH_CHARACTERS:
            return found[0], found[1]
        _known[:] = [(found[0], found[1])]
    return _known[0]
