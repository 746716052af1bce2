"""Real files: Tatoeba, New Testaments, FLORES, GNOME help."""

import pytest

from panglot.corpus.clean import clean
from panglot.corpus.read_pairs import read_pairs
from panglot.corpus.split import split
from panglot.corpus.text import key
from panglot.languages import Language

ENGLISH = Language.parse("eng")


@pytest.mark.parametrize(
    ("code", "least"), [("amh", 0.9), ("khm", 0.9), ("tha", 0.9), ("heb", 0.9), ("jpn", 0.9), ("tam", 0.9), ("uig", 0.9)]
)
def test_tatoeba(run, shared, code, least):
    path = shared / "tatoeba" / f"{code}-eng.tsv.gz"
    ran = run(read_pairs, files=[str(path)], language=Language.parse(code), pivot=ENGLISH)
    cleaned = run(clean, of=ran.artifact, min_words=2)
    assert len(cleaned.artifact) >= least * len(ran.artifact)
    assert not ran.step.notes


def test_tatoeba_in_the_other_direction(run, shared):
    path = shared / "tatoeba" / "khm-eng.tsv.gz"
    ran = run(read_pairs, files=[str(path)], language=ENGLISH, pivot=Language.parse("khm"))
    assert next(ran.artifact.rows())["source_text"].isascii()


@pytest.mark.parametrize("code", ["tam", "guj", "wol"])
def test_new_testament_is_joined_by_verse(run, shared, code):
    said = f"{shared}/bible_nt/{code}.tsv.gz,{shared}/bible_nt/eng.tsv.gz"
    ran = run(read_pairs, files=[said], language=Language.parse(code), pivot=ENGLISH)
    assert len(ran.artifact) > 6000
    cleaned = run(clean, of=ran.artifact)
    assert len(cleaned.artifact) > 0.95 * len(ran.artifact)
    parts = run(split, of=cleaned.artifact).artifact
    held_out = {key(row["target_text"]) for row in parts.test.rows()}
    assert len(parts.test) == 120
    assert not held_out & {key(row["target_text"]) for row in parts.train.rows()}


def test_flores(run, shared):
    folder = shared / "flores_v1"
    ran = run(read_pairs, files=[str(folder)], language=Language.parse("sin"), pivot=ENGLISH)
    assert sorted(ran.step.figures["files"]) == [f"sin-eng.{each}.tsv.gz" for each in ("dev", "devtest", "test")]
    assert len(run(clean, of=ran.artifact).artifact) > 0.95 * len(ran.artifact)


@pytest.mark.parametrize(("code", "language"), [("pes", "pes"), ("asm", "asm"), ("zho_Hans", "zho_Hans")])
def test_gnome_help_is_joined_by_page_and_paragraph(run, shared, code, language):
    said = f"{shared}/gnome_help/{code}.tsv.gz,{shared}/gnome_help/eng.tsv.gz"
    ran = run(read_pairs, files=[said], language=Language.parse(language), pivot=ENGLISH)
    assert len(ran.artifact) > 300
    assert len(run(clean, of=ran.artifact).artifact) > 0.8 * len(ran.artifact)
