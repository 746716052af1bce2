"""Component `corpus.rehydrate`: how often to repeat each document, by the size of its cluster."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from panglot.artifacts import Artifact, InputError, Step
from panglot.corpus.documents import Documents
from panglot.corpus.duplicates.clusters import Clusters
from panglot.corpus.duplicates.repetitions import SIMPLE_TABLE, SizeRates, looked_up

REPETITIONS_FOLDER = "repetitions"
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("cluster_size", pa.int64(), nullable=False),
        pa.field("repetitions", pa.int32(), nullable=False),
    ]
)


class Rates(BaseModel):
    """Repeat more of those sizes of which filters removed less.

    Attributes:
        maximum: the most repetitions; FineWeb2 publishes tables for 3 to 10.
        tail: sizes from the first one with fewer documents than this (before filters) are taken together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["rates"] = "rates"
    maximum: Annotated[int, Field(ge=1, le=100)] = 10
    tail: Annotated[int, Field(ge=1)] = 100


class FixedTable(BaseModel):
    """The same repetitions for every language.

    Attributes:
        table: repetitions by the least cluster size to which they apply.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["table"] = "table"
    table: dict[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=0)]] = Field(default_factory=lambda: dict(SIMPLE_TABLE))


Weighting = Annotated[Rates | FixedTable, Field(discriminator="method")]


class Repetitions(Artifact):
    """How often to repeat each document: a table beside each shard. Columns `id`, `cluster_size`, `repetitions`."""

    @property
    def shards(self) -> list[Path]:
        """The tables, one a shard of the documents."""
        return sorted((self.folder / REPETITIONS_FOLDER).glob("*.parquet"))

    @cached_property
    def growth(self) -> float:
        """Documents with repetitions over documents."""
        rows = total = 0
        for shard in self.shards:
            column = pq.read_table(shard, columns=["repetitions"])["repetitions"]
            rows, total = rows + len(column), total + (pc.sum(column).as_py() or 0)
        return total / rows if rows else 1.0


def rehydrate(
    *,
    of: Documents,
    clusters: Clusters,
    before: Documents | None = None,
    weights: Weighting = Rates(),  # noqa: B008 - frozen
    step: Step,
) -> Repetitions:
    """Say how often to repeat each document that deduplication and filters left, as FineWeb2's rehydration does.

    With `method: rates`, the share that the filters removed is counted for each language and cluster size: what they removed
    least is repeated up to `maximum` times, what they removed as much as the average not at all (see `repetitions`). With
    `method: table` the size alone decides.

    Args:
        of: documents after deduplication and filters. Their ids must be those of the documents of which the clusters were made:
            make the weights before a step that changes texts.
        clusters: from `corpus.near_duplicates`, before deduplication.
        before: documents after deduplication and before filters; needed for `method: rates`.
        weights: how repetitions are found.
        step: where to write `repetitions/`.

    Raises:
        InputError: `before` is missing, or no document of `of` is in the clusters.
    """
    if isinstance(weights, Rates) and before is None:
        raise InputError(
            "to count what filters removed, the documents before the filters are needed",
            where="before",
            fix="give before: $deduplicated, or weights: {method: table}",
        )
    sizes = _Sizes(clusters)
    after = _count(of, sizes)
    if not sizes.met and of.counts:
        raise InputError(
            "none of these documents is in the clusters",
            where=clusters.folder,
            fix="make the weights before a step that changes texts",
        )
    tables: dict[str, dict[int, int]] = {}
    figures: dict[str, Any] = {}
    removed = _count(before, sizes) if before is not None else {}
    for language, counted in after.items():
        if isinstance(weights, Rates):
            rates = SizeRates.of(removed.get(language, {}), counted, tail=weights.tail)
            tables[language] = rates.table(weights.maximum)
            figures[language] = {"removed": round(rates.removed_of_all, 4), "removed_by_size": _rounded(rates)}
        else:
            tables[language] = dict(weights.table)
            figures[language] = {}
    documents: Counter[str] = Counter()
    grown: Counter[str] = Counter()
    with step.progress("weighing documents", total=len(of.shards)) as progress:
        for number, shard in enumerate(progress.track(of.shards)):
            table = pq.read_table(shard, columns=["id", "language"])
            size = sizes.find(table["id"])
            languages = table["language"].to_pylist()
            times = [looked_up(tables[each], one) for each, one in zip(languages, size.tolist(), strict=True)]
            documents.update(languages)
            for each, one in zip(languages, times, strict=True):
                grown[each] += one
            path = step.out / REPETITIONS_FOLDER / f"{number:05}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            columns = {
                "id": table["id"].combine_chunks(),
                "cluster_size": pa.array(size),
                "repetitions": pa.array(times, pa.int32()),
            }
            pq.write_table(pa.table(columns, schema=SCHEMA), path, compression="zstd", version="2.6")
    step.figures["by_language"] = {
        tag: {
            **figures[tag],
            "table": {str(size): times for size, times in tables[tag].items()},
            "documents": documents[tag],
            "growth": round(grown[tag] / documents[tag], 4),
        }
        for tag in sorted(documents)
    }
    step.figures["growth"] = round(grown.total() / documents.total(), 4) if documents else 1.0
    return Repetitions(step.out)


def _rounded(rates: SizeRates) -> dict[str, float]:
    return {str(size): round(rate, 4) for size, rate in zip(rates.sizes, rates.removed, strict=True)}


class _Sizes:
    """Cluster sizes by id; documents that are alone take no memory."""

    def __init__(self, clusters: Clusters) -> None:
        self.met = False
        keys, sizes, alone = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
        for shard in clusters.shards:
            table = pq.read_table(shard, columns=["id", "cluster_size"])
            several = table.filter(pc.fill_null(pc.greater(table["cluster_size"], 1), False))
            keys.append(_keys(several["id"]))
            sizes.append(several["cluster_size"].to_numpy())
            if not alone[-1].size:
                alone.append(_keys(table["id"].slice(0, 1 << 16)))
        found = np.concatenate(keys)
        self._keys, first = np.unique(found, return_index=True)
        self._sizes = np.concatenate(sizes)[first]
        self._sample = np.unique(np.concatenate(alone))

    def find(self, ids: pa.ChunkedArray) -> NDArray[np.int64]:
        """The size of each document's cluster, int64; 1 for one that is in none."""
        keys = _keys(ids)
        self.met = self.met or bool(np.isin(keys, self._sample).any())
        if not len(self._keys):
            return np.ones(len(keys), dtype=np.int64)
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = self._keys[place] == keys
        self.met = self.met or bool(known.any())
        return np.where(known, self._sizes[place], 1)


def _keys(ids: pa.ChunkedArray) -> NDArray[np.uint64]:
    found = ids.to_pylist()
    return np.fromiter((xxhash.xxh3_64_intdigest(each) for each in found), np.uint64, len(found))


def _count(of: Documents, sizes: _Sizes) -> dict[str, Mapping[int, int]]:
    """Documents by language and cluster size."""
    found: dict[str, Counter[int]] = {}
    for table in _tables(of):
        size = sizes.find(table["id"])
        for language, one in zip(table["language"].to_pylist(), size.tolist(), strict=True):
            found.setdefault(language, Counter())[one] += 1
    return dict(found)


def _tables(of: Documents) -> Iterator[pa.Table]:
    for shard in of.shards:
        yield pq.read_table(shard, columns=["id", "language"])
