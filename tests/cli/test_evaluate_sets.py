"""`panglot evaluate` on named sets whose answers are read in ways of their own, from the files of their releases."""

import json
from pathlib import Path

import pyarrow.parquet as pq
from calling import Panglot


def lines(path: Path, *rows: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")


def release(folder: Path) -> None:
    examples = [{"input": f"Which?\nOptions:\n(A) {at}\n(B) b", "target": "(A)"} for at in range(3)]
    lines(folder / "bbh" / "snarks.json", {"examples": examples})
    for at in (1, 2):
        lines(
            folder / "MATH" / "test" / "algebra" / f"{at}.json",
            {"problem": f"{at}+1?", "level": "Level 1", "type": "Algebra", "solution": rf"It is $\boxed{{{at + 1}}}$."},
        )
    lines(
        folder / "crosscodeeval_data" / "python" / "line_completion_rg1_bm25.jsonl",
        {"prompt": "def two():\n    ", "groundtruth": "return 2", "metadata": {"task_id": "a/0", "file": "a.py"}},
    )
    answers = [{"text": each, "idx": at, "label": at} for at, each in enumerate(("A cow", "A cat"))]
    asked = {"question": "What has Ann?", "idx": 0, "answers": answers}
    lines(folder / "MultiRC" / "val.jsonl", {"idx": 0, "passage": {"text": "Ann has a cat.", "questions": [asked]}})
    passage = {"text": "Ann met Bo.", "entities": [{"start": 0, "end": 2}, {"start": 8, "end": 9}]}
    gaps = [{"query": "@placeholder came.", "idx": 0, "answers": [{"text": "Bo"}]}]
    lines(folder / "ReCoRD" / "val.jsonl", {"idx": 0, "passage": passage, "qas": gaps})


SUITE = """\
name: own
title: Sets with readers of their own
citation: none
tasks: {superglue-multirc: {split: dev}, superglue-record: {split: dev}, math: {}, bbh-snarks: {}, crosscodeeval-python: {}}
"""
COUNTS = {
    "superglue-multirc": {"positive_f1": 2, "group_match": 1, "accuracy": 2},
    "superglue-record": {"token_f1": 1, "exact_match": 1},
    "math": {"formula_match": 2},
    "bbh-snarks": {"literal_match": 3},
    "crosscodeeval-python": {"completion_match": 1, "edit_similarity": 1, "identifier_match": 1, "identifier_f1": 1},
}


def test_sets_with_readers_and_metrics_of_their_own(panglot: Panglot, tmp_path: Path) -> None:
    release(tmp_path / "data")
    (tmp_path / "own.yaml").write_text(SUITE)
    done = panglot(
        "evaluate", "--tasks", f"suite:{tmp_path / 'own.yaml'}", "--model", "tiny:llama", "--data", tmp_path / "data",
        "--set", "max_new_tokens=4", "--out", tmp_path / "run", "--quiet",
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = pq.read_table(tmp_path / "run" / "results.parquet").to_pylist()
    assert {name: {row["metric"]: row["n"] for row in rows if row["task"] == name} for name in COUNTS} == COUNTS
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in COUNTS)
