"""Labels of yes and no, item by item and over items that belong together. Outputs and targets are label numbers."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from panglot.artifacts import InputError
from panglot.evaluation.metrics.metric import Floats, Matches, Ratio, equally_many, f1, triplets


class PositiveF1(Matches):
    """F1 of the label of number 1 over all items: 2 · right / (said + there). MultiRC's F1a (Khashabi et al. 2018, NAACL).

    It is not MultiRC's F1m, which averages F1 over questions. Where label 1 is neither said nor there it is 0, as in
    scikit-learn.

    Example:
        >>> PositiveF1().corpus([1, 1, 0, 0], [1, 0, 1, 0])
        0.5
    """

    name = "positive_f1"

    def statistics(self, outputs: Sequence[int], targets: Sequence[int]) -> Floats:
        """[n, 3]: whether label 1 was said, is right, and both."""
        equally_many(outputs, targets)
        said, right = np.asarray(outputs) == 1, np.asarray(targets) == 1
        return np.stack([said, right, said & right], axis=1).astype(np.float64)

    def value(self, sums: ArrayLike) -> Floats:
        """[..., 3] -> [...]."""
        outputs, targets, matches = (each[..., 0] for each in triplets(sums))
        return f1(outputs, targets, matches)


class GroupMatch(Ratio):
    """Share of groups of items all of whose outputs are the targets: exact match over the answers to a question (MultiRC's EM).

    The statistics of a group stand in the row of its first item, and the other rows are empty: n is the number of groups, and a
    resampling draws groups.

    Args:
        groups: of each item, what names its group; without it each item is a group of its own.

    Example:
        >>> GroupMatch(["a", "a", "b", "b"]).corpus([1, 0, 1, 0], [1, 0, 1, 1])
        0.5
    """

    name = "group_match"

    def __init__(self, groups: Sequence[Hashable] | None = None) -> None:
        self.groups = groups

    def statistics(self, outputs: Sequence[int], targets: Sequence[int]) -> Floats:
        """[n, 2]: for the first item of a group whether all are right, and 1."""
        equally_many(outputs, targets)
        groups = range(len(outputs)) if self.groups is None else self.groups
        if len(groups) != len(outputs):
            raise InputError(f"group_match was told the groups of {len(groups)} items, and there are {len(outputs)}")
        rows = np.zeros((len(outputs), 2))
        first: dict[Hashable, int] = {}
        for at, (group, said, right) in enumerate(zip(groups, outputs, targets, strict=True)):
            row = first.setdefault(group, at)
            rows[row] = (float(said == right), 1.0) if row == at else (rows[row, 0] * (said == right), 1.0)
        return rows
