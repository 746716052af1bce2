"""Queries, passages and judgements: BEIR's files, TREC's, the hub's, and what is wrong with them."""

import gzip
import json

import pytest

from panglot.artifacts import InputError
from panglot.evaluation import tasks
from panglot.evaluation.tasks.files import Place
from panglot.evaluation.tasks.hub import Hub
from panglot.evaluation.tasks.new_task import new_task
from panglot.evaluation.tasks.passages import Beir, Passage, WithPassage

CORPUS = [
    {"_id": "p1", "title": "มะม่วง", "text": "ผลไม้"},
    {"_id": "p2", "text": "สัตว์"},
    {"_id": "p3", "title": "", "text": "ต้นไม้"},
]
QUERIES = [{"_id": "q1", "text": "อะไร"}, {"_id": "q2", "text": "ที่ไหน"}, {"_id": "q3", "text": "ใคร"}]
QRELS = "query-id\tcorpus-id\tscore\nq1\tp1\t2\nq1\tp2\t0\nq2\tp3\t0\n"


def lines(rows):
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows)


@pytest.fixture
def beir(tmp_path):
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(lines(CORPUS))
    (folder / "queries.jsonl").write_text(lines(QUERIES))
    (folder / "qrels" / "test.tsv").write_text(QRELS)
    return folder


def made(folder):
    return new_task("mine", kind="retrieval", data=folder, language="tha", out=folder.parent / "mine.yaml")


def test_a_folder_as_beir_has_it(beir):
    task, found = made(beir)
    assert [(each.id, each.fields, each.relevant) for each in found.items] == [("q1", {"query": "อะไร"}, {"p1": 2, "p2": 0})]
    assert found.left_out == {"a query without a relevant passage": 1, "a query without a judgement": 1}
    assert list(task.passages("tha")) == [
        Passage("p1", "มะม่วง ผลไม้", "ผลไม้"),
        Passage("p2", "สัตว์", "สัตว์"),
        Passage("p3", "ต้นไม้", "ต้นไม้"),
    ]
    assert task.metrics == ("ndcg@10", "recall@100", "mrr@10")
    before = found.revision
    (beir / "corpus.jsonl").write_text(lines(CORPUS[:2]))
    assert task.items("tha").revision != before


def test_trec_files_and_a_corpus_in_parts(tmp_path):
    (tmp_path / "topics.tsv").write_text("7\tnani?\n8\tlini?\n")
    (tmp_path / "qrels.txt").write_text("7 Q0 d#1 1\n8\t0\td#2\t-1\n")
    (tmp_path / "docs-0.jsonl").write_text(lines([{"docid": "d#1", "title": "T", "text": "x"}]))
    with gzip.open(tmp_path / "docs-1.jsonl.gz", "wt") as out:
        out.write(lines([{"docid": "d#2", "title": "T", "text": "y"}]))
    layout = Beir(path="topics.tsv", qrels="qrels.txt", corpus="docs-*.jsonl")
    place = Place(tmp_path, "", "")
    assert [row.values for row in layout.rows(place)] == [
        {"id": "7", "query": "nani?", "relevant": {"d#1": 1}},
        {"id": "8", "query": "lini?", "relevant": {"d#2": -1}},
    ]
    assert [each.id for each in layout.passages(place)] == ["d#1", "d#2"]
    assert [path.name for path in layout.paths(place)] == ["topics.tsv", "qrels.txt", "docs-0.jsonl", "docs-1.jsonl.gz"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("queries.jsonl", lines([*QUERIES, QUERIES[0]]), "the id 'q1' stands twice"),
        ("corpus.jsonl", lines([*CORPUS, CORPUS[1]]), "the passage 'p2' stands twice"),
        ("corpus.jsonl", lines([{"_id": "p1"}]), "this row has no text"),
        ("corpus.jsonl", "\n", "the corpus has no passage"),
        ("corpus.jsonl", "", "the file is empty"),
        ("qrels/test.tsv", QRELS + "q1\tp1\t1\n", "'p1' is judged twice for the query 'q1'"),
        ("qrels/test.tsv", QRELS + "q9\tp1\t1\n", "1 judged queries are not among the queries, 'q9'"),
        ("qrels/test.tsv", QRELS + "q3\tp1\thigh\n", "the grade 'high' is no whole number"),
        ("qrels/test.tsv", "q1\tp1\n", "2 columns in place of 3"),
        ("qrels/test.tsv", "q1\tp1\t0\n", "no items"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(beir, name, text, said):
    (beir / name).write_text(text)
    with pytest.raises(InputError, match=said):
        made(beir)
    assert not (beir.parent / "mine.yaml").exists()


def test_a_folder_that_lacks_a_file_is_named(beir):
    (beir / "qrels" / "test.tsv").unlink()
    with pytest.raises(InputError, match=r"there is no qrels.tsv or qrels/test.tsv"):
        made(beir)


def test_the_passages_of_all_queries_are_the_corpus(tmp_path):
    (tmp_path / "a.test.jsonl").write_text(lines([{"q": "1", "c": "x "}, {"q": "2", "c": ""}, {"q": "3", "c": "y"}]))
    (tmp_path / "b.test.jsonl").write_text(lines([{"q": "1", "c": "x"}, {"q": "2", "c": "z"}]))
    layout = WithPassage(path="{code}.test.jsonl", passage="c", pool=("*.test.jsonl",))
    place = Place(tmp_path, "a", "test")
    corpus = {each.id: each.text for each in layout.passages(place)}
    assert list(corpus.values()) == ["x", "y", "z"]
    assert [[corpus[each] for each in row.values["relevant"]] for row in layout.rows(place)] == [["x"], [], ["y"]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("layout: beir\n  path: q\n  corpus: c\n  qrels: r", ""),
        ("layout: json_lines\n  path: q", "needs the layout beir, answered or with_passage"),
    ],
)
def test_a_task_of_this_kind_needs_a_corpus(tmp_path, change, said):
    head = "name: t\ntitle: t\nkind: retrieval\nlanguages: [tha_Thai]\nlicence: x\nsource: s\ntranslated: native\ncitation: c\n"
    (tmp_path / "t.yaml").write_text(f"{head}metrics: [mrr@10]\nsplits: [test]\nfiles:\n  {change}\n")
    if not said:
        assert tasks.find(str(tmp_path / "t.yaml")).files.corpus == "c"
        return
    with pytest.raises(InputError, match=said):
        tasks.find(str(tmp_path / "t.yaml"))


@pytest.mark.parametrize(("name", "split", "corpus_split"), [("miracl", "dev", "dev"), ("mr-tydi", "test", "train")])
def test_the_three_tables_of_the_hub(monkeypatch, name, split, corpus_split):
    asked = []

    def stream(hub, said, place):
        asked.append((hub.config.replace("{code}", place.code), place.split))
        if "qrels" in hub.config:
            return iter([{"query-id": "1", "corpus-id": "9#0", "score": 1}])
        return iter([{"_id": "9#0", "title": "T", "text": "x"}] if "corpus" in hub.config else [{"_id": "1", "text": "nani?"}])

    monkeypatch.setattr(Hub, "_stream", stream)
    monkeypatch.delenv("PANGLOT_DATA", raising=False)
    task = tasks.find(name)
    code = task.languages["swh_Latn"]
    assert task.items("swh", split).items[0].relevant == {"9#0": 1}
    assert list(task.passages("swh", split)) == [Passage("9#0", "T x", "x")]
    assert sorted(asked) == sorted([(f"{code}-queries", split), (f"{code}-qrels", split), (f"{code}-corpus", corpus_split)])


def test_afriqa_has_a_passage_for_every_question(shared):
    task = tasks.find("afriqa-retrieval")
    ids = {each.id for each in task.passages("swh", folder=shared)}
    assert len(ids) == 1491
    for tag in task.languages:
        assert all(set(item.relevant) <= ids for item in task.items(tag, folder=shared).items)
