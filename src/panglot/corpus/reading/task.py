"""One task of reading: some files, or a piece of one, to numbered tables of documents."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from panglot.artifacts import InputError
from panglot.corpus.documents import SHARDS_FOLDER, UNDETERMINED
from panglot.corpus.reading.bounded import Account, Source, size_of
from panglot.corpus.reading.extraction import Extraction, Plain, Resiliparse, Trafilatura
from panglot.corpus.reading.plan import Part, language_of, weight
from panglot.corpus.reading.texts import TEXT_READERS, Found, Unit, Wanted
from panglot.corpus.shards import ShardWriter
from panglot.corpus.text import without_controls
from panglot.languages import Language

_EXCERPT_CHARACTERS = 200
_IDS_COMPARED = 1_000_000


@dataclass(frozen=True)
class ReadingTask:
    """What one worker reads; the parameters are those of `corpus.read_text`."""

    index: int
    parts: tuple[Part, ...]
    language: str | None
    column: str | None
    unit: Unit
    largest: int
    extractor: Resiliparse | Trafilatura | Plain
    limit: int | None
    folder: str
    """Where relative paths begin: a worker on another machine may stand elsewhere."""

    @property
    def weight(self) -> int:
        """Bytes of its files, packed ones counted four times."""
        return sum(weight(part) for part in self.parts)


@dataclass
class _Outcome:
    """What a task found, for its figures; it takes the place of the step for what is set aside."""

    documents: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    undetermined: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    records: list[tuple[str, str, str]] = field(default_factory=list)
    failures: list[tuple[str, str, str | None]] = field(default_factory=list)
    seen: int = 0
    skipped: int = 0
    repeated_ids: int = 0

    def quarantine(self, reason: str, *, where: str, excerpt: str = "") -> None:
        self.quarantined[reason] += 1
        # JSON in UTF-8 holds no lone surrogate.
        shown = excerpt[:_EXCERPT_CHARACTERS].encode(errors="backslashreplace").decode()
        self.records.append((reason, where, shown))


def read_task(task: ReadingTask, out: Path) -> dict[str, Any]:
    """Read the parts of a task into `out/documents/`, and say what was found.

    The tables begin with the task's number, so that those of all tasks can lie in one folder.
    """
    outcome = _Outcome()
    with (
        ShardWriter(out / SHARDS_FOLDER, f"{task.index:05}-") as writer,
        Extraction(task.extractor) as extraction,
    ):
        for part in task.parts:
            before = writer.count
            try:
                _copy(part, task, extraction, outcome, writer)
            except InputError as error:
                kept = f", after {writer.count - before} documents" if writer.count > before else ""
                outcome.failures.append((error.what, f"{error.where or part.reading.path}{kept}", error.fix))
            outcome.files[part.reading.origin] += writer.count - before
    return {
        "shards": writer.names,
        "documents": dict(sorted(outcome.documents.items())),
        "files": dict(outcome.files),
        "undetermined": dict(outcome.undetermined),
        "passed": dict(sorted(outcome.passed.items())),
        "quarantined": dict(outcome.quarantined),
        "records": outcome.records,
        "failures": outcome.failures,
        "seen": outcome.seen,
        "kept": writer.count,
        "skipped": outcome.skipped,
        "repeated_ids": outcome.repeated_ids,
    }


def _copy(part: Part, task: ReadingTask, extraction: Extraction, outcome: _Outcome, writer: ShardWriter) -> None:
    """Write the documents of one part; a document is set aside where its language is another one than the entry says."""
    reading = part.reading
    # What the reader cannot use, and what it finds and is not used: each document is counted once.
    unreadable, unusable = Account(outcome), Account(outcome)
    ids: set[int] = set()
    said_by_all = reading.language if reading.whole else None
    found = 0
    try:
        for each in _documents(part, task, extraction, unreadable):
            found += 1
            if each.original_id is not None and len(ids) < _IDS_COMPARED:
                before = len(ids)
                ids.add(hash(each.original_id))
                outcome.repeated_ids += len(ids) == before
            tag = _language(each, reading.language, said_by_all, task.language, unusable)
            if tag is None:
                continue
            if reason := _unusable(each.text, task.largest):
                unusable.set_aside(reason, where=each.where, excerpt=each.text[:_EXCERPT_CHARACTERS])
                continue
            text = without_controls(each.text)
            if not text or text.isspace():
                unusable.pass_over("empty")
            elif task.limit is not None and outcome.documents[tag] >= task.limit:
                unusable.pass_over("beyond the limit")
            else:
                outcome.documents[tag] += 1
                if tag == UNDETERMINED:
                    outcome.undetermined[reading.origin] += 1
                writer.document(text, tag, source=each.source or reading.origin, url=each.url, meta=each.meta)
    finally:
        outcome.seen += found + unreadable.skipped.total() + unreadable.passed.total()
        for account in (unreadable, unusable):
            outcome.passed.update(account.passed)
            outcome.skipped += account.skipped.total()


def _language(each: Found, of_file: str | None, of_all: str | None, fallback: str | None, account: Account) -> str | None:
    """The tag of a document; None after setting it aside."""
    tag = of_file
    if each.language and each.language != UNDETERMINED:
        said = language_of(each.language)
        if of_all is not None and said is not None and said != of_all:
            account.set_aside("of another language than the file is said to be", where=each.where, excerpt=each.language)
            return None
        if said is None and of_all is None:
            account.set_aside("a language that nothing knows", where=each.where, excerpt=each.language)
            return None
        tag = said or tag
    return tag or fallback or UNDETERMINED


def _unusable(text: str, largest: int) -> str:
    if "\0" in text:
        return "NUL byte"
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        return "lone surrogate"
    return f"document larger than {size_of(largest)}" if size > largest else ""


def _documents(part: Part, task: ReadingTask, extraction: Extraction, account: Account) -> Iterator[Found]:
    reading = part.reading
    known = reading.language if reading.language not in (None, UNDETERMINED) else task.language
    wanted = Wanted(task.column, Language(known) if known else None, task.unit, task.largest, extraction.page)
    if reading.hub:
        from panglot.corpus.reading.hub import read_hub_texts

        return read_hub_texts(str(reading.path), wanted, account)
    source = Source(Path(task.folder) / reading.path, shown=str(reading.path), start=part.start, stop=part.stop)
    module, _, name = TEXT_READERS[source.suffix].partition(":")
    reader: Callable[[Source, Wanted, Account], Iterator[Found]] = getattr(import_module(module), name)
    return partial(reader, source, wanted, account)()
