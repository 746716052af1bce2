"""JSON Lines: an object a line, flat or with a `translation` object."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from panglot.corpus.reading.bounded import Account, Entry, Sides, Source
from panglot.corpus.reading.columns import find_columns, same_language, wrong_columns


def read_json_lines(source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of a JSON Lines file. Keys are language codes or `source…` and `target…`, at the top or under `translation`.

    Raises:
        InputError: the first object has no keys that name the two sides.
    """
    reader = RecordReader(sides, account)
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
        entry = reader.entry(record, where)
        if entry is not None:
            yield entry


class RecordReader:
    """Takes the two texts out of dictionaries of which each may have other keys."""

    def __init__(self, sides: Sides, account: Account) -> None:
        self._sides, self._account = sides, account
        self._known: dict[tuple[str, ...], tuple[str, str] | None] = {}

    def entry(self, record: Mapping[str, Any], where: str) -> Entry | None:
        """The pair, or None after setting the record aside.

        Raises:
            InputError: the first record has no keys that name the two sides.
        """
        nested = record.get("translation")
        texts: Mapping[str, Any] = nested if isinstance(nested, dict) else record
        keys = tuple(texts)
        if keys not in self._known:
            columns = find_columns(keys, self._sides)
            if columns is None and not any(self._known.values()):
                raise wrong_columns(keys, self._sides, where)
            self._known[keys] = None if columns is None else (keys[columns.source], keys[columns.target])
            self._account.sides_assumed |= columns is not None and columns.assumed
        names = self._known[keys]
        if names is None:
            self._account.set_aside("keys do not name the two sides", where=where, excerpt=", ".join(keys))
            return None
        first, second = texts[names[0]], texts[names[1]]
        if not isinstance(first, str) or not isinstance(second, str):
            self._account.set_aside("a text is not a string", where=where, excerpt=repr(record)[:400])
            return None
        languages = record.get("source_language"), record.get("target_language")
        if isinstance(languages[0], str) and isinstance(languages[1], str):
            wanted = self._sides.language, self._sides.pivot
            if same_language(languages[0], wanted[1]) and same_language(languages[1], wanted[0]):
                first, second = second, first
            elif not (same_language(languages[0], wanted[0]) and same_language(languages[1], wanted[1])):
                self._account.set_aside("other languages", where=where, excerpt=" ".join(map(str, languages)))
                return None
        score = record.get("score")
        return Entry(first, second, where, float(score) if isinstance(score, int | float) else None)
