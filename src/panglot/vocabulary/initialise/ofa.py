"""OFA: a new token is a mixture of the old tokens nearest to it in one space of multilingual word vectors."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from panglot.artifacts import InputError
from panglot.vocabulary.factors import principal_directions
from panglot.vocabulary.initialise.combination import Combination, combine, fill
from panglot.vocabulary.initialise.overlap import Match, copies, twins
from panglot.vocabulary.initialise.similarity import softmax_weights
from panglot.vocabulary.initialise.task import Matrix, Role, Task
from panglot.vocabulary.static_vectors import StaticVectors
from panglot.vocabulary.static_vectors_file import read_vectors, texts_at
from panglot.vocabulary.static_vectors_subwords import piece_vectors
from panglot.vocabulary.static_vectors_words import train_on_words

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Ofa(Combination):
    """e_t = Σ_s softmax(cos(u_t, u_s) / τ) e_s over the k nearest old tokens s (Liu et al., 2024).

    u is the plain mean of the vectors of the words that a piece is part of, in one multilingual space. A token that differs
    from an old one in case or in the space before it only gets that token's row; one of no word that has a vector gets a row
    drawn around the old ones. With `factors` the new rows are mixed from the old rows in that many coordinates, E ≈ F P, as the
    factorised model has them; `vocabulary.factorise` then makes the model itself small without changing them much.

    Deviations: without a file the vectors are made from the text at hand (the new text, and `source_text` if given), whose
    languages are linked only by the words that they share; the paper has vectors of over a thousand languages. A row that is
    drawn is drawn among full rows also with `factors`.

    Attributes:
        vectors: file of multilingual word vectors (`.vec`, `.vec.gz`, `.safetensors`).
        source_text: more text to make vectors from, best of the old languages: a file with one text a line, or a step folder
            with documents.
        factors: D': 100, 200 and 400 in the paper; nothing for full rows.
        neighbours: k.
        temperature: τ.
        match: which tokens count as the same: `fuzzy` (case and the space before a word do not matter), or `exact`.
        dimension: of the vectors that are made.
        minimum_count: words that occur more rarely get no vector when vectors are made.

    Example:
        >>> Ofa(factors=200).neighbours
        10
    """

    method: Literal["ofa"] = "ofa"
    vectors: str | None = None
    source_text: str | None = None
    factors: Annotated[int, Field(ge=1)] | None = None
    neighbours: Annotated[int, Field(ge=1)] = 10
    temperature: Annotated[float, Field(gt=0)] = 0.1
    match: Match = "fuzzy"
    dimension: Annotated[int, Field(ge=1, le=4096)] = 200
    minimum_count: Annotated[int, Field(ge=1)] = 5

    def files(self) -> list[Path]:
        return [Path(each).expanduser() for each in (self.vectors, self.source_text) if each]

    def weights(self, task: Task) -> "csr_array":
        vectors = self._vectors(task)
        same = twins(task.change, task.targets, self.match)
        donors = piece_vectors(task.change.old, vectors, weighted=False, cased=True)
        queries = piece_vectors(task.change.new, vectors, weighted=False, cased=True)[task.targets]
        copied = np.array([each in same for each in task.targets], bool)
        queries[copied] = 0
        missing = int((~queries.any(axis=1)).sum()) - len(same)
        task.figures.update(donors=int(donors.any(axis=1).sum()), same_token=len(same), without_vector=missing)
        mixed = softmax_weights(queries, donors, neighbours=self.neighbours, temperature=self.temperature)
        return mixed + copies(same, task)

    def rows(self, task: Task) -> dict[Role, Matrix]:
        if self.factors is None:
            return super().rows(task)
        weights = self.weights(task)
        found: dict[Role, Matrix] = {}
        for role in task.matrices:
            old = task.old(role)
            rows = combine(weights, old)
            if self.factors < old.shape[1]:
                directions = principal_directions(old)[1][:, : self.factors]
                rows = (rows.astype(np.float64) @ directions @ directions.T).astype(np.float32)
            found[role] = rows
        return fill(found, weights, task)

    def _vectors(self, task: Task) -> StaticVectors:
        if self.vectors is not None:
            return read_vectors(Path(self.vectors))
        parts = [texts_at(Path(self.source_text))] if self.source_text else []
        parts += [task.texts] if task.texts is not None else []
        if not parts:
            raise InputError("OFA needs multilingual word vectors, or text", fix="give the parameter `vectors`, or text")
        texts: Iterator[str] = chain.from_iterable(each() for each in parts)
        found = train_on_words(
            texts, task.change.new, dimension=self.dimension, minimum_count=self.minimum_count, seed=task.seed
        )
        if not found.words:
            raise InputError(
                f"no word of the text occurs {self.minimum_count} times", fix="give more text, or a smaller `minimum_count`"
            )
        return found
