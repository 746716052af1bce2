"""A matrix of embeddings as a product of two small ones."""

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.static_vectors import with_fixed_signs

_ROWS = 1 << 14
_NOTHING = 1e-10


def principal_directions(matrix: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Singular values and right singular vectors, by the eigenvectors of Eᵀ E in float64, summed block by block.

    Exact up to rounding for a matrix that is much taller than wide, and quick: no copy of the matrix is made.

    Args:
        matrix: float32 `[rows, D]`.

    Returns:
        Float64 singular values `[D]`, falling; right singular vectors in the columns of float64 `[D, D]`.

    Example:
        >>> values, directions = principal_directions(np.array([[0, 2], [3, 0], [0, 0]], np.float32))
        >>> values.tolist(), directions.tolist()
        ([3.0, 2.0], [[1.0, 0.0], [0.0, 1.0]])
    """
    width = matrix.shape[1]
    gram = np.zeros((width, width))
    for first in range(0, len(matrix), _ROWS):
        block = matrix[first : first + _ROWS].astype(np.float64)
        gram += block.T @ block
    values, directions = np.linalg.eigh(gram)
    return np.sqrt(np.maximum(values[::-1], 0.0)), with_fixed_signs(directions[:, ::-1])


def factorise_matrix(matrix: NDArray[np.float32], dimension: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """E ≈ F P with F = U_d and P = S_d V_dᵀ of the singular value decomposition: the nearest matrix of that rank.

    ‖E − F P‖² is the sum of the squares of the singular values that are left out (Eckart and Young, 1936).

    Args:
        matrix: E, float32 `[rows, D]`.
        dimension: d, from 1 to D.

    Returns:
        Coordinates F, float32 `[rows, d]`, and primitives P, float32 `[d, D]`.

    Raises:
        ValueError: the dimension is out of range.

    Example:
        >>> coordinates, primitives = factorise_matrix(np.array([[3, 4], [6, 8], [0, 0]], np.float32), 1)
        >>> (coordinates @ primitives).round(4).tolist()
        [[3.0, 4.0], [6.0, 8.0], [0.0, 0.0]]
    """
    if not 1 <= dimension <= matrix.shape[1]:
        raise ValueError(f"the dimension must be from 1 to {matrix.shape[1]}")
    values, directions = principal_directions(matrix)
    values, directions = values[:dimension], directions[:, :dimension]
    scale = np.where(values > _NOTHING * max(values[0], 1e-300), 1.0 / np.maximum(values, 1e-300), 0.0)
    coordinates = np.empty((len(matrix), dimension), np.float32)
    for first in range(0, len(matrix), _ROWS):
        coordinates[first : first + _ROWS] = matrix[first : first + _ROWS].astype(np.float64) @ (directions * scale)
    return coordinates, np.ascontiguousarray(values[:, None] * directions.T, dtype=np.float32)
