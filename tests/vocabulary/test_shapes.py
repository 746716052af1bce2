"""The shapes are what they say, and load without Panglot."""

from pathlib import Path

import pytest
from shapes import SHAPES, TEXTS, clip, rows_of
from transformers import AutoTokenizer

from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.vocabulary import Vocabulary

FAMILIES = {
    "xlm_r": "unigram", "mt5": "unigram", "mbart": "unigram", "nllb": "bpe", "gpt2": "byte_bpe", "llama3": "byte_bpe",
    "qwen": "byte_bpe", "llama2": "bpe", "gemma": "bpe", "bert": "wordpiece", "byte": "byte_bpe", "byt5": "byte_bpe",
}  # fmt: skip
EVERY = pytest.mark.parametrize(
    ("name", "build"), [*SHAPES, ("clip", clip)], ids=lambda each: each if isinstance(each, str) else ""
)


@EVERY
def test_loads_with_auto_tokenizer_to_equal_ids(name: str, build: object, tmp_path: Path) -> None:
    vocabulary: Vocabulary = build()  # type: ignore[operator]
    vocabulary.save(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.get_vocab() == vocabulary.ids
    assert [loaded(text)["input_ids"] for text in TEXTS] == vocabulary.encode(TEXTS, specials=True)
    assert vocabulary.family == FAMILIES.get(name, "byte_bpe")


@EVERY
def test_is_read_again_as_it_was(name: str, build: object, tmp_path: Path) -> None:
    vocabulary: Vocabulary = build()  # type: ignore[operator]
    vocabulary.save(tmp_path)
    read = read_vocabulary(tmp_path)
    assert (read.document, read.companions) == (vocabulary.document, vocabulary.companions)
    check_ids(read)


def test_what_is_peculiar_to_each() -> None:
    shapes = {name: build() for name, build in SHAPES}
    pieces = {name: len(each.model["vocab"]) for name, each in shapes.items()}
    assert shapes["xlm_r"].ids["<mask>"] == shapes["xlm_r"].size - 1 == pieces["xlm_r"] - 1
    assert all(shapes[name].size > pieces[name] for name in ("mbart", "nllb", "llama3", "qwen"))
    assert shapes["llama3"].size - pieces["llama3"] == 256
    assert shapes["llama3"].model["ignore_merges"]
    assert rows_of("qwen", shapes["qwen"]) > shapes["qwen"].size
    assert rows_of("mt5", shapes["mt5"]) % 64 == 0
    assert shapes["byt5"].encode(["ก"]) == [[0xE0 + 3, 0xB8 + 3, 0x81 + 3]]
    assert shapes["bert"].ids["[PAD]"] == 0
    assert shapes["gemma"].encode(["ऐ"]) == [[shapes["gemma"].ids[f"<0x{byte:02X}>"] for byte in "ऐ".encode()]]
