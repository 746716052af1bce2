"""The program in a written text, and what stands before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.evaluation import tasks
from panglot.evaluation.prompts import for_task
from panglot.evaluation.running.solutions import Judged, joined, program_in
from panglot.evaluation.tasks.item import Item

BODY = "def f(x):\n    return x"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"```python\n{BODY}\n```", BODY),
        (f"นี่คือโปรแกรม:\n```\n{BODY}\n```\nจบ", BODY),
        (f"```py\nx = 1\n```\nثم\n```python\n{BODY}\n```", BODY),
        (f"```python\n{BODY}", BODY),
        ("    return x\n\n", "    return x"),
        ("\n\n    return x", "    return x"),
        ("```\n```", None),
        ("  \n", None),
    ],
)
def test_it_is_found(text, found):
    assert program_in(text, entry="f") == found


def test_a_prompt_that_opened_the_fence_takes_what_comes_before_its_end():
    assert program_in("print(1)\n```\nHivyo:\n", opened=True) == "print(1)"
    assert program_in("```java\nclass A {}\n```", opened=True) == "class A {}"
    assert program_in("print(1)\n", opened=True) == "print(1)"


@given(st.text(alphabet=st.sampled_from("ab ሀ\n()="), min_size=1).filter(lambda text: text.strip()))
def test_no_line_of_a_fenced_program_is_lost(text):
    found = program_in(f"Hier:\n```python\n{text}\n```\n")
    assert found is not None
    lines, kept = ([line.rstrip() for line in each.split("\n") if line.strip()] for each in (text, found))
    assert kept == lines


def test_a_program_that_is_written_anew_keeps_imports_and_helpers():
    before = "import re\n\ndef helper(x):\n    return x\n\n\ndef f(x):\n    '''คำอธิบาย'''\n"
    assert joined(before, "    return helper(x)", "f") == before + "    return helper(x)"
    anew = joined(before, BODY, "f")
    assert anew.startswith("import re") and anew.count("def f") == 1 and "helper" in anew
    # another function is a helper of the completion, and no definition of what is asked for
    assert joined(before, "    return g(x)\ndef g(x): return x", "f").startswith(before)


def test_tests_that_call_themselves_are_called_once():
    fields = {"beginning": "def f():\n", "tests": "def check(candidate):\n    pass\n", "entry": "f"}
    assert Judged.of(fields, "0").tests.count("check(f)") == 1
    called = {**fields, "tests": fields["tests"] + "\ncheck(f)\n"}
    assert Judged.of(called, "0").tests == called["tests"]


def test_a_beginning_is_shown_with_its_edges_and_a_description_in_a_string():
    item = Item("0", "tha_Thai", {"beginning": "\ndef f(x):\n    '''ก'''\n", "tests": "assert f(1)"})
    assert for_task(tasks.find("humaneval"), language="eng_Latn").prompt(item).context == item.fields["beginning"]
    item = Item("0", "eng_Latn", {"description": "Double it.", "examples": "assert f(1) == 2\nassert f(0) == 0"})
    template = for_task(tasks.find("mbpp"), language="eng_Latn")
    assert template.prompt(item).context == '"""\nDouble it.\nassert f(1) == 2\nassert f(0) == 0\n"""\n'
    solved = Item(
        "1", "eng_Latn", {"description": "One.", "examples": "assert g() == 1"}, references=("def g():\n    return 1\n",)
    )
    assert template.prompt(item, [solved]).context.startswith(
        '"""\nOne.\nassert g() == 1\n"""\ndef g():\n    return 1\n\n"""\nDouble'
    )


def test_a_translation_names_both_languages_in_its_fences():
    item = Item("0", "eng_Latn", {"code": "puts 1", "written": "Ruby", "programming": "Go", "cases": "[]"})
    prompt = for_task(tasks.find("codescope-translation"), language="eng_Latn").prompt(item)
    assert prompt.context == "```Ruby\nputs 1\n```\n\n```Go\n" and prompt.stop == ("\n```",)
