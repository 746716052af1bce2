import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.evaluation import Signature

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(st.dictionaries(keys, values, max_size=6))
def test_what_is_written_is_read_back(fields: dict[str, str]) -> None:
    signature = Signature(tuple(fields.items()))
    assert Signature.parse(str(signature)) == signature
    assert str(signature).count("|") == max(0, len(fields) - 1)


def test_a_prompt_with_separators_stays_one_field() -> None:
    signature = Signature.of(prompt="query: |%7C", n=3)
    assert str(signature) == "prompt:query%3A %7C%257C|n:3"
    assert Signature.parse(str(signature)).get("prompt") == "query: |%7C"


def test_the_line_is_as_short_as_sacrebleus() -> None:
    line = "task:bitext-retrieval|dir:both|score:cosine|n:120|rev:0f3a9c1d|norm:l2|prompt:query|prec:fp32|v:0.1.0"
    assert str(Signature.parse(line)) == line


def test_signatures_compare_when_all_fields_are_equal_in_any_order() -> None:
    one, other = Signature.of(a=1, b=2), Signature.of(b=2, a=1)
    assert one.why_not_comparable(other) is None


def test_what_differs_is_named_with_both_values() -> None:
    one = Signature.of(n=120, prec="fp32", prompt="query")
    other = Signature.of(n=119, prec="fp32", v="0.1.0")
    assert one.why_not_comparable(other) == "n: 120 and 119; prompt: query and absent; v: absent and 0.1.0"


@pytest.mark.parametrize("text", ["task", "task:a|:b", "task:a|task:b", "a:1||b:2"])
def test_a_damaged_signature_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        Signature.parse(text)


def test_a_changed_field_keeps_its_place() -> None:
    assert str(Signature.of(a=1, b=2).with_fields(a=3, c=4)) == "a:3|b:2|c:4"
