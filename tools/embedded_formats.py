"""Readers of the formats that the text of the embedded models comes in, and what is regular about a line of it."""

import gettext
import html
import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import polib

from panglot.languages.scripts import share_in

_MARK = "X"
_PLACEHOLDER = re.compile(
    r"%\(\w+\)[#0 +-]*\d*(?:\.\d+)?l*[diouxXeEfgGcrs]|%(?:\d+\$)?[#0+-]*\d*(?:\.\d+|\.\*)?(?:l|ll|z|h)?[diouxXeEfFgGcrsSp@]"
    r"|%\{\w+\}|\$\{[^{}]*\}|\{\{[^{}]*\}\}|\{[^{}]*\}|\$\d+|%\d+|\bPLACEHOLDER\d*\b|__\w+__|https?://\S+|\bwww\.\S+"
)
_BLOCK = re.compile(r"</?(?:p|li|ul|ol|dl|dd|dt|h[1-6]|div|table|tr|td|th|blockquote|br|hr|section|article|nav)\b[^>]*>", re.I)
_CODE = re.compile(r"[\\^|`]|==|::|\w\(\)|</|/>|=>|->|\$\(|\w/\w+/|\.\w+\(|[{}<>]|--\w")
_SENTENCE = 12
_SENTENCE_WIDE = 6
_WIDE = ("Hans", "Jpan", "Hang")


def cleaned(text: str) -> str:
    """A message as a person reads it: without markup and accelerators, one X in place of what a program fills in.

    Example:
        >>> cleaned("The file <b>%(name)s</b> was &saved by {user}.")
        'The file X was saved by X.'
    """
    text = re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", html.unescape(html.unescape(text)))
    text = re.sub(r"<(?:script|style|pre)\b.*?</(?:script|style|pre)>", " ", text, flags=re.S | re.I)
    text = re.sub(r"<[^<>]*>", lambda tag: " " if _BLOCK.match(tag[0]) else "", text)
    text = re.sub(r"\$\((\w|-)+\)|&&|&(?=\w)|\*\*|`|\\n|\\t|\[\[|\]\]", " ", text.replace("&&", "").replace("`", ""))
    text = re.sub(r"&(?=\w)", "", text)
    text = _PLACEHOLDER.sub(_MARK, _PLACEHOLDER.sub(_MARK, text))
    return " ".join(text.split())


def is_prose(text: str, script: str) -> bool:
    """Whether a line holds words enough, in the script of its language, and is neither code nor mostly what a program fills in.

    Example:
        >>> is_prose("Die Datei wurde gesichert.", "Latn"), is_prose("Die Datei", "Latn"), is_prose("foo::bar(baz)", "Latn")
        (True, False, False)
    """
    letters = sum(map(str.isalpha, text))
    wide = script in _WIDE
    if letters < (_SENTENCE_WIDE if wide else _SENTENCE) or letters < 0.6 * sum(not each.isspace() for each in text):
        return False
    if not wide and script != "Thai" and len(text.split()) < 3:
        return False
    if text.count(_MARK) > 2 or _CODE.search(text):
        return False
    return share_in(text, script) >= (0.5 if wide else 0.6)


def paragraphs(page: str) -> Iterator[str]:
    """The pieces of a page of HTML between its block elements, less code."""
    page = re.sub(r"<!--.*?-->|<(script|style|pre|head|nav)\b.*?</\1>", "\n\n", page, flags=re.S | re.I)
    for piece in _BLOCK.split(page):
        text = " ".join(html.unescape(re.sub(r"<[^<>]*>", "", piece)).split())
        if text:
            yield text


def messages(value: object) -> Iterator[str]:
    """All strings in nested JSON, in their order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from messages(each)
    elif isinstance(value, list):
        for each in value:
            yield from messages(each)


def po(content: str) -> Iterator[tuple[str, str]]:
    """(source, translation) of a gettext catalogue as text, less what a machine guessed."""
    for entry in polib.pofile(content, check_for_duplicates=False):
        if entry.obsolete or "fuzzy" in entry.flags:
            continue
        for text in (entry.msgstr, *entry.msgstr_plural.values()):
            if text:
                yield entry.msgid, text


def mo(content: bytes) -> Iterator[tuple[str, str]]:
    """(source, translation) of a compiled gettext catalogue."""
    try:
        catalogue = gettext.GNUTranslations(io.BytesIO(content))
    except (OSError, UnicodeDecodeError, ValueError):
        return
    for key, text in catalogue._catalog.items():  # type: ignore[attr-defined]
        source = key[0] if isinstance(key, tuple) else key
        if source and text:
            yield source, text


def packed_catalogues(binary: bytes) -> Iterator[str]:
    """Gettext catalogues that a program holds as zlib streams."""
    for found in re.finditer(rb"\x78[\x01\x9c\xda]", binary):
        stream = zlib.decompressobj()
        try:
            head = stream.decompress(binary[found.start() : found.start() + 512], 4096)
            if b"translation of" in head:
                rest = stream.unconsumed_tail + binary[found.start() + 512 : found.start() + (1 << 21)]
                yield (head + stream.decompress(rest, 1 << 24)).decode("utf-8", "replace")
        except zlib.error:
            continue


def sword(verses: bytes, blocks: bytes, text: bytes) -> Iterator[str]:
    """Verses of a compressed SWORD module (zText): three files of one testament, `.bzv`, `.bzs` and `.bzz`."""
    opened: dict[int, bytes] = {}
    for at in range(0, len(verses) - 9, 10):
        block, start, size = struct.unpack_from("<IIH", verses, at)
        if not size:
            continue
        if block not in opened:
            offset, packed = struct.unpack_from("<II", blocks, 12 * block)
            opened = {block: zlib.decompress(text[offset : offset + packed])}
        verse = opened[block][start : start + size].decode("utf-8", "replace")
        verse = re.sub(r"<(note|title)\b.*?</\1>", " ", verse, flags=re.S)
        clean = " ".join(html.unescape(re.sub(r"<[^<>]*>", "", verse)).split())
        if clean:
            yield clean


def android(table: bytes) -> Iterator[tuple[str, str]]:
    """(locale, string) of a table of Android resources; the locale is empty where the application's own language stands."""
    kind, header, _, _ = struct.unpack_from("<HHII", table)
    if kind != 2:
        return
    strings, at = _pool(table, header), header
    while at + 8 <= len(table):
        kind, header, size = struct.unpack_from("<HHI", table, at)
        if kind == 0x200:
            yield from _package(table, at, header, size, strings)
        at += max(size, 8)


def _package(table: bytes, start: int, header: int, size: int, strings: list[str]) -> Iterator[tuple[str, str]]:
    names = _pool(table, start + struct.unpack_from("<I", table, start + 8 + 4 + 256)[0])
    at, end = start + header, start + size
    while at + 8 <= end:
        kind, length, whole = struct.unpack_from("<HHI", table, at)
        if kind == 0x201 and names[table[at + 8] - 1] in ("string", "plurals", "array"):
            count, entries = struct.unpack_from("<II", table, at + 12)
            language, country = table[at + 28 : at + 30], table[at + 30 : at + 32]
            if not (language[0] & 0x80 or country[0] & 0x80):
                code = "-".join(each.decode() for each in (language, country) if each[0])
                offsets = struct.unpack_from(f"<{count}I", table, at + length)
                for offset in offsets:
                    if offset != 0xFFFFFFFF:
                        yield from ((code, strings[each]) for each in _values(table, at + entries + offset))
        at += max(whole, 8)


def _values(table: bytes, at: int) -> Iterator[int]:
    size, flags = struct.unpack_from("<HH", table, at)
    places = [at + size]
    if flags & 1:
        (count,) = struct.unpack_from("<I", table, at + 12)
        places = [at + size + 12 * each + 4 for each in range(count)]
    for place in places:
        if table[place + 3] == 3:
            yield struct.unpack_from("<I", table, place + 4)[0]


def _pool(table: bytes, at: int) -> list[str]:
    _, header, _, count, _, flags, start, _ = struct.unpack_from("<HHIIIIII", table, at)
    found = []
    for offset in struct.unpack_from(f"<{count}I", table, at + header):
        place = at + start + offset
        if flags & 0x100:
            place += 2 if table[place] & 0x80 else 1
            size = table[place]
            if size & 0x80:
                size, place = (size & 0x7F) << 8 | table[place + 1], place + 1
            found.append(table[place + 1 : place + 1 + size].decode("utf-8", "replace"))
        else:
            (size,) = struct.unpack_from("<H", table, place)
            if size & 0x8000:
                size, place = (size & 0x7FFF) << 16 | struct.unpack_from("<H", table, place + 2)[0], place + 2
            found.append(table[place + 2 : place + 2 + 2 * size].decode("utf-16-le", "replace"))
    return found


def book(source: str) -> Iterator[str]:
    """Paragraphs of the literary text in a file of PHP (`$baseText = <<<'EOT'`), lines joined where they were broken."""
    found = re.search(r"\$baseText\s*=\s*<<<'?(\w+)'?\n(.*?)\n\s*\1", source, flags=re.S)
    for piece in re.split(r"\n\s*\n", found[2]) if found else ():
        yield " ".join(piece.split())


def array(script: str) -> Any:
    """The array of strings of a module of JavaScript, with `undefined` as null."""
    import json

    body = script[script.index("[") : script.rindex("]") + 1]
    return json.loads(re.sub(r"(?m)^\s*undefined(?=,?$)", "null", body))
