"""Runs: what is kept of a stretch of documents so that duplicates are found without their texts.

A run is a few arrays on disk, read in slices through memory maps:

- `hashes`, uint64 [bands, documents]: each band sorted; `rows`, uint32 [bands, documents]: the document of each hash;
- `sketches`, uint8 [documents, bytes]: by which candidates are verified;
- `characters`, int64 [documents]: the lengths of the texts, -1 where a document was quarantined;
- `ids`, bytes of 32 characters [documents].

Near and exact duplicates differ in nothing else: an exact one is a single band, the hash of the whole normal form, and the
sketch is a second hash of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from panglot.corpus.documents import Documents
from panglot.corpus.duplicates.minhash import MinHash, Signatures
from panglot.corpus.duplicates.normal_form import batches
from panglot.corpus.duplicates.shingles import joined, shingles, whole_hashes
from panglot.corpus.engine import by_document
from panglot.corpus.engine.streaming import stretches
from panglot.corpus.segmentation.words import mixed

Kind = Literal["near", "exact"]
_RUN_DOCUMENTS = 1 << 16
_EXACT_BYTES = 16
_COLUMNS = ["id", "text", "language"]


@dataclass(frozen=True)
class Likeness:
    """What makes documents duplicates.

    Attributes:
        kind: equal normal forms, or near by MinHash.
        setting: of MinHash.
        across: whether documents of different languages can be duplicates.
    """

    kind: Kind
    setting: MinHash
    across: bool

    @property
    def bands(self) -> int:
        return self.setting.all_bands if self.kind == "near" else 1

    @property
    def sketch_bytes(self) -> int:
        return self.setting.permutations if self.kind == "near" else _EXACT_BYTES

    def enough(self, threshold: float) -> int:
        """How many bytes of two sketches must be equal."""
        if self.kind == "exact":
            return _EXACT_BYTES
        return int(np.ceil((threshold * (1 - 1 / 256) + 1 / 256) * self.sketch_bytes - 1e-9))

    def as_value(self) -> dict[str, Any]:
        """A JSON value; two runs can be compared when it is equal."""
        return {"kind": self.kind, "across": self.across, **(self.setting.model_dump() if self.kind == "near" else {})}


@dataclass(frozen=True)
class Run:
    """A run on disk.

    Attributes:
        path: the common beginning of the names of its files.
        first: the place of its first document among all documents at stake.
        count: documents.
    """

    path: str
    first: int
    count: int

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """uint64 [bands, documents], mapped."""
        found: NDArray[np.uint64] = self._read("hashes")
        return found

    @cached_property
    def rows(self) -> NDArray[np.uint32]:
        """uint32 [bands, documents], mapped."""
        found: NDArray[np.uint32] = self._read("rows")
        return found

    @cached_property
    def sketches(self) -> NDArray[np.uint8]:
        """uint8 [documents, bytes], mapped."""
        found: NDArray[np.uint8] = self._read("sketches")
        return found

    @cached_property
    def characters(self) -> NDArray[np.int64]:
        """int64 [documents]."""
        found: NDArray[np.int64] = self._read("characters")
        return found

    @cached_property
    def ids(self) -> NDArray[np.bytes_]:
        """bytes [documents]."""
        found: NDArray[np.bytes_] = self._read("ids")
        return found

    def _read(self, name: str) -> Any:
        return np.load(f"{self.path}.{name}.npy", mmap_mode="r" if self.count else None, allow_pickle=False)


def placed(runs: Sequence[tuple[Path, int]], first: int = 0) -> list[Run]:
    """Runs one behind the other: paths and counts to runs that know their place."""
    found = []
    for path, count in runs:
        found.append(Run(str(path), first, count))
        first += count
    return found


def run_inputs(of: Documents) -> list[tuple[int, str]]:
    """The inputs of `make_runs`, one a shard."""
    return [(number, str(shard)) for number, shard in enumerate(of.shards)]


def make_runs(likeness: Likeness, given: tuple[int, str], out: Path) -> dict[str, Any]:
    """A task: the runs of one shard, under `out/runs`, of at most 65,536 documents each.

    Returns:
        `{"runs": [[name, documents], …]}`.
    """
    number, shard = given
    names: list[tuple[str, int]] = []
    for part, table in enumerate(_measured_stretches(Path(shard), likeness)):
        name = f"{number:05}-{part:03}"
        _write_run(table, likeness, out / "runs" / name)
        names.append((name, len(table)))
    return {"runs": names}


def _measured_stretches(shard: Path, likeness: Likeness) -> Iterator[pa.Table]:
    """What is kept of 65,536 documents or a few more at a time; their texts are never held together."""
    held: list[pa.Table] = []
    count = 0
    for documents in stretches(shard, _COLUMNS):
        if len(documents):
            found = by_document(documents, partial(_measured, likeness)).values
            held.append(found.append_column("id", documents["id"]))
            count += len(documents)
        if count >= _RUN_DOCUMENTS:
            yield pa.concat_tables(held)
            held, count = [], 0
    if held:
        yield pa.concat_tables(held)


def _write_run(found: pa.Table, likeness: Likeness, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    characters = found["characters"].fill_null(-1).to_numpy()
    sound = np.flatnonzero(characters >= 0)
    hashes = _unpacked(found["hashes"], 8 * likeness.bands).view("<u8")
    sketches = _unpacked(found["sketches"], likeness.sketch_bytes)
    kept, rows = hashes[sound].T, np.empty((likeness.bands, len(sound)), dtype=np.uint32)
    ordered = np.empty((likeness.bands, len(sound)), dtype=np.uint64)
    for band in range(likeness.bands):
        order = in_order(kept[band])
        rows[band], ordered[band] = sound[order], kept[band][order]
    ids = np.array([each.encode() for each in found["id"].to_pylist()], dtype=np.bytes_)
    for name, values in {
        "hashes": ordered,
        "rows": rows,
        "sketches": sketches,
        "characters": characters,
        "ids": ids,
    }.items():
        np.save(f"{path}.{name}.npy", values, allow_pickle=False)


def _unpacked(column: pa.ChunkedArray, width: int) -> NDArray[np.uint8]:
    """A column of equally long bytes as an array, uint8 [rows, width]; zeros for rows that are null."""
    filled = (column.fill_null(bytes(width)) if column.null_count else column).combine_chunks()
    data = filled.buffers()[1]
    if data is None:
        return np.zeros((0, width), dtype=np.uint8)
    first = filled.offset * width
    return np.frombuffer(data, dtype=np.uint8)[first : first + len(filled) * width].reshape(-1, width)


def _measured(likeness: Likeness, documents: pa.Table) -> pa.Table:
    """Hashes, sketches and lengths of some documents."""
    texts = documents["text"].to_pylist()
    hashes, sketches = _sketched(texts, likeness)
    if not likeness.across:
        hashes = mixed(hashes ^ salts(documents["language"].to_pylist())[:, None])
    return pa.table(
        {
            "hashes": _packed(np.ascontiguousarray(hashes, dtype="<u8").view(np.uint8)),
            "sketches": _packed(sketches),
            "characters": pa.array(np.fromiter(map(len, texts), np.int64, len(texts))),
        }
    )


def _sketched(texts: Sequence[str], likeness: Likeness) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Hashes of bands, uint64 [documents, bands], and sketches, uint8 [documents, bytes]."""
    if likeness.kind == "exact":
        parts = [np.zeros((0, 2), dtype=np.uint64), *(whole_hashes(some)[0] for _, some in batches(texts))]
        whole = np.concatenate(parts)
        return whole[:, :1], np.ascontiguousarray(whole, dtype="<u8").view(np.uint8)
    found = joined([shingles(some, likeness.setting.words) for _, some in batches(texts)])
    signatures = Signatures.of(found, likeness.setting)
    return signatures.bands.T, signatures.sketches


def salts(languages: Sequence[str]) -> NDArray[np.uint64]:
    """A number for each language, so that equal texts of two languages have different hashes, uint64 [languages]."""
    known = {each: xxhash.xxh3_64_intdigest(each) for each in set(languages)}
    return np.array([known[each] for each in languages], dtype=np.uint64)


def _packed(values: NDArray[np.uint8]) -> pa.Array:
    width = values.shape[1]
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(values), [None, buffer])


def in_order(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The order of hashes, equal ones as they stand: a stable argsort, by a sort that is not stable and four times as quick.

    Example:
        >>> in_order(np.array([7, 3, 7, 1], dtype=np.uint64)).tolist()
        [3, 1, 0, 2]
    """
    order = np.argsort(hashes)
    found = hashes[order]
    same = found[1:] == found[:-1]
    if same.any():
        tied = np.zeros(len(order), dtype=bool)
        tied[1:] = same
        tied[:-1] |= same
        begins = np.ones(len(order), dtype=np.int64)
        begins[1:] -= same
        keys = np.cumsum(begins)[tied] * len(order) + order[tied]
        keys.sort()
        order[tied] = keys % len(order)
    return order


def likeness_of(value: dict[str, Any]) -> Likeness:
    """A likeness as `Likeness.as_value` gave it."""
    said = {key: each for key, each in value.items() if key in MinHash.model_fields}
    return Likeness(value["kind"], MinHash(**said), value["across"])
