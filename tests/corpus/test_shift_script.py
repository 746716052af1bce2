"""Text in other letters: nothing in common with what it was, and nothing lost."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.corpus.shift_script import OFFSET, shift_script, shifted

WITHIN = st.text(st.characters(max_codepoint=0x2BA3, exclude_categories=["Cs"]))


@given(WITHIN)
def test_characters_move_one_by_one_and_can_be_moved_back(text):
    moved = shifted(text)
    assert moved is not None and len(moved) == len(text)
    assert "".join(each if each.isspace() else chr(ord(each) - OFFSET) for each in moved) == text
    assert not {each for each in moved if not each.isspace()} & set(text)


@given(WITHIN)
def test_normal_forms_join_nothing(text):
    moved = shifted(text)
    assert moved is not None
    assert unicodedata.normalize("NFC", moved) == unicodedata.normalize("NFC", "".join(moved))
    assert [each for each in unicodedata.normalize("NFC", moved) if not each.isspace()] == [
        each for each in moved if not each.isspace()
    ]


def test_the_source_is_moved_and_keeps_its_translation(run, table):
    ran = run(shift_script, of=table(("Dobry dźeń", "Good day")))
    ((source, target),) = ran.texts
    assert source == "\uac44\uac6f\uac62\uac72\uac79 \uac64\uad7a\uac65\uad44" and target == "Good day"
    (row,) = ran.artifact.rows()
    assert row["source_language"] == "hsb_Hang" and row["target_language"] == "eng_Latn"


def test_the_target_is_moved_and_is_its_own_translation(run, table):
    ran = run(shift_script, of=table(("Dobry dźeń", "Good day"), ("Witajće", "Welcome")), text="target")
    assert [target for _, target in ran.texts] == ["Good day", "Welcome"]
    assert [shifted(target) for _, target in ran.texts] == [source for source, _ in ran.texts]
    rows = list(ran.artifact.rows())
    assert {row["source_language"] for row in rows} == {"eng_Hang"} and len({row["id"] for row in rows}) == 2


def test_a_text_that_cannot_be_moved_is_left_out_and_counted(run, table):
    ran = run(shift_script, of=table(("日本", "Japan"), ("Čěska", "Czechia")))
    assert [target for _, target in ran.texts] == ["Czechia"]
    assert ran.step.figures["left_out"] == 1
    with pytest.raises(InputError, match="no text can be written"):
        run(shift_script, of=table(("日本", "Japan")))
