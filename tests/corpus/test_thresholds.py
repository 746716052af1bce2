"""Thresholds: the methods by hand, bounds in their range, the gate, scarce text, stop words, models."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents, DocumentWriter
from panglot.corpus.noise import make_noise
from panglot.corpus.segmentation.words import find_words
from panglot.corpus.signals import SIGNALS
from panglot.corpus.thresholds import RULES, ReferenceModel, Rule, Thresholds, train_model
from panglot.corpus.thresholds.artifact import loosest
from panglot.corpus.thresholds.estimate import estimate_thresholds
from panglot.corpus.thresholds.reference_model import allowance
from panglot.corpus.thresholds.reference_text import join, reference_of
from panglot.corpus.thresholds.rules import LEARNED
from panglot.corpus.thresholds.statistics import Prior, bound, expected, method_bound, pooled, restored, transformed
from panglot.corpus.thresholds.stop_words import stop_words
from panglot.corpus.thresholds.unseen import Loss, losses

# a small grammar, so that text of any amount can be made: article, adjective, noun, verb, …; no language, in three scripts
GRAMMAR = {
    "Latn": (("ta", "ti"), ("mora", "velu", "siko"), ("kasen", "toren", "milan", "pudan"), ("bivu", "sotu", "laku"), "."),
    "Deva": (("वह", "यह"), ("मोरा", "वेलु", "सिको", "दपि"), ("कसेन", "तोरेन", "मिलन", "पुदन"), ("बिवु", "सोतु", "लकु"), "।"),
    "Thai": (("นี้", "นั้น"), ("มอรา", "เวลู", "สิโก"), ("กาเซน", "โตเรน", "มิลาน"), ("บิวู", "โซตู", "ลากู"), " "),
}  # fmt: skip


def made(script: str, count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    articles, adjectives, nouns, verbs, stop = GRAMMAR[script]
    blank = "" if script == "Thai" else " "

    def one(words: tuple[str, ...]) -> str:
        return words[int(rng.integers(len(words)))]

    found = []
    for _ in range(count):
        words = [one(articles), one(adjectives), one(nouns), one(verbs), one(articles), one(nouns)]
        found.append(blank.join(words) + stop)
    return found


def reference(folder: Path, texts: dict[tuple[str, str], list[str]]) -> Documents:
    with DocumentWriter(folder / "documents.parquet") as writer:
        for (tag, source), lines in texts.items():
            for line in lines:
                writer.document(line, tag, source=source)
    return Documents(folder)


@pytest.fixture(scope="module")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Thresholds, Step]:
    folder = tmp_path_factory.mktemp("thresholds")
    texts = {
        (f"{tag}", source): made(tag[4:], 700, seed)
        for number, tag in enumerate(("swh_Latn", "hin_Deva", "tha_Thai"))
        for seed, source in ((10 + number, "one"), (20 + number, "two"))
    }
    texts["zul_Latn", "one"] = made("Latn", 12, 3)
    (folder / "out").mkdir()
    step = Step(folder / "out", seed=1)
    return estimate_thresholds(reference(folder, texts), documents=12, step=step), step


def test_methods_by_hand() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    english = {"mean": 2.0, "sd": 0.5, "median": 2.0, "removed": 0.25}
    assert method_bound(Rule("words", "min", "quantile", 3), values, english) == pytest.approx(1.75)
    assert method_bound(Rule("words", "max", "quantile", 3), values, english) == pytest.approx(3.25)
    # mu + sd (t - mu_en) / sd_en = 2.5 + 1.118 (3 - 2) / 0.5
    assert method_bound(Rule("words", "max", "mean_sd", 3), values, english) == pytest.approx(2.5 + np.sqrt(1.25) * 2)
    assert method_bound(Rule("words", "max", "median_ratio", 3), values, english) == pytest.approx(3 * 2.5 / 2)
    assert method_bound(Rule("words", "max", "fixed", 3), values, english) == 3
    assert method_bound(Rule("words", "max", "tail"), values, english) is None
    # without English text the English value stands
    assert method_bound(Rule("words", "max", "mean_sd", 3), values, {}) == 3


@given(
    st.sampled_from(RULES),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.floats(0, 4),
    st.one_of(st.none(), st.floats(-2, 2)),
)
def test_a_bound_lies_in_the_range_of_its_signal(rule: Rule, values: list[float], looser: float, noise: float | None) -> None:
    prior = Prior(0.1, 0.1, 0.1, english={"mean": 0.1, "sd": 1e-9, "median": 0.1, "removed": 0.5})
    found, _ = bound(rule, np.array(values), np.zeros(len(values), dtype=np.int64), prior, noise, looser=looser)
    about = SIGNALS[rule.signal]
    if found is not None:
        # what FineWeb2's tables have and no document can pass: shares above 1, words of 3,141 characters
        assert about.low <= found
        assert about.unit != "share" or found < 1
        assert rule.signal != "mean_word_length" or found <= 60


@given(st.sampled_from(RULES), st.lists(st.floats(0, 1), min_size=2, max_size=20), st.floats(0, 3), st.floats(0.1, 3))
def test_looser_is_looser(rule: Rule, values: list[float], looser: float, more: float) -> None:
    prior, source = Prior(0.1, 0.1), np.zeros(len(values), dtype=np.int64)
    found = [bound(rule, np.array(values), source, prior, None, looser=each)[0] for each in (looser, looser + more)]
    if found[1] is not None:
        assert found[0] is not None
        assert found[1] <= found[0] if rule.side == "min" else found[1] >= found[0]


def test_scarce_text_is_drawn_towards_relatives() -> None:
    prior = Prior(spread=0.2, shift=0.1, between=0.1, mean=1.0)
    few, _ = expected(np.full(2, 2.0), np.zeros(2, dtype=np.int64), prior, learned=False)
    many, _ = expected(np.full(2000, 2.0), np.repeat(np.arange(20), 100), prior, learned=False)
    none, spread = expected(np.zeros(0), np.zeros(0, dtype=np.int64), prior, learned=False)
    assert 1 < few < many < 2
    assert many == pytest.approx(2, abs=0.1)
    assert none == 1
    assert spread > 0.2


def test_shift_between_sources_is_told_from_spread_inside() -> None:
    rng = np.random.default_rng(0)
    values, sources = [], []
    for _ in range(40):
        source = np.repeat(np.arange(4), 30)
        values.append(rng.normal(0, 1) + rng.normal(0, 0.5, 4)[source] + rng.normal(0, 0.2, 120))
        sources.append(source)
    spread, shift = pooled(values, sources)
    assert spread == pytest.approx(0.2, rel=0.05)
    assert shift == pytest.approx(0.5, rel=0.15)


@given(st.sampled_from(sorted({rule.signal for rule in RULES})), st.floats(0, 1))
def test_transforming_and_back(signal: str, value: float) -> None:
    assert restored(signal, float(transformed(signal, value))) == pytest.approx(value, abs=1e-6)


def test_thresholds_of_three_scripts(estimated: tuple[Thresholds, Step]) -> None:
    thresholds, step = estimated
    assert thresholds.languages == ["hin_Deva", "swh_Latn", "tha_Thai", "zul_Latn"]
    for tag in ("hin_Deva", "swh_Latn", "tha_Thai"):
        facts = step.figures["thresholds"][tag]
        assert facts["held_out_rejection"] <= 0.01
        assert facts["sources"] == ["one", "two"]
        found = thresholds.of(tag)
        assert found.origin == "language"
        assert found.model is not None
        for kind in ("gibberish", "table", "repeated_lines", "mojibake"):
            assert facts["noise_recall"][kind] >= 0.95, (tag, kind)
        for rule in found.facts["rules"].values():
            for side in ("min", "max"):
                assert side not in rule or rule[side] is None or np.isfinite(rule[side])


def test_clean_text_of_a_new_source_passes_and_its_noise_does_not(estimated: tuple[Thresholds, Step]) -> None:
    from panglot.corpus.signals import signals_of

    thresholds, _ = estimated
    for tag in ("hin_Deva", "swh_Latn"):
        found = thresholds.of(tag)
        clean = reference_of(tag, {"new": made(tag[4:], 500, 99)}).texts
        rng = np.random.default_rng(4)
        for kind in (None, "shuffled_words", "gibberish"):
            texts = clean if kind is None else [make_noise(each, kind, rng) for each in clean]  # type: ignore[arg-type]
            signals = signals_of(texts, tag, stop_words=found.stop_words, model=found.model)
            dropped = np.zeros(len(texts), dtype=bool)
            for name, (least, most) in found.bounds.items():
                dropped |= signals[name] < (-np.inf if least is None else least)
                dropped |= signals[name] > (np.inf if most is None else most)
            assert dropped.mean() == (0 if kind is None else 1), (tag, kind)


def test_very_short_reference_says_so(estimated: tuple[Thresholds, Step]) -> None:
    thresholds, step = estimated
    assert any(note.startswith("zul_Latn: 1 reference documents only") for note in step.notes)
    assert thresholds.of("zul_Latn").facts["scarce"]
    # one document cannot tell function words from others
    assert thresholds.of("zul_Latn").bounds["stop_words_present"] == (None, None)


def test_languages_without_thresholds_take_those_of_relatives_scripts_or_all(estimated: tuple[Thresholds, Step]) -> None:
    thresholds, _ = estimated
    assert thresholds.of("xho_Latn").origin == "relatives"  # isiZulu's nearest
    assert thresholds.of("fra_Latn").origin == "script"
    assert thresholds.of("jpn_Jpan").origin == "default"
    assert thresholds.of("nonsense").origin == "default"
    for tag in ("xho_Latn", "fra_Latn", "jpn_Jpan"):
        found = thresholds.of(tag)
        assert found.stop_words == []
        assert found.model is None
    least = [thresholds.of(tag).bounds["words"][0] for tag in ("swh_Latn", "zul_Latn")]
    assert thresholds.of("fra_Latn").bounds["words"][0] == (None if None in least else min(each for each in least if each))


def test_the_gate_relaxes_and_reports(tmp_path: Path) -> None:
    # half of the lines are a list without marks: an English threshold rejects them, and the gate has to give way
    good, odd = made("Latn", 300, 1), [f"{number}. kasen" for number in range(300)]
    texts = {("swh_Latn", "prose"): good, ("swh_Latn", "lists"): odd}
    (tmp_path / "out").mkdir()
    step = Step(tmp_path / "out")
    found = estimate_thresholds(reference(tmp_path, texts), documents=10, step=step)
    facts = step.figures["thresholds"]["swh_Latn"]
    assert facts["held_out_rejection"] <= 0.01
    assert found.of("swh_Latn").bounds["punctuated_line_share"][0] is None


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        (tmp_path / name / "out").mkdir(parents=True)
        documents = reference(tmp_path / name, {("hin_Deva", "one"): made("Deva", 120, 1)})
        digests.append(estimate_thresholds(documents, documents=4, step=Step(tmp_path / name / "out", seed=2)).digest)
    assert digests[0] == digests[1]


def test_bad_input(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    documents = reference(tmp_path, {("hin_Deva", "one"): made("Deva", 20, 1)})
    with pytest.raises(InputError, match="no rule looks at the signal"):
        estimate_thresholds(documents, methods={"nonsense": "tail"}, step=Step(tmp_path / "out"))
    with pytest.raises(InputError, match="thresholds.json is missing"):
        Thresholds(tmp_path / "out").languages  # noqa: B018
    (tmp_path / "out" / "thresholds.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="no JSON"):
        Thresholds(tmp_path / "out").languages  # noqa: B018
    (tmp_path / "out" / "thresholds.json").write_text(json.dumps({"format": 9}), encoding="utf-8")
    with pytest.raises(InputError, match="not of format"):
        Thresholds(tmp_path / "out").languages  # noqa: B018


def test_loosest_has_no_bound_where_one_has_none() -> None:
    assert loosest([{"rules": {"a": {"min": 1.0, "max": 2.0}}}, {"rules": {}}]) == {"a": {"min": None, "max": None}}


def test_a_model_survives_its_file_and_does_not_depend_on_neighbours(tmp_path: Path) -> None:
    texts = made("Deva", 200, 1)
    model = train_model([" ".join(texts[at : at + 20]) for at in range(0, 200, 20)], effect=0.5)
    model.save(tmp_path / "model.npz")
    assert (tmp_path / "model.npz").stat().st_size < 200_000
    again = ReferenceModel.load(tmp_path / "model.npz")
    some = [" ".join(made("Deva", 30, 5)), "x", "", "12 34"]
    first, second = model.signals(find_words(some)), again.signals(find_words(some[:1]))
    for name, values in second.items():
        assert values[0] == first[name][0]
    assert np.isnan(first["character_fit"][2])
    assert np.isnan(first["word_order"][1:3]).all()


def test_short_texts_are_given_the_benefit_of_the_doubt() -> None:
    found = allowance(np.array([1.0, 10, 100, 1000, 10000]), 0.3)
    assert (np.diff(found) <= 0).all()
    # with enough of a text the bound comes nearer to clean text than shuffled words reach by chance
    assert found[-1] == pytest.approx(-1.7)
    assert allowance(np.array([10000.0]), 0.0)[0] == pytest.approx(2.3 + 2.9)
    # doubt about the language gives a text more
    assert (allowance(np.array([100.0, 400]), 0.3, 0.1) > allowance(np.array([100.0, 400]), 0.3)).all()


def test_stop_words_are_no_numbers_symbols_or_names() -> None:
    texts = [
        f"Ta kasen bivu ti toren 12 km° . Ta Nairobi sotu ti {word}. Nairobi laku 12 km°" for word in ("mora", "velu", "siko")
    ]
    found = stop_words(texts * 20, ["one", "two"] * 30, least=1)
    assert {"ta", "ti"} <= set(found)
    assert not {"nairobi", "12", "km°", "°"} & set(found)


def test_a_word_that_one_source_lacks_is_no_stop_word() -> None:
    one = ["ta kasen bivu ti milan. rights ta toren ti pudan"] * 30
    two = ["ta velu bivu ti garon. ta siko ti dapi"] * 30
    found = stop_words(one + two, ["one"] * 30 + ["two"] * 30, least=1)
    assert "rights" not in found
    assert {"ta", "ti"} <= set(found)


def test_long_texts_are_cut_and_short_ones_joined() -> None:
    one = [f"{each}{number}" for number, each in enumerate(made("Thai", 400, 1))]
    found = reference_of("tha_Thai", {"one": one, "two": ["ก" * 9000 + "\n" + "ข" * 100]}, 3)
    assert len(found.texts) == 3 + 1 or len(found.texts) == 3 + 2
    assert len(found.more) > 0
    assert set(found.more_source) == {"one"} and len(found.more_source) == len(found.more)
    assert max(map(len, found.texts[:3])) < 2500


def test_what_a_reference_repeats_is_taken_once() -> None:
    found = reference_of("swh_Latn", {"pages": ["Menu\nta kasen bivu.", "Menu\nta kasen bivu.", "Menu\nti toren sotu."]})
    assert found.texts == ["Menu\nta kasen bivu. ti toren sotu."]


def test_without_marks_nothing_is_a_heading() -> None:
    verses = ["ta kasen bivu", "ti toren sotu", "ta milan laku"]
    assert join(verses, " ", size=60) == ["ta kasen bivu ti toren sotu ta milan laku"]
    assert join(["Menu", "ta kasen bivu.", "ti toren sotu."], " ", size=60) == ["Menu\nta kasen bivu. ti toren sotu."]


def test_what_is_lost_on_an_unseen_source_is_measured_source_by_source() -> None:
    rng = np.random.default_rng(0)

    def of_words(words: list[str]) -> list[str]:
        return [" ".join(words[int(rng.integers(len(words)))] for _ in range(8)) + "." for _ in range(300)]

    low = [f"{a}{b}{c}a" for a in "kstm" for b in "aeiou" for c in "lrn"]
    same, other = [of_words(low[:40]) for _ in range(2)], of_words(low[-8:])
    held = dict.fromkeys(LEARNED, np.zeros(0))

    def lost(sources: dict[str, list[str]]) -> dict[str, Loss]:
        reference = reference_of("swh_Latn", sources, 8)
        values = {name: np.full(len(reference.texts), 1.0) for name in held}
        return losses(reference, values, 20_000, seed=0)

    alike, unlike = lost({"a": same[0], "b": same[1]}), lost({"a": same[0], "b": other})
    assert alike["known_words"].drop < 0.05
    assert unlike["known_words"].drop > alike["known_words"].drop + 0.3
    # of one source nothing can be left out: the more text, the less is expected to be lost
    reference = reference_of("swh_Latn", {"a": same[0]}, 8)
    values = {name: np.full(len(reference.texts), 0.8) for name in held}
    small, large = (losses(reference, values, units, seed=0) for units in (1750, 28_000))
    assert small["character_fit"].drop == pytest.approx(4 * large["character_fit"].drop)
    assert 0 < small["word_order"].drop < large["word_order"].drop < 0.8


def test_one_odd_source_of_many_does_not_decide() -> None:
    from panglot.corpus.thresholds.unseen import _robust

    usual = _robust("word_order", [0.38, 0.4, 0.42, 0.41], [1.0] * 4)
    odd = _robust("word_order", [0.03, 0.38, 0.4, 0.42, 0.41], [1.0] * 5)
    assert odd.drop == pytest.approx(usual.drop, abs=0.03)
    assert odd.doubt < 0.1


def test_without_stop_words_none_are_asked_for(tmp_path: Path) -> None:
    rules = {"stop_words_present": {"min": 2.0, "max": None}}
    content = {"format": 2, "languages": {"zul_Latn": {"rules": rules, "stop_words": ["na"]}}}
    (tmp_path / "thresholds.json").write_text(json.dumps(content), encoding="utf-8")
    found = Thresholds(tmp_path)
    assert found.of("zul_Latn").bounds["stop_words_present"] == (2.0, None)
    # isiXhosa takes isiZulu's bounds, and not its words
    assert found.of("xho_Latn").origin == "relatives"
    assert found.of("xho_Latn").bounds["stop_words_present"] == (None, None)


def test_what_a_model_says_does_not_hang_on_vowel_marks():
    model = train_model(["كتب الولد رسالة الى صديقه في المدينة البعيدة"] * 4)
    plain, marked = "كتب الولد رسالة الى صديقه", "كَتَبَ ٱلْوَلَدُ رِسَالَةً اِلَى صَدِيقِهِ"
    bare, full = (model.signals(find_words([each])) for each in (plain, marked))
    assert {name: each.tolist() for name, each in bare.items()} == {name: each.tolist() for name, each in full.items()}
    assert full["known_characters"].tolist() == [1.0]
