"""Weights from similarities, against plain loops over the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from panglot.vocabulary.initialise import similarity
from panglot.vocabulary.initialise.similarity import softmax_weights, sparsemax, sparsemax_weights

ROWS = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 12)), elements=st.floats(-3, 3, width=32))


def cosines(queries, donors):
    return np.array(
        [[q @ d / (np.linalg.norm(q) * np.linalg.norm(d)) for d in donors.astype(float)] for q in queries.astype(float)]
    )


def vectors(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_sparsemax_by_hand():
    # τ of (0.5, 0.3, −0.4): with two entries (0.8 − 1) / 2 = −0.1, and −0.4 < −0.1 stays out.
    assert sparsemax(np.array([[0.5, 0.3, -0.4]])) == pytest.approx(np.array([[0.6, 0.4, 0.0]]))
    assert sparsemax(np.array([[2.0, 0.0]])) == pytest.approx(np.array([[1.0, 0.0]]))
    assert sparsemax(np.array([[0.7, 0.7, 0.7]])) == pytest.approx(np.full((1, 3), 1 / 3))


@given(ROWS, st.integers(0, 99))
def test_sparsemax_is_the_projection_on_the_simplex(rows, seed):
    found = sparsemax(rows)
    assert found.min() >= 0
    assert found.sum(axis=1) == pytest.approx(1)
    others = np.random.default_rng(seed).dirichlet(np.full(rows.shape[1], 0.5), size=(20, len(rows)))
    # The projection p of z is the one point with (z − p)·(q − p) ≤ 0 for every q of the simplex.
    assert (((rows - found) * (others - found)).sum(axis=2) <= 1e-9).all()


@given(ROWS)
def test_sparsemax_does_not_depend_on_a_shift(rows):
    assert sparsemax(rows + 7) == pytest.approx(sparsemax(rows), abs=1e-9)


@pytest.mark.parametrize("donors", [1, 7, 1023, 1024, 1025, 5000])
def test_sparsemax_weights_equal_the_definition(donors):
    queries, pool = vectors(1, 6, 5), vectors(2, donors, 5)
    found = sparsemax_weights(queries, pool).toarray()
    assert found == pytest.approx(sparsemax(cosines(queries, pool)), abs=1e-5)
    assert found.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("donors", [1, 3, 1024, 3000])
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_softmax_weights_equal_the_definition(donors, temperature):
    queries, pool = vectors(3, 5, 8), vectors(4, donors, 8)
    found = softmax_weights(queries, pool, neighbours=10, temperature=temperature).toarray()
    for row, all_of_row in zip(found, cosines(queries, pool), strict=True):
        nearest = np.argsort(-all_of_row)[:10]
        expected = np.zeros(donors)
        expected[nearest] = np.exp(all_of_row[nearest] / temperature) / np.exp(all_of_row[nearest] / temperature).sum()
        assert row == pytest.approx(expected, abs=1e-4)


def test_softmax_with_a_tiny_temperature_does_not_overflow():
    # The reference implementations of WECHSEL and OFA do not subtract the maximum: exp(1 / 0.001) is infinite, the row NaN.
    found = softmax_weights(vectors(5, 3, 4), vectors(5, 3, 4), neighbours=2, temperature=1e-3).toarray()
    assert found == pytest.approx(np.eye(3), abs=1e-6)


def test_of_equal_donors_the_first_ones_have_weight():
    same = np.ones((2000, 3), np.float32)
    found = softmax_weights(np.ones((1, 3), np.float32), same, neighbours=4, temperature=0.1)
    assert found.indices.tolist() == [0, 1, 2, 3]
    assert found.data == pytest.approx(0.25)
    assert sparsemax_weights(np.ones((1, 3), np.float32), same).toarray() == pytest.approx(np.full((1, 2000), 1 / 2000))


def test_zeros_neither_ask_nor_give():
    queries = np.array([[0, 0], [1, 0]], np.float32)
    donors = np.array([[0, 0], [1, 1], [-1, 0]], np.float32)
    for found in (sparsemax_weights(queries, donors), softmax_weights(queries, donors, neighbours=3, temperature=0.1)):
        assert found.shape == (2, 3)
        assert found[[0]].nnz == 0
        assert found.toarray()[1, 0] == 0
        assert found.toarray()[1].sum() == pytest.approx(1)
    assert sparsemax_weights(queries, np.zeros((4, 2), np.float32)).nnz == 0
    assert sparsemax_weights(np.zeros((0, 2), np.float32), donors).shape == (0, 3)


@settings(max_examples=20)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 5))
def test_blocks_do_not_change_the_weights(queries, donors, seed):
    asking, giving = vectors(seed, queries, 3), vectors(seed + 1, donors, 3)
    whole = sparsemax_weights(asking, giving).toarray()
    before = similarity._BLOCK_ENTRIES
    try:
        similarity._BLOCK_ENTRIES = 7
        assert sparsemax_weights(asking, giving).toarray() == pytest.approx(whole, abs=1e-5)
    finally:
        similarity._BLOCK_ENTRIES = before
