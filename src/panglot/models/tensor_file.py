"""Writing a safetensors file one piece at a time.

`safetensors.save_file` wants every tensor in memory and copies each once more; a model of which the embedding matrix alone
has 384 MB is better streamed. The format: u64 length of the header, the header as JSON, then the tensors back to back.
"""

import json
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_ALIGNMENT = 8


def write_tensors(
    path: Path, shapes: Mapping[str, tuple[int, ...]], values: Mapping[str, Iterable[NDArray[np.float32]]]
) -> None:
    """Write float32 tensors; equal input gives equal bytes.

    Args:
        path: the file to write.
        shapes: name to shape, in the order of the file.
        values: name to the tensor's values as consecutive float32 pieces.

    Raises:
        ValueError: a tensor's pieces do not add up to its shape.

    Example:
        >>> import tempfile
        >>> from safetensors.numpy import load_file
        >>> place = Path(tempfile.mkdtemp()) / "model.safetensors"
        >>> write_tensors(place, {"a": (2, 2)}, {"a": [np.ones(3, np.float32), np.zeros(1, np.float32)]})
        >>> load_file(place)["a"].tolist()
        [[1.0, 1.0], [1.0, 0.0]]
    """
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, shape in shapes.items():
        size = 4 * prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % _ALIGNMENT)
    with path.open("wb") as stream:
        stream.write(len(encoded).to_bytes(8, "little") + encoded)
        for name, shape in shapes.items():
            written = 0
            for piece in values[name]:
                stream.write(np.ascontiguousarray(piece, dtype="<f4").data)
                written += piece.size
            if written != prod(shape):
                raise ValueError(f"tensor {name} has {written} values where its shape asks for {prod(shape)}")
