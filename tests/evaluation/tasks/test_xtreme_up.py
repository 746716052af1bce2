"""XTREME-UP: rows with the release's keys become items, and its scores are those of its rules."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.evaluation import metrics, tasks
from panglot.evaluation.prompts import for_task
from panglot.evaluation.tasks.passages import Passage
from panglot.evaluation.tasks.suite import find_suite

QA = {"id": "1", "question": "রাজধানী কী?", "title": "Dhaka", "context": "Dhaka is the capital.", "target": "Dhaka"}
ROWS = {
    "translation": ("en2am", {"input": "A cat.", "target": "ድመት።"}),
    "transliteration": ("Latn2Ethi.am", {"input": "selam", "target": "ሰላም"}),
    "semantic_parsing": ("pt_br", {"input": "clima em Faro", "target": "[IN:GET_WEATHER [SL:LOCATION Faro ] ]"}),
    "autocomplete": ("ur", {"context": "وہ گھر جا", "target": "جاتا"}),
    "qa_in_lang": ("bn", QA),
    "qa_cross_lang": ("bn", QA),
    "retrieval_in_lang": ("bn", QA),
    "retrieval_cross_lang": ("bn", QA),
}
INDEX = [QA, {"id": "2", "title": "", "context": "Nothing of it."}]


@pytest.fixture
def release(tmp_path):
    for folder, (code, row) in ROWS.items():
        path = tmp_path / "xtreme_up_v1.1" / folder / "test" / f"{code}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(row, ensure_ascii=False) + "\n\n")
        if "retrieval" in folder:
            index = [{key: each[key] for key in ("id", "title", "context")} for each in INDEX]
            (path.parents[1] / "index.jsonl").write_text("".join(json.dumps(each) + "\n" for each in index))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "language", "fields", "references"),
    [
        ("xtreme-up-translation:into", "amh", {"source": "A cat."}, ("ድመት።",)),
        ("xtreme-up-translation:from", "amh", {"source": "ድመት።"}, ("A cat.",)),
        ("xtreme-up-transliteration", "amh_Ethi", {"input": "selam"}, ("ሰላም",)),
        ("xtreme-up-semantic-parsing", "por", {"input": "clima em Faro"}, ("[IN:GET_WEATHER [SL:LOCATION Faro ] ]",)),
        ("xtreme-up-autocomplete", "urd", {"input": "وہ گھر جا"}, ("جاتا",)),
        ("xtreme-up-qa-in-language", "ben", {key: QA[key] for key in ("context", "question", "title")}, ("Dhaka",)),
        ("xtreme-up-qa-cross-language", "ben", {key: QA[key] for key in ("context", "question", "title")}, ("Dhaka",)),
    ],
)
def test_rows_with_the_releases_keys_become_items_and_prompts(release, name, language, fields, references):
    task = tasks.find(name)
    item = task.items(language, "test", release).items[0]
    assert (item.fields, item.references) == (fields, references)
    target = task.tag(language) if task.direction == "into" else None
    prompt = for_task(task, language=task.tag(language), target=target, source=None).prompt(item)
    assert next(iter(fields.values())) in prompt.context


def test_one_index_holds_the_passages_and_a_question_names_its_own_by_its_id(release):
    for name in ("xtreme-up-retrieval-in-language", "xtreme-up-retrieval-cross-language"):
        task = tasks.find(name)
        assert task.items("ben", "test", release).items[0].relevant == {"1": 1}
        assert list(task.passages("ben", "test", release)) == [
            Passage("1", "Dhaka Dhaka is the capital.", "Dhaka is the capital."),
            Passage("2", "Nothing of it.", "Nothing of it."),
        ]
        assert task.metrics[0] == "mrr@10"


def test_a_question_that_names_no_passage_is_counted(release):
    path = release / "xtreme_up_v1.1" / "retrieval_in_lang" / "test" / "bn.jsonl"
    path.write_text(path.read_text() + json.dumps(QA | {"id": None}) + "\n")
    found = tasks.find("xtreme-up-retrieval-in-language").items("ben", "test", release)
    assert len(found) == 1 and found.left_out == {"a query without a relevant passage": 1}
    path.write_text(json.dumps({"question": "q"}) + "\n")
    with pytest.raises(InputError, match="there is no column 'id'"):
        tasks.find("xtreme-up-retrieval-in-language").items("ben", "test", release)


def test_the_suite_says_what_it_leaves_out():
    suite = find_suite("xtreme-up")
    assert set(suite.absent) == {"ASR", "OCR", "autocomplete"}
    assert {tasks.find(each).metrics[0] for each in suite.tasks} == {
        "chrf", "cer_nfkc", "sequence_accuracy", "token_f1", "mrr@10", "span_f1",
    }  # fmt: skip
    assert tasks.find("mafand:into").metrics == ("chrf++", "bleu")


def test_a_tree_is_right_by_its_brackets_which_exact_match_drops():
    said, right = ["[IN:A [SL:B x ] ]", "[IN:A ] [SL:B x ]", "[in:a [sl:b x ] ]"], ["[IN:A [SL:B x ] ]"] * 3
    assert metrics.find("sequence_accuracy").corpus(said, right) == pytest.approx(1 / 3)
    assert metrics.find("exact_match", language="eng").corpus(said, right) == 1


def test_the_error_rate_is_of_code_points_in_nfkc():
    # ﷺ and full-width forms are many letters, and a composed letter is one
    metric = metrics.find("cer_nfkc")
    assert metric.corpus(["Ａｂ"], ["Ab"]) == 0 and metric.corpus(["e\u0301"], ["é"]) == 0
    assert metric.corpus(["ሰላ"], ["ሰላም"]) == pytest.approx(1 / 3)
    assert metric.corpus(["abd", "a"], ["abc", "aa"]) == pytest.approx(0.4)
    assert metric.signature == {"unit": "code point", "norm": "nfkc-strip"}


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8)), min_size=1, max_size=4))
def test_the_error_rate_is_that_of_a_plain_table(pairs):
    def distance(one, other):
        row = list(range(len(other) + 1))
        for at, left in enumerate(one, start=1):
            row, before = [at], row
            for column, right in enumerate(other):
                row.append(min(before[column + 1] + 1, row[column] + 1, before[column] + (left != right)))
        return row[-1]

    def plain(text):
        return unicodedata.normalize("NFKC", text).strip()

    pairs = [(said, right) for said, right in pairs if plain(right)] or [("a", "b")]
    total = sum(len(plain(right)) for _, right in pairs)
    expected = sum(distance(plain(said), plain(right)) for said, right in pairs) / total
    assert metrics.find("cer_nfkc").corpus(*zip(*pairs, strict=True)) == pytest.approx(expected)
