"""Intervals and tests of differences of corpus values: by hand, by brute force, and what peers get wrong."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.evaluation.metrics import find
from panglot.evaluation.metrics.metric import Metric
from panglot.evaluation.metrics.registry import KnownMean, of_statistics
from panglot.evaluation.significance import Finding, interval, minimum_detectable, paired, power_note, randomisation
from panglot.evaluation.significance.power import standard_error_of_accuracy
from panglot.evaluation.significance.resampling import Sums, bootstrap_counts, signs
from panglot.evaluation.statistics import Floats, mcnemar_exact, paired_bootstrap, paired_randomisation, wilson

F1 = of_statistics("span_f1")
TEXTS = ["the cat sat on the mat", "a dog", "birds fly over the sea", "no", "she reads books by night"]


def counts(draw: np.random.Generator, n: int, skill: float) -> Floats:
    """Span statistics of a tagger: said, wanted, right."""
    wanted = np.random.default_rng(n).poisson(2, n)
    right = draw.binomial(wanted, skill)
    return np.stack([right + draw.poisson(0.6, n), wanted, right], axis=1).astype(float)


def one(metric: Metric, first: Floats, second: Floats, seed: int = 0, resamples: int = 2000) -> Finding:
    return paired(metric, {"x": (first, second)}, seed=seed, resamples=resamples)["x"]


@pytest.mark.parametrize("n", [4, 8])
def test_the_randomisation_test_of_f1_is_that_of_all_swaps(n: int) -> None:
    draw = np.random.default_rng(1)
    first, second = counts(draw, n, 0.9), counts(draw, n, 0.4)
    observed = abs(float(F1.value(first.sum(axis=0)) - F1.value(second.sum(axis=0))))
    swaps = np.array(list(product([True, False], repeat=n)))
    left = np.where(swaps[..., None], first, second).sum(axis=1)
    right = np.where(swaps[..., None], second, first).sum(axis=1)
    expected = np.mean(np.abs(F1.value(left) - F1.value(right)) >= observed - 1e-9)
    assert one(F1, first, second, resamples=20_000).p_value == pytest.approx(expected, abs=0.012)


def test_the_value_is_that_of_the_corpus_and_no_mean_of_sentences() -> None:
    metric = find("chrf++")
    first, second = (metric.statistics(said, TEXTS) for said in (TEXTS, [*TEXTS[:2], "x", "yes", "she reads"]))
    corpus = metric.value(first.sum(axis=0)) - metric.value(second.sum(axis=0))
    assert one(metric, first, second).value == pytest.approx(corpus)
    assert abs(corpus - (metric.value(first) - metric.value(second)).mean()) > 1


@pytest.mark.parametrize("name", ["span_f1", "chrf++", "pearson", "spearman", "token_f1", "accuracy", "ece"])
def test_swapping_the_systems_negates_all_but_the_p_value(name: str) -> None:
    draw = np.random.default_rng(3)
    if name == "chrf++":
        first, second = (find(name).statistics([*said, *TEXTS], TEXTS * 2) for said in (TEXTS[::-1], ["the cat"] * 5))
    elif name in ("pearson", "spearman"):
        truth = draw.normal(size=40)
        first, second = (find(name).statistics(truth + draw.normal(size=40) * noise, truth) for noise in (0.5, 2))
    elif name == "ece":
        said = draw.dirichlet([1, 1, 1], size=(2, 40))
        first, second = (find(name).statistics(each.tolist(), draw.integers(0, 3, 40)) for each in said)
    elif name == "span_f1":
        first, second = counts(draw, 40, 0.8), counts(draw, 40, 0.6)
    else:
        values = draw.random((2, 40)) if name == "token_f1" else draw.integers(0, 2, (2, 40))
        first, second = (np.stack([each, np.ones(40)], axis=1) for each in values)
    metric = of_statistics(name)
    there, back = one(metric, first, second), one(metric, second, first)
    assert there.value == pytest.approx(-back.value)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.p_value == back.p_value and there.standard_error == back.standard_error
    assert there.low <= there.value <= there.high
    same = one(metric, first, first)
    assert same.value == 0 and same.p_value == 1 and same.low == pytest.approx(-same.high) and same.low < 0


def test_right_and_wrong_are_tested_by_mcnemar_and_paired() -> None:
    # 30 items better, 10 worse, of 400: an unpaired test of two proportions (z = 1.5) sees nothing
    better, worse, n = 30, 10, 400
    second = np.repeat([0.0, 1.0, 1.0, 0.0], [better, worse, 180, n - better - worse - 180])
    first = np.repeat([1.0, 0.0, 1.0, 0.0], [better, worse, 180, n - better - worse - 180])
    rows = [np.stack([each, np.ones(n)], axis=1) for each in (first, second)]
    found = one(find("accuracy"), *rows)
    assert found.p_value == mcnemar_exact(better, worse) < 0.003
    shares = first.mean(), second.mean()
    pooled = np.mean(shares)
    assert (shares[0] - shares[1]) / np.sqrt(2 * pooled * (1 - pooled) / n) < 1.96
    assert found.value == pytest.approx(0.05)


def test_a_mean_of_values_is_tested_as_by_the_module_for_means() -> None:
    draw = np.random.default_rng(5)
    values = draw.random((2, 150)) ** [[1.0], [1.4]]
    rows = [np.stack([each, np.ones(150)], axis=1) for each in values]
    found = one(KnownMean("mrr"), *rows, resamples=10_000)
    expected = paired_bootstrap(*values, np.random.default_rng(6))
    assert found.value == pytest.approx(expected.value)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.006)
    randomised = paired_randomisation(values[0] - values[1], np.random.default_rng(7))
    assert found.p_value == pytest.approx(randomised, abs=0.02)


def test_the_standard_error_is_one_and_not_1_96_of_them() -> None:
    draw = np.random.default_rng(8)
    values = draw.random((2, 2000))
    rows = [np.stack([each, np.ones(2000)], axis=1) for each in values]
    found = one(KnownMean("x"), *rows, resamples=5000)
    difference = values[0] - values[1]
    assert found.standard_error == pytest.approx(difference.std() / np.sqrt(2000), rel=0.05)
    assert found.effect == pytest.approx(difference.mean() / difference.std(), rel=0.05)
    assert found.high - found.low == pytest.approx(2 * 1.96 * found.standard_error, rel=0.06)


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "span_f1", "chrf++", "bleu", "cer", "rougeL", "pearson", "brier"])
def test_five_items_on_which_all_agree_have_a_wide_interval(name: str) -> None:
    inputs: dict[str, tuple[list[object], list[object]]] = {
        "accuracy": ([0, 1, 1, 0, 1],) * 2, "macro_f1": ([0, 1, 1, 0, 1],) * 2, "span_f1": ([["B-A", "O"]] * 5,) * 2,
        "pearson": ([1.0, 2.0, 3.0, 4.0, 5.0],) * 2, "brier": ([[1.0, 0.0]] * 5, [0] * 5),
    }  # fmt: skip
    metric = find(name)
    rows = metric.statistics(*inputs.get(name, (TEXTS, TEXTS)))
    low, high = metric.bounds or (0.0, 1.0)
    found, alone = one(metric, rows, rows), interval(metric, rows, seed=0, resamples=2000)
    assert found.high - found.low > 0.2 * (high - low)
    assert alone.high - alone.low > 0.15 * (high - low)
    assert alone.low <= metric.value(rows.sum(axis=0)) <= alone.high


def test_intervals_of_one_system() -> None:
    accuracy = find("accuracy")
    assert interval(accuracy, accuracy.statistics([1] * 8 + [0] * 2, [1] * 10), seed=0) == wilson(8, 10)
    draw = np.random.default_rng(9)
    rows = counts(draw, 300, 0.7)
    low, high = interval(F1, rows, seed=0)
    oracle = [F1.value(rows[draw.integers(0, 300, 300)].sum(axis=0)) for _ in range(4000)]
    assert (low, high) == pytest.approx(np.percentile(oracle, [2.5, 97.5]), abs=0.006)


def test_several_runs_widen_the_interval_by_their_spread() -> None:
    draw = np.random.default_rng(10)
    runs = [np.stack([counts(draw, 200, skill) for skill in skills]) for skills in ((0.75, 0.75, 0.75), (0.5, 0.75, 0.95))]
    base = counts(draw, 200, 0.5)
    steady, shaky = (one(F1, each, base) for each in runs)
    assert steady.value == pytest.approx(np.mean([F1.value(each.sum(axis=0)) for each in runs[0]]) - F1.value(base.sum(axis=0)))
    assert shaky.high - shaky.low > 2 * (steady.high - steady.low)
    assert steady.p_value < 0.01 < 0.05 < shaky.p_value


@given(st.integers(0, 2**31), st.integers(2, 30))
@settings(max_examples=15, deadline=None)
def test_sums_are_products_whatever_is_shared(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    groups = [[draw.integers(0, 5, (n, 4)).astype(float) for _ in range(2)] for _ in range(3)]
    groups[0][1][:, 1] = groups[0][0][:, 1]
    groups[2][0][:, 0] = 0
    if seed % 2:
        groups[1][0] += 0.25
    weights = next(bootstrap_counts(n, 6, seed))
    for group, found in zip(groups, Sums(groups).of(weights), strict=True):
        assert found == pytest.approx(np.stack([weights @ each for each in group], axis=1))
    pseudo = [draw.random((2, 2, 4)) for _ in groups]
    weights = next(bootstrap_counts(n + 2, 6, seed))
    for group, few, found in zip(groups, pseudo, Sums(groups, pseudo).of(weights), strict=True):
        longer = [np.concatenate([each, few[:, at]]) for at, each in enumerate(group)]
        assert found == pytest.approx(np.stack([weights @ each for each in longer], axis=1))


def test_draws_are_the_same_for_the_same_seed_and_other_for_another() -> None:
    first, again, other = (np.concatenate(list(signs(17, 2500, seed))) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()
    assert abs(first.mean()) < 0.01
    drawn = np.concatenate(list(bootstrap_counts(17, 2500, 1)))
    assert (drawn.sum(axis=1) == 17).all() and drawn.mean(axis=0) == pytest.approx(np.ones(17), abs=0.1)


def test_what_else_is_compared_changes_nothing() -> None:
    draw = np.random.default_rng(11)
    pairs = {name: (counts(draw, 30, 0.8), counts(draw, 30, 0.6)) for name in ("a", "b")}
    pairs["other n"] = (counts(draw, 31, 0.8), counts(draw, 31, 0.6))
    every = paired(F1, pairs, seed=4, resamples=500)
    assert all(paired(F1, {key: pair}, seed=4, resamples=500)[key] == every[key] for key, pair in pairs.items())


@pytest.mark.parametrize("name", ["span_f1", "accuracy"])
def test_p_values_alone_are_those_of_the_whole(name: str) -> None:
    draw = np.random.default_rng(13)
    pairs = {at: (counts(draw, 30, 0.8), counts(draw, 30, 0.7)) for at in range(3)}
    if name == "accuracy":
        pairs = {at: (draw.integers(0, 2, (30, 1)) * [[1, 0]] + [[0, 1]], np.ones((30, 2))) for at in range(3)}
    whole = paired(of_statistics(name), pairs, seed=4, resamples=500)
    alone = randomisation(of_statistics(name), pairs, seed=4, resamples=500)
    assert alone == {key: each.p_value for key, each in whole.items()}
    with pytest.raises(ValueError, match="several"):
        randomisation(F1, {"x": (np.ones((2, 3, 3)), np.ones((3, 3)))}, seed=0)


def test_unequal_items_are_refused() -> None:
    with pytest.raises(ValueError, match="same items"):
        one(F1, np.ones((3, 3)), np.ones((4, 3)))
    with pytest.raises(ValueError, match="finite"):
        one(F1, np.full((3, 3), np.nan), np.ones((3, 3)))


def test_a_detectable_difference_is_detected_in_four_of_five_sets() -> None:
    n, disagreement = 400, 0.2
    gap = minimum_detectable(standard_error_of_accuracy(n, disagreement))
    draw = np.random.default_rng(12)
    found = 0
    for better, worse, _ in draw.multinomial(n, [(disagreement + gap) / 2, (disagreement - gap) / 2, 1 - disagreement], 1000):
        found += mcnemar_exact(int(better), int(worse)) <= 0.05
    assert found / 1000 == pytest.approx(0.8, abs=0.05)


def test_the_warning_about_power_is_exact() -> None:
    for languages, needed in ((1, 6), (60, 12)):
        assert mcnemar_exact(needed, 0) <= 0.05 / languages < mcnemar_exact(needed - 1, 0)
        assert power_note(needed, languages=languages) is None
        assert f"{needed} are needed" in (power_note(needed - 1, languages=languages) or "")
