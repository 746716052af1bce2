"""How often to repeat documents of a cluster size, from what filters remove: rehydration, as FineWeb2 does it.

A page that the web holds two to fifty times is better than one that it holds once, or a thousand times: filters remove fewer
of such. With r_s the share of documents of cluster size s that the filters removed, r the share of all documents, r_min the
least of all r_s and M the most repetitions,

    repetitions_s = 1 where r_s ≥ r, else 1 + (M − 1) · (r − r_s) / (r − r_min),

smoothed by a moving average of width 5 over sizes in order (the two sizes at each end stay), and rounded (Penedo et al. 2025,
FineWeb2). Two deviations: where all rates are equal nothing is repeated (the formula divides by zero), and sizes from the first
one that few documents have are taken together, since a rate over few documents is noise that becomes r_min.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

WINDOW = 5
SIMPLE_TABLE = {1: 1, 2: 2, 3: 3, 5: 5, 100: 8, 1000: 1}
"""FineWeb2's simple table: repetitions by the least cluster size to which they apply."""


@dataclass(frozen=True)
class SizeRates:
    """What filters left, by cluster size.

    Attributes:
        sizes: cluster sizes in order; the last one stands for itself and all larger ones.
        before, after: documents of each size before and after the filters.
    """

    sizes: Sequence[int]
    before: Sequence[int]
    after: Sequence[int]

    @classmethod
    def of(cls, before: Mapping[int, int], after: Mapping[int, int], *, tail: int = 100) -> "SizeRates":
        """Counts by size; sizes from the first one with fewer than `tail` documents before the filters are one, and the
        sizes before it too, as far as it takes to have so many.

        Example:
            >>> SizeRates.of({1: 500, 2: 200, 3: 40, 7: 300}, {1: 100, 2: 90, 3: 30, 7: 10})
            SizeRates(sizes=[1, 2, 3], before=[500, 200, 340], after=[100, 90, 40])
        """
        ordered = sorted(before)
        end = next((place for place, size in enumerate(ordered) if before[size] < tail), len(ordered))
        while 0 < end < len(ordered) and sum(before[size] for size in ordered[end:]) < tail:
            end -= 1
        sizes = ordered[: end + 1]
        given = [before[size] for size in sizes[:end]]
        left = [after.get(size, 0) for size in sizes[:end]]
        if end < len(ordered):
            given.append(sum(before[size] for size in ordered[end:]))
            left.append(sum(after.get(size, 0) for size in ordered[end:]))
        return cls(sizes, given, left)

    @property
    def removed(self) -> list[float]:
        """Share removed of each size."""
        return [1 - kept / given for given, kept in zip(self.before, self.after, strict=True)]

    @property
    def removed_of_all(self) -> float:
        """Share removed of all documents."""
        return 1 - sum(self.after) / sum(self.before)

    def table(self, maximum: int) -> dict[int, int]:
        """Repetitions by the least cluster size to which they apply."""
        return compact(self.sizes, repetitions(self.removed, self.removed_of_all, maximum))


def repetitions(removed: Sequence[float], removed_of_all: float, maximum: int, window: int = WINDOW) -> list[int]:
    """Repetitions of each cluster size.

    Args:
        removed: share of documents that filters removed, by size, sizes in order.
        removed_of_all: share of all documents that they removed.
        maximum: the most repetitions.
        window: sizes in the moving average.

    Example:
        >>> repetitions([0.7, 0.5, 0.4, 0.3, 0.4, 0.5, 0.7], 0.6, 10)
        [1, 4, 6, 6, 6, 4, 1]
        >>> repetitions([0.5, 0.5], 0.5, 10)
        [1, 1]
    """
    rates = np.asarray(removed, dtype=np.float64)
    raw = np.ones(len(rates))
    least = rates.min(initial=np.inf)
    below = rates < removed_of_all
    raw[below] += (maximum - 1) * (removed_of_all - rates[below]) / (removed_of_all - least) if below.any() else 0
    smooth = raw.copy()
    half = window // 2
    if len(raw) > 2 * half:
        smooth[half : len(raw) - half] = np.convolve(raw, np.ones(window) / window, mode="valid")
    return [int(each) for each in np.round(smooth)]


def compact(sizes: Sequence[int], found: Sequence[int]) -> dict[int, int]:
    """Repetitions by the least size to which they apply.

    Example:
        >>> compact([1, 2, 3, 4, 5], [1, 3, 3, 2, 2])
        {1: 1, 2: 3, 4: 2}
    """
    return {
        size: each for place, (size, each) in enumerate(zip(sizes, found, strict=True)) if not place or each != found[place - 1]
    }


def looked_up(table: Mapping[int, int], size: int) -> int:
    """Repetitions of a cluster size; 1 for one below all sizes of the table.

    Example:
        >>> [looked_up(SIMPLE_TABLE, size) for size in (1, 4, 99, 100, 5000)]
        [1, 3, 5, 8, 1]
    """
    fitting = [least for least in table if least <= size]
    return table[max(fitting)] if fitting else 1
