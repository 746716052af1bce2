"""Planted wrong labels and planted copies."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from panglot.artifacts import InputError
from panglot.corpus.checks.kin import SAME, kin
from panglot.corpus.checks.plant_labels import fits, plant_labels
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.plant_copies import plant_copies
from panglot.languages import Language

Run = Callable[..., Any]
TAGS = ("deu_Latn", "nld_Latn", "fra_Latn", "rus_Cyrl", "ukr_Cyrl", "hin_Deva", "fin_Latn", "tur_Latn", "jpn_Jpan", "zho_Hans")
KINDS = ("other_script", "unrelated", "related", "sibling")


def texts(folder: Path, what: str, tags: tuple[str, ...] = TAGS) -> Documents:
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag in tags:
            for number in range(20):
                writer.document(f"{what} {tag} {number:03}", tag, source=what)
    return Documents(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_planted_labels_are_wrong_in_the_way_that_was_asked(kind: str, run: Run, tmp_path: Path) -> None:
    right, other = texts(tmp_path / "right", "right"), texts(tmp_path / "other", "other")
    made = run(plant_labels, of=right, text=other, kind=kind).artifact
    assert made.planted and not made.planted.keys() & set(TAGS)
    for label, tag in made.planted.items():
        first, second = Language(label), Language(tag)
        assert fits(kind, first, second)  # type: ignore[arg-type]
        if tag not in ("jpn_Jpan", "zho_Hans"):  # Han letters have several codes
            assert (first.script == second.script) == (kind != "other_script")
        assert all(kin(first, Language(each)) != SAME for each in TAGS)
        assert list(made.texts(label)) == list(other.texts(tag))
    # What was right stays, in its order.
    assert [row["text"] for row in made.rows() if row["source"] == "right"] == list(right.texts())
    assert {row["source"] for row in made.rows() if row["language"] in made.planted} == {"planted"}


@pytest.mark.parametrize("kind", ["half_other_script", "half_unrelated"])
def test_half_of_a_mixed_corpus_is_right(kind: str, run: Run, tmp_path: Path) -> None:
    right, other = texts(tmp_path / "right", "right"), texts(tmp_path / "other", "other")
    made = run(plant_labels, of=right, text=other, kind=kind).artifact
    assert made.planted and made.planted.keys() <= set(TAGS)
    assert not made.planted.keys() & set(made.planted.values())
    for label, tag in made.planted.items():
        assert fits(kind, Language(label), Language(tag))  # type: ignore[arg-type]
        said = Counter(text.split()[1] for text in made.texts(label))
        assert said == {label: 10, tag: 10}
    untouched = set(TAGS) - made.planted.keys()
    assert all(list(made.texts(tag)) == list(right.texts(tag)) for tag in untouched)


def test_text_that_the_right_corpora_hold_is_not_planted(run: Run, tmp_path: Path) -> None:
    right = texts(tmp_path / "right", "right")
    with pytest.raises(InputError, match="no wrong label"):
        run(plant_labels, of=right, text=right, kind="unrelated")


@pytest.mark.parametrize("kind", [*KINDS, "half_unrelated"])
def test_the_same_labels_for_the_same_seed(kind: str, run: Run, tmp_path: Path) -> None:
    right, other = texts(tmp_path / "right", "right"), texts(tmp_path / "other", "other")
    again = texts(tmp_path / "again", "other", TAGS[::-1])
    first, second, third = (
        run(plant_labels, of=right, text=text, kind=kind, seed=seed).artifact
        for text, seed in ((other, 1), (again, 1), (other, 2))
    )
    assert first.digest == second.digest
    assert first.planted != third.planted


def test_han_characters_are_one_script() -> None:
    japanese, chinese = Language("jpn_Jpan"), Language("zho_Hans")
    assert not fits("other_script", japanese, chinese) and fits("unrelated", japanese, chinese)
    assert fits("other_script", japanese, Language("fin_Latn"))


def marked(folder: Path) -> Documents:
    """Clean documents and noise in turn, in two languages."""
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for number in range(400):
            meta = json.dumps({"noise": "table"}) if number % 2 else None
            writer.document(f"text {number}", ("deu_Latn", "fra_Latn")[number // 2 % 2], source="s", meta=meta)
    return Documents(folder)


def test_copies_stand_as_often_as_the_shares_say(run: Run, tmp_path: Path) -> None:
    made = run(plant_copies, of=marked(tmp_path), clean={3: 1.0}, noise={1: 2.0, 7: 2.0})
    found = Counter((row["meta"], row["id"]) for row in made.artifact.rows())
    assert {count for (meta, _), count in found.items() if meta is None} == {3}
    noise = Counter(count for (meta, _), count in found.items() if meta)
    assert noise.keys() == {1, 7} and 70 < noise[7] < 130
    assert made.step.figures["documents"] == {"in": 400, "written": found.total()}
    assert made.step.figures["sizes"]["clean"] == {"3": 200}


def test_shuffled_sizes_are_the_same_ones_and_say_nothing_of_noise(run: Run, tmp_path: Path) -> None:
    of = marked(tmp_path)
    shares = {"clean": {5: 1.0}, "noise": {1: 1.0}}
    tied, dealt = (run(plant_copies, of=of, **shares, shuffled=each).artifact for each in (False, True))

    def sizes(documents: Documents, *, clean: bool | None = None) -> dict[str, Counter[int]]:
        found = Counter((row["language"], row["id"]) for row in documents.rows() if clean in (None, row["meta"] is None))
        return {tag: Counter(count for (each, _), count in found.items() if each == tag) for tag in ("deu_Latn", "fra_Latn")}

    assert sizes(tied) == sizes(dealt)
    assert sizes(tied, clean=True)["deu_Latn"] == {5: 100}
    assert 30 < sizes(dealt, clean=True)["deu_Latn"][5] < 70


def test_sizes_must_be_given(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no size"):
        run(plant_copies, of=marked(tmp_path), clean={}, noise={1: 1.0})
