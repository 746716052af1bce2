"""WECHSEL: a new token is a mixture of the old tokens that mean something near, by aligned word vectors of two languages."""

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from panglot.artifacts import InputError
from panglot.vocabulary.initialise.combination import Combination
from panglot.vocabulary.initialise.similarity import softmax_weights
from panglot.vocabulary.initialise.task import Task
from panglot.vocabulary.static_vectors import StaticVectors
from panglot.vocabulary.static_vectors_alignment import anchors, identical_words, rotation, same_width
from panglot.vocabulary.static_vectors_file import read_dictionary, read_vectors, texts_at
from panglot.vocabulary.static_vectors_subwords import piece_vectors
from panglot.vocabulary.static_vectors_words import Texts, train_on_words, words_of
from panglot.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Wechsel(Combination):
    """e_t = Σ_s softmax(cos(u_t, u_s W) / τ) e_s over the k nearest old tokens s (Minixhofer et al., 2022).

    u is the vector of a piece: the mean, weighted by frequency, of the vectors of the words that it is part of. W rotates the
    old language's vectors onto the new one's by a bilingual dictionary (orthogonal Procrustes). A piece of no word that has a
    vector gets a row drawn around the old ones.

    Deviations: vectors made here come from co-occurrence counts and not from fastText; files of vectors carry no n-grams, so a
    piece is always composed of words; where there is no dictionary, the words that both sides share (numbers, names, loans)
    stand in for one. Tokens that both vocabularies have keep their row, where the published code makes new ones for all
    but special tokens; and special tokens are never donors.

    Attributes:
        source_vectors: file of word vectors of the old language (`.vec`, `.vec.gz`, `.safetensors`).
        target_vectors: file of word vectors of the new language; without it they are made from the new text.
        source_text: text of the old language, to make vectors from, or to count words for `source_vectors`: a file with one
            text a line, or a step folder with documents.
        dictionary: file with a word of the old language and one of the new language on each line, parted by a tab.
        aligned: the two files of vectors share one space already.
        neighbours: k.
        temperature: τ.
        dimension: of the vectors that are made.
        minimum_count: words that occur more rarely get no vector when vectors are made.

    Example:
        >>> Wechsel().neighbours, Wechsel().temperature
        (10, 0.1)
    """

    method: Literal["wechsel"] = "wechsel"
    source_vectors: str | None = None
    target_vectors: str | None = None
    source_text: str | None = None
    dictionary: str | None = None
    aligned: bool = False
    neighbours: Annotated[int, Field(ge=1)] = 10
    temperature: Annotated[float, Field(gt=0)] = 0.1
    dimension: Annotated[int, Field(ge=1, le=4096)] = 100
    minimum_count: Annotated[int, Field(ge=1)] = 5

    def files(self) -> list[Path]:
        said = (self.source_vectors, self.target_vectors, self.source_text, self.dictionary)
        return [Path(each).expanduser() for each in said if each]

    def weights(self, task: Task) -> "csr_array":
        source = self._vectors(self.source_vectors, self._source_texts(), task.change.old, task, "source")
        target = self._vectors(self.target_vectors, task.texts, task.change.new, task, "target")
        source, target = same_width(source, target)
        donors = piece_vectors(task.change.old, source, weighted=True)
        if not self.aligned:
            donors = (donors @ self._rotation(source, target, task)).astype(np.float32)
        queries = piece_vectors(task.change.new, target, weighted=True)[task.targets]
        task.figures.update(donors=int(donors.any(axis=1).sum()), without_vector=int((~queries.any(axis=1)).sum()))
        return softmax_weights(queries, donors, neighbours=self.neighbours, temperature=self.temperature)

    def _source_texts(self) -> Texts | None:
        return texts_at(Path(self.source_text)) if self.source_text else None

    def _vectors(
        self, file: str | None, texts: Texts | None, vocabulary: Vocabulary, task: Task, side: Literal["source", "target"]
    ) -> StaticVectors:
        if file is not None:
            given = read_vectors(Path(file))
            if given.counts is None and texts is not None:
                given = given.counted(Counter(chain.from_iterable(words_of(texts(), vocabulary))))
            return given
        language, text = ("old", "`source_text`") if side == "source" else ("new", "text")
        if texts is None:
            raise InputError(
                f"WECHSEL needs word vectors of the {language} language",
                fix=f"give `{side}_vectors`, or {text} to make them from",
            )
        found = train_on_words(texts(), vocabulary, dimension=self.dimension, minimum_count=self.minimum_count, seed=task.seed)
        if not found.words:
            raise InputError(
                f"no word of the {language} language's text occurs {self.minimum_count} times",
                fix="give more text, or a smaller `minimum_count`",
            )
        return found

    def _rotation(
        self, source: StaticVectors, target: StaticVectors, task: Task
    ) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
        if self.dictionary is not None:
            pairs = read_dictionary(Path(self.dictionary))
        else:
            pairs = identical_words(source, target)
            task.note("WECHSEL had no dictionary: the words that both texts share stand in for one.")
        rows = anchors(source, target, pairs)
        task.figures["dictionary_pairs"] = len(set(zip(*(each.tolist() for each in rows), strict=True)))
        if task.figures["dictionary_pairs"] < source.dimension:
            task.note(
                f"Only {task.figures['dictionary_pairs']} pairs of words align the two spaces, fewer than their "
                f"{source.dimension} dimensions: the alignment is weak."
            )
        return rotation(source, target, rows)
