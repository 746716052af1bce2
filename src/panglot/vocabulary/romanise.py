"""Romanisation of many short strings with uroman, without asking it for each of them."""

from collections.abc import Iterable
from functools import cache
from typing import Any

_CONDITIONS = (
    "dont-use-at-start-of-word",
    "use-only-at-start-of-word",
    "dont-use-at-end-of-word",
    "use-only-at-end-of-word",
    "use-only-for-whole-word",
    "t-at-end-of-syllable",
)
_HEURISTIC = frozenset({"Thai", "Hiragana", "Katakana", "Coptic", "Tibetan", "Braille"})
"""Scripts that uroman treats by the neighbours of a letter, beside the abugidas."""


class Romaniser:
    """uroman (Hermjakob et al., 2018, https://aclanthology.org/P18-4003), with a shortcut.

    uroman builds a lattice for each string, which takes about half a millisecond. Most letters are always written alike: no
    rule of uroman's spans them and a neighbour, and none depends on where they stand. A string of such letters is
    written letter by letter. The answers are those of `uroman.Uroman().romanize_string`;
    a text that it fails on stays as it is.
    """

    def __init__(self, uroman: Any) -> None:
        self._uroman = uroman
        self._joined = {letter for source in uroman.rom_rules if len(source) > 1 for letter in source}
        self._letters: dict[str, str | None] = {}

    def romanise(self, texts: Iterable[str]) -> list[str]:
        """Each text in Latin letters; ASCII stays as it is."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> str:
        if text.isascii():
            return text
        written = [self._letter(each) for each in text]
        if None not in written:
            return "".join(each for each in written if each is not None)
        try:
            return str(self._uroman.romanize_string(text))
        except (AttributeError, TypeError):
            return text  # uroman fails on some sequences of numerals

    def _letter(self, letter: str) -> str | None:
        if letter not in self._letters:
            self._letters[letter] = self._always(letter)
        return self._letters[letter]

    def _always(self, letter: str) -> str | None:
        """What a letter is always written as; None where that depends on its neighbours."""
        uroman = self._uroman
        script = str(uroman.chr_script_name(letter))
        if not letter.isalpha() or letter in self._joined or letter in uroman.num_props or script in _HEURISTIC:
            return None
        known = uroman.scripts.get(script.lower())
        if known and known["abugida-default-vowels"]:
            return None
        if any(rule[each] for rule in uroman.rom_rules.get(letter, ()) for each in _CONDITIONS):
            return None
        found = str(uroman.romanize_string(letter))
        # uroman writes THessalonike as Thessalonike, and joins the spaces that it puts between words
        return None if (len(found) > 1 and found.isupper()) or " " in found else found


@cache
def romaniser() -> Romaniser:
    """The romaniser, loaded once: that takes a few seconds."""
    from uroman import Uroman

    return Romaniser(Uroman())
