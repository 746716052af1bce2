"""What taking repeated parts out of texts has in common: what is counted, what is common to a corpus, what is left of a text.

Counts lie on disk, one file a shard, sorted by hash; a task merges a range of hashes over all shards. So memory is set by the
range.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from panglot.artifacts import QUARANTINE_FILE, Step
from panglot.corpus.documents import DROPPED_FOLDER, SCHEMA, Documents, document_id
from panglot.corpus.engine import by_document, run_tasks
from panglot.corpus.engine.sieve import DROPPED_SCHEMA, write_table

_RANGE_COUNTS = 1 << 22
COUNTS = np.dtype([("hash", "<u8"), ("count", "<i8"), ("first", "<i8")])
"""A hash, how often it is there, and the first place where it is."""

Rewrite = Callable[["Common", int, pa.Table], pa.Array]
"""Takes what is common, the place of the first document among all, and documents; gives what is left of
each text: nothing but spaces where nothing is."""


def in_one_piece(values: Any) -> pa.Array:
    """An array, of an array in one piece or several."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def write_counts(path: Path, hashes: NDArray[np.uint64], counts: NDArray[np.int64], firsts: NDArray[np.int64]) -> None:
    """Write what a shard holds; hashes must be sorted and different."""
    found = np.empty(len(hashes), dtype=COUNTS)
    found["hash"], found["count"], found["first"] = hashes, counts, firsts
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, found, allow_pickle=False)


def forget_quarantine(step: Step) -> None:
    """Forget which documents could not be counted: the pass that rewrites sets them aside, and counts them once."""
    step.quarantined.clear()
    (step.out / QUARANTINE_FILE).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Range:
    counts: tuple[str, ...]
    least: int
    number: int
    low: int
    high: int


def common(counts: Sequence[Path], total: int, least: int, *, step: Step, work: Path) -> list[Path]:
    """Files of what comes up at least so often in all shards together, in the order of hashes.

    Args:
        counts: files of `write_counts`, one a shard, in the order of the shards.
        total: entries in all of them.
        least: how often.
        step: whose engine is used.
        work: folder to write in.
    """
    number = max(1, -(-total // _RANGE_COUNTS))
    bounds = [(each << 64) // number for each in range(number + 1)]
    names = tuple(map(str, counts))
    inputs = [_Range(names, least, each, bounds[each], bounds[each + 1] - 1) for each in range(number)]
    run_tasks(_merge, inputs, step=step, label="counting repeats", out=work)
    return sorted((work / "common").glob("*.npy"))


def _merge(given: _Range, out: Path) -> dict[str, Any]:
    parts = [np.zeros(0, dtype=COUNTS)]
    for each in given.counts:
        held = np.load(each, allow_pickle=False, mmap_mode="r")
        low = int(np.searchsorted(held["hash"], np.uint64(given.low)))
        high = int(np.searchsorted(held["hash"], np.uint64(given.high), side="right"))
        parts.append(np.array(held[low:high]))
    found = np.concatenate(parts)
    found = found[np.argsort(found["hash"], kind="stable")]
    begins = np.flatnonzero(np.concatenate([[True], found["hash"][1:] != found["hash"][:-1]])[: len(found)])
    kept = found[begins]
    if len(found):
        kept["count"] = np.add.reduceat(found["count"], begins)
        kept["first"] = np.minimum.reduceat(found["first"], begins)
    kept = kept[kept["count"] >= given.least]
    path = out / "common" / f"{given.number:05}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, kept, allow_pickle=False)
    return {"common": len(kept)}


class Common:
    """What is common, looked up by hash."""

    def __init__(self, files: Sequence[str]) -> None:
        tables = [np.load(each, allow_pickle=False) for each in files]
        self.table = np.concatenate([np.zeros(0, dtype=COUNTS), *tables])
        self._hashes = np.ascontiguousarray(self.table["hash"])

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The row of each hash in `table`, -1 where it is not common, int64 [hashes]."""
        if not len(self._hashes):
            return np.full(len(hashes), -1, dtype=np.int64)
        found = np.searchsorted(self._hashes, hashes)
        found[found == len(self._hashes)] = 0
        return np.where(self._hashes[found] == hashes, found, -1)


@dataclass(frozen=True)
class _Shard:
    name: str
    path: str
    first: int
    common: tuple[str, ...]


def rewrite(of: Documents, change: Rewrite, files: Sequence[Path], *, reason: str, step: Step) -> None:
    """Take repeated parts out of every text, shard by shard, and account for every document.

    A text that changes gets a new id. A document of which nothing is left is dropped, whole, with the reason.

    Args:
        of: documents.
        change: stands at the top of a module, or a `functools.partial` of such a one.
        files: what `common` gave.
        reason: for documents of which nothing is left.
        step: where to write.
    """
    inputs, first = [], 0
    for shard in of.shards:
        name = shard.relative_to(of.folder).as_posix()
        inputs.append(_Shard(name, str(shard), first, tuple(map(str, files))))
        first += pq.read_metadata(shard).num_rows
    task = partial(_rewrite, change, reason)
    results = run_tasks(task, inputs, step=step, label="taking repeats out", documents=first)
    total: Counter[str] = Counter()
    languages: dict[str, Counter[str]] = {}
    for each in results:
        for language, said in each.items():
            total.update(said)
            languages.setdefault(language, Counter()).update(said)
    if total["in"] != first or total["in"] != total["kept"] + total["dropped"] + total["quarantined"]:
        raise AssertionError(f"{first} documents were given and {dict(total)} are accounted for")
    step.figures["documents"] = _figures(total, reason)
    step.figures["by_language"] = {tag: _figures(languages[tag], reason) for tag in sorted(languages)}


def _figures(said: Counter[str], reason: str) -> dict[str, Any]:
    plain = {key: said[key] for key in ("in", "kept", "quarantined", "changed", "characters", "characters_removed")}
    return {**plain, "dropped": {reason: said["dropped"]} if said["dropped"] else {}}


def _rewrite(change: Rewrite, reason: str, given: _Shard, out: Path) -> dict[str, Any]:
    documents = pq.read_table(given.path, columns=SCHEMA.names).cast(SCHEMA)
    place = pa.table({"place": np.arange(given.first, given.first + len(documents))})
    judged = by_document(documents, partial(_judge, change, Common(given.common)), place)
    faulty = np.zeros(len(documents), dtype=bool)
    faulty[list(judged.faults)] = True
    texts = judged.values.to_pylist()
    before = documents["text"].to_pylist()
    both = list(zip(texts, before, strict=True))
    empty = np.array([text is not None and not text.strip() and bool(old.strip()) for text, old in both], dtype=bool)
    changed = np.array([text is not None and text != old for text, old in both], dtype=bool)
    kept = ~faulty & ~empty
    rows = documents.to_pydict()
    for row in np.flatnonzero(changed & kept).tolist():
        rows["text"][row] = texts[row]
        rows["id"][row] = document_id(rows["language"][row], texts[row])
    write_table(pa.table(rows, schema=SCHEMA).filter(pa.array(kept)), out / given.name)
    if (empty & ~faulty).any():
        left = documents.filter(pa.array(empty & ~faulty))
        left = left.append_column(DROPPED_SCHEMA.field("reason"), pa.array([reason] * len(left), pa.string()))
        write_table(left.cast(DROPPED_SCHEMA), out / DROPPED_FOLDER / given.name)
    found: dict[str, Counter[str]] = {}
    for row, language in enumerate(rows["language"]):
        said = found.setdefault(language, Counter())
        said["in"] += 1
        said["quarantined" if faulty[row] else "dropped" if empty[row] else "kept"] += 1
        said["changed"] += int(changed[row] & kept[row])
        said["characters"] += len(before[row])
        said["characters_removed"] += len(before[row]) - len(texts[row]) if kept[row] else 0
    return {language: dict(said) for language, said in found.items()}


def _judge(change: Rewrite, found: Common, documents: pa.Table, place: pa.Table) -> pa.Array:
    if not len(documents):
        return pa.array([], pa.string())
    return change(found, place["place"][0].as_py(), documents)
