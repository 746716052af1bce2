"""Learning the pieces of a tokenizer from words, for each algorithm and by clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from panglot.artifacts import InputError
from panglot.vocabulary import assembly
from panglot.vocabulary.byte_pairs import learn_merges
from panglot.vocabulary.clusters import Words, allot, alp_curve, fingerprints, k_means, replayed, take
from panglot.vocabulary.cutting_rules import Cutting
from panglot.vocabulary.special_tokens import SpecialTokens
from panglot.vocabulary.surface import byte_letters
from panglot.vocabulary.unigram import too_few, train_unigram
from panglot.vocabulary.vocabulary import Vocabulary

Algorithm = Literal["bpe", "unigram", "wordpiece", "byte"]
_BYTES_A_CHARACTER = 3
_MOST_OF_EQUAL_PART = 3
"""How many times its equal part of the pieces a cluster may get: bounds the time that the curves take."""
_SPARE = 1.3
"""How many more pieces than its capacity a cluster learns, for those that other clusters have too."""


@dataclass(frozen=True)
class Learner:
    """What is to be learnt.

    Attributes:
        algorithm: bpe, unigram or wordpiece.
        cutting: the rules of the tokenizer.
        tokens: its special tokens.
        size: tokens in all.
        characters: characters that must be pieces, sorted; none over bytes.
        minimum_count: how often a piece must stand in the text.
        longest: most characters of a piece.
        model_max_length: of the configuration.
        seen: how often each word truly stands in the text, where its weight repeats it.
    """

    algorithm: Algorithm
    cutting: Cutting
    tokens: SpecialTokens
    size: int
    characters: Sequence[str]
    minimum_count: int
    longest: int
    model_max_length: int | None = None
    seen: Mapping[str, float] | None = None

    @property
    def symbols(self) -> list[str]:
        """The pieces that are there before anything is learnt, in order."""
        if self.cutting.form == "bytes":
            return list(byte_letters().values())
        if self.cutting.form == "hashed":
            return [*self.characters, *(f"##{each}" for each in self.characters)]
        return list(self.characters)

    @property
    def room(self) -> int:
        """Pieces to learn."""
        fallback = len(assembly.BYTE_PIECES) if self.cutting.byte_fallback else 0
        return self.size - len(self.tokens.all) - fallback - len(self.symbols)

    def learn(self, words: Words) -> Vocabulary:
        """One vocabulary from all words.

        Raises:
            InputError: the words support fewer pieces than asked.
        """
        if self.algorithm == "unigram":
            pieces = train_unigram(
                words,
                self.room + len(self.symbols),
                characters=self.characters,
                seen=self.seen,
                longest=self.longest,
                minimum_count=self.minimum_count,
                beside=self.size - self.room - len(self.symbols),
            )
            return assembly.unigram(pieces, self.cutting, self.tokens, self.model_max_length)
        merges = self._merges(words, self.room)
        self._check(len({piece for _, piece in merges}))
        return self._of_merges([pair for pair, _ in merges], [piece for _, piece in merges])

    def learn_by_cluster(self, words: Mapping[str, Words], clusters: int, seed: int) -> tuple[Vocabulary, "Clustering"]:
        """A vocabulary for each cluster of languages, joined into one.

        Args:
            words: language to its words with their weights, shares applied.
            clusters: how many.
            seed: of the clustering.

        Raises:
            InputError: there are more clusters than languages, or the words support fewer pieces than asked.
        """
        if clusters > len(words):
            raise InputError(f"{clusters} clusters of {len(words)} languages", where="clusters", fix="ask for fewer")
        labels = k_means(fingerprints(words), clusters, seed)
        groups = [[tag for tag, label in zip(words, labels, strict=True) if label == number] for number in range(clusters)]
        joined = [summed(words[tag] for tag in group) for group in groups]
        weights = [sum(each.values()) for each in joined]
        shares = [each / sum(weights) for each in weights]
        most = min(self.room, _MOST_OF_EQUAL_PART * self.room // clusters)
        curves = [alp_curve(each, most) for each in joined]
        capacities = allot(curves, shares, self.room)
        found = Clustering(groups, shares, capacities)
        if self.algorithm == "unigram":
            return self._joined_unigram(joined, found), found
        return self._joined_merges(joined, found), found

    def _joined_unigram(self, joined: Sequence[Words], found: "Clustering") -> Vocabulary:
        """p(piece) = Σ_c share(c) · p_c(piece) over the clusters that have the piece."""
        learnt = [
            self._at_most(words, int(capacity * _SPARE) + 1) for words, capacity in zip(joined, found.capacities, strict=True)
        ]
        single = set(self.symbols)
        chosen = take([[p for p in each if p not in single] for each in learnt], found.capacities, self.room)
        self._check(len(chosen))
        total: dict[str, float] = {}
        for pieces, share in zip(learnt, found.shares, strict=True):
            for piece, score in pieces.items():
                total[piece] = total.get(piece, 0.0) + share * float(np.exp(score))
        kept = {piece: float(np.log(total[piece])) for piece in chosen}
        least = min(float(np.log(each)) for each in total.values())
        kept.update({each: float(np.log(total[each])) if each in total else least for each in single})
        return assembly.unigram(kept, self.cutting, self.tokens, self.model_max_length)

    def _at_most(self, words: Words, wanted: int) -> dict[str, float]:
        """So many pieces beside the characters, or fewer where a cluster's text does not support them."""
        own = len(set("".join(words)))
        while True:
            try:
                return train_unigram(
                    words, own + wanted, seen=self.seen, longest=self.longest, minimum_count=self.minimum_count
                )
            except InputError:
                if not wanted:
                    raise
                wanted = int(wanted * 0.8)

    def _joined_merges(self, joined: Sequence[Words], found: "Clustering") -> Vocabulary:
        ranked = []
        for words, capacity in zip(joined, found.capacities, strict=True):
            ranked.append([piece for _, piece in self._merges(words, int(capacity * _SPARE) + 1)])
        wanted = self.room
        while True:
            chosen = take(ranked, found.capacities, wanted)
            if self.algorithm == "wordpiece":
                self._check(len(chosen))
                return self._of_merges([], chosen)
            merges = replayed(chosen, self.symbols)
            if len(merges) >= self.room or len(chosen) < wanted:
                self._check(len(merges))
                return self._of_merges(merges[: self.room], [])
            wanted += self.room - len(merges)

    def _check(self, found: int) -> None:
        if found < self.room:
            raise too_few(self.size - self.room + found, self.size)

    def _merges(self, words: Words, most: int) -> list[tuple[tuple[str, str], str]]:
        """Merges and what they make; two merges may make the same piece."""
        longest = self.longest * (_BYTES_A_CHARACTER if self.cutting.form == "bytes" else 1)
        hashed = self.cutting.form == "hashed"
        learnt = learn_merges(words, most, hashed=hashed, longest=longest, minimum_count=self.minimum_count)
        return list(zip(learnt.pairs, learnt.pieces, strict=True))

    def _of_merges(self, merges: Sequence[tuple[str, str]], pieces: Sequence[str]) -> Vocabulary:
        if self.cutting.form == "hashed":
            return assembly.wordpiece([*self.symbols, *pieces], self.cutting, self.tokens, self.model_max_length)
        return assembly.byte_pairs(self.symbols, merges, self.cutting, self.tokens, self.model_max_length)


@dataclass(frozen=True)
class Clustering:
    """How languages were grouped, and what each group got.

    Attributes:
        groups: languages of each cluster.
        shares: share of each cluster in the text.
        capacities: pieces allotted to each, beside its characters.
    """

    groups: list[list[str]]
    shares: list[float]
    capacities: list[int] = field(default_factory=list)

    def figures(self) -> list[dict[str, Any]]:
        """For the manifest."""
        rows = zip(self.groups, self.shares, self.capacities, strict=True)
        return [{"languages": group, "share": round(share, 6), "pieces": capacity} for group, share, capacity in rows]


def summed(parts: Any) -> dict[str, float]:
    """Words of several languages together, weights added."""
    found: dict[str, float] = {}
    for part in parts:
        for word, weight in part.items():
            found[word] = found.get(word, 0.0) + weight
    return found
