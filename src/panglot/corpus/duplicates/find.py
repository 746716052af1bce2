"""Components `corpus.exact_duplicates`, `corpus.near_duplicates` and `corpus.duplicate_index`."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.corpus.duplicates.clustering import find_edges, ranges, united, write_runs
from panglot.corpus.duplicates.clusters import CLUSTERS_FOLDER, SCHEMA, Clusters, DuplicateIndex, write_index
from panglot.corpus.duplicates.minhash import MinHash
from panglot.corpus.duplicates.runs import Kind, Likeness, Run, make_runs, placed, run_inputs
from panglot.corpus.engine import run_tasks

_WORK = ".work"
Words = Annotated[int, Field(ge=1, le=100)]
Bands = Annotated[int, Field(ge=1, le=256)]
Rows = Annotated[int, Field(ge=1, le=64)]
Extra = Annotated[int, Field(ge=0, le=256)]


def exact_duplicates(
    *, of: Documents, against: list[DuplicateIndex] | None = None, across: bool = False, step: Step
) -> Clusters:
    """Find documents with the same normal form: case, punctuation, spaces and ways to encode a character do not count.

    A document without a letter or a digit is a duplicate of one with the same bytes. Two documents are taken for equal when 128
    bits of their hashes are.

    Args:
        of: documents.
        against: indexes of older documents (`corpus.duplicate_index` with `kind: exact`); their duplicates are not kept.
        across: find duplicates in documents of different languages too.
        step: where to write `clusters/`.
    """
    return _find(of, against or [], Likeness("exact", MinHash(), across), 1.0, step)


def near_duplicates(
    *,
    of: Documents,
    against: list[DuplicateIndex] | None = None,
    across: bool = False,
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.75,
    words: Words = 5,
    bands: Bands = 14,
    rows: Rows = 8,
    extra: Extra = 14,
    step: Step,
) -> Clusters:
    """Find documents that share most of their windows of five words: MinHash, with FineWeb2's bands.

    A pair is a candidate with probability 1 − (1 − J^rows)^(bands + extra), where J is the Jaccard similarity of the two sets
    of shingles; a candidate counts when J as the sketches estimate it reaches the threshold. Other tools take every candidate,
    so that pages which have a menu in common are chained to one cluster; `threshold: 0` with `extra: 0` does the same here.

    Args:
        of: documents.
        against: indexes of older documents (`corpus.duplicate_index`), made with the same setting; duplicates of theirs are not
            kept.
        across: find duplicates in documents of different languages too.
        threshold: least Jaccard similarity.
        words: words in a window; in scripts without spaces eight or twenty characters for five words.
        bands: bands of the signature.
        rows: values in a band.
        extra: further bands; they find more, and candidates are verified.
        step: where to write `clusters/`.

    Raises:
        InputError: an index was made with another setting.
    """
    setting = MinHash(words=words, bands=bands, rows=rows, extra=extra)
    return _find(of, against or [], Likeness("near", setting, across), threshold, step)


def duplicate_index(
    *,
    of: Documents,
    name: str,
    kind: Kind = "near",
    across: bool = False,
    words: Words = 5,
    bands: Bands = 14,
    rows: Rows = 8,
    extra: Extra = 14,
    step: Step,
) -> DuplicateIndex:
    """Keep what is needed to compare later documents with these, without their texts.

    Make it of documents that are deduplicated: it is smaller then. Several indexes, one a crawl, can be given together.

    Args:
        of: documents.
        name: by which documents are said to be known, such as the name of a crawl.
        kind: for `corpus.near_duplicates` or for `corpus.exact_duplicates`.
        across: whether documents of different languages can be duplicates.
        words: words in a window.
        bands: bands of the signature.
        rows: values in a band.
        extra: further bands; they find more, and candidates are verified.
        step: where to write.
    """
    likeness = Likeness(kind, MinHash(words=words, bands=bands, rows=rows, extra=extra), across)
    runs = _runs(of, likeness, step, step.out)
    write_index(step.out, name, likeness, runs)
    step.figures["documents"] = sum(count for _, count in runs)
    return DuplicateIndex(step.out)


def _runs(of: Documents, likeness: Likeness, step: Step, out: Path) -> list[tuple[str, int]]:
    total = sum(pq.read_metadata(each).num_rows for each in of.shards)
    results = run_tasks(
        partial(make_runs, likeness), run_inputs(of), step=step, label="hashing documents", out=out, documents=total
    )
    return [(str(name), int(count)) for each in results for name, count in each["runs"]]


def _find(of: Documents, against: Sequence[DuplicateIndex], likeness: Likeness, threshold: float, step: Step) -> Clusters:
    for index in against:
        if index.likeness != likeness:
            raise InputError(
                f"the index {index.name} was made with {index.likeness.as_value()}, and here it is {likeness.as_value()}",
                where=index.folder,
                fix="give the same setting, or make the index again",
            )
    work = step.out / _WORK
    try:
        made = _runs(of, likeness, step, work)
        known = placed([run for index in against for run in index.runs])
        first = sum(each.count for each in known)
        fresh = placed([(work / "runs" / name, count) for name, count in made], first)
        total = first + sum(each.count for each in fresh)
        write_runs(work / "runs.json", [*known, *fresh])
        enough = likeness.enough(threshold)
        inputs = ranges(work / "runs.json", total, bands=likeness.bands, known=first, enough=enough)
        found = run_tasks(find_edges, inputs, step=step, label="comparing candidates", out=work)
        parents = united(total, (np.load(each, mmap_mode="r") for each in sorted((work / "edges").glob("*.npy"))))
        names = [(index.name, len(index)) for index in against]
        _write_clusters(of, known, fresh, parents, names, step)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    step.figures["compared"] = sum(each["compared"] for each in found)
    step.figures["alike"] = sum(each["edges"] for each in found)
    return Clusters(step.out)


def _write_clusters(
    of: Documents,
    known: list[Run],
    fresh: list[Run],
    parents: NDArray[np.int64],
    names: list[tuple[str, int]],
    step: Step,
) -> None:
    sizes = np.bincount(parents, minlength=len(parents))
    first = fresh[0].first if fresh else len(parents)
    in_clusters = first + np.flatnonzero(sizes[parents[first:]] > 1)
    longest = _longest(in_clusters, parents, fresh, first)
    leaders = np.unique(parents[in_clusters])
    ids = _ids(leaders, [*known, *fresh])
    index_bounds = np.cumsum([count for _, count in names])
    counted: Counter[str] = Counter()
    repeated: Counter[str] = Counter()
    start = first
    with step.progress("writing clusters", total=len(of.shards)) as progress:
        for number, shard in enumerate(progress.track(of.shards)):
            table = pq.read_table(shard, columns=["id", "language"])
            place = np.arange(start, start + len(table))
            characters = _characters(place, fresh)
            start += len(table)
            parent = parents[place]
            alone = sizes[parent] == 1
            cluster = table["id"].to_pylist()
            for row in np.flatnonzero(~alone).tolist():
                cluster[row] = ids[int(np.searchsorted(leaders, parent[row]))]
            kept = parent == place
            known_by = np.searchsorted(index_bounds, parent, side="right")
            missing = characters < 0
            columns: dict[str, Any] = {
                "id": table["id"].combine_chunks(),
                "cluster": pa.array(cluster, pa.string(), mask=missing),
                "cluster_size": pa.array(sizes[parent], mask=missing),
                "keep": pa.array(kept, mask=missing),
                "longest": pa.array(alone & kept | np.isin(place, longest), mask=missing),
                "known": pa.array([names[each][0] if each < len(names) else None for each in known_by], pa.string()),
            }
            path = step.out / CLUSTERS_FOLDER / f"{number:05}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(columns, schema=SCHEMA), path, compression="zstd", version="2.6")
            languages = np.array(table["language"].to_pylist(), dtype=object)
            counted.update(languages.tolist())
            repeated.update(languages[~kept & ~missing].tolist())
    leading = leaders[leaders >= first]
    step.figures["documents"] = {
        "in": len(parents) - first,
        "clusters": len(leading),
        "in_clusters": len(in_clusters),
        "repeated": repeated.total(),
        "known": int((parents[first:] < first).sum()),
        "largest_cluster": int(sizes.max(initial=0)),
    }
    step.figures["by_language"] = {tag: {"in": counted[tag], "repeated": repeated[tag]} for tag in sorted(counted)}


def _characters(places: NDArray[np.int64], runs: list[Run]) -> NDArray[np.int64]:
    found = np.empty(len(places), dtype=np.int64)
    for run, wanted in _by_run(places, runs):
        found[wanted] = run.characters[places[wanted] - run.first]
    return found


def _ids(places: NDArray[np.int64], runs: list[Run]) -> list[str]:
    found: list[str] = []
    for run, wanted in _by_run(places, runs):
        found += [each.decode() for each in run.ids[places[wanted] - run.first].tolist()]
    return found


def _by_run(places: NDArray[np.int64], runs: list[Run]) -> Iterator[tuple[Run, slice]]:
    """Which of the places, sorted, lie in which run."""
    for run in runs:
        low, high = np.searchsorted(places, [run.first, run.first + run.count]).tolist()
        if high > low:
            yield run, slice(low, high)


def _longest(places: NDArray[np.int64], parents: NDArray[np.int64], fresh: list[Run], first: int) -> NDArray[np.int64]:
    """The longest document of each cluster that holds none of an index, int64, sorted."""
    parent = parents[places]
    places = places[parent >= first]
    parent = parent[parent >= first]
    order = np.lexsort((places, -_characters(places, fresh), parent))
    begins = np.concatenate([[True], parent[order][1:] != parent[order][:-1]]) if len(order) else np.zeros(0, bool)
    return np.sort(places[order][begins])
