"""What may be said of a difference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.report.wording import Difference, headline, headline_decimals, interval, number, over_control, signed

UNIT = st.floats(-1, 1, allow_nan=False)


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (Difference(0.1, 0.01, 0.2, 0.01), "rose"),
        (Difference(0.1, 0.01, 0.2, 0.05), "not shown"),
        (Difference(0.1, 0.01, 0.2, 0.2), "not shown"),
        (Difference(0.1, 0.01, 0.2, float("nan")), "not shown"),
        (Difference(0.1, 0.0, 0.2, 0.01), "not shown"),
        (Difference(0.1, -0.01, 0.2, 0.01), "not shown"),
        (Difference(-0.1, -0.2, -0.01, 0.01), "fell"),
        (Difference(-0.1, -0.2, -0.01, 0.9), "not shown"),
        (Difference(0.1, 0.01, 0.2), "rose"),
        (Difference(0.4), "not shown"),
    ],
)
def test_a_change_is_claimed_only_with_an_interval_that_leaves_out_zero_and_p_below_5_percent(
    difference: Difference, verdict: str
) -> None:
    assert difference.verdict == verdict


@given(UNIT, UNIT, UNIT, st.one_of(st.none(), st.floats(0, 1)))
def test_the_headline_never_claims_more_than_the_verdict(value: float, a: float, b: float, p: float | None) -> None:
    change = Difference(value, min(a, b), max(a, b), p)
    said = headline("Khmer", "retrieval", 0.5, 0.5 + value, change)
    assert (" rose " in said) == (change.verdict == "rose")
    assert (" fell " in said) == (change.verdict == "fell")
    assert said.endswith(".")
    if change.verdict == "not shown":
        assert said.startswith("No ")


def test_without_an_interval_nothing_is_claimed() -> None:
    said = headline("Khmer", "retrieval", 0.5, 0.9, Difference(0.4))
    assert said == "No change in Khmer retrieval can be claimed, as no interval was computed: 0.50 before, 0.90 after (+0.40)."


def test_over_control_words() -> None:
    gain = Difference(0.3, 0.2, 0.4, 0.001)
    assert over_control(gain, Difference(0.02, -0.03, 0.07, 0.5), "C").startswith(
        "No difference from the control, C, was shown"
    )
    assert over_control(gain, Difference(-0.1, -0.2, -0.05, 0.001), "C").startswith("It ends below the control, C, by −0.10")
    assert over_control(gain, Difference(0.4, 0.3, 0.5, 0.001), "C").startswith("Over the control, C, the difference is +0.40")


@given(UNIT, st.integers(1, 4))
def test_signs(value: float, decimals: int) -> None:
    said = signed(value, decimals)
    zero = float(f"{abs(value):.{decimals}f}") == 0
    assert said[0] == ("0" if zero else "+" if value > 0 else "−")
    assert "-" not in said


@given(UNIT, UNIT)
def test_the_figures_of_a_headline_add_up(before: float, after: float) -> None:
    decimals = headline_decimals(before, after, after - before)
    shown = round(after, decimals) - round(before, decimals) - round(after - before, decimals)
    assert abs(shown) <= (0.0011 if decimals == 3 else 0.001)


def test_absent_figures_are_dashes() -> None:
    assert number(None) == signed(None) == interval(None, 0.1) == "–"
