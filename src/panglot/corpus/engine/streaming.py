"""Tables read and written piece by piece, so that memory does not follow the size of a file."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.corpus.documents import PARQUET

_READ_ROWS = 256
_STRETCH_ROWS = 4096
_STRETCH_BYTES = 1 << 24
_GROUP_ROWS = 1 << 16
_GROUP_BYTES = 1 << 25


def stretches(path: Path, columns: list[str]) -> Iterator[pa.Table]:
    """The rows of a Parquet file in order, in tables of 4,096 rows or a little more than 16 MiB; an empty file gives one."""
    schema = pa.schema([pq.read_schema(path).field(each) for each in columns])
    held: list[pa.RecordBatch] = []
    rows = size = count = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_READ_ROWS, columns=columns):
            held.append(batch.select(columns))
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= _STRETCH_ROWS or size >= _STRETCH_BYTES:
                yield pa.Table.from_batches(held, schema)
                held, rows, size, count = [], 0, 0, count + 1
    if held or not count:
        yield pa.Table.from_batches(held, schema)


class RowReader:
    """Reads a Parquet file by so many rows at a time."""

    def __init__(self, path: Path) -> None:
        self._schema = pq.read_schema(path)
        self._batches = pq.ParquetFile(path).iter_batches(batch_size=_READ_ROWS)
        self._held = self._schema.empty_table()

    def take(self, count: int) -> pa.Table:
        """The next rows; fewer where the file ends."""
        parts = [self._held]
        found = self._held.num_rows
        while found < count and (batch := next(self._batches, None)) is not None:
            parts.append(pa.Table.from_batches([batch]))
            found += batch.num_rows
        whole = pa.concat_tables(parts)
        self._held = whole.slice(count)
        return whole.slice(0, count)


class TableWriter:
    """Writes a Parquet file as every table of documents is written; the same rows in the same pieces give the same bytes.

    Without a row no file is made, unless `always` is set.
    """

    def __init__(self, path: Path, schema: pa.Schema, *, always: bool = False) -> None:
        self._path, self._schema = path, schema
        self._held: list[pa.Table] = []
        self._rows = self._bytes = 0
        self._writer: pq.ParquetWriter | None = None
        if always:
            self._open()

    def write(self, table: pa.Table) -> None:
        if not len(table):
            return
        self._held.append(table.cast(self._schema))
        self._rows, self._bytes = self._rows + len(table), self._bytes + table.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._path, self._schema, **PARQUET)
        return self._writer

    def _flush(self) -> None:
        if self._held:
            self._open().write_table(pa.concat_tables(self._held).combine_chunks(), row_group_size=_GROUP_ROWS)
            self._held, self._rows, self._bytes = [], 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()
