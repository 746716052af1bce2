"""Bits per byte of n-gram models and of xz: cases by hand, true code lengths, and what no model may gain by."""

import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.evaluation.compressed_bits import compressed_bits
from panglot.evaluation.ngram import NgramModel
from panglot.evaluation.ngram_bits import ngram_bits
from panglot.evaluation.results import Results

NewStep = Callable[..., Step]
SENTENCES = {
    "hsb_Latn": ["Dobry dźeń wšitkim.", "Hdźe je twój bratr?", "Mój bratr je doma."],
    "tha_Thai": ["สวัสดีครับ", "คุณสบายดีไหม", "ฉันสบายดี"],
    "heb_Hebr": ["שלום לכולם", "איפה אחיך", "אחי בבית"],
}


def documents(folder: Path, texts: dict[str, list[str]]) -> Documents:
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, found in texts.items():
            for each in found:
                writer.document(each, tag, source="test")
    return Documents(folder)


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Documents, Documents]:
    train = {tag: [each * 3 for each in found] for tag, found in SENTENCES.items()}
    return documents(tmp_path / "train", train), documents(tmp_path / "test", SENTENCES)


def values(results: Results) -> dict[str, float]:
    return {row["language"]: row["value"] for row in results.table().to_pylist()}


def test_characters_by_the_model_itself(sides: tuple[Documents, Documents], new_step: NewStep) -> None:
    train, test = sides
    found = values(ngram_bits(train=train, text=test, order=3, step=new_step()))
    for tag, texts in SENTENCES.items():
        alphabet = {each: place for place, each in enumerate(sorted(set("".join(texts))))}
        model = NgramModel([[alphabet[each] for each in text * 3] for text in texts], len(alphabet) + 1, 3)
        bits = model.bits([[alphabet[each] for each in text] for text in texts]).sum()
        assert found[tag] == pytest.approx(bits / sum(len(text.encode()) for text in texts))


def test_a_character_that_was_never_seen_is_paid_for(tmp_path: Path, new_step: NewStep) -> None:
    train = documents(tmp_path / "train", {"jpn_Jpan": ["かな" * 20]})
    test = documents(tmp_path / "test", {"jpn_Jpan": ["かな鬱"]})
    found = values(ngram_bits(train=train, text=test, order=2, step=new_step()))
    model = NgramModel([[0, 1] * 20], 3, 2)
    assert found["jpn_Jpan"] == pytest.approx((model.bits([[0, 1, 2]])[0] + 3 * 8) / 9)


def test_bytes(sides: tuple[Documents, Documents], new_step: NewStep) -> None:
    train, test = sides
    found = values(ngram_bits(train=train, text=test, unit="byte", step=new_step()))
    texts = SENTENCES["tha_Thai"]
    model = NgramModel([list((text * 3).encode()) for text in texts], 256, 5)
    bits = model.bits([list(text.encode()) for text in texts]).sum()
    assert found["tha_Thai"] == pytest.approx(bits / sum(len(text.encode()) for text in texts))


def test_a_language_learns_from_its_own_text_alone(tmp_path: Path, new_step: NewStep) -> None:
    test = documents(tmp_path / "test", {"ces_Latn": ["ahoj ahoj"]})
    own = documents(tmp_path / "own", {"ces_Latn": ["ahoj lidi"]})
    both = documents(tmp_path / "both", {"ces_Latn": ["ahoj lidi"], "slk_Latn": ["ahoj ahoj"] * 9})
    first, second = (values(ngram_bits(train=each, text=test, step=new_step())) for each in (own, both))
    assert first == second


def test_items_and_intervals(sides: tuple[Documents, Documents], new_step: NewStep) -> None:
    train, test = sides
    found = ngram_bits(train=train, text=test, step=new_step())
    row = next(row for row in found.table().to_pylist() if row["language"] == "hsb_Latn")
    assert row["ci_low"] < row["value"] < row["ci_high"]
    items = [row for row in found.items().to_pylist() if row["language"] == "hsb_Latn"]
    assert sum(each["bits"] for each in items) / sum(each["bytes"] for each in items) == pytest.approx(row["value"])


def test_a_tokenizer_goes_with_tokens(sides: tuple[Documents, Documents], new_step: NewStep) -> None:
    train, test = sides
    with pytest.raises(InputError, match="goes with the unit"):
        ngram_bits(train=train, text=test, unit="token", step=new_step())


def test_xz_alone(sides: tuple[Documents, Documents], new_step: NewStep) -> None:
    found = values(compressed_bits(text=sides[1], step=new_step()))
    content = "".join(each + "\n" for each in SENTENCES["heb_Hebr"]).encode()
    size = len(lzma.compress(content, check=lzma.CHECK_NONE, preset=9 | lzma.PRESET_EXTREME))
    assert found["heb_Hebr"] == pytest.approx(8 * size / (len(content) - 3))


def test_xz_after_a_text_that_holds_it_costs_next_to_nothing(tmp_path: Path, new_step: NewStep) -> None:
    draw = np.random.default_rng(1)
    text = bytes(draw.integers(97, 123, 30_000).tolist()).decode()
    far = bytes(draw.integers(97, 123, 300_000).tolist()).decode()
    train = documents(tmp_path / "train", {"deu_Latn": [text, far]})
    test = documents(tmp_path / "test", {"deu_Latn": [text]})
    alone, after = (values(compressed_bits(text=test, train=each, step=new_step()))["deu_Latn"] for each in (None, train))
    assert alone > 4.5
    assert after < 0.05
