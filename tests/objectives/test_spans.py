"""Span corruption and UL2: nothing lost, exact counts, sentinels in order."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.objectives.batch import NO_LABEL
from panglot.objectives.example import Example, Materials, Tokens
from panglot.objectives.noise_spans import most_that_fit, noise_counts, noise_spans, segments
from panglot.objectives.span import SpanCorruption
from panglot.objectives.ul2 import DENOISERS, MixtureOfDenoisers

SENTINELS = tuple(range(99, 39, -1))
SPECIAL = frozenset({0, 1, 2, 3, *SENTINELS})
SEQ2SEQ = Tokens(0, None, 1, None, 2, SPECIAL, torch.arange(100, 200), SENTINELS, architecture="seq2seq", decoder_start=0)
DECODER = Tokens(0, 3, 1, None, 2, SPECIAL, torch.arange(100, 200), SENTINELS, architecture="decoder")
MODES = {"[R]": 96_000, "[S]": 96_001, "[X]": 96_002}
NAMED = {
    each.architecture: Tokens(
        each.padding, each.start, each.end, None, 2, SPECIAL | set(MODES.values()), each.drawable, SENTINELS,
        named=MODES, architecture=each.architecture, decoder_start=each.decoder_start,
    )
    for each in (SEQ2SEQ, DECODER)
}  # fmt: skip


def _generator(seed):
    return torch.Generator().manual_seed(seed)


def _put_back(read, written):
    """The text, from the two parts."""
    spans = {}
    for each in written:
        if each in SENTINELS:
            current = spans.setdefault(each, [])
        else:
            current.append(each)
    found = []
    for each in read:
        found += spans[each] if each in SENTINELS else [each]
    return found


def _read_and_written(row, tokens):
    if tokens.architecture == "seq2seq":
        assert row.ids[-1] == row.labels[-1] == tokens.end
        assert row.decoder_ids == [tokens.decoder_start, *row.labels[:-1]]
        return row.ids[:-1], row.labels[:-1]
    written = [each for each in row.labels if each != NO_LABEL]
    border = len(row.ids) - len(written)
    assert row.ids[border:] == written
    assert row.labels[: border - 1] == [NO_LABEL] * (border - 1)
    assert row.labels[-1] == NO_LABEL
    assert row.ids[0] == tokens.start
    return row.ids[1:border], written


@given(
    length=st.integers(0, 120),
    share=st.floats(0.05, 0.9),
    mean=st.floats(1, 20),
    seed=st.integers(0, 2**32 - 1),
    tokens=st.sampled_from([SEQ2SEQ, DECODER]),
)
@settings(max_examples=200, deadline=None)
def test_nothing_is_lost_and_counts_are_exact(length, share, mean, seed, tokens):
    noise, spans = noise_counts(length, share, mean)
    if spans + 1 > len(SENTINELS):
        return
    ids = list(range(200, 200 + length))
    row = SpanCorruption(share=share, mean=mean).row(Example(ids), tokens, _generator(seed))
    if not length:
        assert set(row.labels) == {NO_LABEL}
        return
    read, written = _read_and_written(row, tokens)
    if tokens.architecture == "decoder":
        assert read[-1] == tokens.end
        assert written[-1] == tokens.end
        read, written = read[:-1], written[:-1]
    assert _put_back(read, written) == ids
    assert [each for each in read if each in SENTINELS] == list(SENTINELS[:spans])
    assert [each for each in written if each in SENTINELS] == list(SENTINELS[: spans + 1])
    assert written[-1] == SENTINELS[spans]
    assert len(written) == noise + spans + 1
    assert len(read) == length - noise + spans


@given(length=st.integers(2, 400), share=st.floats(0.01, 0.99), mean=st.floats(1, 70), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=200, deadline=None)
def test_the_noise_of_t5(length, share, mean, seed):
    noise, count = noise_counts(length, share, mean)
    spans = noise_spans(length, share, mean, _generator(seed))
    assert len(spans) == count
    assert sum(end - start for start, end in spans) == noise == min(max(round(length * share), 1), length - 1)
    assert spans[0][0] > 0
    assert spans[-1][1] == length
    assert all(start < end for start, end in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_all_divisions_are_equally_likely():
    generator = _generator(17)
    found = [tuple(segments(5, 3, generator)) for _ in range(3000)]
    counts = {each: found.count(each) for each in set(found)}
    assert len(counts) == 6
    assert all(abs(count - 500) < 90 for count in counts.values())


def test_t5s_figures():
    # seqio: 512 tokens, 15 %, mean 3 → 77 tokens in 26 spans; 568 tokens fill rows of 512 and 114
    assert noise_counts(512, 0.15, 3) == (77, 26)
    assert noise_counts(568, 0.15, 3) == (85, 28)
    noise, spans = noise_counts(568, 0.15, 3)
    assert 568 - noise + spans + 1 == 512
    assert noise + spans + 1 == 114
    many = Tokens(0, None, 1, None, 2, SPECIAL, torch.arange(9), tuple(range(100)), architecture="seq2seq", decoder_start=0)
    assert SpanCorruption().room(512, many) == 568


def test_there_are_never_more_spans_than_sentinels():
    few = Tokens(0, None, 1, None, 2, SPECIAL, torch.arange(9), SENTINELS[:4], architecture="seq2seq", decoder_start=0)
    room = SpanCorruption().room(512, few)
    assert noise_counts(room, 0.15, 3)[1] == 3
    assert noise_counts(room + 1, 0.15, 3)[1] == 4
    SpanCorruption().row(Example(range(200, 200 + room)), few, _generator(1))


def test_the_most_that_fits():
    assert [most_that_fit(lambda number, top=top: number <= top) for top in (0, 1, 2, 3, 1000)] == [0, 1, 2, 3, 1000]


def test_no_sentinels():
    bare = Tokens(0, None, 1, None, 2, frozenset({0, 1, 2}), torch.arange(9), architecture="seq2seq")
    with pytest.raises(InputError, match="has no sentinels"):
        SpanCorruption().check(bare, "a model")
    with pytest.raises(InputError, match="has no token"):
        MixtureOfDenoisers().check(SEQ2SEQ, "a model")
    MixtureOfDenoisers(modes="none").check(SEQ2SEQ, "a model")
    MixtureOfDenoisers().check(NAMED["seq2seq"], "a model")


@pytest.mark.parametrize("architecture", ["seq2seq", "decoder"])
@pytest.mark.parametrize("length", [1, 2, 33, 100])
def test_ul2_nothing_is_lost_whichever_denoiser(architecture, length):
    tokens = NAMED[architecture]
    ids = list(range(200, 200 + length))
    seen = {}
    for seed in range(300):
        row = MixtureOfDenoisers().row(Example(ids), tokens, _generator(seed))
        read, written = _read_and_written(row, tokens)
        mode, read = read[0], read[1:]
        name = next(key for key, number in MODES.items() if number == mode)
        if name == "[S]":
            if architecture == "seq2seq":
                assert read[-1] == SENTINELS[0]
                read = read[:-1]
            else:
                written = written[:-1]
            assert read + written == ids
            assert len(written) == max(1, min(round(0.25 * length), length - 1))
            seen["S", 0, 0.25] = seen.get(("S", 0, 0.25), 0) + 1
            continue
        if architecture == "decoder":
            read, written = read[:-1], written[:-1]
        assert _put_back(read, written) == ids
        spans = sum(each in SENTINELS for each in read)
        noise = len(written) - spans - 1
        fitting = [
            each
            for each in DENOISERS
            if each.mode == name[1] and noise_counts(length, each.share, each.mean or 1) == (noise, spans)
        ]
        assert fitting
        seen[fitting[0]] = seen.get(fitting[0], 0) + 1
    if length == 100:
        assert len(seen) == 7
        assert all(18 < count < 75 for count in seen.values())


def test_modes_with_other_names_and_modes_that_are_spelled():
    named = Tokens(
        0, None, 1, None, 2, SPECIAL, torch.arange(9), SENTINELS, named={"[NLU]": 7, "[S2S]": 8, "[NLG]": 9},
        architecture="seq2seq", decoder_start=0,
    )  # fmt: skip
    objective = MixtureOfDenoisers(modes=("[NLU]", "[S2S]", "[NLG]"))
    objective.check(named, "ul2")
    firsts = {objective.row(Example(range(200, 230)), named, _generator(seed)).ids[0] for seed in range(40)}
    assert firsts == {7, 8, 9}
    spelled = MixtureOfDenoisers(spelled=True)
    spelled.check(SEQ2SEQ, "ul2")
    spelled = spelled.bound(Materials(encode=lambda texts: [[150, 151, ord(each[1])] for each in texts]))
    starts = {tuple(spelled.row(Example(range(200, 230)), SEQ2SEQ, _generator(seed)).ids[:3]) for seed in range(40)}
    assert starts == {(150, 151, ord(each)) for each in "RSX"}
    assert spelled.room(60, SEQ2SEQ) == MixtureOfDenoisers(modes="none").room(57, SEQ2SEQ)


@pytest.mark.parametrize("tokens", [NAMED["seq2seq"], NAMED["decoder"]], ids=["seq2seq", "decoder"])
@pytest.mark.parametrize("limit", [9, 16, 33, 64])
def test_every_text_up_to_the_room_fits_and_the_next_need_not(tokens, limit):
    for objective in (SpanCorruption(), SpanCorruption(share=0.5, mean=1.5), MixtureOfDenoisers()):
        room = objective.room(limit, tokens)
        longest = 0
        for length in range(1, room + 1):
            for seed in range(12):
                row = objective.row(Example(range(200, 200 + length)), tokens, _generator(seed))
                longest = max(longest, len(row.ids), len(row.decoder_ids or []))
        assert longest <= limit
        more = [objective.row(Example(range(200, 201 + room)), tokens, _generator(seed)) for seed in range(40)]
        assert max(max(len(row.ids), len(row.decoder_ids or [])) for row in more) > limit
