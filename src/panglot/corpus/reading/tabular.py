"""TSV (no quoting) and CSV (quoted), with or without a header."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import MAX_LINE_BYTES, Account, Entry, Sides, Source
from panglot.corpus.reading.columns import Columns, find_columns, wrong_columns

Row = tuple[int, Sequence[str]]


def read_tsv(source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of a tab-separated file. A quotation mark is an ordinary character.

    Without a header there must be two columns: the language being taught, then the pivot.

    Raises:
        InputError: the columns cannot be told apart.
    """
    rows = ((number, text.split("\t")) for number, text in source.lines(account) if text)
    yield from _pairs(rows, source, sides, account)


def read_csv(source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of a comma-separated file, with the quoting of RFC 4180.

    Raises:
        InputError: the columns cannot be told apart.
    """
    yield from _pairs(csv_rows(source, account), source, sides, account)


def csv_rows(source: Source, account: Account, longest: int = MAX_LINE_BYTES) -> Iterator[Row]:
    """Number and cells of each row of a CSV file; rows that cannot be read are set aside."""
    numbered = (f"{text}\n" for _, text in source.lines(account, longest) if text is not None)
    csv.field_size_limit(longest)
    reader = csv.reader(numbered)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            account.set_aside(f"bad CSV: {error}", where=f"{source}:{reader.line_num}")
            continue
        if row:
            yield reader.line_num, row


def _pairs(rows: Iterable[Row], source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    columns: Columns | None = None
    width = 0
    for number, cells in rows:
        where = f"{source}:{number}"
        if columns is None:
            columns, width = find_columns(cells, sides), len(cells)
            if columns is not None:
                account.sides_assumed = columns.assumed
                continue
            if width != 2 or _names_other_languages(cells):
                raise wrong_columns(cells, sides, where)
            columns, account.sides_assumed = Columns(0, 1), True
        if len(cells) != width:
            account.set_aside(f"{len(cells)} columns in place of {width}", where=where, excerpt="\t".join(cells))
            continue
        yield Entry(cells[columns.source], cells[columns.target], where, _score(cells, columns.score))


def _names_other_languages(cells: Sequence[str]) -> bool:
    from panglot.corpus.reading.columns import SOURCE_NAMES, TARGET_NAMES, is_code, named_language

    known = ("verse", "text", "id", *SOURCE_NAMES, *TARGET_NAMES)
    return all(each.lower() in known or (is_code(each) and named_language(each) is not None) for each in cells)


def _score(cells: Sequence[str], index: int | None) -> float | None:
    try:
        return None if index is None else float(cells[index])
    except ValueError:
        return None


def keyed_texts(source: Source, account: Account) -> tuple[tuple[str, ...], Iterator[tuple[tuple[str, ...], str, str]]]:
    """Names of the key columns, and key, text and place of each row, of a TSV that holds one language under the column `text`.

    Raises:
        InputError: there is no column `text`, or no other one.
    """
    lines = source.lines(account)
    _, first = next(lines)
    names = (first or "").split("\t")
    if "text" not in names or len(names) < 2:
        raise InputError(
            f"the columns are {', '.join(map(repr, names[:12]))}",
            where=source,
            fix="two TSV files are joined by their key columns: each needs the column 'text' and at least one key column",
        )
    position = names.index("text")

    def rows() -> Iterator[tuple[tuple[str, ...], str, str]]:
        for number, line in lines:
            if not line:
                continue
            cells, where = line.split("\t"), f"{source}:{number}"
            if len(cells) != len(names):
                account.set_aside(f"{len(cells)} columns in place of {len(names)}", where=where, excerpt=line)
                continue
            yield tuple(cells[:position] + cells[position + 1 :]), cells[position], where

    return tuple(names[:position] + names[position + 1 :]), rows()
