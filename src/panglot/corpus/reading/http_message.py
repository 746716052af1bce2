"""An HTTP response as a crawler stored it: head and body, the body as the server meant it."""

import re
import zlib
from typing import NamedTuple

from panglot.corpus.reading.headers import parse_headers

_CHUNK_SIZE = re.compile(rb"^([0-9A-Fa-f]{1,8})[^\r\n]{0,200}\r?\n")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_UNKNOWN_TO_US = "stored compressed with "


class Response(NamedTuple):
    """One response.

    Attributes:
        status: 200, 404, …; 0 where the head is no HTTP.
        type: the media type in lower case, without parameters.
        charset: what the header names; None where it names none.
        body: without transfer and content encoding.
        problem: why there is no body.
    """

    status: int
    type: str
    charset: str | None
    body: bytes
    problem: str = ""


def media_type(header: str) -> tuple[str, str | None]:
    """Media type and character set of a `Content-Type`.

    Example:
        >>> media_type('Text/HTML; charset="windows-1251"')
        ('text/html', 'windows-1251')
    """
    found = _CHARSET.search(header)
    return header.partition(";")[0].strip().lower(), found.group(1) if found else None


def parse_response(block: bytes, limit: int) -> Response:
    """Take a stored response apart.

    Crawlers often keep the headers of an encoding that they have taken off, so a body that is not in the encoding of its header
    is taken as it is.

    Args:
        block: status line, headers, an empty line, body.
        limit: bytes that the body may have when it is unpacked.
    """
    head, found, body = block.partition(b"\r\n\r\n")
    if not found:
        head, _, body = block.partition(b"\n\n")
    first, _, rest = head.partition(b"\n")
    parts = first.split()
    if not first.startswith(b"HTTP/") or len(parts) < 2 or not parts[1].isdigit():
        return Response(0, "", None, b"", "no HTTP response")
    headers = parse_headers(rest)
    kind, charset = media_type(headers.get("content-type", ""))
    status = int(parts[1][:3])
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _without_chunks(body)
    encoding = headers.get("content-encoding", "").strip().lower()
    problem = ""
    if encoding not in ("", "identity"):
        body, problem = _unpacked(body, encoding, limit)
    return Response(status, kind, charset, body, problem)


def _without_chunks(body: bytes) -> bytes:
    pieces: list[bytes] = []
    place = 0
    while found := _CHUNK_SIZE.match(body[place : place + 256]):
        size = int(found.group(1), 16)
        begin = place + found.end()
        if not size:
            return b"".join(pieces)
        piece = body[begin : begin + size]
        pieces.append(piece)
        place = begin + size
        end = body[place : place + 2]
        if len(piece) < size or not end:
            return b"".join(pieces)
        if end != b"\r\n" and not end.startswith(b"\n"):
            return body
        place += 2 if end == b"\r\n" else 1
    return b"".join(pieces) if pieces and place >= len(body) else body


def _unpacked(body: bytes, encoding: str, limit: int) -> tuple[bytes, str]:
    if encoding in ("gzip", "x-gzip") and body.startswith(b"\x1f\x8b"):
        return _inflated(body, 31, limit)
    if encoding == "deflate" and body[:1] == b"\x78":
        return _inflated(body, 15, limit)
    if encoding in ("br", "zstd", "compress", "x-compress"):
        # An encoding that was taken off leaves text; one that was not leaves bytes that no text has.
        looks_like_text = b"<" in body[:4096] and b"\0" not in body[:4096]
        return (body, "") if looks_like_text else (b"", _UNKNOWN_TO_US + encoding)
    return body, ""


def _inflated(body: bytes, bits: int, limit: int) -> tuple[bytes, str]:
    decoder = zlib.decompressobj(wbits=bits)
    try:
        data = decoder.decompress(body, limit + 1)
    except zlib.error:
        return b"", "its gzip body is damaged"
    if len(data) > limit:
        return b"", f"page larger than {limit >> 20} MiB"
    return data, ""
