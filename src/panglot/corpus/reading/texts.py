"""Readers of text without a translation, one function a format. `TEXT_READERS` says which reader takes which suffix."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import InputError
from panglot.corpus.documents import SCHEMA
from panglot.corpus.reading.bounded import Account, Source, size_of
from panglot.corpus.reading.columns import same_language
from panglot.corpus.reading.tabular import Row, csv_rows
from panglot.languages import Language

if TYPE_CHECKING:
    from panglot.corpus.reading.extraction import Page

TEXT_NAMES = ("text", "content", "raw_content", "sentence", "document", "body")
LANGUAGE_NAMES = ("language", "lang", "language_code", "iso639_3", "iso")
SCRIPT_NAMES = ("language_script", "script")
FACT_NAMES = ("date", "timestamp", "title")
LARGEST_DOCUMENT = 16 << 20
# JSON may write a character of two UTF-8 bytes as six, and a record holds more than its text.
_RECORD_FACTOR = 4
_BATCH_ROWS = 256
_BATCH_BYTES = 16 << 20

Unit = Literal["line", "paragraph", "file"]

_MODULE = "panglot.corpus.reading"
TEXT_READERS: dict[str, str] = {
    "csv": f"{_MODULE}.texts:read_csv_texts",
    "htm": f"{_MODULE}.html:read_html",
    "html": f"{_MODULE}.html:read_html",
    "json": f"{_MODULE}.texts:read_records",
    "jsonl": f"{_MODULE}.texts:read_records",
    "md": f"{_MODULE}.texts:read_lines",
    "mo": f"{_MODULE}.translations:read_gettext_texts",
    "ndjson": f"{_MODULE}.texts:read_records",
    "parquet": f"{_MODULE}.texts:read_parquet_texts",
    "po": f"{_MODULE}.translations:read_gettext_texts",
    "tab": f"{_MODULE}.texts:read_tsv_texts",
    "text": f"{_MODULE}.texts:read_lines",
    "tmx": f"{_MODULE}.translations:read_tmx_texts",
    "tsv": f"{_MODULE}.texts:read_tsv_texts",
    "txt": f"{_MODULE}.texts:read_lines",
    "warc": f"{_MODULE}.warc:read_warc",
    "wet": f"{_MODULE}.warc:read_warc",
    "xhtml": f"{_MODULE}.html:read_html",
    "xml": f"{_MODULE}.mediawiki:read_mediawiki",
}


class Found(NamedTuple):
    """One document as a file has it.

    Attributes:
        text: as it stands in the file.
        where: file and line, row or record.
        language: what the row itself says, not yet understood; None where it says nothing.
        url: where it comes from.
        meta: further facts as JSON.
        source: what the column `source` of a table of our own says.
        original_id: the identifier that the file gives it.
    """

    text: str
    where: str
    language: str | None = None
    url: str | None = None
    meta: str | None = None
    source: str | None = None
    original_id: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What a reader looks for.

    Attributes:
        column: the column or key that holds the text; None to find it by its name.
        language: the language that the file is in, where that is known: a column of its name holds the text too.
        unit: what a document is in a plain text file.
        largest: bytes of UTF-8 text that a document may have.
        extractor: gives the text of an HTML page; None where pages are not read.
    """

    column: str | None = None
    language: Language | None = None
    unit: Unit = "line"
    largest: int = LARGEST_DOCUMENT
    extractor: "Callable[[str], Page] | None" = None

    def extract(self, page: str) -> "Page":
        """The text of an HTML page."""
        assert self.extractor is not None, "this reading was planned without an extractor"
        return self.extractor(page)


def read_lines(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a plain text file: one a line, one a paragraph (lines up to an empty line), or the whole file."""
    if wanted.unit == "line":
        for number, line in source.lines(account, wanted.largest):
            if line:
                yield Found(line, source.place(number))
        return
    gathered: list[str] = []
    began, size = 1, 0
    for number, line in source.lines(account, wanted.largest):
        if line is None:
            continue
        if wanted.unit == "file" or (line and not line.isspace()):
            began = began if gathered else number
            size += len(line.encode()) + 1
            if size <= wanted.largest + 1:
                gathered.append(line)
            elif gathered:
                account.set_aside(
                    f"{wanted.unit} larger than {size_of(wanted.largest)}",
                    where=source.place(began),
                    excerpt=gathered[0][:200],
                )
                gathered = []
            continue
        if gathered and size <= wanted.largest + 1:
            yield Found("\n".join(gathered), source.place(began))
        gathered, size = [], 0
    if gathered and size <= wanted.largest + 1:
        yield Found("\n".join(gathered), source.place(began))


def read_records(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a JSON Lines file, one object a line.

    Raises:
        InputError: the first object has no key that holds the text.
    """
    reader = RecordTexts(wanted, account)
    for number, line in source.lines(account, _RECORD_FACTOR * wanted.largest):
        if not line or line.isspace():
            continue
        where = source.place(number)
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
    """Documents of a Parquet file; only the columns that are needed are read. `start` and `stop` of a part are row groups.

    Raises:
        InputError: this is no Parquet file, it is packed in gzip, or no column holds the text.
    """
    if source.packed:
        raise InputError("a Parquet file packed in gzip is not read", where=source, fix="unpack it: Parquet packs by itself")
    reader = RecordTexts(wanted, account)
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
                known = (*LANGUAGE_NAMES, *SCRIPT_NAMES, *FACT_NAMES, "id", "meta", "source", "url")
                columns = [each for each in names if each == names[position] or each.lower() in known]
                groups = range(source.start, file.num_row_groups if source.stop is None else source.stop)
                number = sum(file.metadata.row_group(group).num_rows for group in range(source.start))
                for group in groups:
                    size = file.metadata.row_group(group)
                    rows = max(1, min(_BATCH_ROWS, _BATCH_BYTES * size.num_rows // max(size.total_byte_size, 1)))
                    for batch in file.iter_batches(batch_size=rows, row_groups=[group], columns=columns):
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
    rows = ((number, text.split("\t")) for number, text in source.lines(account, wanted.largest) if text)
    yield from _table(rows, source, wanted, account)


def read_csv_texts(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a comma-separated file, with the quoting of RFC 4180.

    Raises:
        InputError: no column holds the text.
    """
    yield from _table(csv_rows(source, account, wanted.largest), source, wanted, account)


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


class RecordTexts:
    """Takes the text out of dictionaries of which each may have other keys."""

    def __init__(self, wanted: Wanted, account: Account) -> None:
        self._wanted, self._account = wanted, account
        self._known: dict[tuple[str, ...], int | None] = {}
        self._others: dict[tuple[str, ...], _Others] = {}
        self._by_name = False

    def known_column(self, name: str) -> None:
        """From here on the text is under this key."""
        self._wanted = replace(self._wanted, column=name)

    def found(self, record: Mapping[str, Any], where: str) -> Iterator[Found]:
        """The document of one record; none after setting the record aside.

        Raises:
            InputError: no record before this one had a key that holds the text, and this one has none.
        """
        keys = tuple(record)
        if keys not in self._known:
            position = text_column(keys, self._wanted)
            self._by_name = self._by_name or position is not None
            if position is None and len(keys) == 1 and self._wanted.column is None and not self._by_name:
                position = 0
            if position is None and not any(each is not None for each in self._known.values()):
                raise no_text_column(keys, where)
            self._known[keys] = position
        position = self._known[keys]
        if position is None:
            self._account.set_aside("no key holds the text", where=where, excerpt=", ".join(keys))
            return
        name = keys[position]
        text = record[name]
        if not isinstance(text, str):
            self._account.set_aside("a text is not a string", where=where, excerpt=repr(record)[:400])
            return
        if keys not in self._others:
            self._others[keys] = _Others.of(keys, name)
        others = self._others[keys]
        if others.own:
            yield Found(text, where, record["language"], record["url"], record["meta"], record["source"])
            return
        spoken = next((said for each in others.languages if isinstance(said := record[each], str)), None)
        script = record[others.script] if others.script else None
        if spoken and isinstance(script, str) and len(script) == 4 and spoken.isalpha():
            spoken = f"{spoken}_{script}"
        url, identifier = record.get("url"), record.get("id")
        yield Found(
            text,
            where,
            spoken,
            url if isinstance(url, str) else None,
            _facts(record, others.facts) if others.facts else None,
            None,
            str(identifier) if isinstance(identifier, str | int) and name != "id" else None,
        )


class _Others(NamedTuple):
    """Keys of a record beside that of its text; `own` says that this is a row of a table of our own."""

    languages: tuple[str, ...]
    script: str | None
    facts: tuple[str, ...]
    own: bool

    @classmethod
    def of(cls, keys: Sequence[str], name: str) -> "_Others":
        known = [each for each in keys if each != name]
        return cls(
            tuple(each for each in LANGUAGE_NAMES if each in known),
            next((each for each in SCRIPT_NAMES if each in known), None),
            tuple(each for each in ("meta", "id", *FACT_NAMES) if each in known),
            tuple(keys) == tuple(SCHEMA.names) and name == "text",
        )


_write_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode


def _facts(record: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """What a record says beside its text, as JSON."""
    facts: dict[str, Any] = {}
    for name in names:
        value = record[name]
        if name == "meta":
            if isinstance(value, str):
                try:
                    parsed = json.loads(value)
                except (ValueError, RecursionError):
                    parsed = value
                value = parsed if isinstance(parsed, dict) else {"meta": parsed}
            if isinstance(value, dict):
                facts.update(value)
        elif isinstance(value, str | int) and value != "":
            facts.setdefault(name, value)
    return _write_json(facts) if facts else None
