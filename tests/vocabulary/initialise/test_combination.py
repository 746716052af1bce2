"""Weighted sums of old rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from initialise_tasks import grown, task_of, unigram
from pydantic import TypeAdapter
from scipy.sparse import csr_array, random_array

from panglot.vocabulary.initialise.combination import Combination, averages, combine
from panglot.vocabulary.initialise.methods import Initialise
from panglot.vocabulary.initialise.random import Random

OLD = unigram({"▁a": -1.0, "b": -2.0, "ខ": -3.0})


class Given(Combination):
    method: str = "given"
    rows_of_weights: list[list[float]]

    def weights(self, task):
        return csr_array(np.array(self.rows_of_weights))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(1, 80), st.integers(1, 6), st.floats(0, 1), st.integers(0, 99))
def test_combine_is_the_product(targets, rows, width, density, seed):
    random = np.random.default_rng(seed)
    weights = csr_array(random_array((targets, rows), density=density, rng=random))
    matrix = random.normal(size=(rows, width)).astype(np.float32)
    found = combine(weights, matrix)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, weights.toarray() @ matrix.astype(float), rtol=1e-5, atol=1e-6)


def test_combine_over_many_blocks_is_the_product():
    random = np.random.default_rng(0)
    weights = csr_array(random_array((9000, 40_000), density=2e-4, rng=random))
    matrix = random.normal(size=(40_000, 3)).astype(np.float32)
    np.testing.assert_allclose(combine(weights, matrix), weights @ matrix.astype(float), rtol=1e-5, atol=1e-6)


def test_targets_without_weights_are_drawn_and_counted():
    task = task_of(grown(OLD, ["ខ្មែរ", "ລາວ", "ߒߞߏ"]))
    rows = Given(rows_of_weights=[[0, 0.5, 0.5, 0], [0, 0, 0, 0], [0, 0, 0, 1]]).rows(task)
    drawn = Random().rows(task)
    for role, found in rows.items():
        old = task.old(role)
        np.testing.assert_allclose(found[0], (old[1] + old[2]) / 2, rtol=1e-5)
        np.testing.assert_array_equal(found[1], drawn[role][1])
        np.testing.assert_array_equal(found[2], old[3])
    assert task.figures == {"combined": 2, "drawn": 1}


def test_it_is_told_where_most_rows_are_drawn():
    change = grown(OLD, ["ខ្មែរ", "ລາວ", "ߒߞߏ"])
    one, two = task_of(change), task_of(change)
    Given(rows_of_weights=[[0, 0.5, 0.5, 0], [0] * 4, [0, 0, 0, 1]]).rows(one)
    Given(rows_of_weights=[[0] * 4, [0] * 4, [0, 0, 0, 1]]).rows(two)
    assert not one.notes
    assert two.notes == ["Nothing is known of 2 of 3 new tokens: their rows were drawn around the old ones."]


def test_a_drawn_row_does_not_depend_on_which_others_are_drawn():
    change = grown(OLD, ["ខ្មែរ", "ລາວ"])
    both = Given(rows_of_weights=[[0] * 4, [0] * 4]).rows(task_of(change))
    one = Given(rows_of_weights=[[1, 0, 0, 0], [0] * 4]).rows(task_of(change))
    np.testing.assert_array_equal(both["input"][1], one["input"][1])


@given(st.lists(st.lists(st.integers(0, 5), max_size=5), max_size=8))
def test_averages_sum_to_one_or_nothing(groups):
    found = averages(groups, 6).toarray()
    for row, group in zip(found, groups, strict=True):
        expected = np.bincount(group, minlength=6) / max(len(group), 1) if group else np.zeros(6)
        np.testing.assert_allclose(row, expected)


@pytest.mark.parametrize(
    "name",
    ["random", "mean", "noisy_mean", "multivariate", "subword_mean", "merge_tree", "align", "convex_hull", "transmi"],
)
def test_a_method_is_said_by_its_name(name):
    adapter = TypeAdapter(Initialise)
    assert adapter.validate_python(name) == adapter.validate_python({"method": name})
    assert adapter.dump_python(adapter.validate_python(name), mode="json")["method"] == name


@pytest.mark.parametrize("said", ["fokus", {"method": "mean", "scale": 1}, {"method": "multivariate", "scale": float("nan")}])
def test_what_is_no_method_is_refused(said):
    with pytest.raises(ValueError, match=r"method|scale"):
        TypeAdapter(Initialise).validate_python(said)
