"""Words of many texts at once, as places in an array of code points."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation import classes as of
from panglot.corpus.segmentation.code_points import CODE_POINTS, CodePoints, Spans
from panglot.corpus.segmentation.units import family_starts, unit_starts
from panglot.languages import Language

_PRIME = 0x9E3779B97F4A7C15
_INVERSE = pow(_PRIME, -1, 1 << 64)
_BLOCK, _KEPT_POWERS = 1 << 15, 1 << 21
_FULL_STOP, _DOUBLE_QUOTE = 0x2E, 0x22
_HEBREW, _MONGOLIAN = (0x05D0, 0x05EA), (0x1820, 0x18AA)


class Words(Spans):
    """The words of texts."""

    def hashes(self) -> NDArray[np.uint64]:
        """A hash of each word's characters, equal for equal words in any batch and on any machine, uint64 [words].

        The sum over the word of mix(code) · P^(place + 1), all modulo 2^64, with an odd P, and mixed once more at the end.
        It is taken from running sums: P is odd, so it has an inverse, and a word's sum is a difference times a power of it.
        """
        codes, starts, ends = self.points.codes, self.starts, self.ends
        found = np.empty(len(starts), dtype=np.uint64)
        # Rooms that are used again: fresh memory costs more than the sums.
        room, sums = np.empty(_BLOCK, dtype=np.uint64), np.zeros(_BLOCK + 1, dtype=np.uint64)
        first = 0
        while first < len(starts):
            begin = int(starts[first])
            last = max(int(np.searchsorted(ends, begin + _BLOCK, "right")), first + 1)
            size = int(ends[last - 1]) - begin
            if size > len(room):
                room, sums = np.empty(size, dtype=np.uint64), np.zeros(size + 1, dtype=np.uint64)
            terms = np.take(_mixed_codes(), codes[begin : begin + size], out=room[:size], mode="clip")
            terms *= powers(size)[:size]
            np.cumsum(terms, out=sums[1 : size + 1])
            here = starts[first:last] - begin
            found[first:last] = (sums[ends[first:last] - begin] - sums[here]) * _inverse_powers(size)[here]
            first = last
        return mixed(found)


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: each bit of a value changes each bit of its image with a probability near a half."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def powers(count: int) -> NDArray[np.uint64]:
    """P, P², …, modulo 2^64, uint64 [at least count]."""
    return _row(_PRIME, count, _PRIME)


def _inverse_powers(count: int) -> NDArray[np.uint64]:
    """1, P^-1, P^-2, …, uint64 [at least count]."""
    return _row(_INVERSE, count, 1)


def _row(factor: int, count: int, first: int) -> NDArray[np.uint64]:
    size = 1 << max(count - 1, _BLOCK).bit_length()
    # Only a text without a border in millions of characters needs a longer row; it is not worth keeping.
    return (_powers if size <= _KEPT_POWERS else _powers.__wrapped__)(factor, size, first)


@cache
def _powers(factor: int, count: int, first: int) -> NDArray[np.uint64]:
    factors = np.full(count, factor, dtype=np.uint64)
    factors[0] = first
    return np.cumprod(factors, dtype=np.uint64)


@cache
def _mixed_codes() -> NDArray[np.uint64]:
    return mixed(np.arange(1, CODE_POINTS + 1, dtype=np.uint64))


def find_words(
    texts: Sequence[str] | CodePoints, *, language: str | Language | None = None, back_end: str | None = None
) -> Words:
    """The words of each text, in any mixture of scripts, after Unicode Standard Annex 29.

    Runs of letters, marks and digits, with what stands inside words between two of them: apostrophes, the middle dot, geresh
    and gershayim, underscores, the joiners, soft hyphens, stops and commas between digits, the stops of initials (`U.S`).
    Hyphens, colons, the zero-width space, the tsheg and the Ethiopic wordspace part words. Emoji are no words. Without a
    back-end, scripts that put no space between words give the units of [`units`][panglot.corpus.segmentation.units].

    Args:
        texts: any texts; about a million characters at a time is quickest.
        language: what the texts are written in; it matters only to a back-end.
        back_end: name of a segmenter that finds the real words of scripts without spaces, see
            [`back_ends`][panglot.corpus.segmentation.back_ends].

    Raises:
        InputError: the back-end is unknown, does not know the language, or its package is not installed.

    Example:
        >>> find_words(["L'été, c’est मुश्किल! 3,14", "漢字とカタカナ", "ภาษาไทย"]).lists()
        [["L'été", 'c’est', 'मुश्किल', '3,14'], ['漢', '字', 'と', 'カタカナ'], ['ภา', 'ษา', 'ไท', 'ย']]
    """
    points = texts if isinstance(texts, CodePoints) else CodePoints.of(texts)
    codes = points.codes
    if back_end is not None:
        from panglot.corpus.segmentation.back_ends import word_starts

        cuts = word_starts(points, back_end, language)
    if not len(codes):
        nothing = np.zeros(0, dtype=np.int64)
        return Words(points, nothing, nothing, np.zeros(len(points) + 1, dtype=np.int64))
    classes = np.take(of.word_classes(), codes)
    inside = classes >= of.FIRST_INSIDE
    opens = np.zeros(len(codes) + 1, dtype=bool)
    opens[points.bounds] = True
    inside[_joined(codes, classes, inside, opens)] = True
    _without_keycaps(codes, classes, inside, opens)
    inner = points.bounds[(points.bounds > 0) & (points.bounds < len(codes))]
    parts = inner = inner[inside[inner - 1] & inside[inner] & (np.diff(inner, prepend=0) > 0)]
    if back_end is not None or classes.max() >= of.FIRST_UNSPACED:
        if back_end is None:
            parted = unit_starts(codes, classes, inside, points.bounds[1:-1])
        else:
            parted = family_starts(codes, classes, inside)
            parted[1:] |= cuts[1:] & inside[1:] & inside[:-1]
        parted[inner] = True
        parts = np.flatnonzero(parted)
    starts, ends = _runs(inside, parts)
    starts, ends = _without_leading_marks(classes, starts, ends)
    return Words(points, starts, ends, np.searchsorted(starts, points.bounds))


def _runs(inside: NDArray[np.bool_], parts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First places of runs and the places behind them; `parts` are places inside runs where another one starts."""
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    edges = np.concatenate([np.zeros(int(inside[0]), np.int64), edges, np.full(int(inside[-1]), len(inside))])
    if not len(parts):
        return edges[::2], edges[1::2]
    # Two sorted runs: the stable sort merges them.
    return tuple(np.sort(np.concatenate([edges[side::2], parts]), kind="stable") for side in (0, 1))  # type: ignore[return-value]


def _joined(
    codes: NDArray[np.uint32], classes: NDArray[np.uint8], inside: NDArray[np.bool_], opens: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Places of characters that are part of a word because of what stands before and behind them."""
    between = (classes[1:-1] - np.uint8(1)) < np.uint8(of.CONNECTOR)
    between &= inside[:-2]
    between &= inside[2:]
    places = np.flatnonzero(between) + 1
    places = places[~(opens[places] | opens[places + 1])]
    kinds, before, after = classes[places], classes[places - 1], classes[places + 1]
    spaced = (before <= of.DIGIT) & (after <= of.DIGIT)
    numbers = (before == of.DIGIT) & (after == of.DIGIT)
    joined = spaced & ((kinds == of.APOSTROPHE) | (kinds == of.CONNECTOR))
    joined |= kinds == of.FORMAT
    joined |= numbers & ((kinds == of.STOP) | (kinds == of.NARROW_SPACE))
    # What is left is rare: initials, gershayim typed as a quotation mark, suffixes of Mongolian.
    rest = np.flatnonzero(~joined & spaced)
    here = places[rest]
    left, right = codes[here - 1], codes[here + 1]
    initials = (codes[here] == _FULL_STOP) & (before[rest] == of.LETTER) & (after[rest] == of.LETTER)
    initials &= opens[here - 1] | ~inside[here - 2]
    initials &= opens[here + 2] | ~inside[np.minimum(here + 2, len(codes) - 1)]
    hebrew = (kinds[rest] == of.QUOTE) & _within(left, _HEBREW) & _within(right, _HEBREW)
    mongolian = (codes[here] == 0x202F) & _within(left, _MONGOLIAN) & _within(right, _MONGOLIAN)
    joined[rest[initials | hebrew | mongolian]] = True
    found: NDArray[np.int64] = places[joined]
    return found


def _within(codes: NDArray[np.uint32], bounds: tuple[int, int]) -> NDArray[np.bool_]:
    return (codes >= bounds[0]) & (codes <= bounds[1])


def _without_keycaps(
    codes: NDArray[np.uint32], classes: NDArray[np.uint8], inside: NDArray[np.bool_], opens: NDArray[np.bool_]
) -> None:
    """A digit in a keycap is an emoji."""
    for place in np.flatnonzero(classes == of.KEYCAP).tolist():
        first = place - 1 - int(place > 0 and codes[place - 1] == 0xFE0F)
        alone = first >= 0 and (opens[first] or not inside[first - 1])
        if alone and classes[first] == of.DIGIT and not opens[first + 1 : place + 1].any():
            inside[first:place] = False


def _without_leading_marks(
    classes: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A mark without a letter to stand on begins no word."""
    leading = np.flatnonzero(classes[starts] == of.EXTEND)
    if not len(leading):
        return starts, ends
    bases = np.append(np.flatnonzero(classes > of.EXTEND), len(classes))
    starts = starts.copy()
    starts[leading] = bases[np.searchsorted(bases, starts[leading])]
    kept = starts < ends
    return starts[kept], ends[kept]
