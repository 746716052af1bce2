"""Assertions of ConceptNet 5: a word of one language and its synonym in another are a pair."""

import json
from collections.abc import Iterator

from panglot.corpus.reading.bounded import Account, Entry, Sides, Source
from panglot.corpus.reading.columns import same_language

FILE_NAME = "conceptnet-assertions"
_SYNONYM = "/r/Synonym"


def read_conceptnet(source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of words that the relation `Synonym` joins, which is how ConceptNet writes translations; the weight is the score.

    The file is named CSV and is tab-separated: assertion, relation, start, end, JSON.

    Raises:
        InputError: the file cannot be read.
    """
    for number, line in source.lines(account):
        if not line:
            continue
        where = f"{source}:{number}"
        cells = line.split("\t")
        if len(cells) != 5 or not cells[0].startswith("/a/"):
            account.set_aside("no assertion of ConceptNet", where=where, excerpt=line)
            continue
        if cells[1] != _SYNONYM:
            continue
        first, second = _word(cells[2]), _word(cells[3])
        if first is None or second is None:
            account.set_aside("no concept of a language", where=where, excerpt=line)
            continue
        for one, other in ((first, second), (second, first)):
            if same_language(one[0], sides.language) and same_language(other[0], sides.pivot):
                yield Entry(one[1], other[1], where, _weight(cells[4]))


def _word(concept: str) -> tuple[str, str] | None:
    """Language and word of `/c/yo/ilé/n`."""
    parts = concept.split("/")
    return (parts[2], parts[3].replace("_", " ")) if len(parts) > 3 and parts[1] == "c" and parts[3] else None


def _weight(cell: str) -> float | None:
    try:
        weight = json.loads(cell).get("weight")
    except (ValueError, RecursionError, AttributeError):
        return None
    return float(weight) if isinstance(weight, int | float) else None
