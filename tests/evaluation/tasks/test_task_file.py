"""Task files: what a person writes wrong gives one line, and what is right is read back."""

import json

import pytest

from panglot.artifacts import InputError
from panglot.evaluation import tasks
from panglot.evaluation.tasks.task_file import parse

TASK = """\
name: mood
title: Moods
kind: classification
languages: {nob_Latn: no, swh_Latn: swh}
labels: [yes, no]
licence: CC0
translated: native
citation: me, 2026
source: own
metrics: [accuracy]
splits: [test]
files:
  layout: json_lines
  path: "{code}.{split}.jsonl"
  columns: {id: id, fields: {text: text}, label: label}
"""
ROWS = [{"id": 1, "text": "ndiyo", "label": "yes"}, {"id": 2, "text": "hapana", "label": "no"}]


def write(folder, text=TASK, rows=ROWS, name="swh"):
    (folder / "mood.yaml").write_text(text)
    (folder / f"{name}.test.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    return str(folder / "mood.yaml")


def test_a_persons_own_file_finds_its_data_beside_it(tmp_path):
    task = tasks.find(write(tmp_path))
    items = task.items("swa")
    assert [(each.id, each.language, each.label) for each in items.items] == [("1", "swh_Latn", 0), ("2", "swh_Latn", 1)]
    assert items.revision and not items.left_out


def test_no_is_norwegian_and_a_label(tmp_path):
    task = tasks.find(write(tmp_path, name="no"))
    assert task.labels == ("yes", "no") and task.languages["nob_Latn"] == "no"
    assert len(task.items("nob")) == 2


def test_the_revision_follows_the_bytes(tmp_path):
    task = tasks.find(write(tmp_path))
    before = task.items("swh").revision
    assert task.items("swh").revision == before
    write(tmp_path, rows=ROWS[:1])
    assert task.items("swh").revision != before


def test_a_folder_that_is_said_goes_before_the_place_of_the_file(tmp_path, monkeypatch):
    task = tasks.find(write(tmp_path))
    assert len(task.items("swh", folder=tmp_path / "elsewhere")) == 2
    other = tmp_path / "other"
    other.mkdir()
    write(other, rows=ROWS[:1])
    assert len(task.items("swh", folder=other)) == 1
    write(other, rows=ROWS[:1], name="no")
    monkeypatch.setenv("PANGLOT_DATA", str(other))
    assert len(task.items("nob")) == 1
    assert len(task.items("swh")) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("licence: CC0\n", "", r"the field 'licence' is missing \(.*mood.yaml, line 1\)"),
        ("labels: [yes, no]\n", "", "a task of kind classification needs labels"),
        ("labels: [yes, no]", "labels: [yes, yes]", "a label stands twice"),
        ("kind: classification", "kind: classify", r"kind: .*should be 'classification'.*mood.yaml, line 3"),
        ("licence: CC0", "license: CC0", "'licence' is missing|there is no field 'license'"),
        ("layout: json_lines", "layout: json", r"files: .*json_lines.*mood.yaml, line 1[23]"),
        ("label: label", "lable: label", "there is no field 'files.columns.lable'"),
        (", label: label", "", "the columns of a task of kind classification name fields and label"),
        ("swh_Latn: swh", "swh_Latin: swh", "not a canonical language tag"),
        (
            "source: own\n",
            "source: own\nsource: mine\n",
            r"the key 'source' stands twice.*|not YAML: the key 'source'.*line 10",
        ),
        ("source: own\n", "source: [own\n", "this is not YAML"),
        ("source: own\n", "source: &a own\nrevision: *a\n", "aliases have no place"),
        ("name: mood", "name: My Mood!", "'My Mood!' is not usable"),
        ("files:", "file:", "neither files nor hub|there is no field 'file'"),
    ],
)
def test_a_wrong_field_is_one_clear_line(tmp_path, old, new, said):
    assert old in TASK
    with pytest.raises(InputError, match=said) as caught:
        tasks.find(write(tmp_path, TASK.replace(old, new)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*ROWS, {"id": 3, "text": "x", "label": "perhaps"}], r"the label 'perhaps' is outside the set \(.*test.jsonl:3\)"),
        ([*ROWS, ROWS[0]], "the id '1' stands twice"),
        ([], "the file is empty"),
        ([{"id": 1, "text": "", "label": "yes"}], "mood: no items .*1 rows: no text"),
        ([{"id": 1, "txt": "", "label": "yes"}], "there is no column 'text'"),
    ],
)
def test_wrong_data_is_one_clear_line(tmp_path, rows, said):
    with pytest.raises(InputError, match=said) as caught:
        tasks.find(write(tmp_path, rows=rows)).items("swh")
    assert "\n" not in str(caught.value)


def test_a_language_and_a_split_that_the_task_has_not(tmp_path):
    task = tasks.find(write(tmp_path))
    with pytest.raises(InputError, match="mood has no items in 'yor'.*it has nob_Latn, swh_Latn"):
        task.items("yor")
    with pytest.raises(InputError, match="mood has no split 'train': it has test"):
        task.items("swh", "train")
    with pytest.raises(InputError, match="mood has no test items in nob_Latn here: not among the files: .*no.test.jsonl"):
        task.items("nob")


def test_an_unknown_name_brings_near_ones():
    with pytest.raises(InputError, match="there is no task 'xnlli': did you mean 'xnli'"):
        tasks.find("xnlli")
    with pytest.raises(InputError, match="did you mean 'sib200'"):
        tasks.find("SIB-200")
    with pytest.raises(InputError, match="there is no such task file"):
        tasks.find("nowhere.yaml")


def test_every_builtin_task_is_whole():
    found = tasks.all()
    assert len(found) == 164
    published = {"belebele": 122, "global-mmlu": 42, "xlsum": 45, "wikiann": 40, "xcopa": 11, "xquad": 12, "sib200": 62}
    assert {name: len(found[name].languages) for name in published} == published
    for name, task in found.items():
        assert task.name == name == tasks.find(name).name
        assert task.citation and task.licence and task.source
        assert task.chance is None or 0 < task.chance <= 0.5
        if task.kind in ("classification", "choice"):
            assert task.chance is not None or task.metrics[0] != "accuracy"
        if task.kind == "classification":
            assert task.chance == pytest.approx(1 / len(task.labels), abs=1e-4)
        from panglot.languages import Language

        for tag in (*task.languages, *task.pivots, *(task.hub.languages if task.hub else ())):
            assert Language(tag).tag == tag
        assert set(task.pivot_of) <= set(task.languages)
        assert not {task.pivot(tag) for tag in task.languages} & set(task.languages) or task.name == "panlex-bli"


def test_parallel_pairs_take_any_pivot_and_become_translation():
    quran = tasks.find("quran@urd")
    assert quran.pivot("rus_Cyrl") == "urd_Arab"
    assert "eng_Latn" in quran.languages and "urd_Arab" not in quran.languages
    into = tasks.find("quran@urd:into")
    assert into.kind == "generation" and into.metrics[0] == "chrf++"
    with pytest.raises(InputError, match="has no pairs with 'fra'"):
        tasks.find("quran@fra")
    with pytest.raises(InputError, match="xnli has no pairs"):
        tasks.find("xnli:into")


def test_a_persons_own_pairs_as_translation(tmp_path):
    (tmp_path / "p.tsv").write_text("source\ttarget\nß\tss\n")
    columns = "columns: {fields: {source: source, target: target}}"
    text = TASK.partition("files:")[0].replace("kind: classification", "kind: pairs\npivots: {eng_Latn: en}")
    (tmp_path / "p.yaml").write_text(f"{text}files:\n  layout: tsv\n  path: p.tsv\n  {columns}\n")
    item = tasks.find(f"{tmp_path}/p.yaml:into").items("swh").items[0]
    assert (item.fields, item.references, item.language) == ({"source": "ss"}, ("ß",), "swh_Latn")
    assert tasks.find(f"{tmp_path}/p.yaml@eng").items("swh").items[0].fields == {"source": "ß", "target": "ss"}


def test_sets_that_are_downloaded_as_they_were_released(tmp_path):
    for code, text in (("swh_Latn", "moja\nmbili\n"), ("eng_Latn", "one\ntwo\n")):
        (tmp_path / "flores" / "devtest").mkdir(parents=True, exist_ok=True)
        (tmp_path / "flores" / "devtest" / f"{code}.devtest").write_text(text)
    found = tasks.find("flores:into").items("swh", "test", tmp_path)
    assert [(each.fields["source"], each.references) for each in found.items] == [("one", ("moja",)), ("two", ("mbili",))]
    asked = {"id": "q", "question": "؟", "answers": [{"text": "نهر", "answer_start": 0}]}
    (tmp_path / "mlqa" / "test").mkdir(parents=True)
    file = tmp_path / "mlqa" / "test" / "test-context-ar-question-ar.json"
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": "نهر النيل", "qas": [asked]}]}]}))
    assert tasks.find("mlqa").items("arb", "test", tmp_path).items[0].references == ("نهر",)


def test_a_file_of_another_kind():
    with pytest.raises(InputError, match="a task file is a mapping"):
        parse("- a\n- b\n", "x.yaml")
