"""Readers of text without a translation, one function a format. `TEXT_READERS` says which reader takes which suffix."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Account, Source
from panglot.corpus.reading.columns import same_language
from panglot.corpus.reading.tabular import Row, csv_rows
from panglot.languages import Language

TEXT_NAMES = ("text", "content", "raw_content", "sentence", "document", "body")
LANGUAGE_NAMES = ("language", "lang", "language_code", "iso639_3", "iso")
MAX_DOCUMENT_CHARACTERS = 1 << 24
_BATCH_ROWS = 1024

Unit = Literal["line", "paragraph"]


class Found(NamedTuple):
    """One document as a file has it.

    Attributes:
        text: as it stands in the file.
        where: file and line or row.
        language: what the row itself says, not yet understood; None where it says nothing.
        url: where it comes from.
        meta: further facts as JSON.
    """

    text: str
    where: str
    language: str | None = None
    url: str | None = None
    meta: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What a reader looks for.

    Attributes:
        column: the column or key that holds the text; None to find it by its name.
        language: the language that the file is in, where that is known: a column of its name holds the text too.
        unit: what a document is in a plain text file.
    """

    column: str | None = None
    language: Language | None = None
    unit: Unit = "line"


def read_lines(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a plain text file: one a line, or one a paragraph (lines up to an empty line)."""
    gathered: list[str] = []
    began = 1
    for number, line in source.lines(account):
        if wanted.unit == "line":
            if line:
                yield Found(line, f"{source}:{number}")
            continue
        if line and not line.isspace():
            began = began if gathered else number
            gathered.append(line)
        elif gathered:
            yield Found("\n".join(gathered), f"{source}:{began}")
            gathered = []
    if gathered:
        yield Found("\n".join(gathered), f"{source}:{began}")


def read_records(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a JSON Lines file, one object a line.

    Raises:
        InputError: the first object has no key that holds the text.
    """
    reader = _Records(wanted, account)
    for number, line in source.lines(account):
        if not line or line.isspace():
            continue
        where = f"{source}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            account.set_aside("not JSON", where=where, excerpt=line)
            continue
        if not isinstance(record, dict):
            account.set_aside("not a JSON object", where=where, excerpt=line)
            continue
        yield from reader.found(record, where)


def read_parquet_texts(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a Parquet file; only the columns that are needed are read.

    Raises:
        InputError: this is no Parquet file, it is packed in gzip, or no column holds the text.
    """
    if source.packed:
        raise InputError("a Parquet file packed in gzip is not read", where=source, fix="unpack it: Parquet packs by itself")
    reader = _Records(wanted, account)
    with source.open() as stream:
        try:
            with pq.ParquetFile(stream) as file:
                names = file.schema_arrow.names
                strings = [each.name for each in file.schema_arrow if _is_string(each.type)]
                position = text_column(names, wanted)
                if position is None and len(strings) == 1 and wanted.column is None:
                    position = names.index(strings[0])
                if position is None:
                    raise no_text_column(names, source)
                reader.known_column(names[position])
                columns = [
                    each for each in names if each == names[position] or each.lower() in (*LANGUAGE_NAMES, "url", "meta")
                ]
                number = 0
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                    for record in batch.to_pylist():
                        number += 1
                        yield from reader.found(record, f"{source}, row {number}")
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise InputError(f"this is no whole Parquet file: {str(error).splitlines()[0]}", where=source) from None


def read_tsv_texts(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a tab-separated file with a header, of one column, or of a number and a text a line.

    Raises:
        InputError: no column holds the text.
    """
    rows = ((number, text.split("\t")) for number, text in source.lines(account) if text)
    yield from _table(rows, source, wanted, account)


def read_csv_texts(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a comma-separated file, with the quoting of RFC 4180.

    Raises:
        InputError: no column holds the text.
    """
    yield from _table(csv_rows(source, account), source, wanted, account)


TEXT_READERS: dict[str, Callable[[Source, Wanted, Account], Iterator[Found]]] = {
    "csv": read_csv_texts,
    "json": read_records,
    "jsonl": read_records,
    "md": read_lines,
    "ndjson": read_records,
    "parquet": read_parquet_texts,
    "tab": read_tsv_texts,
    "text": read_lines,
    "tsv": read_tsv_texts,
    "txt": read_lines,
}


def text_column(names: Sequence[str], wanted: Wanted) -> int | None:
    """Which column holds the text: the one asked for, one of the usual names, or one named after the language.

    Example:
        >>> text_column(["index_id", "category", "text"], Wanted())
        2
        >>> text_column(["en", "hsb"], Wanted(language=Language("hsb_Latn")))
        1
    """
    if wanted.column is not None:
        return names.index(wanted.column) if wanted.column in names else None
    lower = [name.strip().lower() for name in names]
    for name in TEXT_NAMES:
        if name in lower:
            return lower.index(name)
    if wanted.language is not None:
        for index, name in enumerate(names):
            if same_language(name.strip(), wanted.language):
                return index
    return None


def no_text_column(names: Sequence[str], where: object) -> InputError:
    """The error that says which columns were found and what is expected."""
    shown = ", ".join(repr(name[:40]) for name in names[:12]) + (", …" if len(names) > 12 else "")
    return InputError(
        f"no column holds the text: there are {shown}", where=where, fix="name it 'text', or say which with column"
    )


def _table(rows: Iterable[Row], source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    position = language = None
    width = 0
    for number, cells in rows:
        where = f"{source}:{number}"
        if not width:
            width, position = len(cells), text_column(cells, wanted)
            if position is not None:
                lower = [each.strip().lower() for each in cells]
                language = next((lower.index(name) for name in LANGUAGE_NAMES if name in lower), None)
                language = None if language == position else language
                continue
            if wanted.column is None and width == 1:
                position = 0
            elif wanted.column is None and width == 2 and cells[0].isdecimal():
                position = 1
            else:
                raise no_text_column(cells, where)
        if len(cells) != width:
            account.set_aside(f"{len(cells)} columns in place of {width}", where=where, excerpt="\t".join(cells))
            continue
        assert position is not None
        yield Found(cells[position], where, cells[language] if language is not None else None)


def _is_string(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


class _Records:
    """Takes the text out of dictionaries of which each may have other keys."""

    def __init__(self, wanted: Wanted, account: Account) -> None:
        self._wanted, self._account = wanted, account
        self._known: dict[tuple[str, ...], int | None] = {}

    def known_column(self, name: str) -> None:
        """From here on the text is under this key."""
        self._wanted = Wanted(name, self._wanted.language, self._wanted.unit)

    def found(self, record: Mapping[str, Any], where: str) -> Iterator[Found]:
        keys = tuple(record)
        if keys not in self._known:
            position = 0 if len(keys) == 1 and self._wanted.column is None else text_column(keys, self._wanted)
            if position is None and not any(each is not None for each in self._known.values()):
                raise no_text_column(keys, where)
            self._known[keys] = position
        position = self._known[keys]
        if position is None:
            self._account.set_aside("no key holds the text", where=where, excerpt=", ".join(keys))
            return
        text = record[keys[position]]
        if not isinstance(text, str):
            self._account.set_aside("a text is not a string", where=where, excerpt=repr(record)[:400])
            return
        if len(text) > MAX_DOCUMENT_CHARACTERS:
            self._account.set_aside("document longer than 16 Mi characters", where=where, excerpt=text[:400])
            return
        spoken = (record[name] for name in LANGUAGE_NAMES if isinstance(record.get(name), str) and name != keys[position])
        url, meta = record.get("url"), record.get("meta")
        if isinstance(meta, dict):
            meta = json.dumps(meta, ensure_ascii=False, sort_keys=True)
        yield Found(
            text, where, next(spoken, None), url if isinstance(url, str) else None, meta if isinstance(meta, str) else None
        )
