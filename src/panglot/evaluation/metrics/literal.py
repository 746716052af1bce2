"""Answers that must be right sign by sign: an option's letter, yes or no, a sorted list, brackets."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import regex

from panglot.evaluation.metrics.metric import Floats, Mean, references

_OPTION = regex.compile(r"[(（]([A-Z])[)）]")
_BARE = regex.compile(r"([A-Z])(?:$|[.)）:：](?!\p{L}))")
_BRACKETS = regex.compile(r"[()\[\]{}<>\s]+")
_AROUND = " \t\n\"'`*_“”‘’«»「」$"
_STOPS = ".。।۔։።"


class LiteralMatch(Mean):
    """Share of outputs that are a right answer as it stands (exact match of BBH, Suzgun et al. 2023, arXiv 2210.09261).

    What a right answer looks like says how an output is read:

    - `(B)`: an output that begins with `(B)`, or with `B` alone before a mark or the end, and names no other option. "A dog"
      names none.
    - brackets, `] } )`: the brackets in their order, with blanks or without, and nothing else but a full stop.
    - anything else: the same signs, once both are composed (NFKC), in small letters, in Latin digits, with single blanks,
      without quotation marks or asterisks around them and a full stop behind. What follows a full stop and a blank does not
      count.

    SQuAD's rules cannot be used here: they drop the brackets of `(A)`, take what is left for the article, and find nothing in
    an answer of brackets. A pattern that takes all but the last sign, as widely used for BBH, reads "(A" where the full stop is
    missing. A number with marks between its groups is another text here, as it is for the makers of the set.

    Example:
        >>> LiteralMatch().corpus(["(A).", "A dog", "] ) .", "Yes. It is."], ["(A)", "(A)", "] )", "yes"])
        0.75
    """

    name = "literal_match"

    def values(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """1 for each output that is a right answer, else 0."""
        pairs = enumerate(zip(outputs, targets, strict=True))
        return np.array([any(_is(said, each) for each in references(right, at)) for at, (said, right) in pairs], dtype=float)


def _is(said: str, right: str) -> bool:
    said, right = said.strip(_AROUND + ":："), right.strip()
    if option := _OPTION.fullmatch(right):
        found = _OPTION.match(said) or _BARE.match(said)
        # who names several options has chosen none
        return found is not None and {found[1], *_OPTION.findall(said)} == {option[1]}
    if right and _BRACKETS.fullmatch(right):
        return _brackets(said.rstrip(_STOPS)) == _brackets(right)
    wanted, given = _plain(right), _plain(said)
    return given == wanted or any(given.startswith(f"{wanted}{stop} ") for stop in _STOPS)


def _brackets(text: str) -> str:
    return "".join(text.split())


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().replace("−", "-")
    text = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text)
    return " ".join(text.split()).rstrip(_STOPS).strip(_AROUND)
