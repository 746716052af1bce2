"""Decisions over signals: rules as data, bounds by language, the defects of other implementations."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.filter import Bound, decide, limits_of
from panglot.corpus.filter import filter as filter_documents
from panglot.corpus.rules import RULES
from panglot.corpus.signals import SIGNALS, columns, signals_of
from panglot.corpus.signals.component import Signals, signals
from panglot.corpus.thresholds.artifact import Thresholds

CLEAN = "Die Kinder gehen heute in die Schule und lernen dort viel. Sie kommen am Abend zurück.\nDas ist gut so.\n"
TEXTS = {
    "deu_Latn": [CLEAN, "", "na na na na na na na na na na na na", CLEAN + "{", "Zeile\n" * 20],
    "hin_Deva": ["यह एक वाक्य है। यह दूसरा वाक्य है।", "\x00"],
    "und": ["漢字。" * 30],
}


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    with DocumentWriter(tmp_path / "documents" / DOCUMENTS_FILE) as writer:
        for tag, texts in TEXTS.items():
            for text in texts:
                writer.document(text, tag, source="test")
    return Documents.open(tmp_path / "documents")


def measured(documents: Documents, place: Path, **more) -> Signals:
    with step_folder(place) as step:
        signals(of=documents, step=step, **more)
    return Signals.open(place)


def filtered(documents: Documents, found: Signals, place: Path, **more) -> Documents:
    with step_folder(place) as step:
        filter_documents(of=documents, signals=found, step=step, **more)
    return Documents.open(place)


def reasons(documents: Documents) -> dict[str, str]:
    import pyarrow.parquet as pq

    shards = documents.dropped.shards if documents.dropped else []
    return {row["text"]: row["reason"] for each in shards for row in pq.read_table(each).to_pylist()}


def test_the_sidecar_stands_row_beside_row(documents, tmp_path):
    found = measured(documents, tmp_path / "signals")
    table = found.table()
    rows = list(documents.rows())
    assert table["id"].to_pylist() == [each["id"] for each in rows] and found.names == columns()
    for tag, texts in TEXTS.items():
        expected = signals_of(texts, tag)
        places = [place for place, each in enumerate(rows) if each["language"] == tag]
        for name, values in expected.items():
            np.testing.assert_array_equal(table[name].to_numpy()[places], values, err_msg=name)


def test_every_document_is_kept_or_dropped_with_a_reason(documents, tmp_path):
    found = measured(documents, tmp_path / "signals", groups=["size", "gopher_repetition", "c4"])
    kept = filtered(
        documents, found, tmp_path / "kept", rules=["c4", "gopher_repetition"], bounds={"c4_sentences": Bound(min=1)}
    )
    said = kept.manifest.figures["documents"]
    assert said["in"] == len(documents) == said["kept"] + sum(said["dropped"].values())
    assert reasons(kept)[CLEAN + "{"] == "curly_brackets" and reasons(kept)["Zeile\n" * 20] == "few_sentences"
    assert CLEAN in set(kept.texts())


def test_zero_is_a_bound():
    # elsewhere 0 is falsy and means that the filter is off
    limits = limits_of(["eng_Latn"], rules=[], bounds={"duplicate_line_share": Bound(max=0), "words": Bound(min=0)})
    table = pa.table({"duplicate_line_share": np.array([0, 0.01], np.float32), "words": np.array([0, 5], np.int32)})
    assert decide(limits, pa.table({"language": ["eng_Latn"] * 2}), table).to_pylist() == [None, "duplicate_lines"]


def test_a_share_equal_to_the_bound_is_within_it():
    # 3 of 10 as float32 is above 0.3 as float64
    limits = limits_of(["eng_Latn"], rules=[], bounds={"duplicate_line_share": Bound(max=0.3), "script_share": Bound(min=0.7)})
    shares = np.array([3 / 10, 3 / 10 + 1e-6], np.float32)
    table = pa.table({"duplicate_line_share": shares, "script_share": np.array([0.7, 0.7], np.float32)})
    assert decide(limits, pa.table({"language": ["eng_Latn"] * 2}), table).to_pylist() == [None, "duplicate_lines"]


def test_what_cannot_be_said_drops_nothing():
    limits = limits_of(["eng_Latn"], rules=["roots"])
    names = {each.signal for each in limits}
    table = pa.table({name: np.array([np.nan], np.float32) for name in names - {"words"}} | {"words": np.array([50], np.int32)})
    assert decide(limits, pa.table({"language": ["eng_Latn"]}), table).to_pylist() == [None]


def thresholds_in(folder: Path, languages: dict) -> Thresholds:
    folder.mkdir()
    (folder / "thresholds.json").write_text(json.dumps({"format": 2, "segmenter": "unicode", "languages": languages}))
    return Thresholds.open(folder)


def test_a_language_has_its_own_bounds_and_none_where_null_is_said(tmp_path):
    known = thresholds_in(
        tmp_path / "thresholds",
        {
            "hin_Deva": {"rules": {"words": {"min": 3, "max": None}}, "stop_words": ["है", "यह"]},
            "deu_Latn": {"rules": {"words": {"min": 10, "max": 40}}, "stop_words": ["die", "und"]},
        },
    )
    limits = limits_of(["hin_Deva", "deu_Latn"], rules=["gopher_quality"], thresholds=known)
    values = {(each.signal, each.side): dict(each.values) for each in limits}
    assert values[("words", "min")] == {"hin_Deva": 3, "deu_Latn": 10}
    assert values[("words", "max")] == {"deu_Latn": 40}
    assert values[("mean_word_length", "max")] == {"hin_Deva": 10, "deu_Latn": 10}
    every = limits_of(["hin_Deva", "deu_Latn"], thresholds=known)
    assert [(each.signal, each.side, each.reason) for each in every] == [
        ("words", "min", "few_words"),
        ("words", "max", "many_words"),
    ]


def test_stop_words_are_those_of_the_document_s_language(documents, tmp_path):
    known = thresholds_in(tmp_path / "thresholds", {"hin_Deva": {"rules": {}, "stop_words": ["है", "यह"]}})
    found = measured(documents, tmp_path / "signals", thresholds=known, groups=["gopher_quality"])
    by_text = dict(zip(documents.texts(), found.table(["stop_words_present"])["stop_words_present"].to_pylist(), strict=True))
    assert by_text[TEXTS["hin_Deva"][0]] == 2 and np.isnan(by_text[CLEAN])
    assert any("no stop words" in each for each in found.manifest.notes)


def test_two_sets_with_the_same_rule_hold_the_stricter_value():
    limits = {(each.signal, each.side): each.values["und"] for each in limits_of(["und"], rules=["roots", "gopher_quality"])}
    assert limits[("words", "min")] == 50
    limits = {(each.signal, each.side): each.values["und"] for each in limits_of(["und"], rules=["fineweb2", "fineweb"])}
    assert limits[("repeated_line_characters", "max")] == 0.01


def test_every_rule_names_a_signal_on_the_side_on_which_it_is_bad():
    allowed = {"above": {"max"}, "below": {"min"}, "outside": {"min", "max"}}
    for rules in RULES.values():
        assert len({(each.signal, each.side) for each in rules}) == len(rules)
        for each in rules:
            assert each.side in allowed[SIGNALS[each.signal].direction], each


def test_errors_are_for_people(documents, tmp_path):
    with pytest.raises(InputError, match="did you mean 'words'"):
        limits_of(["und"], bounds={"word": Bound(min=1)})
    found = measured(documents, tmp_path / "signals", groups=["size"])
    with pytest.raises(InputError, match="were not measured: c4_sentences"):
        filtered(documents, found, tmp_path / "kept", rules=["c4"])
    with DocumentWriter(tmp_path / "other" / DOCUMENTS_FILE) as writer:
        for number in range(len(documents)):
            writer.document(str(number), "und", source="test")
    with pytest.raises(InputError, match="belongs to other documents"):
        filtered(Documents.open(tmp_path / "other"), found, tmp_path / "kept", rules=[], bounds={"words": Bound(min=1)})


def test_the_shipped_components_are_listed():
    from panglot.recipes.components import find_component

    for name in ("corpus.signals", "corpus.filter"):
        component = find_component(name)
        assert component.returns.__name__ in ("Signals", "Documents")
        assert all(each.description for each in component.parameters.values())
    chosen = find_component("corpus.filter").parameters["bounds"].validated({"words": {"min": 3}}, "")
    assert chosen["words"].min == 3
