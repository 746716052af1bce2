from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from panglot.models.token_batches import batches_by_tokens, runs_of_equal

lengths = st.lists(st.integers(1, 512), max_size=80)


@given(lengths, st.integers(1, 600), st.booleans())
def test_every_text_once_within_the_budget(lengths, budget, padded):
    batches = [each.tolist() for each in batches_by_tokens(lengths, budget, padded=padded)]
    assert sorted(at for each in batches for at in each) == list(range(len(lengths)))
    for each in batches:
        sizes = [lengths[at] for at in each]
        cost = len(sizes) * max(sizes) if padded else sum(sizes)
        assert cost <= budget or len(sizes) == 1
    order = [lengths[at] for each in batches for at in each]
    assert order == sorted(order, reverse=True)


@given(lengths, st.integers(1, 600), st.booleans())
def test_no_two_neighbours_would_fit_in_one(lengths, budget, padded):
    batches = [[lengths[at] for at in each] for each in batches_by_tokens(lengths, budget, padded=padded)]
    for first, second in pairwise(batches):
        both = [*first, second[0]]
        assert (len(both) * max(both) if padded else sum(both)) > budget


def test_by_hand():
    assert [each.tolist() for each in batches_by_tokens([5, 1, 5, 2], 10)] == [[0, 2], [3, 1]]
    assert [each.tolist() for each in batches_by_tokens([5, 1, 4], 10, padded=True)] == [[0, 2], [1]]
    assert batches_by_tokens([], 10) == []


@given(st.lists(st.integers(1, 4), max_size=30))
def test_runs_lay_out_the_values_again(values):
    runs = runs_of_equal(values)
    assert [value for value, count in runs for _ in range(count)] == values
    assert all(first[0] != second[0] for first, second in pairwise(runs))
