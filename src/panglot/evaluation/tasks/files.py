"""Reading the files of a task: where they lie, and the records of plain formats."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Account as ReadingAccount
from panglot.corpus.reading.bounded import Source
from panglot.evaluation.tasks.columns import Columns, with_codes
from panglot.evaluation.tasks.rows import Row

MOST_JSON_BYTES = 256 << 20


class _Strict(ReadingAccount):
    """A line that cannot be read ends the reading: an evaluation set with holes is another set."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]

    def set_aside(self, reason: str, *, where: str, excerpt: str = "") -> NoReturn:
        raise InputError(reason, where=where)


@dataclass(frozen=True)
class Place:
    """Where to read: the folder, and the codes that a layout's paths and columns name in braces."""

    folder: Path
    code: str
    split: str
    pivot: str = ""

    @property
    def codes(self) -> dict[str, str]:
        return {"code": self.code, "split": self.split, "pivot": self.pivot}

    def path(self, pattern: str) -> Path:
        """The file of a pattern, or the same with `.gz` where only that is there."""
        path = self.folder / with_codes(pattern, self.codes)
        packed = path.with_name(f"{path.name}.gz")
        return packed if not path.exists() and packed.exists() else path


class FileLayout(BaseModel, ABC):
    """Where the files of a task lie, and what their columns mean. Each layout is a class of this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    columns: Columns = Columns()

    def paths(self, place: Place) -> tuple[Path, ...]:
        """The files that are read."""
        return (place.path(self.path),)

    @abstractmethod
    def rows(self, place: Place) -> Iterator[Row]:
        """The records of the files."""


def read_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a file, packed or not, each with its place."""
    source = Source(path)
    for number, line in source.lines(_Strict()):
        yield f"{path}:{number}", line or ""


def read_json(path: Path) -> Any:
    """What a JSON file of at most 256 MiB holds.

    Raises:
        InputError: it is not JSON.
    """
    try:
        return json.loads(Source(path).content(MOST_JSON_BYTES))
    except (ValueError, RecursionError):
        raise InputError("the file is not JSON", where=path) from None


def read_json_lines(path: Path) -> Iterator[Row]:
    """One JSON object a line; blank lines are none."""
    for where, line in read_lines(path):
        if not line or line.isspace():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError("this line is not JSON", where=where) from None
        if not isinstance(values, dict):
            raise InputError("this line is not a JSON object", where=where)
        yield Row(where, values)


def read_tsv(path: Path, names: tuple[str, ...] = ()) -> Iterator[Row]:
    """Tab-separated values without quoting; the first line names the columns where `names` does not."""
    for where, line in read_lines(path):
        if not line:
            continue
        cells = line.split("\t")
        if not names:
            names = tuple(cells)
            continue
        if len(cells) != len(names):
            raise InputError(f"{len(cells)} columns in place of {len(names)}", where=where)
        yield Row(where, dict(zip(names, cells, strict=True)))


def read_blocks(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Lines between blank lines, with the place of the first."""
    block: list[str] = []
    begins = ""
    for where, line in read_lines(path):
        if line.strip():
            begins = begins if block else where
            block.append(line)
        elif block:
            yield begins, block
            block = []
    if block:
        yield begins, block
