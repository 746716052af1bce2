"""Passages, and text as it is mixed in the table."""

from itertools import pairwise

import numpy as np
import pytest
import regex
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_tables import documents

from panglot.artifacts import InputError
from panglot.training.epoch_order import mixed
from panglot.training.text_stream import passages, text_in_steps

RUNNING = {
    "Thai": "ภาษาไทยไม่มีการเว้นวรรคระหว่างคำน้ำ",
    "Khmer": "ភាសាខ្មែរមិនមានដកឃ្លារវាងពាក្យស្ត្រី",
    "Arabic": "العَرَبِيَّةُلُغَةٌجَمِيلَةٌ",
    "Devanagari": "संस्कृतम्भारतस्यप्राचीनाभाषाक्षत्रिय",
    "Thaana": "ދިވެހިރާއްޖެއަކީޖަޒީރާ",
    "Hangul jamo": "\u1112\u1161\u11ab\u1100\u1173\u11af" * 4,
    "flags": "🇰🇭🇹🇭🇮🇳🇲🇻" * 4,
    "family": "👩🏽\u200d👩🏽\u200d👧🏿" * 4,
}


@given(st.text(max_size=60), st.integers(4, 30))
@settings(deadline=None)
def test_passages_lose_nothing_and_fit(text, longest):
    found = list(passages(text, longest))
    assert "".join(found) == text
    assert all(0 < len(each.encode("utf-8", "replace")) <= longest for each in found)


@pytest.mark.parametrize("script", RUNNING)
@pytest.mark.parametrize("longest", [37, 41, 50, 64])
def test_no_cut_falls_inside_a_character(script, longest):
    text = RUNNING[script] * 5
    found = list(passages(text, longest))
    assert "".join(found) == text
    assert [one for each in found for one in regex.findall(r"\X", each)] == regex.findall(r"\X", text)
    joined = ("\u17d2", "\u094d")
    assert not any(one.endswith(joined) and other[0].isalpha() for one, other in pairwise(found))


@given(st.text("กำน้ขมैक्षិ្រ \n\r\u0301é🇰🇭👩\u200d각가", max_size=80), st.integers(40, 60))
def test_no_cut_falls_inside_a_character_in_mixtures(text, longest):
    found = list(passages(text, longest))
    assert "".join(found) == text
    clusters = regex.findall(r"\X", text)
    if all(len(each.encode()) <= 16 for each in clusters):
        assert [one for each in found for one in regex.findall(r"\X", each)] == clusters


def test_a_character_larger_than_a_passage_is_cut_all_the_same():
    text = "e" + "\u0301" * 40
    assert "".join(passages(text, 20)) == text


def test_white_space_in_the_second_half_is_where_it_is_cut():
    assert list(passages("dobry dzen wsem", 9)) == ["dobry ", "dzen wsem"]
    assert list(passages("a bcdefgh", 8)) == ["a bcdefg", "h"]


def _steps(stream):
    return [stream[at] for at in range(len(stream))]


def test_steps_are_full_ordered_by_seed_and_hold_everything_once_an_epoch(tmp_path):
    lines = [f"line {number} of many" for number in range(200)]
    text, shuffled = documents(tmp_path / "text", lines), documents(tmp_path / "other", lines[::-1])
    asked = {"steps": 40, "step_bytes": 200, "longest": 64, "folder": tmp_path / "stores"}
    found = _steps(text_in_steps(text, seed=1, **asked))
    assert [len(each) for each in found if not 140 < sum(len(one.text) for one in each) <= 200] == []
    assert found == _steps(text_in_steps(shuffled, seed=1, **asked))
    assert found != _steps(text_in_steps(text, seed=2, **asked))
    stream = [one.text for each in found for one in each]
    assert len(set(stream[:200])) == 200
    # LLaMA-Factory #10672: the same order in every epoch
    assert stream[:200] != stream[200:400]
    assert sorted(stream[:200]) == sorted(stream[200:400])
    # a longer training begins as a shorter one
    assert _steps(text_in_steps(text, seed=1, **{**asked, "steps": 10})) == found[:10]


def test_equal_lines_do_not_all_fall_into_one_step(tmp_path):
    text = documents(tmp_path / "text", [*["the same line"] * 100, *[f"another {number}" for number in range(100)]])
    found = text_in_steps(text, steps=10, step_bytes=260, longest=64, seed=1, folder=tmp_path / "stores")
    assert all(4 < sum(one.text == "the same line" for one in each) < 20 for each in found)


def _in_memory(texts, *, steps, step_bytes, longest, seed):
    """The same stream by the plain rule: sort everything by its hash, fill steps one after another."""
    stretches = [each for text in texts for each in passages(text, longest)]
    ranks, seen = [], {}
    for each in stretches:
        rank = xxhash.xxh3_64_intdigest(each.encode(), seed=seed)
        seen[rank] = seen.get(rank, -1) + 1
        again = np.array([seen[rank]], dtype=np.uint64)
        ranks.append(int(mixed(np.array([rank], dtype=np.uint64), again)[0]) if seen[rank] else rank)
    plan, step, filled, epoch = [], [], 0, 0
    while len(plan) < steps:
        by = np.full(len(ranks), epoch, dtype=np.uint64)
        for at in np.argsort(mixed(np.array(ranks, dtype=np.uint64), by), kind="stable").tolist():
            size = len(stretches[at].encode())
            if step and filled + size > step_bytes:
                plan.append(step)
                step, filled = [], 0
            step.append(stretches[at])
            filled += size
        epoch += 1
    return plan[:steps]


@given(
    st.lists(st.text("aé ไทยក្រុម", min_size=1, max_size=70), min_size=1, max_size=30),
    st.integers(8, 40),
    st.integers(40, 120),
    st.integers(0, 5),
)
@settings(max_examples=40)
def test_text_as_it_is_mixed_is_what_the_plain_rule_gives(tmp_path_factory, texts, longest, step_bytes, seed):
    folder = tmp_path_factory.mktemp("oracle")
    stream = text_in_steps(
        documents(folder / "text", texts), steps=30, step_bytes=step_bytes, longest=longest, seed=seed, folder=folder
    )
    expected = _in_memory(texts, steps=30, step_bytes=step_bytes, longest=longest, seed=seed)
    assert [[one.text for one in each] for each in _steps(stream)] == expected


def test_bad_input(tmp_path):
    asked = {"steps": 3, "step_bytes": 256, "longest": 64, "seed": 1, "folder": tmp_path / "stores"}
    with pytest.raises(InputError, match="no text to learn from"):
        text_in_steps(documents(tmp_path / "none", []), **asked)
    with pytest.raises(InputError, match="no text to learn from"):
        text_in_steps(documents(tmp_path / "empty", ["", ""]), **asked)
    small = text_in_steps(documents(tmp_path / "small", ["ក្រុម", ""]), **asked)
    assert [[one.text for one in each] for each in _steps(small)] == [["ក្រុម"] * 17] * 3
    assert "less than a step of 256" in small.notes()[1]
    assert "und 51.0" in small.notes()[0]
