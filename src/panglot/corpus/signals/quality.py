"""Sizes, the quality signals of Gopher and FineWeb, and shares of kinds of characters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.optional_marks import optional_vowels
from panglot.corpus.segmentation.words import Words
from panglot.corpus.signals.characters import (
    BULLET,
    CLOSER,
    CONTROL,
    DIGIT,
    ELLIPSIS,
    HASH,
    LETTER,
    LOWER,
    MOJIBAKE_LEAD,
    MOJIBAKE_REST,
    PLAIN,
    PUNCTUATION,
    REPLACEMENT,
    SPACE,
    TECHNICAL,
    TERMINAL,
    UPPER,
    letters_of,
)
from panglot.corpus.signals.hashing import hashes_of
from panglot.corpus.signals.layout import Layout
from panglot.corpus.signals.shares import share

SHORT_LINE = 30
CELLS, CELL = 3, 40
TABULAR_DIGITS = 0.5
_DOT, _BAR, _TAB = 0x2E, 0x7C, 0x09
_LONGEST_LENGTH = (1 << 20) - 1
_SLOTS = 1 << 12

Counts = NDArray[Any]


def sizes(layout: Layout, words: Words) -> dict[str, Counts]:
    """Numbers of characters, words, lines and paragraphs; lengths of words; the longest run of one character.

    Vowel marks that a writer may leave out (harakat, niqqud) do not make a word longer: text with them is no worse.
    """
    counts = words.counts
    lengths = words.lengths
    marks = optional_vowels(layout.points.codes)
    if len(marks):
        lengths = lengths - (np.searchsorted(marks, words.ends) - np.searchsorted(marks, words.starts))
    texts = np.repeat(np.arange(len(counts)), counts)
    ordered = np.sort((texts << 20) | np.minimum(lengths, _LONGEST_LENGTH)) & _LONGEST_LENGTH
    some = np.flatnonzero(counts)
    median, longest = np.full(len(counts), np.nan), np.zeros(len(counts))
    first = words.bounds[some]
    median[some] = (ordered[first + (counts[some] - 1) // 2] + ordered[first + counts[some] // 2]) / 2
    longest[some] = np.maximum.reduceat(lengths, first) if len(some) else 0
    total = np.zeros(len(counts))
    total[some] = np.add.reduceat(lengths, first) if len(some) else 0
    return {
        "characters": layout.points.lengths,
        "words": counts,
        "lines": layout.line_counts,
        "paragraphs": layout.paragraph_counts,
        "mean_word_length": share(total, counts, empty=np.nan),
        "median_word_length": median,
        "longest_word": longest,
        "longest_run": longest_runs(layout),
    }


def longest_runs(layout: Layout) -> NDArray[np.int64]:
    """Length of the longest run of one character that is no white space, int64 [texts].

    Example:
        >>> from panglot.corpus.segmentation.code_points import CodePoints
        >>> longest_runs(Layout.of(CodePoints.of(["aa", "ab  ", " ", "aไไไไก"]))).tolist()
        [2, 1, 0, 4]
    """
    codes = layout.points.codes
    found = (layout.line_counts > 0).astype(np.int64)
    pairs = np.flatnonzero(codes[1:] == codes[:-1])
    pairs = pairs[~layout.at(pairs, SPACE)]
    texts = layout.texts_at(pairs)
    within = texts == layout.texts_at(pairs + 1)
    pairs, texts = pairs[within], texts[within]
    # neighbouring pairs of a text are one run, of one character more than it has pairs
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1] + 1) | (texts[1:] != texts[:-1])
    leads = np.flatnonzero(first)
    np.maximum.at(found, texts[leads], np.diff(np.append(leads, len(pairs))) + 1)
    return found


def gopher_quality(layout: Layout, words: Words) -> dict[str, Counts]:
    """Gopher's symbols per word, lines that begin with bullets or end with an ellipsis, words with a letter.

    Lines are those that hold something: an empty line between paragraphs is none.
    """
    counts = words.counts
    letterless = np.flatnonzero(~layout.at(words.starts, LETTER))
    # few words begin with anything but a letter; only those are looked through
    inner = letterless[words.lengths[letterless] > 1]
    if len(inner):
        pairs = np.ravel(np.column_stack([words.starts[inner], words.ends[inner]]))
        hold = np.add.reduceat(np.append(layout.are(LETTER), False), pairs, dtype=np.int64)[::2] > 0
        letterless = np.setdiff1d(letterless, inner[hold], assume_unique=True)
    texts = np.searchsorted(words.bounds, letterless, side="right") - 1
    without = np.bincount(texts, minlength=len(counts))
    dots = _dot_runs(layout)
    ellipses = layout.rare(ELLIPSIS) + np.bincount(
        layout.texts_at(dots[0]), weights=(dots[1] - dots[0]) // 3, minlength=len(counts)
    )
    return {
        "hashes_per_word": share(layout.rare(HASH), counts),
        "ellipses_per_word": share(ellipses, counts),
        "bullet_line_share": share(layout.lines_with(layout.at(layout.line_starts, BULLET)), layout.line_counts),
        "ellipsis_line_share": share(layout.lines_with(ends_in_ellipsis(layout)), layout.line_counts),
        "alphabetic_word_share": share(counts - without, counts),
    }


def _dot_runs(layout: Layout) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and ends of runs of full stops, none over two texts."""
    dots = np.flatnonzero(layout.points.codes == _DOT)
    texts = layout.texts_at(dots)
    first = np.ones(len(dots), dtype=bool)
    first[1:] = (dots[1:] != dots[:-1] + 1) | (texts[1:] != texts[:-1])
    leads = np.flatnonzero(first)
    return dots[leads], dots[leads] + np.diff(np.append(leads, len(dots)))


def ends_in_ellipsis(layout: Layout) -> NDArray[np.bool_]:
    """Whether each line ends with … or three full stops, bool [lines]."""
    codes = layout.points.codes
    last = layout.line_ends - 1
    found = layout.at(last, ELLIPSIS)
    dotted = np.flatnonzero((codes[last] == _DOT) & (last - layout.line_starts >= 2))
    places = last[dotted]
    found[dotted] |= (codes[places - 1] == _DOT) & (codes[places - 2] == _DOT)
    return found


def ends_with_terminal(layout: Layout, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each stretch ends with a sentence terminal of any script, quotation marks and brackets behind it set aside."""
    last = ends - 1
    found = layout.at(last, TERMINAL)
    closed = np.flatnonzero(~found & layout.at(last, CLOSER))
    before = layout.run_around(last[closed], CLOSER)[0] - 1
    inside = before >= starts[closed]
    found[closed[inside]] = layout.at(before[inside], TERMINAL)
    return found


def fineweb(layout: Layout, words: Words) -> dict[str, Counts]:
    """FineWeb's shares of lines, and line breaks per word; its share of repeated characters is in `line_repetition`."""
    ended = ends_with_terminal(layout, layout.line_starts, layout.line_ends)
    short = layout.line_ends - layout.line_starts <= SHORT_LINE
    return {
        "punctuated_line_share": share(layout.lines_with(ended), layout.line_counts),
        "short_line_share": share(layout.lines_with(short), layout.line_counts),
        "newlines_per_word": share(layout.newlines, words.counts),
    }


def listed(words: Words, hashes: NDArray[np.uint64], listing: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many words of each text are on a list, and how many different ones, int64 [texts] each."""
    count = len(words.counts)
    wanted = np.unique(hashes_of(sorted(set(listing))))
    if not len(wanted) or not len(hashes):
        return np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    slots = np.zeros(_SLOTS, dtype=bool)
    slots[(wanted & np.uint64(_SLOTS - 1)).astype(np.int64)] = True
    likely = np.flatnonzero(slots[(hashes & np.uint64(_SLOTS - 1)).astype(np.int64)])
    place = np.minimum(np.searchsorted(wanted, hashes[likely]), len(wanted) - 1)
    right = wanted[place] == hashes[likely]
    likely, place = likely[right], place[right]
    texts = np.searchsorted(words.bounds, likely, side="right") - 1
    different = np.unique(texts * len(wanted) + place) // len(wanted)
    return np.bincount(texts, minlength=count), np.bincount(different, minlength=count)


def special_characters(layout: Layout) -> Counts:
    """Share of characters that are neither letters, marks, white space nor joiners.

    ROOTS counted Indic vowel signs as special, so that Bengali and Hindi needed higher thresholds; by Unicode's category they
    are marks, and count as letters do.
    """
    return share(layout.points.lengths - layout.count(PLAIN), layout.points.lengths)


def kinds(layout: Layout, script: str | None) -> dict[str, Counts]:
    """Shares of digits, punctuation, white space, upper case, the script's letters; damaged characters; tabular lines."""
    characters = layout.points.lengths
    letters = layout.count(LETTER)
    upper = layout.count(UPPER)
    if script is None:
        in_script = np.full(len(letters), np.nan)
    else:
        mine = letters_of(script)[layout.points.codes]
        places = np.concatenate([[0], np.cumsum(mine, dtype=np.int64)])
        in_script = share(np.diff(places[layout.points.bounds]), letters, empty=np.nan)
    return {
        "script_share": in_script,
        "digit_share": share(layout.count(DIGIT), characters),
        "punctuation_share": share(layout.count(PUNCTUATION), characters),
        "whitespace_share": share(layout.count(SPACE), characters),
        "uppercase_share": share(upper, upper + layout.count(LOWER), empty=np.nan),
        "tabular_line_share": share(layout.lines_with(_tabular(layout)), layout.line_counts),
        "replacement_characters": layout.count(REPLACEMENT),
        "control_characters": layout.count(CONTROL),
        "mojibake_share": mojibake(layout),
    }


def technical(layout: Layout) -> Counts:
    """Share of characters of MADLAD's technical set."""
    return share(layout.count(TECHNICAL), layout.points.lengths)


def _tabular(layout: Layout) -> NDArray[np.bool_]:
    """Lines of at least three cells, or of which at least half of the characters of its tokens are digits.

    Cells are of 40 characters at most, on average: what is longer are sentences with wide gaps between them, or with a bar for
    their full stop, as Devanagari is often typed.
    """
    starts, ends = layout.tokens
    count = len(layout.line_starts)
    lines = np.repeat(np.arange(count), layout.line_tokens)
    codes = layout.points.codes
    wide = starts[1:] - ends[:-1] >= 2
    wide |= (starts[1:] - ends[:-1] == 1) & (codes[np.minimum(ends[:-1], len(codes) - 1)] == _TAB)
    wide &= lines[1:] == lines[:-1]
    cuts = np.bincount(lines[1:][wide], minlength=count)
    bars = layout.lines_of(np.flatnonzero(codes == _BAR))
    cuts += np.bincount(bars, minlength=count)[:count] if count else 0
    digits = np.bincount(layout.lines_of(np.flatnonzero(layout.are(DIGIT))), minlength=count)
    ink = np.bincount(lines, weights=ends - starts, minlength=count)
    return ((cuts >= CELLS - 1) & (ink <= CELL * (cuts + 1))) | (digits > TABULAR_DIGITS * ink)


def mojibake(layout: Layout) -> Counts:
    """Share of characters in sequences that are UTF-8 read as CP1252 or Latin-1: a leading byte and all that have to follow.

    `Ã©` is one, and `à¤®`; `É»` alone is not counted, since a capital before a closing quotation mark is French.

    Example:
        >>> from panglot.corpus.segmentation.code_points import CodePoints
        >>> texts = ["déjà vu", "déjà vu".encode().decode("cp1252"), "«À LA UNE»", "привет".encode().decode("latin-1")]
        >>> mojibake(Layout.of(CodePoints.of(texts))).round(2).tolist()
        [0.0, 0.44, 0.0, 1.0]
    """
    codes = layout.points.codes
    rest = layout.are(MOJIBAKE_REST)
    leads = layout.are(MOJIBAKE_LEAD)
    places = np.flatnonzero(leads[:-1] & rest[1:])
    lead = codes[places]
    follow = 1 + (lead >= 0xE0).astype(np.int64) + (lead >= 0xF0)
    padded = np.concatenate([rest, [False, False, False]])
    whole = (follow < 2) | padded[places + 2]
    whole &= (follow < 3) | padded[places + 3]
    ends = places + follow
    whole &= (ends < len(codes)) & (layout.texts_at(places) == layout.texts_at(np.minimum(ends, len(codes) - 1)))
    quoted = np.isin(codes[np.minimum(places + 1, len(codes) - 1)], (0xAB, 0xBB, 0xA0, 0x2019, 0x201D, 0x2026, 0x2013, 0x2014))
    whole &= ~(quoted & (follow == 1) & (lead > 0xC3))
    weights = np.where(whole, follow + 1, 0)
    found = np.bincount(layout.texts_at(places), weights=weights, minlength=len(layout.points))
    return share(found, layout.points.lengths)
