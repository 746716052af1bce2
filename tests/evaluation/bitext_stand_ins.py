"""Stand-ins that let measurements be tested without a model."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

Row = tuple[str, str, str]


def hashed_vector(text: str, width: int = 32) -> np.ndarray:
    """A vector that depends on nothing but the text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).normal(size=width).astype(np.float32)


def pairs_table(rows: Sequence[Row], pivot: str = "eng_Latn") -> pa.Table:
    """Rows of (language, source text, target text) as a table of pairs."""
    return pa.table(
        {
            "id": [hashlib.sha256("\0".join(row).encode()).hexdigest()[:16] for row in rows],
            "source_text": [row[1] for row in rows],
            "target_text": [row[2] for row in rows],
            "source_language": [row[0] for row in rows],
            "target_language": [pivot] * len(rows),
            "origin": ["test"] * len(rows),
            "score": pa.array([None] * len(rows), pa.float64()),
        }
    )


def noisy_encoder(table: pa.Table, noise: float) -> Callable[[Sequence[str]], np.ndarray]:
    """An encoder that knows the translations of a table; more noise makes it worse."""
    meaning = dict(zip(table["source_text"].to_pylist(), table["target_text"].to_pylist(), strict=True))

    def encode(texts: Sequence[str]) -> np.ndarray:
        return np.stack([hashed_vector(meaning.get(text, text)) + noise * hashed_vector("noise " + text) for text in texts])

    return encode
