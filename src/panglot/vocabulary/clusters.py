"""Budgets by cluster: languages that write alike share a vocabulary, and each cluster gets the capacity that it needs.

The procedure of XLM-V (Liang et al. 2023, https://aclanthology.org/2023.emnlp-main.813) with the allotment of VoCap (Zheng et
al. 2021, https://aclanthology.org/2021.emnlp-main.257): fingerprints, k-means, capacities by average log probability, one
vocabulary a cluster, joined.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.byte_pairs import learn_merges
from panglot.vocabulary.pair_merges import Cut, PairMerges
from panglot.vocabulary.word_counts import cut_with

Words = Mapping[str, float]
BETA = 0.7
"""VoCap's exponent of a language's share."""
_SHARED_PIECES = 4000
_FLOOR = 1e-6
_RESTARTS = 10
_ITERATIONS = 100


def fingerprints(words: Mapping[str, Words], *, pieces: int = _SHARED_PIECES) -> NDArray[np.float64]:
    """What each language's text is made of: log probabilities of the pieces of a small vocabulary that all share.

    v_l[i] = log max(p_l(i), 10⁻⁶) − log 10⁻⁶, divided by the length of v_l. Without the floor the size of a language's text
    would decide. XLM-V takes the pieces of one vocabulary for each language; a shared one costs one training, not one each.

    Args:
        words: language to its words with their weights.
        pieces: merges of the shared byte-pair vocabulary, learnt from all languages in equal parts.

    Returns:
        Float64 `[languages, pieces]` in the order of `words`; rows of length one.

    Example:
        >>> v = fingerprints({"a": {"abab": 9.0}, "b": {"abab": 3.0}, "c": {"xyxy": 9.0}}, pieces=4)
        >>> (v @ v.T).round(2).tolist()
        [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    equal: dict[str, float] = {}
    most = max(sum(each.values()) for each in words.values())
    for each in words.values():
        factor = most / sum(each.values())
        for word, weight in each.items():
            equal[word] = equal.get(word, 0.0) + factor * weight
    from tokenizers import models

    learnt = learn_merges(equal, pieces)
    ids = {piece: number for number, piece in enumerate(dict.fromkeys([*learnt.symbols, *learnt.pieces]))}
    model = models.BPE(vocab=ids, merges=learnt.pairs)
    found = np.zeros((len(words), len(ids)))
    for row, each in enumerate(words.values()):
        listed = sorted(each)
        cut = cut_with(model, listed)
        weights = np.repeat(np.array([each[word] for word in listed]), cut.lengths)
        found[row] = np.bincount(cut.symbols, weights, len(ids))
    found /= found.sum(axis=1, keepdims=True)
    found = np.log(np.maximum(found, _FLOOR)) - math.log(_FLOOR)
    rows: NDArray[np.float64] = found / np.linalg.norm(found, axis=1, keepdims=True)
    return rows


def k_means(vectors: NDArray[np.float64], clusters: int, seed: int) -> list[int]:
    """Cluster of each row: Lloyd's iterations from k-means++ starts, the best of ten. Numbers follow the first member.

    Args:
        vectors: float64 `[N, D]`.
        clusters: how many; at most N. None is empty.
        seed: of the starts.

    Example:
        >>> k_means(np.array([[0.0], [0.1], [5.0], [5.1]]), 2, seed=17)
        [0, 0, 1, 1]
    """
    random = np.random.default_rng(seed)
    clusters = min(clusters, len(vectors))
    best: tuple[float, NDArray[np.int64]] | None = None
    for _ in range(_RESTARTS):
        centres = vectors[_spread(vectors, clusters, random)]
        labels = np.full(len(vectors), -1)
        for _ in range(_ITERATIONS):
            distances = _squared(vectors, centres)
            fresh = distances.argmin(axis=1)
            for empty in np.setdiff1d(np.arange(clusters), fresh):
                # the worst served member of a cluster that can spare one
                spare = np.bincount(fresh, minlength=clusters)[fresh] > 1
                far = int(np.where(spare, distances[np.arange(len(vectors)), fresh], -1).argmax())
                fresh[far] = empty
            if (fresh == labels).all():
                break
            labels = fresh
            centres = np.stack([vectors[labels == number].mean(axis=0) for number in range(clusters)])
        inertia = float(_squared(vectors, centres)[np.arange(len(vectors)), labels].sum())
        if best is None or inertia < best[0] - 1e-12:
            best = inertia, labels
    assert best is not None
    numbers = {old: new for new, old in enumerate(dict.fromkeys(best[1].tolist()))}
    return [numbers[each] for each in best[1].tolist()]


def _spread(vectors: NDArray[np.float64], clusters: int, random: np.random.Generator) -> list[int]:
    chosen = [int(random.integers(len(vectors)))]
    while len(chosen) < clusters:
        nearest = _squared(vectors, vectors[chosen]).min(axis=1)
        nearest[chosen] = 0
        total = nearest.sum()
        if total <= 0:
            chosen.append(next(each for each in range(len(vectors)) if each not in chosen))
        else:
            chosen.append(int(random.choice(len(vectors), p=nearest / total)))
    return chosen


def _squared(vectors: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    products = vectors @ centres.T
    found: NDArray[np.float64] = np.square(vectors).sum(axis=1)[:, None] - 2 * products + np.square(centres).sum(axis=1)
    return np.maximum(found, 0)


@dataclass(frozen=True)
class Curve:
    """How well vocabularies of growing size fit a text.

    Attributes:
        alphabet: symbols before the first merge.
        pieces: what each merge makes.
        alp: average log probability of a word with no merge, one merge, two: float64 `[len(pieces) + 1]`.
    """

    alphabet: frozenset[str]
    pieces: list[str]
    alp: NDArray[np.float64]


def alp_curve(words: Words, most: int) -> Curve:
    """ALP(V) = Σ_words Σ_pieces log p(piece) / number of words, p the share of a piece among all pieces of the text.

    VoCap's measure, over words in place of sentences, on byte-pair vocabularies: they grow one piece at a time, so that one
    training gives all sizes. A pair that overlaps itself (`aaa`) is counted as the trainer counts it.

    Args:
        words: word to weight.
        most: merges of the largest vocabulary.

    Example:
        >>> alp_curve({"ab": 2.0, "c": 2.0}, 1).alp.round(3).tolist()
        [-1.648, -0.693]
    """
    listed = sorted(words)
    counts = [max(1, round(words[word])) for word in listed]
    symbols = sorted(set("".join(listed)))
    number = {symbol: at for at, symbol in enumerate(symbols)}
    merges = PairMerges(
        Cut.of([number[each] for each in word] for word in listed), counts, symbols, lambda a, b: a + b, minimum_count=2
    )
    usage = merges.usage().astype(np.float64).tolist()
    total = math.fsum(usage)
    inner = math.fsum(_x_log_x(each) for each in usage)
    of_words = float(sum(counts))
    found = [(inner - _x_log_x(total)) / of_words]
    pieces: list[str] = []
    seen = set(symbols)
    if most:
        for left, right, made, times in merges:
            usage.append(0.0)
            for symbol, change in ((left, -times), (right, -times), (made, times)):
                inner -= _x_log_x(usage[symbol])
                usage[symbol] = max(usage[symbol] + change, 0.0)
                inner += _x_log_x(usage[symbol])
            total -= times
            text = merges.texts[made]
            if text in seen:
                continue
            seen.add(text)
            pieces.append(text)
            found.append((inner - _x_log_x(total)) / of_words)
            if len(pieces) >= most:
                break
    return Curve(frozenset(symbols), pieces, np.array(found))


def _x_log_x(x: float) -> float:
    return x * math.log(x) if x > 0 else 0.0


def allot(curves: Sequence[Curve], shares: Sequence[float], room: int, *, beta: float = BETA, stride: int = 0) -> list[int]:
    """Capacity of each cluster beside its alphabet, so that the joined vocabulary has `room` pieces beside the alphabets.

    VoCap's greedy rule: again and again the cluster of the largest share^β · (ALP(t + stride) − ALP(t)) grows by `stride`.
    Pieces that several clusters have count once.

    Args:
        curves: one for each cluster.
        shares: share of each cluster in the text.
        room: pieces wanted.
        beta: how much the share counts.
        stride: pieces given at once; room / 200 where it is 0 (VoCap: 1,000 of up to 500,000).

    Example:
        >>> steep = Curve(frozenset(), ["a1", "a2"], np.array([-9, -5, -3]))
        >>> flat = Curve(frozenset(), ["b1", "b2"], np.array([-9, -8, -8]))
        >>> allot([steep, flat], [0.5, 0.5], 3, stride=1)
        [2, 1]
    """
    stride = stride or max(1, room // 200)
    capacities = [0] * len(curves)
    joined: set[str] = set()
    while len(joined) < room:
        gains = []
        for index, curve in enumerate(curves):
            here, there = capacities[index], min(capacities[index] + stride, len(curve.pieces))
            gain = (curve.alp[there] - curve.alp[here]) * shares[index] ** beta
            gains.append(gain if there > here else -math.inf)
        chosen = int(np.argmax(gains))
        if gains[chosen] == -math.inf:
            break
        grown = min(capacities[chosen] + stride, len(curves[chosen].pieces))
        fresh = curves[chosen].pieces[capacities[chosen] : grown]
        for piece in fresh:
            if len(joined) >= room:
                break
            joined.add(piece)
            capacities[chosen] += 1
    return capacities


def take(ranked: Sequence[Sequence[str]], capacities: Sequence[int], room: int) -> list[str]:
    """Pieces of all clusters, each giving in proportion to its capacity, its best first, until `room` are taken.

    Args:
        ranked: pieces of each cluster, the best first; more than its capacity, since clusters share pieces.
        capacities: of each cluster.
        room: pieces wanted; fewer are given where there are no more.

    Example:
        >>> take([["the", "in", "an"], ["der", "in", "an"]], [2, 1], 4)
        ['the', 'in', 'der', 'an']
    """
    turns = sorted(
        ((rank + 1) / max(capacity, 1e-9), cluster, rank)
        for cluster, (pieces, capacity) in enumerate(zip(ranked, capacities, strict=True))
        for rank in range(len(pieces))
    )
    found: dict[str, None] = {}
    for _, cluster, rank in turns:
        if len(found) >= room:
            break
        found.setdefault(ranked[cluster][rank])
    return list(found)


def replayed(pieces: Sequence[str], symbols: Sequence[str], *, hashed: bool = False) -> list[tuple[str, str]]:
    """Merges that make pieces from different trainings, in such an order that each piece is reached.

    A piece that the merges so far cut in two gets the merge of the two. A piece that they cut in more parts is tried again
    after the others; what then is left gets no merge and is dropped. Merges of a lower rank never come in the way of those of a
    higher one, so that all pieces that have a merge are reached.

    Example:
        >>> replayed(["ab", "abc", "bcd"], ["a", "b", "c", "d"])
        [('a', 'b'), ('ab', 'c')]
    """
    ranks: dict[tuple[str, str], int] = {}
    waiting = list(pieces)
    known = set(symbols)
    while waiting:
        deferred = []
        for piece in waiting:
            if piece in known:
                continue
            parts = _cut(piece, ranks, hashed=hashed)
            if len(parts) == 2:
                ranks[parts[0], parts[1]] = len(ranks)
                known.add(piece)
            else:
                deferred.append(piece)
        if len(deferred) == len(waiting):
            break
        waiting = deferred
    return list(ranks)


def _cut(piece: str, ranks: Mapping[tuple[str, str], int], *, hashed: bool) -> list[str]:
    if hashed:
        bare = piece.removeprefix("##")
        parts = [piece[: len(piece) - len(bare) + 1], *(f"##{each}" for each in bare[1:])]
    else:
        parts = list(piece)
    while len(parts) > 1:
        best = min(range(len(parts) - 1), key=lambda at: ranks.get((parts[at], parts[at + 1]), math.inf))
        if (parts[best], parts[best + 1]) not in ranks:
            break
        right = parts[best + 1]
        parts[best : best + 2] = [parts[best] + (right[2:] if hashed else right)]
    return parts
