"""From runs to clusters: candidates band by band, verified, then united.

Documents with the same hash in a band are a bucket. Its first document is compared with all others by their sketches; those
that are like enough are united with it, and the others are a smaller bucket, with a first document of its own. So a bucket of
m alike documents costs m − 1 comparisons and not m². Two documents end in one cluster when a chain of such pairs joins them.

What a task reads is the slice of one band whose hashes lie in a range, so that memory is set by the range. The edges that a
task finds depend on nothing else, and the parts of a graph do not depend on the order of its edges: the clusters are the same
for any number of workers.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.duplicates.runs import Run, in_order

_RANGE_DOCUMENTS = 1 << 19
_COMPARED = 1 << 15
_CHUNK = 1 << 18
_ROUNDS = 32


@dataclass(frozen=True)
class Range:
    """A band, and a range of its hashes.

    Attributes:
        runs: a file with all runs, as `write_runs` made it.
        known: documents before this place are in indexes; a bucket of such documents alone is of no interest.
        enough: how many bytes of two sketches must be equal.
        low, high: the hashes from `low` to `high`, both included.
    """

    runs: str
    known: int
    enough: int
    band: int
    number: int
    low: int
    high: int


def write_runs(path: Path, runs: Sequence[Run]) -> None:
    """Write down where runs lie, for tasks to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([[each.path, each.first, each.count] for each in runs]), encoding="utf-8")


def ranges(runs_file: Path, documents: int, *, bands: int, known: int, enough: int) -> list[Range]:
    """The inputs of `find_edges`: for every band as many ranges as keep one at about half a million documents."""
    count = max(1, -(-documents // _RANGE_DOCUMENTS))
    bounds = [(each << 64) // count for each in range(count + 1)]
    return [
        Range(str(runs_file), known, enough, band, number, bounds[number], bounds[number + 1] - 1)
        for band in range(bands)
        for number in range(count)
    ]


def find_edges(given: Range, out: Path) -> dict[str, Any]:
    """A task: the pairs of like documents among the candidates of a range, `out/edges/BAND-NUMBER.npy`, int64 [pairs, 2].

    Returns:
        `{"edges": …, "compared": …}`.
    """
    runs = [Run(*each) for each in json.loads(Path(given.runs).read_text(encoding="utf-8"))]
    hashes, documents = _slice(runs, given)
    bucket, documents = _buckets(hashes, documents, given.known)
    sketches = _Sketches(runs)
    found: list[NDArray[np.int64]] = []
    compared = 0
    for _ in range(_ROUNDS):
        if not len(bucket):
            break
        begins = np.concatenate([[True], bucket[1:] != bucket[:-1]])
        leaders = documents[begins][np.cumsum(begins) - 1]
        others = np.flatnonzero(~begins)
        alike = np.empty(len(others), dtype=bool)
        for first in range(0, len(others), _COMPARED):
            some = others[first : first + _COMPARED]
            equal = (sketches[leaders[some]] == sketches[documents[some]]).sum(axis=1, dtype=np.int32)
            alike[first : first + _COMPARED] = equal >= given.enough
        compared += len(others)
        found.append(np.stack([leaders[others[alike]], documents[others[alike]]], axis=1))
        left = others[~alike]
        bucket, documents = bucket[left], documents[left]
        keep = _shared(bucket)
        bucket, documents = bucket[keep], documents[keep]
    edges = np.concatenate([np.zeros((0, 2), dtype=np.int64), *found])
    path = out / "edges" / f"{given.band:03}-{given.number:05}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, edges, allow_pickle=False)
    return {"edges": len(edges), "compared": compared}


def _slice(runs: Sequence[Run], given: Range) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The hashes of a range and their documents, sorted by hash and then document."""
    hashes, documents = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    for run in runs:
        if run.count:
            band = run.hashes[given.band]
            first = int(np.searchsorted(band, np.uint64(given.low)))
            last = int(np.searchsorted(band, np.uint64(given.high), side="right"))
            hashes.append(np.array(band[first:last]))
            documents.append(run.rows[given.band][first:last].astype(np.int64) + run.first)
    found, rows = np.concatenate(hashes), np.concatenate(documents)
    # runs come in the order of their documents and equal hashes stay as they stand: so the documents of a bucket are in order
    order = in_order(found)
    return found[order], rows[order]


def _shared(bucket: NDArray[Any]) -> NDArray[np.int64]:
    """Places of those that have another one in their bucket; buckets are sorted."""
    same = bucket[1:] == bucket[:-1]
    wanted = np.zeros(len(bucket), dtype=bool)
    wanted[1:] |= same
    wanted[:-1] |= same
    return np.flatnonzero(wanted)


def _buckets(
    hashes: NDArray[np.uint64], documents: NDArray[np.int64], known: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of buckets with several documents, one of them new at least, and their documents."""
    keep = _shared(hashes)
    hashes, documents = hashes[keep], documents[keep]
    bucket = np.cumsum(np.concatenate([[True], hashes[1:] != hashes[:-1]])) - 1 if len(hashes) else np.zeros(0, np.int64)
    if known and len(bucket):
        fresh = np.zeros(int(bucket[-1]) + 1, dtype=bool)
        fresh[bucket[documents >= known]] = True
        bucket, documents = bucket[fresh[bucket]], documents[fresh[bucket]]
    return bucket, documents


class _Sketches:
    """Sketches by the places of documents. Files are mapped anew each time: a page that was read once need not stay."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = [each for each in runs if each.count]
        self._first = np.array([each.first for each in self._runs])

    def __getitem__(self, documents: NDArray[np.int64]) -> NDArray[np.uint8]:
        which = np.searchsorted(self._first, documents, side="right") - 1
        parts, order = [], np.argsort(which, kind="stable")
        for some in np.split(order, np.flatnonzero(np.diff(which[order])) + 1):
            run = self._runs[int(which[some[0]])]
            parts.append(Run(run.path, run.first, run.count).sketches[documents[some] - run.first])
        found = np.empty((len(documents), parts[0].shape[1]), dtype=np.uint8)
        found[order] = np.concatenate(parts)
        return found


def united(count: int, edges: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The smallest document that is joined with each document by a chain of edges, int64 [count].

    Memory is 8 bytes a document and what a chunk of edges takes.

    Args:
        count: documents.
        edges: arrays [pairs, 2], in any order.

    Example:
        >>> united(6, [np.array([[4, 5], [1, 2]]), np.array([[2, 4]])]).tolist()
        [0, 1, 1, 3, 1, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    parents = np.arange(count, dtype=np.int64)
    for each in edges:
        for first in range(0, len(each), _CHUNK):
            some = np.asarray(each[first : first + _CHUNK])
            nodes, places = np.unique(_roots(parents, some.ravel()), return_inverse=True)
            pairs = places.reshape(-1, 2)
            graph = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(len(nodes), len(nodes)))
            number, parts = connected_components(graph, directed=False)
            smallest = np.full(number, count, dtype=np.int64)
            np.minimum.at(smallest, parts, nodes)
            parents[nodes] = smallest[parts]
    return _roots(parents, np.arange(count))


def _roots(parents: NDArray[np.int64], nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    found = parents[nodes]
    while True:
        above = parents[found]
        if np.array_equal(above, found):
            break
        found = above
    parents[nodes] = found
    return found
