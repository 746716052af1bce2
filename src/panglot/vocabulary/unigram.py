"""Training the pieces of a unigram language model: seeds, expectation and maximisation, pruning.

Own code, since the trainers at hand are not deterministic from process to process (`tokenizers`) or cannot take weighted
counts. All of it is array arithmetic in a fixed order, so that the same words give the same scores.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from panglot.artifacts import InputError

MAX_CHARACTERS = 12_000_000
"""Characters of different words that are learnt from: the most frequent ones; about 150 bytes of memory each."""
LONGEST_WORD = 256
_SEEDS_PER_PIECE = 20
_MOST_SEEDS = 1_000_000
_LEAST_EXPECTED = 0.5
_FIRST_TO_GO = 1e100
_LEAST_CHARACTER = 0.1
_STEPS_PER_ROUND = 2

Integers = NDArray[np.int32]
Floats = NDArray[np.float64]


def train_unigram(
    words: Mapping[str, float],
    size: int,
    *,
    characters: Collection[str] = (),
    seen: Mapping[str, float] | None = None,
    longest: int = 16,
    minimum_count: float = 2,
    shrink: float = 0.75,
    beside: int = 0,
) -> dict[str, float]:
    """Learn pieces and their log probabilities from weighted words (Kudo 2018, https://aclanthology.org/P18-1007).

    Seeds are the substrings with the highest count × length. Then rounds of two EM steps, p(piece) ∝ exp(ψ(expected count)),
    and of pruning: the pieces whose loss is least go, loss = expected count × (log p(piece) − log p(best other segmentation)).
    As SentencePiece, but that seeds are counted in words and not in sentences, and the loss takes the expected count and the
    present probabilities of the other pieces. All characters stay.

    Args:
        words: word to weight; pieces never cross the border of a word.
        size: pieces wanted, characters included.
        characters: characters that must be pieces beside those of the words.
        seen: how often each word truly stands in the text, where weights repeat it. Without it, a text that is repeated
            three times would support every phrase that stands in it once, and be learnt by heart.
        longest: most characters of a piece.
        minimum_count: how often a seed must stand in the text, repetitions not counted.
        shrink: what a round of pruning leaves.
        beside: tokens that are no pieces, for the numbers in an error.

    Returns:
        Piece to log probability, `size` of them, the most probable first.

    Raises:
        InputError: the words support fewer pieces, or there are more characters than pieces.

    Example:
        >>> pieces = train_unigram({"abab": 9, "ab": 5, "c": 1}, 4)
        >>> sorted(pieces), max(pieces, key=pieces.get)
        (['a', 'ab', 'b', 'c'], 'ab')
    """
    corpus = _Corpus.of(words, words if seen is None else seen)
    extra = sorted(set(characters) - set(corpus.characters))
    room = size - len(corpus.characters) - len(extra)
    if room < 0:
        needed = len(corpus.characters) + len(extra)
        raise InputError(f"the text has {needed:,} characters, more than the {size:,} pieces asked")
    seeds = _Seeds.of(corpus, max(room, min(_MOST_SEEDS, _SEEDS_PER_PIECE * size)), longest, minimum_count)
    if len(seeds.lengths) < room:
        raise too_few(len(seeds.lengths) + size - room + beside, size + beside)
    scores = seeds.train(room, shrink)
    found = dict(zip(seeds.names(), scores[seeds.kept], strict=True))
    least = min(found.values(), default=0.0)
    found.update(dict.fromkeys(extra, least))
    return {piece: float(found[piece]) for piece in sorted(found, key=lambda piece: (-found[piece], piece))}


def too_few(found: int, asked: int) -> InputError:
    """The error that says how many pieces a text supports."""
    return InputError(
        f"the text supports only {found:,} pieces, not {asked:,}",
        where="size",
        fix=f"ask for at most {found:,}, give more text, or set minimum_count lower",
    )


@dataclass(frozen=True)
class _Corpus:
    """Words one after the other: `symbols[p]` is the character at position p, `begins[p]` says where its word begins."""

    characters: str
    symbols: Integers
    begins: Integers
    ends: Integers
    word: Integers
    weights: Floats
    seen: Floats

    @classmethod
    def of(cls, words: Mapping[str, float], seen: Mapping[str, float]) -> "_Corpus":
        parts: dict[str, float] = {}
        truly: dict[str, float] = {}
        for word, weight in words.items():
            for at in range(0, len(word), LONGEST_WORD):
                part = word[at : at + LONGEST_WORD]
                parts[part] = parts.get(part, 0.0) + weight
                truly[part] = truly.get(part, 0.0) + seen.get(word, weight)
        chosen, total = [], 0
        for word in sorted(parts, key=lambda each: (-parts[each], each)):
            total += len(word)
            if total > MAX_CHARACTERS:
                break
            chosen.append(word)
        chosen.sort()
        codes = np.frombuffer("".join(chosen).encode("utf-32-le"), np.uint32)
        found, symbols = np.unique(codes, return_inverse=True)
        lengths = np.array([len(each) for each in chosen], np.int64)
        ends = np.cumsum(lengths)
        return cls(
            "".join(map(chr, found)),
            symbols.astype(np.int32),
            np.repeat(ends - lengths, lengths).astype(np.int32),
            np.repeat(ends, lengths).astype(np.int32),
            np.repeat(np.arange(len(chosen)), lengths).astype(np.int32),
            np.array([parts[each] for each in chosen], np.float64),
            np.array([truly[each] for each in chosen], np.float64),
        )


class _Lattice:
    """All ways to cut words into pieces: edges from node to node, grouped by how far into the word they end.

    Args:
        start: node where an edge begins.
        end: node where it ends.
        piece: what stands between.
        depth: characters from the word's begin to the edge's end.
        nodes: number of nodes.
    """

    def __init__(self, start: Integers, end: Integers, piece: Integers, depth: Integers, nodes: int) -> None:
        order = np.argsort(depth.astype(np.int64) * nodes + end, kind="stable")
        self.start, self.end, self.piece, self.depth = start[order], end[order], piece[order], depth[order]
        self.nodes = nodes
        self._group()

    def _group(self) -> None:
        deepest = int(self.depth[-1]) if len(self.depth) else 0
        self.bounds = np.searchsorted(self.depth, np.arange(1, deepest + 2))
        fresh = np.flatnonzero(np.diff(self.end, prepend=-1))
        self._groups = [fresh[slice(*np.searchsorted(fresh, (lo, hi)))] - lo for lo, hi in self.layers()]

    def layers(self) -> list[tuple[int, int]]:
        """First edge and the one after the last of each depth, ascending."""
        return list(zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True))

    def keep(self, pieces: NDArray[np.bool_]) -> None:
        """Drop the edges of pieces that are gone."""
        stays = pieces[self.piece]
        self.start, self.end, self.piece, self.depth = (each[stays] for each in (self.start, self.end, self.piece, self.depth))
        self._group()

    def expected(self, scores: Floats, last: Integers, weights: Floats) -> Floats:
        """Expected count of each piece, by the forward pass and one pass back over p(edge | its end is a border)."""
        forward, chosen = np.zeros(self.nodes), np.empty(len(self.start))
        for (lo, hi), groups in zip(self.layers(), self._groups, strict=True):
            if lo == hi:
                continue
            values = forward[self.start[lo:hi]] + scores[self.piece[lo:hi]]
            ends = self.end[lo:hi]
            targets = ends[groups]
            forward[targets] = np.maximum.reduceat(values, groups)
            values = np.exp(values - forward[ends])
            sums = np.add.reduceat(values, groups)
            chosen[lo:hi] = values / np.repeat(sums, np.diff(groups, append=hi - lo))
            forward[targets] += np.log(sums)
        border = np.zeros(self.nodes)
        border[last] = weights
        for lo, hi in reversed(self.layers()):
            chosen[lo:hi] *= border[self.end[lo:hi]]
            np.add.at(border, self.start[lo:hi], chosen[lo:hi])
        found: Floats = np.bincount(self.piece, chosen, len(scores)).astype(np.float64)
        return found

    def best(self, scores: Floats) -> Floats:
        """Log probability of the best way to each node."""
        found = np.zeros(self.nodes)
        for (lo, hi), groups in zip(self.layers(), self._groups, strict=True):
            if lo < hi:
                values = found[self.start[lo:hi]] + scores[self.piece[lo:hi]]
                found[self.end[lo:hi][groups]] = np.maximum.reduceat(values, groups)
        return found


class _Seeds:
    """Pieces under training: first the characters, then substrings; `at` is a position where each stands."""

    def __init__(self, corpus: _Corpus, table: list[Integers], at: Integers, lengths: Integers, counts: Floats) -> None:
        self._corpus = corpus
        self._singles = len(corpus.characters)
        self.lengths, self._at = lengths, at
        self._counts = np.concatenate([np.bincount(corpus.symbols, corpus.weights[corpus.word]), counts])
        self.kept = np.ones(len(self._counts), np.bool_)
        self._words = self._corpus_lattice(table)
        self._pieces = self._piece_lattice(table)

    @classmethod
    def of(cls, corpus: _Corpus, most: int, longest: int, minimum: float) -> "_Seeds":
        """Substrings by count × length; a substring is frequent only if its parts are, so each length extends the last."""
        weights, seen = corpus.weights[corpus.word], corpus.seen[corpus.word]
        size, room = len(corpus.symbols), corpus.ends - np.arange(len(corpus.symbols), dtype=np.int32)
        table = [corpus.symbols]
        found: list[tuple[Integers, Floats]] = []
        before = corpus.symbols
        for length in range(2, longest + 1):
            fits = np.flatnonzero((before[:-1] >= 0) & (before[1:] >= 0) & (room[:-1] >= length))
            if not len(fits):
                break
            keys = before[fits].astype(np.int64) * len(corpus.characters) + corpus.symbols[fits + length - 1]
            _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
            counts: Floats = np.bincount(inverse, weights[fits]).astype(np.float64)
            frequent = np.flatnonzero(np.bincount(inverse, seen[fits]) >= minimum)
            number = np.full(len(counts), -1, np.int32)
            number[frequent] = np.arange(len(frequent), dtype=np.int32)
            before = np.full(size, -1, np.int32)
            before[fits] = number[inverse]
            table.append(before)
            found.append((fits[first[frequent]].astype(np.int32), counts[frequent]))
        at = np.concatenate([each for each, _ in found] or [np.empty(0, np.int32)])
        counts = np.concatenate([each for _, each in found] or [np.empty(0)])
        sizes = [len(each) for each, _ in found]
        lengths = np.repeat(np.arange(2, len(found) + 2), sizes).astype(np.int32)
        order = np.sort(np.argsort(-counts * lengths, kind="stable")[:most])
        # from a number among its length to the number of a piece
        renumbered = np.full(len(counts), -1, np.int32)
        renumbered[order] = np.arange(len(order), dtype=np.int32) + len(corpus.characters)
        begins = np.cumsum([0, *sizes])
        for index in range(1, len(table)):
            here = table[index] >= 0
            table[index][here] = renumbered[begins[index - 1] + table[index][here]]
        return cls(corpus, table, at[order], lengths[order], counts[order])

    def _corpus_lattice(self, table: list[Integers]) -> _Lattice:
        corpus = self._corpus
        starts, ends, pieces, depths = [], [], [], []
        for length, numbers in enumerate(table, 1):
            at = np.flatnonzero(numbers >= 0)
            node = (at + corpus.word[at]).astype(np.int32)
            starts.append(node)
            ends.append(node + np.int32(length))
            pieces.append(numbers[at])
            depths.append((at - corpus.begins[at] + length).astype(np.int32))
        nodes = len(corpus.symbols) + len(corpus.weights)
        lattice = _Lattice(np.concatenate(starts), np.concatenate(ends), np.concatenate(pieces), np.concatenate(depths), nodes)
        lengths = np.bincount(corpus.word, minlength=len(corpus.weights))
        self._last = (np.cumsum(lengths + 1) - 1).astype(np.int32)
        return lattice

    def _piece_lattice(self, table: list[Integers]) -> _Lattice:
        """Each piece as a word of its own, without the edge that is the piece itself."""
        begins = np.cumsum(self.lengths + 1) - self.lengths - 1
        starts, ends, pieces, depths = [], [], [], []
        for length, numbers in enumerate(table, 1):
            for offset in range(int(self.lengths.max(initial=0)) - length + 1):
                inside = np.flatnonzero((offset + length <= self.lengths) & (self.lengths > length))
                inner = numbers[self._at[inside] + offset]
                inside, inner = inside[inner >= 0], inner[inner >= 0]
                node = (begins[inside] + offset).astype(np.int32)
                starts.append(node)
                ends.append(node + np.int32(length))
                pieces.append(inner)
                depths.append(np.full(len(node), offset + length, np.int32))
        self._piece_ends = begins + self.lengths
        nodes = int(self.lengths.sum()) + len(self.lengths)
        none = [np.empty(0, np.int32)]
        starts, ends, pieces, depths = starts or none, ends or none, pieces or none, depths or none
        return _Lattice(np.concatenate(starts), np.concatenate(ends), np.concatenate(pieces), np.concatenate(depths), nodes)

    def train(self, room: int, shrink: float) -> Floats:
        """EM and pruning until `room` pieces beside the characters are left."""
        scores = _log_probabilities(self._counts, self.kept, self._singles)
        while True:
            for _ in range(_STEPS_PER_ROUND):
                counts = self._words.expected(scores, self._last, self._corpus.weights)
                scores = _log_probabilities(counts, self.kept, self._singles)
            present = int(self.kept[self._singles :].sum())
            if present <= room:
                return scores
            others = self._pieces.best(scores)[self._piece_ends]
            mine = np.where(self.kept, scores, 0.0)[self._singles :]
            losses = counts[self._singles :] * (mine - others)
            losses[counts[self._singles :] < _LEAST_EXPECTED] -= _FIRST_TO_GO
            losses[~self.kept[self._singles :]] = -np.inf
            left = max(int(present * shrink), room)
            stays = np.argsort(-losses, kind="stable")[:left]
            self.kept[self._singles :] = False
            self.kept[self._singles + stays] = True
            self._words.keep(self.kept)
            self._pieces.keep(self.kept)
            scores = _log_probabilities(counts, self.kept, self._singles)

    def names(self) -> list[str]:
        """The pieces that are kept, characters first."""
        text = np.frombuffer(self._corpus.characters.encode("utf-32-le"), np.uint32)[self._corpus.symbols]
        joined = text.tobytes().decode("utf-32-le")
        stays = np.flatnonzero(self.kept[self._singles :])
        pieces = zip(self._at[stays].tolist(), self.lengths[stays].tolist(), strict=True)
        return [*self._corpus.characters, *(joined[at : at + length] for at, length in pieces)]


def _log_probabilities(counts: Floats, kept: NDArray[np.bool_], singles: int) -> Floats:
    """log p = ψ(count) − ψ(sum): a sparse prior (SentencePiece does the same), which characters are kept from being hit by."""
    usable = np.maximum(counts, _LEAST_CHARACTER)
    found: Floats = np.full(len(counts), -np.inf)
    found[kept] = digamma(usable[kept]) - digamma(usable[kept].sum())
    return found
