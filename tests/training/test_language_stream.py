"""Streams of several languages: shares, replay, curricula, resume, reports, bad input."""

import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_tables import documents, pairs

from panglot.artifacts import InputError
from panglot.corpus.balance.shares import Temperature
from panglot.training.epoch_order import EpochOrder, scattered
from panglot.training.groups import Mix
from panglot.training.language_stream import LanguageStream, Part, language_stream
from panglot.training.schedule import begin, by_weight, draws, rate_of
from panglot.training.text_store import open_store

WORDS = {"tha_Thai": "น้ำใสไหลเย็น", "khm_Khmr": "ស្ត្រីខ្មែរ", "arb_Arab": "العَرَبِيَّة", "hin_Deva": "क्षत्रिय"}
SIZES = {"tha_Thai": 600, "khm_Khmr": 60, "arb_Arab": 240, "hin_Deva": 20}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    lengths = np.random.default_rng(5)
    rows = [
        (f"{number} " + WORDS[tag] * int(lengths.integers(1, 12)), tag) for tag, many in SIZES.items() for number in range(many)
    ]
    return documents(tmp_path_factory.mktemp("text"), rows)


@pytest.fixture(scope="module")
def store(text, tmp_path_factory):
    return open_store({"text": text}, tmp_path_factory.mktemp("stores"), longest=400, seed=3)


def _stream(store, **more):
    return LanguageStream(store, **{"steps": 60, "step_bytes": 2000, "seed": 3, "mix": Mix(strategy="temperature"), **more})


def _drawn(stream):
    return [one for at in range(len(stream)) for one in stream[at]]


def _shares(passages):
    found = Counter()
    for each in passages:
        found[each.language] += len(each.text.encode())
    return {name: each / found.total() for name, each in found.items()}


def test_a_case_by_hand():
    # a third and two thirds, passages of 2 units each: middles at 3, 9, 15, … and at 1.5, 4.5, 7.5, 10.5, …
    rates = np.array([rate_of(1 / 3), rate_of(2 / 3)])

    def two(group, start, stop):
        return np.full(stop - start, 2)

    found = draws(begin(two, rates), two, [0, 1], units=12)
    assert found.groups.tolist() == [1, 0, 1, 1, 0, 1]
    assert found.places.tolist() == [0, 0, 1, 2, 1, 3]
    assert (found.ticks / (1 << 20)).tolist() == pytest.approx([1.5, 3, 4.5, 7.5, 9, 10.5], rel=1e-5)


@given(
    st.lists(st.floats(0.001, 1), min_size=2, max_size=12),
    st.sampled_from(["equal", "uniform", "heavy"]),
    st.integers(0, 1000),
)
@settings(max_examples=30)
def test_shares_hold_over_any_ten_thousand_draws(weights, kind, seed):
    random = np.random.default_rng(seed)
    shares = np.array(weights) / sum(weights)
    makers = {"equal": lambda: np.full(997, 100), "uniform": lambda: random.integers(1, 2000, 997)}
    makers["heavy"] = lambda: np.minimum(1 + random.pareto(1.1, 997) * 20, 4000).astype(int)
    sizes = [makers[kind]() for _ in shares]

    def costs(group, start, stop):
        return sizes[group][np.arange(start, stop) % 997].astype(np.int64)

    rates = np.array([rate_of(each) for each in shares])
    found = draws(begin(costs, rates), costs, range(len(shares)), units=31000 * max(float(each.mean()) for each in sizes))
    assert len(found) > 30000
    reached = np.stack([np.concatenate([[0], np.cumsum(found.costs * (found.groups == at))]) for at in range(len(shares))])
    window = reached[:, 10000:30000] - reached[:, : 30000 - 10000]
    assert np.abs(window / window.sum(axis=0) - shares[:, None]).max() < 0.01


@given(st.integers(1, 5000), st.integers(0, 2**64 - 1))
@settings(max_examples=40)
def test_every_epoch_is_a_permutation(count, key):
    assert np.array_equal(np.sort(scattered(np.arange(count), count, key)), np.arange(count))
    order = EpochOrder(count, key=key)
    epochs = order.at(0, 3 * count).reshape(3, count)
    assert np.array_equal(np.sort(epochs, axis=1), np.broadcast_to(np.arange(count), (3, count)))
    if count > 20:
        # LLaMA-Factory #10672: the same order in every epoch
        assert not np.array_equal(epochs[0], epochs[1])
    start, stop = sorted((key % (3 * count), (key // 7) % (3 * count)))
    assert np.array_equal(order.at(start, stop), order.at(0, 3 * count)[start:stop])


@pytest.mark.parametrize("count", [7, 1500])
def test_sorted_orders_are_the_same_in_one_piece_and_in_many(count):
    ranks = np.random.default_rng(1).permutation(count).astype(np.uint64)
    order, again = EpochOrder(count, key=0, ranks=lambda: ranks), EpochOrder(count, key=0, ranks=lambda: ranks)
    whole = order.at(0, 4 * count)
    assert all(len(set(each)) == count for each in whole.reshape(4, count).tolist())
    pieces = [again.at(start, min(start + 13, 4 * count)) for start in range(0, 4 * count, 13)]
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize(
    "strategy", ["temperature", "unimax", {"method": "fixed", "weights": dict(zip(SIZES, (1, 2, 3, 4), strict=True))}]
)
def test_realised_shares_are_those_asked(store, strategy):
    stream = _stream(store, mix=Mix(strategy=strategy))
    figures = stream.figures()
    found = _shares(_drawn(stream))
    for name, share in stream.shares(0).items():
        assert found[name] == pytest.approx(share, abs=0.01)
        assert figures["languages"][name]["realised"] == pytest.approx(found[name], abs=1e-5)
        assert figures["languages"][name]["asked"] == pytest.approx(share, abs=1e-5)
    # in each step too, within a passage
    assert all(
        abs(_shares(stream[at]).get(name, 0) - share) < 0.25 for at in range(60) for name, share in stream.shares(0).items()
    )


def test_temperature_is_that_of_its_paper_and_not_times_one_minus_p(store):
    """gpt-neox `weights_by_num_docs` multiplies |L|^α by (1 − p); the largest language then gets far too little."""
    sizes = {each.language: each.bytes for each in store.cells}
    total = sum(sizes.values())
    powers = {name: (each / total) ** 0.3 for name, each in sizes.items()}
    right = {name: each / sum(powers.values()) for name, each in powers.items()}
    wrong = {name: each * (1 - sizes[name] / total) for name, each in powers.items()}
    wrong = {name: each / sum(wrong.values()) for name, each in wrong.items()}
    found = _shares(_drawn(_stream(store, steps=200)))
    assert found == pytest.approx(right, abs=0.005)
    assert abs(found["tha_Thai"] - wrong["tha_Thai"]) > 0.1
    assert Temperature(alpha=0.3).shares(sizes) == pytest.approx(right)


def test_nothing_is_oversampled_until_the_largest_ends(store):
    """ALMA #63: `all_exhausted` repeats small sets until the largest is through, whatever was asked."""
    stream = _stream(store, mix=Mix(strategy={"method": "temperature", "alpha": 1}), steps=100)
    figures = stream.figures()
    total = sum(each["available_bytes"] for each in figures["languages"].values())
    assert all(each["epochs"] == pytest.approx(figures["bytes"] / total, rel=0.05) for each in figures["languages"].values())
    # and within each language every passage comes once before any comes twice
    for name, many in SIZES.items():
        texts = [each.text for each in _drawn(stream) if each.language == name]
        whole = len({each.text for each in _drawn(_stream(store, steps=400)) if each.language == name})
        assert whole >= many
        for start in range(0, len(texts) - whole, whole):
            assert len(set(texts[start : start + whole])) == whole


def test_given_weights_are_not_ignored(store):
    low = _shares(_drawn(_stream(store, mix=Mix(replay={"tha_Thai": 0.1}))))
    high = _shares(_drawn(_stream(store, mix=Mix(replay={"tha_Thai": 0.6}))))
    assert (low["tha_Thai"], high["tha_Thai"]) == pytest.approx((0.1, 0.6), abs=0.01)


def test_replay_of_sources_and_languages_leaves_the_rest_as_it_is_mixed(text, tmp_path):
    old = documents(tmp_path / "old", [(f"an old line {number}", "eng_Latn") for number in range(90)])
    mix = Mix(replay={"old": 0.25, "hin_Deva": 0.125})
    stream = language_stream(
        {"new": text, "old": old}, steps=100, step_bytes=2000, longest=400, seed=1, folder=tmp_path / "stores", mix=mix
    )
    found = _shares(_drawn(stream))
    assert (found["eng_Latn"], found["hin_Deva"]) == pytest.approx((0.25, 0.125), abs=0.005)
    figures = stream.figures()["languages"]
    assert figures["tha_Thai"]["asked"] / figures["khm_Khmr"]["asked"] == pytest.approx(
        figures["tha_Thai"]["available_bytes"] / figures["khm_Khmr"]["available_bytes"], rel=1e-3
    )
    assert sum(each["asked"] for each in figures.values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("unit", ["documents", "characters"])
def test_other_units(store, unit):
    stream = _stream(store, mix=Mix(strategy={"method": "temperature", "alpha": 0}, unit=unit), steps=200)
    counted = Counter()
    for each in _drawn(stream):
        counted[each.language] += each.last if unit == "documents" else len(each.text)
    assert all(each / counted.total() == pytest.approx(0.25, abs=0.01) for each in counted.values())


@given(st.data())
@settings(max_examples=25)
def test_any_step_is_the_same_in_any_order_and_after_a_restart(store, data):
    mix = Mix(
        strategy=data.draw(st.sampled_from([None, "temperature", {"method": "ramp", "stretches": 7}])),
        replay=data.draw(st.sampled_from([{}, {"khm_Khmr": 0.2}])),
        unit=data.draw(st.sampled_from(["bytes", "documents"])),
    )
    asked = {"steps": 40, "seed": data.draw(st.integers(0, 9)), "mix": mix}
    whole = _stream(store, **asked)[0:40]
    other = _stream(store, **asked, chunk_bytes=data.draw(st.sampled_from([1, 3000, 9000, 1 << 23])))
    order = data.draw(st.permutations(range(40)))
    assert {at: other[at] for at in order} == dict(enumerate(whole))
    start = data.draw(st.integers(0, 39))
    fresh = pickle.loads(pickle.dumps(other))
    assert [fresh[at] for at in range(start, 40)] == whole[start:]
    longer = _stream(store, **{**asked, "steps": 55})
    if mix.strategy is None or mix.strategy.method == "temperature":
        assert longer[0:40] == whole


def test_processes_that_share_the_steps_see_what_one_sees(store):
    whole = _stream(store)[0:60]
    for many in (2, 3):
        ranks = [_stream(store) for _ in range(many)]
        assert [ranks[at % many][at] for at in range(60)] == whole


def test_a_share_changed_while_training_is_found_again_after_a_restart(store):
    asked = {"mix": Mix(replay={"arb_Arab": 0.1}), "steps": 80, "chunk_bytes": 16000}
    plain, changed = _stream(store, **asked), _stream(store, **asked)
    seen = [changed[at] for at in range(37)]
    changed.set_share("arb_Arab", 0.5, from_step=37)
    seen += [changed[at] for at in range(37, 60)]
    changed.set_share("arb_Arab", 0.0, from_step=60)
    seen += [changed[at] for at in range(60, 80)]
    assert seen[:37] == plain[0:37]
    assert _shares([one for each in seen[37:60] for one in each])["arb_Arab"] == pytest.approx(0.5, abs=0.01)
    assert "arb_Arab" not in _shares([one for each in seen[61:] for one in each])
    again = _stream(store, **asked)
    again.restore(changed.changes)
    assert again[0:80] == seen == changed[0:80]
    assert pickle.loads(pickle.dumps(changed))[50] == seen[50]
    assert changed.figures() == again.figures()
    assert changed.figures(37)["languages"] == plain.figures(37)["languages"]
    expected = (0.1 * 37 + 0.5 * 23) / 80
    assert changed.figures()["languages"]["arb_Arab"]["asked"] == pytest.approx(expected, abs=1e-4)


def test_a_restart_late_in_a_long_plan_finds_where_its_stretches_begin(text, tmp_path, monkeypatch):
    from panglot.training import language_stream as module

    monkeypatch.setattr(module, "_SAVED_EVERY", 8)
    store = open_store({"text": text}, tmp_path, longest=400, seed=3)
    asked = {"mix": Mix(replay={"arb_Arab": 0.1}), "steps": 80, "chunk_bytes": 4000}
    first = _stream(store, **asked)
    first.set_share("arb_Arab", 0.3, 50)
    whole, figures = first[0:80], first.figures()
    planned = []
    plan = LanguageStream._plan
    monkeypatch.setattr(LanguageStream, "_plan", lambda self, *more: planned.append(more[0]) or plan(self, *more))
    again = _stream(store, **asked)
    again.restore(first.changes)
    assert again[75] == whole[75]
    assert min(planned) > 50
    assert again.figures() == figures
    assert again[0:80] == whole
    assert not list(tmp_path.glob("*-plan-*-*.npz"))


def test_curricula(store):
    phases = [
        {"until": 0.5, "strategy": {"method": "temperature", "alpha": 1}},
        {"until": 1, "strategy": {"method": "temperature", "alpha": 0}},
    ]
    stream = _stream(store, mix=Mix(strategy={"method": "phases", "phases": phases}), steps=100)
    first, second = (_shares([one for at in some for one in stream[at]]) for some in (range(50), range(50, 100)))
    sizes = {each.language: each.bytes for each in store.cells}
    assert first == pytest.approx({name: each / sum(sizes.values()) for name, each in sizes.items()}, abs=0.01)
    assert second == pytest.approx(dict.fromkeys(sizes, 0.25), abs=0.01)
    ramp = _stream(store, mix=Mix(strategy={"method": "ramp", "first": 1, "last": 0, "stretches": 10}), steps=100)
    smallest = [
        _shares([one for at in range(start, start + 20) for one in ramp[at]]).get("hin_Deva", 0) for start in range(0, 100, 20)
    ]
    assert smallest == sorted(smallest)
    # what is due stays due when shares change: a rare language is not put off for ever
    fine = _stream(store, mix=Mix(strategy={"method": "ramp", "first": 1, "last": 0.9, "stretches": 100}), steps=100)
    figures = fine.figures()["languages"]["hin_Deva"]
    assert figures["realised"] == pytest.approx(figures["asked"], rel=0.1)


def test_several_objectives_of_text_and_pairs(text, tmp_path):
    bitext = pairs(
        tmp_path / "pairs", [(WORDS["khm_Khmr"] * (1 + at % 3), f"line {at}", "khm_Khmr", "eng_Latn") for at in range(50)]
    )
    parts = [Part(0.6), Part(0.1), Part(0.3, reads="pairs")]
    stream = language_stream(
        {"text": text, "pairs": bitext}, steps=80, step_bytes=2000, longest=400, seed=1, folder=tmp_path / "stores", parts=parts
    )
    found = _drawn(stream)
    counted = Counter(each.objective for each in found)
    assert [counted[at] / len(found) for at in range(3)] == pytest.approx([0.6, 0.1, 0.3], abs=0.01)
    assert all((each.other is not None) == (each.objective == 2) for each in found)
    two = next(each for each in found if each.objective == 2)
    assert two.text.startswith(WORDS["khm_Khmr"])
    assert two.other.startswith("line ")
    assert (two.language, two.other_language) == ("khm_Khmr", "eng_Latn")
    assert stream.figures()["pairs"]["khm_Khmr-eng_Latn"]["epochs"] > 1
    order = np.random.default_rng(0).permutation(80).tolist()
    fresh = pickle.loads(pickle.dumps(stream))
    small = LanguageStream(stream.store, steps=80, step_bytes=2000, seed=1, parts=parts, chunk_bytes=5000)
    for other in (fresh, small):
        assert {at: other[at] for at in order} == {at: stream[at] for at in range(80)}
    assert small.figures() == stream.figures()


@given(st.lists(st.floats(0.05, 1), min_size=1, max_size=5), st.integers(0, 2**60), st.integers(0, 2**60))
def test_parts_get_their_weights_over_any_stretch(weights, offset, start):
    found = np.bincount(by_weight(np.arange(start, start + 1000), weights, offset), minlength=len(weights))
    assert np.abs(found / 1000 - np.array(weights) / sum(weights)).max() < 0.01


def test_a_language_of_twenty_sentences_is_repeated_counted_and_told(store):
    stream = _stream(store, mix=Mix(strategy={"method": "temperature", "alpha": 0}), steps=100)
    row = stream.figures()["languages"]["hin_Deva"]
    assert row["epochs"] > 10
    assert row["distinct_bytes"] == row["available_bytes"]
    assert f"hin_Deva {row['epochs']:.1f}" in stream.notes()[0]
    capped = _stream(store, mix=Mix(strategy={"method": "temperature", "alpha": 0}, most_epochs=4), steps=30)
    assert capped.figures()["languages"]["hin_Deva"]["epochs"] <= 4.5


def test_unimax_gets_the_budget_of_the_run(store):
    stream = _stream(store, mix=Mix(strategy={"method": "unimax", "epochs": 2}), steps=60)
    epochs = {name: each["epochs"] for name, each in stream.figures()["languages"].items()}
    assert epochs["hin_Deva"] == pytest.approx(2, rel=0.1)
    assert max(epochs.values()) < 2.2


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        ({"replay": {"khm_Khmer": 0.2}}, r"no text of khm_Khmer \(replay\): did you mean 'khm_Khmr'"),
        ({"replay": {"xxx": 0.2}}, "there is text of arb_Arab, hin_Deva, khm_Khmr, text, tha_Thai"),
        ({"replay": {"khm_Khmr": 0.7, "hin_Deva": 0.6}}, "sum to 1.3, above 1"),
        ({"replay": {"khm_Khmr": 1.0}}, "leave nothing for everything"),
        ({"strategy": "temperature", "most_shares": {"tha_Tha": 0.1}}, "did you mean 'tha_Thai'"),
        ({"strategy": {"method": "fixed", "weights": {"tha_Thai": 1}}}, "no weight is given for"),
    ],
)
def test_bad_shares_are_one_clear_line(store, mix, message):
    with pytest.raises(InputError, match=message):
        _stream(store, mix=Mix(**mix))[0]


def test_bad_changes_and_parts(store):
    stream = _stream(store, mix=Mix(replay={"khm_Khmr": 0.2}))
    with pytest.raises(InputError, match="has no share of its own in this stream: did you mean 'khm_Khmr'"):
        stream.set_share("khm_Khm", 0.5, 3)
    with pytest.raises(InputError, match="leave nothing"):
        stream.set_share("khm_Khmr", 1.0, 3)
    assert stream.changes == []
    assert stream.shares(5)["khm_Khmr"] == pytest.approx(0.2)
    with pytest.raises(InputError, match="reads sentence pairs, and there are none"):
        _stream(store, parts=[Part(), Part(reads="pairs")])
    with pytest.raises(IndexError):
        stream[60]
