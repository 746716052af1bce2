"""Pairs of neighbouring tokens in a text, counted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.initialise.align import batches
from panglot.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True)
class SkipGrams:
    """Ordered pairs of neighbours (window 1 to either side), each pair once with its count.

    Attributes:
        centre: int64 `[pairs]`.
        context: int64 `[pairs]`.
        count: int64 `[pairs]`.
        frequency: int64 `[size]`: how often each token occurs.
    """

    centre: NDArray[np.int64]
    context: NDArray[np.int64]
    count: NDArray[np.int64]
    frequency: NDArray[np.int64]

    def with_one_of(self, targets: list[int]) -> "SkipGrams":
        """Only the pairs in which at least one token is among `targets`."""
        wanted = np.zeros(len(self.frequency), bool)
        wanted[targets] = True
        kept = wanted[self.centre] | wanted[self.context]
        return SkipGrams(self.centre[kept], self.context[kept], self.count[kept], self.frequency)


def count_skip_grams(vocabulary: Vocabulary, texts: Iterator[str]) -> SkipGrams:
    """Tokenise and count; neighbours are of the same text.

    Args:
        vocabulary: tokenises the texts.
        texts: any number of them; they are streamed.
    """
    size = vocabulary.size
    frequency = np.zeros(size, np.int64)
    keys, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for batch in batches(texts):
        encoded = vocabulary.encode(batch)
        lengths = np.array([len(each) for each in encoded], np.int64)
        ids = np.fromiter((number for each in encoded for number in each), np.int64, count=int(lengths.sum()))
        text = np.repeat(np.arange(len(encoded)), lengths)
        frequency += np.bincount(ids, minlength=size)
        inside = text[1:] == text[:-1]
        left, right = ids[:-1][inside], ids[1:][inside]
        some, number = np.unique(np.concatenate([left * size + right, right * size + left]), return_counts=True)
        keys, inverse = np.unique(np.concatenate([keys, some]), return_inverse=True)
        counts = np.bincount(inverse, weights=np.concatenate([counts, number]), minlength=len(keys)).astype(np.int64)
    return SkipGrams(keys // size, keys % size, counts, frequency)


def thinned(texts: Callable[[], Iterator[str]], characters: int) -> Iterator[str]:
    """Every nth of the texts, so that about `characters` are left, from beginning to end."""
    total = sum(len(each) for each in texts())
    step = max(1, -(-total // characters))
    return (each for index, each in enumerate(texts()) if index % step == 0)
