"""Packed files (`.gz`, `.bz2`, `.xz`, `.zst`) as streams that cannot fill the memory or the disk."""

import bz2
import io
import lzma
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from panglot.artifacts import InputError

PACKINGS = {"bz2": "bzip2", "gz": "gzip", "xz": "xz", "zst": "zstd"}
MAX_UNPACKED_BYTES = 256 << 30
MAX_UNPACKED_RATIO = 300
RATIO_COUNTS_FROM = 64 << 20
_XZ_MEMORY = 256 << 20
_CHUNK_BYTES = 1 << 16
_GZIP_MEMBER = b"\x1f\x8b\x08"


class DamagedMember(InputError):
    """A gzip member is damaged; the stream goes on with the next one."""


class _Decoder(Protocol):
    def feed(self, data: bytes, length: int) -> bytes: ...

    @property
    def hungry(self) -> bool: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    def feed(self, data: bytes, length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, length)

    @property
    def hungry(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


class _Other:
    """bzip2 and xz: their decoders of the standard library have one interface."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def feed(self, data: bytes, length: int) -> bytes:
        found: bytes = self._inner.decompress(data, length)
        return found

    @property
    def hungry(self) -> bool:
        return bool(self._inner.needs_input)

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)


def _decoder(packing: str) -> _Decoder:
    if packing == "gz":
        return _Gzip()
    return _Other(bz2.BZ2Decompressor() if packing == "bz2" else lzma.LZMADecompressor(memlimit=_XZ_MEMORY))


class Members(io.RawIOBase):
    """The bytes of a gzip, bzip2 or xz file of any number of members.

    With `recover` a damaged gzip member raises `DamagedMember` once, and reading goes on at the next member.
    """

    def __init__(self, inner: BinaryIO, packing: str, where: Path, *, recover: bool = False) -> None:
        self._inner, self._packing, self._where, self._recover = inner, packing, where, recover
        self._decoder: _Decoder | None = None
        self._waiting = b""
        self._members = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            if self._decoder is None and not self._next_member():
                return 0
            assert self._decoder is not None
            data = b""
            if self._decoder.hungry:
                data = self._waiting or self._inner.read(_CHUNK_BYTES)
                self._waiting = b""
                if not data:
                    self._decoder = None
                    raise self._error("is truncated")
            try:
                found = self._decoder.feed(data, len(buffer))
            except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
                self._skip_damage(data)
                raise self._error(f"is damaged: {error}") from None
            if self._decoder.eof:
                self._waiting, self._decoder = self._decoder.unused_data, None
                self._members += 1
            if found:
                buffer[: len(found)] = found
                return len(found)

    def _next_member(self) -> bool:
        """Whether there is one more member; zeros that pad a file are passed over."""
        while True:
            data = self._waiting or self._inner.read(_CHUNK_BYTES)
            self._waiting = data.lstrip(b"\0") if self._members else data
            if self._waiting:
                self._decoder = _decoder(self._packing)
                return True
            if not data:
                return False

    def _skip_damage(self, data: bytes) -> None:
        """Move to the next place that looks like the beginning of a member."""
        self._decoder = None
        # The first bytes of the member that is damaged must not be found again.
        rest = data[1:]
        while self._recover and self._packing == "gz":
            place = rest.find(_GZIP_MEMBER)
            if place >= 0:
                self._waiting = rest[place:]
                return
            more = self._inner.read(_CHUNK_BYTES)
            if not more:
                break
            rest = rest[-2:] + more
        self._waiting = b""
        self._inner.seek(0, io.SEEK_END)

    def _error(self, what: str) -> InputError:
        kind = DamagedMember if self._recover else InputError
        return kind(f"the {PACKINGS[self._packing]} file {what}", where=self._where, fix="get the file again, whole")


class ZstdFrames(io.RawIOBase):
    """The bytes of a zstd file of any number of frames; a window above 128 MiB is refused."""

    def __init__(self, inner: BinaryIO, where: Path) -> None:
        import pyarrow as pa

        self._inner, self._where, self._begun = inner, where, False
        self._stream = pa.CompressedInputStream(pa.PythonFile(inner, mode="r"), "zstd")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            found: bytes = self._stream.read(len(buffer))
        except OSError as error:
            truncated = "Truncated" in str(error)
            reason = "is truncated" if truncated else f"is damaged: {str(error).removeprefix('ZSTD decompress failed: ')}"
            raise InputError(f"the zstd file {reason}", where=self._where, fix="get the file again, whole") from None
        buffer[: len(found)] = found
        return len(found)


class Bounded(io.RawIOBase):
    """An unpacked stream that stops with an error where it has become too large for what was packed."""

    def __init__(self, stream: io.RawIOBase, packed: BinaryIO, packing: str, where: Path) -> None:
        self._stream, self._packed, self._packing, self._where = stream, packed, packing, where
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = self._stream.readinto(buffer) or 0
        self._seen += count
        read = max(self._packed.tell(), 1)
        if self._seen > MAX_UNPACKED_BYTES or (self._seen > RATIO_COUNTS_FROM and self._seen > MAX_UNPACKED_RATIO * read):
            raise InputError(
                f"the {PACKINGS[self._packing]} file unpacks to more than {self._seen >> 20} MiB from {read >> 10} KiB, "
                "which is refused",
                where=self._where,
                fix=f"unpack it yourself if you trust it (limits: {MAX_UNPACKED_BYTES >> 30} GiB, {MAX_UNPACKED_RATIO} times)",
            )
        return int(count)


def unpacked(stream: BinaryIO, packing: str, where: Path, *, recover: bool = False) -> io.BufferedReader:
    """The content of a packed file, as a stream in bounded memory.

    Args:
        stream: the packed file, at its beginning.
        packing: a key of `PACKINGS`.
        where: the file, for errors.
        recover: go on after a damaged gzip member.

    Raises:
        InputError: while reading, where the file is truncated, damaged or out of bounds.

    Example:
        >>> unpacked(io.BytesIO(bz2.compress("ߒߞߏ".encode()) * 2), "bz2", Path("nko.bz2")).read().decode()
        'ߒߞߏߒߞߏ'
    """
    inner = ZstdFrames(stream, where) if packing == "zst" else Members(stream, packing, where, recover=recover)
    return io.BufferedReader(Bounded(inner, stream, packing, where), _CHUNK_BYTES)
