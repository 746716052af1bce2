"""Files from outside: opened with a limit on size and on the length of a line, and with errors that a person understands."""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from panglot.artifacts import InputError, Step
from panglot.languages import Language

MAX_LINE_BYTES = 1 << 20
MAX_UNPACKED_BYTES = 4 << 30
MAX_UNPACKED_RATIO = 300
_RATIO_COUNTS_FROM = 64 << 20
_KEPT_PER_REASON = 100
_CHUNK_BYTES = 1 << 16


class Entry(NamedTuple):
    """One pair as a file has it: text of the language being taught, text of the pivot."""

    source_text: str
    target_text: str
    where: str = ""
    score: float | None = None


@dataclass(frozen=True)
class Sides:
    """Which language is wanted on which side."""

    language: Language
    pivot: Language


class Account:
    """What one file sets aside. The first hundred entries of each reason are kept with their text, all are counted.

    Attributes:
        sides_assumed: set by a reader that found nothing that says which side is which.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self.sides_assumed = False
        self.skipped: Counter[str] = Counter()

    def set_aside(self, reason: str, *, where: str, excerpt: str = "") -> None:
        """Count an entry that cannot be used, and keep its beginning in `quarantine.jsonl`."""
        self.skipped[reason] += 1
        if self.skipped[reason] <= _KEPT_PER_REASON:
            self.step.quarantine(reason, where=where, excerpt=excerpt)
        else:
            self.step.quarantined[reason] += 1


class _Limited(io.RawIOBase):
    """A decompressed stream that stops with an error before it fills the memory or the disk."""

    def __init__(self, inner: gzip.GzipFile, path: Path) -> None:
        self._inner, self._path, self._seen = inner, path, 0
        self._packed = max(path.stat().st_size, 1)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._inner.read(len(buffer))
        except EOFError:
            raise InputError("the gzip file is truncated", where=self._path, fix="get the file again, whole") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise InputError(f"the gzip file is damaged: {error}", where=self._path, fix="get the file again, whole") from None
        self._seen += len(data)
        if self._seen > MAX_UNPACKED_BYTES or (
            self._seen > _RATIO_COUNTS_FROM and self._seen > MAX_UNPACKED_RATIO * self._packed
        ):
            raise InputError(
                f"the gzip file unpacks to more than {self._seen >> 20} MiB from {self._packed >> 10} KiB, which is refused",
                where=self._path,
                fix=f"unpack it yourself if you trust it (limits: {MAX_UNPACKED_BYTES >> 30} GiB, {MAX_UNPACKED_RATIO} times)",
            )
        buffer[: len(data)] = data
        return len(data)


class Source:
    """One file that a person named, or that stands in a folder that they named.

    Args:
        path: where it is.
        shown: how to call it in the quarantine, where the path would differ from machine to machine.
    """

    def __init__(self, path: Path, *, shown: str = "") -> None:
        self.path = path
        self._shown = shown or str(path)

    def __str__(self) -> str:
        return self._shown

    @property
    def unpacked_name(self) -> str:
        """Name of the file less `.gz`."""
        name = self.path.name
        return name[:-3] if name.lower().endswith(".gz") else name

    @property
    def packed(self) -> bool:
        """Whether the file is a gzip file by its name."""
        return self.unpacked_name != self.path.name

    @property
    def suffix(self) -> str:
        """The last suffix less `.gz`, in lower case and without its dot: `tsv`."""
        return Path(self.unpacked_name).suffix.lower().removeprefix(".")

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes, unpacked.

        Raises:
            InputError: the file is missing, empty, unreadable, or its gzip data is truncated, damaged or out of bounds.
        """
        try:
            with self.path.open("rb") as stream:
                if not stream.seek(0, io.SEEK_END):
                    raise InputError("the file is empty", where=self.path, fix="give a file that holds text")
                stream.seek(0)
                if not self.packed:
                    yield stream
                    return
                with gzip.GzipFile(fileobj=stream) as inner:
                    yield io.BufferedReader(_Limited(inner, self.path), _CHUNK_BYTES)
        except FileNotFoundError:
            raise InputError("there is no such file", where=self.path) from None
        except PermissionError:
            raise InputError("the file cannot be read: permission denied", where=self.path, fix="chmod +r it") from None
        except OSError as error:
            if isinstance(error.filename, str | Path) and str(error.filename) == str(self.path):
                raise InputError(f"the file cannot be read: {error.strerror}", where=self.path) from None
            raise

    def chunks(self) -> Iterator[bytes]:
        """The unpacked bytes in chunks."""
        with self.open() as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk

    def content(self, limit: int) -> bytes:
        """All bytes, at most `limit` of them.

        Raises:
            InputError: the file is larger.
        """
        with self.open() as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise InputError(f"the file is larger than {limit >> 20} MiB", where=self.path, fix="split it")
        return data

    def lines(self, account: Account) -> Iterator[tuple[int, str | None]]:
        r"""Number and text of each line, split at `\n` only; text is None where the line was set aside.

        A line that is too long, or not UTF-8, is set aside with its place; the rest of a long line is passed over.

        Raises:
            InputError: as `open`, and where the file is UTF-16 or binary.
        """
        offset = number = 0
        with self.open() as stream:
            while line := stream.readline(MAX_LINE_BYTES):
                number += 1
                began, offset = offset, offset + len(line)
                if number == 1:
                    line = self._first_line(line)
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    rest = 0
                    while more := stream.readline(_CHUNK_BYTES):
                        rest += len(more)
                        if more.endswith(b"\n"):
                            break
                    if rest:
                        offset += rest
                        account.set_aside(
                            f"line longer than {MAX_LINE_BYTES >> 20} MiB",
                            where=f"{self}:{number}",
                            excerpt=line[:800].decode(errors="ignore"),
                        )
                        yield number, None
                        continue
                try:
                    yield number, line.decode().removesuffix("\n").removesuffix("\r")
                except UnicodeDecodeError as error:
                    account.set_aside(
                        "not UTF-8",
                        where=f"{self}:{number}, byte {began + error.start}",
                        excerpt=line.decode(errors="backslashreplace"),
                    )
                    yield number, None
        if not number:
            raise InputError("the file is empty", where=self.path, fix="give a file that holds text")

    def _first_line(self, line: bytes) -> bytes:
        if line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InputError("the file is UTF-16, not UTF-8", where=self.path, fix="iconv -f UTF-16 -t UTF-8 OLD > NEW")
        if b"\0" in line:
            raise InputError("the file is not text: its first line holds NUL bytes", where=self.path, fix="give UTF-8 text")
        return line.removeprefix(b"\xef\xbb\xbf")
