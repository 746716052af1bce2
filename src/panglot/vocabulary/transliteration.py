"""Romanised pieces of a vocabulary, and the pieces that each of them comes from (TransMI)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import regex

from panglot.artifacts import InputError
from panglot.vocabulary.romanise import romaniser
from panglot.vocabulary.surface import SPACE_MARK
from panglot.vocabulary.vocabulary import Vocabulary

MergeMode = Literal["max", "min", "average"]
"""Of several pieces that are romanised alike, the one with the highest score counts, or the lowest, or all of them."""


@dataclass(frozen=True)
class Transliterated:
    """A new piece.

    Attributes:
        piece: romanised, with its mark of a space.
        sources: ids of the old pieces that are romanised to it, the highest score first, equal scores in the order of ids.
        scores: of the sources.
    """

    piece: str
    sources: tuple[int, ...]
    scores: tuple[float, ...]

    def score(self, mode: MergeMode) -> float:
        """The score of the new piece.

        Example:
            >>> new = Transliterated("privet", (7, 3), (-2.0, -4.0))
            >>> new.score("max"), new.score("min"), new.score("average")
            (-2.0, -4.0, -3.0)
        """
        if mode == "average":
            return sum(self.scores) / len(self.scores)
        return self.scores[0] if mode == "max" else self.scores[-1]

    def chosen(self, mode: MergeMode) -> list[int]:
        """Ids of the old pieces that the new row is the mean of."""
        return {"max": [self.sources[0]], "min": [self.sources[-1]], "average": list(self.sources)}[mode]


def transliterated(vocabulary: Vocabulary, scripts: Sequence[str] | None = None) -> list[Transliterated]:
    """Romanise every piece; what the vocabulary does not have is new.

    Args:
        vocabulary: of the family "unigram". Special and added tokens are left alone.
        scripts: ISO 15924 codes: only pieces with a letter of one of these are romanised. None for all, which strips the
            accents of Latin pieces too.

    Returns:
        In the order of the pieces. Romanisations that are empty or hold a space are left out: no text is cut into them.

    Raises:
        InputError: the vocabulary has no scores (BPE, WordPiece), or a script is unknown.
    """
    if vocabulary.family != "unigram":
        raise InputError(
            f"a {vocabulary.family} tokenizer has no scores, and TransMI needs them",
            where=vocabulary.place or None,
            fix="Unigram tokenizers (XLM-R, mT5) can be transliterated",
        )
    wanted = _any_of(scripts)
    held = [
        (number, piece, float(score))
        for number, (piece, score) in enumerate(vocabulary.model["vocab"])
        if number not in vocabulary.added and not piece.isascii() and wanted.search(piece)
    ]
    parted = [_parted(piece) for _, piece, _ in held]
    sources: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for (number, _, score), (marks, _), roman in zip(
        held, parted, romaniser().romanise(rest for _, rest in parted), strict=True
    ):
        piece = marks + roman
        if roman and piece not in vocabulary.ids and not any(each.isspace() for each in roman) and SPACE_MARK not in roman:
            sources[piece].append((-score, number))
    found = []
    for piece in sorted(sources):
        ordered = sorted(sources[piece])
        found.append(Transliterated(piece, tuple(number for _, number in ordered), tuple(-minus for minus, _ in ordered)))
    return found


def _parted(piece: str) -> tuple[str, str]:
    rest = piece.lstrip(SPACE_MARK)
    return piece[: len(piece) - len(rest)], rest


def _any_of(scripts: Sequence[str] | None) -> "regex.Pattern[str]":
    if scripts is None:
        return regex.compile(r"\p{L}")
    try:
        return regex.compile("|".join(rf"\p{{Script={each}}}" for each in scripts) or r"(?!)")
    except regex.error:
        raise InputError(
            f"one of {', '.join(scripts)} is no script", fix="give ISO 15924 codes, such as Cyrl or Deva"
        ) from None
