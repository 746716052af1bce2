"""Writes documents into numbered tables that are cut by their content alone."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from panglot.corpus.documents import DOCUMENTS_FILE, SHARDS_FOLDER, DocumentWriter, document_id

SHARD_DOCUMENTS = 20_000
SHARD_CHARACTERS = 32 << 20


class ShardWriter:
    """Writes documents into `00000.parquet`, `00001.parquet`, …: a new one after 20,000 documents or 32 Mi characters.

    Args:
        folder: where the tables go.
        prefix: stands before each number.

    Attributes:
        names: the tables written, in order; none where no document was.
        count: documents written.
    """

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self._folder, self._prefix = folder, prefix
        self._writer: DocumentWriter | None = None
        self._characters = 0
        self.names: list[str] = []
        self.count = 0

    def document(self, text: str, language: str, *, source: str, url: str | None = None, meta: str | None = None) -> None:
        """Add one document; its `id` is made from its content."""
        if self._writer is not None and (
            self._writer.count >= SHARD_DOCUMENTS or self._characters + len(text) > SHARD_CHARACTERS
        ):
            self._close()
        if self._writer is None:
            self.names.append(f"{self._prefix}{len(self.names):05}.parquet")
            self._writer = DocumentWriter(self._folder / self.names[-1])
            self._characters = 0
        row = {"id": document_id(language, text), "text": text, "language": language, "source": source}
        self._writer.row({**row, "url": url, "meta": meta})
        self._characters += len(text)
        self.count += 1

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()


def number_shards(folder: Path, names: Sequence[str]) -> None:
    """Give the tables under `folder/documents` their final names: numbers in this order; a single one stands at the top."""
    place = folder / SHARDS_FOLDER
    if len(names) == 1:
        (place / names[0]).replace(folder / DOCUMENTS_FILE)
        place.rmdir()
        return
    for number, name in enumerate(names):
        (place / name).replace(place / f"{number:05}.parquet")
