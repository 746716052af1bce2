"""Tokens between white space, lines and paragraphs of many texts, as places."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CodePoints
from panglot.corpus.signals.characters import BREAK, SPACE, classes, has

CARRIAGE_RETURN, LINE_FEED = 0x0D, 0x0A


@dataclass(frozen=True)
class Layout:
    """Where white space and line breaks cut texts.

    A line is what `str.splitlines` gives, without white space at its ends, if anything is left; a paragraph is lines
    without an empty line between them.

    Attributes:
        points: the texts.
        kinds: class of each character, uint8 [characters].

    Example:
        >>> layout = Layout.of(CodePoints.of(["a b\\r\\n c\\n \\nd", "", " \\n"]))
        >>> layout.line_counts.tolist(), layout.paragraph_counts.tolist(), layout.newlines.tolist()
        ([3, 0, 0], [2, 0, 0], [3, 0, 1])
    """

    points: CodePoints
    kinds: NDArray[np.uint8]

    @classmethod
    def of(cls, points: CodePoints) -> "Layout":
        """Layout of texts."""
        return cls(points, np.take(classes()[0], points.codes, mode="clip"))

    @cached_property
    def _raw(self) -> bytes:
        return self.kinds.tobytes()

    @cached_property
    def text_of(self) -> NDArray[np.int64]:
        """Which text each character stands in, int64 [characters]."""
        return self.points.text_of

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Characters of each class in each text, int64 [texts, classes]."""
        size = len(classes()[1])
        keys = self.text_of * size
        keys += self.kinds
        return np.bincount(keys, minlength=len(self.points) * size).reshape(len(self.points), size)

    def count(self, wanted: int) -> NDArray[np.int64]:
        """Characters of each text that have one of these properties, int64 [texts]."""
        found: NDArray[np.int64] = self.counts[:, has(wanted)].sum(axis=1)
        return found

    def are(self, wanted: int) -> NDArray[np.bool_]:
        """Whether each character has one of these properties, bool [characters]."""
        # a table of 256 bytes: much quicker than an index of integers
        return np.frombuffer(self._raw.translate(_table(wanted)), dtype=bool)

    def rare(self, wanted: int) -> NDArray[np.int64]:
        """Like `count`, quicker where few characters have the properties."""
        found: NDArray[np.int64] = np.diff(np.searchsorted(np.flatnonzero(self.are(wanted)), self.points.bounds))
        return found

    def at(self, places: NDArray[np.int64], wanted: int) -> NDArray[np.bool_]:
        """Whether the characters at these places have one of these properties, bool [places]."""
        return has(wanted)[self.kinds[places]]

    def run_around(self, places: NDArray[np.int64], wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Start and end of the run of characters that have one of these properties, around places that have it.

        A run may reach over the end of a text.
        """
        starts, ends = self._runs(wanted)
        run = np.searchsorted(starts, places, side="right") - 1
        return starts[run], ends[run]

    def _runs(self, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if wanted not in self._known_runs:
            found = np.flatnonzero(self.are(wanted))
            leads = np.flatnonzero(np.diff(found, prepend=-2) != 1)
            self._known_runs[wanted] = (found[leads], found[np.append(leads[1:], len(found)) - 1] + 1 if len(found) else found)
        return self._known_runs[wanted]

    @cached_property
    def _known_runs(self) -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        return {}

    def texts_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which text each of these places stands in, int64."""
        found: NDArray[np.int64] = np.searchsorted(self.points.bounds, places, side="right") - 1
        return found

    @cached_property
    def tokens(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Starts and ends of the stretches without white space, int64 [tokens] each; none reaches over two texts."""
        ink = ~self.are(SPACE)
        return edges(ink, self.points.bounds)

    @cached_property
    def breaks(self) -> NDArray[np.int64]:
        """Places of line breaks; a carriage return before a line feed is none of its own. int64."""
        found = np.flatnonzero(self.are(BREAK))
        codes = self.points.codes
        inner = found[found < len(codes) - 1] if len(found) else found
        paired = inner[(codes[inner] == CARRIAGE_RETURN) & (codes[inner + 1] == LINE_FEED)]
        paired = paired[self.texts_at(paired) == self.texts_at(paired + 1)]
        return np.setdiff1d(found, paired, assume_unique=True) if len(paired) else found

    @cached_property
    def newlines(self) -> NDArray[np.int64]:
        """Line breaks of each text, int64 [texts]."""
        return np.diff(np.searchsorted(self.breaks, self.points.bounds))

    @cached_property
    def _first_tokens(self) -> NDArray[np.int64]:
        starts, _ = self.tokens
        cuts = np.concatenate([np.searchsorted(starts, self.points.bounds[:-1]), np.searchsorted(starts, self.breaks)])
        cuts = np.unique(cuts)
        return cuts[cuts < len(starts)]

    @cached_property
    def line_starts(self) -> NDArray[np.int64]:
        """First character of each line, int64 [lines]."""
        return self.tokens[0][self._first_tokens]

    @cached_property
    def line_ends(self) -> NDArray[np.int64]:
        """Behind the last character of each line, int64 [lines]."""
        last = np.append(self._first_tokens[1:], len(self.tokens[1])) - 1
        found: NDArray[np.int64] = self.tokens[1][last[: len(self._first_tokens)]]
        return found

    @cached_property
    def line_tokens(self) -> NDArray[np.int64]:
        """Tokens of each line, int64 [lines]."""
        return np.diff(np.append(self._first_tokens, len(self.tokens[0])))

    @cached_property
    def line_texts(self) -> NDArray[np.int64]:
        """Which text each line stands in, int64 [lines]."""
        return self.texts_at(self.line_starts)

    @cached_property
    def line_counts(self) -> NDArray[np.int64]:
        """Lines of each text, int64 [texts]."""
        return self.lines_with(np.ones(len(self.line_starts), dtype=bool))

    def lines_with(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many lines of each text are marked, int64 [texts]."""
        found: NDArray[np.int64] = np.bincount(self.line_texts[wanted], minlength=len(self.points))
        return found

    def lines_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which line each of these places stands in, or behind; int64."""
        found: NDArray[np.int64] = np.searchsorted(self.line_starts, places, side="right") - 1
        return found

    @cached_property
    def _first_lines(self) -> NDArray[np.int64]:
        """First line of each paragraph."""
        if not len(self.line_starts):
            return np.zeros(0, dtype=np.int64)
        before = np.searchsorted(self.breaks, self.line_starts[1:]) - np.searchsorted(self.breaks, self.line_ends[:-1])
        opens = (before >= 2) | (self.line_texts[1:] != self.line_texts[:-1])
        return np.concatenate([[0], np.flatnonzero(opens) + 1])

    @cached_property
    def paragraph_starts(self) -> NDArray[np.int64]:
        """First character of each paragraph, int64 [paragraphs]."""
        return self.line_starts[self._first_lines]

    @cached_property
    def paragraph_ends(self) -> NDArray[np.int64]:
        """Behind the last character of each paragraph, int64 [paragraphs]."""
        last = np.append(self._first_lines[1:], len(self.line_ends)) - 1
        found: NDArray[np.int64] = self.line_ends[last[: len(self._first_lines)]]
        return found

    @cached_property
    def paragraph_texts(self) -> NDArray[np.int64]:
        """Which text each paragraph stands in, int64 [paragraphs]."""
        return self.line_texts[self._first_lines]

    @cached_property
    def paragraph_counts(self) -> NDArray[np.int64]:
        """Paragraphs of each text, int64 [texts]."""
        return np.bincount(self.paragraph_texts, minlength=len(self.points))


@cache
def _table(wanted: int) -> bytes:
    found = has(wanted).tobytes()
    return found + bytes(256 - len(found))


def edges(inside: NDArray[np.bool_], bounds: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and ends of the runs of True, cut where a text begins; int64 each.

    Example:
        >>> [each.tolist() for each in edges(np.array([True, True, False, True]), np.array([0, 1, 4]))]
        [[0, 1, 3], [1, 2, 4]]
    """
    if not len(inside):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    change = np.empty(len(inside) + 1, dtype=bool)
    change[0], change[-1] = inside[0], inside[-1]
    np.not_equal(inside[1:], inside[:-1], out=change[1:-1])
    places = np.flatnonzero(change)
    starts, ends = places[0::2], places[1::2]
    borders = bounds[1:-1]
    borders = borders[(borders > 0) & (borders < len(inside))]
    split = np.unique(borders[inside[borders] & inside[borders - 1]])
    if len(split):
        starts = np.sort(np.concatenate([starts, split]))
        ends = np.sort(np.concatenate([ends, split]))
    return starts, ends
