import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panglot.corpus.clean import DROPPED_FILE, clean, count_words
from panglot.corpus.placeholders import placeholders

GOOD = [
    ("ဤစာမျက်နှာကို မတွေ့ပါ", "This page was not found", "mya_Mymr"),
    ("มีข้อผิดพลาดในแบบฟอร์มนี้", "There is an error in this form", "tha_Thai"),
    ("این صفحه پیدا نمی\u200cشود", "This page cannot be found", "pes_Arab"),
    ("ދިވެހި ބަހުން ލިޔެފައި", "Written in the Dhivehi language", "div_Thaa"),
    ("𞤀𞤣𞤤𞤢𞤥 𞤫 𞤆𞤵𞤤𞤢𞤪", "Adlam is a script", "ful_Adlm"),
    ("<script>alert(1)</script> to je strona", "<script>alert(1)</script> this is a page", "hsb_Latn"),
]


WORDS = ("prěnja", "druha", "třeća", "štwórta", "pjata", "šesta", "sydma", "wosma", "dźewjata", "dźesata")


def reasons(ran):
    rows = pq.read_table(ran.folder / DROPPED_FILE).to_pylist()
    return {(row["source_text"], row["target_text"]): row["reason"] for row in rows}


def test_good_pairs_of_every_script_stay_as_they_are(run, table):
    ran = run(clean, of=table(*GOOD))
    assert ran.texts == [(source, target) for source, target, _ in GOOD]
    assert ran.step.figures["kept"] == dict.fromkeys(sorted(row[2] for row in GOOD), 1)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("prózdny", "", "empty side"),
        (" \u200b\x00", "this is full", "empty side"),
        ("this is the same", "this  is the same", "identical sides"),
        ("to je \ufffd tekst", "this is a text", "replacement character"),
        ("%(a)s %(b)s", "%(a)s to %(b)s", "no letters"),
        ("Wulka strona", "Large page", "too short"),
        ("%(a)s a %(b)s abo <b>%(c)s</b>", "%(a)s and %(b)s <b>%(c)s</b>", "too short"),
        ("ѕтрона је овде", "the page is here", "other script"),
        ("to je strona", "это одна страница", "other script in the pivot"),
        ("x" * 1600, "a very long text", "too long"),
        ("to je " + "jara " * 40, "this is short", "length ratio"),
    ],
)
def test_each_reason(run, table, source, target, reason):
    good = [(f"To je {word} strona tuteje knihi.", f"This is the {word} page of the book.") for word in WORDS]
    ran = run(clean, of=table(*good, (source, target)), max_characters=1500)
    assert reasons(ran) == {(source, target): reason}
    assert ran.step.figures["dropped"] == {"hsb_Latn": {reason: 1}}
    assert len(ran.artifact) == 10


def test_duplicates_after_normalising(run, table):
    ran = run(clean, of=table(("re\u030cc\u030c je tu", "speech is here"), ("rěč je  tu", "speech is here")))
    assert ran.texts == [("rěč je tu", "speech is here")]
    assert ran.step.figures["dropped"]["hsb_Latn"] == {"duplicate": 1}


def test_dense_script_is_judged_by_its_own_median(run, table):
    rows = [
        ("这一页没有找到" + "啊" * number, "This page could not be found" + " ah" * number, "zho_Hans") for number in range(20)
    ]
    wrong = ("好", "Once upon a time there was a very long sentence about a page that could not be found " * 2, "zho_Hans")
    ran = run(clean, of=table(*rows, wrong))
    assert ran.step.figures["dropped"] == {"zho_Hans": {"length ratio": 1}}
    assert ran.step.figures["median_length_ratio"]["zho_Hans"] < 0.5


def test_words_are_never_counted_where_there_are_no_spaces(run, table):
    rows = [("ការរក្សាទុកបានបរាជ័យ", "การบันทึกล้มเหลว", "khm_Khmr"), ("ក", "ก", "khm_Khmr")]
    ran = run(clean, of=table(*rows, pivot="tha_Thai"))
    assert ran.texts == [rows[0][:2]]
    spaced = [("to je strona", "นี่คือหน้า", "hsb_Latn"), ("strona", "นี่คือหน้าหนึ่ง", "hsb_Latn")]
    assert run(clean, of=table(*spaced, pivot="tha_Thai")).texts == [spaced[0][:2]]


def test_access_keys_go_only_in_software(run, table):
    row = ("&Wočinić tutu stronu", "&Open this page")
    assert run(clean, of=table(row, origin="gettext:app")).texts == [("Wočinić tutu stronu", "Open this page")]
    assert run(clean, of=table(row, origin="news.tsv")).texts == [row]


def test_language_without_a_pair_left_is_noted(run, table):
    ran = run(clean, of=table(*GOOD[:1], ("kniha", "book", "hsb_Latn")))
    assert ran.step.notes == ["No Upper Sorbian pair is left after cleaning (too short: 1)."]
    assert ran.step.figures["kept"]["hsb_Latn"] == 0


def test_long_dropped_text_is_kept_short(run, table):
    ran = run(clean, of=table(*GOOD, ("x" * 5_000_000, "a long text here")))
    assert [len(source) for source, _ in reasons(ran)] == [2000]


def test_equal_bytes(run, table):
    first, second = run(clean, of=table(*GOOD)), run(clean, of=table(*GOOD))
    assert first.artifact.path.read_bytes() == second.artifact.path.read_bytes()


@pytest.mark.parametrize(
    ("text", "words"), [("a b – c 12 d!", 4), ("", 0), ("1 2 3", 0), ("l'eau d’or", 2), ("می\u200cروم خانه", 2)]
)
def test_count_words(text, words):
    assert count_words(text) == words


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), min_size=1, max_size=8))
def test_nothing_is_lost_in_silence(run, table, texts):
    texts = [tuple(side.encode("utf-8", "ignore").decode() for side in pair) for pair in texts]
    ran = run(clean, of=table(*GOOD, *texts))
    dropped = sum(sum(each.values()) for each in ran.step.figures["dropped"].values())
    assert dropped + len(ran.artifact) == len(GOOD) + len(texts)
    assert pq.read_metadata(ran.folder / DROPPED_FILE).num_rows == dropped
    again = run(clean, of=ran.artifact)
    assert {row["id"] for row in again.artifact.rows()} <= {row["id"] for row in ran.artifact.rows()}


def test_placeholders_survive(run, table):
    row = ("Přidaj {count}  nowych %(kind)s jow.", "Add {count} new %(kind)s here.")
    source, target = run(clean, of=table(row)).texts[0]
    assert placeholders(source) == placeholders(target) == {"{count}", "%(kind)s"}
