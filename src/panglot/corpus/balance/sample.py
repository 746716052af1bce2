"""Component `corpus.sample`: a corpus that realises a plan, by leaving documents out and by repeating them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from panglot.artifacts import InputError, Step
from panglot.corpus.balance.plan import Plan, Unit
from panglot.corpus.balance.ranks import NOTHING, last_rank, ranks_of
from panglot.corpus.documents import PARQUET, SCHEMA, SHARDS_FOLDER, Documents
from panglot.corpus.engine import run_tasks

_ROWS = 1 << 12
_ALMOST = 1e-6


@dataclass(frozen=True)
class Pass:
    """One pass over one shard: which documents are written.

    Attributes:
        shard: to read.
        index: number of the file to write.
        number: of the pass, from 0.
        seed: of the order of documents.
        copies: language to how often all its documents are taken.
        last: language to the highest rank of the documents that are taken once more.
    """

    shard: Path
    index: int
    number: int
    seed: int
    copies: dict[str, int]
    last: dict[str, int]


def sample(*, of: Documents, plan: Plan, step: Step) -> Documents:
    """Make the corpus that a plan asks for.

    Of a language with a target of e epochs, all documents are written ⌊e⌋ times, and of the rest the first in the order of a
    seeded hash of their ids until the target is met: never less than asked, and more by less than a document. The passes stand
    one behind the other, each in the order of the input; a training must mix them. Documents keep their ids, so that a repeated
    one is known as such. The choice hangs on content and seed alone, not on order, shards or the number of workers.

    Memory is 12 bytes a document and one batch.

    Args:
        of: the documents of which the plan was made.
        plan: from `corpus.balance`.
        step: where to write.

    Raises:
        InputError: the plan was made of other documents, or it asks for nothing.
    """
    rows = {each["language"]: each for each in plan.rows}
    copies, last, wanted = _decisions(of, rows, plan.unit, step)
    most = max((copies[tag] + (last[tag] != NOTHING) for tag in rows), default=0)
    if not most:
        raise InputError("the plan asks for no text", where=plan.path)
    found: dict[str, dict[str, float]] = {tag: {"documents": 0, "characters": 0, "bytes": 0} for tag in rows}
    passes = [
        Pass(shard.absolute(), number * len(of.shards) + at, number, step.seed, copies, last)
        for number in range(most)
        for at, shard in enumerate(of.shards)
    ]
    for written in run_tasks(write_pass, passes, step=step, label="writing the sample"):
        for tag, counts in written.items():
            for name, value in counts.items():
                found[tag][name] += value
    total = sum(each[plan.unit] for each in found.values())
    step.figures.update(
        documents={tag: int(each["documents"]) for tag, each in found.items()},
        languages={
            tag: {
                **{name: int(value) for name, value in each.items()},
                "asked": round(wanted[tag], 3),
                "share": round(each[plan.unit] / total, 6),
            }
            for tag, each in found.items()
        },
        passes=most,
    )
    return Documents(step.out)


def _decisions(
    of: Documents, rows: dict[str, dict[str, Any]], unit: Unit, step: Step
) -> tuple[dict[str, int], dict[str, int], dict[str, float]]:
    """For each language: whole copies, the highest rank of the part that is taken once more, and the target."""
    ranks: dict[str, list[NDArray[np.uint64]]] = {tag: [] for tag in rows}
    sizes: dict[str, list[NDArray[np.int64]]] = {tag: [] for tag in rows}
    with step.progress("ranking documents", total=len(of.shards)) as progress:
        for shard in progress.track(of.shards):
            for batch in pq.ParquetFile(shard).iter_batches(batch_size=_ROWS, columns=["id", "language", "text"]):
                tags = batch["language"].to_numpy(zero_copy_only=False)
                ranked, sized = ranks_of(step.seed, batch["id"].to_pylist()), _sizes(batch, unit)
                for tag in np.unique(tags).tolist():
                    if tag not in rows:
                        raise InputError(f"the plan does not name {tag}", fix="make the plan of the same documents")
                    ranks[tag].append(ranked[tags == tag])
                    sizes[tag].append(sized[tags == tag])
    copies: dict[str, int] = {}
    last: dict[str, int] = {}
    for tag, row in rows.items():
        available = int(sum(int(each.sum()) for each in sizes[tag]))
        if available != row[unit]:
            raise InputError(
                f"there are {available:,} {unit} of {tag}, and the plan was made of {row[unit]:,}",
                fix="make the plan of the same documents",
            )
        copies[tag], last[tag] = 0, NOTHING
        if not available:
            continue
        copies[tag], rest = divmod(row["target"], available)
        copies[tag] = int(copies[tag])
        if rest > available * (1 - _ALMOST):
            copies[tag], rest = copies[tag] + 1, 0.0
        if rest > available * _ALMOST:
            last[tag], _ = last_rank(np.concatenate(ranks[tag]), np.concatenate(sizes[tag]), rest)
    return copies, last, {tag: row["target"] for tag, row in rows.items()}


def write_pass(task: Pass, out: Path) -> dict[str, dict[str, int]]:
    """Write the documents of one pass over one shard; gives documents, characters and bytes by language."""
    found: dict[str, dict[str, int]] = {}
    path = out / SHARDS_FOLDER / f"{task.index:05}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, SCHEMA, **PARQUET) as writer:
        for batch in pq.ParquetFile(task.shard).iter_batches(batch_size=_ROWS, columns=SCHEMA.names):
            kept = batch.filter(_taken(batch, task))
            if not len(kept):
                continue
            writer.write_batch(kept.cast(SCHEMA))
            tags = kept["language"].to_numpy(zero_copy_only=False)
            for tag in np.unique(tags).tolist():
                place = found.setdefault(tag, {"documents": 0, "characters": 0, "bytes": 0})
                part = kept.filter(pa.array(tags == tag))
                place["documents"] += len(part)
                place["characters"] += int(_sizes(part, "characters").sum())
                place["bytes"] += int(_sizes(part, "bytes").sum())
    if not found:
        path.unlink()
    return found


def _taken(batch: pa.RecordBatch, task: Pass) -> pa.Array:
    tags = batch["language"].to_pylist()
    whole = np.array([task.number < task.copies[tag] for tag in tags], dtype=bool)
    part = np.array([task.number == task.copies[tag] and task.last[tag] != NOTHING for tag in tags], dtype=bool)
    at = np.flatnonzero(part)
    if len(at):
        ids = batch["id"].to_pylist()
        ranked = ranks_of(task.seed, [ids[each] for each in at])
        bound = np.array([task.last[tags[each]] for each in at], dtype=np.uint64)
        whole[at] = ranked <= bound
    return pa.array(whole)


def _sizes(batch: pa.RecordBatch, unit: Unit) -> NDArray[np.int64]:
    if unit == "documents":
        return np.ones(len(batch), dtype=np.int64)
    found = pc.utf8_length(batch["text"]) if unit == "characters" else pc.binary_length(batch["text"].cast(pa.binary()))
    sizes: NDArray[np.int64] = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return sizes
