"""Parquet files, our own and other people's."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Account, Entry, Sides, Source
from panglot.corpus.reading.json_lines import RecordReader

_BATCH_ROWS = 4096


def read_parquet(source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of a Parquet file; columns are named as the keys of JSON Lines.

    Raises:
        InputError: this is no Parquet file, it is packed in gzip, or the columns do not name the two sides.
    """
    if source.packed:
        raise InputError("a Parquet file packed in gzip is not read", where=source, fix="unpack it: Parquet packs by itself")
    with source.open() as stream:
        try:
            with pq.ParquetFile(stream) as file:
                reader = RecordReader(sides, account)
                number = 0
                for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                    for record in batch.to_pylist():
                        number += 1
                        entry = reader.entry(record, f"{source}, row {number}")
                        if entry is not None:
                            yield entry
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise InputError(f"this is no whole Parquet file: {str(error).splitlines()[0]}", where=source) from None
