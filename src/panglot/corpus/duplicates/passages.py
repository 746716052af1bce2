"""Component `corpus.repeated_passages`: lines that stand in many documents are taken out."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import regex
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import Step
from panglot.corpus.documents import Documents
from panglot.corpus.duplicates.normal_form import batches
from panglot.corpus.duplicates.rewriting import Common, common, forget_quarantine, in_one_piece, rewrite, write_counts
from panglot.corpus.duplicates.runs import salts
from panglot.corpus.duplicates.shingles import whole_hashes
from panglot.corpus.engine import by_document, run_tasks
from panglot.corpus.segmentation.words import mixed

Unit = Literal["line", "paragraph"]
_BREAKS = {
    "line": regex.compile(r"(\r\n?|[\n\x0b\x0c\x85\u2028\u2029])"),
    "paragraph": regex.compile(r"((?:\r?\n[^\S\n]*){2,})"),
}
_REASON = "repeated passages"
_WORK = ".work"
_SHOWN = 10_000


def repeated_passages(
    *,
    of: Documents,
    documents: Annotated[int, Field(ge=2)] = 10,
    words: Annotated[float, Field(ge=0)] = 3,
    unit: Unit = "line",
    keep: Literal["none", "first"] = "none",
    across: bool = False,
    step: Step,
) -> Documents:
    """Take passages out of texts that stand in many documents: menus, notices, calls to subscribe.

    Passages are compared in normal form, so that case, punctuation and spaces do not count. A text that changes gets a new id;
    a document of which nothing is left is dropped with the reason `repeated passages`. `passages.parquet` shows the most
    frequent of what was taken out.

    Args:
        of: documents.
        documents: in how many documents a passage must stand. ROOTS: 10; CCNet: 2, with `keep: first`.
        words: shorter passages stay ("Yes."). ROOTS took lines of 15 characters.
        unit: lines, or paragraphs with an empty line between them.
        keep: `first` leaves a passage where it comes up first.
        across: count documents of all languages together.
        step: where to write.
    """
    work = step.out / _WORK
    setting = _Setting(unit, words, keep == "first", across)
    inputs, first = [], 0
    for number, shard in enumerate(of.shards):
        inputs.append((number, str(shard), first))
        first += pq.read_metadata(shard).num_rows
    try:
        counted = run_tasks(partial(_count, setting), inputs, step=step, label="counting passages", out=work, documents=first)
        total = sum(each["passages"] for each in counted)
        forget_quarantine(step)
        files = common(sorted((work / "counts").glob("*.npy")), total, documents, step=step, work=work)
        rewrite(of, partial(_change, setting), files, reason=_REASON, step=step)
        step.figures["passages"] = sum(len(np.load(each, mmap_mode="r")) for each in files)
        _show(of, setting, files, step)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Documents(step.out)


@dataclass(frozen=True)
class _Setting:
    unit: Unit
    words: float
    first_stays: bool
    across: bool


def split(text: str, unit: Unit) -> list[str]:
    """A text as passages and what stands between them, in turn; joined they are the text again.

    Example:
        >>> split("a\\n\\nb", "line"), split("a\\nb\\n\\nc", "paragraph")
        (['a', '\\n', '', '\\n', 'b'], ['a\\nb', '\\n\\n', 'c'])
    """
    found: list[str] = _BREAKS[unit].split(text)
    return found


def _passages(
    setting: _Setting, documents: pa.Table
) -> tuple[list[list[str]], list[str], NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]:
    """The parts of each text; the passages, their documents, their hashes, and which are long enough."""
    parts = [split(each, setting.unit) for each in documents["text"].to_pylist()]
    passages = [each for some in parts for each in some[::2]]
    document = np.repeat(np.arange(len(parts)), [len(some[::2]) for some in parts])
    hashes = np.zeros(len(passages), dtype=np.uint64)
    words = np.zeros(len(passages))
    for first, some in batches(passages):
        found, words[first : first + len(some)] = whole_hashes(some)
        hashes[first : first + len(some)] = found[:, 0]
    if not setting.across:
        hashes = mixed(hashes ^ salts(documents["language"].to_pylist())[document])
    return parts, passages, document, hashes, words >= max(setting.words, 1e-9)


def _count(setting: _Setting, given: tuple[int, str, int], out: Path) -> dict[str, Any]:
    """A task: in how many documents of a shard each passage stands."""
    number, shard, first = given
    table = pq.read_table(shard, columns=["id", "text", "language"])
    judged = in_one_piece(by_document(table, partial(_hashes, setting)).values)
    values, document = judged.flatten().to_numpy(zero_copy_only=False), judged.value_parent_indices().to_numpy()
    order = np.argsort(values, kind="stable")
    values, document = values[order], document[order]
    once = np.concatenate([[True], (values[1:] != values[:-1]) | (document[1:] != document[:-1])])[: len(values)]
    hashes, firsts, counts = np.unique(values[once], return_index=True, return_counts=True)
    write_counts(out / "counts" / f"{number:05}.npy", hashes, counts, document[once][firsts] + first)
    return {"passages": len(hashes)}


def _hashes(setting: _Setting, documents: pa.Table) -> pa.Array:
    _, _, document, hashes, wanted = _passages(setting, documents)
    offsets = np.searchsorted(document[wanted], np.arange(len(documents) + 1))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(hashes[wanted]))


def _change(setting: _Setting, found: Common, first: int, documents: pa.Table) -> pa.Array:
    parts, _, document, hashes, wanted = _passages(setting, documents)
    rows = np.where(wanted, found.find(hashes), -1)
    gone = rows >= 0
    if setting.first_stays:
        leading = np.flatnonzero(gone)
        leading = leading[found.table["first"][rows[leading]] == document[leading] + first]
        _, once = np.unique(rows[leading], return_index=True)
        gone[leading[once]] = False
    bounds = np.searchsorted(document, np.arange(len(documents) + 1))
    return pa.array([_left(some, gone[bounds[row] : bounds[row + 1]]) for row, some in enumerate(parts)], pa.string())


def _left(parts: list[str], gone: NDArray[np.bool_]) -> str:
    """What is left of a text; a passage goes together with the break behind it."""
    if not gone.any():
        return "".join(parts)
    found = []
    for place, leaves in enumerate(gone.tolist()):
        if not leaves:
            found += parts[2 * place : 2 * place + 2]
    return "".join(found).rstrip("\r\n") if gone[-1] else "".join(found)


def _show(of: Documents, setting: _Setting, files: Sequence[Path], step: Step) -> None:
    """Write down the most frequent passages that were taken out."""
    found = Common(list(map(str, files)))
    most = np.argsort(-found.table["count"], kind="stable")[:_SHOWN]
    wanted = dict(zip(found.table["hash"][most].tolist(), found.table["count"][most].tolist(), strict=True))
    first_of = Counter(found.table["first"][most].tolist())
    rows: list[tuple[int, str, str]] = []
    start = 0
    for shard in of.shards:
        count = pq.read_metadata(shard).num_rows
        places = sorted(each - start for each in first_of if start <= each < start + count)
        start += count
        if not places:
            continue
        documents = pq.read_table(shard, columns=["text", "language"]).take(places)
        _, passages, document, hashes, enough = _passages(setting, documents)
        languages = documents["language"].to_pylist()
        for place in np.flatnonzero(enough).tolist():
            times = wanted.pop(int(hashes[place]), None)
            if times is not None:
                rows.append((times, languages[document[place]], passages[place]))
    rows.sort(key=lambda row: (-row[0], row[1], row[2]))
    table = pa.table(
        {"documents": [row[0] for row in rows], "language": [row[1] for row in rows], "text": [row[2] for row in rows]},
        schema=pa.schema([("documents", pa.int64()), ("language", pa.string()), ("text", pa.string())]),
    )
    pq.write_table(table, step.out / "passages.parquet", compression="zstd", version="2.6")
