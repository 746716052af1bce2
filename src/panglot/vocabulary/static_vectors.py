"""Static word vectors as a value: words, one vector each, and how often each was seen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class StaticVectors:
    """Words and their vectors.

    Attributes:
        words: distinct, the most frequent ones first.
        matrix: float32 `[len(words), d]`.
        counts: int64 `[len(words)]`; None where nobody counted.
    """

    words: list[str]
    matrix: NDArray[np.float32]
    counts: NDArray[np.int64] | None = None

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @property
    def dimension(self) -> int:
        """Width of a vector."""
        return int(self.matrix.shape[1])

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Counts; where there are none 1 / rank (Zipf), since files of vectors list the most frequent words first.

        Example:
            >>> StaticVectors(["a", "b"], np.eye(2, dtype=np.float32)).frequencies.tolist()
            [1.0, 0.5]
        """
        if self.counts is not None:
            return self.counts.astype(np.float64)
        return 1.0 / np.arange(1, len(self.words) + 1)

    def counted(self, counts: Mapping[str, int]) -> "StaticVectors":
        """The same vectors with the counts of a text; a word that the text lacks counts as seen once."""
        return replace(self, counts=np.array([max(1, counts.get(each, 0)) for each in self.words], np.int64))

    def reduced(self, dimension: int) -> "StaticVectors":
        """The vectors in fewer dimensions, by truncated singular value decomposition without centring.

        Among all linear maps to that many dimensions this one keeps the dot products best.

        Example:
            >>> StaticVectors(["a", "b"], np.array([[1, 0, 2], [0, 1, 0]], np.float32)).reduced(2).matrix.shape
            (2, 2)
        """
        if dimension >= self.dimension:
            return self
        wide = self.matrix.astype(np.float64)
        _, directions = np.linalg.eigh(wide.T @ wide)
        kept = directions[:, ::-1][:, :dimension]
        return replace(self, matrix=(wide @ with_fixed_signs(kept)).astype(np.float32))


def with_fixed_signs(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Singular vectors have no sign of their own: the entry that is largest in absolute value is made positive."""
    largest = columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])]
    return columns * np.where(largest < 0, -1.0, 1.0)
