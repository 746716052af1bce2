"""The pairs of one language, laid out for retrieval: distinct texts, right answers, and the table of what was found."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from panglot.artifacts import InputError, digest_value
from panglot.evaluation.retrieval import Direction, Indices, Ranking, Score, Vectors

TASK = "bitext-retrieval"


@dataclass(frozen=True)
class Bitext:
    """The pairs of one language. A text that stands in several pairs is one query and one candidate.

    Attributes:
        language: tag of the language measured.
        pivot: tag of the other side.
        ids: identifiers of the pairs, [n].
        sources: distinct texts in the language, sorted.
        targets: distinct texts in the pivot, sorted.
        right: for every pair, the index of its source and of its target, [n] each.
    """

    language: str
    pivot: str
    ids: list[str]
    sources: list[str]
    targets: list[str]
    right: tuple[Indices, Indices]

    @property
    def revision(self) -> str:
        """Digest of the pairs, eight characters; their order and what else is measured beside them do not matter."""
        rows = sorted((self.sources[one], self.targets[other]) for one, other in zip(*self.right, strict=True))
        return digest_value([self.language, self.pivot, rows])[:8]

    @property
    def chance(self) -> float:
        """Expected accuracy of answers drawn at random, mean of both directions."""
        one, other = self.right
        right_targets, right_sources = np.bincount(one)[one], np.bincount(other)[other]
        return float((right_targets.mean() / len(self.targets) + right_sources.mean() / len(self.sources)) / 2)

    def items(self, score: Score, direction: Direction, ranking: Ranking) -> pa.Table:
        """One row a pair: whether its query found a right answer, where that stood, and what was found."""
        forth = direction == "to_pivot"
        query, answer = self.right if forth else self.right[::-1]
        queries, answers = (self.sources, self.targets) if forth else (self.targets, self.sources)
        languages = (self.language, self.pivot) if forth else (self.pivot, self.language)
        first_pair = np.empty(len(answers), dtype=np.int64)
        first_pair[answer[::-1]] = np.arange(len(self.ids))[::-1]

        n = len(self.ids)
        rank, wrong = ranking.rank[query], ranking.wrong[query]
        missed = rank > 1
        predicted = np.where(missed, wrong, answer)
        none = wrong < 0

        def said(text: str) -> Any:
            return pa.array([text] * n, pa.string()).dictionary_encode()

        return pa.table(
            {
                "task": said(TASK),
                "language": said(self.language),
                "metric": said(f"accuracy_{score}"),
                "direction": said(direction),
                "item": pa.array(self.ids, pa.string()),
                "correct": pa.array(np.where(missed, 0.0, 1.0), pa.float64()),
                "rank": pa.array(rank, pa.int64()),
                "right_score": pa.array(_rounded(ranking.right[query]), pa.float32()),
                "wrong_item": pa.array(
                    [None if none[at] else self.ids[first_pair[wrong[at]]] for at in range(n)], pa.string()
                ),
                "wrong_score": pa.array(_rounded(ranking.wrong_score[query]), pa.float32(), mask=none),
                "source": pa.array([queries[at] for at in query], pa.string()),
                "target": pa.array([answers[at] for at in answer], pa.string()),
                "predicted": pa.array([answers[at] for at in predicted], pa.string()),
                "source_language": said(languages[0]),
                "target_language": said(languages[1]),
            }
        )  # fmt: skip


def _rounded(scores: Vectors) -> Vectors:
    """Six decimals: as many as a product of float32 vectors can keep apart."""
    return np.asarray(np.round(scores, 6), dtype=np.float32)


def bitexts_of(table: pa.Table) -> Iterator[Bitext]:
    """One bitext a source language, in the order of the tags.

    Raises:
        InputError: the pairs of a language have several pivots.
    """
    for language in sorted(set(table["source_language"].to_pylist())):
        part = table.filter(pc.equal(table["source_language"], language))
        pivots = sorted(set(part["target_language"].to_pylist()))
        if len(pivots) > 1:
            raise InputError(
                f"the pairs of {language} have several pivots: {', '.join(pivots)}", fix="measure with the pairs of one pivot"
            )
        source_texts, target_texts = part["source_text"].to_pylist(), part["target_text"].to_pylist()
        sources, targets = sorted(set(source_texts)), sorted(set(target_texts))
        source_at = {text: at for at, text in enumerate(sources)}
        target_at = {text: at for at, text in enumerate(targets)}
        right = (
            np.array([source_at[text] for text in source_texts], dtype=np.int64),
            np.array([target_at[text] for text in target_texts], dtype=np.int64),
        )
        yield Bitext(language, pivots[0], part["id"].to_pylist(), sources, targets, right)
