"""Documents on disk, and what is taken from them."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.side import side
from panglot.corpus.split_text import split_text
from panglot.corpus.text import regular


def documents(folder, *rows):
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, text in rows:
            writer.document(text, tag, source="test")
    return Documents(folder)


def rows(of):
    return [(row["language"], row["text"]) for row in of.rows()]


def test_counts_bytes_and_texts(tmp_path):
    said = [("tha_Thai", "กิน"), ("hsb_Latn", "haj"), ("tha_Thai", "ดี")]
    found = documents(tmp_path / "d", *said)
    assert found.counts == {"hsb_Latn": 1, "tha_Thai": 2}
    assert found.bytes == {"hsb_Latn": 3, "tha_Thai": 15}
    assert list(found.texts("tha_Thai")) == ["กิน", "ดี"]
    assert list(found.texts()) == ["กิน", "haj", "ดี"]
    assert len(found) == 3


def test_same_rows_same_bytes(tmp_path):
    said = [("tha_Thai", "กิน" * 99), ("hsb_Latn", "haj")]
    first, second = documents(tmp_path / "a", *said), documents(tmp_path / "b", *said)
    assert first.path.read_bytes() == second.path.read_bytes()


def test_missing_table_is_a_clear_line(tmp_path):
    with pytest.raises(InputError, match=r"documents\.parquet is missing"):
        len(Documents(tmp_path))


TEXTS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text("ab \u0301", min_size=1, max_size=3)), min_size=4, max_size=30)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=TEXTS, test=st.sampled_from([0.1, 0.5, 1, 3]), seed=st.integers(0, 3))
def test_no_text_stands_on_both_sides(run, tmp_path_factory, said, test, seed):
    of = documents(tmp_path_factory.mktemp("d"), *((f"hs{tag}_Latn", text) for tag, text in said))
    if max(len({regular(text) for tag, text in said if tag == each}) for each in "ab") < 2:
        with pytest.raises(InputError, match="two different texts"):
            run(split_text, of=of, test=test, seed=seed)
        return
    found = run(split_text, of=of, test=test, seed=seed).artifact
    train, held = rows(found.train), rows(found.test)
    keys = {regular(text) for _, text in train}, {regular(text) for _, text in held}
    assert not keys[0] & keys[1]
    assert not Counter([*train, *held]) - Counter(rows(of))
    lost = Counter(rows(of)) - Counter([*train, *held])
    assert all(regular(text) in keys[1] for _, text in lost)


def test_size_of_the_test(run, tmp_path):
    of = documents(tmp_path / "d", *(("hsb_Latn", f"haj {n}") for n in range(40)), *(("deu_Latn", f"ja {n}") for n in range(3)))
    share = run(split_text, of=of, test=0.25)
    assert share.artifact.test.counts == {"deu_Latn": 1, "hsb_Latn": 10}
    number = run(split_text, of=of, test=5)
    assert number.artifact.test.counts == {"deu_Latn": 1, "hsb_Latn": 5}
    assert "1 texts for the test in place of 5" in number.step.notes[0]
    assert rows(run(split_text, of=of, test=5).artifact.test) == rows(number.artifact.test)
    assert rows(run(split_text, of=of, test=5, seed=18).artifact.test) != rows(number.artifact.test)
    with pytest.raises(InputError, match="whole number"):
        run(split_text, of=of, test=1.5)


def test_sides_of_pairs(run, table):
    of = table(("haj", "yes"), ("ně", "no"), ("jow", "yes"), ("ja", "yes", "deu_Latn"))
    assert rows(run(side, of=of).artifact) == [("hsb_Latn", "haj"), ("hsb_Latn", "ně"), ("hsb_Latn", "jow"), ("deu_Latn", "ja")]
    assert rows(run(side, of=of, side="target").artifact) == [("eng_Latn", "yes"), ("eng_Latn", "no")]
