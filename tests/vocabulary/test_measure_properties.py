"""What holds of measures whatever the text and the tokenizer."""

import math
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from measuring import figures, measured, tidy
from scipy.spatial.distance import jensenshannon
from shapes import SHAPES, byt5
from text_strategy import texts as any_text

from panglot.vocabulary.distributions import average_rank, divergences, effective_pieces, renyi_efficiency
from panglot.vocabulary.intervals import RESAMPLES, interval, resampled_sums
from panglot.vocabulary.measures import KINDS
from panglot.vocabulary.vocabulary import Vocabulary

SHARES = [metric for metric, kind in KINDS.items() if kind.share and metric != "tokens_change"]
MAKERS = dict(SHAPES)
quick = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def shape(name: str) -> Vocabulary:
    return MAKERS[name]()


def seen(text: str) -> bool:
    return bool(text.strip()) and not text.isspace()


TEXTS = st.lists(any_text().filter(seen), min_size=1, max_size=6)


@pytest.mark.parametrize("name", [name for name, _ in SHAPES])
@quick
@given(found=TEXTS, tag=st.sampled_from(["eng_Latn", "khm_Khmr", "nqo_Nkoo", "arb_Arab", "und"]))
def test_every_text_is_measured_and_every_figure_is_a_number(tmp_path: Path, name: str, found: list[str], tag: str) -> None:
    tidy(tmp_path)
    measures = measured(
        tmp_path, {tag: found, "eng_Latn": found}, {"a": shape(name), "b": shape("byt5")}, parallel=tag != "eng_Latn"
    )
    for each in measures.rows:
        assert math.isfinite(each["value"])
        if each["ci_low"] is not None:
            assert each["ci_low"] <= each["value"] <= each["ci_high"]
        if each["metric"] in SHARES and not each["condition"]:
            assert 0 <= each["value"] <= 1 + 1e-12
    said = figures(measures, "eng_Latn")
    assert said.get("premium", 1) == said.get("premium_mean", 1) == 1
    if tag != "eng_Latn" and "premium" in figures(measures, tag):
        # the same text pays the same, whatever it is called
        assert figures(measures, tag)["premium"] == 1


@quick
@given(pairs=st.lists(st.tuples(any_text().filter(seen), any_text().filter(seen)), min_size=2, max_size=8), order=st.randoms())
def test_order_of_the_documents_does_not_matter(tmp_path: Path, pairs: list[tuple[str, str]], order: Random) -> None:
    tidy(tmp_path)
    turned = list(pairs)
    order.shuffle(turned)
    one, other = (
        measured(
            tmp_path, {"eng_Latn": [a for a, _ in each], "hsb_Latn": [b for _, b in each]}, {"a": shape("bert")}, parallel=True
        )
        for each in (pairs, turned)
    )
    for tag in ("eng_Latn", "hsb_Latn"):
        assert figures(one, tag) == pytest.approx(figures(other, tag))
    assert one.overlap().equals(other.overlap()) and one.allocation().equals(other.allocation())


@quick
@given(found=TEXTS)
def test_a_byte_tokenizer_takes_a_token_for_each_byte(tmp_path: Path, found: list[str]) -> None:
    tidy(tmp_path)
    said = figures(measured(tmp_path, {"eng_Latn": found}, {"a": byt5()}), "eng_Latn")
    assert said["bytes_per_token"] == said["tokens_per_byte"] == 1
    assert said["coverage"] == 1 and said["unknown"] == 0
    if "fertility" in said:
        assert said["continued"] == 1


COUNTS = st.lists(st.integers(1, 10_000), min_size=2, max_size=60)


@given(COUNTS)
def test_distributions(counts: list[int]) -> None:
    effective, rank, efficiency = effective_pieces(counts), average_rank(counts), renyi_efficiency(counts)
    assert effective is not None and rank is not None and efficiency is not None
    assert 1 <= effective <= len(counts) + 1e-6
    assert 1 <= rank <= (len(counts) + 1) / 2 + 1e-9
    assert -1e-9 <= efficiency <= 1 + 1e-9
    # of order 1 it is Shannon's
    shannon = renyi_efficiency(counts, alpha=1)
    assert shannon == pytest.approx(np.log(effective) / np.log(len(counts)), abs=1e-6)
    # Rényi's entropy does not grow with its order
    assert efficiency <= shannon + 1e-9
    assert renyi_efficiency([each * 3 for each in counts]) == pytest.approx(efficiency)


def test_distributions_of_little() -> None:
    assert renyi_efficiency([]) is None and renyi_efficiency([7, 0]) is None
    assert effective_pieces([]) is None and average_rank([0]) is None


@given(st.integers(2, 5), st.integers(2, 30), st.integers(0, 2**31))
def test_divergences_against_scipy(languages: int, pieces: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(pieces, 0.2), size=languages) * (random.random((languages, pieces)) < 0.7)
    shares[:, 0] += 1e-6
    shares /= shares.sum(axis=1, keepdims=True)
    found = divergences(shares)
    assert np.array_equal(found, found.T) and not found.diagonal().any()
    for i in range(languages):
        for j in range(languages):
            assert found[i, j] == pytest.approx(jensenshannon(shares[i], shares[j], base=2) ** 2, abs=1e-9)


@given(st.integers(1, 30), st.integers(0, 1000))
def test_resamples_draw_as_many_documents_as_there_are(documents: int, seed: int) -> None:
    sums = resampled_sums(np.stack([np.ones(documents), np.arange(documents)], axis=1), seed)
    assert sums.shape == (RESAMPLES, 2)
    assert (sums[:, 0] == documents).all()
    assert (sums[:, 1] >= 0).all() and (sums[:, 1] <= documents * max(documents - 1, 0)).all()


def test_many_documents_are_drawn_in_groups_that_hold_them_all() -> None:
    sums = resampled_sums(np.ones((10_000, 1)), 3)
    assert sums.mean() == pytest.approx(10_000, rel=0.001)
    one, other = resampled_sums(np.arange(9000.0)[:, None], 3), resampled_sums(2 * np.arange(9000.0)[:, None], 3)
    assert np.allclose(2 * one, other)


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    """On 200 samples of 80 documents, about 95 % of the intervals hold the true ratio."""
    random = np.random.default_rng(11)
    inside = 0
    for number in range(200):
        below = random.gamma(4.0, size=80)
        above = below * random.normal(2.0, 0.5, size=80)
        sums = resampled_sums(np.stack([above, below], axis=1), number)
        low, high = interval(sums[:, 0] / sums[:, 1], above.sum() / below.sum())
        assert low is not None and high is not None
        inside += low <= 2.0 <= high
    assert 180 <= inside <= 199


def test_interval_of_nothing() -> None:
    assert interval(np.full(1000, np.nan), 1.0) == (None, None)
    assert interval(np.full(1000, 0.25), 0.25) == (None, None)
