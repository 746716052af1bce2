"""Clusters of languages: fingerprints, k-means, allotment, joining."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.vocabulary.byte_pairs import learn_merges
from panglot.vocabulary.clusters import Curve, allot, alp_curve, fingerprints, k_means, replayed, take


def test_fingerprints_tell_scripts_apart_and_ignore_sizes():
    thai, khmer, lao = {"กินข้าว": 5.0, "กิน": 9.0}, {"ខ្មែរ": 7.0}, {"กินข้าว": 500.0, "กิน": 900.0}
    found = fingerprints({"a": thai, "b": khmer, "c": lao}, pieces=20)
    likeness = found @ found.T
    assert likeness[0, 2] == pytest.approx(1)
    assert abs(likeness[0, 1]) < 1e-9


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 5), st.booleans())
def test_k_means_fills_every_cluster_and_is_the_same_again(count, clusters, seed, equal):
    vectors = np.zeros((count, 3)) if equal else np.random.default_rng(seed).normal(size=(count, 3))
    labels = k_means(vectors, clusters, seed)
    assert labels == k_means(vectors, clusters, seed)
    assert set(labels) == set(range(min(clusters, count)))
    assert labels[0] == 0


def test_k_means_against_scipy():
    from scipy.cluster.vq import kmeans2

    random = np.random.default_rng(17)
    vectors = np.concatenate([random.normal(centre, 0.1, size=(20, 2)) for centre in ((0, 0), (5, 0), (0, 5))])
    mine = np.array(k_means(vectors, 3, 17))
    theirs = kmeans2(vectors, 3, seed=17, minit="++")[1]
    assert all(len(set(theirs[mine == each])) == 1 for each in range(3))


def test_alp_by_hand():
    # two words; before: a, b, c with shares 2/5 2/5 1/5; after one merge: ab twice, c once
    found = alp_curve({"ab": 2.0, "c": 1.0}, 1)
    before = (4 * math.log(2 / 5) + math.log(1 / 5)) / 3
    after = (2 * math.log(2 / 3) + math.log(1 / 3)) / 3
    assert found.alp == pytest.approx([before, after])
    assert found.pieces == ["ab"]


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.text("กาิ", min_size=1, max_size=6), st.integers(1, 20), min_size=1, max_size=8))
def test_alp_agrees_with_cutting_the_words_anew(counts):
    from tokenizers import Tokenizer, models

    words = {each: float(count) for each, count in counts.items()}
    curve = alp_curve(words, 5)
    if any(a == b for word in words for a, b in pairwise(word)):
        return  # a pair that overlaps itself is counted as the trainer counts it
    symbols = sorted(curve.alphabet)
    learnt = learn_merges(words, len(curve.pieces))
    for size in range(min(2, len(curve.pieces) + 1)):
        ids = {each: n for n, each in enumerate([*symbols, *curve.pieces[:size]])}
        made = [pair for pair in learnt.pairs if "".join(pair) in curve.pieces[:size]][:size]
        if len(made) < size:
            return
        bare = Tokenizer(models.BPE(vocab=ids, merges=made))
        usage: dict[str, float] = {}
        for word, count in words.items():
            for token in bare.encode(word).tokens:
                usage[token] = usage.get(token, 0) + count
        total = sum(usage.values())
        expected = sum(each * math.log(each / total) for each in usage.values()) / sum(words.values())
        assert curve.alp[size] == pytest.approx(expected)


def curve(name, alp):
    return Curve(frozenset(), [f"{name}{n}" for n in range(len(alp) - 1)], np.array(alp, float))


def test_allotment_is_greedy_by_share():
    steep, flat = curve("a", [-9, -6, -4, -3, -2.5]), curve("b", [-9, -8, -7.5, -7.4, -7.4])
    assert allot([steep, flat], [0.5, 0.5], 4, stride=1) == [3, 1]
    assert allot([steep, flat], [0.01, 0.99], 4, stride=1) == [1, 3]
    assert sum(allot([steep, flat], [0.5, 0.5], 100, stride=3)) == 8


def test_pieces_of_two_clusters_count_once():
    assert sum(allot([curve("a", [-9, -5, -3]), curve("a", [-9, -5, -3])], [0.5, 0.5], 2, stride=1)) >= 2
    assert take([["x", "y", "z"], ["y", "x", "w"]], [2, 2], 3) == ["x", "y", "z"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("abc", min_size=2, max_size=6), max_size=25, unique=True), st.booleans())
def test_replayed_merges_reach_every_piece_that_they_make(pieces, hashed):
    from tokenizers import Tokenizer, models

    if hashed:
        pieces = [f"##{each}" if n % 2 else each for n, each in enumerate(pieces)]
    symbols = ["a", "b", "c", *(["##a", "##b", "##c"] if hashed else [])]
    merges = replayed(pieces, symbols, hashed=hashed)
    made = [left + (right[2:] if hashed else right) for left, right in merges]
    assert len(made) == len(set(made))
    assert set(made) <= set(pieces)
    assert {each for each in pieces if len(each.removeprefix("##")) == 2} <= set(made)
    if not hashed:
        ids = {each: n for n, each in enumerate([*symbols, *made])}
        bare = Tokenizer(models.BPE(vocab=ids, merges=merges))
        assert all(bare.encode(each).tokens == [each] for each in made)
