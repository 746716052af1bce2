"""Component `corpus.decontaminate`: training text without what evaluation sets hold, and a report of what was there."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from panglot.artifacts import InputError, Step, reads
from panglot.corpus.decontamination.index import Finder, Index, Leaks
from panglot.corpus.decontamination.items import Item, items_of, items_of_file
from panglot.corpus.decontamination.units import Units
from panglot.corpus.documents import DOCUMENTS_FILE, DROPPED_FOLDER, SCHEMA, SHARDS_FOLDER, Documents, document_id
from panglot.corpus.pairs import Pairs
from panglot.corpus.read_text import outside_inputs as files_read
from panglot.corpus.segmentation.code_points import CodePoints

LEAKS_FOLDER = "leaks"
REASON = "test data"
LEAST_PIECE, MOST_PIECES = 200, 10
"""Of GPT-3 (Brown et al. 2020): shorter pieces go, and a document in more pieces goes as a whole."""
LEAKS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("task", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("share", pa.float64(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
_DROPPED_SCHEMA = SCHEMA.append(pa.field("reason", pa.string(), nullable=False))
_BATCH_CHARACTERS = 1 << 19
_ROWS = 256
_EXCERPT = 400

Action = Literal["drop", "cut"]


class Decontaminated(Documents):
    """Documents without test data. What was found lies under `leaks/`, one row for each document and item.

    Columns of `leaks`: `id`, `language`, `source`, `url` of the document; `task`, `item` (where that stands in the evaluation
    set); `share` of the item's n-grams that the document holds (1 for one found whole); `start`, `end` of the longest stretch, in
    characters of the document in NFC; `text` of that stretch, up to 400 characters.
    """

    @cached_property
    def leaks(self) -> pa.Table:
        """What was found."""
        parts = sorted((self.folder / LEAKS_FOLDER).glob("*.parquet"))
        return pa.concat_tables([pq.read_table(each) for each in parts]) if parts else LEAKS_SCHEMA.empty_table()


@dataclass(frozen=True)
class _Shard:
    """One shard to search.

    Attributes:
        path: to read.
        relative: where its documents lie under the step's folder.
        number: of the shard.
        index: file of the index.
        tasks, wheres: of the items, in files beside the index.
        action, least_share, margin: as the component has them.
    """

    path: Path
    relative: str
    number: int
    index: Path
    names: Path
    action: Action
    least_share: float
    margin: int


@reads(files_read)
def decontaminate(
    *,
    of: Documents,
    files: list[str] = [],  # noqa: B006
    against: list[Documents | Pairs] = [],  # noqa: B006
    columns: list[str] = [],  # noqa: B006
    words: Annotated[int, Field(ge=5, le=100)] = 13,
    shortest: Annotated[int, Field(ge=3, le=100)] = 8,
    least_share: Annotated[float, Field(ge=0, le=1)] = 0.0,
    action: Action = "drop",
    margin: Annotated[int, Field(ge=0)] = 200,
    step: Step,
) -> Decontaminated:
    """Find texts of evaluation sets in documents, and drop these documents or cut the passages out.

    A document leaks an item where they share a run of n = 13 words (GPT-3, Brown et al. 2020,
    https://arxiv.org/abs/2005.14165), and, with `least_share`, at least that share of the item's n-grams. Where a script puts
    no spaces between words the run is of characters: 22 of Han and kana, 52 of Thai, Lao, Khmer, Burmese and their like, which
    is what 13 words take there. Punctuation, spaces, case, width and composition do not count; marks do. An item of fewer than
    n words, but at least `shortest` (GPT-3's 8), is looked for whole, and must stand alone in the document: between marks, line
    breaks or its ends. Still shorter items are passed over and counted. N-grams that stand in more than ten items are their
    template and are not looked for.

    Translations and paraphrases of test items are out of reach.

    Args:
        of: documents.
        files: evaluation sets: files and folders of text, TSV, CSV, JSON Lines or Parquet. All their texts are items.
        against: documents and pairs that are evaluation sets.
        columns: take only these columns or keys of the files.
        words: n, in words.
        shortest: items of fewer words are passed over.
        least_share: of an item's n-grams that a document must hold; 0 for one n-gram.
        action: `drop` the document, or `cut` the passages with a margin; of what is left, pieces below 200 characters go, and
            a document in more than ten pieces goes as a whole (GPT-3).
        margin: characters that are cut on each side.
        step: where to write.

    Raises:
        InputError: there is nothing to look for; a file cannot be read.
    """
    if not files and not against:
        raise InputError("no evaluation set is given", where="files", fix="name at least one")
    with step.progress("reading evaluation sets", total=len(files) + len(against)) as progress:
        index = Index.of(_items(files, against, columns, step, progress), words=words, shortest=min(shortest, words))
    if not index.tasks:
        raise InputError(
            f"no item is long enough to be looked for: {sum(index.passed_over.values())} have fewer than {shortest} words",
            where=", ".join(files[:8]),
        )
    scratch = step.out / ".index"
    scratch.mkdir()
    path = index.save(scratch)
    names = scratch / "names.parquet"
    pq.write_table(pa.table({"task": index.tasks, "item": index.wheres}), names)
    shards = [
        _Shard(shard, shard.relative_to(of.folder).as_posix(), number, path, names, action, least_share, margin)
        for number, shard in enumerate(of.shards)
    ]
    found = []
    with step.progress("looking for test data", total=len(shards)) as progress:
        for each in progress.track(shards):
            found.append(search(each, step.out))
    names.unlink()
    path.unlink()
    scratch.rmdir()
    _tell(found, index, step)
    if not (step.out / DOCUMENTS_FILE).is_file() and not any((step.out / SHARDS_FOLDER).glob("*.parquet")):
        raise InputError("there are no documents to search", where=of.folder)
    return Decontaminated(step.out)


def _items(
    files: Sequence[str], against: Sequence[Documents | Pairs], columns: Sequence[str], step: Step, progress: Any
) -> Iterator[Item]:
    for each in progress.track([*files, *against]):
        yield from items_of_file(each, columns, step) if isinstance(each, str) else items_of(each)


def search(task: _Shard, out: Path) -> dict[str, Any]:
    """Search one shard and write its three parts: what is kept, what is dropped, and what was found.

    Returns:
        Figures: documents in, kept and dropped by language, and documents by task.
    """
    index = Index.load(task.index)
    finder = Finder(index)
    names = pq.read_table(task.names)
    tasks, wheres = names["task"].to_pylist(), names["item"].to_pylist()
    kept, dropped, leaks = (
        _Writer(out / task.relative, SCHEMA),
        _Writer(out / DROPPED_FOLDER / task.relative, _DROPPED_SCHEMA),
        [],
    )
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("in", "kept", "cut", "dropped")}
    reasons: Counter[str] = Counter()
    by_task: Counter[str] = Counter()
    items: set[int] = set()
    for rows in _batches(task.path):
        units = Units.of([row["text"] for row in rows])
        found = finder.find(units, task.least_share)
        counts["in"].update(row["language"] for row in rows)
        said = _by_text(found, tasks)
        items.update(found.item.tolist())
        for each in _rows(found, rows, units.points, tasks, wheres):
            leaks.append(each)
        for number, row in enumerate(rows):
            if number not in said:
                kept.row(row)
                counts["kept"][row["language"]] += 1
                continue
            by_task.update(set(said[number]))
            reason = f"{REASON}: {said[number][0]}"
            rest = _rest(units.points, number, found.spans[number], task.margin) if task.action == "cut" else None
            if rest is None:
                dropped.row({**row, "reason": reason})
                counts["dropped"][row["language"]] += 1
                reasons[reason] += 1
            else:
                kept.row({**row, "text": rest, "id": document_id(row["language"], rest)})
                counts["kept"][row["language"]] += 1
                counts["cut"][row["language"]] += 1
    kept.close(always=True)
    dropped.close()
    if leaks:
        place = out / LEAKS_FOLDER / f"{task.number:05}.parquet"
        place.parent.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(leaks, schema=LEAKS_SCHEMA), place, compression="zstd")
    return {
        **{name: dict(each) for name, each in counts.items()},
        "reasons": dict(reasons),
        "by_task": dict(by_task),
        "items": sorted(items),
    }


def _batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Rows of a shard, about half a million characters at a time."""
    waiting: list[dict[str, Any]] = []
    size = 0
    batches = pq.ParquetFile(path).iter_batches(batch_size=_ROWS, columns=SCHEMA.names)
    for row in chain.from_iterable(each.to_pylist() for each in batches):
        waiting.append(row)
        size += len(row["text"])
        if size >= _BATCH_CHARACTERS:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


def _by_text(found: Leaks, tasks: list[str]) -> dict[int, list[str]]:
    """Of each text the tasks that it leaks, the one with the largest share first."""
    said: dict[int, list[tuple[float, str]]] = {}
    for text, item, share in zip(found.text.tolist(), found.item.tolist(), found.share.tolist(), strict=True):
        said.setdefault(text, []).append((-share, tasks[item]))
    return {text: [task for _, task in sorted(each)] for text, each in said.items()}


def _rows(
    found: Leaks, rows: list[dict[str, Any]], points: CodePoints, tasks: list[str], wheres: list[str]
) -> Iterator[dict[str, Any]]:
    for text, item, share, start, end in zip(
        found.text.tolist(), found.item.tolist(), found.share.tolist(), found.start.tolist(), found.end.tolist(), strict=True
    ):
        row = rows[text]
        yield {
            **{name: row[name] for name in ("id", "language", "source", "url")},
            "task": tasks[item],
            "item": wheres[item],
            "share": share,
            "start": start,
            "end": end,
            "text": _text(points, text, start, min(end, start + _EXCERPT)),
        }


def _text(points: CodePoints, number: int, start: int, end: int) -> str:
    first = int(points.bounds[number])
    return points.codes[first + start : first + end].tobytes().decode("utf-32-le", "surrogatepass")


def _rest(points: CodePoints, number: int, spans: Sequence[tuple[int, int]], margin: int) -> str | None:
    """The text without the passages; None where too little or too many pieces are left."""
    text = _text(points, number, 0, int(points.lengths[number]))
    pieces, at = [], 0
    for start, end in [*((max(0, a - margin), b + margin) for a, b in spans), (len(text), len(text))]:
        if start > at:
            pieces.append(_tidy(text[at:start]))
        at = max(at, end)
    whole = [each for each in pieces if len(each) >= LEAST_PIECE]
    if not whole or len(pieces) > MOST_PIECES:
        return None
    return "\n".join(whole)


def _tidy(piece: str) -> str:
    """A piece that begins and ends with whole words where there is a space near its ends, and never with a loose mark."""
    import unicodedata

    while piece and unicodedata.combining(piece[0]):
        piece = piece[1:]
    return piece.strip()


class _Writer:
    """Rows to a Parquet file that is made when the first comes."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._rows: list[dict[str, Any]] = []
        self._size = 0
        self._writer: pq.ParquetWriter | None = None

    def row(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self._size += len(row["text"])
        if self._size >= _BATCH_CHARACTERS * 8:
            self._flush()

    def _flush(self) -> None:
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd", compression_level=3, version="2.6")
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._size = [], 0

    def close(self, *, always: bool = False) -> None:
        """Write what waits; without any row a file is made only if it must be."""
        if self._rows or (always and self._writer is None):
            self._flush()
        if self._writer is not None:
            self._writer.close()


def _tell(found: Sequence[dict[str, Any]], index: Index, step: Step) -> None:
    totals = {name: sum((Counter(each[name]) for each in found), Counter[str]()) for name in ("in", "kept", "cut", "dropped")}
    reasons = sum((Counter(each["reasons"]) for each in found), Counter[str]())
    documents = sum((Counter(each["by_task"]) for each in found), Counter[str]())
    looked = Counter(index.tasks)
    leaked = Counter(index.tasks[item] for item in set(chain.from_iterable(each["items"] for each in found)))
    step.figures.update(
        documents={
            "in": totals["in"].total(),
            "kept": totals["kept"].total(),
            "cut": totals["cut"].total(),
            "dropped": dict(sorted(reasons.items())),
            "quarantined": 0,
        },
        by_language={
            tag: {name: totals[name][tag] for name in ("in", "kept", "cut", "dropped")} for tag in sorted(totals["in"])
        },
        tasks={
            task: {
                "items": looked[task],
                "too_short": index.passed_over.get(task, 0),
                "leaked": leaked[task],
                "documents": documents[task],
            }
            for task in sorted({*looked, *index.passed_over})
        },
        templates=index.templates,
        words=index.lengths[0],
        characters=[int(each) for each in np.array(index.lengths)[1:]],
    )
    short = {task: count for task, count in index.passed_over.items() if count > looked[task]}
    if short:
        shown = ", ".join(f"{task} ({count:,})" for task, count in list(short.items())[:8])
        step.note(f"Most texts of these sets are too short to tell whether they leaked, and were not looked for: {shown}.")
