"""German nouns by their capitals."""

import json

import pytest

from panglot.artifacts import InputError
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.mark_capitals import mark_capitals
from panglot.objectives.marks import Marks, tagged_documents


def documents(place, *texts, language="deu_Latn"):
    place.mkdir()
    with DocumentWriter(place / DOCUMENTS_FILE) as writer:
        for each in texts:
            writer.document(each, language, source="test")
    return Documents(place)


def marked(ran):
    return [[row["text"][start:end] for start, end, _ in json.loads(row["meta"])["spans"]] for row in ran.artifact.rows()]


def test_words_with_a_capital_inside_a_sentence_are_marked(run, tmp_path):
    ran = run(mark_capitals, of=documents(tmp_path / "d", "Wir suchen die Seite. Haben Sie Ärger mit CSV-Dateien?"))
    assert marked(ran) == [["Seite", "Ärger", "Dateien"]]


def test_at_the_beginning_only_what_stands_so_elsewhere_and_never_small(run, tmp_path):
    texts = ("Seite fehlt", "die Seite fehlt", "Diese fehlt", "„Diese“ %(name)s Diese", "diese auch", "Zeile fehlt")
    assert marked(run(mark_capitals, of=documents(tmp_path / "d", *texts))) == [
        ["Seite"], ["Seite"], [], ["Diese"], [], [],
    ]  # fmt: skip


def test_the_objective_reads_them(run, tmp_path):
    ran = run(mark_capitals, of=documents(tmp_path / "d", "alle Seiten löschen"))
    found = Marks(tagged_documents(ran.artifact))
    assert found("alle Seiten löschen", "deu_Latn") == [(5, 11)]
    assert found("nur Seiten", "deu_Latn") == [(4, 10)]


def test_other_languages_are_left_out(run, tmp_path):
    with pytest.raises(InputError, match="no document"):
        run(mark_capitals, of=documents(tmp_path / "d", "the Page", language="eng_Latn"))
