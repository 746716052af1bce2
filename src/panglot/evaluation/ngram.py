"""N-gram language models with modified Kneser-Ney smoothing, interpolated, for sequences of any symbols.

Kneser and Ney (1995), https://doi.org/10.1109/ICASSP.1995.479394; Chen and Goodman (1999), "An empirical study of smoothing
techniques for language modeling", https://doi.org/10.1006/csla.1999.0128.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from panglot.artifacts import InputError

Ids = NDArray[np.int64]
_FALLBACK = (0.5, 1.0, 1.5)


@dataclass(frozen=True)
class _Order:
    """Counts of the n-grams of one length.

    Attributes:
        keys: int64, sorted; (number of the context) · symbols + (last symbol). A context's number is its place among the
            n-grams that are one symbol shorter.
        share: float64 of each n-gram; (count − discount) / (count of its context). 0 at the place −1, which no n-gram has.
        left: float64 of each context; what the discounts took, for the next lower order. 1 where nothing was seen after it,
            and at the place −1.
    """

    keys: Ids
    share: NDArray[np.float64]
    left: NDArray[np.float64]


class NgramModel:
    """An interpolated n-gram model after Kneser and Ney, with the three discounts of Chen and Goodman.

        p_k(w | h) = max(c(h w) − D(c(h w)), 0) / c(h •) + γ(h) · p_{k-1}(w | h')

    with h' = h less its first symbol, γ(h) the mass that the discounts took, so that Σ_w p_k(w | h) = 1, and p_0 uniform over
    all symbols. At the highest order c counts occurrences; below it c(h w) is the number of different symbols seen before h w.
    After a context that was never seen p_k(w | h) = p_{k-1}(w | h'). Discounts are estimated for each order by itself:
    Y = n_1 / (n_1 + 2 n_2), D_1 = 1 − 2 Y n_2 / n_1, D_2 = 2 − 3 Y n_3 / n_2, D_3 = 3 − 4 Y n_4 / n_3, with n_i the n-grams of
    count i. Where one of the n is 0, or a discount would fall outside (0, its count], they are 0.5, 1 and 1.5.

    Every sequence has order − 1 start symbols before it, which are never predicted, and an end symbol after it, which is: the
    probabilities of all finite sequences add up to 1. The start symbol counts as one of the symbols that stand before others;
    other programs keep plain counts for n-grams that begin a sentence.

    Example:
        >>> model = NgramModel([[0, 1, 0, 1, 0, 1]] * 8, size=2, order=3)
        >>> bits = model.bits([[0, 1, 0, 1], [1, 1, 1, 1]])
        >>> bool(bits[0] < bits[1])
        True
    """

    def __init__(self, sequences: Sequence[ArrayLike], size: int, order: int = 5) -> None:
        """Count.

        Args:
            sequences: int [symbols] each, with values from 0 to size − 1.
            size: how many symbols there are, seen or not.
            order: length of the longest n-grams.

        Raises:
            InputError: the order is below 1, or there are too many n-grams for keys of 63 bits.
        """
        if order < 1:
            raise InputError(f"an n-gram model has an order of 1 or more, not {order}", where="order")
        self.order, self.size = order, size
        self._end, self._start = size, size + 1
        symbols, predicted = self._laid_out(sequences)
        if len(symbols) * (size + 2) >= 1 << 63:
            raise InputError(f"too many symbols ({size}) for a text of {len(symbols)}", fix="give less text")
        tables: list[_Numbered] = [_Numbered(np.zeros(1, dtype=np.int64), np.zeros(len(symbols), dtype=np.int64))]
        for _ in range(order):
            tables.append(tables[-1].longer(symbols, size + 2))
        self._orders = [self._order(tables, k, predicted) for k in range(1, order + 1)]

    def bits(self, sequences: Sequence[ArrayLike]) -> NDArray[np.float64]:
        """−log2 p of each sequence, its end included: float64 [sequences]."""
        found = self.bits_of_symbols(sequences)
        sizes = [np.size(np.asarray(each)) + 1 for each in sequences]
        bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        sums = np.concatenate([[0.0], np.cumsum(found)])
        totals: NDArray[np.float64] = sums[bounds[1:]] - sums[bounds[:-1]]
        return totals

    def bits_of_symbols(self, sequences: Sequence[ArrayLike]) -> NDArray[np.float64]:
        """−log2 p of every symbol and of each sequence's end, one sequence behind another: float64 [symbols + sequences]."""
        symbols, predicted = self._laid_out(sequences)
        p = np.full(len(symbols), 1 / (self.size + 1))
        shorter = np.zeros(len(symbols), dtype=np.int64)
        for each in self._orders:
            context = np.concatenate([[-1], shorter[:-1]])
            gram = _places(each.keys, context * (self.size + 2) + symbols, context >= 0)
            p = each.share[gram] + each.left[context] * p
            shorter = gram
        bits: NDArray[np.float64] = -np.log2(p[predicted])
        return bits

    def _laid_out(self, sequences: Sequence[ArrayLike]) -> tuple[Ids, NDArray[np.bool_]]:
        pad = np.full(max(self.order - 1, 1), self._start, dtype=np.int64)
        parts: list[Ids] = [pad[:1]]
        for each in sequences:
            parts += [pad, np.asarray(each, dtype=np.int64).reshape(-1), np.array([self._end], dtype=np.int64)]
        symbols = np.concatenate(parts)
        return symbols, symbols != self._start

    def _order(self, tables: "list[_Numbered]", k: int, predicted: NDArray[np.bool_]) -> _Order:
        table, contexts = tables[k], tables[k - 1]
        numbers = table.numbers
        if k == self.order:
            counts = np.bincount(numbers[predicted & (numbers >= 0)], minlength=len(table.keys))
        else:
            # one example of each longer n-gram that is predicted says which n-gram it ends with
            longer = tables[k + 1].numbers
            chosen = np.flatnonzero(predicted & (longer >= 0))
            _, first = np.unique(longer[chosen], return_index=True)
            counts = np.bincount(numbers[chosen[first]], minlength=len(table.keys))
        context = table.keys // (self.size + 2)
        total = np.bincount(context, counts, len(contexts.keys)).astype(np.float64)
        taken = _discounts(counts)[np.minimum(counts, 3)]
        mass = np.bincount(context, np.where(counts > 0, taken, 0.0), len(contexts.keys))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(counts > 0, np.maximum(counts - taken, 0.0) / total[context], 0.0)
            left = np.where(total > 0, mass / total, 1.0)
        return _Order(table.keys, np.append(share, 0.0), np.append(left, 1.0))


@dataclass(frozen=True)
class _Numbered:
    """The n-grams of one length that a text holds, and which of them ends at each of its symbols (−1: none does)."""

    keys: Ids
    numbers: Ids

    def longer(self, symbols: Ids, size: int) -> "_Numbered":
        context = np.concatenate([[-1], self.numbers[:-1]])
        there = context >= 0
        keys, place = np.unique(context[there] * size + symbols[there], return_inverse=True)
        numbers = np.full(len(symbols), -1, dtype=np.int64)
        numbers[there] = place
        return _Numbered(keys, numbers)


def _places(keys: Ids, wanted: Ids, asked: NDArray[np.bool_]) -> Ids:
    """Where each wanted key stands among sorted keys, −1 where it is not there."""
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: Ids = np.where(asked & (keys[place] == wanted), place, -1)
    return found


def _discounts(counts: Ids) -> NDArray[np.float64]:
    """The discounts of counts 0, 1, 2 and 3 or more."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)[1:5]
    found = _FALLBACK
    if n.all():
        y = n[0] / (n[0] + 2 * n[1])
        estimated = tuple(float(k - (k + 1) * y * more / less) for k, (less, more) in enumerate(pairwise(n), 1))
        if all(0 < each <= k for k, each in enumerate(estimated, 1)):
            found = (estimated[0], estimated[1], estimated[2])
    return np.array([0.0, *found])
