import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.recipes.document import dump, parse, scalar


def test_norwegian_is_not_false() -> None:
    assert parse("languages: [no, yes, on, off, y]", "r").value == {"languages": ["no", "yes", "on", "off", "y"]}


def test_numbers_as_people_write_them() -> None:
    found = parse("a: 1e-4\nb: -3\nc: 0.5\nd: 1_000\ne: 12:30:00\nf: '17'\ng: 2026-11-21\nh:\n", "r").value
    assert found == {"a": 1e-4, "b": -3, "c": 0.5, "d": 1000, "e": "12:30:00", "f": "17", "g": "2026-11-21", "h": None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x 1\nb: *x", "anchors.*line 1"),
        ("a: 1\nb: 2\na: 3", "'a' stands twice.*line 3"),
        ("a: [1, 2", "not YAML.*line"),
        ("a: 1\n\tb: 2", "not YAML.*line 2"),
        ("[1]: 2", "plain word.*line 1"),
        ("a: \x00", "not YAML"),
        ("[" * 5000, "nested too deeply|not YAML"),
    ],
)
def test_what_is_refused_names_the_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse(text, "r.yaml")


def test_tags_construct_nothing() -> None:
    assert parse("a: !!python/object/apply:os.system ['true']", "r").value == {"a": ["true"]}


plain = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")))


@given(st.recursive(plain | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8))
def test_what_is_dumped_is_read_back(value: object) -> None:
    assert parse(dump({"v": value}), "r").value == {"v": value}


def test_lines_are_known() -> None:
    found = parse("name: a\nsteps:\n  one:\n    use: x\n    of: [1,\n      2]\n", "r.yaml")
    assert found.where("steps", "one", "use") == "r.yaml, line 4"
    assert found.where("steps", "one", "of", 1) == "r.yaml, line 6"
    assert found.where("steps", "one", "absent") == "r.yaml, line 3"


def test_scalar_of_other_digits_is_text() -> None:
    assert scalar("٣") == "٣"
