"""mBART's and XLM's noise: what is masked, moved and dropped, and what must come back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.objectives.batch import NO_LABEL
from panglot.objectives.cutting import examples_of
from panglot.objectives.denoise import Denoising
from panglot.objectives.example import Example, Tokens
from panglot.objectives.mbart import MultilingualDenoising, sentences_of, span_lengths
from panglot.objectives.rows import language_tokens, read_and_write

END, MASK, HSB, DEU = 2, 3, 90, 91
LANGUAGES = {"hsb_Latn": HSB, "deu_Latn": DEU}
SPECIAL = frozenset({0, 1, 2, 3, 90, 91})


def _tokens(start=None, decoder_start=0, languages=LANGUAGES, mask=MASK):
    return Tokens(
        1, start, END, mask, None, SPECIAL, torch.arange(100, 200), languages=languages, architecture="seq2seq",
        decoder_start=decoder_start,
    )  # fmt: skip


def _generator(seed):
    return torch.Generator().manual_seed(seed)


def _example(words, language="hsb_Latn"):
    """Words of the sizes given, one sentence, a character for each token."""
    numbers = [number for number, size in enumerate(words) for _ in range(size)]
    spans, text = [], ""
    for size in words:
        spans += [(len(text) + at, len(text) + at + 1) for at in range(size)]
        text += "a" * size + " "
    return Example(range(100, 100 + len(numbers)), text, language, words=numbers, spans=spans)


@pytest.mark.parametrize(
    ("place", "ids", "decoder", "labels"),
    [
        ("end", [7, 8, END, HSB], [DEU, 9, END], [9, END, DEU]),
        ("start", [HSB, 7, 8, END], [END, DEU, 9], [DEU, 9, END]),
        ("none", [7, 8, END], [END, 9], [9, END]),
    ],
)
def test_where_languages_stand(place, ids, decoder, labels):
    row = read_and_write(
        [7, 8], [9], _tokens(decoder_start=END), place=place, source_language="hsb_Latn", target_language="deu_Latn"
    )
    assert (row.ids, row.decoder_ids, row.labels) == (ids, decoder, labels)


def test_bart_has_no_languages_and_t5_starts_with_padding():
    bart = _tokens(start=0, decoder_start=END, languages={})
    assert language_tokens("auto", bart) == "none"
    row = read_and_write([7], [9], bart, place="none", source_language="und", target_language="und")
    # as in transformers: labels <s> x </s>, and what the decoder reads is these moved by one behind </s>
    assert (row.ids, row.decoder_ids, row.labels) == ([0, 7, END], [END, 0, 9], [0, 9, END])
    assert language_tokens("auto", _tokens(decoder_start=None)) == "end"
    assert language_tokens("auto", _tokens(decoder_start=END)) == "start"


def test_a_language_without_a_token():
    with pytest.raises(InputError, match="no token for tha_Thai"):
        MultilingualDenoising().row(_example([1, 2], "tha_Thai"), _tokens(), _generator(1))


@given(words=st.integers(0, 200), share=st.floats(0, 0.95), mean=st.floats(0.3, 9), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_spans_reach_the_share_exactly(words, share, mean, seed):
    assert sum(span_lengths(words, share, mean, _generator(seed))) == -int(-share * words // 1)


def test_spans_are_poisson():
    lengths = [each for seed in range(200) for each in span_lengths(100, 0.9, 3.5, _generator(seed))]
    # the last of each was cut to fit
    assert sum(lengths) / len(lengths) == pytest.approx(3.45, abs=0.15)
    assert lengths.count(0) / len(lengths) == pytest.approx(0.0302, abs=0.008)


@given(
    words=st.lists(st.integers(1, 5), min_size=1, max_size=40),
    share=st.floats(0, 0.9),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_one_mask_for_each_span_and_the_share_of_words(words, share, seed):
    example, tokens = _example(words), _tokens()
    row = MultilingualDenoising(share=share).row(example, tokens, _generator(seed))
    ids = list(example.ids)
    assert row.labels == [*ids, END, HSB]
    assert row.decoder_ids == [HSB, *ids, END]
    assert row.ids[-2:] == [END, HSB]
    kept = [each for each in row.ids[:-2] if each != MASK]
    assert kept == [each for each in ids if each in set(kept)]
    gone = {number for each, number in zip(ids, example.words, strict=True) if each not in set(kept)}
    assert len(gone) == -int(-share * len(words) // 1)
    assert all(each not in set(kept) for each, number in zip(ids, example.words, strict=True) if number in gone)
    assert len(row.ids) <= len(row.labels)
    if gone:
        assert MASK in row.ids


def test_by_hand():
    # ten words of one token; seed found by looking: 4 of them go, in spans, each one mask
    row = MultilingualDenoising(share=0.4, permute=False).row(_example([1] * 10), _tokens(), _generator(0))
    masks = row.ids.count(MASK)
    assert len(row.ids) == 10 - 4 + masks + 2
    assert 1 <= masks <= 4


@pytest.mark.parametrize(
    ("language", "sentences"),
    [("khm_Khmr", 2), ("jpn_Jpan", 3), ("arb_Arab", 3), ("hin_Deva", 3), ("hsb_Latn", 3), ("div_Thaa", 2)],
)
def test_sentences_by_the_marks_of_their_script(bench, language, sentences):
    objective = MultilingualDenoising(share=0)
    tokens = bench.tokens("seq2seq", bench.model("mbart").config)
    example = next(each for each in bench.examples(objective, tokens, limit=280) if each.language == language)
    found = sentences_of(example)
    assert len(found) == sentences
    assert [each for sentence in found for word in sentence for each in word] == list(example.ids)
    orders = set()
    for seed in range(30):
        row = objective.row(example, tokens, _generator(seed))
        assert row.ids.count(tokens.end) == sentences
        parts, part = [], []
        for each in row.ids[:-1]:
            if each == tokens.end:
                parts.append(tuple(part))
                part = []
            else:
                part.append(each)
        whole = [tuple(each for word in sentence for each in word) for sentence in found]
        assert sorted(parts) == sorted(whole)
        orders.add(tuple(whole.index(each) for each in parts))
        # what is written keeps the order of the text
        assert [each for each in row.labels if each not in tokens.special] == list(example.ids)
    assert len(orders) == {2: 2, 3: 6}[sentences]


def test_short_sentences_go_together():
    text = "Aj. Bę. Cy. Dobry dzen wam wsim."
    spans = [(at, at + 1) for at, each in enumerate(text) if not each.isspace()]
    numbers = [text[:at].count(" ") for at, _ in spans]
    example = Example(range(100, 100 + len(spans)), text, "hsb_Latn", words=numbers, spans=spans)
    assert [sum(map(len, each)) for each in sentences_of(example)] == [9, len(spans) - 9]


@given(words=st.lists(st.integers(1, 4), min_size=1, max_size=40), shuffle=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_no_word_moves_far_and_none_is_torn(words, shuffle, seed):
    example = _example(words)
    row = Denoising(shuffle=shuffle, drop=0, blank=0).row(example, _tokens(), _generator(seed))
    assert row.labels == [*example.ids, END, HSB]
    number = dict(zip(example.ids, example.words, strict=True))
    order = list(dict.fromkeys(number[each] for each in row.ids[:-2]))
    assert sorted(order) == list(range(len(words)))
    assert all(abs(at - word) < shuffle for at, word in enumerate(order))
    assert [each for word in order for each in example.ids if number[each] == word] == row.ids[:-2]


def test_shares_of_xlms_noise():
    example, tokens = _example([2] * 200), _tokens()
    sizes = blanks = 0
    for seed in range(40):
        row = Denoising().row(example, tokens, _generator(seed))
        sizes += len(row.ids) - 2
        blanks += row.ids.count(MASK)
        assert row.ids.count(MASK) % 2 == 0
    assert sizes / (40 * 400) == pytest.approx(0.9, abs=0.02)
    assert blanks / sizes == pytest.approx(0.1, abs=0.02)


def test_a_word_always_stays():
    row = Denoising(drop=1, blank=0).row(_example([2, 3]), _tokens(), _generator(1))
    assert len(row.ids) - 2 in (2, 3)


def test_empty_text_and_no_mask():
    for objective in (MultilingualDenoising(), Denoising()):
        row = objective.row(Example([], "", "hsb_Latn", words=[], spans=[]), _tokens(), _generator(1))
        assert set(row.labels) == {NO_LABEL}
        with pytest.raises(InputError, match="no mask token"):
            objective.check(_tokens(mask=None), "a model")
    Denoising(blank=0).check(_tokens(mask=None), "a model")


def test_many_short_sentences_do_not_make_rows_too_long(bench):
    tokens = bench.tokens("seq2seq", bench.model("mbart").config)
    for text in ("あ。" * 80, "Ha. Ho! " * 60, "।".join("कखग" * 20) + "।"):
        for limit in (30, 77):
            objective = MultilingualDenoising()
            given = [Example((), text, "jpn_Jpan")]
            (cut,) = examples_of(bench.materials(), given, objective, limit=limit, tokens=tokens)
            sizes = set()
            for seed, each in enumerate(cut):
                row = objective.row(each, tokens, _generator(seed))
                sizes |= {len(row.ids), len(row.decoder_ids)}
                assert [label for label in row.labels if label not in tokens.special] == list(each.ids)
            assert max(sizes) <= limit
