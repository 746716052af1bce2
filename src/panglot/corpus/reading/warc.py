"""WARC and WET: pages of a crawl, record by record, with a way past records that are damaged or lie about their length."""

import json
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from panglot.corpus.reading.bounded import Account, Source, size_of
from panglot.corpus.reading.charset import decode
from panglot.corpus.reading.headers import parse_headers
from panglot.corpus.reading.http_message import media_type, parse_response
from panglot.corpus.reading.texts import Found, Wanted
from panglot.corpus.reading.unpacking import DamagedMember

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_VERSION = re.compile(rb"WARC/[01]\.\d+\r?\n")
_NEXT = re.compile(rb"\r?\n\r?\n(?=WARC/[01]\.\d+\r?\n)")
# Two line breaks end a record; some writers give one.
_ENDS = (b"\r\nWA", b"\n\nWA", b"\nWAR")
_MAX_HEADER_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 16
# Longest text that `_NEXT` can match, less one: what must be kept of one chunk to find a record that begins in the next.
_OVERLAP = 32


class Record(NamedTuple):
    """One record: its headers by their names in lower case, its block, and where it stands."""

    headers: dict[str, str]
    block: bytes
    where: str


class _Bytes:
    """A stream into which bytes can be put back; a damaged member ends what is read and is kept in `damage`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._buffer, self._at = stream, b"", 0
        self.damage: DamagedMember | None = None

    def _fill(self) -> bool:
        """One piece more: a good member that ends before a damaged one is read to its end before the damage is seen."""
        if self.damage is not None:
            return False
        try:
            piece: bytes = self._stream.read1(_CHUNK_BYTES)  # type: ignore[attr-defined]
        except DamagedMember as damage:
            self.damage = damage
            return False
        self._buffer, self._at = self._buffer[self._at :] + piece, 0
        return bool(piece)

    def read(self, count: int) -> bytes:
        """So many bytes, or fewer where there are no more."""
        found = self._buffer[self._at : self._at + count]
        self._at += len(found)
        if len(found) == count:
            return found
        pieces, missing = [found], count - len(found)
        while missing > 0 and self._fill():
            piece = self._buffer[:missing]
            self._at = len(piece)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def line(self) -> bytes:
        """Up to a line break, at most about `_CHUNK_BYTES`."""
        end = self._find(b"\n", _CHUNK_BYTES)
        return self.read(end - self._at + 1) if end >= 0 else self.read(_CHUNK_BYTES)

    def head(self, limit: int) -> bytes | None:
        """Up to an empty line; None where there is none within the limit."""
        end = self._find(b"\r\n\r\n", limit)
        if end >= 0:
            return self.read(end - self._at + 4)
        end = self._find(b"\n\n", limit)
        return self.read(end - self._at + 2) if end >= 0 else None

    def _find(self, wanted: bytes, limit: int) -> int:
        while True:
            end = self._buffer.find(wanted, self._at, self._at + limit)
            if end >= 0 or len(self._buffer) - self._at >= limit or not self._fill():
                return end if end >= 0 else self._buffer.find(wanted, self._at, self._at + limit)

    def put_back(self, data: bytes) -> None:
        self._buffer, self._at = data + self._buffer[self._at :], 0


class Records:
    """The records of one WARC file, in order; those that cannot be used are set aside.

    Memory is set by one record: a block above `limit` is passed over without being held.
    """

    def __init__(self, stream: BinaryIO, source: Source, account: Account, limit: int) -> None:
        self._bytes, self._source, self._account, self._limit = _Bytes(stream), source, account, limit
        self._number = 0

    def __iter__(self) -> Iterator[Record]:
        garbage = False
        while True:
            line = self._bytes.line()
            if self._take_damage():
                garbage = False
                continue
            if not line:
                return
            if _VERSION.fullmatch(line):
                garbage = False
                self._number += 1
                record = self._record()
                if record is not None:
                    yield record
            elif line.strip() and not garbage:
                garbage = True
                self._set_aside("bytes that belong to no record", line)

    @property
    def _where(self) -> str:
        return f"{self._source}, record {self._number}"

    def _set_aside(self, reason: str, excerpt: bytes | str = "") -> None:
        shown = excerpt if isinstance(excerpt, str) else excerpt[:200].decode(errors="replace")
        self._account.set_aside(reason, where=self._where, excerpt=shown)

    def _take_damage(self) -> bool:
        damage, self._bytes.damage = self._bytes.damage, None
        if damage is not None:
            self._set_aside(damage.what)
        return damage is not None

    def _record(self) -> Record | None:
        head = self._bytes.head(_MAX_HEADER_BYTES)
        if head is None:
            if self._bytes.damage is None:
                self._set_aside("record without an end of its header")
            self._seek_next()
            return None
        headers = parse_headers(head)
        said = headers.get("content-length", "")
        uri = headers.get("warc-target-uri", "")
        if not (said.isascii() and said.isdigit() and len(said) < 16):
            self._set_aside("record without a usable Content-Length", uri or said)
            return None
        length = int(said)
        if length > self._limit:
            self._pass_over(length, uri)
            return None
        block = self._bytes.read(length)
        if self._bytes.damage is not None:
            return None
        end = self._bytes.read(4)
        if len(block) == length and (not end.strip(b"\r\n") or end in _ENDS):
            self._bytes.put_back(end)
            return Record(headers, block, self._where)
        following = _NEXT.search(block)
        if following:
            self._bytes.put_back(block[following.end() :] + end)
            self._set_aside("record of another length than it says", uri)
        elif len(block) < length:
            self._set_aside("truncated record", uri)
        else:
            self._set_aside("record of another length than it says", uri)
            self._bytes.put_back(end)
            self._seek_next()
        return None

    def _pass_over(self, length: int, uri: str) -> None:
        """A block that is too large, or is said to be: look for the next record while passing over it."""
        kept, left, short = b"", length, False
        while left > 0:
            piece = self._bytes.read(min(left, _CHUNK_BYTES))
            if not piece:
                short = True
                break
            left -= len(piece)
            window = kept + piece
            if following := _NEXT.search(window):
                self._bytes.put_back(window[following.end() :])
                short = True
                break
            kept = window[-_OVERLAP:]
        if self._bytes.damage is None:
            self._set_aside(
                "record of another length than it says" if short else f"record larger than {size_of(self._limit)}", uri
            )

    def _seek_next(self) -> None:
        """Pass over lines up to the next record, or to the end of what can be read."""
        while line := self._bytes.line():
            if _VERSION.fullmatch(line):
                self._bytes.put_back(line)
                return


def read_warc(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a WARC or WET file: the text of HTML and plain-text responses with status 200, and converted text as it is.

    `url` is the record's target, `meta` holds its date, and what is known of title and language. Requests, metadata, redirects,
    pictures and other records that are no text are passed over and counted by kind.

    Raises:
        InputError: the file unpacks to far more than it packs, or is a damaged zstd file.
    """
    # A page may have more bytes than its text; what is above this is no page.
    limit = wanted.largest + _MAX_HEADER_BYTES
    with source.open(recover=True) as stream:
        for record in Records(stream, source, account, limit):
            kind = record.headers.get("warc-type", "").lower()
            if kind == "response":
                yield from _response(record, wanted, account)
            elif kind in ("conversion", "resource"):
                media, charset = media_type(record.headers.get("content-type", ""))
                if media == "text/plain" and kind == "conversion":
                    yield from _text(record, record.block, "utf-8", account)
                else:
                    yield from _by_type(record, record.block, media, charset, wanted, account)
            else:
                account.pass_over(f"WARC {kind or 'record without a type'}")


def _response(record: Record, wanted: Wanted, account: Account) -> Iterator[Found]:
    response = parse_response(record.block, wanted.largest)
    uri = record.headers.get("warc-target-uri", "")
    if not response.status:
        # dns: and ftp: responses are no HTTP.
        if uri.startswith("http"):
            account.set_aside(response.problem, where=record.where, excerpt=uri)
        else:
            account.pass_over("WARC response that is no HTTP")
    elif response.status != 200:
        account.pass_over(f"HTTP status {response.status}")
    elif response.problem:
        account.set_aside(response.problem, where=record.where, excerpt=uri)
    else:
        yield from _by_type(record, response.body, response.type, response.charset, wanted, account)


def _by_type(record: Record, body: bytes, media: str, charset: str | None, wanted: Wanted, account: Account) -> Iterator[Found]:
    if media in HTML_TYPES or (not media and b"<html" in body[:1024].lower()):
        page = decode(body, charset)
        if page.problem:
            account.set_aside(page.problem, where=record.where, excerpt=record.headers.get("warc-target-uri", ""))
            return
        found = wanted.extract(page.text)
        if found.problem:
            account.set_aside(found.problem, where=record.where, excerpt=record.headers.get("warc-target-uri", ""))
        elif not found.text:
            account.pass_over("page without text")
        else:
            yield _found(record, found.text, {"title": found.title, "html_language": found.language})
    elif media == "text/plain":
        yield from _text(record, body, charset, account)
    else:
        account.pass_over(f"type {media[:60] or 'unknown'}")


def _text(record: Record, body: bytes, charset: str | None, account: Account) -> Iterator[Found]:
    page = decode(body, charset)
    if page.problem:
        account.set_aside(page.problem, where=record.where, excerpt=record.headers.get("warc-target-uri", ""))
    elif page.text.strip():
        yield _found(record, page.text.strip("\r\n"), {})
    else:
        account.pass_over("page without text")


def _found(record: Record, text: str, facts: dict[str, str]) -> Found:
    said = {
        **facts,
        "date": record.headers.get("warc-date", ""),
        "identified": record.headers.get("warc-identified-content-language", ""),
    }
    meta = json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False, sort_keys=True)
    return Found(text.replace("\r\n", "\n"), record.where, None, record.headers.get("warc-target-uri"), meta)
