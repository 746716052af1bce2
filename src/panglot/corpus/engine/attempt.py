"""One attempt at one task: what runs inside a worker, whichever engine owns the worker."""

import errno
import itertools
import json
import os
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from panglot.artifacts import PanglotError
from panglot.artifacts.memory import peak_memory_bytes, reset_peak_memory

RESULT_FILE = ".result.json"
FAULTS_FILE = ".quarantine.jsonl"
MARK_FILE = ".mark"
KILLED = "kills the worker"
"""The reason of a document on which worker processes die, by a signal or for want of memory."""
_SLICE_ROWS = 4096
_SLICE_BYTES = 1 << 22
_EXCERPT_CHARACTERS = 200
_PIECES = 16
_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)

Row = tuple[int, int]
"""Which document of a task: the number of its table, in the order in which the task judged them, and the row."""


@dataclass(frozen=True)
class Care:
    """What earlier attempts at a task have found out.

    Attributes:
        condemned: documents that kill workers: they are left out.
        suspect: table, first row and end of the rows among which there is another one.
    """

    condemned: frozenset[Row] = frozenset()
    suspect: tuple[int, int, int] | None = None


@dataclass
class Judged:
    """What became of the documents of a table.

    Attributes:
        values: one value a document, of the kind that `judge` gives; null (None) for a document that could not be judged.
        faults: row to the reason for which it could not be judged.
    """

    values: Any
    faults: dict[int, str]


@dataclass
class _Guard:
    """The attempt under way in this process. The default one serves code that runs outside a worker."""

    folder: Path | None = None
    care: Care = field(default_factory=Care)
    tables: int = 0
    documents: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    mark_handle: int = -1

    def mark(self, table: int, start: int, end: int, rows: int) -> None:
        """Say which rows are judged from here, so that they are known if this process dies; survives `kill -9`."""
        if self.mark_handle >= 0:
            os.pwrite(self.mark_handle, f"{table:>15} {start:>15} {end:>15} {rows:>15}\n".encode(), 0)

    def fault(self, reason: str, detail: str, document: dict[str, Any]) -> None:
        self.quarantined[reason] += 1
        if self.folder is None:
            return
        excerpt = str(document.get("text") or "")[:_EXCERPT_CHARACTERS]
        record = {"reason": reason, "where": document.get("id") or "", "excerpt": excerpt, "detail": detail}
        with (self.folder / FAULTS_FILE).open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")


_guard = _Guard()


def by_document(documents: pa.Table, judge: Callable[..., Any], *beside: pa.Table) -> Judged:
    """Judge documents slice by slice; one that cannot be judged is set aside and the others get their values.

    When `judge` raises an error for a slice, the slice is halved until the documents at fault stand alone. When a document
    kills the worker process, the engine finds it in the same way over several attempts.

    Args:
        documents: a table with the columns `id` and `text`.
        judge: takes a slice of `documents` and the same rows of `beside`, and gives one value a row: a list, an array or a
            table. The value of a document must not depend on the documents beside it.
        beside: tables with a row for each document.

    Example:
        >>> texts = pa.table({"id": ["a", "b", "c"], "text": ["12", "x", "7"]})
        >>> by_document(texts, lambda some: [int(each) for each in some["text"].to_pylist()])
        Judged(values=[12, None, 7], faults={1: 'ValueError'})
    """
    table, _guard.tables = _guard.tables, _guard.tables + 1
    condemned = {row for at, row in _guard.care.condemned if at == table}
    suspect = _guard.care.suspect
    inside = suspect[1:] if suspect is not None and suspect[0] == table else None
    parts: list[tuple[int, Any]] = []
    faults: dict[int, str] = {}
    _guard.documents += len(documents)

    def try_rows(start: int, end: int) -> None:
        _guard.mark(table, start, end, len(documents))
        try:
            value = judge(documents.slice(start, end - start), *(each.slice(start, end - start) for each in beside))
            if len(value) != end - start:
                raise TypeError(f"{len(value)} values for {end - start} documents")
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _STORAGE:
                raise
            if end - start == 1:
                set_aside(start, _reason(error), _place(error))
                return
            middle = (start + end) // 2
            try_rows(start, middle)
            try_rows(middle, end)
            return
        parts.append((end - start, value))

    def set_aside(row: int, reason: str, detail: str) -> None:
        faults[row] = reason
        parts.append((1, None))
        _guard.fault(reason, detail, documents.slice(row, 1).to_pylist()[0])

    for start, end in _slices(documents, condemned, inside):
        if end - start == 1 and start in condemned:
            set_aside(start, KILLED, "")
        else:
            try_rows(start, end)
    _guard.mark(-1, 0, 0, 0)
    return Judged(_joined(parts, lambda: judge(documents.slice(0, 0), *(each.slice(0, 0) for each in beside))), faults)


def _slices(documents: pa.Table, condemned: set[int], suspect: tuple[int, int] | None) -> Iterator[tuple[int, int]]:
    """Rows to judge together: a few megabytes; a condemned row alone; the rows under suspicion in small pieces."""
    cuts = {0, len(documents)}
    sizes = pc.binary_length(documents["text"].cast(pa.large_binary())).fill_null(0).to_numpy()
    rows = held = 0
    for row, size in enumerate(sizes.tolist()):
        if rows and (rows >= _SLICE_ROWS or held + size > _SLICE_BYTES):
            cuts.add(row)
            rows = held = 0
        rows, held = rows + 1, held + size
    for row in condemned:
        cuts |= {row, row + 1}
    if suspect is not None:
        start, end = suspect
        cuts |= {start, end, *range(start, end, max(1, -(-(end - start) // _PIECES)))}
    ordered = sorted(cuts)
    yield from itertools.pairwise(ordered)


def _joined(parts: list[tuple[int, Any]], nothing: Callable[[], Any]) -> Any:
    known = next((value for _, value in parts if value is not None), None)
    if known is None:
        known = nothing()
    if isinstance(known, pa.Table):
        schema = pa.schema([each.with_nullable(True) for each in known.schema])
        tables = [
            value.cast(schema)
            if value is not None
            else pa.table([pa.nulls(count, each.type) for each in schema], schema=schema)
            for count, value in parts
        ]
        return pa.concat_tables([known.slice(0, 0).cast(schema), *tables])
    if isinstance(known, pa.Array | pa.ChunkedArray):
        arrays = [value if value is not None else pa.nulls(count, known.type) for count, value in parts]
        return pa.chunked_array(
            [chunk for each in arrays for chunk in (each.chunks if isinstance(each, pa.ChunkedArray) else [each])],
            type=known.type,
        ).combine_chunks()
    return [one for count, value in parts for one in (value if value is not None else [None] * count)]


def _reason(error: Exception) -> str:
    return error.what if isinstance(error, PanglotError) else type(error).__name__


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    last = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}"[:_EXCERPT_CHARACTERS] + last


def attempt(function: Callable[..., Any], given: Any, waiting: Path, final: Path, care: Care) -> dict[str, Any]:
    """Do a task in the folder `waiting`, which takes the name `final` when the task is whole.

    Returns:
        `{"state": "done"}`, or `{"state": "failed", …}` with what is needed to raise the error elsewhere.
    """
    began = time.process_time()
    try:
        shutil.rmtree(waiting, ignore_errors=True)
        waiting.mkdir(parents=True)
        reset_peak_memory()
        with _guarded(waiting, care) as guard:
            figures = function(given, waiting)
        result = {
            "figures": figures,
            "documents": guard.documents,
            "quarantined": dict(sorted(guard.quarantined.items())),
            "core_seconds": round(time.process_time() - began, 3),
            "memory_bytes": peak_memory_bytes(),
        }
        (waiting / MARK_FILE).unlink(missing_ok=True)
        (waiting / RESULT_FILE).write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
        _flush(waiting)
        try:
            waiting.rename(final)
        except OSError:
            # an attempt that was thought lost came first, with the same bytes
            if not (final / RESULT_FILE).is_file():
                raise
            shutil.rmtree(waiting, ignore_errors=True)
    except BaseException as error:
        if not isinstance(error, MemoryError):
            # what is left of it would only take room on a full disk; of want of memory the mark is still needed
            shutil.rmtree(waiting, ignore_errors=True)
        return _failure(error)
    return {"state": "done"}


@contextmanager
def _guarded(folder: Path, care: Care) -> Iterator[_Guard]:
    global _guard
    handle = os.open(folder / MARK_FILE, os.O_CREAT | os.O_RDWR, 0o644)
    _guard = _Guard(folder, care, mark_handle=handle)
    try:
        yield _guard
    finally:
        os.close(handle)
        _guard = _Guard()


def _flush(folder: Path) -> None:
    for each in folder.rglob("*"):
        if each.is_file():
            handle = os.open(each, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _failure(error: BaseException) -> dict[str, Any]:
    said: dict[str, Any] = {"state": "failed", "message": str(error), "trace": traceback.format_exc(limit=-6)}
    if isinstance(error, PanglotError):
        kind = next(each.__name__ for each in type(error).__mro__ if each.__module__ == "panglot.artifacts.errors")
        return {**said, "kind": kind, "what": error.what, "where": error.where, "fix": error.fix}
    if isinstance(error, MemoryError):
        return {**said, "kind": "memory"}
    if isinstance(error, OSError):
        return {**said, "kind": "os", "errno": error.errno, "where": str(error.filename or "")}
    return {**said, "kind": type(error).__name__}


def read_mark(waiting: Path) -> tuple[int, int, int, int] | None:
    """Table, first row, end and number of rows of the documents that an attempt judged when it died; None where unknown."""
    try:
        table, start, end, rows = map(int, (waiting / MARK_FILE).read_bytes().split())
    except (OSError, ValueError):
        return None
    return (table, start, end, rows) if table >= 0 else None


def check_function(function: Callable[..., Any]) -> None:
    """A task's function must be found by its name in a worker.

    Raises:
        TypeError: it is a lambda, stands inside a function, or in the script that was started.
    """
    inner: Any = function
    parts: tuple[Any, ...] = ()
    while hasattr(inner, "func"):
        parts = (*parts, *inner.args, *inner.keywords.values())
        inner = inner.func
    for each in (inner, *parts):
        if callable(each) and ("<" in getattr(each, "__qualname__", "") or getattr(each, "__module__", "") == "__main__"):
            raise TypeError(f"{each!r} cannot be sent to a worker: define it at the top of a module")
