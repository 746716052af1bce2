"""Answers that are formulas. Outputs are LaTeX, targets one or several right answers each."""

from collections.abc import Sequence

import numpy as np

from panglot.evaluation.formulas import same
from panglot.evaluation.metrics.metric import Floats, Mean, references


class FormulaMatch(Mean):
    r"""Share of outputs that are a right answer, compared as formulas: see `panglot.evaluation.formulas.same`.

    The rules are those of MATH (Hendrycks et al. 2021, arXiv 2103.03874), and numbers are compared exactly: 0.25 is
    `\frac14`. Nothing is computed with letters: `x+1` and `1+x` differ, as they do there, and do not where a harness
    simplifies.

    Example:
        >>> FormulaMatch().corpus([r"\dfrac12", "x = ٥", "1+x"], [r"\frac{1}{2}", "5", "x+1"]).__round__(3)
        0.667
    """

    name = "formula_match"

    def values(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """1 for each output that is a right answer, else 0."""
        pairs = enumerate(zip(outputs, targets, strict=True))
        return np.array([any(same(said, each) for each in references(right, at)) for at, (said, right) in pairs], dtype=float)
