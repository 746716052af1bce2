"""Scores of answers about long texts, as ZeroSCROLLS and InfiniteBench have them. Outputs are whole answers, targets texts."""

import re
from abc import abstractmethod
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from panglot.evaluation.metrics.metric import Floats, Mean, references
from panglot.evaluation.metrics.rouge import Rouge

_PERCENTAGE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LETTER = re.compile(r"\b[A-D]\b")
_NO_WORD = re.compile(r"[\n:\"'.,?!{}]")


class RougeGeometric(Mean):
    """Mean over items of the geometric mean of ROUGE-1, ROUGE-2 and ROUGE-L (ZeroSCROLLS, Shaham et al. 2023).

    Of several references the best counts, for each of the three by itself. Words are cut as in `Rouge`.

    Example:
        >>> round(RougeGeometric().corpus(["the cat sat"], ["the cat is"]), 4)
        0.6057
    """

    name = "rouge_geometric"

    @property
    def signature(self) -> dict[str, str]:
        """As that of ROUGE."""
        return Rouge("rouge1").signature

    def values(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """The geometric mean, an item."""
        parts = [Rouge(kind).values(outputs, targets) for kind in ("rouge1", "rouge2", "rougeL")]
        return np.asarray(np.cbrt(np.prod(parts, axis=0)), dtype=np.float64)


class _OfAnswer(Mean):
    """A value of an answer and one reference; the best over the references counts."""

    def values(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """The best over the references, an item."""
        pairs = enumerate(zip(outputs, targets, strict=True))
        return np.array([max(self._judged(said, right) for right in references(every, at)) for at, (said, every) in pairs])

    @abstractmethod
    def _judged(self, said: str, right: str) -> float:
        """How well an answer fits a reference."""


class OptionLetter(_OfAnswer):
    """Share of the answers whose first letter A to D that stands alone is the right one (ZeroSCROLLS, QuALITY).

    Example:
        >>> OptionLetter().corpus(["(B) Because of C", "Dogs"], ["B", "D"])
        0.5
    """

    name = "option_letter"

    def _judged(self, said: str, right: str) -> float:
        found, wanted = _LETTER.search(said), _LETTER.search(right)
        return float(found is not None and wanted is not None and found[0] == wanted[0])


class ExponentialSimilarity(_OfAnswer):
    """Mean of 2^(−10 · |p − p̂|), where p̂ is the first percentage of an answer, as a share; 0 where it has none (ZeroSCROLLS).

    So ten points of difference halve the score.

    Example:
        >>> ExponentialSimilarity().corpus(["20 of 50 are, so 40% are positive and 60% are not.", "40"], ["50%", "40%"])
        0.25
    """

    name = "exponential_similarity"

    def _judged(self, said: str, right: str) -> float:
        found, wanted = _PERCENTAGE.search(said), _NUMBER.search(right)
        if found is None or wanted is None:
            return 0.0
        return float(2 ** (-abs(float(found[1]) - float(wanted[0])) / 10))


class ConcordanceIndex(_OfAnswer):
    """Mean share of the pairs of a list that are in the right order; 0 where an answer is no permutation of it (ZeroSCROLLS).

    Everything but digits, commas and white space is dropped from an answer. A random order has 0.5.

    Example:
        >>> ConcordanceIndex().corpus(["Order: 1, 3, 2", "1, 2", "3, 2, 1"], ["1, 2, 3"] * 3)
        0.2222222222222222
    """

    name = "concordance_index"

    def _judged(self, said: str, right: str) -> float:
        given, wanted = _numbers(said), _numbers(right)
        if sorted(given) != sorted(set(wanted)) or len(wanted) < 2:
            return 0.0
        place = {each: at for at, each in enumerate(given)}
        pairs = list(combinations(wanted, 2))
        return sum(place[first] < place[second] for first, second in pairs) / len(pairs)


def _numbers(text: str) -> list[int]:
    return [int(each) for each in re.split(r"[,\s]+", re.sub(r"[^\d,\s]", "", text)) if each.isdecimal()]


class FirstNumber(_OfAnswer):
    """Share of the answers whose first number is the right one (InfiniteBench, Zhang et al. 2024: keys, digits, lists).

    Zeros in front count, since a key is no quantity; those behind a decimal point do not.

    Example:
        >>> FirstNumber().corpus(["The key is 71432.", "0071", "about 2.50"], ["71432", "71", "2.5"])
        0.6666666666666666
    """

    name = "first_number"

    def _judged(self, said: str, right: str) -> float:
        found, wanted = _NUMBER.search(said), _NUMBER.search(right)
        return float(found is not None and wanted is not None and _plain(found[0]) == _plain(wanted[0]))


def _plain(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


class WordStands(_OfAnswer):
    """Share of the answers in which the right word stands by itself (InfiniteBench: keys and values).

    Quotation marks, braces and the marks of sentences are blanks, as in its own evaluation.

    Example:
        >>> WordStands().corpus(['{"value": "cb59-052b"}', "a cb59"], ["cb59-052b", "cb5"])
        0.5
    """

    name = "word_stands"

    def _judged(self, said: str, right: str) -> float:
        return float(right.strip() in _NO_WORD.sub(" ", said).split())
