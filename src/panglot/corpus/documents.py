"""Documents on disk: a Parquet file, or a folder of numbered ones, one row a document."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from panglot.artifacts import Artifact, InputError, digest_bytes

DOCUMENTS_FILE = "documents.parquet"
SHARDS_FOLDER = "documents"
DROPPED_FOLDER = "dropped"
UNDETERMINED = "und"
"""The language of a document whose language nobody said."""
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("meta", pa.string()),
    ]
)
PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "use_dictionary": ["language", "source", "reason"],
}
"""How tables of documents are written. A dictionary of texts, of which hardly one repeats, would only cost time."""
_ROW_GROUP = 1 << 16
_BATCH_ROWS = 1 << 13
_BATCH_CHARACTERS = 1 << 24


def document_id(language: str, text: str) -> str:
    """Content hash of a document: XXH3-128 of language and text, in hexadecimal.

    Example:
        >>> len(document_id("hsb_Latn", "Dobry dźeń"))
        32
    """
    return digest_bytes(f"{language}\t{text}".encode())


class DocumentWriter:
    """Writes documents row by row with memory set by the batch. The same rows give the same bytes.

    Example:
        >>> import tempfile
        >>> with DocumentWriter(Path(tempfile.mkdtemp()) / "documents.parquet") as writer:
        ...     writer.document("Witajće!", "hsb_Latn", source="example")
        >>> writer.count
        1
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._rows: list[Mapping[str, Any]] = []
        self._characters = 0
        self.count = 0
        self._writer = pq.ParquetWriter(path, SCHEMA, **PARQUET)

    def document(self, text: str, language: str, *, source: str, url: str | None = None, meta: str | None = None) -> None:
        """Add one document; its `id` is made from its content."""
        found = {"id": document_id(language, text), "text": text, "language": language, "source": source}
        self.row({**found, "url": url, "meta": meta})

    def row(self, row: Mapping[str, Any]) -> None:
        """Add one row that has every column of the schema."""
        self._rows.append(row)
        self._characters += len(row["text"])
        self.count += 1
        if len(self._rows) >= _ROW_GROUP or self._characters >= _BATCH_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = {name: [row[name] for row in self._rows] for name in SCHEMA.names}
            self._writer.write_table(pa.table(columns, schema=SCHEMA))
            self._rows, self._characters = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._flush()
        self._writer.close()


class Documents(Artifact):
    """Documents of one or many languages; `datasets.load_dataset("parquet", data_files=...)` reads the file too.

    Columns: `id` (content hash), `text`, `language` (a tag such as `hsb_Latn`, or `und`), `source`, `url`, `meta` (JSON).

    A small table is one file, `documents.parquet`; a large one is `documents/00000.parquet`, `documents/00001.parquet`, …

    A component that leaves documents out keeps them under `dropped/`, in the same layout, with one more column, `reason`.
    """

    @property
    def path(self) -> Path:
        """The Parquet file of a small table."""
        return self.folder / DOCUMENTS_FILE

    @property
    def shards(self) -> list[Path]:
        """The Parquet files, in the order of the documents."""
        if self.path.is_file():
            return [self.path]
        found = sorted((self.folder / SHARDS_FOLDER).glob("*.parquet"))
        if not found:
            raise InputError("there are no documents here: documents.parquet is missing", where=self.folder)
        return found

    @property
    def dropped(self) -> "Documents | None":
        """What the component that wrote these left out, with the column `reason`; None where it left nothing out."""
        place = Documents(self.folder / DROPPED_FOLDER)
        return place if place.path.is_file() or (place.folder / SHARDS_FOLDER).is_dir() else None

    @cached_property
    def counts(self) -> dict[str, int]:
        """Documents of each language, by tag, sorted."""
        found: Counter[str] = Counter()
        for batch in self._batches(["language"]):
            for each in pc.value_counts(batch["language"]):
                found[each["values"].as_py()] += each["counts"].as_py()
        return dict(sorted(found.items()))

    @cached_property
    def bytes(self) -> dict[str, int]:
        """UTF-8 bytes of the texts of each language, by tag, sorted."""
        found: Counter[str] = Counter()
        for batch in self._batches(["text", "language"]):
            sizes = pa.table({"language": batch["language"], "bytes": pc.binary_length(batch["text"].cast(pa.binary()))})
            for each in sizes.group_by("language").aggregate([("bytes", "sum")]).to_pylist():
                found[each["language"]] += each["bytes_sum"]
        return dict(sorted(found.items()))

    @property
    def languages(self) -> list[str]:
        """Tags, sorted."""
        return list(self.counts)

    def __len__(self) -> int:
        return sum(self.counts.values())

    def texts(self, language: str | None = None) -> Iterator[str]:
        """The texts of one language, or of all, in the order of the table; memory is set by the batch."""
        for batch in self._batches(["text", "language"]):
            found = batch if language is None else batch.filter(pc.equal(batch["language"], language))
            yield from found["text"].to_pylist()

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows in the order of the table; memory is set by the batch."""
        for batch in self._batches(SCHEMA.names):
            yield from batch.to_pylist()

    def _batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        for shard in self.shards:
            yield from pq.ParquetFile(shard).iter_batches(batch_size=_BATCH_ROWS, columns=columns)


class TextSplit(Artifact):
    """Documents to learn from and documents to measure with, without a text that stands in both."""

    @property
    def train(self) -> Documents:
        """Documents to learn from."""
        return Documents.open(self.folder / "train")

    @property
    def test(self) -> Documents:
        """Documents to measure with."""
        return Documents.open(self.folder / "test")
