"""Data text made fit to be shown."""

import re

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from panglot.report.text import clip, markdown, shown, visible

SCRIPTS = "ދިވެހި كوردیی ناوەندی ខ្មែរ 𐐷𐐲 hornjoserbšćina e\u0301\u0323 👩‍👩‍👧"
NASTY = st.text(
    st.one_of(st.characters(), st.sampled_from("\x00\x1b\u202e\u2069\u2066\u200f\ud800<&|`*_[]()\n\r")), max_size=400
)


def test_scripts_joiners_and_marks_stay_as_they_are() -> None:
    for text in (SCRIPTS, "می\u200cخواهم", "\u200fعربي\u200e", "क्\u200dष"):
        assert shown(text) == text


@given(NASTY)
def test_nothing_that_acts_on_a_page_is_left(text: str) -> None:
    said = shown(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]", said)
    said.encode("utf-8")
    assert visible(visible(text)) == visible(text)


@given(NASTY, st.integers(1, 50))
def test_clip_keeps_whole_clusters_and_says_that_it_cut(text: str, limit: int) -> None:
    said = clip(text, limit)
    assert len(regex.findall(r"\X", said)) <= limit + 1
    assert said == text or said.endswith("…")
    if said != text:
        assert text.startswith(said[:-1])


def test_clip_does_not_cut_inside_a_combining_sequence() -> None:
    assert clip("e\u0301\u0323" * 5, 2) == "e\u0301\u0323" * 2 + "…"
    assert clip("👩‍👩‍👧" * 3, 1) == "👩‍👩‍👧…"


def test_a_letter_with_a_thousand_marks_is_bounded() -> None:
    assert len(shown("a" + "\u0301" * 100_000)) < 100


@given(NASTY)
def test_markdown_gives_the_text_back_and_no_markup(text: str) -> None:
    wanted = shown(text).strip()
    for before, after in (("", ""), ("x", "x"), ("x ", " x"), ("(", ")")):
        tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(before + markdown(text) + after)
        if not (before + wanted + after).strip():
            continue
        assert [each.type for each in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        children = tokens[1].children or []
        assert {each.type for each in children} <= {"text", "text_special"}
        said = "".join(each.content for each in children)
        assert said.strip() == (before + wanted + after).strip()


def test_addresses_in_data_do_not_become_links() -> None:
    assert markdown("https://a.example www.b.example c@d.example") == r"https\://a.example www\.b.example c\@d.example"


@pytest.mark.parametrize(
    "text", ["- a", "+ a", "# a", "> a", "1. a", "12) a", "===", "---", "    code", "| a | b |", "!x", "~~~", "* * *"]
)
def test_nothing_at_the_start_of_a_line_is_markup(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(text))
    assert [each.type for each in tokens] == ["paragraph_open", "inline", "paragraph_close"]


def test_markdown_cannot_end_a_table_cell() -> None:
    table = f"| a | b |\n|---|---|\n| {markdown('x | y <b> `c` ')} | z |\n"
    tokens = MarkdownIt("commonmark").enable("table").parse(table)
    cells = [each for each in tokens if each.type == "td_open"]
    assert len(cells) == 2
