"""A tiny encoder and a few pairs in scripts that are easy to get wrong."""

import os

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import pyarrow as pa
import pytest

from panglot.artifacts import Step
from panglot.corpus.pairs import write_pairs
from panglot.models.load import load

TEXTS = [
    ("សួស្តី ពិភពលោក", "hello world"),  # Khmer: no spaces between words, combining vowels
    ("سلاو لە ئێوە هەموو", "greetings to you all"),  # Central Kurdish: right to left
    ("𞤸𞤢𞤤𞤢 𞤨𞤵𞤤𞤢𞤪", "speak Fula"),  # Adlam: four bytes a letter
    ("ދިވެހި ބަސް", "the Dhivehi language"),  # Thaana: vowels are combining marks
    ("dobry dźeń a witajće k nam", "good day and welcome to us"),
    ("hasło je wopak", "the password is wrong"),
    ("wotewrěć", "open"),
]


@pytest.fixture
def texts():
    return TEXTS


@pytest.fixture
def a_step(tmp_path):
    """Make steps in folders of their own."""

    def make(name="step", seed=17):
        folder = tmp_path / name
        folder.mkdir()
        return Step(folder, seed=seed)

    return make


@pytest.fixture
def tiny(a_step):
    return load(name="tiny:bert", step=a_step("tiny"))


@pytest.fixture
def some_pairs(tmp_path):
    """Write pairs; source and target languages can be given, one for all or one a pair."""

    def write(texts=TEXTS, source="hsb_Latn", target="eng_Latn", name="pairs"):
        count = len(texts)
        table = pa.table(
            {
                "source_text": pa.array([each[0] for each in texts], pa.string()),
                "target_text": pa.array([each[1] for each in texts], pa.string()),
                "source_language": pa.array([source] * count if isinstance(source, str) else source, pa.string()),
                "target_language": pa.array([target] * count if isinstance(target, str) else target, pa.string()),
            }
        )
        return write_pairs(tmp_path / name, table)

    return write
