"""What is to be read: entries of `files` to single readings with their languages, and readings to tasks of about equal size."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import InputError, did_you_mean
from panglot.corpus.documents import DOCUMENTS_FILE, SHARDS_FOLDER, UNDETERMINED, Documents
from panglot.corpus.reading.bounded import Source
from panglot.corpus.reading.columns import is_code
from panglot.corpus.reading.texts import TEXT_READERS, Unit
from panglot.languages import Language

HUB = "hub:"
PAGES = frozenset({"htm", "html", "warc", "xhtml"})
"""Formats that hold HTML."""
_TAG = re.compile(r"[A-Za-z]{2,3}[_-][A-Z][a-z]{3}")
# words that stand in names of files and are also ISO 639-3 codes
_WORDS = (
    "all aux bin bpe csv dev doc fig gen git lm log mix new nlp old out raw ref run set spm src sub tab tar tgt tmp tok top "
    "tra trn tsv tst txt val web zip"
)
_NO_CODES = frozenset(_WORDS.split())
_TASK_BYTES = 64 << 20
_RANGE_BYTES = 256 << 20
_GROUP_BYTES = 256 << 20
_TASK_FILES = 1000
_LINE_FORMATS = frozenset({"jsonl", "ndjson", "json", "txt", "text", "md"})
_KNOWN = f"known are {', '.join(sorted(TEXT_READERS))}, each also packed as .gz, .bz2, .xz or .zst"


class Reading(NamedTuple):
    """One thing to read: its file or hub data set, its name for the column `source`, and what is known of its language.

    Attributes:
        path: the file; for a hub data set its whole name, `hub:NAME:…`.
        whole: whether a person said the language, so that documents of another one are set aside.
    """

    path: Path
    origin: str
    language: str | None
    whole: bool = False

    @property
    def hub(self) -> bool:
        """Whether this is a data set of the hub."""
        return str(self.path).startswith(HUB)


@dataclass(frozen=True)
class Part:
    """A reading, or a piece of it: bytes of a text file, row groups of a Parquet file."""

    reading: Reading
    start: int = 0
    stop: int | None = None


def cut(readings: Sequence[Reading], unit: Unit) -> list[tuple[Part, ...]]:
    """Readings as tasks, in order: small files together, large ones in pieces. It depends on the files alone.

    Lines and JSON Lines that are not packed are cut every 256 MiB, Parquet files between row groups.
    """
    tasks: list[tuple[Part, ...]] = []
    together: list[Part] = []
    size = 0
    for reading in readings:
        pieces = list(_pieces(reading, unit))
        weight = 0 if reading.hub else _weight(reading.path)
        if len(pieces) == 1 and not reading.hub and size + weight <= _TASK_BYTES and len(together) < _TASK_FILES:
            together += pieces
            size += weight
            continue
        if together:
            tasks.append(tuple(together))
        if len(pieces) == 1 and not reading.hub and weight <= _TASK_BYTES:
            together, size = pieces, weight
        else:
            together, size = [], 0
            tasks += [(piece,) for piece in pieces]
    if together:
        tasks.append(tuple(together))
    return tasks


def left_alone(entries: Sequence[str], readings: Sequence[Reading]) -> dict[str, int]:
    """How many files of the folders named have a format that is not read, by suffix."""
    read = {each.path for each in readings}
    folders = (path for _, path in map(parted, entries) if path.is_dir())
    others = (each for folder in folders for each in files_of(folder) if each not in read)
    return dict(sorted(Counter(Source(each).suffix or "no suffix" for each in others).items()))


def weight(part: Part) -> int:
    """Bytes of a part; a packed file counts four times, a hub data set, which a worker reads no faster, as none."""
    if part.reading.hub:
        return 0
    whole = _weight(part.reading.path)
    return whole if part.stop is None else min(whole, max(part.stop - part.start, _RANGE_BYTES))


def _weight(path: Path) -> int:
    try:
        return path.stat().st_size * (4 if Source(path).packed else 1)
    except OSError:
        return 0


def _pieces(reading: Reading, unit: Unit) -> Iterator[Part]:
    source = Source(reading.path)
    by_lines = source.suffix in ("jsonl", "ndjson", "json") or (unit == "line" and source.suffix in _LINE_FORMATS)
    if reading.hub or source.packed:
        yield Part(reading)
    elif by_lines and (size := _weight(reading.path)) > _RANGE_BYTES:
        starts = range(0, size, _RANGE_BYTES)
        yield from (Part(reading, start, min(start + _RANGE_BYTES, size)) for start in starts)
    elif source.suffix == "parquet":
        yield from _row_groups(reading)
    else:
        yield Part(reading)


def _row_groups(reading: Reading) -> Iterator[Part]:
    try:
        found = pq.read_metadata(reading.path)
    except (OSError, pa.ArrowException):
        # The task says what is wrong with it.
        yield Part(reading)
        return
    start = size = 0
    for group in range(found.num_row_groups):
        size += found.row_group(group).total_byte_size
        if size >= _GROUP_BYTES:
            yield Part(reading, start, group + 1)
            start, size = group + 1, 0
    if start < found.num_row_groups or not found.num_row_groups:
        yield Part(reading, start, None)


def plan(said: str) -> list[Reading]:
    """What one entry of `files` stands for.

    Raises:
        InputError: it is missing, of an unknown format, of an unknown language, or a folder without usable files.
    """
    language, path = parted(said)
    if str(path).startswith(HUB):
        return [Reading(path, str(path), language, language is not None)]
    _must_exist(path)
    if not path.is_dir():
        source = Source(path)
        if source.suffix not in TEXT_READERS:
            suffix = f".{source.suffix}" if source.suffix else "no suffix"
            near = did_you_mean(source.suffix, TEXT_READERS)
            raise InputError(
                f"unknown format: {suffix}",
                where=path,
                fix=near or _KNOWN,
            )
        said_by_name = language or language_in_name((source.unpacked_name,), where=path)
        return [Reading(path, path.name, said_by_name, language is not None)]
    if (path / DOCUMENTS_FILE).is_file() or any((path / SHARDS_FOLDER).glob("*.parquet")):
        return [Reading(each, path.name or each.name, language, language is not None) for each in Documents(path).shards]
    return _folder(path, language)


def _folder(folder: Path, language: str | None) -> list[Reading]:
    found = files_of(folder)
    usable = [each for each in found if Source(each).suffix in TEXT_READERS]
    if not usable:
        seen = Counter(Source(each).suffix or "no suffix" for each in found)
        shown = ", ".join(f"{suffix} ({count})" for suffix, count in sorted(seen.items())[:8]) or "no file"
        raise InputError(
            f"the folder holds no usable file: {shown}",
            where=folder,
            fix=_KNOWN,
        )
    readings = []
    for path in usable:
        relative = path.relative_to(folder)
        names = (Source(path).unpacked_name, *reversed(relative.parts[:-1]))
        said = language or language_in_name(names, where=path)
        readings.append(Reading(path, relative.as_posix(), said, language is not None))
    return readings


def files_of(folder: Path) -> list[Path]:
    """Files under a folder, by name, without hidden ones and without following links to folders."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        visible = (Path(place) / name for name in sorted(names) if not name.startswith("."))
        found += [each for each in visible if each.is_file()]
    return sorted(found, key=lambda each: each.relative_to(folder).parts)


def _must_exist(path: Path) -> None:
    if not os.path.lexists(path):
        near = did_you_mean(path.name, (each.name for each in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise InputError("there is no such file", where=path, fix=near or "check the path")
    if not path.exists():
        raise InputError("the link leads nowhere, or in a circle", where=path)


def parted(said: str) -> tuple[str | None, Path]:
    """Language and path of an entry.

    Raises:
        InputError: what stands in front of `=` is no language.
    """
    path = Path(said) if said.startswith(HUB) else Path(said).expanduser()
    language, equals, rest = said.partition("=")
    if not equals or said.startswith(HUB) or os.path.lexists(path) or "/" in language:
        return None, path
    path = Path(rest) if rest.startswith(HUB) else Path(rest).expanduser()
    if language == UNDETERMINED:
        return UNDETERMINED, path
    try:
        return Language.parse(language).tag, path
    except InputError as error:
        raise InputError(error.what, where=said, fix=error.fix) from None


def language_in_name(names: Sequence[str], *, where: object = None) -> str | None:
    """The tag that the name of a file or, after it, of one of its folders says; None where they say nothing.

    A code counts where it stands alone between dots, first or last (`hsb.train.tsv`, `news.hsb.txt`); words such as `dev` and
    `raw`, which are codes of languages too, do not.

    Args:
        names: name of the file, of its folder, of that one's folder, and so on.
        where: the file, for the error.

    Raises:
        InputError: something has the form of a tag (`hsb_Latm`), and there is no such language or script.

    Example:
        >>> language_in_name(["hsb.train.tsv"]), language_in_name(["part-1.txt", "eng_Latn"]), language_in_name(["dev.txt"])
        ('hsb_Latn', 'eng_Latn', None)
    """
    for number, name in enumerate(names):
        stem = name.rpartition(".")[0] if number == 0 and "." in name else name
        pieces = stem.split(".")
        for piece in dict.fromkeys((stem, pieces[0], pieces[-1])):
            if piece.lower() in _NO_CODES or not is_code(piece):
                continue
            tag = language_of(piece)
            if tag is not None:
                return tag
            if _TAG.fullmatch(piece):
                try:
                    Language.parse(piece)
                except InputError as error:
                    raise InputError(f"the name says {piece!r}: {error.what}", where=where, fix=error.fix) from None
    return None


@cache
def language_of(said: str) -> str | None:
    """The tag of a code or name; None where nothing knows it."""
    try:
        return Language.parse(said).tag
    except InputError:
        return None
