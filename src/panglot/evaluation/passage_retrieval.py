"""Passages of a corpus ranked for queries, by the cosine of vectors, in blocks: the corpus is read and encoded once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.evaluation.answers_found import holds, tokens_of, tokens_until_answer
from panglot.evaluation.retrieval import TIE, Vectors

if TYPE_CHECKING:
    from panglot.evaluation.tasks.passages import Passage

PASSAGES_AT_ONCE = 4096
_BLOCK_CELLS = 1 << 23

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Ranked:
    """What was found.

    Attributes:
        ids: of each query the passages, best first, `depth` at most.
        absent: how many passages that answer the query are not in the corpus.
        passages: how many the corpus has.
        near: how near each of `ids` is.
        texts: of each of `ids` the text without its title, where texts were asked for.
    """

    ids: tuple[tuple[str, ...], ...]
    absent: tuple[int, ...]
    passages: int
    near: tuple[tuple[float, ...], ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    def of(self, first: int, last: int) -> "Ranked":
        """Of some of the queries."""
        return Ranked(self.ids[first:last], self.absent[first:last], self.passages, self.near[first:last], self.texts)

    def gains(self, relevant: Sequence[Mapping[str, int]]) -> tuple[list[list[int]], list[list[int]]]:
        """Gains in the order found, and all gains, of each query: what recall, MRR and nDCG take. An unjudged passage has 0."""
        found = [[max(0, of.get(each, 0)) for each in ids] for ids, of in zip(self.ids, relevant, strict=True)]
        return found, [[grade for grade in of.values() if grade > 0] for of in relevant]

    def tokens_until_answer(self, answers: Sequence[Sequence[str]], most: int) -> list[int]:
        """Of each query how many tokens of what was found are read until an answer has stood there, 0 where none does.

        Of passages that are equally near (within 1e-6) those without an answer are read first.
        """
        return [
            tokens_until_answer(self._wrong_first(ids, near, right), right, most)
            for ids, near, right in zip(self.ids, self.near, answers, strict=True)
        ]

    def _wrong_first(self, ids: Sequence[str], near: Sequence[float], answers: Sequence[str]) -> Iterator[str]:
        first = 0
        while first < len(ids):
            last = first + 1
            while last < len(ids) and near[last - 1] - near[last] <= TIE:
                last += 1
            texts = [self.texts[each] for each in ids[first:last]]
            yield from texts if len(texts) == 1 else sorted(texts, key=lambda each: holds(each, answers))
            first = last

    def cut_short(self, most: int) -> int:
        """Of how many queries fewer tokens were found than are to be read, although the corpus has more passages."""
        short = (len(ids) < self.passages and tokens_of(self.texts[each] for each in ids) < most for ids in self.ids)
        return sum(short)

    def judged(self, relevant: Sequence[Mapping[str, int]], k: int) -> list[float]:
        """Share of each query's first k passages that anybody has judged (Judged@k): where it is low, scores are too."""
        return [float(np.mean([each in of for each in ids[:k]])) for ids, of in zip(self.ids, relevant, strict=True)]


def rank_passages(
    queries: Vectors,
    relevant: Sequence[Mapping[str, int]],
    passages: "Iterable[Passage]",
    encode: Encode,
    *,
    depth: int,
    texts: bool = False,
    block: int = PASSAGES_AT_ONCE,
    block_cells: int = _BLOCK_CELLS,
) -> Ranked:
    """The passages nearest to each query by cosine.

    A block of passages is encoded, compared with all queries and forgotten; of each query the best `depth` are kept. So memory
    is that of one block, of the best lists, and of what the passages' ids need.

    A passage that answers the query counts as 1e-6 less near than it is: one that does not and ties with it is ahead of it.
    So neither the order of a corpus nor the rounding of a matrix product decides. (trec_eval breaks ties by the passages' ids.)

    Args:
        queries: unit vectors, float32 [n, d].
        relevant: of each query the grades of judged passages; those above 0 answer it.
        passages: the corpus, each passage once.
        encode: from texts to unit vectors, float32 [m, d].
        depth: how many passages a query keeps.
        texts: whether the texts of those are kept too.
        block: passages that are encoded at once.
        block_cells: similarities held at once; at least one query against a block.

    Raises:
        InputError: the corpus has no passage.

    Example:
        >>> from panglot.evaluation.tasks.passages import Passage
        >>> vectors = {"a": [1.0, 0.0], "b": [0.8, 0.6], "c": [0.0, 1.0]}
        >>> encode = lambda texts: np.array([vectors[each] for each in texts], dtype=np.float32)
        >>> corpus = [Passage(each, each) for each in vectors]
        >>> rank_passages(encode(["a"]), [{"b": 1}], corpus, encode, depth=2).ids
        (('a', 'b'),)
    """
    answered: dict[str, list[int]] = {}
    for query, of in enumerate(relevant):
        for passage, grade in of.items():
            if grade > 0:
                answered.setdefault(passage, []).append(query)
    absent = [sum(grade > 0 for grade in of.values()) for of in relevant]
    best = np.full((len(queries), depth), -np.inf, dtype=np.float32)
    ids: NDArray[np.object_] = np.full((len(queries), depth), None, dtype=object)
    kept_texts: dict[str, str] = {}
    total = 0
    rest = iter(passages)
    while some := list(islice(rest, block)):
        vectors = encode([each.text for each in some])
        names = np.array([each.id for each in some], dtype=object)
        less = [(query, column) for column, each in enumerate(some) for query in answered.get(each.id, ())]
        total += len(some)
        for query, _ in less:
            absent[query] -= 1
        rows = max(1, block_cells // len(some))
        for start in range(0, len(queries), rows):
            part = slice(start, start + rows)
            near = queries[part] @ vectors.T
            for query, column in less:
                if start <= query < start + rows:
                    near[query - start, column] -= np.float32(TIE)
            _merge(best[part], ids[part], near, names)
        if texts:
            here = {each.id: each.body or each.text for each in some}
            kept_texts = {
                each: kept_texts[each] if each in kept_texts else here[each] for each in set(ids.ravel().tolist()) - {None}
            }
    if not total:
        raise InputError("the corpus has no passage", where="corpus")
    order = np.argsort(-best, axis=1, kind="stable")
    ids = np.take_along_axis(ids, order, axis=1)
    kept = tuple(tuple(each for each in row if each is not None) for row in ids.tolist())
    nearest = np.take_along_axis(best, order, axis=1).tolist()
    scores = tuple(tuple(row[: len(of)]) for row, of in zip(nearest, kept, strict=True))
    return Ranked(kept, tuple(absent), total, scores, kept_texts)


def _merge(best: Vectors, ids: NDArray[np.object_], near: Vectors, names: NDArray[np.object_]) -> None:
    """Put the nearest of a block among the best so far, in place."""
    depth = best.shape[1]
    scores = np.concatenate([best, near], axis=1)
    kept = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
    # in the order of the corpus, so that a stable sort at the end leaves equal ones in it
    kept.sort(axis=1)
    before = kept < depth
    old = np.take_along_axis(ids, np.where(before, kept, 0), axis=1)
    ids[:] = np.where(before, old, names[np.where(before, 0, kept - depth)])
    best[:] = np.take_along_axis(scores, kept, axis=1)
