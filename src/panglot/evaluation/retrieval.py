"""Nearest-neighbour retrieval between two sets of vectors, by cosine and by ratio margin, in blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Indices = NDArray[np.int64]
Score = Literal["cosine", "margin"]
Direction = Literal["to_pivot", "from_pivot"]

SCORES: tuple[Score, ...] = ("cosine", "margin")
DIRECTIONS: tuple[Direction, ...] = ("to_pivot", "from_pivot")
TIE = 1e-6
_LEAST_DENOMINATOR = 1e-6
_BLOCK_CELLS = 1 << 23


@dataclass(frozen=True)
class Ranking:
    """Where the right answer stands among all candidates, for every query of one direction and score. Arrays of [queries].

    Attributes:
        rank: 1 + the number of wrong candidates that score at least as much as the best right one (less the tie tolerance).
        right: score of the best right candidate.
        wrong: index of the best wrong candidate; −1 where every candidate is right.
        wrong_score: its score; −inf where there is none.
    """

    rank: Indices
    right: Vectors
    wrong: Indices
    wrong_score: Vectors


class _Best:
    """What is known so far about the queries of one direction, while blocks go by."""

    def __init__(self, right: Vectors) -> None:
        self.right = right
        self.bar = right - np.float32(TIE)
        self.ahead = np.zeros(right.size, dtype=np.int64)
        self.wrong = np.full(right.size, -1, dtype=np.int64)
        self.wrong_score = np.full(right.size, -np.inf, dtype=np.float32)

    def rows(self, block: Vectors, start: int) -> None:
        """A block that holds all candidates of the queries from `start` on, one query a row."""
        part = slice(start, start + len(block))
        self.ahead[part] = np.count_nonzero(block >= self.bar[part, None], axis=1)
        best = block.argmax(axis=1)
        self.wrong_score[part] = block[np.arange(len(block)), best]
        self.wrong[part] = np.where(np.isneginf(self.wrong_score[part]), -1, best)

    def columns(self, block: Vectors, start: int) -> None:
        """A block that holds the candidates from `start` on for all queries, one query a column."""
        self.ahead += np.count_nonzero(block >= self.bar, axis=0)
        best = block.argmax(axis=0)
        score = block[best, np.arange(block.shape[1])]
        better = score > self.wrong_score
        self.wrong_score[better] = score[better]
        self.wrong[better] = best[better] + start

    def ranking(self) -> Ranking:
        return Ranking(self.ahead + 1, self.right, self.wrong, self.wrong_score)


def rank_both_ways(
    source: Vectors,
    target: Vectors,
    right: tuple[Indices, Indices],
    *,
    neighbours: int = 4,
    block_cells: int = _BLOCK_CELLS,
    advance: Callable[[int], None] = lambda rows: None,
) -> dict[tuple[Score, Direction], Ranking]:
    """Rank the right answers of every source among all targets, and of every target among all sources.

    Cosine is the inner product. The ratio margin of Artetxe and Schwenk (2019, "Margin-based Parallel Corpus Mining with
    Multilingual Sentence Embeddings") divides it by the mean similarity of both sides to their k nearest neighbours on the
    other side, which takes the advantage from vectors that are near to everything:

        margin(x, y) = cos(x, y) / (Σ_{z ∈ NN_k(x)} cos(x, z) / 2k + Σ_{z ∈ NN_k(y)} cos(y, z) / 2k)

    Deviations: k is at most the number of candidates, and a divisor below 1e-6 counts as 1e-6 (a negative one would turn the
    order round). A wrong candidate within 1e-6 of the right one counts as ahead of it: a tie is a miss, and neither the
    order of the data nor the rounding of a matrix product decides.

    Similarities are computed in blocks of `block_cells` numbers, twice; the whole n × m matrix never exists.

    Args:
        source: unit vectors, float32 [n, d].
        target: unit vectors, float32 [m, d].
        right: index pairs (of source, of target) that are translations; every source and every target stands in one or more.
        neighbours: k of the margin.
        block_cells: similarities held at once, in float32; a block has at least one row of m.
        advance: told the number of source rows done, 2 n in all.

    Example:
        >>> vectors = np.eye(3, dtype=np.float32)
        >>> found = rank_both_ways(vectors, vectors, (np.arange(3), np.arange(3)))
        >>> found["cosine", "to_pivot"].rank.tolist()
        [1, 1, 1]
    """
    order = np.argsort(right[0], kind="stable")
    rows, columns = right[0][order].astype(np.int64), right[1][order].astype(np.int64)
    if set(np.unique(rows)) != set(range(len(source))) or set(np.unique(columns)) != set(range(len(target))):
        raise ValueError("every source and every target needs a right answer")
    blocks = max(1, block_cells // len(target))

    near_source, near_target = _mean_of_nearest(source, target, neighbours, blocks, advance)
    cosines = np.concatenate(
        [
            np.einsum("nd,nd->n", source[rows[at : at + blocks]], target[columns[at : at + blocks]])
            for at in range(0, rows.size, blocks)
        ]
    ).astype(np.float32)
    margins = cosines / _divisor(near_source[rows], near_target[columns])

    best: dict[tuple[Score, Direction], _Best] = {}
    for score, values in zip(SCORES, (cosines, margins), strict=True):
        best[score, "to_pivot"] = _Best(_greatest(values, rows, len(source)))
        best[score, "from_pivot"] = _Best(_greatest(values, columns, len(target)))
    for start, block in _similarities(source, target, blocks):
        first, last = np.searchsorted(rows, [start, start + len(block)])
        # A right pair is no wrong candidate of either side.
        block[rows[first:last] - start, columns[first:last]] = -np.inf
        for score in SCORES:
            if score == "margin":
                block /= _divisor(near_source[start : start + len(block), None], near_target)
            best[score, "to_pivot"].rows(block, start)
            best[score, "from_pivot"].columns(block, start)
        advance(len(block))
    return {key: each.ranking() for key, each in best.items()}


def _similarities(source: Vectors, target: Vectors, rows: int) -> Iterator[tuple[int, Vectors]]:
    for start in range(0, len(source), rows):
        yield start, source[start : start + rows] @ target.T


def _divisor(one: Vectors, other: Vectors) -> Vectors:
    return np.asarray(np.maximum((one + other) / 2, _LEAST_DENOMINATOR), dtype=np.float32)


def _greatest(values: Vectors, index: Indices, size: int) -> Vectors:
    found = np.full(size, -np.inf, dtype=np.float32)
    np.maximum.at(found, index, values)
    return found


def _mean_of_nearest(
    source: Vectors, target: Vectors, neighbours: int, rows: int, advance: Callable[[int], None]
) -> tuple[Vectors, Vectors]:
    """Mean similarity of every vector to its k nearest on the other side: float32 [n] and [m]."""
    of_source, of_target = min(neighbours, len(target)), min(neighbours, len(source))
    means = np.empty(len(source), dtype=np.float32)
    nearest = np.full((of_target, len(target)), -np.inf, dtype=np.float32)
    for start, block in _similarities(source, target, rows):
        kept = np.partition(block, len(target) - of_source, axis=1)[:, len(target) - of_source :]
        # Sorted, because float32 sums depend on the order and a partition's order is unspecified.
        means[start : start + len(block)] = np.sort(kept, axis=1).mean(axis=1)
        changed = np.flatnonzero((block > nearest.min(axis=0)).any(axis=0))
        stacked = np.concatenate([nearest[:, changed], block[:, changed]])
        nearest[:, changed] = np.partition(stacked, len(block), axis=0)[len(block) :]
        advance(len(block))
    return means, np.sort(nearest, axis=0).mean(axis=0)
