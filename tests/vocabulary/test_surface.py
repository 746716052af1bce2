"""Surfaces: joined, they give the text back, for every family and script."""

import re
from functools import cache

import pytest
from hypothesis import given, settings
from shapes import SHAPES, clip
from text_strategy import HARD, texts

from panglot.artifacts import InputError
from panglot.vocabulary.surface import byte_letters, piece_for, surface, surfaces, unknown_id
from panglot.vocabulary.vocabulary import Vocabulary

BUILD = dict(SHAPES)
NAMES = list(BUILD)


@cache
def shape(name: str) -> tuple[Vocabulary, list[bytes | None]]:
    vocabulary = BUILD[name]()
    return vocabulary, surfaces(vocabulary)


def what_is_cut(vocabulary: Vocabulary, text: str) -> bytes:
    """The bytes of the text after normalisation, with the spaces that the tokenizer puts before words."""
    backend = vocabulary.backend
    normal = text if backend.normalizer is None else backend.normalizer.normalize_str(text)
    if vocabulary.family == "byte_bpe":
        return normal.encode()
    words = [normal] if backend.pre_tokenizer is None else [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]
    if vocabulary.family == "wordpiece":
        return "".join(" " + word for word in words).encode()
    return "".join(words).replace("▁", " ").encode()


def check_joined(name: str, text: str) -> None:
    vocabulary, spoken = shape(name)
    if vocabulary.family == "unigram" and "<0x" in text:
        return  # the library cuts the written name of a byte into the piece of that byte
    ids = vocabulary.encode([text])[0]
    unknown = unknown_id(vocabulary)
    parts = [re.escape(spoken[each] or b"") if each != unknown else b".+" for each in ids]
    assert re.fullmatch(b"".join(parts), what_is_cut(vocabulary, text), re.DOTALL), [vocabulary.tokens[each] for each in ids]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(text=texts())
def test_joined_surfaces_are_the_text(name: str, text: str) -> None:
    check_joined(name, text)


@pytest.mark.parametrize("name", NAMES)
def test_hard_cases(name: str) -> None:
    for text in HARD:
        check_joined(name, text)


@pytest.mark.parametrize("name", [*NAMES, "clip"])
def test_piece_for_is_the_inverse(name: str) -> None:
    vocabulary = clip() if name == "clip" else shape(name)[0]
    for number, text in enumerate(surfaces(vocabulary)):
        assert surface(vocabulary, number) == text
        token = vocabulary.tokens[number]
        ends_in_space = name == "clip" and token is not None and token.endswith("Ġ")
        if text and token is not None and number not in vocabulary.added and not token.startswith("<0x") and not ends_in_space:
            assert piece_for(vocabulary, text) == token


def test_by_hand() -> None:
    llama, bert, gpt = (shape(name)[0] for name in ("llama2", "bert", "gpt2"))
    assert surface(llama, llama.ids["<0xE0>"]) == b"\xe0"
    assert surface(llama, llama.ids["<s>"]) is None
    assert surface(llama, llama.ids["<unk>"]) is None
    assert surface(bert, next(number for token, number in bert.ids.items() if token.startswith("##"))) != b" "
    assert surface(bert, bert.ids["market"]) == b" market"
    assert surface(gpt, gpt.ids["Ġmarket"]) == b" market"
    assert piece_for(llama, " ตลาด".encode()) == "▁ตลาด"
    assert piece_for(llama, b"\xe0") == "<0xE0>"
    assert piece_for(bert, "ตลาด".encode()) == "##ตลาด"
    assert piece_for(gpt, " é".encode()) == "ĠÃ©"
    words = clip()
    assert surface(words, words.ids["market</w>"]) == b"market "


def test_bytes_that_are_no_text_have_no_piece_where_pieces_are_text() -> None:
    with pytest.raises(InputError, match="stand for the bytes"):
        piece_for(shape("xlm_r")[0], b"\xe0\xb8")


def test_letters_of_bytes_are_those_of_the_library() -> None:
    from tokenizers.pre_tokenizers import ByteLevel

    assert sorted(byte_letters().values()) == sorted(ByteLevel.alphabet())
    assert len(set(byte_letters().values())) == 256
    for byte, letter in byte_letters().items():
        if byte < 0x80:
            assert ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(chr(byte))[0][0] == letter


def test_a_piece_with_a_letter_outside_the_alphabet_stands_for_itself() -> None:
    vocabulary, _ = shape("gpt2")
    more = {**vocabulary.model["vocab"], "日本": vocabulary.size, "\xad": vocabulary.size + 1}
    odd = vocabulary.with_document(model={**vocabulary.model, "vocab": more})
    assert surface(odd, vocabulary.size) == "日本".encode()
    assert surface(odd, vocabulary.size + 1) == "\xad".encode()
