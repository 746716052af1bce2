"""FOCUS: a new token is a sparse mixture of the tokens that both vocabularies have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import InputError
from panglot.vocabulary.initialise.combination import Combination
from panglot.vocabulary.initialise.overlap import Match, copies, plain_text, twins
from panglot.vocabulary.initialise.similarity import sparsemax_weights
from panglot.vocabulary.initialise.task import Task
from panglot.vocabulary.static_vectors_file import read_vectors
from panglot.vocabulary.static_vectors_training import TokenStream, train_vectors
from panglot.vocabulary.static_vectors_words import tokens_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Auxiliary = tuple[NDArray[np.int64], NDArray[np.float32]]


class Focus(Combination):
    """e_t = Σ_o sparsemax(cos(x_t, x_o)) e_o over the tokens o that both vocabularies have (Dobler and de Melo, 2023).

    The x are static vectors of the new vocabulary's tokens, made from the new text as the new tokenizer cuts it. Tokens that
    the text lacks are no donors: when a vocabulary is extended these are the tokens of other languages, which the paper leaves
    out too. A token that is rarer than `minimum_count` has no vector; its row is drawn around the old ones.

    Deviations: the vectors come from co-occurrence counts and not from fastText; the dimension is that of the published code,
    which is smaller than the paper's; which old tokens may give when a vocabulary is extended is told by the text and not by a
    second tokenizer of the new language; special tokens are never donors.

    Attributes:
        vectors: file of vectors of tokens (or of words) to use in place of those made from the text: `.vec`, `.safetensors`.
        dimension: of the vectors that are made.
        minimum_count: tokens that occur more rarely get no vector.
        match: which tokens count as the same: `exact`, or `fuzzy` (case and the space before a word do not matter).

    Example:
        >>> Focus().dimension
        100
    """

    method: Literal["focus"] = "focus"
    vectors: str | None = None
    dimension: Annotated[int, Field(ge=1, le=4096)] = 100
    minimum_count: Annotated[int, Field(ge=1)] = 10
    match: Match = "exact"

    def files(self) -> list[Path]:
        return [Path(self.vectors).expanduser()] if self.vectors else []

    def weights(self, task: Task) -> "csr_array":
        from scipy.sparse import csr_array

        old_of = task.change.source.copy()
        same = twins(task.change, task.targets, self.match)
        old_of[list(same)] = list(same.values())
        ids, vectors = self._given(task) if self.vectors else self._made(task)
        giving = (old_of[ids] >= 0) & ~np.isin(ids, sorted(task.change.new.special))
        place = np.full(task.change.new.size, -1)
        place[ids] = np.arange(len(ids))
        asking = place[task.targets]
        asking[[each in same for each in task.targets]] = -1
        queries = np.where(asking[:, None] >= 0, vectors[asking] if len(vectors) else 0, 0).astype(np.float32)
        found = sparsemax_weights(queries.reshape(len(asking), -1), vectors[giving])
        donors = old_of[ids[giving]]
        task.figures.update(donors=len(donors), same_token=len(same), without_vector=int((asking < 0).sum()) - len(same))
        columns = donors[found.indices] if found.nnz else found.indices
        shape = (len(task.targets), task.change.old.size)
        mixed = csr_array((found.data, columns, found.indptr), shape=shape)
        mixed.sum_duplicates()
        return mixed + copies(same, task)

    def _made(self, task: Task) -> Auxiliary:
        if task.texts is None:
            raise InputError("FOCUS needs text of the new language, or vectors", fix="give text, or the parameter `vectors`")
        stream = TokenStream.gather(tokens_of(task.texts(), task.change.new))
        if stream.truncated:
            task.note(f"The static vectors were made from the first {len(stream.ids):,} tokens of the text.")
        size = task.change.new.size
        return train_vectors(stream, size, dimension=self.dimension, minimum_count=self.minimum_count, seed=task.seed)

    def _given(self, task: Task) -> Auxiliary:
        from panglot.vocabulary.surface import surfaces

        given = read_vectors(Path(self.vectors or ""))
        seen: set[int] | None = None
        if task.texts is not None:
            seen = {each for text in tokens_of(task.texts(), task.change.new) for each in text} | set(task.targets)
        ids, rows = [], []
        for number, (token, form) in enumerate(zip(task.change.new.tokens, surfaces(task.change.new), strict=True)):
            if token is None or (seen is not None and number not in seen):
                continue
            row = given.index.get(token)
            if row is None and form is not None:
                row = given.index.get(plain_text(form))
            if row is not None and given.matrix[row].any():
                ids.append(number)
                rows.append(row)
        return np.array(ids, np.int64), given.matrix[rows]
