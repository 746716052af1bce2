from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from panglot.evaluation.statistics import (
    bootstrap_mean,
    generator,
    holm,
    mcnemar_exact,
    paired_bootstrap,
    paired_randomisation,
    resampled_means,
    wilson,
)

halves = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=30)


@given(st.integers(1, 300), st.data())
def test_wilson_equals_scipy(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    expected = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 3), (4, 3)])
def test_wilson_refuses_what_is_no_proportion(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(successes, n)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_equals_the_binomial_test(better: int, worse: int) -> None:
    expected = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert mcnemar_exact(better, worse) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_with_many_items_stays_finite() -> None:
    assert mcnemar_exact(50_300, 49_700) == pytest.approx(stats.binomtest(50_300, 100_000).pvalue, rel=1e-6)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=9))
def test_randomisation_equals_the_enumeration_of_all_signs(differences: list[float]) -> None:
    sums = [
        abs(sum(sign * each for sign, each in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    expected = np.mean([each >= abs(sum(differences)) for each in sums])
    assert paired_randomisation(differences, generator(0)) == pytest.approx(expected)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=50))
def test_randomisation_of_right_and_wrong_is_mcnemar(differences: list[float]) -> None:
    expected = mcnemar_exact(differences.count(1.0), differences.count(-1.0))
    assert paired_randomisation(differences, generator(0)) == expected


def test_sampled_randomisation_agrees_with_scipy() -> None:
    differences = np.random.default_rng(3).normal(0.3, 1, size=40)
    expected = stats.permutation_test(
        (differences,),
        lambda x, axis: x.sum(axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    ).pvalue
    assert paired_randomisation(differences, generator(0)) == pytest.approx(expected, abs=0.015)


def test_randomisation_beyond_the_exact_range_is_sampled() -> None:
    differences = np.array([0.5, -0.5] * 12_000 + [1.0, -1.0] * 6_000)
    assert paired_randomisation(differences, generator(0), resamples=200) == 1.0


p_values = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(p_values)
def test_holm_is_never_below_the_raw_value_and_keeps_the_order(raw: list[float]) -> None:
    adjusted = holm(raw)
    assert (adjusted >= raw).all()
    assert (adjusted <= 1).all()
    order = np.argsort(raw, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


@given(p_values)
def test_holm_rejects_what_the_step_down_rule_rejects(raw: list[float]) -> None:
    rejected = set()
    for step, at in enumerate(sorted(range(len(raw)), key=lambda at: raw[at])):
        if raw[at] * (len(raw) - step) > 0.05:
            break
        rejected.add(at)
    assert set(np.flatnonzero(holm(raw) <= 0.05)) == rejected


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]).size == 0


@pytest.mark.parametrize("raw", [[-0.1], [1.1], [float("nan")]])
def test_holm_refuses_what_is_no_p_value(raw: list[float]) -> None:
    with pytest.raises(ValueError, match="p-values"):
        holm(raw)


@settings(max_examples=50)
@given(st.data())
def test_swapping_the_systems_mirrors_everything(data: st.DataObject) -> None:
    a = np.array(data.draw(halves))
    b = np.array(data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=a.size, max_size=a.size)))
    one, other = (paired_bootstrap(*pair, generator(5), resamples=500) for pair in ((a, b), (b, a)))
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low), abs=1e-12)
    assert one.p_value == other.p_value


def test_swapping_systems_with_several_runs_mirrors_everything() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random((3, 40)), rng.random((2, 40))
    one, other = (paired_bootstrap(*pair, generator(5), resamples=500) for pair in ((a, b), (b, a)))
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low), abs=1e-12)
    assert one.p_value == pytest.approx(other.p_value)


@given(halves)
def test_an_interval_holds_its_value_and_stays_in_bounds(values: list[float]) -> None:
    low, high = bootstrap_mean(values, generator(1), resamples=300)
    assert 0 <= low <= np.mean(values) <= high <= 1


@pytest.mark.parametrize("size", [9, 200])
def test_both_ways_of_resampling_have_the_bootstraps_moments(size: int) -> None:
    values = np.random.default_rng(0).choice([0.0, 0.5, 1.0, 0.25], size=size)
    means = resampled_means(values, 20_000, generator(0))
    assert means.mean() == pytest.approx(values.mean(), abs=0.006)
    assert means.std() == pytest.approx(values.std() / np.sqrt(size), rel=0.03)


def test_an_interval_equals_scipys_bootstrap_where_there_are_many_items() -> None:
    rng = np.random.default_rng(4)
    after, before = rng.random(2000), rng.random(2000)
    ours = paired_bootstrap(after, before, generator(0))
    theirs = stats.bootstrap((after - before,), np.mean, n_resamples=5000, method="percentile", rng=rng).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.002)


def test_equal_systems_have_an_interval_that_is_not_a_point() -> None:
    found = paired_bootstrap([1.0] * 120, [1.0] * 120, generator(0))
    assert found.value == 0
    assert found.p_value == 1
    assert -0.04 < found.low < -0.01
    assert 0.01 < found.high < 0.04


def test_a_perfect_score_has_an_interval_that_is_not_a_point() -> None:
    low, high = bootstrap_mean([1.0] * 120, generator(0))
    assert 0.96 < low < 0.99
    assert high == 1


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0, 0.0]), ([], []), ([float("nan")], [1.0])])
def test_what_is_not_paired_numbers_is_refused(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match="items"):
        paired_bootstrap(a, b, generator(0))


def coverage(hits: list[bool]) -> float:
    return float(np.mean(hits))


@pytest.mark.parametrize(("n", "accuracy"), [(30, 0.6), (120, 0.6), (120, 0.95), (120, 0.995), (120, 0.01)])
def test_the_bootstrap_of_a_mean_of_two_directions_covers(n: int, accuracy: float) -> None:
    rng, hits = np.random.default_rng(11), []
    for _ in range(600):
        values = (rng.random((2, n)) < accuracy).mean(axis=0)
        low, high = bootstrap_mean(values, rng, resamples=800)
        hits.append(low <= accuracy <= high)
    assert coverage(hits) >= 0.925


@pytest.mark.parametrize(("n", "gained", "lost"), [(40, 0.3, 0.1), (120, 0.35, 0.03), (120, 0.03, 0.0), (120, 0.005, 0.005)])
def test_the_paired_bootstrap_covers(n: int, gained: float, lost: float) -> None:
    rng, hits = np.random.default_rng(12), []
    for _ in range(600):
        drawn = rng.choice([1.0, -1.0, 0.0], p=[gained, lost, 1 - gained - lost], size=n)
        after, before = (drawn > 0).astype(float), (drawn < 0).astype(float)
        found = paired_bootstrap(after, before, rng, resamples=800)
        hits.append(found.low <= gained - lost <= found.high)
    assert coverage(hits) >= 0.925


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.2])
def test_an_interval_over_three_runs_covers_items_and_runs(spread: float) -> None:
    rng, hits = np.random.default_rng(13), []
    for _ in range(400):
        chances = np.clip(0.7 + spread * rng.normal(size=(3, 1)), 0, 1)
        after = (rng.random((3, 120)) < chances).astype(float)
        before = (rng.random((1, 120)) < 0.5).astype(float)
        found = paired_bootstrap(after, before, rng, resamples=500)
        truth = np.clip(0.7 + spread * np.random.default_rng(0).normal(size=100_000), 0, 1).mean() - 0.5
        hits.append(found.low <= truth <= found.high)
    assert coverage(hits) >= 0.925


def test_items_alone_would_not_cover_runs_that_differ() -> None:
    rng, hits = np.random.default_rng(13), []
    for _ in range(200):
        after = (rng.random((3, 120)) < 0.7 + 0.1 * rng.normal(size=(3, 1))).astype(float)
        low, high = bootstrap_mean(after.mean(axis=0), rng, resamples=300)
        hits.append(low <= 0.7 <= high)
    assert coverage(hits) < 0.8


def test_p_values_are_uniform_under_the_null() -> None:
    rng = np.random.default_rng(14)
    found = [paired_randomisation(rng.normal(size=30), rng, resamples=400) for _ in range(500)]
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_exact_p_values_are_never_too_small_under_the_null() -> None:
    rng = np.random.default_rng(15)
    found = np.array(
        [paired_bootstrap(*(rng.random((2, 2, 60)) < 0.6).mean(axis=1), rng, resamples=50).p_value for _ in range(500)]
    )
    for level in (0.01, 0.05, 0.1, 0.5):
        assert np.mean(found <= level) <= level + 2.6 * np.sqrt(level * (1 - level) / 500)
    assert np.mean(found <= 0.5) > 0.35


def test_equal_seeds_give_equal_figures_and_labels_separate_them() -> None:
    values = np.random.default_rng(0).random(50)
    assert bootstrap_mean(values, generator(1, "a")) == bootstrap_mean(values, generator(1, "a"))
    assert bootstrap_mean(values, generator(1, "a")) != bootstrap_mean(values, generator(1, "b"))
    assert bootstrap_mean(values, generator(1, "ab")) != bootstrap_mean(values, generator(1, "a", "b"))
