"""Amounts of training, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.training.budget import Budget, parse_budget, steps_of


@pytest.mark.parametrize(
    ("said", "amount", "unit"),
    [
        ("2h", 7200, "seconds"), ("1h30m", 5400, "seconds"), ("90 min", 5400, "seconds"), ("1 day 2 hours", 93600, "seconds"),
        ("50M-tokens", 50e6, "tokens"), ("50m tokens", 50e6, "tokens"), ("1.5B tokens", 1.5e9, "tokens"),
        ("3 epochs", 3, "epochs"), ("0.5 epoch", 0.5, "epochs"),
        ("1000 steps", 1000, "steps"), ("2k steps", 2000, "steps"), ("200MB", 200e6, "bytes"),
        ("10min", 600, "seconds"), ("1 step", 1, "steps"),
    ],
)  # fmt: skip
def test_what_people_write(said, amount, unit):
    assert parse_budget(said) == Budget(amount, unit)


@pytest.mark.parametrize("said", ["", "fast", "2", "2 parsecs", "h", "-1h", "1h and more", "0 steps", "M tokens", "1h 5"])
def test_what_is_no_amount(said):
    with pytest.raises(ValueError, match="no amount of training|leaves nothing"):
        parse_budget(said)


@given(st.integers(1, 10**6), st.sampled_from(["steps", "epochs", "tokens", "seconds"]))
def test_any_number_of_a_unit(number, unit):
    assert parse_budget(f"{number} {unit}") == Budget(number, unit)


def test_steps_by_hand():
    given = {"step_bytes": 1000, "text_bytes": 2500, "bytes_a_token": 4.0, "seconds_a_step": 0.5}
    assert steps_of(Budget(7, "steps"), **given) == 7
    assert steps_of(Budget(2, "epochs"), **given) == 5
    # 1,001 tokens are 4,004 bytes: four steps do not hold them
    assert steps_of(Budget(1001, "tokens"), **given) == 5
    assert steps_of(Budget(3000, "bytes"), **given) == 3
    # a time is not exceeded, but there is one step at least
    assert steps_of(Budget(1.4, "seconds"), **given) == 2
    assert steps_of(Budget(0.1, "seconds"), **given) == 1
