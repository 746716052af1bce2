"""pass@k: the chance that one of k programs passes all tests. Outputs are numbers of programs, and of those that passed."""

from collections.abc import Sequence
from math import comb

import numpy as np

from panglot.artifacts import InputError
from panglot.evaluation.metrics.metric import Floats, Mean


class PassAtK(Mean):
    """Mean over items of 1 − C(n − c, k) / C(n, k), for n programs of which c pass (Chen et al. 2021, arXiv 2107.03374, eq. 1).

    It is the share of the sets of k out of the n programs that have one that passes, so its mean over draws is what k fresh
    programs would give. 1 − (1 − c/n)^k, which one might take, is too small. pass@1 is c/n. Computed with whole numbers.

    Args:
        k: from 1.

    Example:
        >>> PassAtK(2).corpus([(4, 1), (4, 0), (4, 4)], [None] * 3)  # (1/2 + 0 + 1) / 3
        0.5
    """

    def __init__(self, k: int = 1) -> None:
        if k < 1:
            raise InputError(f"pass@{k} looks at no program", fix="k is 1 or more")
        self.k, self.name = k, f"pass@{k}"

    def values(self, outputs: Sequence[tuple[int, int]], targets: Sequence[object]) -> Floats:
        """One value an item.

        Args:
            outputs: programs, and those of them that passed.
            targets: not looked at.

        Raises:
            InputError: an item has fewer than k programs, or more that passed than there are.
        """
        found = []
        for number, (n, c) in enumerate(outputs):
            if n < self.k or not 0 <= c <= n:
                raise InputError(f"{self.name} of {n} programs of which {c} pass", where=f"item {number}, counted from 0")
            found.append(1 - comb(n - c, self.k) / comb(n, self.k))
        return np.array(found, dtype=np.float64)
