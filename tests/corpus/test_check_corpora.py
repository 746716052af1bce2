"""Corpora that are not what their label says."""

import gzip
import math
from collections import Counter

import numpy as np
import pytest

from panglot.artifacts import InputError
from panglot.corpus.checks.character_models import perplexities
from panglot.corpus.checks.corpora import check_corpora
from panglot.corpus.checks.sample import samples
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter


def slow_perplexity(training, testing, alphabet):
    """The formula of the docstring, one character after the other."""

    def grams(text):
        return [text[at : at + 3] for at in range(len(text) - 2)]

    trigrams = Counter(grams(training))

    def level(order):
        found = Counter()
        for gram, count in trigrams.items():
            found[gram[3 - order :]] += count
        return found

    counts = {order: level(order) for order in (1, 2, 3)}

    def probability(gram):
        if not gram:
            return 1 / alphabet
        seen = {each: count for each, count in counts[len(gram)].items() if each[:-1] == gram[:-1]}
        lower = probability(gram[1:])
        return (seen.get(gram, 0) + len(seen) * lower) / (sum(seen.values()) + len(seen)) if seen else lower

    said = grams(testing)
    return math.exp(-sum(math.log(probability(each)) for each in said) / len(said))


def test_perplexity_is_that_of_the_formula():
    training, testing = ["банан и ананас", "ka ba ka da"], ["нан", "ba da ka", "анна и"]
    found = perplexities(training, testing)
    everything = {each for text in training + testing for each in f" {text} "}
    for row, one in enumerate(training):
        for column, other in enumerate(testing):
            assert found[row, column] == pytest.approx(slow_perplexity(f" {one} ", f" {other} ", len(everything)))


def test_perplexity_sees_letters_and_marks_only():
    plain = perplexities(["กิน ข้าว กิน"], ["ข้าว กิน"])
    assert perplexities(["กิน, 12 ข้าว! กิน?"], ["ข้าว… (7) กิน"]) == pytest.approx(plain)
    assert perplexities(["ABC abc"], ["aBc"]) == pytest.approx(perplexities(["abc abc"], ["abc"]))
    assert np.isnan(perplexities(["", "abc"], ["abc"])[0, 0])
    assert np.isnan(perplexities(["12"], ["?"])).all()


def test_a_sample_does_not_depend_on_the_order():
    rows = [{"id": f"{n}", "text": "x" * (n % 7 + 1) * 30, "language": "a" if n % 3 else "b"} for n in range(500)]
    first = samples(rows, lambda row: row["language"], 1000, 17)
    second = samples(reversed(rows), lambda row: row["language"], 1000, 17)
    assert {name: each.halves(1000) for name, each in first.items()} == {
        name: each.halves(1000) for name, each in second.items()
    }
    other = samples(rows, lambda row: row["language"], 1000, 18)
    assert first["a"].chosen != other["a"].chosen
    assert first["a"].documents + first["b"].documents == 500


def documents(folder, corpora):
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for (source, tag), texts in corpora.items():
            for text in texts:
                writer.document(text, tag, source=source)
    return Documents(folder)


def read(path, column):
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [line.rstrip("\n").split("\t")[column] for line in stream][1:]


TAGS = ("deu_Latn", "fra_Latn", "hin_Deva", "mar_Deva", "rus_Cyrl", "ukr_Cyrl", "swh_Latn", "zul_Latn", "tha_Thai", "eus_Latn")
TAGS += ("hau_Latn", "ind_Latn", "jav_Latn", "zho_Hans", "jpn_Jpan", "tur_Latn", "fin_Latn", "hun_Latn")


@pytest.fixture(scope="module")
def sib(request):
    shared = request.getfixturevalue("shared")
    return {("sib", tag): read(shared / "sib200" / f"{tag}.tsv.gz", 3) for tag in TAGS}


def test_right_labels_are_not_flagged(run, tmp_path, sib):
    made = run(check_corpora, of=documents(tmp_path, sib))
    assert made.artifact.flagged == {}
    rows = {row["corpus"]: row for row in made.artifact.rows}
    assert rows["ukr_Cyrl"]["nearest"] == "rus_Cyrl"
    assert rows["ind_Latn"]["nearest"] == "jav_Latn"
    assert len(list(made.artifact.divergences())) == len(TAGS) * (len(TAGS) - 1) // 2


def test_planted_wrong_corpora_are_flagged(run, tmp_path, sib, shared):
    """Text of another domain under a wrong label: Turkish as Quechua, Swahili as Wolof, Thai as Latin, Hindi as Santali."""
    planted = {
        ("web", "quy_Latn"): read(shared / "tatoeba" / "tur-eng.tsv.gz", 0),
        ("web", "ewe_Latn"): read(shared / "bible_nt" / "swh.tsv.gz", -1)[:600],
        ("web", "lao_Latn"): read(shared / "tatoeba" / "tha-eng.tsv.gz", 0),
        ("web", "sat_Deva"): read(shared / "tatoeba" / "hin-eng.tsv.gz", 0),
        ("web", "mlt_Latn"): read(shared / "tatoeba" / "deu-eng.tsv.gz", 0),
    }
    made = run(check_corpora, of=documents(tmp_path, {**sib, **planted}))
    found = made.artifact.flagged
    assert found["quy_Latn"] == ["outside_family"]
    assert found["ewe_Latn"] == ["same_language"]
    assert "script" in found["lao_Latn"]
    assert found["sat_Deva"] == ["outside_family"]
    assert found["mlt_Latn"] == ["outside_family"]
    # Hindi and Swahili have relatives that speak for them. Turkish has none here, so that it cannot be told which one is wrong.
    assert set(found) - {tag for _, tag in planted} <= {"tur_Latn", "deu_Latn"}
    rows = {row["corpus"]: row for row in made.artifact.rows}
    assert rows["quy_Latn"]["nearest"] == "tur_Latn"
    assert any("quy_Latn: it reads like tur_Latn, which is not related." in note for note in made.step.notes)


def test_a_distant_relative_is_as_far_as_what_is_not_related(run, tmp_path, sib, shared):
    """Swahili of another domain (ratio about 1.5) is no Wolof; as Shona, which is nearer to Swahili, it may pass."""
    text = read(shared / "tatoeba" / "swh-eng.tsv.gz", 0)
    found = {}
    for label in ("wol_Latn", "sna_Latn"):
        made = run(check_corpora, of=documents(tmp_path / label, {**sib, ("web", label): text}))
        rows = {row["corpus"]: row for row in made.artifact.rows}
        assert rows[label]["nearest"] == "swh_Latn" and 1.4 < rows[label]["ratio"] < 2
        found[label] = rows[label]["flags"]
    assert found == {"wol_Latn": ["same_language"], "sna_Latn": []}


def test_a_source_is_checked_by_itself(run, tmp_path, sib, shared):
    corpora = {**sib, ("good", "deu_Latn"): read(shared / "tatoeba" / "deu-eng.tsv.gz", 0)}
    corpora["bad", "fra_Latn"] = read(shared / "bible_nt" / "eus.tsv.gz", -1)[:800] + sib["sib", "eus_Latn"][:200]
    made = run(check_corpora, of=documents(tmp_path, corpora), by="source", outside=3.0)
    assert "bad fra_Latn" in made.artifact.flagged
    assert "good deu_Latn" not in made.artifact.flagged


def test_the_same_bytes_for_any_order_of_documents(run, tmp_path, sib):
    few = {key: sib[key] for key in list(sib)[:4]}
    first = run(check_corpora, of=documents(tmp_path / "a", few))
    second = run(check_corpora, of=documents(tmp_path / "b", dict(reversed(few.items()))))
    assert first.artifact.digest == second.artifact.digest
    assert first.step.figures == second.step.figures


def test_too_little_text_is_said_and_not_judged(run, tmp_path):
    of = documents(tmp_path, {("a", "tha_Thai"): ["ภาษาไทย"], ("a", "lao_Laoo"): ["ภาษาไทย"], ("a", "und"): ["x"]})
    made = run(check_corpora, of=of)
    assert made.artifact.flagged == {"lao_Laoo": ["script"]}
    assert "Too little text" in made.step.notes[0]
    with pytest.raises(InputError, match="no document here has a language"):
        run(check_corpora, of=documents(tmp_path / "u", {("a", "und"): ["x"]}))
