"""Formulas: which one answers, and which are the same."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.evaluation.formulas import MOST, last_boxed, plain, same, value
from panglot.evaluation.metrics import find
from panglot.evaluation.prompts.answers import parse_formula
from panglot.evaluation.prompts.words import Words

ENGLISH = Words.of("eng_Latn")

# worked out by hand from the rules that MATH publishes; the second of each is the set's own way of writing
BY_THE_RULES = [
    (r"\frac12", r"\frac{1}{2}"),
    (r"\frac1{72}", r"\frac{1}{72}"),
    (r"\tfrac{3}{4}", r"\frac{3}{4}"),
    (r"\dfrac{3}{4}", r"\frac{3}{4}"),
    (r"-\frac13", r"-\frac{1}{3}"),
    ("1/2", r"\frac{1}{2}"),
    ("0.5", r"\frac{1}{2}"),
    (".5", "0.5"),
    (r"{.5}", r"{0.5}"),
    (r"\left(1, 2\right)", "(1,2)"),
    (r"[2, 5)", "[2,5)"),
    (r"12\text{ cm}", "12"),
    (r"12 \text{ cm}^2", "12"),
    (r"\$32", "32"),
    (r"50\%", "50"),
    ("50%", "50"),
    (r"90^\circ", "90"),
    (r"90^{\circ}", "90"),
    ("x=5", "5"),
    ("k = -2", "-2"),
    ("=5", "5"),
    (r"\sqrt3", r"\sqrt{3}"),
    (r"2\sqrt2", r"2\sqrt{2}"),
    (r"10\!000", "10000"),
    ("x^2 + 2 x", "x^2+2x"),
    (r"\\frac{1}{2}", r"\frac{1}{2}"),
    ("3\n", "3"),
]
BEYOND = [
    (r"\frac{72}1", "72"),
    (r"\frac{-2}{3}", r"-\frac23"),
    (r"\frac24", "0.50"),
    ("0.25", r"\frac14"),
    (r"3\frac{1}{2}", "3.5"),
    ("1,234", "1234"),
    (r"1{,}234", "1234"),
    (r"1\,234", "1234"),
    ("$\\frac{1}{2}$.", "1/2"),
    (r"\(7\)", "7"),
    (r"\text{Evelyn}", "Evelyn"),
    (r"5\text{cm}", "5"),
    (r"4\text{ m}\text{ high}", "4"),
    (r"3\text{ and }5", "3 and 5"),
    (r"12\text{ cm}^{2}.", "12"),
    ("٣٫٥", "3.5"),
    ("१/२", r"\frac{1}{2}"),
    ("၁၂", "12"),
    ("−3", "-3"),
    ("3π", r"3\pi"),
    (r"(0.5, \frac42)", r"\left(\frac12,2\right)"),
    (r"\frac{\frac12}{x}", r"\dfrac{\tfrac{1}{2}}{x}"),
]
NOT = [
    ("0.333", r"\frac13"),
    (r"\frac{1}{20}", r"\frac{12}{0}"),
    ("(1,2)", "[1,2]"),
    ("(1,2)", "(2,1)"),
    ("(1,2)", "(1,2,3)"),
    ("1+x", "x+1"),
    ("x_1=5", "5"),
    ("a=b=5", "5"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}12\end{pmatrix}"),
    ("", ""),
    ("", "5"),
    ("5", ""),
    (r"\frac{1}{0}", "0"),
    (r"2x", "2"),
    # the published rule takes all that follows for a unit
    (r"3\text{ and }5", "3"),
    (r"x=1\text{ or }x=2", "1"),
    (r"\leftarrow", "arrow"),
]


@pytest.mark.parametrize(("one", "other"), BY_THE_RULES + BEYOND)
def test_the_same(one, other):
    assert same(one, other) and same(other, one)


@pytest.mark.parametrize(("one", "other"), NOT)
def test_not_the_same(one, other):
    assert not same(one, other) and not same(other, one)


@given(st.fractions(max_denominator=500), st.sampled_from(["0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙"]))
def test_a_fraction_is_its_value_in_any_digits(number, digits):
    table = str.maketrans("0123456789", digits)
    said = rf"\dfrac{{{number.numerator}}}{{{number.denominator}}}".translate(table)
    assert value(plain(said)) == number
    assert same(said, str(number)) and not same(said, str(number + Fraction(1, 501)))


PIECES = [*"\\{}[]()$%^_.,=+-/ 0123xπ", r"\frac", r"\sqrt", r"\text{ ", r"\text{", r"\boxed{", "ي", "٣"]


@given(st.lists(st.sampled_from(PIECES)).map("".join), st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_read(one, other):
    last_boxed(one)
    parse_formula(one, ENGLISH)
    assert same(one, one) is bool(plain(one)) and same(one, other) is same(other, one)


@given(st.lists(st.sampled_from(["x", "{", "}", "\\{", "\\}"]), max_size=12))
def test_a_box_has_the_braces_that_belong_to_it(parts):
    inside = "".join(parts)
    depth, fine = 0, True
    for each in parts:
        depth += (each == "{") - (each == "}")
        fine = fine and depth >= 0
    if fine and depth == 0:
        assert last_boxed(rf"\boxed{{1}} and \boxed{{{inside}}} done") == (14, inside)


def test_long_and_strange_formulas_end():
    assert not same("9" * 9000, "8" * 9000) and same("{" * (MOST + 1), "{" * (MOST + 1))
    # a unit in a unit in a unit: work must not double with each
    assert not same(r"1\text{" * 280, "1") and not same("1" + r"\text{a}" * 280, "2")
    assert not same(r"\frac" * 300, "1") and not same("{" * 1900, "(" * 1900)
    assert value(plain("9" * 1900)) == 10**1900 - 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"First \boxed{1}. So $\boxed{\frac{1}{\sqrt{2}}}$.", r"\frac{1}{\sqrt{2}}"),
        (r"\boxed{1} and then \boxed{2", "1"),
        (r"$\boxed 5$ it is", "5"),
        (r"\fbox{7}", "7"),
        (r"\boxed{\left\{1,2\right\}}", r"\left\{1,2\right\}"),
        (r"The set \boxed{\{1\}}", r"\{1\}"),
        ("Final Answer: The final answer is $[2,5)$. I hope it is correct.", "[2,5)"),
        ("The answer is 3.5. Not 4.", "3.5"),
        (r"\boxed{3}. No, wait. The answer is $4$.", "4"),
        (r"The answer is $4$. No: \boxed{3}", "3"),
        (r"\boxed{3} The answer is", "3"),
        ("I do not know.", None),
        ("", None),
    ],
)
def test_which_formula_answers(text, answer):
    assert parse_formula(text, ENGLISH, chain=ENGLISH) == answer


def test_a_direct_answer_is_its_first_line_and_markers_are_of_the_language():
    assert parse_formula("\n$\\frac12$\nbecause", ENGLISH) == r"\frac12"
    bengali = Words.of("ben_Beng")
    assert parse_formula(f"… {bengali.markers()[0]} ৩/৪।", bengali, chain=bengali) == "৩/৪"
    assert find("formula_match").corpus(["৩/৪"], [r"\frac{3}{4}"]) == 1.0


def test_against_sympy_where_both_are_numbers():
    """Another implementation of the values: sympy's rationals."""
    sympy = pytest.importorskip("sympy")
    numbers = [r"\frac{7}{21}", "0.125", r"-\frac{6}{4}", "12", "-0.75", r"\frac{-3}{-4}"]
    as_sympy = [
        sympy.Rational(7, 21),
        sympy.Rational("0.125"),
        -sympy.Rational(6, 4),
        12,
        sympy.Rational("-0.75"),
        sympy.Rational(3, 4),
    ]
    for one, number in zip(numbers, as_sympy, strict=True):
        assert [same(one, other) for other in numbers] == [bool(sympy.Eq(number, other)) for other in as_sympy]
