"""Components `corpus.mask_personal` and `corpus.unmask_personal`."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import Artifact, InputError, Step
from panglot.corpus.documents import SCHEMA, Documents, DocumentWriter, document_id
from panglot.corpus.engine import by_document, run_tasks
from panglot.corpus.engine.sieve import write_table
from panglot.corpus.personal.finding import KINDS, Kind
from panglot.corpus.personal.masking import mask, unmask

ORIGINALS_FOLDER = "originals"
ORIGINALS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("originals", pa.string(), nullable=False),
    ]
)
_BATCH_ROWS = 1 << 12
_NOTHING = "{}"


class Originals(Artifact):
    """What stood in masked documents: a table beside each shard, row beside row.

    Columns: `id`, `originals` (JSON: placeholder to what stood there). It holds the personal data: keep it apart from what you
    give away.
    """

    @property
    def shards(self) -> list[Path]:
        """The Parquet files, in the order of the shards."""
        found = sorted(self.folder.glob("*.parquet"))
        if not found:
            raise InputError("there are no originals here", where=self.folder, fix="mask with keep_originals: true")
        return found

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows, one a document, in the order of the documents."""
        for shard in self.shards:
            for batch in pq.ParquetFile(shard).iter_batches(batch_size=_BATCH_ROWS):
                yield from batch.to_pylist()


class MaskedDocuments(Documents):
    """Documents with placeholders in place of personal data."""

    @property
    def originals(self) -> Originals:
        """What stood in them, where it was kept."""
        if not (self.folder / ORIGINALS_FOLDER).is_dir():
            raise InputError("the originals were not kept", where=self.folder, fix="mask with keep_originals: true")
        return Originals.open(self.folder / ORIGINALS_FOLDER)


def mask_personal(
    *,
    of: Documents,
    kinds: list[Kind] | None = None,
    keep_originals: bool = True,
    step: Step,
) -> MaskedDocuments:
    """Put placeholders (`<email-1>`) in place of personal data, in text of any script.

    Masked are e-mail addresses, URLs with credentials, IBANs and payment cards whose checksum is right, public IPv4 and IPv6
    addresses, and telephone numbers in international form. Equal items of a document get the same placeholder. Names of people
    are not looked for. Where the originals are kept, documents keep their `id`; else a document that was changed gets the
    `id` of its new content, since a hash of the old one could be used to guess a number.

    Args:
        of: documents.
        kinds: what to mask; all kinds without it.
        keep_originals: write what was masked to `originals/`, so that `corpus.unmask_personal` can put it back.
        step: where to write.
    """
    inputs = [(index, str(shard), shard.relative_to(of.folder).as_posix()) for index, shard in enumerate(of.shards)]
    work = partial(_mask_shard, kinds=KINDS if kinds is None else tuple(kinds), keep_originals=keep_originals)
    found: Counter[str] = Counter()
    by_language: dict[str, Counter[str]] = {}
    counts: Counter[str] = Counter()
    for figures in run_tasks(work, inputs, step=step, label="masking personal data", documents=len(of)):
        counts.update(figures["counts"])
        for tag, each in figures["by_language"].items():
            found.update(each)
            by_language.setdefault(tag, Counter()).update(each)
    step.figures.update(
        documents={name: counts[name] for name in ("in", "kept", "quarantined", "changed")},
        masked=dict(sorted(found.items())),
        by_language={tag: dict(sorted(each.items())) for tag, each in sorted(by_language.items())},
    )
    if keep_originals:
        step.note(f"{ORIGINALS_FOLDER}/ holds the personal data that was masked: leave it out of what you publish.")
    return MaskedDocuments(step.out)


def unmask_personal(*, of: Documents, originals: Originals, step: Step) -> Documents:
    """Put back what `corpus.mask_personal` masked. Documents may have been filtered or reordered meanwhile, but not changed.

    Args:
        of: masked documents, or some of them.
        originals: what stood in them, `$masked.originals`.
        step: where to write.

    Raises:
        InputError: two documents have the same `id` and different originals.
    """
    known: dict[str, str] = {}
    for row in originals.rows():
        if row["originals"] != _NOTHING and known.setdefault(row["id"], row["originals"]) != row["originals"]:
            raise InputError("two documents have the same id and different originals", where=row["id"])
    restored = 0
    for shard in of.shards:
        with DocumentWriter(step.out / shard.relative_to(of.folder)) as writer:
            for row in _rows(shard):
                said = json.loads(known.get(row["id"], _NOTHING))
                restored += bool(said)
                writer.row({**row, "text": unmask(row["text"], said)})
    step.figures["restored"] = restored
    return Documents(step.out)


def _mask_shard(given: tuple[int, str, str], out: Path, *, kinds: tuple[Kind, ...], keep_originals: bool) -> dict[str, Any]:
    index, shard, name = given
    documents = pq.read_table(shard, columns=SCHEMA.names).cast(SCHEMA)
    judged = by_document(documents, partial(_masked, kinds))
    sound = pa.array([row not in judged.faults for row in range(len(documents))], type=pa.bool_())
    by_language: dict[str, Counter[str]] = {}
    originals, ids = [], documents["id"].to_pylist()
    changed = 0
    for row, (language, said) in enumerate(zip(documents["language"].to_pylist(), judged.values, strict=True)):
        text, found = said or ("", {})
        originals.append(json.dumps(found, ensure_ascii=False))
        if found:
            changed += 1
            by_language.setdefault(language, Counter()).update(each[1:].partition("-")[0] for each in found)
            ids[row] = ids[row] if keep_originals else document_id(language, text)
    texts = pa.array([said[0] if said else "" for said in judged.values], type=pa.string())
    table = documents.set_column(0, SCHEMA.field("id"), pa.array(ids, type=pa.string()))
    table = table.set_column(1, SCHEMA.field("text"), texts).filter(sound)
    write_table(table, out / name)
    if keep_originals:
        beside = pa.table({"id": ids, "originals": originals}, schema=ORIGINALS_SCHEMA).filter(sound)
        write_table(beside, out / ORIGINALS_FOLDER / f"{index:05}.parquet")
    counts = {"in": len(documents), "kept": len(table), "quarantined": len(judged.faults), "changed": changed}
    return {"counts": counts, "by_language": {tag: dict(each) for tag, each in by_language.items()}}


def _masked(kinds: tuple[Kind, ...], documents: pa.Table) -> list[tuple[str, dict[str, str]]]:
    return [mask(text, kinds) for text in documents["text"].to_pylist()]


def _rows(shard: Path) -> Iterator[dict[str, Any]]:
    for batch in pq.ParquetFile(shard).iter_batches(batch_size=_BATCH_ROWS):
        yield from batch.to_pylist()
