"""Answers that must be right sign by sign, and what other implementations make of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.evaluation.metrics import find
from panglot.evaluation.prompts.answers import parse_literal
from panglot.evaluation.prompts.words import Words

ENGLISH = Words.of("eng_Latn")


def right(said, wanted):
    return find("literal_match").corpus([said], [wanted]) == 1.0


@pytest.mark.parametrize(
    ("said", "wanted", "value"),
    [
        ("(A).", "(A)", True),
        ("(A", "(A)", False),
        ("**(A)**", "(A)", True),
        ("（B）", "(B)", True),
        ("B", "(B)", True),
        ("B.", "(B)", True),
        ("(B) two", "(B)", True),
        ("A dog", "(A)", False),
        ("(A) or (B)", "(A)", False),
        ("(a)", "(A)", False),
        ("] } ]", "] } ]", True),
        ("]}].", "] } ]", True),
        ("] ] }", "] } ]", False),
        ("] } ] )", "] } ]", False),
        ("the sequence ] } ]", "] } ]", False),
        ("Yes.", "yes", True),
        ("yes. They are.", "Yes", True),
        ("yes, or no", "Yes", False),
        ("not plausible", "no", False),
        ("invalid", "valid", False),
        ("'valid'", "valid", True),
        ("false", "False", True),
        ("ant  bee cat", "ant bee cat", True),
        ("ant cat bee", "ant bee cat", False),
        ("ant bee cat dog", "ant bee cat", False),
        ("-3.5", "-3", False),
        ("−3", "-3", True),
        ("١٢", "12", True),
        ("१२।", "12", True),
        ("正しい。", "正しい", True),
        ("", "no", False),
    ],
)
def test_by_hand(said, wanted, value):
    assert right(said, wanted) is value


@given(st.sampled_from("ABCDEFGHIJKLMNOPQR"), st.sampled_from(["{}", "({})", "({}).", "({}) because.", "**({})**", "{}."]))
def test_an_option_is_read_in_all_its_forms_and_as_no_other(letter, form):
    said = form.format(letter)
    assert [right(said, f"({each})") for each in "ABCDEFGHIJKLMNOPQR"].index(True) == ord(letter) - ord("A")


@given(st.lists(st.sampled_from("()[]{}<>"), min_size=1, max_size=12))
def test_brackets_are_equal_to_themselves_alone(signs):
    assert right("".join(signs), " ".join(signs)) and not right(" ".join([*signs, ")"]), " ".join(signs))


def test_squad_rules_take_an_option_for_the_article_and_brackets_for_nothing():
    """The peers' defect that this metric is for."""
    squad = find("exact_match", language="eng_Latn")
    assert squad.corpus(["", "("], ["(A)", "] }"]) == 1.0
    assert find("literal_match").corpus(["", "("], ["(A)", "] }"]) == 0.0


CHAIN = "If the answer is (A), then 2 < 1, which is false. So the answer is (B)"


def test_the_answer_at_the_end_of_a_chain_counts_and_not_the_first_or_a_cut_one():
    # the peers' pattern takes the first, and drops one sign for the full stop that it expects
    assert re.search(r"(?<=the answer is )(.*)(?=.)", CHAIN)[0] != "(B)"
    assert re.search(r"(?<=the answer is )(.*)(?=.)", "So the answer is (B)")[0] == "(B"
    assert parse_literal(CHAIN, ENGLISH, chain=ENGLISH) == "(B)"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Hm. So the answer is ] } ].\n\nQuestion: next", "] } ]."),
        ("The answer is:\n\n**yes**\nIndeed.", "**yes**"),
        ("THE ANSWER IS no", "no"),
        ("no marker here", None),
        ("the answer is", None),
        ("", None),
    ],
)
def test_what_stands_behind_the_marker(text, answer):
    assert parse_literal(text, ENGLISH, chain=ENGLISH) == answer


def test_a_direct_answer_is_its_first_line_and_markers_are_of_the_language():
    assert parse_literal("\n(C)\nbecause", ENGLISH) == "(C)" and parse_literal(" \n ", ENGLISH) is None
    thai = Words.of("tha_Thai")
    assert parse_literal(f"ก ไม่ใช่ ดังนั้น{thai.markers()[0]} ข", thai, chain=thai) == "ข"
