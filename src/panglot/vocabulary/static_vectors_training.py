"""Static vectors from text: windowed co-occurrence counts, positive pointwise mutual information, truncated SVD.

Skip-gram with negative sampling, which fastText and word2vec train, factorises a shifted matrix of pointwise mutual information
(Levy and Goldberg, 2014). Factorising it directly needs one pass over the text and no training, gives the same vectors for the
same seed, and is on par in quality on small corpora (Levy, Goldberg and Dagan, 2015), whose settings are the defaults here:
context distribution smoothing with exponent 0.75, no shift, square root of the singular values. The window of five with weights
that fall with the distance is that of fastText and word2vec, in expectation.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.static_vectors import with_fixed_signs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_TOKENS = 20_000_000
"""Where reading stops: vectors of 100 dimensions gain little from more, and memory is set by the distinct pairs."""
_CHUNK_TOKENS = 1 << 20
_DISTANCES = 16
_OVERSAMPLING, _POWER_ITERATIONS = 10, 2


@dataclass(frozen=True)
class TokenStream:
    """Texts as numbers.

    Attributes:
        ids: int32 `[n]`.
        text: int32 `[n]`: which text each token belongs to; windows do not reach into another text.
        truncated: whether there was more than `MOST_TOKENS`.
    """

    ids: NDArray[np.int32]
    text: NDArray[np.int32]
    truncated: bool = False

    @classmethod
    def gather(cls, texts: Iterable[list[int]], *, most: int = MOST_TOKENS) -> "TokenStream":
        """Read texts that are already ids, at most `most` tokens of them."""
        ids: list[NDArray[np.int32]] = []
        lengths: list[int] = []
        total, truncated = 0, False
        for each in texts:
            if total + len(each) > most:
                truncated = True
                break
            ids.append(np.array(each, np.int32))
            lengths.append(len(each))
            total += len(each)
        joined = np.concatenate(ids) if ids else np.zeros(0, np.int32)
        return cls(joined, np.repeat(np.arange(len(lengths), dtype=np.int32), lengths), truncated)

    def only(self, numbers: NDArray[np.int32]) -> "TokenStream":
        """The tokens that are kept, renumbered: `numbers[id]`, −1 for a token that is passed over."""
        found = numbers[self.ids]
        held = found >= 0
        return TokenStream(found[held], self.text[held], self.truncated)


def train_vectors(
    stream: TokenStream, size: int, *, dimension: int = 100, window: int = 5, minimum_count: int = 10, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Vectors of the tokens that occur often enough.

    Args:
        stream: the texts.
        size: number of different ids.
        dimension: width of the vectors; less where fewer tokens occur often enough.
        window: how many tokens to the left and to the right are context, at most 15.
        minimum_count: tokens that occur more rarely are passed over, as if the text did not hold them.
        seed: of the randomised decomposition.

    Returns:
        Ids with a vector, int64 `[n]`, ascending; their vectors, float32 `[n, dimension]`, none of them zero.
    """
    counts = np.bincount(stream.ids, minlength=size)
    kept = np.flatnonzero(counts >= minimum_count)
    numbers = np.full(size, -1, np.int32)
    numbers[kept] = np.arange(len(kept), dtype=np.int32)
    information = positive_information(cooccurrences(stream.only(numbers), len(kept), window=window))
    found = decompose(information, dimension, seed=seed)
    known = found.any(axis=1)
    return kept[known], found[known]


def cooccurrences(stream: TokenStream, size: int, *, window: int = 5) -> "csr_array":
    """How often two tokens stand near each other: Σ (window − distance + 1) / window, symmetric.

    Args:
        stream: the texts.
        size: number of different ids.
        window: largest distance, from 1 to 15.

    Returns:
        Float64 `[size, size]`.

    Example:
        >>> cooccurrences(TokenStream.gather([[0, 1, 1], [0]]), 2, window=2).toarray().tolist()
        [[0.0, 1.5], [1.5, 2.0]]
    """
    from scipy.sparse import coo_array

    if not 1 <= window < _DISTANCES:
        raise ValueError(f"the window must be from 1 to {_DISTANCES - 1}")
    codes, sums = np.zeros(0, np.int64), np.zeros(0, np.float64)
    waiting: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    for each in _chunk_sums(stream, size, window):
        waiting.append(each)
        if sum(len(some) for some, _ in waiting) > max(len(codes), 4 * _CHUNK_TOKENS):
            codes, sums = _merged([(codes, sums), *waiting])
            waiting = []
    codes, sums = _merged([(codes, sums), *waiting])
    rows, columns = np.divmod(codes, max(size, 1))
    upper = coo_array((sums, (rows.astype(np.int32), columns.astype(np.int32))), shape=(size, size)).tocsr()
    return (upper + upper.T).tocsr()


def _chunk_sums(stream: TokenStream, size: int, window: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Pairs of a stretch of text, each as one number (smaller id, larger id), ascending, and the sum of their weights."""
    weights = np.zeros(_DISTANCES)
    weights[1 : window + 1] = (window - np.arange(window)) / window
    for first in range(0, len(stream.ids), _CHUNK_TOKENS):
        ids = stream.ids[first : first + _CHUNK_TOKENS + window].astype(np.int64)
        text = stream.text[first : first + _CHUNK_TOKENS + window]
        codes = []
        for distance in range(1, window + 1):
            begins = min(_CHUNK_TOKENS, len(ids) - distance)
            if begins <= 0:
                break
            same = text[:begins] == text[distance : distance + begins]
            left, right = ids[:begins][same], ids[distance : distance + begins][same]
            pair = np.minimum(left, right) * size + np.maximum(left, right)
            codes.append(pair * _DISTANCES + distance)
        if codes:
            ordered = np.sort(np.concatenate(codes))
            yield _summed(ordered // _DISTANCES, weights[ordered % _DISTANCES])


def _summed(codes: NDArray[np.int64], values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if not len(codes):
        return codes, values
    starts = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    return codes[starts], np.add.reduceat(values, starts)


def _merged(
    parts: list[tuple[NDArray[np.int64], NDArray[np.float64]]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    codes = np.concatenate([each for each, _ in parts])
    values = np.concatenate([each for _, each in parts])
    order = np.argsort(codes, kind="stable")
    return _summed(codes[order], values[order])


def positive_information(counts: "csr_array", *, smoothing: float = 0.75, shift: float = 1.0) -> "csr_array":
    """Shifted positive pointwise mutual information with smoothed contexts.

    max(0, log(#(w, c) · Σ_c' #(c')^α / (#(w) · #(c)^α)) − log k).

    Args:
        counts: symmetric `[n, n]`.
        smoothing: α.
        shift: k, the number of negative samples in the equivalence with skip-gram.

    Returns:
        Float32 `[n, n]` without explicit zeros.

    Example:
        >>> from scipy.sparse import csr_array
        >>> positive_information(csr_array([[0.0, 2.0], [2.0, 0.0]]), smoothing=1.0).toarray().tolist()
        [[0.0, 0.693...], [0.693..., 0.0]]
    """
    totals = np.asarray(counts.sum(axis=1), np.float64)
    smoothed = totals**smoothing
    with np.errstate(divide="ignore", invalid="ignore"):
        by_row, by_column = -np.log(totals), np.log(smoothed.sum()) - np.log(smoothed) - np.log(shift)
    found = counts.astype(np.float64)
    found.data = np.log(found.data) + np.repeat(by_row, np.diff(found.indptr)) + by_column[found.indices]
    found.data = np.maximum(found.data, 0.0)
    found.eliminate_zeros()
    return found.astype(np.float32)


def decompose(matrix: "csr_array", dimension: int, *, seed: int, exponent: float = 0.5) -> NDArray[np.float32]:
    """U_d Σ_d^p of the truncated singular value decomposition, randomised (Halko, Martinsson and Tropp, 2011).

    Args:
        matrix: sparse float32 `[n, m]`.
        dimension: d; less where the matrix is smaller.
        seed: of the random start.
        exponent: p; 0.5 shares the singular values between words and contexts.

    Returns:
        Float32 `[n, d]`.
    """
    size = min(dimension, *matrix.shape)
    if not size:
        return np.zeros((matrix.shape[0], 0), np.float32)
    width = min(size + _OVERSAMPLING, *matrix.shape)
    turned = matrix.T.tocsr()
    random = np.random.default_rng(seed)
    basis = _orthonormal(matrix @ random.standard_normal((matrix.shape[1], width), dtype=np.float32))
    for _ in range(_POWER_ITERATIONS):
        basis = _orthonormal(matrix @ _orthonormal(turned @ basis))
    small = (turned @ basis).astype(np.float64)
    values, vectors = np.linalg.eigh(small.T @ small)
    kept = np.argsort(-values, kind="stable")[:size]
    singular = np.sqrt(np.maximum(values[kept], 0.0))
    held = singular > singular[0] * 1e-6 if singular[0] > 0 else np.zeros(size, bool)
    left = with_fixed_signs(basis.astype(np.float64) @ vectors[:, kept])
    found: NDArray[np.float32] = (left * np.where(held, singular**exponent, 0.0)).astype(np.float32)
    found[np.diff(matrix.indptr) == 0] = 0
    return found


def _orthonormal(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """An orthonormal basis of the columns, from the eigenvectors of their products: ten times as fast as a QR decomposition.

    Directions that are lost to rounding become zero. The second pass mends what the first leaves.
    """
    found = columns
    for _ in range(2):
        wide = found.astype(np.float64)
        values, vectors = np.linalg.eigh(wide.T @ wide)
        held = values > values[-1] * 1e-10
        scale = np.where(held, 1 / np.sqrt(np.maximum(values, 1e-300)), 0.0)
        found = (wide @ (vectors * scale)).astype(np.float32)
    return found
