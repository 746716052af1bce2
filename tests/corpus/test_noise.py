"""Planted noise."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents, DocumentWriter
from panglot.corpus.noise import KINDS, drop_noise, make_noise, plant_noise
from panglot.corpus.segmentation.words import find_words

TEXTS = {
    "hin_Deva": "मनुष्य के अधिकार। सभी लोग स्वतंत्र हैं और समान हैं।\nकिसी को दास नहीं बनाया जाएगा।",
    "tha_Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ\nต่างมีเหตุผลและมโนธรรม",
    "arb_Arab": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.\nوقد وهبوا عقلا وضميرا.",
    "yor_Latn": "Gbogbo ènìyàn ni a bí ní òmìnira; iyì àti ẹ̀tọ́ kọ̀ọ̀kan sì dọ́gba.\nWọ́n ní ẹ̀bùn ti làákàyè.",
    "zho_Hans": "人人生而自由，在尊严和权利上一律平等。\n他们赋有理性和良心。",
    "swh_Latn": "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa.\nWote wamejaliwa akili na dhamiri.",
}


def documents(folder: Path, copies: int = 20) -> Documents:
    with DocumentWriter(folder / "in" / "documents.parquet") as writer:
        for number in range(copies):
            for tag, text in TEXTS.items():
                writer.document(f"{text} {number}", tag, source="test")
    return Documents(folder / "in")


@pytest.mark.parametrize("tag", sorted(TEXTS))
def test_shuffled_words_are_the_same_words_with_the_same_marks_between(tag: str) -> None:
    text = TEXTS[tag]
    spaces = tag[4:] not in ("Thai", "Hans")
    found = make_noise(text, "shuffled_words", np.random.default_rng(3), spaces=spaces)
    assert found != text
    assert Counter(found) == Counter(text)
    if spaces:
        assert Counter(find_words([found]).lists()[0]) == Counter(find_words([text]).lists()[0])


@pytest.mark.parametrize("tag", sorted(TEXTS))
def test_gibberish_keeps_lengths_and_kinds(tag: str) -> None:
    found = make_noise(TEXTS[tag], "gibberish", np.random.default_rng(3))
    assert found != TEXTS[tag]
    assert [unicodedata.category(each)[0] for each in found] == [unicodedata.category(each)[0] for each in TEXTS[tag]]


@pytest.mark.parametrize("tag", sorted(TEXTS))
def test_repeated_lines_are_two_thirds(tag: str) -> None:
    spaces = tag[4:] not in ("Thai", "Hans")
    lines = make_noise(TEXTS[tag], "repeated_lines", np.random.default_rng(3), spaces=spaces).split("\n")
    assert 1 - len(set(lines)) / len(lines) > 0.5


@pytest.mark.parametrize("tag", sorted(TEXTS))
def test_menus_and_tables_are_of_the_script_of_the_document(tag: str) -> None:
    letters = {each for each in TEXTS[tag] if unicodedata.category(each)[0] in "LM"}
    for kind in ("boilerplate", "table"):
        found = make_noise(TEXTS[tag], kind, np.random.default_rng(3), spaces=tag[4:] not in ("Thai", "Hans"))
        own = [each for each in found if ord(each) > 0x7F and unicodedata.category(each)[0] in "LM"]
        assert set(own) <= letters | {"«", "»"}
        assert found.count("\n") >= 5


def test_mojibake_is_reversible_and_shows_in_ascii_too() -> None:
    found = make_noise(TEXTS["hin_Deva"], "mojibake", np.random.default_rng(0))
    back = bytes(ord(each) if ord(each) < 0x100 else each.encode("cp1252")[0] for each in found)
    assert back.decode("utf-8") == TEXTS["hin_Deva"]
    # Swahili is ASCII: read as Windows-1252 it would not change at all
    assert make_noise(TEXTS["swh_Latn"], "mojibake", np.random.default_rng(0))[:3] == "慗畴眠"


def test_planting_replaces_a_share_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    step = Step(tmp_path / "out", seed=5)
    of = documents(tmp_path)
    found = plant_noise(of, share=0.5, step=step)
    kinds = Counter(json.loads(row["meta"] or "{}").get("noise") for row in found.rows())
    assert len(found) == len(of)
    assert set(kinds) == {None, *KINDS}
    assert 40 < kinds[None] < 80
    assert step.figures["noise"]["gibberish"] == kinds["gibberish"]
    for row in found.rows():
        if json.loads(row["meta"] or "{}").get("noise") == "wrong_language":
            assert row["language"] == row["language"]
            assert any(row["text"].startswith(text) for tag, text in TEXTS.items() if tag != row["language"])
    (tmp_path / "again").mkdir()
    again = plant_noise(of, share=0.5, step=Step(tmp_path / "again", seed=5))
    assert again.digest == found.digest
    (tmp_path / "kept").mkdir()
    kept = drop_noise(found, step=Step(tmp_path / "kept"))
    assert len(kept) == kinds[None]
    assert kept.dropped is not None
    assert len(kept) + len(kept.dropped) == len(found)


def test_bad_input(tmp_path: Path) -> None:
    of = documents(tmp_path, 1)
    with pytest.raises(InputError, match="between 0 and 1"):
        plant_noise(of, share=1.5, step=Step(tmp_path))
    with pytest.raises(InputError, match="no kind of noise"):
        plant_noise(of, kinds=["spam"], step=Step(tmp_path))  # type: ignore[list-item]
    with DocumentWriter(tmp_path / "one" / "documents.parquet") as writer:
        writer.document("Dobry dźeń", "hsb_Latn", source="test")
    with pytest.raises(InputError, match="documents of one language"):
        plant_noise(Documents(tmp_path / "one"), step=Step(tmp_path))


@given(st.text(max_size=60), st.sampled_from([each for each in KINDS if each != "wrong_language"]), st.booleans())
def test_any_text_becomes_noise(text: str, kind: str, spaces: bool) -> None:
    first = make_noise(text, kind, np.random.default_rng(1), spaces=spaces)  # type: ignore[arg-type]
    assert first == make_noise(text, kind, np.random.default_rng(1), spaces=spaces)  # type: ignore[arg-type]
