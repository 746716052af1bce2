"""F1 of one label, and exact match over groups, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.evaluation.metrics import find
from panglot.evaluation.metrics.grouped import GroupMatch
from panglot.evaluation.significance import interval

PAIRS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=30)


@given(PAIRS)
def test_f1_is_that_of_scikit_learn(pairs):
    metrics = pytest.importorskip("sklearn.metrics")
    said, right, _ = zip(*pairs, strict=True)
    expected = metrics.f1_score(right, said, zero_division=0.0)
    assert find("positive_f1").corpus(said, right) == pytest.approx(expected)


@given(PAIRS)
def test_a_group_is_right_where_all_its_items_are(pairs):
    said, right, groups = zip(*pairs, strict=True)
    expected = np.mean([all(a == b for a, b, c in pairs if c == group) for group in set(groups)])
    metric = GroupMatch(groups)
    assert metric.corpus(said, right) == pytest.approx(expected)
    assert metric.statistics(said, right)[:, 1].sum() == len(set(groups))


def test_by_hand_as_multirc_is_scored():
    # three questions of 3, 2 and 1 answers: of the 4 answers said to be right 3 are, and 4 are right
    groups = [("p", 1), ("p", 1), ("p", 1), ("p", 2), ("p", 2), ("q", 1)]
    said, right = [1, 1, 0, 0, 1, 1], [1, 1, 0, 1, 0, 1]
    assert find("positive_f1").corpus(said, right) == pytest.approx(0.75)
    assert find("group_match", groups=groups).corpus(said, right) == pytest.approx(2 / 3)
    # the harness' accuracy over answers is neither
    assert find("accuracy").corpus(said, right) == pytest.approx(4 / 6)


def test_an_output_that_is_no_label_is_wrong_and_not_a_yes():
    assert find("positive_f1").corpus([-1, 1], [1, 1]) == pytest.approx(2 / 3)
    assert find("group_match", groups=["a", "a"]).corpus([-1, 1], [0, 1]) == 0.0


def test_groups_are_what_is_resampled():
    metric = GroupMatch(["a"] * 50 + ["b"] * 50)
    low, high = interval(metric, metric.statistics([1] * 100, [1] * 50 + [0] * 50), seed=1)
    assert low < 0.25 and high > 0.75
    with pytest.raises(InputError, match="groups of 100 items, and there are 2"):
        metric.statistics([1, 1], [1, 1])
