"""Words of tokens in any script, examples cut from texts, whole-word masking."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.corpus.segmentation.words import find_words
from panglot.objectives.batch import NO_LABEL
from panglot.objectives.cutting import examples_of
from panglot.objectives.example import Example, Tokens
from panglot.objectives.mlm import MaskedLM
from panglot.objectives.tlm import TranslationMaskedLM
from panglot.objectives.units import word_numbers

TOKENS = Tokens(0, 1, 2, 3, 4, frozenset(range(5)), torch.arange(5, 1000))

TEXTS_WITHOUT_SPACES = {
    "tha": "ภาษาไทยเป็นภาษาราชการและเป็นภาษาประจำชาติ",
    "khm": "ភាសាខ្មែរគឺជាភាសារបស់ប្រជាជនខ្មែរ",
    "jpn": "これは日本語です。カタカナと漢字もあります。",
}


def _characters(text):
    return [(at, at + 1) for at in range(len(text))]


def _words(text):
    (numbers,) = word_numbers([text], [_characters(text)])
    found = {}
    for character, number in zip(text, numbers, strict=True):
        found[number] = found.get(number, "") + character
    return list(found.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # units ไป กิ น ข้า ว, which begin at 0 2 4 5 8
        ("ไปกินข้าว", ["ไปกิ", "นข้า", "ว"]),
        # units ខ្មែ រ រស់ នៅ, which begin at 0 4 5 8
        ("ខ្មែររស់នៅ", ["ខ្មែ", "ររស់", "នៅ"]),
        ("漢字とカタカナだ", ["漢字とカタカナ", "だ"]),
        ("اللغة العربية.", ["اللغة", " العربية", "."]),
        ("ދިވެހި ބަސް", ["ދިވެހި", " ބަސް"]),
        ("हिन्दी में, नहीं", ["हिन्दी", " में", ",", " नहीं"]),
        ("L'été «fin» ", ["L'été", " «", "fin", "»", " "]),
        ("", []),
    ],
)
def test_words_of_every_script(text, words):
    found = _words(text)
    assert "".join(found) == text
    assert found == words


@pytest.mark.parametrize("text", [TEXTS_WITHOUT_SPACES[each] for each in ("tha", "khm", "jpn")])
def test_an_unspaced_unit_is_never_cut(text):
    (units,) = find_words([text]).lists()
    words = _words(text)
    assert max(map(len, words)) > max(map(len, units))
    at, ends = 0, set()
    for each in words:
        at += len(each)
        ends.add(at)
    at = 0
    for each in units:
        at = text.index(each, at)
        assert not ends & set(range(at + 1, at + len(each)))
        at += len(each)


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_numbers_start_at_nought_never_fall_and_skip_none(texts):
    for numbers, alone in zip(
        word_numbers(texts, [_characters(each) for each in texts]),
        [word_numbers([each], [_characters(each)])[0] for each in texts],
        strict=True,
    ):
        assert numbers == alone
        assert numbers[0] == 0
        assert all(after - before in (0, 1) for before, after in pairwise(numbers))


def test_a_byte_of_a_character_belongs_to_its_word(bench):
    text = "ދިވެހި ބަސް"
    ((ids, spans),) = bench.materials().locate([text])
    (numbers,) = word_numbers([text], [spans])
    assert len(ids) == len(text.encode())
    # the space is a token of its own, and goes with the word behind it
    assert numbers == [0] * len("ދިވެހި".encode()) + [1] * len(" ބަސް".encode())


@pytest.mark.parametrize("which", ["bench", "subword_bench"])
@pytest.mark.parametrize("limit", [9, 40, 400])
def test_nothing_is_lost_when_texts_are_cut(request, which, limit):
    bench = request.getfixturevalue(which)
    tokens = bench.tokens("encoder")
    objective = MaskedLM(whole_words=True)
    cut = examples_of(bench.materials(), bench.given(), objective, limit=limit, tokens=tokens)
    whole = bench.materials().encode(list(bench.texts.values()))
    for stretches, ids, text in zip(cut, whole, bench.texts.values(), strict=True):
        assert [each for stretch in stretches for each in stretch.ids] == ids
        assert [stretch.last for stretch in stretches] == [False] * (len(stretches) - 1) + [True]
        for stretch in stretches:
            assert len(tokens.framed(stretch.ids)) <= limit
            assert stretch.words[0] == 0
            assert stretch.text in text
            assert all(0 <= start <= end <= len(stretch.text) for start, end in stretch.spans)
            assert {end for _, end in stretch.spans} >= {len(stretch.text.rstrip())}
        if which == "subword_bench":
            assert "".join(stretch.text for stretch in stretches) == text


def test_a_pair_is_one_example_and_too_long_a_side_is_cut(bench):
    tokens = bench.tokens("encoder")
    cut = examples_of(bench.materials(), bench.given(pairs=True), TranslationMaskedLM(), limit=44, tokens=tokens)
    assert [len(each) for each in cut] == [1] * len(bench.texts)
    assert all(len(each.ids) == len(each.other.ids) == 20 for (each,) in cut)
    with pytest.raises(InputError, match="got text alone"):
        examples_of(bench.materials(), bench.given(), TranslationMaskedLM(), limit=44, tokens=tokens)
    with pytest.raises(InputError, match="rows of 4 tokens have no room for text"):
        examples_of(bench.materials(), bench.given(pairs=True), TranslationMaskedLM(), limit=4, tokens=tokens)


def test_a_tokenizer_that_does_not_know_its_places(bench):
    with pytest.raises(InputError, match="which characters its tokens stand for"):
        examples_of(
            bench.materials(locate=None), bench.given(), MaskedLM(whole_words=True), limit=99, tokens=bench.tokens("encoder")
        )


@given(
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=30),
    share=st.floats(0.02, 0.9),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_whole_words_are_hidden_whole_and_never_too_many(sizes, share, seed):
    words = [number for number, size in enumerate(sizes) for _ in range(size)]
    objective = MaskedLM(share=share, whole_words=True, masked=1, random=0)
    row = objective.row(Example(range(10, 10 + len(words)), words=words), TOKENS, torch.Generator().manual_seed(seed))
    hidden = [number for number, label in zip(words, row.labels[1:-1], strict=True) if label != NO_LABEL]
    count = max(1, round(share * len(words)))
    assert hidden
    assert len(hidden) <= count or len(set(hidden)) == 1
    for number in set(hidden):
        assert hidden.count(number) == sizes[number]
    assert row.labels[0] == row.labels[-1] == NO_LABEL
    assert all((each == TOKENS.mask) == (label != NO_LABEL) for each, label in zip(row.ids, row.labels, strict=True))


def test_whole_words_reach_the_share(subword_bench):
    objective = MaskedLM(share=0.3, whole_words=True)
    tokens = subword_bench.tokens("encoder")
    labels = texts = 0
    for seed in range(30):
        for each in subword_bench.examples(objective, tokens):
            row = objective.row(each, tokens, torch.Generator().manual_seed(seed))
            labels += sum(label != NO_LABEL for label in row.labels)
            texts += len(each.ids)
    assert labels / texts == pytest.approx(0.3, abs=0.02)
