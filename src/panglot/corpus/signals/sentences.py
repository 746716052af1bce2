"""Signals of lines and sentences: C4 and MADLAD-400."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.words import Words
from panglot.corpus.signals.characters import (
    ASCII_TERMINAL,
    CLOSER,
    DIGIT,
    LEFT_CURLY,
    LOWER,
    TECHNICAL,
    TERMINAL,
    UPPER,
)
from panglot.corpus.signals.layout import Layout
from panglot.corpus.signals.quality import ends_in_ellipsis, ends_with_terminal
from panglot.corpus.signals.shares import share

C4_WORDS, C4_LONGEST_WORD = 3, 1000
LIST_WORDS, LIST_SHARE = 12, 0.5
SHORT_SENTENCE, LONG_SENTENCE = 20, 500
TECHNICAL_SHARE = 0.2
DENSE = 2.5
"""A character of a script whose signs are words or syllables (Han, kana, Hangul, Yi) counts as so many letters."""
CURSED = ("orem ipsum", "\ufffd\ufffd\ufffd", " ... ... ...", "| | |", " xxx ", " crusher ")
_DENSE_RANGES = ((0x2E80, 0xA4CF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_UNMARKED = (0x0E01, 0x0EDF)
_CASE = 0x20


def places_of(layout: Layout, phrase: str) -> NDArray[np.int64]:
    """Where a phrase begins, ASCII letters of either case alike, int64.

    Example:
        >>> from panglot.corpus.segmentation.code_points import CodePoints
        >>> places_of(Layout.of(CodePoints.of(["JavaScript ja", "vascript"])), "javascript").tolist()
        [0]
    """
    codes = layout.points.codes
    letters = [ord(each) for each in phrase]
    if len(letters) > len(codes):
        return np.zeros(0, dtype=np.int64)

    def same(found: NDArray[np.uint32], letter: int) -> NDArray[np.bool_]:
        folded = letter | _CASE
        equal: NDArray[np.bool_] = (found | np.uint32(_CASE)) == folded if ord("a") <= folded <= ord("z") else found == letter
        return equal

    places = np.flatnonzero(same(codes[: len(codes) - len(letters) + 1], letters[0]))
    for step, letter in enumerate(letters[1:], start=1):
        places = places[same(codes[places + step], letter)]
    whole: NDArray[np.int64] = places[layout.texts_at(places) == layout.texts_at(places + len(letters) - 1)]
    return whole


def sentence_starts(layout: Layout) -> NDArray[np.int64]:
    """First character of each sentence, int64: at the first token of a line, and behind a terminal.

    A full stop, question or exclamation mark of Latin ends a sentence before white space, with the quotation marks and brackets
    behind it; a terminal of another script also where nothing parts it from the next sentence. No other text of the batch has a
    say, as it has in `segmentation.sentences`: a document's signals depend on the document alone.
    """
    starts, ends = layout.tokens
    closed = np.flatnonzero(ends_with_terminal(layout, starts, ends))
    found = [layout.line_starts, starts[closed[closed < len(starts) - 1] + 1]]
    places = np.flatnonzero(layout.are(TERMINAL))
    places = places[~layout.at(places, ASCII_TERMINAL)]
    # inside a token only: what follows white space begins a token, and is found already
    limits = ends[np.searchsorted(starts, places, side="right") - 1]
    places = layout.run_around(places, CLOSER | TERMINAL)[1]
    return np.unique(np.concatenate([*found, places[places < limits]]))


def c4(layout: Layout, words: Words, starts: NDArray[np.int64], policies: Sequence[str]) -> dict[str, NDArray[Any]]:
    """C4's rules as numbers: what is kept of lines, and what condemns a page.

    A line is kept when it ends with a terminal and not with an ellipsis, has at least 3 words, none over 1,000 characters, and
    no “javascript” and no policy phrase. Sentences are counted on kept lines.
    """
    count, lines = len(layout.points), len(layout.line_starts)
    ended = ends_with_terminal(layout, layout.line_starts, layout.line_ends)
    ended &= ~ends_in_ellipsis(layout, layout.line_ends - 1)
    in_line = np.diff(np.append(np.searchsorted(words.starts, layout.line_starts), len(words)))
    script = _lines_with(layout, ("javascript",))
    policy = _lines_with(layout, policies)
    tokens = layout.tokens
    long = layout.lines_of(tokens[0][tokens[1] - tokens[0] > C4_LONGEST_WORD])
    kept = ended & (in_line >= C4_WORDS) & ~script & ~policy
    kept[long] = False
    sentence_lines = layout.lines_of(starts)
    sentences = (
        np.bincount(layout.line_texts[sentence_lines[kept[sentence_lines]]], minlength=count) if lines else np.zeros(count)
    )
    policy_share = share(layout.lines_with(policy), layout.line_counts)
    lorem = places_of(layout, "lorem ipsum")
    return {
        "c4_line_share": share(layout.lines_with(kept), layout.line_counts),
        "c4_sentences": sentences,
        "curly_brackets": layout.count(LEFT_CURLY),
        "lorem_ipsum": np.bincount(layout.texts_at(lorem), minlength=count),
        "javascript_line_share": share(layout.lines_with(script), layout.line_counts),
        "policy_line_share": policy_share if policies else np.full(count, np.nan),
    }


def _lines_with(layout: Layout, phrases: Sequence[str]) -> NDArray[np.bool_]:
    found = np.zeros(len(layout.line_starts), dtype=bool)
    for phrase in phrases:
        found[layout.lines_of(places_of(layout, phrase))] = True
    return found


def madlad(layout: Layout, words: Words, starts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """MADLAD's questionable sentences.

    A sentence is questionable when at least 12 words of it, and over half, are capitalised or numbers (asked only of texts with
    lower-case letters); when it has under 20 or over 500 characters, a character of a dense script counting 2.5; when over 20 %
    of its characters are technical; when it holds a cursed phrase. MADLAD's sixth sign, another language than the document's,
    is the identifier's to see.
    """
    count = len(layout.points)
    texts = layout.texts_at(starts)
    ends = np.append(starts[1:], len(layout.kinds))
    first_token = np.searchsorted(layout.tokens[0], ends) - 1
    ends = np.minimum(ends, layout.tokens[1][np.maximum(first_token, 0)]) if len(starts) else ends
    codes = layout.points.codes
    dense = _cumulated(_is_dense(codes))
    lengths = (ends - starts) + (DENSE - 1) * (dense[ends] - dense[starts])
    # Thai and Lao have no marks at the end of sentences: a sentence is a line there, and may be long
    unmarked = (codes[starts] >= _UNMARKED[0]) & (codes[starts] <= _UNMARKED[1])
    odd = (lengths < SHORT_SENTENCE) | ((lengths > LONG_SENTENCE) & ~unmarked)
    technical = np.flatnonzero(layout.are(TECHNICAL))
    held = np.searchsorted(technical, ends) - np.searchsorted(technical, starts)
    odd |= held > TECHNICAL_SHARE * (ends - starts)
    cased = (layout.count(LOWER) > 0)[texts]
    listed = _cumulated(layout.at(words.starts, UPPER | DIGIT))
    first, last = np.searchsorted(words.starts, starts), np.searchsorted(words.starts, ends)
    odd |= cased & (last - first >= LIST_WORDS) & (listed[last] - listed[first] > LIST_SHARE * (last - first))
    for phrase in CURSED:
        odd[np.searchsorted(starts, places_of(layout, phrase), side="right") - 1] = True
    total = np.bincount(texts, minlength=count)
    return {"sentences": total, "questionable_sentence_share": share(np.bincount(texts[odd], minlength=count), total)}


def _cumulated(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    found = np.zeros(len(marked) + 1, dtype=np.int64)
    np.cumsum(marked, out=found[1:])
    return found


def _is_dense(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    found = np.zeros(len(codes), dtype=bool)
    if len(codes) and codes.max() >= _DENSE_RANGES[0][0]:
        for low, high in _DENSE_RANGES:
            found |= (codes >= low) & (codes <= high)
    return found
