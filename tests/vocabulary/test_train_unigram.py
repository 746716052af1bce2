"""The unigram trainer: against the definition, and against SentencePiece."""

import io
import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_text import made_texts

from panglot.artifacts import InputError
from panglot.vocabulary.byte_pairs import learn_merges
from panglot.vocabulary.unigram import _Corpus, _log_probabilities, _Seeds, train_unigram

WORDS = st.dictionaries(st.text("กาิ𞤀", min_size=1, max_size=7), st.integers(1, 30).map(float), min_size=1, max_size=10)


def expected_counts(words, scores):
    """Expected counts by going through all ways to cut each word."""
    found = dict.fromkeys(scores, 0.0)
    for word, weight in words.items():

        @cache
        def ways(at, word=word):
            if at == len(word):
                return [((), 0.0)]
            return [
                ((word[at:end], *rest), scores[word[at:end]] + score)
                for end in range(at + 1, len(word) + 1)
                if word[at:end] in scores
                for rest, score in ways(end)
            ]

        total = math.fsum(math.exp(score) for _, score in ways(0))
        for pieces, score in ways(0):
            for piece in pieces:
                found[piece] += weight * math.exp(score) / total
    return found


@settings(deadline=None, max_examples=60)
@given(WORDS)
def test_expected_counts_are_those_of_all_ways_to_cut(words):
    corpus = _Corpus.of(words, words)
    seeds = _Seeds.of(corpus, 1000, 16, 2)
    names = seeds.names()
    scores = _log_probabilities(seeds._counts, seeds.kept, len(corpus.characters))
    found = seeds._words.expected(scores, seeds._last, corpus.weights)
    expected = expected_counts(words, dict(zip(names, scores.tolist(), strict=True)))
    assert found == pytest.approx([expected[each] for each in names])


@settings(deadline=None, max_examples=60)
@given(WORDS)
def test_seeds_are_all_frequent_substrings_and_their_counts(words):
    corpus = _Corpus.of(words, words)
    seeds = _Seeds.of(corpus, 1000, 4, 2)
    counts: dict[str, float] = {}
    for word, weight in words.items():
        for start in range(len(word)):
            for end in range(start + 1, min(start + 4, len(word)) + 1):
                counts[word[start:end]] = counts.get(word[start:end], 0) + weight
    assert dict(zip(seeds.names(), seeds._counts.tolist(), strict=True)) == {
        each: count for each, count in counts.items() if len(each) == 1 or count >= 2
    }


@settings(deadline=None, max_examples=60)
@given(WORDS)
def test_best_other_way_never_uses_the_piece(words):
    corpus = _Corpus.of(words, words)
    seeds = _Seeds.of(corpus, 1000, 16, 2)
    names = seeds.names()
    scores = _log_probabilities(seeds._counts, seeds.kept, len(corpus.characters))
    by_name = dict(zip(names, scores.tolist(), strict=True))
    others = seeds._pieces.best(scores)[seeds._piece_ends]
    for piece, other in zip(names[len(corpus.characters) :], others, strict=True):
        best = [0.0, *([-math.inf] * len(piece))]
        for end in range(1, len(piece) + 1):
            for start in range(end):
                part = piece[start:end]
                if part in by_name and part != piece:
                    best[end] = max(best[end], best[start] + by_name[part])
        assert other == pytest.approx(best[-1])


@settings(deadline=None, max_examples=60)
@given(WORDS, st.integers(0, 20))
def test_size_is_exact_and_every_character_stays(words, more):
    characters = set("".join(words))
    try:
        found = train_unigram(words, len(characters) + more)
    except InputError as error:
        supported = int(error.what.split("only ")[1].split()[0])
        assert supported < len(characters) + more
        assert len(train_unigram(words, supported)) == supported
        return
    assert len(found) == len(characters) + more
    assert characters <= set(found)
    assert all((math.isfinite(each) and each < 0) or len(found) == 1 for each in found.values())
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_fewer_pieces_than_characters():
    with pytest.raises(InputError, match="has 3 characters"):
        train_unigram({"abc": 5}, 2)


def test_seen_counts_decide_and_not_weights():
    words = {"abcd": 100.0, "xyxy": 4.0}
    assert "abcd" in train_unigram(words, 8)
    assert not [each for each in train_unigram(words, 7, seen={"abcd": 1.0, "xyxy": 4.0}) if len(each) > 1 and "a" in each]


def test_long_words_are_cut_and_counted():
    found = train_unigram({"กา" * 5000: 3.0}, 12)
    assert len(found) == 12
    assert "กา" * 8 in found


def cost(pieces, words):
    """Bits of the words by the best cut."""
    total = 0.0
    for word, weight in words.items():
        best = [0.0, *([-math.inf] * len(word))]
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - 16), end):
                if word[start:end] in pieces:
                    best[end] = max(best[end], best[start] + pieces[word[start:end]])
        total -= weight * best[-1]
    return total / math.log(2)


def test_as_good_as_sentencepiece():
    spm = pytest.importorskip("sentencepiece")
    texts = [text for tag, text in made_texts(documents=90) if tag != "zho_Hans"]
    words: dict[str, float] = {}
    for text in texts:
        for word in text.split():
            words[f"▁{word}"] = words.get(f"▁{word}", 0) + 1
    model = io.BytesIO()
    characters = set("".join(words))
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=603, model_type="unigram", character_coverage=1.0,
        num_threads=1, normalization_rule_name="identity", split_by_unicode_script=False, split_by_number=False, minloglevel=2,
        required_chars="".join(sorted(characters - {"▁"})),
    )  # fmt: skip
    theirs = spm.SentencePieceProcessor(model_proto=model.getvalue())
    other = {theirs.id_to_piece(each): theirs.get_score(each) for each in range(3, len(theirs))}
    mine = train_unigram(words, len(other), characters=characters)
    assert cost(mine, words) < 1.02 * cost(other, words)


def test_merges_are_those_of_a_plain_loop():
    words = {"".join(word): float(weight) for word, weight in (("abab", 5), ("bcbc", 4), ("ca", 9), ("กากา", 7))}
    parts = {word: list(word) for word in words}
    expected = []
    for _ in range(6):
        counts: dict[tuple[str, str], float] = {}
        for word, cut in parts.items():
            for pair in pairwise(cut):
                counts[pair] = counts.get(pair, 0) + words[word]
        if not counts or max(counts.values()) < 2:
            break
        order = [*sorted(set("".join(words))), *("".join(each) for each in expected)]
        best = min(counts, key=lambda pair: (-counts[pair], order.index(pair[0]), order.index(pair[1])))
        expected.append(best)
        for word, cut in parts.items():
            at, fresh = 0, []
            while at < len(cut):
                joined = tuple(cut[at : at + 2]) == best
                fresh.append("".join(cut[at : at + 2]) if joined else cut[at])
                at += 2 if joined else 1
            parts[word] = fresh
    assert learn_merges(words, 6).pairs == expected


def test_scores_are_log_probabilities():
    found = train_unigram({"กากา": 50.0, "มา": 30.0}, 6)
    assert np.exp(list(found.values())).sum() == pytest.approx(1, abs=0.1)
