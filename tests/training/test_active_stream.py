"""Rounds in which the model chooses: what is chosen, restarts, shares."""

import math

import pytest
from stream_tables import documents

from panglot.artifacts import InputError, PanglotError
from panglot.training.active_choice import ActiveChoice, ActiveStream
from panglot.training.groups import Mix
from panglot.training.text_store import open_store

TAGS = {"khm_Khmr": ("ស្ត្រី", 100), "hin_Deva": ("क्षत्रिय", 50)}


@pytest.fixture
def store(tmp_path):
    rows = [(f"{word} {number:03}", tag) for tag, (word, many) in TAGS.items() for number in range(many)]
    return open_store({"text": documents(tmp_path / "text", rows)}, tmp_path / "stores", longest=64, seed=1)


def _bytes(tag, many):
    return [f"{TAGS[tag][0]} {number:03}".encode() for number in range(many)]


def _number(passage):
    return int(passage.text.split()[-1])


def _stream(store, asked=None, **more):
    return ActiveStream(store, ActiveChoice(**{"rounds": 3, **(asked or {})}), steps=30, step_bytes=2000, seed=1, **more)


def _seen(stream, steps):
    return {(each.language, _number(each)) for at in steps for each in stream[at]}


def _high(passages):
    return [float(_number(each)) for each in passages]


def test_each_round_adds_the_most_uncertain_of_each_language(store):
    stream = _stream(store, {"candidates": 100})
    first = _seen(stream, range(10))
    assert (sum(tag == "khm_Khmr" for tag, _ in first), sum(tag == "hin_Deva" for tag, _ in first)) == (20, 10)
    assert stream.due(9) is None
    assert stream.due(10) == 1
    with pytest.raises(PanglotError, match="step 10 is of round 1, whose passages are not chosen yet"):
        stream[10]
    stream.choose(1, _high)
    second = _seen(stream, range(10, 20))
    assert first < second
    for tag, many in (("khm_Khmr", 20), ("hin_Deva", 10)):
        left = sorted(set(range(TAGS[tag][1])) - {each for kind, each in first if kind == tag})
        assert {each for kind, each in second - first if kind == tag} == set(left[-many:])
    assert stream.due(19) is None
    assert stream.due(20) == 2


def test_only_candidates_are_scored_and_ties_fall_by_hash(store):
    scored = []

    def equal(passages):
        scored.extend(passages)
        return [1.0] * len(passages)

    stream, control = _stream(store), _stream(store, {"candidates": 1})
    stream.choose(1, equal)
    control.choose(1, None)
    assert len(scored) == 60 + 30
    assert _seen(stream, range(10, 20)) == _seen(control, range(10, 20))


def test_a_restart_takes_over_what_was_chosen_and_scores_nothing_again(store):
    stream = _stream(store, mix=Mix(strategy="temperature"))
    stream.choose(1, _high)
    again = _stream(store, mix=Mix(strategy="temperature"))
    assert again[0:20] == stream[0:20]
    assert again.due(20) == 2

    def never(passages):
        raise AssertionError

    again.choose(1, never)
    again.choose(2, _high)
    stream.choose(2, never)
    assert again[0:30] == stream[0:30]
    assert stream.figures() == again.figures()
    assert [each["added"] for each in stream.figures()["rounds"]] == [30, 30, 30]
    for said in stream.figures()["rounds"]:
        assert sum(each["asked"] for each in said["languages"].values()) == pytest.approx(1, abs=1e-5)
        for tag, (_, many) in TAGS.items():
            found = said["languages"][tag]
            assert found["available_bytes"] == pytest.approx(sum(map(len, _bytes(tag, many))) * 0.2 * (said["round"] + 1))
            assert found["distinct_bytes"] <= found["available_bytes"]
    other = _stream(store, {"candidates": 2}, mix=Mix(strategy="temperature"))
    assert other.due(10) == 1


def test_an_interrupted_choice_leaves_nothing(store):
    stream = _stream(store)
    calls = []

    def dies(passages):
        calls.append(len(passages))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream.choose(1, dies)
    again = _stream(store)
    assert again.due(10) == 1
    again.choose(1, _high)
    whole = _stream(store)
    assert whole[0:20] == again[0:20]


def test_shares_can_be_changed_over_rounds(store):
    stream = _stream(store, mix=Mix(replay={"hin_Deva": 0.2}))
    stream.set_share("hin_Deva", 0.6, 15)
    stream.choose(1, _high)
    stream.choose(2, _high)

    def share(steps):
        sizes = [(each.language, len(each.text.encode())) for at in steps for each in stream[at]]
        return sum(size for tag, size in sizes if tag == "hin_Deva") / sum(size for _, size in sizes)

    assert [share(each) for each in (range(10), range(10, 15), range(15, 20), range(20, 30))] == pytest.approx(
        [0.2, 0.2, 0.6, 0.6], abs=0.02
    )
    again = _stream(store, mix=Mix(replay={"hin_Deva": 0.2}))
    again.restore(stream.changes)
    assert again[0:30] == stream[0:30]


def test_bad_input(store):
    with pytest.raises(InputError, match="2 steps cannot be divided into 3 rounds"):
        ActiveStream(store, ActiveChoice(rounds=3), steps=2, step_bytes=100, seed=1)
    stream = _stream(store)
    with pytest.raises(PanglotError, match="round 2 follows round 1"):
        stream.choose(2, _high)
    with pytest.raises(PanglotError, match="nothing to choose by"):
        stream.choose(1, None)
    with pytest.raises(PanglotError, match="the score of a passage is nan"):
        stream.choose(1, lambda passages: [math.nan] * len(passages))
    with pytest.raises(PanglotError, match="gave 1 scores for"):
        stream.choose(1, lambda passages: [1.0])
