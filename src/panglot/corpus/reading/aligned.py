"""Two files of which line i of one translates line i of the other, and two TSV files joined by their keys."""

from collections.abc import Iterator

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Account, Entry, Sides, Source
from panglot.corpus.reading.columns import same_language
from panglot.corpus.reading.tabular import keyed_texts


def names_language(source: Source, sides: Sides) -> str | None:
    """`language` or `pivot`, by a file's suffix (`a.hsb`) or a part of its stem (`a-hsb.txt`, `hsb.tsv`)."""
    stem = source.unpacked_name
    parts = [*reversed(stem.replace("-", ".").split("."))]
    for part in parts:
        if len(part) > 1 and part not in ("txt", "tsv"):
            if same_language(part, sides.language):
                return "language"
            if same_language(part, sides.pivot):
                return "pivot"
    return None


def in_order(first: Source, second: Source, sides: Sides, account: Account) -> tuple[Source, Source]:
    """The language's file, then the pivot's; in the order given where the names do not say."""
    said = (names_language(first, sides), names_language(second, sides))
    if said[0] == "pivot" or (said[0] is None and said[1] == "language"):
        first, second = second, first
    account.sides_assumed = said == (None, None)
    return first, second


def _count_lines(source: Source) -> int:
    ends, last = 0, b"\n"
    for chunk in source.chunks():
        ends += chunk.count(b"\n")
        last = chunk[-1:]
    return ends + (last != b"\n")


def read_aligned(first: Source, second: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of two aligned text files; for two TSV files, of the rows that have the same key.

    Raises:
        InputError: the numbers of lines differ.
    """
    first, second = in_order(first, second, sides, account)
    if first.suffix == second.suffix == "tsv":
        yield from _joined(first, second, account)
        return
    counts = _count_lines(first), _count_lines(second)
    if counts[0] != counts[1]:
        raise InputError(
            f"aligned files must have equal numbers of lines: {first.path.name} has {counts[0]:,}, "
            f"{second.path.name} has {counts[1]:,}",
            where=f"{first},{second}",
            fix="align them again",
        )
    for (number, text), (_, translation) in zip(first.lines(account), second.lines(account), strict=True):
        if text is not None and translation is not None:
            yield Entry(text, translation, f"{first}:{number}")


def _joined(first: Source, second: Source, account: Account) -> Iterator[Entry]:
    names, rows = keyed_texts(first, account)
    other_names, other_rows = keyed_texts(second, account)
    if names != other_names:
        raise InputError(
            f"the key columns differ: {', '.join(names)} and {', '.join(other_names)}",
            where=f"{first},{second}",
            fix="give two files with the same key columns",
        )
    translations = {key: text for key, text, _ in other_rows}
    for key, text, where in rows:
        if key in translations:
            yield Entry(text, translations[key], where)
