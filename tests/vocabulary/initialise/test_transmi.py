"""Romanised pieces and their rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from initialise_tasks import task_of, unigram
from shapes import TEXTS, bert, gpt2, mbart, mt5, xlm_r

from panglot.artifacts import InputError, step_folder
from panglot.vocabulary.initialise.transmi import TransMI
from panglot.vocabulary.romanise import romaniser
from panglot.vocabulary.rows import Change
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.transliterate_tokenizer import transliterate_tokenizer, transliterate_vocabulary
from panglot.vocabulary.transliteration import transliterated

# дім and დიმ are both "dim"; the better score has the later id
OLD = unigram({"▁": -3.0, "▁дім": -6.0, "▁დიმ": -4.0, "▁दिम": -7.0, "да": -2.0, "da": -5.0, "т": -1.0})
FAMILIES = [xlm_r, mt5, mbart]
NOT_LATIN = [each for each in TEXTS if not any("a" <= letter.lower() <= "z" for letter in each)]


def of(change: Change, piece: str) -> int:
    return change.new.ids[piece]


@pytest.mark.parametrize(
    ("mode", "score", "sources"), [("max", -4.0, [3]), ("min", -7.0, [4]), ("average", -17 / 3, [2, 3, 4])]
)
def test_by_hand(mode, score, sources):
    change = transliterate_vocabulary(OLD, mode)
    assert [change.new.tokens[each] for each in change.added] == ["t", "▁dim"]  # "da" is there already
    assert dict(map(tuple, change.new.model["vocab"]))["▁dim"] == pytest.approx(score)
    task = task_of(change, texts=None)
    rows = TransMI(mode=mode).rows(task)
    for role, found in rows.items():
        np.testing.assert_allclose(found[1], task.old(role)[sources].mean(axis=0), rtol=1e-5)
        np.testing.assert_array_equal(found[0], task.old(role)[OLD.ids["т"]])


def test_average_is_a_mean_and_not_a_sum():
    # the published code adds the rows of all sources and never divides
    change = transliterate_vocabulary(OLD, "average")
    weights = TransMI(mode="average").weights(task_of(change)).toarray()
    np.testing.assert_allclose(weights.sum(axis=1), 1)


@given(st.permutations([("▁дім", -6.0), ("▁დიმ", -4.0), ("▁दिम", -7.0)]))
@settings(max_examples=6, deadline=None)
def test_the_best_score_wins_whatever_the_order_of_the_ids(pieces):
    # the published code takes the first and the last source for the best and the worst
    old = unigram({"▁": -3.0, **dict(pieces)})
    new = transliterated(old)[0]
    assert [old.tokens[each] for each in (*new.chosen("max"), *new.chosen("min"))] == ["▁დიმ", "▁दिम"]


@pytest.mark.parametrize("build", FAMILIES)
@pytest.mark.parametrize("mode", ["max", "min", "average"])
def test_text_without_latin_letters_is_cut_as_before_bit_for_bit(build, mode):
    change = transliterate_vocabulary(build(), mode)
    assert len(change.added) > 50
    assert change.new.encode(NOT_LATIN) == change.old.encode(NOT_LATIN)
    np.testing.assert_array_equal(change.source[: change.old.size], np.arange(change.old.size))


@pytest.mark.parametrize("build", FAMILIES)
def test_old_ids_and_scores_stay_and_new_ones_follow_by_score(build):
    change = transliterate_vocabulary(build())
    old, new = change.old.model["vocab"], change.new.model["vocab"]
    assert new[: len(old)] == old
    scores = [score for _, score in new[change.old.size :]]
    assert scores == sorted(scores, reverse=True)
    assert all(change.new.ids[token] == number for token, number in change.old.ids.items())
    assert change.new.backend.get_vocab_size() == change.new.size


def test_romanised_text_meets_the_new_pieces():
    change = transliterate_vocabulary(xlm_r())
    romanised = romaniser().romanise(["Сегодня хорошая погода"])
    used = set(change.new.encode(romanised)[0])
    assert used & set(change.added)
    assert len(change.new.encode(romanised)[0]) < len(change.old.encode(romanised)[0])


@pytest.mark.parametrize("build", FAMILIES)
def test_rows_are_finite_equal_and_never_drawn(build):
    task = task_of(transliterate_vocabulary(build(), "average"))
    rows = TransMI(mode="average").rows(task)
    assert task.figures["drawn"] == 0 and np.isfinite(rows["input"]).all()
    np.testing.assert_array_equal(TransMI(mode="average").rows(task_of(task.change))["input"], rows["input"])


def test_only_the_scripts_asked_for():
    change = transliterate_vocabulary(OLD, scripts=["Geor"])
    assert [change.new.tokens[each] for each in change.added] == ["▁dim"]
    weights = TransMI(scripts=["Geor"], mode="min").weights(task_of(change)).toarray()
    assert weights[0, OLD.ids["▁დიმ"]] == 1
    with pytest.raises(InputError, match="no script"):
        transliterate_vocabulary(OLD, scripts=["Klingon"])


def test_nothing_to_romanise_is_no_change():
    plain = unigram({"▁": -3.0, "▁plain": -1.0})
    change = transliterate_vocabulary(plain)
    assert change.added == [] and change.new == plain


@pytest.mark.parametrize("build", [bert, gpt2])
def test_tokenizers_without_scores_are_refused(build):
    with pytest.raises(InputError, match="no scores"):
        transliterate_vocabulary(build())


def test_special_and_added_tokens_are_left_alone():
    change = transliterate_vocabulary(mbart())
    assert not {each.strip("▁") for each in change.new.tokens[change.old.size :]} & {"ar_AR", "<mask>", "th_TH"}


def test_the_component_writes_a_tokenizer_that_loads(tmp_path):
    from transformers import AutoTokenizer

    with step_folder(tmp_path / "old") as step:
        xlm_r().save(step.out / TOKENIZER_FOLDER)
    with step_folder(tmp_path / "new") as step:
        transliterate_tokenizer(tokenizer=Tokenizer.open(tmp_path / "old"), mode="max", step=step)
        figures = step.figures
    result = Tokenizer.open(tmp_path / "new")
    change = Change.read(result.folder, Tokenizer.open(tmp_path / "old").vocabulary, result.vocabulary)
    assert len(change.added) == figures["added"] > 50
    loaded = AutoTokenizer.from_pretrained(result.path)
    assert len(loaded) == result.vocabulary.size
    text = "الطقس جميل اليوم"
    assert loaded(text, add_special_tokens=False)["input_ids"] == result.vocabulary.encode([text])[0]


LETTERS = sorted({letter for text in TEXTS for letter in text} | set("ёїґљњθψßæøłıçśĀжѳ上好ㄅ가힣ְּ०५"))


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(LETTERS), min_size=1, max_size=8))
def test_the_shortcut_writes_what_uroman_writes(text):
    quick = romaniser()
    try:
        expected = quick._uroman.romanize_string(text)
    except (AttributeError, TypeError):
        expected = text
    assert quick.romanise([text]) == [expected]


@pytest.mark.parametrize(
    "word", ["Θεσσαλονίκη", "ΘΕΣ", "Сегодня", "ЩУКА", "Щука", "สวัสดี", "きゃっと", "ខ្មែរ", "한국어", "中文", "שָׁלוֹם"]
)
def test_the_shortcut_on_words(word):
    assert romaniser().romanise([word]) == [romaniser()._uroman.romanize_string(word)]
