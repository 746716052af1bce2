"""Two spaces of word vectors made one: pairs of words, and the rotation that maps one side onto the other."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.vocabulary.static_vectors import StaticVectors


def anchors(
    source: StaticVectors, target: StaticVectors, dictionary: Iterable[tuple[str, str]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the dictionary's pairs that have vectors on both sides, each word as it is, in lower and in title case.

    All nine combinations of the forms count, also where forms coincide, as in the reference implementation of WECHSEL.

    Returns:
        Int64 rows of `source` and of `target`, equally many.

    Example:
        >>> source = StaticVectors(["house", "House"], np.eye(2, dtype=np.float32))
        >>> target = StaticVectors(["Haus"], np.ones((1, 2), np.float32))
        >>> [each.tolist() for each in anchors(source, target, [("house", "Haus")])]
        [[0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0]]
    """
    left, right = [], []
    for one, other in dictionary:
        for form in (one, one.lower(), one.title()):
            row = source.index.get(form)
            if row is None:
                continue
            for form_of_other in (other, other.lower(), other.title()):
                if (column := target.index.get(form_of_other)) is not None:
                    left.append(row)
                    right.append(column)
    return np.array(left, np.int64), np.array(right, np.int64)


def identical_words(source: StaticVectors, target: StaticVectors) -> list[tuple[str, str]]:
    """Words that both sides have: numbers, names, loans. The seed dictionary where there is none (Artetxe et al., 2017).

    Example:
        >>> one, other = (StaticVectors(list(each), np.eye(2, dtype=np.float32)) for each in ("1a", "b1"))
        >>> identical_words(one, other)
        [('1', '1')]
    """
    return [(word, word) for word in source.words if word in target.index]


def same_width(source: StaticVectors, target: StaticVectors) -> tuple[StaticVectors, StaticVectors]:
    """Both in the smaller of the two dimensions: the side that is wider is reduced, and only that side."""
    width = min(source.dimension, target.dimension)
    return source.reduced(width), target.reduced(width)


def rotation(
    source: StaticVectors, target: StaticVectors, rows: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Orthogonal Procrustes: the orthogonal W that makes the sum of ‖x_i W − y_i‖² smallest (Schönemann, 1966).

    W = U Vᵀ where Xᵀ Y = U S Vᵀ.

    Args:
        source: the x.
        target: the y, of the same width.
        rows: rows of the pairs, as `anchors` gives them.

    Returns:
        Float64 `[d, d]`.

    Raises:
        InputError: there is no pair.

    Example:
        >>> turned = StaticVectors(["a", "b"], np.array([[0, 1], [-1, 0]], np.float32))
        >>> plain = StaticVectors(["a", "b"], np.eye(2, dtype=np.float32))
        >>> rotation(plain, turned, (np.arange(2), np.arange(2))).round(6).tolist()
        [[0.0, 1.0], [-1.0, 0.0]]
    """
    if not len(rows[0]):
        raise InputError(
            "no pair of words has vectors on both sides, so that the two spaces cannot be aligned",
            fix="give a dictionary whose first column is the old language and whose second is the new one, or more text",
        )
    left, right = source.matrix[rows[0]].astype(np.float64), target.matrix[rows[1]].astype(np.float64)
    one, _, other = np.linalg.svd(left.T @ right)
    found: NDArray[np.float64] = one @ other
    return found
