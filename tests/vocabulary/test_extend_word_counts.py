"""Words as a tokenizer sees them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import TEXTS
from test_extend_tokenizer import shape
from text_strategy import texts

from panglot.vocabulary.word_counts import character_counts, word_counts


@given(text=texts(), name=st.sampled_from(["mt5", "mbart", "nllb"]))
def test_plain_metaspace_is_cut_as_the_library_cuts(text: str, name: str) -> None:
    vocabulary = shape(name)
    if "\n" in text or any(each["content"] in text for each in vocabulary.added.values()):
        return
    normal = vocabulary.backend.normalizer.normalize_str(text)
    expected = [word for word, _ in vocabulary.backend.pre_tokenizer.pre_tokenize_str(normal)]
    found = word_counts(vocabulary, [text])
    if "▁▁" not in "".join(expected):  # of a run of spaces the library makes a word each
        assert found == Counter(expected)


@pytest.mark.parametrize("name", ["llama2", "gemma", "byte", "byt5", "gpt2"])
def test_no_word_reaches_across_a_space(name: str) -> None:
    for word in word_counts(shape(name), TEXTS):
        assert not word.lstrip("▁Ġ \n").strip("▁Ġ \n") or not set("▁Ġ ") & set(word.lstrip("▁Ġ \n"))


def test_added_tokens_are_no_words() -> None:
    assert word_counts(shape("xlm_r"), ["<s>ދިވެހި<mask>ދިވެހި</s>"]) == {"▁ދިވެހި": 2}
    assert word_counts(shape("qwen"), ["<think>ab</think>"]) == {"ab": 1}


def test_character_counts() -> None:
    assert character_counts({"𐐀a": 3, "aa": 2}) == {"a": 7, "𐐀": 3}
    assert character_counts({}) == {}
