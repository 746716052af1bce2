"""Which texts are nearly the same as another one: shared character trigrams."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

NEARLY = 0.8
"""From this likeness on, two texts count as nearly the same (singular and plural, or one word changed)."""
_BATCH = 10_000


def nearest_likeness(texts: list[str], among: Iterable[str]) -> NDArray[np.float64]:
    """For each text the likeness of the most alike one among others.

    The likeness is Dice's coefficient of the sets of character trigrams, 2·|A∩B| / (|A|+|B|), each text padded with a space on
    both sides: 1 for equal texts, 0 where nothing is shared. It needs no words, so it is the same for every script.

    Args:
        texts: the texts asked about, for example a test set; they are held in memory.
        among: the texts to compare with; read once, in batches.

    Returns:
        float64 `[len(texts)]`.

    Example:
        >>> nearest_likeness(["add the page", "ฉันรักภาษาไทย"], ["add the pages", "delete"]).round(2).tolist()
        [0.88, 0.0]
    """
    columns: dict[str, int] = {}
    mine = [_trigrams(each) for each in texts]
    for each in mine:
        for gram in sorted(each):
            columns.setdefault(gram, len(columns))
    left = _matrix(mine, columns)
    sizes = np.array([len(each) for each in mine], dtype=np.float64)
    found = np.zeros(len(texts))
    for batch in _batches(among):
        others = [_trigrams(each) for each in batch]
        shared = (left @ _matrix(others, columns).T).tocoo()
        lengths = np.array([len(each) for each in others], dtype=np.float64)
        np.maximum.at(found, shared.row, 2 * shared.data / (sizes[shared.row] + lengths[shared.col]))
    return found


def _trigrams(text: str) -> set[str]:
    padded = f" {text} "
    return {padded[start : start + 3] for start in range(max(1, len(padded) - 2))}


def _matrix(grams: list[set[str]], columns: dict[str, int]) -> csr_array:
    places = [(row, columns[gram]) for row, each in enumerate(grams) for gram in each if gram in columns]
    rows, found = zip(*places, strict=True) if places else ((), ())
    return csr_array((np.ones(len(places)), (rows, found)), shape=(len(grams), len(columns)))


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        yield batch
