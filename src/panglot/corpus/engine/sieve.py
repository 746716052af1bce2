"""Keeps some documents and drops the others, shard by shard, and accounts for every one of them."""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from panglot.artifacts import Artifact, InputError, Step
from panglot.corpus.documents import DROPPED_FOLDER, PARQUET, SCHEMA, Documents
from panglot.corpus.engine.accounts import Accounts
from panglot.corpus.engine.attempt import by_document
from panglot.corpus.engine.streaming import RowReader, TableWriter, stretches
from panglot.corpus.engine.tasks import run_tasks

Decide = Callable[..., Any]
DROPPED_SCHEMA = pa.schema([*SCHEMA, pa.field("reason", pa.string(), nullable=False)])
_ROW_GROUP = 1 << 16
_NOT_MEASURED = "not measured"
_OTHERS, _AGAIN = "this table belongs to other documents", "measure these documents again"


def sieve(
    of: Documents,
    decide: Decide,
    *,
    step: Step,
    label: str,
    sidecars: Sequence["Artifact | tuple[Artifact, str]"] = (),
) -> Documents:
    """Keep the documents for which `decide` gives no reason to drop them.

    Every document of the input is kept, dropped with its reason (under `dropped/`), or quarantined (it could not be judged);
    the figures say how many, for each language, and the sums are checked.

    Args:
        of: documents.
        decide: stands at the top of a module, or is a `functools.partial` of such a one. It gets a table of documents, and the
            same rows of each sidecar, and gives for each document the reason to drop it, or nothing. A component that changes
            documents gives a table with the column `reason`, the columns that it changed, and counts under other names, which
            are summed over the documents kept (figure `changed`).
        step: where to write.
        label: what is done, for the progress.
        sidecars: artifacts with a row for each document: with a property `shards`, or beside the name of the folder that holds
            the tables, `(signals, "signals")`. A document whose row is empty (it could not be measured) is quarantined.

    Raises:
        InputError: a sidecar belongs to other documents, or more than `step.error_budget` of the documents were quarantined.
    """
    shards = of.shards
    beside = [sidecar_shards(each, shards) for each in sidecars]
    inputs = [
        (shard.relative_to(of.folder).as_posix(), str(shard), [str(each[number]) for each in beside])
        for number, shard in enumerate(shards)
    ]
    total = sum(pq.read_metadata(shard).num_rows for shard in shards)
    results = run_tasks(partial(_sift, decide), inputs, step=step, label=label, documents=total)
    accounts = Accounts()
    for result in results:
        accounts.add(result)
    accounts.check(total)
    step.figures["documents"] = accounts.total().figures()
    step.figures["bytes"] = {tag: each.bytes for tag, each in sorted(accounts.by_language.items())}
    step.figures["by_language"] = {tag: each.figures() for tag, each in sorted(accounts.by_language.items())}
    return Documents(step.out)


def sidecar_shards(sidecar: "Artifact | tuple[Artifact, str]", shards: Sequence[Path]) -> list[Path]:
    """The tables of a sidecar, one for each shard of the documents.

    Raises:
        InputError: there are not as many.
    """
    if isinstance(sidecar, tuple):
        artifact, name = sidecar
        found = sorted((artifact.folder / name).glob("*.parquet"))
    else:
        artifact, found = sidecar, list(getattr(sidecar, "shards"))  # noqa: B009 - each kind of sidecar has its own class
    if len(found) != len(shards):
        raise InputError(
            f"there are {len(found)} tables here, and the documents have {len(shards)}",
            where=artifact.folder,
            fix=_AGAIN,
        )
    return found


def _sift(decide: Decide, given: tuple[str, str, list[str]], out: Path) -> dict[str, Any]:
    name, shard, sidecars = given
    readers = [(RowReader(Path(each)), each) for each in sidecars]
    accounts = Accounts()
    with (
        TableWriter(out / name, SCHEMA, always=True) as kept,
        TableWriter(out / DROPPED_FOLDER / name, DROPPED_SCHEMA) as dropped,
    ):
        for documents in stretches(Path(shard), SCHEMA.names):
            beside = [_beside(documents, reader.take(len(documents)), path) for reader, path in readers]
            _sift_stretch(decide, documents.cast(SCHEMA), beside, kept, dropped, accounts)
    for reader, path in readers:
        if len(reader.take(1)):
            raise InputError(_OTHERS, where=path, fix=_AGAIN)
    return accounts.as_value()


def _beside(documents: pa.Table, found: pa.Table, path: str) -> pa.Table:
    if found["id"].cast(pa.string()).combine_chunks() != documents["id"].combine_chunks():
        raise InputError(_OTHERS, where=path, fix=_AGAIN)
    return found


def _sift_stretch(
    decide: Decide, documents: pa.Table, beside: list[pa.Table], kept: TableWriter, dropped: TableWriter, accounts: Accounts
) -> None:
    judged = by_document(documents, partial(_verdicts, decide), *beside)
    faulty = pa.array([row in judged.faults for row in range(len(documents))], type=pa.bool_())
    reasons = judged.values["reason"]
    changed = documents
    for column in (each for each in SCHEMA.names if each in judged.values.column_names):
        values = pc.if_else(faulty, documents[column], judged.values[column])
        changed = changed.set_column(SCHEMA.names.index(column), SCHEMA.field(column), values)
    kept.write(changed.filter(pc.and_(pc.is_null(reasons), pc.invert(faulty))))
    left = documents.append_column(DROPPED_SCHEMA.field("reason"), reasons)
    dropped.write(left.filter(pc.and_(pc.is_valid(reasons), pc.invert(faulty))))
    named = [each for each in judged.values.column_names if each not in (*SCHEMA.names, "reason")]
    sizes = pc.binary_length(changed["text"].cast(pa.large_binary())).to_pylist()
    tallies = {each: judged.values[each].to_pylist() for each in named}
    accounts.count(changed["language"].to_pylist(), sizes, reasons.to_pylist(), judged.faults, tallies)


def _verdicts(decide: Decide, documents: pa.Table, *beside: pa.Table) -> pa.Table:
    for each in beside:
        missing = [pc.is_null(each[name]) for name in each.column_names if name != "id"]
        if missing and pc.any(reduce(pc.and_, missing)).as_py():
            # the slice is halved until such a document stands alone
            raise InputError(_NOT_MEASURED)
    found = decide(documents, *beside)
    if isinstance(found, pa.Table):
        return found
    reasons = found if isinstance(found, pa.Array | pa.ChunkedArray) else pa.array(found, type=pa.string())
    return pa.table({"reason": reasons.cast(pa.string())})


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as every table of documents is written: the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.combine_chunks(), path, row_group_size=_ROW_GROUP, **PARQUET)
