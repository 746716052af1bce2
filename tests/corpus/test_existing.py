"""Documents of another run: linked, whole, and known by their content."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from panglot.artifacts import InputError
from panglot.corpus.documents import DOCUMENTS_FILE, SHARDS_FOLDER, DocumentWriter
from panglot.corpus.existing import existing, outside_inputs


def shard(path, *texts):
    with DocumentWriter(path) as writer:
        for each in texts:
            writer.document(each, "tha_Thai", source="test")


def test_shards_are_linked_and_what_was_dropped_stays_there(run, tmp_path):
    place = tmp_path / "far"
    shard(place / SHARDS_FOLDER / "00000.parquet", "กิน", "ข้าว")
    shard(place / SHARDS_FOLDER / "00001.parquet", "น้ำ")
    shard(place / "dropped" / DOCUMENTS_FILE, "x")
    ran = run(existing, folder=str(place))
    assert list(ran.artifact.texts()) == ["กิน", "ข้าว", "น้ำ"]
    assert ran.artifact.dropped is None
    assert ran.artifact.shards[0].stat().st_ino == (place / SHARDS_FOLDER / "00000.parquet").stat().st_ino


def test_the_key_follows_the_documents_and_not_what_was_dropped(tmp_path):
    place = tmp_path / "far"
    shard(place / DOCUMENTS_FILE, "กิน")
    before = outside_inputs(folder=str(place))
    shard(place / "dropped" / DOCUMENTS_FILE, "x")
    assert outside_inputs(folder=str(place)) == before
    shard(place / DOCUMENTS_FILE, "ข้าว")
    assert outside_inputs(folder=str(place)) != before


def test_other_tables_are_refused(run, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        run(existing, folder=str(tmp_path / "none"))
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="there are no documents here"):
        run(existing, folder=str(tmp_path / "other"))
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "other" / DOCUMENTS_FILE)
    with pytest.raises(InputError, match="no column 'id'"):
        run(existing, folder=str(tmp_path / "other"))
