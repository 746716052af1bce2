"""pass@k against a hand computation, enumeration and the biased estimator that it replaces."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.evaluation import metrics
from panglot.evaluation.metrics.registry import of_statistics


def test_by_hand():
    # 5 programs, 2 pass: C(3, 2) / C(5, 2) = 3 / 10 of the pairs have none
    assert metrics.find("pass@2").corpus([(5, 2)], [None]) == pytest.approx(0.7)
    assert metrics.find("pass@1").corpus([(5, 2), (1, 1), (1, 0)], [None] * 3) == pytest.approx((0.4 + 1 + 0) / 3)


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_it_is_the_share_of_all_sets_of_k(case):
    n, passed, k = case
    sets = [any(at < passed for at in chosen) for chosen in combinations(range(n), k)]
    assert metrics.find(f"pass@{k}").corpus([(n, passed)], [None]) == pytest.approx(sum(sets) / len(sets))


def test_it_is_unbiased_where_the_plug_in_is_not():
    chance, n, k = 0.3, 6, 4
    draws = np.random.default_rng(0).binomial(n, chance, 40_000)
    wanted = 1 - (1 - chance) ** k
    assert metrics.find("pass@4").corpus([(n, int(c)) for c in draws], [None] * len(draws)) == pytest.approx(wanted, abs=0.005)
    assert float((1 - (1 - draws / n) ** k).mean()) < wanted - 0.02


def test_large_numbers_stay_exact():
    # as floats the binomial coefficients would overflow
    assert metrics.find("pass@500").corpus([(2000, 1)], [None]) == pytest.approx(0.25)


@pytest.mark.parametrize(("metric", "pair"), [("pass@3", (2, 1)), ("pass@1", (2, 3)), ("pass@1", (0, 0))])
def test_what_cannot_be_said_is_refused(metric, pair):
    with pytest.raises(InputError, match="item 0"):
        metrics.find(metric).corpus([pair], [None])


def test_finished_runs_are_compared_by_its_name():
    assert of_statistics("pass@10").name == "pass@10"
    assert of_statistics("pass@10").value([[3.0, 4.0]]).tolist() == [0.75]
