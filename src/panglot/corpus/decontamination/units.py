"""What n-grams are made of: words where a script puts spaces between them, characters where it does not."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CODE_POINTS, CodePoints, of_categories
from panglot.corpus.segmentation.words import find_words, mixed, powers
from panglot.languages.writing import WITHOUT_SPACES

SPACED, DENSE, LONG = 0, 1, 2
CHARACTERS_OF_A_WORD = (1.0, 1.7, 4.0)
"""Units that a word is worth: a word; characters of Han and kana; characters of Thai, Lao, Khmer, Burmese and their like."""
_DENSE = ("Hani", "Hira", "Kana", "Bopo", "Yiii", "Nshu", "Tang", "Kits", "Egyp", "Xsux")
# Tibetan puts a mark after each syllable: its syllables are found as words
_SEPARATED = ("Tibt", "Phag", "Marc")
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))


@dataclass(frozen=True)
class Units:
    """The units of texts, one behind the other.

    Two texts have equal hashes where they differ in case, in width or in composition alone. Marks are characters like others.

    Attributes:
        points: the texts, in NFC.
        starts, ends: int64 `[units]`, places in `points.codes`.
        bounds: int64 `[texts + 1]`; the units of text i are those from `bounds[i]` to `bounds[i + 1]`.
        kinds: uint8 `[units]`, `SPACED`, `DENSE` or `LONG`.
        hashes: uint64 `[units]`.
    """

    points: CodePoints
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    bounds: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Units":
        """The units of texts.

        Example:
            >>> units = Units.of(["Straßen, ＡＢ!", "กิน 中文"])
            >>> np.diff(units.bounds).tolist(), units.kinds.tolist()
            ([2, 5], [0, 0, 2, 2, 2, 1, 1])
        """
        said = [each if unicodedata.is_normalized("NFC", each) else unicodedata.normalize("NFC", each) for each in texts]
        points = CodePoints.of(said)
        folded = CodePoints(_folds()[points.codes], points.bounds)
        words = find_words(folded)
        kinds = _kinds()[folded.codes]
        lengths = words.ends - words.starts
        # a word with characters of a script without spaces falls apart: into these, and into what stands between them
        inside = _ranges(words.starts, lengths)
        own = kinds[inside]
        first = np.zeros(len(inside), dtype=bool)
        first[np.cumsum(lengths) - lengths] = True
        first[1:] |= (own[1:] != own[:-1]) | (own[1:] != SPACED)
        first |= own != SPACED
        places = np.flatnonzero(first)
        starts = inside[places]
        last = np.concatenate([places[1:], [len(inside)]]) - 1
        ends = inside[last] + 1 if len(inside) else starts
        hashes = _hashes(folded.codes, starts, ends)
        return cls(points, starts, ends, np.searchsorted(starts, points.bounds), own[places], hashes)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def text_of(self) -> NDArray[np.int64]:
        """Which text each unit stands in, int64 `[units]`."""
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))

    def sums(self) -> NDArray[np.uint64]:
        """Sums of hash · P^(place + 1) up to each unit, modulo 2^64, uint64 `[units + 1]`: n-grams are differences."""
        found = np.zeros(len(self) + 1, dtype=np.uint64)
        np.cumsum(self.hashes * powers(len(self))[: len(self)], out=found[1:])
        return found

    def alone(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether something other than a space stands before each unit, and behind it; the ends of a text count as such."""
        strong = np.concatenate([[0], np.cumsum(_strong()[self.points.codes])])
        texts = self.text_of
        gap = strong[self.starts[1:]] - strong[self.ends[:-1]] > 0
        broken = np.ones(len(self) + 1, dtype=bool)
        broken[1:-1] = gap | (texts[1:] != texts[:-1])
        return broken[:-1], broken[1:]


def grams(sums: NDArray[np.uint64], starts: NDArray[np.int64], lengths: NDArray[np.int64] | int) -> NDArray[np.uint64]:
    """Hashes of runs of units, equal for equal runs wherever they stand, uint64 `[runs]`.

    (S[i + n] − S[i]) · P^(−i), mixed; n goes into the hash, so that runs of two lengths are never equal by chance of a sum.

    Args:
        sums: from `Units.sums`.
        starts: first unit of each run.
        lengths: units of each run, or of all.

    Example:
        >>> units = Units.of(["a b c d", "x a b c"])
        >>> found = grams(units.sums(), np.array([0, 5]), 3)
        >>> bool(found[0] == found[1])
        True
    """
    if not len(starts):
        return np.zeros(0, dtype=np.uint64)
    run = sums[starts + lengths] - sums[starts]
    return mixed(run * _inverses(int(starts.max()) + 1)[starts] + np.asarray(lengths).astype(np.uint64))


def kind_of(kinds: NDArray[np.uint8]) -> int:
    """The kind of unit that most of a text is made of, counted in words."""
    counts = np.bincount(kinds, minlength=3)[:3] / np.array(CHARACTERS_OF_A_WORD)
    return int(counts.argmax())


def length_in_units(words: int, kind: int) -> int:
    """How many units of a kind are worth so many words.

    Example:
        >>> [length_in_units(13, kind) for kind in (SPACED, DENSE, LONG)]
        [13, 22, 52]
    """
    return max(1, round(words * CHARACTERS_OF_A_WORD[kind]))


_cached_inverses = [np.ones(1, dtype=np.uint64)]


def _inverses(count: int) -> NDArray[np.uint64]:
    if len(_cached_inverses[0]) < count:
        grown = np.full(max(count, 2 * len(_cached_inverses[0])), _INVERSE, dtype=np.uint64)
        grown[0] = 1
        _cached_inverses[0] = np.cumprod(grown, dtype=np.uint64)
    return _cached_inverses[0]


def _hashes(codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    if not len(starts):
        return np.zeros(0, dtype=np.uint64)
    lengths = ends - starts
    inside = _ranges(starts, lengths)
    firsts = np.cumsum(lengths) - lengths
    place = np.arange(len(inside)) - np.repeat(firsts, lengths)
    terms = mixed(codes[inside].astype(np.uint64) + np.uint64(1)) * powers(int(lengths.max()))[place]
    return mixed(np.add.reduceat(terms, firsts))


def _ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """All places of some stretches, int64 `[sum of lengths]`."""
    shift = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    found: NDArray[np.int64] = np.arange(int(lengths.sum()), dtype=np.int64) + shift
    return found


@cache
def _folds() -> NDArray[np.uint32]:
    """Each code point without case and width, where that is one code point again; uint32 `[1114112]`."""
    found = np.arange(CODE_POINTS, dtype=np.uint32)
    for code in np.flatnonzero(of_categories("LMN")).tolist():
        folded = unicodedata.normalize("NFKC", chr(code)).casefold()
        if len(folded) == 1:
            found[code] = ord(folded)
    found.setflags(write=False)
    return found


@cache
def _kinds() -> NDArray[np.uint8]:
    found = np.full(CODE_POINTS, SPACED, dtype=np.uint8)
    codes = np.flatnonzero(of_categories("LMN"))
    everything = "".join(map(chr, codes.tolist()))
    for script in sorted(WITHOUT_SPACES - set(_SEPARATED)):
        try:
            pattern = regex.compile(rf"[\p{{Script={script}}}]")
        except regex.error:
            # codes of combinations (Jpan, Hans) that Unicode does not tell apart
            continue
        kind = DENSE if script in _DENSE else LONG
        found[[ord(each) for each in pattern.findall(everything)]] = kind
    found.setflags(write=False)
    return found


@cache
def _strong() -> NDArray[np.bool_]:
    """Characters that end a sentence or a cell: neither of a word nor a space; line breaks and tabs are such."""
    spaces = np.zeros(CODE_POINTS, dtype=bool)
    for code in np.flatnonzero(of_categories("Z")).tolist():
        spaces[code] = unicodedata.category(chr(code)) == "Zs"
    found = ~(of_categories("LMN") | spaces)
    # joiners, soft hyphens and the like are no borders
    for code in np.flatnonzero(of_categories("C")).tolist():
        if unicodedata.category(chr(code)) == "Cf":
            found[code] = False
    found.setflags(write=False)
    return found
