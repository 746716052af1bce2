"""Signatures, estimates and the curve of LSH, against Jaccard similarity computed outright."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.corpus.duplicates.minhash import MinHash, Signatures, _factors, estimated
from panglot.corpus.duplicates.shingles import Shingles, shingles

SETTING = MinHash()


def pair_of_sets(rng, size, similarity):
    """Two sets of random 64-bit numbers with about this Jaccard similarity."""
    shared = round(size * 2 * similarity / (1 + similarity))
    common = [rng.getrandbits(64) for _ in range(shared)]
    return [common + [rng.getrandbits(64) for _ in range(size - shared)] for _ in range(2)]


def as_shingles(sets):
    bounds = np.concatenate([[0], np.cumsum([len(each) for each in sets])])
    return Shingles(np.array([x for each in sets for x in each], dtype=np.uint64), bounds)


def signatures(sets, setting=SETTING):
    return Signatures.of(as_shingles(sets), setting)


@pytest.mark.parametrize("size", [60, 300, 2500])
@pytest.mark.parametrize("similarity", [0.2, 0.5, 0.8])
def test_estimates_are_as_good_as_theory_says(size, similarity):
    rng = random.Random(size)
    pairs = [pair_of_sets(rng, size, similarity) for _ in range(400)]
    truth = np.array([len({*a} & {*b}) / len({*a} | {*b}) for a, b in pairs])
    first, second = (signatures([pair[side] for pair in pairs]) for side in (0, 1))
    error = estimated(first.sketches, second.sketches) - truth
    expected = np.sqrt((truth * (1 - truth)).mean() / SETTING.permutations)
    # sixteenths of short documents differ in size, and count alike
    assert np.sqrt((error**2).mean()) < (1.6 if size < 100 else 1.2) * expected
    assert abs(error.mean()) < 4 * expected / np.sqrt(len(pairs))
    shared = (first.bands == second.bands).any(axis=0).mean()
    wanted = np.mean([SETTING.chance(each) for each in truth])
    assert abs(shared - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / len(pairs)) + 0.01


def test_signature_by_definition():
    rng = random.Random(1)
    sets = [[rng.getrandbits(64) for _ in range(rng.randint(1, 40))] for _ in range(30)]
    factors = _factors(SETTING).tolist()
    assert all(each % 2 for each in factors) and len(set(factors)) == SETTING.permutations == 512

    def value(shingles, factor, count, part):
        mine = [x for x in shingles if (x >> 24) % 256 * count // 256 == part] or shingles
        return min((x >> 32) * factor % 2**32 for x in mine)

    found = signatures(sets)
    both = list(zip(factors, SETTING.parts, strict=True))
    assert found.values.tolist() == [[value(each, factor, *part) for each in sets] for factor, part in both]
    assert sorted(part for _, part in SETTING.parts[:8]) == [0, 0, 1, 1, 2, 2, 3, 3], "a band is over all parts"


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30), min_size=1, max_size=12), st.randoms())
def test_only_the_set_counts(sets, rng):
    """Not the order of shingles, not how often one comes up, not what else is in the batch."""
    once = signatures(sets)
    other = [rng.sample(each + each[:3], len(each) + len(each[:3])) for each in sets]
    assert np.array_equal(signatures(other).values, once.values)
    alone = [signatures([each]).values[:, 0] for each in sets]
    assert np.array_equal(np.stack(alone, axis=1), once.values)


def test_long_documents_and_blocks():
    rng = random.Random(2)
    sets = [[rng.getrandbits(64) for _ in range(size)] for size in (1, 20_000, 3, 5, 9_000, 1, 1)]
    assert np.array_equal(signatures(sets).values, np.stack([signatures([each]).values[:, 0] for each in sets], axis=1))


def test_the_curve_of_fineweb2():
    assert (SETTING.words, SETTING.bands, SETTING.rows) == (5, 14, 8)
    assert MinHash(extra=0).chance(0.8) == pytest.approx(0.924, abs=5e-4)
    assert SETTING.chance(0.8) > 0.99
    assert (1 / SETTING.bands) ** (1 / SETTING.rows) == pytest.approx(0.72, abs=5e-3)


def test_another_seed_gives_other_permutations():
    sets = [[1 << 40, 2 << 40, 3 << 40]]
    assert not np.array_equal(signatures(sets).values, signatures(sets, MinHash(seed=2)).values)


def test_near_duplicates_of_unspaced_text_are_alike():
    rng = random.Random(3)
    letters = "กขคงจชซดตถทนบปผพฟมยรลวสหอ"
    text = "".join(rng.choice(letters) for _ in range(600))
    changed = text[:300] + "ฮ" + text[301:]
    found = Signatures.of(shingles([text, changed, text[::-1]]), SETTING)
    assert (found.bands[:, 0] == found.bands[:, 1]).any()
    first, second, other = found.sketches
    assert estimated(first[None], second[None])[0] > 0.85
    assert estimated(first[None], other[None])[0] < 0.1
