"""Clusters of duplicates, and indexes against which later documents are compared."""

import json
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from panglot.artifacts import Artifact, InputError
from panglot.corpus.duplicates.runs import Likeness, likeness_of

CLUSTERS_FOLDER = "clusters"
INDEX_FILE = "index.json"
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("cluster", pa.string()),
        pa.field("cluster_size", pa.int64()),
        pa.field("keep", pa.bool_()),
        pa.field("longest", pa.bool_()),
        pa.field("known", pa.string()),
    ]
)


class Clusters(Artifact):
    """Which documents are duplicates of each other: a table beside each shard of the documents, a row a document.

    Columns: `id`; `cluster`, the id of the first document of the cluster; `cluster_size`, documents in it, those of indexes
    counted; `keep`, whether it is the first one and in no index; `longest`, whether its text is the longest of the cluster (the
    first of several) and no document of the cluster is in an index; `known`, the name of the index that holds the first
    document of the cluster, or nothing. A document that could not be read has only its `id`.
    """

    @property
    def shards(self) -> list[Path]:
        """The tables, one a shard of the documents."""
        found = sorted((self.folder / CLUSTERS_FOLDER).glob("*.parquet"))
        if not found:
            raise InputError("there are no clusters here", where=self.folder)
        return found

    @cached_property
    def sizes(self) -> dict[int, int]:
        """Number of clusters by size, of those whose first document is one of these documents."""
        found: Counter[int] = Counter()
        for shard in self.shards:
            table = pq.read_table(shard, columns=["cluster_size", "keep"])
            for each in pc.value_counts(table["cluster_size"].filter(table["keep"].fill_null(False))):
                found[each["values"].as_py()] += each["counts"].as_py()
        return dict(sorted(found.items()))


class DuplicateIndex(Artifact):
    """What is kept of documents so that later ones are compared with them: hashes, sketches and ids; no text.

    A near one takes 28 · 12 + 512 + 40 bytes a document with the default setting.
    """

    @cached_property
    def _facts(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / INDEX_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError("there is no index of duplicates here", where=self.folder) from error
        return found

    @property
    def name(self) -> str:
        """By which the index is known in clusters."""
        return str(self._facts["name"])

    @property
    def likeness(self) -> Likeness:
        """How its documents are compared."""
        return likeness_of(self._facts["likeness"])

    @property
    def runs(self) -> list[tuple[Path, int]]:
        """Path and number of documents of each run."""
        return [(self.folder / "runs" / name, count) for name, count in self._facts["runs"]]

    def __len__(self) -> int:
        return sum(count for _, count in self.runs)


def write_index(folder: Path, name: str, likeness: Likeness, runs: list[tuple[str, int]]) -> None:
    """Write what describes an index."""
    said = {"format": 1, "name": name, "likeness": likeness.as_value(), "runs": runs}
    (folder / INDEX_FILE).write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
