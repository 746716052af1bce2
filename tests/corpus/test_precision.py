"""Words that tell a language from its relatives."""

import gzip

import pytest

from panglot.artifacts import InputError
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.precision.sifting import REASON, names_language, precision_filter
from panglot.corpus.precision.words import precision_words
from panglot.languages import Language


def documents(folder, *rows):
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, text, *url in rows:
            writer.document(text, tag, source="test", url=url[0] if url else None)
    return Documents(folder)


def test_precision_by_hand(run, tmp_path):
    # frequencies: "a" 4/8 and 2/4, "b" 3/8 and 0, "c" 1/8 and 2/4
    of = documents(tmp_path / "d", ("hsb_Latn", "A a a a B b b c"), ("dsb_Latn", "a a c c"), ("fin_Latn", "b b b b 7 7 7"))
    made = run(precision_words, of=of, top=1.0, precision=0.8, least=1)
    rows = made.artifact.table.to_pylist()
    assert [(row["language"], row["word"], row["count"], row["frequency"], row["precision"]) for row in rows] == [
        ("dsb_Latn", "c", 2, 0.5, 0.8),
        ("hsb_Latn", "b", 3, 0.375, 1.0),
    ]
    # Finnish has no relative here, so all languages in Latin script count: 1 / (1 + 3/8) < 0.8. Digits are no words that tell.
    assert made.step.figures["words"] == {"dsb_Latn": 1, "fin_Latn": 0, "hsb_Latn": 1}


def test_only_the_top_of_the_words_is_looked_at(run, tmp_path):
    text = " ".join(f"slowo{letter} " * count for letter, count in zip("abcdefghij", range(20, 0, -2), strict=True))
    of = documents(tmp_path / "d", ("hsb_Latn", text), ("dsb_Latn", "drugi"))
    assert run(precision_words, of=of, top=0.2, least=1).artifact.words["hsb_Latn"] == ["slowoa", "slowob"]
    assert run(precision_words, of=of, top=1.0, least=15).artifact.words["hsb_Latn"] == ["slowoa", "slowob", "slowoc"]


def test_one_language_is_not_enough(run, tmp_path):
    with pytest.raises(InputError, match="two languages"):
        run(precision_words, of=documents(tmp_path / "d", ("hsb_Latn", "a"), ("und", "b")))


def test_documents_without_such_a_word_are_dropped_with_a_reason(run, tmp_path):
    words = run(
        precision_words, of=documents(tmp_path / "w", ("hsb_Latn", "haj ja ja"), ("dsb_Latn", "jo ja ja")), top=1.0, least=1
    )
    of = documents(
        tmp_path / "d",
        ("hsb_Latn", "Haj!"),
        ("hsb_Latn", "jo ja"),
        ("hsb_Latn", "jo", "https://example.org/hsb/1"),
        ("dsb_Latn", "jo"),
        ("tha_Thai", "ไทย"),
    )
    made = run(precision_filter, of=of, words=words.artifact)
    assert list(made.artifact.texts()) == ["Haj!", "jo", "jo", "ไทย"]
    assert list(made.artifact.dropped.texts()) == ["jo ja"]
    assert made.step.figures["documents"] == {"in": 5, "kept": 4, "dropped": {REASON: 1}, "quarantined": 0}
    strict = run(precision_filter, of=of, words=words.artifact, addresses=False, languages=[Language("hsb_Latn")], minimum=2)
    assert list(strict.artifact.texts()) == ["jo", "ไทย"]


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://hsb.wikipedia.org/wiki/Budyšin", True),
        ("https://example.org/Upper_Sorbian/x", True),
        ("https://example.org/hornjoserbšćina", True),
        ("http://x.de/", True),
        ("https://example.org/", False),
        ("not an address", False),
        ("https://[broken", False),
    ],
)
def test_addresses(url, named):
    assert names_language(url, "hsb_Latn") is named


def test_it_parts_close_relatives(run, tmp_path, shared):
    """Words learned from one half tell most sentences of the other half, and few of the relative's."""

    def read(tag):
        with gzip.open(shared / "tatoeba" / f"{tag}-eng.tsv.gz", "rt", encoding="utf-8") as stream:
            texts = [line.split("\t")[0] for line in stream][1:]
        return [" ".join(texts[at : at + 10]) for at in range(0, len(texts), 10)]

    pairs = {"nob_Latn": "nob", "dan_Latn": "dan", "swe_Latn": "swe", "zho_Hans": "cmn", "jpn_Jpan": "jpn"}
    said = {tag: read(name) for tag, name in pairs.items()}
    learned = documents(tmp_path / "l", *((tag, text) for tag, texts in said.items() for text in texts[::2]))
    words = run(precision_words, of=learned).artifact
    right = documents(tmp_path / "r", *(("dan_Latn", text) for text in said["dan_Latn"][1::2]))
    wrong = documents(tmp_path / "w", *(("dan_Latn", text) for text in said["swe_Latn"][1::2]))
    kept = [len(run(precision_filter, of=each, words=words).artifact) / len(each) for each in (right, wrong)]
    assert kept[0] > 0.9
    assert kept[1] < 0.2
