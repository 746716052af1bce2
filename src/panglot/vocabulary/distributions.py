"""How a language uses the pieces of a vocabulary: efficiency, allocation, and overlap with other languages.

Input everywhere is how often each piece was used, `counts`, over one text; p = counts / counts.sum().
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

ALPHA = 2.5
"""Order of the Rényi entropy that Zouhar et al. (2023) found to predict translation quality best."""


def renyi_efficiency(counts: ArrayLike, alpha: float = ALPHA) -> float | None:
    """Rényi efficiency: H_α(p) / log |V|, with H_α(p) = log(Σ p^α) / (1 − α), from 0 to 1.

    Zouhar et al. 2023, "Tokenization and the Noiseless Channel". |V| is the number of pieces that occur in the text, as in the
    authors' program; so it says how evenly the used pieces are used, and a vocabulary of 250,000 is not blamed for the
    pieces of other languages. It grows with the evenness of the cut and says nothing about its length: a cut into bytes
    can be efficient in this sense.

    Args:
        counts: how often each piece was used.
        alpha: order; 1 gives Shannon's entropy.

    Returns:
        None where fewer than two different pieces occur.

    Example:
        >>> renyi_efficiency([5, 5, 5, 5])
        1.0
        >>> round(renyi_efficiency([3, 2, 1, 1], alpha=3), 6)
        0.803153
    """
    p = _shares(counts)
    if p.size < 2:
        return None
    return float(round(_renyi(p, alpha) / np.log(p.size), 12))


def effective_pieces(counts: ArrayLike) -> float | None:
    """Effective number of pieces, exp(H_1(p)): how many equally frequent pieces would carry as much information.

    The perplexity of the piece distribution (Hill's number of order 1).

    Example:
        >>> effective_pieces([7, 7, 7]), effective_pieces([1])
        (3.0, 1.0)
    """
    p = _shares(counts)
    return float(round(np.exp(_renyi(p, 1.0)), 9)) if p.size else None


def average_rank(counts: ArrayLike) -> float | None:
    """Average rank, AR = Σ rank(v) p(v), the most frequent piece having rank 1.

    Limisiewicz, Balhar and Mareček 2023, "Tokenization Impacts Multilingual Language Modeling: Assessing Vocabulary
    Allocation and Overlap Across Languages". A language to which a vocabulary gives more pieces has a higher average rank.
    Pieces that are equally frequent share the ranks that they occupy, so that no order of ids decides.

    Example:
        >>> average_rank([2, 1, 1])
        1.75
    """
    p = np.sort(_shares(counts))[::-1]
    return float(round((p * np.arange(1, p.size + 1)).sum(), 9)) if p.size else None


def divergences(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence between the piece distributions of every two languages, in bits: 0 equal, 1 disjoint.

    JSD(p, q) = H(m) − H(p)/2 − H(q)/2 with m = (p + q)/2, as Limisiewicz et al. (2023) measure overlap. Pieces that only one
    of two languages uses add half their share each, so that only the shared ones are looked at:
    JSD = 1 − ½ Σ_shared [(p + q) log₂(p + q) − p log₂ p − q log₂ q].

    Args:
        shares: float64 `[languages, pieces]`, each row a distribution.

    Returns:
        float64 `[languages, languages]`, symmetric, with zeros on the diagonal.

    Example:
        >>> divergences(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]])).tolist()
        [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    n = len(shares)
    found = np.zeros((n, n))
    for i in range(n - 1):
        used = np.flatnonzero(shares[i])
        p, q = shares[i, used], shares[i + 1 :, used]
        rows, columns = np.nonzero(q)
        left, right = p[columns], q[rows, columns]
        both = left + right
        terms = both * np.log2(both) - left * np.log2(left) - right * np.log2(right)
        found[i, i + 1 :] = 1 - np.bincount(rows, weights=terms, minlength=n - 1 - i) / 2
    found = np.clip(found + found.T, 0.0, 1.0)
    return np.where(found < 1e-12, 0.0, found)


def _shares(counts: ArrayLike) -> NDArray[np.float64]:
    used = np.asarray(counts, dtype=np.float64)
    used = used[used > 0]
    return used / used.sum() if used.size else used


def _renyi(p: NDArray[np.float64], alpha: float) -> float:
    if alpha == 1:
        return float(-(p * np.log(p)).sum())
    return float(np.log((p**alpha).sum()) / (1 - alpha))
