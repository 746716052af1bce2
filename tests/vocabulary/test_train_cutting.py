"""How a new tokenizer cuts text into words: marks stay with their letters in every script."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_strategy import HARD

from panglot.vocabulary.assembly import skeleton
from panglot.vocabulary.cutting_rules import Cutting
from panglot.vocabulary.special_tokens import SPECIAL_TOKENS
from panglot.vocabulary.surface import byte_letters

LETTER = {letter: byte for byte, letter in byte_letters().items()}
FORMS = ("bytes", "marked", "hashed")


def cut(text, **rules):
    """The words of a text, written as text."""
    cutting = Cutting(**{"form": "bytes", "digits": "together", **rules})
    backend = skeleton(cutting, SPECIAL_TOKENS["bert" if cutting.form == "hashed" else "llama"]).backend
    normal = backend.normalizer.normalize_str(text) if backend.normalizer else text
    words = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]
    if cutting.form != "bytes":
        return words
    return [bytes(LETTER[each] for each in word).decode(errors="surrogateescape") for word in words]


@pytest.mark.parametrize(
    "words",
    [
        ["हिन्दी", "क्षत्रिय", "की"],  # Devanagari: vowel signs and virama
        ["தமிழ்", "மொழியில்"],  # Tamil
        ["กินข้าว", "ที่นี่"],  # Thai: vowels and tones above
        ["ߒߞߏ", "ߞߊ߲ߜߍ߫"],  # N'Ko: tones and nasalisation
        ["ދިވެހި", "ބަސް"],  # Thaana: every vowel is a mark
        ["ខ្មែរ", "ភាសា"],
        ["می\u200cخواهم", "نیم\u200cفاصله"],  # the joiner keeps the word together
        ["ක්\u200dෂ", "ශ්\u200dරී"],
        ["שָׁלוֹם", "כִּתָּה"],
        ["𞤀𞤣𞤤𞤢𞤥", "𞤆𞤵𞤤𞤢𞤪"],  # four bytes a letter
        ["Việt", "Yorùbá", "ṣẹ́"],
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_words_of_any_script_stay_whole(words, form):
    mark = {"bytes": " ", "marked": "▁", "hashed": ""}[form]
    found = cut(" ".join(words), form=form, normalisation="none")
    first = mark if form == "marked" else ""
    assert found == [first + words[0], *(mark + each for each in words[1:])]


def test_pattern_of_gpt2_would_cut_them():
    from tokenizers import pre_tokenizers

    found = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str("हिन्दी")
    assert len(found) > 1
    assert len(cut("हिन्दी")) == 1


@pytest.mark.parametrize(
    ("digits", "bytes_", "marked"),
    [
        ("single", ["in", " ", "2", "0", "2", "4", " ok"], ["▁in", "▁", "2", "0", "2", "4", "▁ok"]),
        ("triples", ["in", " ", "202", "4", " ok"], ["▁in", "▁202", "4", "▁ok"]),
        ("together", ["in", " 2024", " ok"], ["▁in", "▁2024", "▁ok"]),
    ],
)
def test_digits(digits, bytes_, marked):
    assert cut("in 2024 ok", digits=digits) == bytes_
    for whitespace in ("keep", "collapse"):
        assert cut("in 2024 ok", form="marked", digits=digits, whitespace=whitespace) == marked
    assert cut("๒๐๒๔", digits="single") == list("๒๐๒๔")


def test_runs_of_spaces():
    assert cut("a   b\n\n  c") == ["a", "  ", " b", "\n\n", " ", " c"]
    assert cut("a   b", form="marked") == ["▁a", "▁▁", "▁b"]
    assert cut("  a   b\n\u3000c ", form="marked", whitespace="collapse") == ["▁a", "▁b", "▁c"]
    assert cut("a   b", whitespace="collapse") == ["a", " b"]


def test_lower_case_keeps_marks():
    assert cut("ÀŞḌ हिन्दी", lowercase=True) == ["àşḍ", " हिन्दी"]


def test_emoji_sequences_stay_whole():
    for each in ("👩‍👩‍👧‍👦", "👍🏽", "🇹🇭🇰🇭"):
        assert cut(each) == [each]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.sampled_from(HARD) | st.text(max_size=8), max_size=5).map("".join),
    st.sampled_from(["single", "triples", "together"]),
)
def test_words_joined_are_the_text(text, digits):
    if "\x00" in text:
        text = text.replace("\x00", "")
    assert "".join(cut(text, digits=digits, normalisation="none")) == text
