"""Random, mean, noisy mean, multivariate: methods that look at the old rows only."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from initialise_tasks import extended, grown, matrices, task_of, unigram
from shapes import qwen

from panglot.vocabulary.initialise.mean import Mean
from panglot.vocabulary.initialise.multivariate import Multivariate, mean_and_covariance
from panglot.vocabulary.initialise.noisy_mean import NoisyMean
from panglot.vocabulary.initialise.random import Random, draw, moments

METHODS = [Random(), Mean(), NoisyMean(), Multivariate()]
OLD = unigram({"▁a": -1.0, "b": -2.0, "ខ": -3.0})


def small(**more):
    return task_of(grown(OLD, ["ខ្មែរ", "ລາວ", "ߒߞߏ"]), **more)


@pytest.mark.parametrize("method", METHODS, ids=lambda each: each.method)
def test_rows_of_every_role_are_finite_and_equal_in_equal_tasks(method):
    task = small()
    rows = method.rows(task)
    assert {role: found.shape for role, found in rows.items()} == {"input": (3, 12), "output": (3, 12), "bias": (3, 1)}
    again = method.rows(small())
    for role, found in rows.items():
        assert found.dtype == np.float32 and np.isfinite(found).all()
        np.testing.assert_array_equal(found, again[role])


@pytest.mark.parametrize("method", METHODS, ids=lambda each: each.method)
def test_rows_that_only_pad_the_matrix_are_not_looked_at(method):
    # Qwen has more rows than tokens: "the last rows are the new ones" and means over all rows take in what was never trained.
    change = extended(qwen(), 5)
    plain, padded = method.rows(task_of(change)), method.rows(task_of(change, padding=0))
    task = task_of(change)
    task.matrices["input"] = np.concatenate([task.matrices["input"], np.full((200, 12), 1e6, np.float32)])
    np.testing.assert_array_equal(method.rows(task)["input"], plain["input"])
    np.testing.assert_array_equal(plain["input"], padded["input"])


@pytest.mark.parametrize("method", [Random(), NoisyMean(), Multivariate()], ids=lambda each: each.method)
def test_another_seed_gives_other_rows_and_the_head_is_drawn_apart(method):
    rows, others = method.rows(small(seed=1)), method.rows(small(seed=2))
    assert not np.array_equal(rows["input"], others["input"])
    task = small()
    task.matrices["output"] = task.matrices["input"]
    rows = method.rows(task)
    assert not np.array_equal(rows["input"], rows["output"])


def test_a_row_does_not_depend_on_how_many_are_drawn_after_it():
    matrix = matrices(50)["input"]
    np.testing.assert_array_equal(draw(matrix, 20_000, 5)[:7], draw(matrix, 7, 5))


def test_random_draws_have_the_mean_and_deviation_of_each_dimension():
    matrix = (np.random.default_rng(0).normal(size=(400, 3)) * [1, 5, 0] + [0, -3, 2]).astype(np.float32)
    found = draw(matrix, 40_000, 1)
    np.testing.assert_allclose(found.mean(axis=0), matrix.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(found.std(axis=0), matrix.std(axis=0), rtol=0.03)
    assert (found[:, 2] == 2).all()


def test_moments_over_blocks_are_those_of_the_whole():
    matrix = (np.random.default_rng(0).normal(size=(20_001, 2)) + 100).astype(np.float32)
    mean, deviation = moments(matrix)
    np.testing.assert_allclose(mean, matrix.astype(float).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(deviation, matrix.astype(float).std(axis=0), rtol=1e-9)


def test_mean_by_hand():
    task = small()
    task.matrices["input"] = np.array([[0, 4], [2, 0], [4, 0], [6, 0]], np.float32)
    assert Mean().rows(task)["input"].tolist() == [[3, 1]] * 3


def test_noise_has_the_standard_deviation_of_one_over_root_of_the_width():
    task = task_of(grown(OLD, [f"ខ{each}" for each in range(3000)]), width=64)
    noise = NoisyMean().rows(task)["input"] - Mean().rows(task)["input"]
    assert abs(noise.std() * 8 - 1) < 0.02 and abs(noise.mean()) < 0.002
    np.testing.assert_allclose(NoisyMean(scale=0).rows(task)["input"], Mean().rows(task)["input"])


def test_noise_leaves_the_bias_alone():
    task = small()
    np.testing.assert_array_equal(NoisyMean().rows(task)["bias"], Mean().rows(task)["bias"])


def test_multivariate_draws_have_the_covariance_of_the_old_rows():
    mixed = np.random.default_rng(0).normal(size=(4, 4))
    matrix = (np.random.default_rng(1).normal(size=(500, 4)) @ mixed).astype(np.float32)
    task = task_of(grown(OLD, [f"ខ{each}" for each in range(20_000)]), roles=("input",), width=4)
    old = np.concatenate([matrix, matrix])[: task.change.old.size]
    task.matrices["input"] = old
    found = Multivariate(scale=0.25).rows(task)["input"]
    mean, covariance = mean_and_covariance(old)
    np.testing.assert_allclose(np.cov(found.T.astype(float)), 0.25 * covariance, atol=0.05 * covariance.max())
    np.testing.assert_allclose(found.mean(axis=0), mean, atol=0.05)


def test_multivariate_agrees_with_the_distribution_that_transformers_draws_from():
    matrix = np.random.default_rng(1).normal(size=(300, 5)).astype(np.float32)
    mean, covariance = mean_and_covariance(matrix)
    centred = torch.from_numpy(matrix) - torch.from_numpy(matrix).mean(dim=0)
    np.testing.assert_allclose(covariance, (centred.T @ centred / len(matrix)).numpy(), atol=1e-5)
    np.testing.assert_allclose(mean, torch.from_numpy(matrix).mean(dim=0).numpy(), atol=1e-6)


def test_multivariate_still_draws_where_the_covariance_is_singular():
    # transformers gives every new token the same row here, without a word
    task = small(width=40)
    rows = Multivariate(scale=1.0).rows(task)["input"]
    assert len(np.unique(rows, axis=0)) == 3
    old = task.old("input").astype(float)
    outside = rows - old.mean(axis=0)
    span = np.linalg.svd(old - old.mean(axis=0), full_matrices=False)[2][:3]
    np.testing.assert_allclose(outside - outside @ span.T @ span, 0, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.floats(0, 1))
def test_small_scale_stays_near_the_mean(rows, width, scale):
    matrix = np.random.default_rng(rows).normal(size=(rows, width)).astype(np.float32)
    mean, covariance = mean_and_covariance(matrix)
    assert np.isfinite(covariance).all() and (np.diag(covariance) >= 0).all()
    np.testing.assert_allclose(mean, matrix.astype(float).mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(covariance, np.cov(matrix.T.astype(float), bias=True).reshape(width, width), atol=1e-7)
