"""Romanisation of many short strings with uroman, without asking it for each of them."""

from collections.abc import Iterable
from functools import cache
from typing import Any

_PLACES = (
    "dont-use-at-start-of-word",
    "use-only-at-start-of-word",
    "dont-use-at-end-of-word",
    "use-only-at-end-of-word",
    "use-only-for-whole-word",
)
_SYLLABLE = "t-at-end-of-syllable"
_HEURISTIC = frozenset({"Thai", "Hiragana", "Katakana", "Coptic", "Tibetan", "Braille"})
"""Scripts that uroman treats by the neighbours of a letter, beside the abugidas."""


class Romaniser:
    """uroman (Hermjakob et al., 2018, https://aclanthology.org/P18-4003), with a shortcut.

    uroman builds a lattice for each string, which takes about half a millisecond. Most strings need none: no rule of
    uroman's for several letters applies, and each letter is written alike wherever it stands, or depends only on whether it is
    the first or the last. Such strings are written letter by letter. The answers are those of
    `uroman.Uroman().romanize_string`; a text on which it fails stays.
    """

    def __init__(self, uroman: Any) -> None:
        self._uroman = uroman
        self._several = {source for source, rules in uroman.rom_rules.items() if len(source) > 1 and _any_language(rules)}
        self._prefixes = {source[:end] for source in self._several for end in range(2, len(source))}
        self._letters: dict[tuple[str, bool, bool], str | None] = {}

    def romanise(self, texts: Iterable[str]) -> list[str]:
        """Each text in Latin letters; ASCII stays as it is."""
        asked = list(texts)
        known = {text: self._one(text) for text in dict.fromkeys(asked)}
        return [known[text] for text in asked]

    def _one(self, text: str) -> str:
        if text.isascii():
            return text
        if (found := self._by_letters(text)) is not None:
            return found
        try:
            return str(self._uroman.romanize_string(text))
        except (AttributeError, TypeError):
            return text  # uroman fails on some sequences of numerals

    def _by_letters(self, text: str) -> str | None:
        last = len(text) - 1
        found = []
        for place, letter in enumerate(text):
            key = letter, place == 0, place == last
            if key not in self._letters:
                self._letters[key] = self._written(*key)
            written = self._letters[key]
            if written is None:
                return None
            found.append(written)
        return None if self._has_several(text) else "".join(found)

    def _has_several(self, text: str) -> bool:
        """Whether a rule for several letters applies somewhere."""
        for start in range(len(text) - 1):
            end = start + 2
            while text[start:end] in self._prefixes and end < len(text):
                if text[start:end] in self._several:
                    return True
                end += 1
            if text[start:end] in self._several:
                return True
        return False

    def _written(self, letter: str, first: bool, last: bool) -> str | None:
        """What a letter is written as between letters, at the beginning or at the end; None where more must be known."""
        uroman = self._uroman
        script = str(uroman.chr_script_name(letter))
        if not letter.isalpha() or letter in uroman.num_props or script in _HEURISTIC:
            return None
        known = uroman.scripts.get(script.lower())
        if known and known["abugida-default-vowels"]:
            return None
        alone = str(uroman.romanize_string(letter))
        # uroman writes THessalonike as Thessalonike, and joins the spaces that it puts between words
        if (len(alone) > 1 and alone.isupper()) or " " in alone:
            return None
        rules = uroman.rom_rules.get(letter, ())
        if not any(rule[each] for rule in rules for each in (*_PLACES, _SYLLABLE)):
            return alone
        if any(rule[_SYLLABLE] for rule in rules) or _by_rule(rules, True, True) != alone:
            return None
        return _by_rule(rules, first, last)


def _any_language(rules: Iterable[Any]) -> bool:
    return any(not rule["lcodes"] for rule in rules)


def _by_rule(rules: Iterable[Any], first: bool, last: bool) -> str | None:
    """The most restricted rule that applies at this place, the first of equals."""
    never_first, only_first, never_last, only_last, only_whole = _PLACES
    best, most = None, -1
    for rule in rules:
        barred = (first and rule[never_first]) or (last and rule[never_last]) or rule["lcodes"]
        missed = (
            (rule[only_first] and not first) or (rule[only_last] and not last) or (rule[only_whole] and not (first and last))
        )
        if not barred and not missed and (restrictions := rule["n-restr"] or 0) > most:
            best, most = rule["t"], restrictions
    return best


@cache
def romaniser() -> Romaniser:
    """The romaniser, loaded once: that takes a few seconds."""
    from uroman import Uroman

    return Romaniser(Uroman())
