"""Counts of each document, made once: of its text, and of its tokens by each tokenizer. Every measure is made from them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.piece_kinds import PieceKinds, encode, without_spaces
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.words import clusters, words

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OF_TEXT = ("documents", "bytes", "characters", "clusters", "words")
OF_TOKENS = (
    "tokens", "unknown", "fallback", "single", "word_tokens", "continued", "covered", "lost", "altered", "changed",
)  # fmt: skip
_PARTS = 64


def text_tallies(texts: Sequence[str], found: Sequence[Sequence[str]]) -> Floats:
    """The columns `OF_TEXT` of some documents: float64 `[documents, 5]`.

    Args:
        texts: the documents.
        found: their words; empty lists where there are no words.

    Example:
        >>> text_tallies(["né a"], [["né", "a"]]).tolist()
        [[1.0, 5.0, 4.0, 4.0, 2.0]]
    """
    rows = [(1, len(text.encode()), len(text), clusters(text), len(inside)) for text, inside in zip(texts, found, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(OF_TEXT))


@dataclass
class TokenTally:
    """One tokenizer at work: gives the columns `OF_TOKENS` of documents, and counts which pieces were used.

    Attributes:
        name: what tables show.
        vocabulary: the tokenizer.
        used: language tag to what was used of the vocabulary, the unknown token left out: two languages of which it knows
            nothing do not share anything.
    """

    name: str
    vocabulary: Vocabulary
    used: "dict[str, PieceCounts]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kinds = PieceKinds(self.vocabulary)

    def count(
        self, tag: str, texts: Sequence[str], found: Sequence[list[str]], characters: set[str], first: "Cut | None" = None
    ) -> tuple[Floats, "Cut"]:
        """Encode documents of one language and count.

        Args:
            tag: the language.
            texts: the documents.
            found: words of each; empty lists where there are no words.
            characters: the characters that the documents consist of.
            first: what the first tokenizer gave for these documents, if this is another one.

        Returns:
            float64 `[documents, len(OF_TOKENS)]`, and the cut, for the next tokenizer to be compared with.
        """
        kinds = self.kinds
        encoded = encode(self.vocabulary, texts)
        lengths = np.array([len(each) for each in encoded], dtype=np.int64)
        flat = np.fromiter((number for each in encoded for number in each), dtype=np.int64, count=int(lengths.sum()))
        owner = np.repeat(np.arange(len(texts)), lengths)

        def summed(table: Floats) -> Floats:
            return np.asarray(np.bincount(owner, weights=table[flat], minlength=len(texts)), dtype=np.float64)

        cuts = kinds.tokens_of_words(list(found))
        missing = kinds.uncovered(characters)
        gone = dict.fromkeys(map(ord, missing))
        covered = [len(text.translate(gone)) if gone else len(text) for text in texts]
        lost, altered = self._round_trips(texts, encoded)
        cut = Cut(self.vocabulary, encoded)
        self.used.setdefault(tag, PieceCounts()).add(flat[kinds.unknown_table[flat] == 0])
        columns = [
            lengths, summed(kinds.unknown_table), summed(kinds.fallback_bytes), summed(kinds.single),
            [sum(each) for each in cuts], [sum(n > 1 for n in each) for each in cuts],
            covered, lost, altered, cut.differs(first) if first else np.zeros(len(texts)),
        ]  # fmt: skip
        return np.column_stack([np.asarray(each, dtype=np.float64) for each in columns]), cut

    def _round_trips(self, texts: Sequence[str], encoded: list[list[int]]) -> tuple[list[bool], list[bool]]:
        """Whether decode(encode(text)) differs from the normalised text, and from the text itself; white space aside."""
        normalizer = self.vocabulary.backend.normalizer
        lost, altered = [], []
        for text, back in zip(texts, self.vocabulary.backend.decode_batch(encoded), strict=True):
            came, was = without_spaces(back), without_spaces(text)
            if came == was:
                lost.append(False)
                altered.append(False)
                continue
            altered.append(_compatible(came) != _compatible(was))
            lost.append(came != (without_spaces(normalizer.normalize_str(text)) if normalizer else was))
        return lost, altered


@dataclass
class Cut:
    """Ids of some documents by one tokenizer."""

    vocabulary: Vocabulary
    encoded: list[list[int]]

    def differs(self, other: "Cut") -> Floats:
        """1 for each document that consists of other tokens there; ids may differ, the tokens count."""
        mine, theirs = self.vocabulary.tokens, other.vocabulary.tokens
        pairs = zip(self.encoded, other.encoded, strict=True)
        return np.array(
            [len(a) != len(b) or any(mine[i] != theirs[j] for i, j in zip(a, b, strict=True)) for a, b in pairs],
            dtype=np.float64,
        )


class PieceCounts:
    """How often each piece was used; memory is set by the pieces in use, not by the vocabulary."""

    def __init__(self) -> None:
        self._parts: list[tuple[Integers, Integers]] = []

    def add(self, ids: Integers) -> None:
        """Count ids."""
        found, counts = np.unique(ids, return_counts=True)
        self._parts.append((found, counts))
        if len(self._parts) >= _PARTS:
            self._parts = [self.total()]

    def total(self) -> tuple[Integers, Integers]:
        """Ids, ascending, and their counts."""
        if not self._parts:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        ids, place = np.unique(np.concatenate([each for each, _ in self._parts]), return_inverse=True)
        weights = np.concatenate([each for _, each in self._parts])
        return ids, np.bincount(place, weights=weights, minlength=len(ids)).astype(np.int64)


def words_of(texts: Sequence[str], counted: bool) -> list[list[str]]:
    """Words of each text, or empty lists where words are not counted."""
    return [words(each) for each in texts] if counted else [[] for _ in texts]


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
