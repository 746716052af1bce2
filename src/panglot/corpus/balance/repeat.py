"""Component `corpus.repeat`: a corpus in which some documents stand several times."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import SCHEMA, SHARDS_FOLDER, Documents
from panglot.corpus.duplicates.rehydrate import Repetitions
from panglot.corpus.engine import run_tasks
from panglot.corpus.engine.sieve import sidecar_shards, write_table


def repeat(*, of: Documents, repetitions: Repetitions, step: Step) -> Documents:
    """Write each document as often as `corpus.rehydrate` says; 0 leaves it out.

    As in a sample of a plan, the passes stand one behind the other and copies keep their ids; a training must mix them. A plan
    of the result (`corpus.balance`) counts the copies as text that there is: its epochs come on top.

    Args:
        of: the documents of which the repetitions were counted.
        repetitions: from `corpus.rehydrate`.
        step: where to write.

    Raises:
        InputError: the repetitions belong to other documents, or nothing is left.
    """
    beside = sidecar_shards(repetitions, of.shards)
    most = max((pc.max(pq.read_table(each, columns=["repetitions"])["repetitions"]).as_py() or 0 for each in beside), default=0)
    if not most:
        raise InputError("no document is repeated even once", where=repetitions.folder)
    shards = of.shards
    inputs = [
        (str(shard.absolute()), str(table.absolute()), number, len(shards))
        for number, (shard, table) in enumerate(zip(shards, beside, strict=True))
    ]
    found: dict[str, Counter[str]] = {"in": Counter(), "written": Counter()}
    for said in run_tasks(write_copies, inputs, step=step, label="repeating documents"):
        for name, counts in said.items():
            found[name].update(counts)
    step.figures.update(
        documents=dict(sorted(found["written"].items())),
        growth={tag: round(found["written"][tag] / count, 4) for tag, count in sorted(found["in"].items())},
        passes=most,
    )
    return Documents(step.out)


def write_copies(given: tuple[str, str, int, int], out: Path) -> dict[str, Any]:
    """Write the copies of one shard, a file for each pass; gives documents by language, read and written."""
    shard, table, number, shards = given
    documents = pq.read_table(shard, columns=SCHEMA.names).cast(SCHEMA)
    beside = pq.read_table(table)
    if beside["id"].combine_chunks() != documents["id"].combine_chunks():
        raise InputError("this table belongs to other documents", where=table, fix="count the repetitions of these documents")
    times = beside["repetitions"]
    written: Counter[str] = Counter()
    for turn in range(pc.max(times).as_py() or 0):
        kept = documents.filter(pc.greater(times, pa.scalar(turn, pa.int32())))
        written.update(kept["language"].to_pylist())
        write_table(kept, out / SHARDS_FOLDER / f"{turn * shards + number:05}.parquet")
    return {"in": dict(Counter(documents["language"].to_pylist())), "written": dict(written)}
