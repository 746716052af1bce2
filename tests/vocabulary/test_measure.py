"""Each measure against figures computed by hand."""

from math import exp, log
from pathlib import Path

import pytest
from measuring import ENGLISH, SORBIAN, by_hand, documents, figures, measured, tokenizer
from scipy.spatial.distance import jensenshannon
from shapes import byt5, llama2, xlm_r

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import Documents
from panglot.vocabulary.measure import measure
from panglot.vocabulary.measures import Measures, against, represented
from panglot.vocabulary.price import Price


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Measures:
    """`to dom to` `a` in English; `dom ##y to .` `[UNK] a` in Upper Sorbian."""
    return measured(
        tmp_path_factory.mktemp("hand"),
        {"eng_Latn": ENGLISH, "hsb_Latn": SORBIAN},
        {"hand": by_hand()},
        parallel=True,
        price=Price(input=2, output=4, context=100, currency="EUR"),
    )


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("premium", 6 / 4),
        ("premium_mean", (4 / 3 + 2 / 1) / 2),
        ("fertility", (2 + 1 + 1 + 1) / 4),
        ("continued", 1 / 4),
        ("tokens_per_character", 6 / 13),
        ("tokens_per_cluster", 6 / 13),
        ("tokens_per_byte", 6 / 13),
        ("bytes_per_token", 13 / 6),
        ("single", 3 / 6),
        ("unknown", 1 / 6),
        ("coverage", 11 / 13),
        ("byte_fallback", 0),
        ("round_trip_loss", 1 / 2),
        ("altered", 1 / 2),
        ("renyi_efficiency", 1),
        ("pieces", 5),
        ("effective_pieces", 5),
        ("average_rank", 3),
        ("cost_of_characters", 2 * 6 / 13),
        ("cost_of_characters_written", 4 * 6 / 13),
        ("cost_of_text", 2 * 6 / 1e6),
        ("context_characters", 100 * 13 / 6),
        ("context_documents", 100 * 2 / 6),
    ],
)
def test_by_hand(found: Measures, metric: str, expected: float) -> None:
    assert found.value("hand", "hsb_Latn", metric) == pytest.approx(expected, abs=1e-9)


def test_a_document_without_tokens_in_the_reference_has_no_ratio(tmp_path: Path) -> None:
    from shapes import bert

    texts = {"eng_Latn": ["\x01", "7"], "hsb_Latn": ["7 7 7", "7 7"]}
    said = measured(tmp_path, texts, {"a": bert()}, parallel=True)
    assert figures(said, "hsb_Latn")["premium_mean"] == 2
    assert figures(said, "eng_Latn")["premium_mean"] == 1


def test_distribution_by_hand(found: Measures) -> None:
    said = figures(found, "eng_Latn")
    p = [0.5, 0.25, 0.25]
    assert said["renyi_efficiency"] == pytest.approx(log(sum(each**2.5 for each in p)) / (1 - 2.5) / log(3))
    assert said["effective_pieces"] == pytest.approx(exp(-sum(each * log(each) for each in p)))
    assert said["average_rank"] == pytest.approx(0.5 * 1 + 0.25 * 2 + 0.25 * 3)


def test_overlap_is_the_divergence_of_the_pieces(found: Measures) -> None:
    (row,) = found.overlap().to_pylist()
    english, sorbian = [0.5, 0.25, 0.25, 0, 0], [0.2, 0.2, 0.2, 0.2, 0.2]
    assert row["divergence"] == pytest.approx(jensenshannon(english, sorbian, base=2) ** 2)
    assert (row["language"], row["other"]) == ("eng_Latn", "hsb_Latn")


def test_allocation_counts_every_piece_but_the_unknown_one(found: Measures) -> None:
    rows = found.allocation().to_pylist()
    used = {each["piece"]: each["count"] for each in rows if each["language"] == "eng_Latn"}
    assert used == {"to": 2, "dom": 1, "a": 1}
    assert {each["piece"] for each in rows if each["language"] == "hsb_Latn"} == {"dom", "##y", "to", ".", "a"}


def test_the_reference_pays_one_and_has_no_interval(found: Measures) -> None:
    rows = [each for each in found.rows if each["language"] == "eng_Latn" and each["metric"].startswith("premium")]
    assert [(each["value"], each["ci_low"], each["ci_high"]) for each in rows] == [(1, None, None)] * 2


def test_several_tokenizers_are_compared_with_the_first(tmp_path: Path) -> None:
    longer = by_hand(["[UNK]", "to", "dom", "##y", ".", "a", "##b", "d", "o", "m", "t", "y", "b", "domy"])
    both = measured(tmp_path, {"hsb_Latn": SORBIAN, "eng_Latn": ENGLISH}, {"old": by_hand(), "new": longer}, parallel=True)
    change = figures(both, "hsb_Latn", "new", against("old"))
    assert change["tokens_change"] == pytest.approx(5 / 6 - 1)
    assert change["texts_changed"] == pytest.approx(1 / 2)
    assert change["fertility"] == pytest.approx(1 - 5 / 4)
    assert change["premium"] == pytest.approx(5 / 4 - 6 / 4)
    still = figures(both, "eng_Latn", "new", against("old"))
    assert set(still.values()) == {0.0}


def test_other_ids_of_the_same_tokens_are_no_change(tmp_path: Path) -> None:
    turned = by_hand(["[UNK]", "a", ".", "##y", "dom", "to", "##b", "d", "o", "m", "t", "y", "b"])
    both = measured(tmp_path, {"hsb_Latn": SORBIAN}, {"old": by_hand(), "new": turned})
    assert figures(both, "hsb_Latn", "new", against("old"))["texts_changed"] == 0


def test_bytes_that_are_fallen_back_to(tmp_path: Path) -> None:
    assert figures(measured(tmp_path, {"ful_Adlm": ["𞤀"]}, {"a": llama2()}), "ful_Adlm")["byte_fallback"] == 1
    said = figures(measured(tmp_path, {"fra_Latn": ["né"]}, {"a": byt5()}), "fra_Latn")
    assert said["byte_fallback"] == pytest.approx(2 / 3)
    assert said["unknown"] == 0 and said["coverage"] == 1 and said["round_trip_loss"] == 0


def test_words_are_cut_as_after_a_space_whether_the_tokenizer_adds_it_or_not(tmp_path: Path) -> None:
    # a byte tokenizer adds no space: a word of n bytes takes n tokens and one for the space
    assert figures(measured(tmp_path, {"eng_Latn": ["abc, de"]}, {"a": byt5()}), "eng_Latn")["fertility"] == (4 + 3) / 2
    said = measured(tmp_path, {"eng_Latn": ["to to to"]}, {"a": by_hand()})
    assert figures(said, "eng_Latn")["fertility"] == 1


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("khm_Khmr", "ទឹកនៅក្នុងកែវ"),
        ("tha_Thai", "น้ำอยู่ในแก้ว"),
        ("zho_Hans", "今天天气很好"),
        ("bod_Tibt", "བོད་ཡིག"),
        ("lao_Laoo", "ນ້ຳຢູ່ໃນຈອກ"),
        ("mya_Mymr", "ရေသည်ခွက်ထဲတွင်ရှိသည်"),
        ("jpn_Jpan", "水はコップの中"),
    ],
)
def test_no_words_where_a_script_has_none(tmp_path: Path, tag: str, text: str) -> None:
    found = measured(tmp_path, {tag: [text] * 3}, {"a": xlm_r()})
    said = figures(found, tag)
    assert "fertility" not in said and "continued" not in said
    assert "spaces" in found.absent[tag]["fertility"] and "spaces" in found.absent[tag]["continued"]
    assert said["tokens_per_character"] > 0 and said["tokens_per_cluster"] >= said["tokens_per_character"]


def test_marks_belong_to_words(tmp_path: Path) -> None:
    said = measured(tmp_path, {"nqo_Nkoo": ["ߒߞߏ ߦߋ߫ ߞߊ߲ ߠߎ߬"], "hin_Deva": ["हिन्दी भाषा"], "div_Thaa": ["ދިވެހި ބަސް"]}, {"a": byt5()})
    assert {each["tag"]: each["words"] for each in said.more["languages"]} == {"nqo_Nkoo": 4, "hin_Deva": 2, "div_Thaa": 2}


def test_a_text_without_words_says_so(tmp_path: Path) -> None:
    found = measured(tmp_path, {"eng_Latn": ["🙂🙂 👩‍👩‍👧‍👦"], "und": ["👍🏽"]}, {"a": byt5()})
    assert found.absent["eng_Latn"]["fertility"] == "the text holds no words"
    assert "script" in found.absent["und"]["fertility"]
    assert figures(found, "eng_Latn")["tokens_per_cluster"] == pytest.approx(len("🙂🙂 👩‍👩‍👧‍👦".encode()) / 4)


def test_text_of_no_known_language_is_measured_by_its_script(tmp_path: Path) -> None:
    assert "fertility" in figures(measured(tmp_path, {"und": ["Dobry dźeń"]}, {"a": byt5()}), "und")
    assert "fertility" not in figures(measured(tmp_path, {"und": ["ទឹកនៅក្នុង"]}, {"a": byt5()}), "und")


def test_a_text_of_unknown_tokens_only_is_never_said_to_share_pieces(tmp_path: Path) -> None:
    found = measured(tmp_path, {"nqo_Nkoo": ["ߒߞߏ"] * 3, "amh_Ethi": ["ሰላም"] * 3, "eng_Latn": ["to"] * 3}, {"a": by_hand()})
    said = figures(found, "nqo_Nkoo")
    assert (said["unknown"], said["coverage"], said["round_trip_loss"], said["pieces"]) == (1, 0, 1, 0)
    assert not represented(said)
    assert "effective_pieces" not in said and found.absent["nqo_Nkoo"]["effective_pieces"] == "no piece occurs"
    assert found.overlap().num_rows == 0


def test_a_tokenizer_that_drops_a_whole_text(tmp_path: Path) -> None:
    from shapes import bert

    found = measured(
        tmp_path,
        {"eng_Latn": ["\u0301", "\u0301"], "hsb_Latn": ["dom", "dom"]},
        {"first": bert(), "second": byt5()},
        parallel=True,
    )
    assert figures(found, "eng_Latn", "first")["tokens_per_character"] == 0
    assert "unknown" not in figures(found, "eng_Latn", "first")
    assert "tokens_change" not in figures(found, "eng_Latn", "second", against("first"))
    assert found.absent["hsb_Latn"]["premium"] == "the reference has no tokens"


def test_folding_an_accent_is_the_same_in_both_forms(tmp_path: Path) -> None:
    from shapes import bert

    said = measured(tmp_path, {"fra_Latn": ["café"], "yor_Latn": ["cafe\u0301"], "arb_Arab": ["كِتَابٌ"]}, {"a": bert()})
    assert figures(said, "fra_Latn")["coverage"] == figures(said, "yor_Latn")["coverage"] == 1
    assert figures(said, "arb_Arab")["coverage"] == 1


def test_vowel_signs_that_are_dropped_are_lost(tmp_path: Path) -> None:
    from shapes import bert

    said = figures(measured(tmp_path, {"hin_Deva": ["हिन्दु"]}, {"a": bert()}), "hin_Deva")
    assert said["coverage"] < 0.99
    assert not represented(said)


def test_parallel_text_is_recognised_and_chance_is_not(tmp_path: Path) -> None:
    short = ["to " * (1 + 7 * number % 23) for number in range(60)]
    long = ["domy a " * (1 + 7 * number % 23) for number in range(60)]
    other = ["domy a " * (1 + 11 * number % 19) for number in range(60)]
    found = measured(
        tmp_path, {"eng_Latn": short, "hsb_Latn": long, "deu_Latn": other, "fra_Latn": short[:20]}, {"a": by_hand()}
    )
    assert figures(found, "hsb_Latn")["premium"] == pytest.approx(3)
    assert "does not look parallel" in found.absent["deu_Latn"]["premium"]
    assert "20 documents" in found.absent["fra_Latn"]["premium"]
    said = found.manifest.notes if found.manifest else []
    assert any("2 languages" in each for each in said) and sum("No premium" in each for each in said) == 2


def test_text_that_is_said_not_to_be_parallel_has_no_premium(tmp_path: Path) -> None:
    found = measured(tmp_path, {"eng_Latn": ["to"] * 20, "hsb_Latn": ["domy"] * 20}, {"a": by_hand()}, parallel=False)
    assert "premium" not in figures(found, "hsb_Latn")


def test_no_text_in_the_reference(tmp_path: Path) -> None:
    found = measured(tmp_path, {"hsb_Latn": SORBIAN, "deu_Latn": ["domy"]}, {"a": by_hand()})
    assert "no text in the reference" in found.absent["hsb_Latn"]["premium"]
    assert found.manifest is not None and any("no text in the reference" in each for each in found.manifest.notes)


def test_notes_of_many_languages_are_few(tmp_path: Path) -> None:
    tags = ["deu_Latn", "fra_Latn", "ces_Latn", "pol_Latn", "slk_Latn", "slv_Latn", "hrv_Latn", "ita_Latn"]
    found = measured(tmp_path, {"eng_Latn": ["to"] * 3, **{tag: ["domy"] for tag in tags}}, {"a": by_hand()})
    assert found.manifest is not None
    assert len(found.manifest.notes) == 6 and "3 more" in found.manifest.notes[-1]


def test_nothing_is_priced_without_a_price(tmp_path: Path) -> None:
    plain = figures(measured(tmp_path, {"eng_Latn": ENGLISH}, {"a": by_hand()}), "eng_Latn")
    assert not any(each.startswith(("cost", "context")) for each in plain)
    some = figures(measured(tmp_path, {"eng_Latn": ENGLISH}, {"a": by_hand()}, price=Price(context=10)), "eng_Latn")
    assert {each for each in some if each.startswith(("cost", "context"))} == {"context_characters", "context_documents"}


def test_names_that_are_given_twice_are_told_apart(tmp_path: Path) -> None:
    of = [tokenizer(tmp_path / "one" / "same", by_hand()), tokenizer(tmp_path / "two" / "same", byt5())]
    with step_folder(tmp_path / "out") as step:
        found = measure(of=of, text=documents(tmp_path / "text", {"eng_Latn": ENGLISH}), step=step)
        assert found.tokenizers == ["same", "same (2)"]


def test_bad_input(tmp_path: Path) -> None:
    text = documents(tmp_path / "text", {"eng_Latn": ENGLISH, "hsb_Latn": ["domy"]})
    one = tokenizer(tmp_path / "one", by_hand())

    def said(text: Documents = text, **options: object) -> str:
        with pytest.raises(InputError) as caught, step_folder(tmp_path / "out") as step:
            measure(text=text, step=step, **options)  # type: ignore[arg-type]
        assert not (tmp_path / "out").exists()
        return str(caught.value)

    assert "no tokenizer" in said(of=[])
    assert "no documents" in said(documents(tmp_path / "nothing", {}), of=[one])
    assert "2 names for 1 tokenizer" in said(of=[one], names=["a", "b"])
    assert "hsb_Latn" in said(of=[one], parallel=True) and "1 document," in said(of=[one], parallel=True)


def test_equal_inputs_give_equal_bytes_and_seeds_change_intervals_only(tmp_path: Path) -> None:
    texts = {
        "eng_Latn": [f"{'to ' * (1 + n % 5)}dom" for n in range(30)],
        "hsb_Latn": [f"{'domy ' * (1 + n % 5)}a" for n in range(30)],
    }
    one, again, other = (measured(tmp_path, texts, {"a": by_hand()}, seed=seed) for seed in (1, 1, 2))
    for name in ("results.parquet", "overlap.parquet", "allocation.parquet", "measures.json"):
        assert (one.folder / name).read_bytes() == (again.folder / name).read_bytes()
    assert [each["value"] for each in one.rows] == [each["value"] for each in other.rows]
    assert [each["ci_low"] for each in one.rows] != [each["ci_low"] for each in other.rows]


def test_damaged_measures_are_refused(tmp_path: Path) -> None:
    found = measured(tmp_path, {"eng_Latn": ENGLISH}, {"a": by_hand()})
    (found.folder / "results.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read"):
        Measures.open(found.folder).table()
    (found.folder / "measures.json").write_text("[]")
    with pytest.raises(InputError):
        _ = Measures.open(found.folder).more


def test_examples_are_the_same_document_where_text_is_parallel(tmp_path: Path) -> None:
    english = [f"to dom {'a ' * 12} {number}" for number in range(30)]
    sorbian = [f"domy to. {'b ' * 12} {number}" for number in range(30)]
    found = measured(tmp_path, {"hsb_Latn": sorbian, "eng_Latn": english}, {"a": by_hand()}, parallel=True)
    examples = found.more["examples"]
    assert {tag: {each["document"] for each in examples if each["language"] == tag} for tag in ("hsb_Latn", "eng_Latn")} == {
        tag: {each["document"] for each in examples if each["language"] == "eng_Latn"} for tag in ("hsb_Latn", "eng_Latn")
    }
    for each in examples:
        text = (english if each["language"] == "eng_Latn" else sorbian)[each["document"]]
        assert "".join(part for part, _, _ in each["cuts"]["a"]["cells"]) == text
        assert sum(count for _, count, _ in each["cuts"]["a"]["cells"]) == each["cuts"]["a"]["tokens"]
