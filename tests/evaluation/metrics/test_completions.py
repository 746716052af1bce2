"""Completed code: where its first statement ends, its names, and how near it is to what stood there."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.evaluation.metrics import find
from panglot.evaluation.metrics.rouge import common
from panglot.evaluation.statements import MOST, first_statement, identifiers, without_comments

LANGUAGES = ("python", "java", "typescript", "csharp")


@pytest.mark.parametrize(
    ("language", "prompt", "completion", "statement"),
    [
        ("python", "x = a.", "name\ny = 2\n", "name"),
        ("python", "x = f(", "a,\n      b)\ny = 2\n", "a,\n      b)"),
        ("python", "x = ", "[\n 1,  # ]\n 2]\nz", "[\n 1,  # ]\n 2]"),
        ("python", "x = ", '"""\n(\n"""\nz', '"""\n(\n"""'),
        ("python", "x = ", '"(" + a\nz', '"(" + a'),
        ("python", "x = ", "a + \\\n    b\nz", "a + \\\n    b"),
        ("python", "", "\n\nx = 1\ny", "\n\nx = 1"),
        ("python", "", "if a:\n    b()\n", "if a:"),
        ("python", "# (\nx = ", "1\ny", "1"),
        ("python", "s = '''(", "a\nb'''\nc\n", "a\nb'''"),
        ("python", "x = ", "गिनती(\n१)\nअगला", "गिनती(\n१)"),
        ("java", "x.", "go(1); y.go();", "go(1);"),
        ("java", "", "} else {", "} else {"),
        ("java", "log(", '\'"\', "}\\";"); done();', '\'"\', "}\\";");'),
        ("java", "", "if (a /* ; */) { b(); }", "if (a /* ; */) {"),
        ("typescript", "const s = ", "`${a};\n` + b; c", "`${a};\n` + b;"),
        ("csharp", "var p = ", '@"C:\\;" + q; r', '@"C:\\;" + q;'),
        ("csharp", "", "no end", "no end"),
        ("java", "", "", ""),
    ],
)
def test_where_the_first_statement_ends(language, prompt, completion, statement):
    assert first_statement(prompt, completion, language) == statement


@given(st.sampled_from(LANGUAGES), st.text(alphabet="()[]{};\n\"'`#/*\\ax अ"), st.text(alphabet="()[]{};\n\"'`#/*\\ax अ"))
def test_a_statement_is_a_beginning_of_what_was_written(language, prompt, completion):
    found = first_statement(prompt, completion, language)
    assert completion.startswith(found) or completion.rstrip() == found
    identifiers(completion, language)
    without_comments(completion, language)


def test_long_completions_end():
    assert len(first_statement("(" * 50_000, "x(" * MOST, "python")) <= MOST
    assert find("edit_similarity").corpus(["ab" * MOST], ["ba" * MOST]) > 0.99


def test_slashes_and_hashes_are_no_comments_everywhere():
    """The peers' defect: both marks are cut in every language, and inside of strings."""
    code = 'half = "#1" + n // 2  # two'
    assert re.sub(r"//.*", "", re.sub(r"#.*", "", code)) == 'half = "'
    assert without_comments(code, "python") == 'half = "#1" + n // 2  '
    assert without_comments('a("http://x"); // go', "java") == 'a("http://x"); '
    wrong = find("completion_match", code="python").corpus(['half = "#2"'], ['half = "#1" + n // 2'])
    assert wrong == 0.0


@pytest.mark.parametrize(
    ("language", "code", "names"),
    [
        ("python", "return self.count(True, None) # x", ["self", "count", "True"]),
        ("python", "f'{a}' + b'c' + name", ["f", "b", "name"]),
        ("java", 'new Box<String>(x, "y").get()', ["Box", "String", "x", "get"]),
        ("typescript", "const type = $x as Foo", ["type", "$x", "as", "Foo"]),
        ("csharp", "var s = null ?? this.Ünlü", ["var", "s", "Ünlü"]),
        ("python", "गिनती = ตัวเลข + עדי", ["गिनती", "ตัวเลข", "עדי"]),
    ],
)
def test_identifiers(language, code, names):
    assert identifiers(code, language) == names


def test_by_hand():
    said, right = "get_user(name, 2)  # who", "get_user(id, 2)"
    assert find("completion_match", code="python").corpus([said], [right]) == 0.0
    # get_user(id, 2) has 15 characters, the other 17, and 13 are common in order
    assert find("edit_similarity", code="python").corpus([said], [right]) == pytest.approx(26 / 32)
    assert find("identifier_match", code="python").corpus([said], [right]) == 0.0
    assert find("identifier_f1", code="python").corpus([said], [right]) == pytest.approx(0.5)
    for name in ("completion_match", "edit_similarity", "identifier_match"):
        assert find(name).corpus(["", "a()"], [("a()", "  "), "a()\n\n# end"]) == 1.0
    assert find("identifier_f1").corpus(["(1)"], ["(1)"]) == 0.0
    with pytest.raises(InputError, match="'cobol' cannot be compared"):
        find("identifier_f1", code="cobol")


@given(st.text(alphabet="abcअ", max_size=20), st.text(alphabet="abcअ", max_size=20))
def test_common_subsequences_are_those_of_the_table(one, other):
    row = [0] * (len(other) + 1)
    for sign in one:
        before = 0
        for at, each in enumerate(other, start=1):
            before, row[at] = row[at], before + 1 if sign == each else max(row[at], row[at - 1])
    assert common(one, other) == row[-1]


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_is_that_of_rapidfuzz(one, other):
    fuzz = pytest.importorskip("rapidfuzz.fuzz")
    one, other = one.strip().replace("#", ""), other.strip().replace("#", "")
    assert find("edit_similarity").corpus([one], [other]) == pytest.approx(fuzz.ratio(one.strip(), other.strip()) / 100)
