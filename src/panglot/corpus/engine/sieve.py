"""Keeps some documents and drops the others, shard by shard, and accounts for every one of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from panglot.artifacts import Artifact, InputError, Step
from panglot.corpus.documents import DROPPED_FOLDER, SCHEMA, Documents
from panglot.corpus.engine.attempt import by_document
from panglot.corpus.engine.tasks import run_tasks

Decide = Callable[..., Any]
DROPPED_SCHEMA = pa.schema([*SCHEMA, pa.field("reason", pa.string(), nullable=False)])
_ROW_GROUP = 1 << 16
_NOT_MEASURED = "not measured"


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
    found: dict[str, _Account] = {}
    for result in results:
        for language, said in result.items():
            found.setdefault(language, _Account()).add(said)
    whole = _Account()
    for account in found.values():
        whole.add(account.figures() | {"bytes": account.bytes})
    if whole.given != total or not whole.balanced or not all(each.balanced for each in found.values()):
        raise AssertionError(f"{total} documents were given and {whole.figures()} are accounted for")
    step.figures["documents"] = whole.figures()
    step.figures["bytes"] = {language: found[language].bytes for language in sorted(found)}
    step.figures["by_language"] = {language: found[language].figures() for language in sorted(found)}
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
            fix="measure these documents again",
        )
    return found


def read_beside(documents: pa.Table, sidecar: Path) -> pa.Table:
    """A table of a sidecar, whose column `id` must be that of the documents.

    Raises:
        InputError: it belongs to other documents.
    """
    found = pq.read_table(sidecar)
    if found["id"].cast(pa.string()).combine_chunks() != documents["id"].combine_chunks():
        raise InputError("this table belongs to other documents", where=sidecar, fix="measure these documents again")
    return found


def _sift(decide: Decide, given: tuple[str, str, list[str]], out: Path) -> dict[str, Any]:
    name, shard, sidecars = given
    documents = pq.read_table(shard, columns=SCHEMA.names).cast(SCHEMA)
    beside = [read_beside(documents, Path(each)) for each in sidecars]
    judged = by_document(documents, partial(_verdicts, decide), *beside)
    faulty = pa.array([row in judged.faults for row in range(len(documents))], type=pa.bool_())
    reasons = judged.values["reason"]
    changed = documents
    for column in (each for each in SCHEMA.names if each in judged.values.column_names):
        values = pc.if_else(faulty, documents[column], judged.values[column])
        changed = changed.set_column(SCHEMA.names.index(column), SCHEMA.field(column), values)
    kept = pc.and_(pc.is_null(reasons), pc.invert(faulty))
    dropped = pc.and_(pc.is_valid(reasons), pc.invert(faulty))
    write_table(changed.filter(kept).cast(SCHEMA), out / name)
    if pc.any(dropped).as_py():
        left = documents.append_column(DROPPED_SCHEMA.field("reason"), reasons).filter(dropped)
        write_table(left.cast(DROPPED_SCHEMA), out / DROPPED_FOLDER / name)
    tallies = {
        each: judged.values[each].to_pylist() for each in judged.values.column_names if each not in (*SCHEMA.names, "reason")
    }
    sizes = pc.binary_length(changed["text"].cast(pa.large_binary())).to_pylist()
    return _count(changed["language"].to_pylist(), sizes, reasons.to_pylist(), judged.faults, tallies)


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
    pq.write_table(
        table.combine_chunks(), path, compression="zstd", compression_level=3, version="2.6", row_group_size=_ROW_GROUP
    )


class _Account:
    """Documents that came in, and what became of them."""

    def __init__(self) -> None:
        self.given = self.kept = self.quarantined = 0
        self.dropped: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()
        self.bytes = 0

    def add(self, said: dict[str, Any]) -> None:
        self.given += said["in"]
        self.kept += said["kept"]
        self.quarantined += said["quarantined"]
        self.dropped.update(said["dropped"])
        self.changed.update(said.get("changed", {}))
        self.bytes += said["bytes"]

    @property
    def balanced(self) -> bool:
        return self.given == self.kept + self.dropped.total() + self.quarantined

    def figures(self) -> dict[str, Any]:
        dropped = dict(sorted(self.dropped.items()))
        found: dict[str, Any] = {"in": self.given, "kept": self.kept, "dropped": dropped, "quarantined": self.quarantined}
        return found | ({"changed": dict(sorted(self.changed.items()))} if self.changed else {})


def _count(
    languages: list[str],
    sizes: list[int],
    reasons: list[str | None],
    faults: dict[int, str],
    tallies: dict[str, list[int | None]],
) -> dict[str, Any]:
    found: dict[str, _Account] = {}
    for row, (language, reason) in enumerate(zip(languages, reasons, strict=True)):
        account = found.setdefault(language, _Account())
        account.given += 1
        if row in faults:
            account.quarantined += 1
        elif reason is not None:
            account.dropped[reason] += 1
        else:
            account.kept += 1
            account.bytes += sizes[row]
            for name, values in tallies.items():
                account.changed[name] += int(values[row] or 0)
    return {language: account.figures() | {"bytes": account.bytes} for language, account in found.items()}
