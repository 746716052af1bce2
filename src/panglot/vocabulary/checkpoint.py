"""The safetensors files of a model, tensor by tensor, without loading them: where each lies, and writing them again.

A tensor is copied as bytes, so that any number format passes through unchanged, and in slices, so that memory is set by
the slice and not by the model.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.models.folder import WEIGHTS_FILE

INDEX_FILE = WEIGHTS_FILE + ".index.json"
_SLICE_BYTES = 16 << 20
_ALIGNMENT = 8
_MAX_HEADER_BYTES = 100_000_000
_MAX_INDEX_BYTES = 64 << 20

Bytes = NDArray[np.uint8]
Pieces = Callable[[], Iterable[Bytes]]


@dataclass(frozen=True)
class Tensor:
    """One stored tensor.

    Attributes:
        name: as in the file.
        path: the file.
        dtype: as safetensors writes it: `F32`, `BF16`, `F16`, …
        shape: sizes.
        start: offset of its first byte in the file.
        end: offset behind its last byte.
    """

    name: str
    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def bytes(self) -> int:
        return self.end - self.start

    def rows(self, count: int) -> Bytes:
        """The bytes as `[count, bytes of a row]`, mapped and not read."""
        if self.bytes == 0:
            return np.zeros((count, 0), np.uint8)
        return np.memmap(self.path, np.uint8, "r", self.start, (count, self.bytes // count))

    def pieces(self) -> Iterator[Bytes]:
        """The bytes in slices."""
        with self.path.open("rb") as stream:
            stream.seek(self.start)
            left = self.bytes
            while left:
                found = stream.read(min(left, _SLICE_BYTES))
                if not found:
                    raise InputError("the weights end too early", where=self.path, fix="copy or download the file again")
                left -= len(found)
                yield np.frombuffer(found, np.uint8)


@dataclass(frozen=True)
class Replacement:
    """What a tensor becomes: its new shape, and its bytes in slices."""

    shape: tuple[int, ...]
    pieces: Pieces


@dataclass(frozen=True)
class WeightFile:
    """One safetensors file: its tensors in the order of their bytes, and the free text of its header."""

    path: Path
    tensors: tuple[Tensor, ...]
    metadata: dict[str, str]


@dataclass(frozen=True)
class Checkpoint:
    """The weights of a model: one file, or shards with an index."""

    folder: Path
    files: tuple[WeightFile, ...]
    index: dict[str, Any] | None = None

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name."""
        return {each.name: each for file in self.files for each in file.tensors}

    @property
    def parameters(self) -> int:
        """Number of values."""
        return sum(prod(each.shape) for each in self.tensors.values())

    def write(self, folder: Path, replaced: Mapping[str, Replacement]) -> None:
        """Write all files into another folder, some tensors replaced; equal input gives equal bytes.

        Args:
            folder: where to write.
            replaced: name to what the tensor becomes; its number format stays.

        Raises:
            ValueError: the pieces of a replacement do not add up to its shape.
        """
        for file in self.files:
            _write_file(file, folder / file.path.name, replaced)
        if self.index is not None:
            sizes = [_new_size(each, replaced) for each in self.tensors.values()]
            parameters = sum(prod(_new_shape(each, replaced)) for each in self.tensors.values())
            metadata = {**(self.index.get("metadata") or {}), "total_size": sum(sizes)}
            if "total_parameters" in metadata:
                metadata["total_parameters"] = parameters
            text = json.dumps({**self.index, "metadata": metadata}, ensure_ascii=False, indent=2, sort_keys=True)
            (folder / INDEX_FILE).write_text(text + "\n", encoding="utf-8")


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the headers of a model's weights.

    Args:
        folder: a folder that `inspect_folder` has accepted (its `network`).

    Raises:
        InputError: a header or the index is damaged.
    """
    index: dict[str, Any] | None = None
    if (folder / WEIGHTS_FILE).is_file():
        names = [WEIGHTS_FILE]
    elif (folder / INDEX_FILE).is_file():
        index = _index(folder / INDEX_FILE)
        names = sorted({str(each) for each in index["weight_map"].values()})
    else:
        names = sorted(each.name for each in folder.glob("*.safetensors"))
    return Checkpoint(folder, tuple(_read_file(folder / each) for each in names), index)


def _index(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MAX_INDEX_BYTES:
        raise InputError("the file is too large for an index", where=path)
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise InputError("the file is not valid JSON", where=path) from None
    if not isinstance(found, dict) or not isinstance(found.get("weight_map"), dict):
        raise InputError("the index has no weight_map", where=path)
    return found


def _read_file(path: Path) -> WeightFile:
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > min(_MAX_HEADER_BYTES, size):
                raise ValueError("header")
            header = json.loads(stream.read(length))
        metadata = header.pop("__metadata__", None) or {}
        begin = 8 + length
        found = [
            Tensor(name, path, said["dtype"], tuple(said["shape"]), *(begin + each for each in said["data_offsets"]))
            for name, said in header.items()
        ]
        if any(not begin <= each.start <= each.end <= size for each in found):
            raise ValueError("offsets")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError("the weights are damaged", where=path, fix="copy or download the file again") from None
    return WeightFile(path, tuple(sorted(found, key=lambda each: (each.start, each.end, each.name))), metadata)


def _new_shape(tensor: Tensor, replaced: Mapping[str, Replacement]) -> tuple[int, ...]:
    return replaced[tensor.name].shape if tensor.name in replaced else tensor.shape


def _new_size(tensor: Tensor, replaced: Mapping[str, Replacement]) -> int:
    old = prod(tensor.shape)
    return tensor.bytes if tensor.name not in replaced else prod(replaced[tensor.name].shape) * (tensor.bytes // max(old, 1))


def _write_file(file: WeightFile, target: Path, replaced: Mapping[str, Replacement]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt", **dict(sorted(file.metadata.items()))}}
    at = 0
    for each in file.tensors:
        size = _new_size(each, replaced)
        shape = list(_new_shape(each, replaced))
        header[each.name] = {"dtype": each.dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % _ALIGNMENT)
    with target.open("wb") as stream:
        stream.write(len(encoded).to_bytes(8, "little") + encoded)
        for each in file.tensors:
            written = 0
            for piece in replaced[each.name].pieces() if each.name in replaced else each.pieces():
                stream.write(np.ascontiguousarray(piece).data)
                written += piece.nbytes
            if written != _new_size(each, replaced):
                raise ValueError(f"tensor {each.name} has {written} bytes where its shape asks for {_new_size(each, replaced)}")
