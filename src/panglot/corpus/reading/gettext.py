"""Gettext catalogues, `.po` and `.mo`: the message is the pivot's text, the translation the language's."""

import gettext as gettext_of_python
import os
import re
import struct
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Account, Entry, Sides, Source

MAX_CATALOGUE_BYTES = 256 << 20
_PLURALS = re.compile(r"plural\s*=\s*([^;]+)")


class Message(NamedTuple):
    """One translated text.

    Attributes:
        text: the message, of a plural the form that belongs to the translation.
        translation: the text in the catalogue's language.
        where: file and line.
    """

    text: str
    translation: str
    where: str


class Catalogue(NamedTuple):
    """What one catalogue holds; `skipped` counts what was left out, with the reason."""

    messages: list[Message]
    language: str
    skipped: dict[str, int]


@lru_cache(maxsize=256)
def plural_forms(header: str) -> tuple[int, int]:
    """Index of the form for one thing, and of the form that most numbers from 2 to 201 take, by `Plural-Forms`.

    The C expression is evaluated by the standard library's own small parser, never by `eval`.

    Example:
        >>> plural_forms("nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);")
        (0, 3)
        >>> plural_forms("nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;")
        (1, 4)
    """
    found = _PLURALS.search(header)
    try:
        form = gettext_of_python.c2py(found.group(1).strip()) if found else lambda n: int(n != 1)
        taken = [form(number) for number in range(2, 202)]
        return form(1), max(sorted(set(taken)), key=taken.count)
    except (ValueError, RecursionError, ZeroDivisionError):
        return 0, 1


def load_catalogue(source: Source) -> Catalogue:
    """Read a catalogue: translated entries only, without fuzzy and obsolete ones and the header.

    A plural gives up to two messages: the form for one thing with the singular, the commonest other form with the plural.

    Raises:
        InputError: the file is malformed, too large, or not in the character set that it declares.
    """
    import polib

    content = source.content(MAX_CATALOGUE_BYTES)
    try:
        entries = _binary_catalogue(content) if source.suffix == "mo" else polib.pofile(_decoded(content))
    except (OSError, ValueError, LookupError, struct.error, IndexError, AttributeError, KeyError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0][:200].replace("None", "", 1)
        raise InputError(f"malformed gettext catalogue: {said}", where=source, fix="check it with msgfmt --check") from None
    one, most = plural_forms(entries.metadata.get("Plural-Forms", ""))
    messages: list[Message] = []
    skipped: dict[str, int] = {}
    for entry in entries:
        if entry.obsolete or "fuzzy" in entry.flags:
            reason = "obsolete" if entry.obsolete else "fuzzy"
        else:
            line = getattr(entry, "linenum", None)
            where = f"{source}:{line}" if line else str(source)
            found = _messages(entry, one, most, where)
            messages += found
            reason = "" if found else "untranslated"
        if reason:
            skipped[reason] = skipped.get(reason, 0) + 1
    return Catalogue(messages, entries.metadata.get("Language", ""), skipped)


def _messages(entry: Any, one: int, most: int, where: str) -> list[Message]:
    if not entry.msgid_plural:
        return [Message(entry.msgid, entry.msgstr, where)] if entry.msgid and entry.msgstr.strip() else []
    forms = {int(index): text for index, text in entry.msgstr_plural.items() if text.strip()}
    pairs = [(entry.msgid, one), (entry.msgid_plural, most)]
    if one == most:
        # A language with one form uses it for every number, so it says what the plural says.
        pairs = pairs[1:]
    return [Message(text, forms[index], where) for text, index in pairs if index in forms]


def _decoded(content: bytes) -> str:
    head = re.search(rb"charset=([A-Za-z0-9_.:-]+)", content[:65536])
    charset = head.group(1).decode("ascii") if head else "utf-8"
    text = content.decode("utf-8" if charset.upper() == "CHARSET" else charset).removeprefix("\ufeff")
    # polib takes a text without a line break for a file name.
    return text if "\n" in text else f"{text}\n"


def _binary_catalogue(content: bytes) -> Any:
    import polib

    if len(content) >= 12 and content[:4] in (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde"):
        order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
        if struct.unpack(f"{order}I", content[8:12])[0] * 16 > len(content):
            raise ValueError("it declares more entries than it has room for")
    handle, name = tempfile.mkstemp(suffix=".mo")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        return polib.mofile(name)
    finally:
        Path(name).unlink()


def read_gettext(source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of a catalogue: the message is the pivot's text.

    Raises:
        InputError: the file is malformed.
    """
    for message in load_catalogue(source).messages:
        yield Entry(message.translation, message.text, message.where)
