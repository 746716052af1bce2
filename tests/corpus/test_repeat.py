"""Documents written as often as their repetitions say."""

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from panglot.artifacts import InputError
from panglot.corpus.balance.repeat import repeat
from panglot.corpus.documents import SHARDS_FOLDER, Documents, DocumentWriter
from panglot.corpus.duplicates.rehydrate import REPETITIONS_FOLDER, SCHEMA, Repetitions

TEXTS = [("tha_Thai", "กิน", 3), ("hsb_Latn", "witaj", 1), ("tha_Thai", "ข้าว", 0), ("nqo_Nkoo", "ߒߞߏ", 2)]


def made(folder, said, *, shards=2):
    size = -(-len(said) // shards)
    for at in range(shards):
        part = said[at * size : (at + 1) * size]
        path = folder / "d" / SHARDS_FOLDER / f"{at:05}.parquet"
        with DocumentWriter(path) as writer:
            for tag, text, _ in part:
                writer.document(text, tag, source="test", meta='{"a": 1}')
        ids = pq.read_table(path)["id"].to_pylist()
        table = pa.table(
            {"id": ids, "cluster_size": [1] * len(part), "repetitions": [times for *_, times in part]}, schema=SCHEMA
        )
        place = folder / "r" / REPETITIONS_FOLDER / f"{at:05}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, place)
    return Documents(folder / "d"), Repetitions(folder / "r")


@pytest.mark.parametrize("shards", [1, 2, 4])
def test_each_document_stands_as_often_as_it_should(run, tmp_path, shards):
    of, repetitions = made(tmp_path, TEXTS, shards=shards)
    ran = run(repeat, of=of, repetitions=repetitions)
    texts = [row["text"] for row in ran.artifact.rows()]
    # pass after pass, each in the order of the documents
    assert texts == ["กิน", "witaj", "ߒߞߏ", "กิน", "ߒߞߏ", "กิน"]
    assert Counter(texts) == {text: times for _, text, times in TEXTS if times}
    assert all(row["meta"] == '{"a": 1}' for row in ran.artifact.rows())
    assert ran.step.figures["growth"] == {"hsb_Latn": 1.0, "nqo_Nkoo": 2.0, "tha_Thai": 1.5}
    assert ran.step.figures["passes"] == 3


def test_repetitions_of_other_documents_are_refused(run, tmp_path):
    of, _ = made(tmp_path / "a", TEXTS)
    _, other = made(tmp_path / "b", TEXTS[::-1])
    with pytest.raises(InputError, match="belongs to other documents"):
        run(repeat, of=of, repetitions=other)
    _, fewer = made(tmp_path / "c", TEXTS, shards=1)
    with pytest.raises(InputError, match="there are 1 tables here"):
        run(repeat, of=of, repetitions=fewer)
    of, nothing = made(tmp_path / "e", [(tag, text, 0) for tag, text, _ in TEXTS])
    with pytest.raises(InputError, match="no document is repeated"):
        run(repeat, of=of, repetitions=nothing)
