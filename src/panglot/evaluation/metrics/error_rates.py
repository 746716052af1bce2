"""Word and character error rates. Outputs are texts, targets one or several references each."""

import unicodedata
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from panglot.artifacts import InputError
from panglot.evaluation.metrics.metric import Floats, Ratio, equally_many, references
from panglot.evaluation.metrics.tokens import graphemes

Unit = Literal["word", "grapheme", "code point"]
_NAMES: dict[Unit, str] = {"word": "wer", "grapheme": "cer", "code point": "cer_code_points"}


class ErrorRate(Ratio):
    """Edits over units of the references: Σ (substitutions + deletions + insertions) / Σ length. It may exceed 1.

    `wer` takes words between white space and `cer_code_points` code points, both as jiwer does by default: nothing is
    normalised but white space at the ends. `cer` takes grapheme clusters, so that a wrong vowel sign is one error in a
    syllable of one cluster, however many code points it has. Of several references the one with the least rate counts.

    Args:
        unit: what is counted.
        form: normal form that both sides get first; XTREME-UP's rate is that of code points in NFKC (`cer_nfkc`).
        language: where it is given, `wer` refuses a language that puts no spaces between words.

    Raises:
        InputError: see `language`.

    Example:
        >>> ErrorRate("grapheme").corpus(["नमसते"], ["नमस्ते"]), ErrorRate("code point").corpus(["नमसते"], ["नमस्ते"])
        (0.6666666666666666, 0.16666666666666666)
    """

    higher_is_better = False
    bounds = None

    def __init__(self, unit: Unit, *, form: Literal["NFKC"] | None = None, language: str | None = None) -> None:
        self.unit = unit
        self.form = form
        self.name = _NAMES[unit] if form is None else f"cer_{form.lower()}"
        if unit == "word" and language is not None:
            from panglot.languages import Language

            if not Language.parse(language).spaces:
                raise InputError(
                    f"{language} puts no spaces between words, so it has no word error rate",
                    fix="use cer, the rate of characters",
                )

    @property
    def signature(self) -> dict[str, str]:
        """The unit."""
        return {"unit": self.unit, "norm": "strip" if self.form is None else f"{self.form.lower()}-strip"}

    def statistics(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """[n, 2]: edits and units of the reference."""
        equally_many(outputs, targets)
        rows = np.zeros((len(outputs), 2))
        for at, (output, target) in enumerate(zip(outputs, targets, strict=True)):
            said = self._cut(output)
            right = [self._cut(each) for each in references(target, at)]
            if not all(right):
                raise InputError("a reference is empty, and no rate can be had of it", where=f"item {at}, counted from 0")
            rows[at] = min(((edits(said, each), len(each)) for each in right), key=lambda found: found[0] / found[1])
        return rows

    def _cut(self, text: str) -> list[str]:
        text = text if self.form is None else unicodedata.normalize(self.form, text)
        if self.unit == "word":
            return text.split()
        return graphemes(text.strip()) if self.unit == "grapheme" else list(text.strip())


def edits(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Levenshtein distance, a column of the table at a time as bits of two integers (Myers 1999; Hyyrö 2003).

    Example:
        >>> edits("kitten", "sitting")
        3
    """
    if not one:
        return len(other)
    places: dict[Hashable, int] = {}
    for at, each in enumerate(one):
        places[each] = places.get(each, 0) | 1 << at
    every, last = (1 << len(one)) - 1, 1 << len(one) - 1
    more, less, distance = every, 0, len(one)
    for each in other:
        equal = places.get(each, 0)
        straight = (((equal & more) + more) ^ more) | equal | less
        grows, shrinks = less | ~(straight | more) & every, more & straight
        distance += bool(grows & last) - bool(shrinks & last)
        grows = (grows << 1 | 1) & every
        shrinks = shrinks << 1 & every
        more, less = (shrinks | ~(straight | grows)) & every, grows & straight
    return distance
