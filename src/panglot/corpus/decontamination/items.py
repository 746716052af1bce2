"""Items of evaluation sets: every text of a file, whatever its columns are called."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.corpus.pairs import Pairs
from panglot.corpus.read_text import plan
from panglot.corpus.reading.bounded import Account, Source
from panglot.corpus.reading.tabular import csv_rows

_ROWS = 1024
_PARTS = 3
_TEXTS = ("txt", "text", "md")
_OBJECTS = ("json", "jsonl", "ndjson")


@dataclass(frozen=True)
class Item:
    """One text of an evaluation set.

    Attributes:
        task: the set: name of the file or folder that was given.
        where: file, line and column.
        text: as it stands there.
    """

    task: str
    where: str
    text: str


def items_of_file(said: str, columns: Sequence[str], step: Step) -> Iterator[Item]:
    """The items of a file or folder: text (a line an item), TSV, CSV, JSON Lines, Parquet, each but the last also as `.gz`.

    Of a table every cell is an item, of an object every string in it, in lists and nested objects too.

    Args:
        said: as `corpus.read_text` takes it.
        columns: take only these columns or keys; all where empty.
        step: where damaged entries are set aside.
    """
    account = Account(step)
    readings = plan(said)
    path = Path(said.partition("=")[2] or said)
    task = path.name if path.is_dir() else _bare(path.name)
    for reading in readings:
        try:
            for where, text in _strings(Source(reading.path), reading.origin, columns, account):
                yield Item(task, where, text)
        except InputError as error:
            if len(readings) == 1:
                raise
            step.quarantine(error.what, where=str(error.where or reading.path))


def items_of(found: Documents | Pairs) -> Iterator[Item]:
    """The items of documents or of pairs, both sides."""
    task = found.folder.name
    for row in found.rows():
        for column in ("text",) if isinstance(found, Documents) else ("source_text", "target_text"):
            yield Item(task, f"{row['id']} {column}", row[column])


def _bare(name: str) -> str:
    """A file's name without its suffixes.

    Example:
        >>> _bare("test.tsv.gz"), _bare("mgsm.v2.jsonl")
        ('test', 'mgsm.v2')
    """
    name = name.removesuffix(".gz")
    return name.rpartition(".")[0] or name


def _strings(source: Source, origin: str, columns: Sequence[str], account: Account) -> Iterator[tuple[str, str]]:
    if source.suffix in _TEXTS:
        for number, line in source.lines(account):
            if line:
                yield f"{origin}:{number}", line
    elif source.suffix in ("tsv", "tab", "csv"):
        rows = (
            csv_rows(source, account)
            if source.suffix == "csv"
            else ((number, text.split("\t")) for number, text in source.lines(account) if text)
        )
        yield from _cells(rows, origin, columns, source)
    elif source.suffix == "parquet":
        yield from _parquet(source, origin, columns)
    elif source.suffix in _OBJECTS:
        yield from _objects(source, origin, columns, account)
    else:
        known = ", ".join((*_TEXTS, "tsv", "csv", *_OBJECTS, "parquet"))
        raise InputError(f".{source.suffix} is not read as an evaluation set", where=source, fix=f"known are {known}")


def _cells(rows: Any, origin: str, columns: Sequence[str], source: Source) -> Iterator[tuple[str, str]]:
    header: list[str] = []
    for number, cells in rows:
        if not header:
            header = [each.strip() for each in cells]
            if columns:
                _must_have(columns, header, source)
                continue
        for at, cell in enumerate(cells):
            name = header[at] if at < len(header) else str(at + 1)
            if not columns or name in columns:
                yield f"{origin}:{number} {name[:40]}", cell


def _objects(source: Source, origin: str, columns: Sequence[str], account: Account) -> Iterator[tuple[str, str]]:
    for number, line in source.lines(account):
        if not line or line.isspace():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            account.set_aside("not JSON", where=f"{origin}:{number}", excerpt=line)
            continue
        yield from _inside(record, f"{origin}:{number}", columns)


def _parquet(source: Source, origin: str, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    with source.open() as stream:
        try:
            with pq.ParquetFile(stream) as file:
                names = file.schema_arrow.names
                if columns:
                    _must_have(columns, names, source)
                wanted = [name for name in names if name in columns] if columns else names
                number = 0
                for batch in file.iter_batches(batch_size=_ROWS, columns=wanted):
                    for record in batch.to_pylist():
                        number += 1
                        yield from _inside(record, f"{origin}, row {number}", ())
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise InputError(f"this is no whole Parquet file: {str(error).splitlines()[0]}", where=source) from None


def _inside(value: Any, where: str, columns: Sequence[str], depth: int = 0) -> Iterator[tuple[str, str]]:
    """The strings in a value, with the key under which each lies."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping) and depth <= _PARTS:
        for key, each in value.items():
            if depth or not columns or key in columns:
                yield from _inside(each, f"{where} {key[:40]}", columns, depth + 1)
    elif isinstance(value, list) and depth <= _PARTS:
        for each in value:
            yield from _inside(each, where, columns, depth + 1)


def _must_have(columns: Sequence[str], names: Sequence[str], source: Source) -> None:
    if not set(columns) & set(names):
        raise InputError(f"none of the columns {', '.join(columns)} is there: there are {', '.join(names[:12])}", where=source)
