"""Measures of ranked lists: recall@k, mean reciprocal rank, nDCG."""

from collections.abc import Sequence

import numpy as np

from panglot.artifacts import InputError
from panglot.evaluation.metrics.metric import Floats, Mean, divided


def _ranks(outputs: Sequence[int | Sequence[float]]) -> Floats:
    """Rank of the first right answer of each query."""
    ranks = np.asarray([_first(each) if isinstance(each, Sequence) else each for each in outputs], dtype=np.float64)
    if (ranks < 0).any() or (ranks % 1 != 0).any():
        raise InputError("ranks are whole numbers from 1, or 0 where the right answer was not found")
    return np.where(ranks == 0, np.inf, ranks)


def _first(gains: Sequence[float]) -> int:
    return next((rank for rank, gain in enumerate(gains, start=1) if gain > 0), 0)


class Recall(Mean):
    """Share of a query's right answers that are among the first k.

    Outputs are ranks of the one right answer, from 1, and 0 where it was not found; targets are not looked at then. Or outputs
    and targets are as in `NDCG`, and every gain above 0 is a right answer, as in trec_eval.

    Args:
        k: how many are looked at.

    Example:
        >>> Recall(5).corpus([1, 5, 6, 0], [None] * 4), Recall(2).corpus([[0, 2, 1]], [[1, 1, 2, 1]])
        (0.5, 0.25)
    """

    def __init__(self, k: int) -> None:
        if k < 1:
            raise InputError("recall@k needs a k of at least 1")
        self.k = k
        self.name = f"recall@{k}"

    def values(self, outputs: Sequence[int | Sequence[float]], targets: Sequence[Sequence[float] | None]) -> Floats:
        """The share for each query: 1 or 0 where there is one right answer."""
        if not any(isinstance(each, Sequence) for each in outputs):
            return np.asarray(_ranks(outputs) <= self.k, dtype=np.float64)
        right = [sum(gain > 0 for gain in each[: self.k]) for each in outputs if isinstance(each, Sequence)]
        wanted = [sum(gain > 0 for gain in each or ()) for each in targets]
        return divided(right, wanted)


class RecallInTokens(Recall):
    """Share of the queries whose answer stands in the first k thousand tokens of what was found (Asai et al. 2021, "XOR QA").

    Outputs are how many tokens have been read when an answer has stood there whole, and 0 where none does
    (`evaluation.answers_found`); targets are not looked at.

    Args:
        k: how many thousand tokens are looked at.

    Example:
        >>> RecallInTokens(2).corpus([1, 2000, 2001, 0], [None] * 4), RecallInTokens(5).name
        (0.5, 'recall@5kt')
    """

    def __init__(self, k: int) -> None:
        super().__init__(k * 1000)
        self.name = f"recall@{k}kt"

    @property
    def signature(self) -> dict[str, str]:
        """How tokens are counted and answers are looked for."""
        return {"window": "treebank", "match": "words-nfd-lower"}


class ReciprocalRank(Mean):
    """Mean reciprocal rank of the first right answer; 0 where it was not found. Outputs as in `Recall`.

    Args:
        k: how many are looked at; all where it is not said.

    Example:
        >>> ReciprocalRank().corpus([1, 2, 0, 4], [None] * 4), ReciprocalRank(2).corpus([[0, 0, 3]], [[3]])
        (0.4375, 0.0)
    """

    def __init__(self, k: int | None = None) -> None:
        if k is not None and k < 1:
            raise InputError("mrr@k needs a k of at least 1")
        self.k = k
        self.name = "mrr" if k is None else f"mrr@{k}"

    def values(self, outputs: Sequence[int | Sequence[float]], targets: Sequence[object]) -> Floats:
        """1 / rank."""
        ranks = _ranks(outputs)
        return np.asarray(1 / np.where(ranks <= (self.k or np.inf), ranks, np.inf), dtype=np.float64)


class NDCG(Mean):
    """Normalised discounted cumulative gain: Σ gain / log₂(1 + rank), over that of the best order (Järvelin and Kekäläinen
    2002).

    Gains are linear, as in trec_eval and scikit-learn. Outputs are the gains of what was found, in the order found; targets all
    gains that there are, in any order. A query without any gain counts 0.

    Args:
        k: how many are looked at; all where it is not said.

    Example:
        >>> round(NDCG(3).corpus([[0, 1, 2]], [[2, 1]]), 4)
        0.6199
    """

    def __init__(self, k: int | None = None) -> None:
        if k is not None and k < 1:
            raise InputError("ndcg@k needs a k of at least 1")
        self.k = k
        self.name = "ndcg" if k is None else f"ndcg@{k}"

    @property
    def signature(self) -> dict[str, str]:
        """How gains count."""
        return {"gain": "linear"}

    def values(self, outputs: Sequence[Sequence[float]], targets: Sequence[Sequence[float]]) -> Floats:
        """nDCG of each query."""
        return np.array([self._of(found, every) for found, every in zip(outputs, targets, strict=True)])

    def _of(self, found: Sequence[float], every: Sequence[float]) -> float:
        best = self._gain(sorted(every, reverse=True))
        return self._gain(found) / best if best > 0 else 0.0

    def _gain(self, gains: Sequence[float]) -> float:
        seen = np.asarray(gains[: self.k], dtype=np.float64)
        return float((seen / np.log2(np.arange(2, len(seen) + 2))).sum())
