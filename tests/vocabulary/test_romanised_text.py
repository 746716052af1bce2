"""Texts beside their romanisation."""

from panglot.artifacts import step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.pairs import Pairs
from panglot.vocabulary.romanised_text import romanised_text


def test_each_text_stands_beside_itself_in_latin_letters(tmp_path):
    texts = [("Привет", "rus_Cyrl"), ("Καλημέρα", "ell_Grek"), ("שלום", "heb_Hebr"), ("Hello", "eng_Latn"), ("က", "und")]
    with DocumentWriter(tmp_path / DOCUMENTS_FILE) as writer:
        for text, tag in texts:
            writer.document(text, tag, source="test")
    with step_folder(tmp_path / "step") as step:
        romanised_text(of=Documents(tmp_path), step=step)
    rows = list(Pairs.open(tmp_path / "step").rows())
    assert [(row["source_text"], row["source_language"]) for row in rows] == texts
    assert [row["target_text"] for row in rows[:2]] == ["Privet", "Kalemera"]
    assert all(row["target_text"].isascii() for row in rows)
    assert [row["target_language"] for row in rows] == ["rus_Latn", "ell_Latn", "heb_Latn", "eng_Latn", "und"]
    assert step.figures == {"pairs": 5, "changed": 4}
