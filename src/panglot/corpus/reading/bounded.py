"""Files from outside: opened with a limit on size and on the length of a line, and with errors that a person understands."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from panglot.artifacts import InputError
from panglot.corpus.reading.unpacking import PACKINGS, unpacked
from panglot.languages import Language

MAX_LINE_BYTES = 1 << 20
_KEPT_PER_REASON = 100
_CHUNK_BYTES = 1 << 16


def size_of(count: int) -> str:
    """Bytes as a person writes them.

    Example:
        >>> size_of(16 << 20), size_of(4096)
        ('16 MiB', '4 KiB')
    """
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"


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


class Quarantine(Protocol):
    """Where bad entries go: a step, or what a task of a step collects."""

    @property
    def quarantined(self) -> Counter[str]: ...

    def quarantine(self, reason: str, *, where: str, excerpt: str = "") -> None: ...


class Account:
    """What one file sets aside. The first hundred entries of each reason are kept with their text, all are counted.

    Attributes:
        sides_assumed: set by a reader that found nothing that says which side is which.
        skipped: entries that cannot be used, by reason.
        passed: entries that are whole and are no documents (a redirect, a picture), by kind.
    """

    def __init__(self, quarantine: Quarantine) -> None:
        self._quarantine = quarantine
        self.sides_assumed = False
        self.skipped: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()

    def set_aside(self, reason: str, *, where: str, excerpt: str = "") -> None:
        """Count an entry that cannot be used, and keep its beginning in `quarantine.jsonl`."""
        self.skipped[reason] += 1
        if self.skipped[reason] <= _KEPT_PER_REASON:
            self._quarantine.quarantine(reason, where=where, excerpt=excerpt)
        else:
            self._quarantine.quarantined[reason] += 1

    def pass_over(self, kind: str) -> None:
        """Count an entry that is no document and nobody's fault."""
        self.passed[kind] += 1


class Source:
    """One file that a person named, or that stands in a folder that they named.

    Args:
        path: where it is.
        shown: how to call it in the quarantine, where the path would differ from machine to machine.
        start: the first byte that is read; lines that begin before it belong to another part.
        stop: lines that begin at this byte or after it belong to another part.
    """

    def __init__(self, path: Path, *, shown: str = "", start: int = 0, stop: int | None = None) -> None:
        self.path, self.start, self.stop = path, start, stop
        self._shown = shown or str(path)

    def __str__(self) -> str:
        return self._shown

    @property
    def packing(self) -> str:
        """`gz`, `bz2`, `xz` or `zst` by the file's name; empty where it is not packed."""
        last = self.path.name.lower().rpartition(".")[2]
        return last if last in PACKINGS and "." in self.path.name else ""

    @property
    def packed(self) -> bool:
        """Whether the file is a packed one by its name."""
        return bool(self.packing)

    @property
    def unpacked_name(self) -> str:
        """Name of the file less `.gz` and its like."""
        name = self.path.name
        return name[: -len(self.packing) - 1] if self.packing else name

    @property
    def suffix(self) -> str:
        """The last suffix less `.gz` and its like, in lower case and without its dot: `tsv`."""
        return Path(self.unpacked_name).suffix.lower().removeprefix(".")

    @contextmanager
    def open(self, *, recover: bool = False) -> Iterator[BinaryIO]:
        """The bytes, unpacked.

        Args:
            recover: raise `DamagedMember` for a damaged gzip member, and go on with the next one.

        Raises:
            InputError: the file is missing, empty, unreadable, or its packed data is truncated, damaged or out of bounds.
        """
        try:
            with self.path.open("rb") as stream:
                if not stream.seek(0, io.SEEK_END):
                    raise InputError("the file is empty", where=self.path, fix="give a file that holds text")
                stream.seek(0)
                yield unpacked(stream, self.packing, self.path, recover=recover) if self.packing else stream
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

    def lines(self, account: Account, longest: int = MAX_LINE_BYTES) -> Iterator[tuple[int, str | None]]:
        r"""Number and text of each line, split at `\n` only; text is None where the line was set aside.

        A line of more than `longest` bytes, or one that is not UTF-8, is set aside with its place; the rest of a long line is
        passed over. In a part of a file (`start`, `stop`) lines are counted from the part's beginning.

        Raises:
            InputError: as `open`, and where the file is UTF-16 or binary.
        """
        number = 0
        with self.open() as stream:
            offset = self._seek(stream)
            while (self.stop is None or offset < self.stop) and (line := stream.readline(longest)):
                number += 1
                began, offset = offset, offset + len(line)
                if began == 0:
                    line = self._first_line(line)
                if len(line) >= longest and not line.endswith(b"\n"):
                    rest = 0
                    while more := stream.readline(_CHUNK_BYTES):
                        rest += len(more)
                        if more.endswith(b"\n"):
                            break
                    if rest:
                        offset += rest
                        account.set_aside(
                            f"line longer than {size_of(longest)}",
                            where=self.place(number),
                            excerpt=line[:800].decode(errors="ignore"),
                        )
                        yield number, None
                        continue
                try:
                    yield number, line.decode().removesuffix("\n").removesuffix("\r")
                except UnicodeDecodeError as error:
                    account.set_aside(
                        "not UTF-8",
                        where=f"{self.place(number)}, byte {began + error.start}",
                        excerpt=line[:800].decode(errors="backslashreplace"),
                    )
                    yield number, None
        if not number and not self.start:
            raise InputError("the file is empty", where=self.path, fix="give a file that holds text")

    def place(self, number: int) -> str:
        """Where a line is: `notes.txt:17`; in a part of a file its number is counted from the part's first byte."""
        return f"{self}:{number}" if not self.start else f"{self}, from byte {self.start}: line {number}"

    def _seek(self, stream: BinaryIO) -> int:
        """Go to the first line that begins at `start` or after it."""
        if not self.start:
            return 0
        stream.seek(self.start - 1)
        offset = self.start - 1
        while piece := stream.readline(_CHUNK_BYTES):
            offset += len(piece)
            if piece.endswith(b"\n"):
                break
        return offset

    def _first_line(self, line: bytes) -> bytes:
        if line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InputError("the file is UTF-16, not UTF-8", where=self.path, fix="iconv -f UTF-16 -t UTF-8 OLD > NEW")
        if b"\0" in line:
            raise InputError("the file is not text: its first line holds NUL bytes", where=self.path, fix="give UTF-8 text")
        return line.removeprefix(b"\xef\xbb\xbf")
