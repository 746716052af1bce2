"""What a new piece may hold, beside being frequent."""

from collections.abc import Collection
from functools import cache

import regex

from panglot.corpus.scripts import script_share
from panglot.vocabulary.surface import byte_letters
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import space_marker

MAX_CHARACTERS = 16
_WORD_LIKE = regex.compile(r"(?:(?!\p{Nd})(?:[\p{L}\p{M}]|\P{Script=Common}))+")


class PieceRules:
    """Decides whether a string may become a piece of more than one character.

    As SentencePiece does by default, a piece holds at most 16 characters, a space only as its first character, and letters,
    marks and the other signs of a script, not the digits and punctuation that all scripts share: numbers and punctuation stay
    cut as the tokenizer cuts them now, in every language. Of pieces of bytes the whole characters are looked at; a part of
    a character is always allowed, since byte pairs must pass through it. Where scripts are named, every letter of a piece is
    of one of them: foreign names in a text give no pieces, and the languages that these come from stay as they are.

    Example:
        >>> rules = PieceRules(marker="▁", bytewise=False)
        >>> [rules.allow(each) for each in ("▁ສະ", "ក្រ", "2024", "ja,", "a▁b", "👩‍🚀")]
        [True, True, False, False, False, False]
        >>> [PieceRules(marker="▁", bytewise=False, scripts=["Khmr"]).allow(each) for each in ("ក្រ", "▁Writer")]
        [True, False]
    """

    def __init__(self, *, marker: str, bytewise: bool, scripts: Collection[str] = ()) -> None:
        self._marker, self._bytewise, self._scripts = marker, bytewise, scripts

    @classmethod
    def of(cls, vocabulary: Vocabulary, scripts: Collection[str] = ()) -> "PieceRules":
        """The rules for the pieces of one tokenizer; `scripts` are ISO 15924 codes, none for any script."""
        return cls(marker=space_marker(vocabulary), bytewise=vocabulary.family == "byte_bpe", scripts=scripts)

    def allow(self, piece: str) -> bool:
        """Whether the string may be a piece; single characters, and parts of one, always may."""
        text = piece.removeprefix(self._marker) if self._marker else piece
        if self._bytewise:
            return self._allow_bytes(text, marked=text != piece)
        if len(text) > MAX_CHARACTERS:
            return False
        return (len(piece) <= 1) or self._allow_whole(text)

    def _allow_bytes(self, text: str, *, marked: bool) -> bool:
        raw = bytes(_byte_of().get(each, 0) for each in text)
        whole = raw.decode("utf-8", errors="ignore")
        if len(whole) > MAX_CHARACTERS or len(raw) > 4 * MAX_CHARACTERS:
            return False
        fragments = len(raw) - len(whole.encode())
        return not whole or (len(whole) == 1 and not fragments and not marked) or self._allow_whole(whole)

    def _allow_whole(self, text: str) -> bool:
        if _WORD_LIKE.fullmatch(text) is None:
            return False
        return not self._scripts or all(
            any(script_share(each, script) > 0 for script in self._scripts) for each in text if each.isalpha()
        )


@cache
def _byte_of() -> dict[str, int]:
    return {letter: byte for byte, letter in byte_letters().items()}
