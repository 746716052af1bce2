"""Sentence pairs on disk: one Parquet file, one row a pair."""

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

PAIRS_FILE = "pairs.parquet"
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source_text", pa.string(), nullable=False),
        pa.field("target_text", pa.string(), nullable=False),
        pa.field("source_language", pa.string(), nullable=False),
        pa.field("target_language", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("score", pa.float64()),
    ]
)
_ROW_GROUP = 1 << 16
_BATCH_ROWS = 1 << 13
_BATCH_CHARACTERS = 1 << 24


def pair_id(source_language: str, target_language: str, source_text: str, target_text: str) -> str:
    """Content hash of a pair: XXH3-128 of both languages and both texts, in hexadecimal.

    Example:
        >>> len(pair_id("hsb_Latn", "eng_Latn", "Dobry dźeń", "Good day"))
        32
    """
    # The length says where one text ends, so that no other pair gives the same bytes.
    return digest_bytes(f"{source_language}\t{target_language}\t{len(source_text)}\t{source_text}{target_text}".encode())


class PairWriter:
    """Writes a table row by row with memory set by the batch. The same rows give the same bytes.

    Example:
        >>> import tempfile
        >>> with PairWriter(Path(tempfile.mkdtemp()) / "pairs.parquet") as writer:
        ...     writer.pair("Witajće!", "Welcome!", "hsb_Latn", "eng_Latn", origin="example")
        >>> writer.count
        1
    """

    def __init__(self, path: Path, schema: pa.Schema = SCHEMA) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._names: list[str] = schema.names
        self._schema = schema
        self._rows: list[Mapping[str, Any]] = []
        self._characters = 0
        self.count = 0
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=3, version="2.6")

    def pair(
        self,
        source_text: str,
        target_text: str,
        source_language: str,
        target_language: str,
        *,
        origin: str,
        score: float | None = None,
    ) -> None:
        """Add one pair; its `id` is made from its content."""
        self.row(
            {
                "id": pair_id(source_language, target_language, source_text, target_text),
                "source_text": source_text,
                "target_text": target_text,
                "source_language": source_language,
                "target_language": target_language,
                "origin": origin,
                "score": score,
            }
        )

    def row(self, row: Mapping[str, Any]) -> None:
        """Add one row that has every column of the schema."""
        self._rows.append(row)
        self._characters += len(row["source_text"]) + len(row["target_text"])
        self.count += 1
        if len(self._rows) >= _ROW_GROUP or self._characters >= _BATCH_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = {name: [row[name] for row in self._rows] for name in self._names}
            self._writer.write_table(pa.table(columns, schema=self._schema))
            self._rows, self._characters = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._flush()
        self._writer.close()


class Pairs(Artifact):
    """Sentence pairs; `datasets.load_dataset("parquet", data_files=...)` reads `pairs.parquet` too.

    Columns: `id` (content hash), `source_text`, `target_text`, `source_language`, `target_language` (tags such as
    `hsb_Latn`; the source is the language being taught, the target is the pivot), `origin` (file or package), `score`
    (may be null). One table may hold several source languages.
    """

    @property
    def path(self) -> Path:
        """The Parquet file."""
        path = self.folder / PAIRS_FILE
        if not path.is_file():
            raise InputError(f"this folder holds no {PAIRS_FILE}", where=self.folder)
        return path

    def table(self) -> pa.Table:
        """All rows, in memory."""
        return pq.read_table(self.path, partitioning=None)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One dictionary a row, in order, with memory set by the batch."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                yield from batch.to_pylist()

    @cached_property
    def counts(self) -> dict[str, int]:
        """Source language to number of pairs, sorted by language."""
        found: Counter[str] = Counter()
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(columns=["source_language"]):
                for each in pc.value_counts(batch.column(0)).to_pylist():
                    found[each["values"]] += each["counts"]
        return dict(sorted(found.items()))

    @property
    def pivots(self) -> list[str]:
        """Tags of the target languages, sorted; usually one."""
        column = pq.read_table(self.path, columns=["target_language"], partitioning=None).column(0)
        return sorted(column.unique().to_pylist())

    @property
    def languages(self) -> list[str]:
        """Tags of the source languages, sorted."""
        return list(self.counts)

    def __len__(self) -> int:
        return int(pq.read_metadata(self.path).num_rows)

    def __bool__(self) -> bool:
        return True


class Split(Artifact):
    """Pairs to learn from and pairs to measure with, without a string that stands in both."""

    @property
    def train(self) -> Pairs:
        """Pairs to learn from."""
        return Pairs.open(self.folder / "train")

    @property
    def test(self) -> Pairs:
        """Pairs to measure with."""
        return Pairs.open(self.folder / "test")


def write_pairs(folder: Path, table: pa.Table) -> Pairs:
    """Write a table of pairs; a missing `id` is computed, a missing `score` is null, a missing `origin` is empty.

    Args:
        folder: made when it is absent.
        table: with the columns `source_text`, `target_text`, `source_language` and `target_language`.

    Raises:
        InputError: a column is missing.

    Example:
        >>> import tempfile
        >>> table = pa.table({"source_text": ["ក"], "target_text": ["k"], "source_language": ["khm_Khmr"],
        ...                   "target_language": ["eng_Latn"]})
        >>> pairs = write_pairs(Path(tempfile.mkdtemp()), table)
        >>> pairs.counts, len(pairs)
        ({'khm_Khmr': 1}, 1)
    """
    needed = ["source_text", "target_text", "source_language", "target_language"]
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise InputError(f"a table of pairs lacks {', '.join(missing)}", fix=f"give the columns {', '.join(needed)}")
    with PairWriter(folder / PAIRS_FILE) as writer:
        for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
            for row in batch.to_pylist():
                writer.pair(*(row[name] for name in needed), origin=row.get("origin") or "", score=row.get("score"))
    return Pairs(folder)
