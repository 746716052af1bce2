"""Tables piece by piece: every row once, in order, whatever the row groups are."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import digest_file
from panglot.corpus.engine.streaming import RowReader, TableWriter, stretches

SCHEMA = pa.schema([pa.field("id", pa.string(), nullable=False), pa.field("text", pa.string(), nullable=False)])


def write(path: Path, rows: int, group: int, size: int = 3) -> pa.Table:
    table = pa.table({"id": [str(each) for each in range(rows)], "text": ["ก" * size] * rows}, schema=SCHEMA)
    pq.write_table(table, path, row_group_size=max(1, group))
    return table


@settings(max_examples=20)
@given(rows=st.integers(0, 9000), group=st.integers(1, 9000))
def test_every_row_once(rows: int, group: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("streaming")
    table = write(place / "a.parquet", rows, group)
    write(place / "b.parquet", rows, 777)
    reader = RowReader(place / "b.parquet")
    found = []
    for each in stretches(place / "a.parquet", ["text", "id"]):
        assert each.column_names == ["text", "id"]
        assert len(each) <= 4096 + 256
        assert reader.take(len(each))["id"].to_pylist() == each["id"].to_pylist()
        found.append(each)
    assert pa.concat_tables(found)["id"].to_pylist() == table["id"].to_pylist()
    assert len(reader.take(1)) == 0


def test_long_texts_are_cut_by_their_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", 1500, 1500, size=20_000)
    assert [len(each) for each in stretches(tmp_path / "a.parquet", ["id", "text"])] == [512, 512, 476]


def test_pieces_do_not_show_in_what_is_written(tmp_path: Path) -> None:
    table = write(tmp_path / "a.parquet", 5000, 5000)
    for name, size in (("one", 5000), ("many", 41)):
        with TableWriter(tmp_path / name, SCHEMA) as writer:
            for start in range(0, 5000, size):
                writer.write(table.slice(start, size))
    assert digest_file(tmp_path / "one") == digest_file(tmp_path / "many")
    assert pq.read_table(tmp_path / "one") == table


def test_without_rows(tmp_path: Path) -> None:
    with TableWriter(tmp_path / "a", SCHEMA), TableWriter(tmp_path / "b", SCHEMA, always=True):
        pass
    assert not (tmp_path / "a").exists()
    assert pq.read_table(tmp_path / "b").num_rows == 0
