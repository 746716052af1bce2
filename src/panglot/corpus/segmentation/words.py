"""Words of many texts at once, as places in an array of code points."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CODE_POINTS, CodePoints, of_categories

_JOINERS = (0x200C, 0x200D)
_APOSTROPHES = (0x27, 0x2019)
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Words:
    """The words of texts.

    Attributes:
        points: the texts.
        starts, ends: int64 [words]; word i is `points.codes[starts[i]:ends[i]]`.
        bounds: int64 [texts + 1]; the words of text i are those from `bounds[i]` to `bounds[i + 1]`.
    """

    points: CodePoints
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Words of each text, int64 [texts]."""
        return np.diff(self.bounds)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Characters of each word, int64 [words]."""
        return self.ends - self.starts

    def lists(self) -> list[list[str]]:
        """The words of each text as strings."""
        whole = self.points.codes.tobytes().decode("utf-32-le", "surrogatepass")
        words = [whole[first:last] for first, last in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]
        return [words[first:last] for first, last in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True)]

    def hashes(self) -> NDArray[np.uint64]:
        """A hash of each word's characters, equal for equal words in any batch and on any machine, uint64 [words].

        The sum over the word of mix(code) · P^(place + 1), all modulo 2^64, with an odd P, and mixed once more at the end.
        """
        if not len(self):
            return np.zeros(0, dtype=np.uint64)
        lengths = self.lengths
        shift = np.repeat(self.starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        inside = np.arange(int(lengths.sum()), dtype=np.int64) + shift
        place = inside - np.repeat(self.starts, lengths)
        terms = mixed(self.points.codes[inside].astype(np.uint64) + np.uint64(1)) * powers(int(lengths.max()))[place]
        return mixed(np.add.reduceat(terms, np.concatenate([[0], np.cumsum(lengths)[:-1]])))


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: each bit of a value changes each bit of its image with a probability near a half."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def powers(count: int) -> NDArray[np.uint64]:
    """P, P², …, modulo 2^64, uint64 [count]."""
    return np.cumprod(np.full(max(count, 1), _PRIME, dtype=np.uint64), dtype=np.uint64)


def find_words(texts: Sequence[str] | CodePoints) -> Words:
    """The words of each text: runs of letters, marks and numbers, with the joiners and the apostrophes inside them.

    Example:
        >>> find_words(["L'été, c’est मुश्किल!", "မြန်မာ"]).lists()[0]
        ["L'été", 'c’est', 'मुश्किल']
    """
    points = texts if isinstance(texts, CodePoints) else CodePoints.of(texts)
    inside = _word_characters()[points.codes]
    apostrophe = np.isin(points.codes, _APOSTROPHES)
    inside[1:-1] |= apostrophe[1:-1] & inside[:-2] & inside[2:]
    first_of_text = np.zeros(len(points.codes) + 1, dtype=bool)
    first_of_text[points.bounds] = True
    before = np.concatenate([[False], inside[:-1]]) & ~first_of_text[:-1]
    after = np.concatenate([inside[1:], [False]]) & ~first_of_text[1:]
    starts = np.flatnonzero(inside & ~before)
    ends = np.flatnonzero(inside & ~after) + 1
    return Words(points, starts, ends, np.searchsorted(starts, points.bounds))


@cache
def _word_characters() -> NDArray[np.bool_]:
    found = np.zeros(CODE_POINTS, dtype=bool) | of_categories("LMN")
    found[list(_JOINERS)] = True
    return found
