"""Sentence vectors from a model folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np


class Encoder:
    """Encodes texts (first version: through sentence-transformers)."""

    def __init__(self, path: Path | str, device: str = "auto", precision: Literal["auto", "fp32", "bf16"] = "auto") -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(path), device=None if device == "auto" else device)

    def encode(self, texts: Sequence[str], *, progress: object = None) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        """Unit vectors, float32 [n, d]."""
        found: np.ndarray[tuple[int, int], np.dtype[np.float32]] = self._model.encode(list(texts), normalize_embeddings=True)
        return found
