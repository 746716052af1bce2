"""Completed code against what stood there, as CrossCodeEval has it. Outputs are code, targets one or more right codes."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from panglot.evaluation.metrics.metric import Floats, Mean, references
from panglot.evaluation.metrics.rouge import common
from panglot.evaluation.statements import MOST, identifiers, known, without_comments


class _Completion(Mean):
    """A value of an output and one right code without their comments; the best over the right ones counts.

    Args:
        code: programming language: `python`, `java`, `typescript` or `csharp`.
    """

    def __init__(self, code: str = "python") -> None:
        known(code)
        self.code = code

    @property
    def signature(self) -> dict[str, str]:
        """The programming language."""
        return {"code": self.code}

    def values(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """The best over the right codes, an item."""
        pairs = enumerate(zip(outputs, targets, strict=True))
        return np.array(
            [
                max(self._judged(self._bare(said), self._bare(each)) for each in references(right, at))
                for at, (said, right) in pairs
            ]
        )

    def _bare(self, code: str) -> str:
        return without_comments(code[:MOST], self.code)

    @abstractmethod
    def _judged(self, said: str, right: str) -> float:
        """How well one code fits another."""


class CompletionMatch(_Completion):
    """Share of outputs whose lines are the right ones; blanks around a line, blank lines and comments do not count.

    Example:
        >>> CompletionMatch("java").corpus(["  f(x); // go", "f(y);"], ["f(x);", "f(x);"])
        0.5
    """

    name = "completion_match"

    def _judged(self, said: str, right: str) -> float:
        return float(_lines(said) == _lines(right))


class EditSimilarity(_Completion):
    """Mean of 2 · LCS / (length + length) of characters, the ratio of Levenshtein libraries, in which a change is two edits.

    LCS is the length of the longest common subsequence; blanks at both ends are left out. Two empty codes are equal. Published
    values are in per cent, rounded for each item.

    Example:
        >>> EditSimilarity().corpus(["get_name()"], ["get_names()"]).__round__(4)
        0.9524
    """

    name = "edit_similarity"

    def _judged(self, said: str, right: str) -> float:
        said, right = said.strip(), right.strip()
        return 2 * common(said, right) / (len(said) + len(right)) if said or right else 1.0


class IdentifierMatch(_Completion):
    """Share of outputs whose identifiers are the right ones in their order.

    Example:
        >>> IdentifierMatch().corpus(["a.b( c)", "a.c"], ["a.b(c)", "a.b"])
        0.5
    """

    name = "identifier_match"

    def _judged(self, said: str, right: str) -> float:
        return float(identifiers(said, self.code) == identifiers(right, self.code))


class IdentifierF1(_Completion):
    """Mean of F1 between the sets of identifiers; 0 where there are none on both sides, as published.

    Example:
        >>> IdentifierF1().corpus(["a.b(c)"], ["a.b(d)"]).__round__(4)
        0.6667
    """

    name = "identifier_f1"

    def _judged(self, said: str, right: str) -> float:
        ours, theirs = set(identifiers(said, self.code)), set(identifiers(right, self.code))
        return 2 * len(ours & theirs) / (len(ours) + len(theirs)) if ours or theirs else 0.0


def _lines(code: str) -> list[str]:
    return [each.strip() for each in code.splitlines() if each.strip()]
