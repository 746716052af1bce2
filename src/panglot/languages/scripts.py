"""In which script a text is written, by Unicode's Script property.

Letters alone count: digits, punctuation, spaces and combining marks that Unicode shares between scripts (Common, Inherited)
say nothing. Unicode knows no Jpan, Kore, Hans or Hant, so Han letters are folded:

- with Hiragana or Katakana beside them (at least a tenth of these letters), all three are `Jpan`;
- with at least as many Hangul letters beside them, they are counted as `Hang`, the name that FLORES-200 writes (not `Kore`);
- else they are `Hans` where more letters are only simplified than only traditional, `Hant` where it is the other way
  round, and `Hani` where nothing decides. Only simplified is what GB 2312 holds and Big5 does not, and the other way round.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import regex

from panglot.languages import tables
from panglot.languages.writing import SAME_LETTERS

_KANA_SHARE = 0.1
_KANA = ("Hira", "Kana", "Hrkt")
_SHARED = regex.compile(r"[\p{Script=Common}\p{Script=Inherited}\p{Script=Unknown}]")
# Which Unicode scripts an ISO 15924 code takes in, where it is not the one of the same name.
_TAKES_IN = {
    "Jpan": ("Hani", *_KANA),
    "Hrkt": _KANA,
    "Kore": ("Hang", "Hani"),
    "Hang": ("Hang", "Hani"),
    "Hanb": ("Hani", "Bopo"),
    "Hans": ("Hani",),
    "Hant": ("Hani",),
}


@cache
def _patterns() -> list[tuple[str, regex.Pattern[str]]]:
    """Scripts that this version of `regex` knows, most used first."""
    first = ["Latn", "Cyrl", "Arab", "Deva", "Hani", "Hang", "Hira", "Kana", "Grek", "Hebr", "Beng", "Thai", "Ethi", "Taml"]
    found = []
    for code in dict.fromkeys([*first, *tables.script_names()]):
        try:
            found.append((code, regex.compile(rf"\p{{Script={code}}}")))
        except regex.error:
            continue
    return found


@cache
def _script_of_character(character: str) -> str | None:
    if _SHARED.match(character):
        return None
    return next((code for code, pattern in _patterns() if pattern.match(character)), None)


@cache
def _han_variant(character: str) -> int:
    """1 for a letter that only simplified writing has, -1 for one that only traditional writing has, else 0."""
    return _in_charset(character, "gb2312") - _in_charset(character, "big5")


def _in_charset(character: str, charset: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _counts(text: str) -> tuple[Counter[str], int]:
    """Letters by Unicode script, and how many more of the Han letters are only simplified than only traditional."""
    found: Counter[str] = Counter()
    simplified = 0
    for character, count in Counter(text).items():
        script = _script_of_character(character)
        if script is not None:
            found[script] += count
            if script == "Hani":
                simplified += count * _han_variant(character)
    return found, simplified


def script_shares(text: str) -> dict[str, float]:
    """Share of each script among the letters of a text, largest first; empty where there is no letter.

    Example:
        >>> script_shares("Witaj, дом!")
        {'Latn': 0.625, 'Cyrl': 0.375}
        >>> script_shares("日本語を話します")
        {'Jpan': 1.0}
    """
    found, simplified = _counts(text)
    total = found.total()
    if not total:
        return {}
    kana = sum(found[each] for each in _KANA)
    if kana and kana >= _KANA_SHARE * (kana + found["Hani"]):
        found["Jpan"] += kana + found["Hani"]
        for each in ("Hani", *_KANA):
            del found[each]
    elif found["Hani"]:
        han = found.pop("Hani")
        if found["Hang"] >= han:
            found["Hang"] += han
        else:
            found["Hans" if simplified > 0 else "Hant" if simplified < 0 else "Hani"] += han
    ordered = sorted(((-count, code) for code, count in found.items() if count))
    return {code: -count / total for count, code in ordered}


def script_of(text: str) -> str | None:
    """The script of most letters of a text, as ISO 15924 code; None where there is no letter.

    Example:
        >>> [script_of(text) for text in ("ܫܠܡܐ", "한국어 漢字", "这是汉语", "這是漢語", "123")]
        ['Syrc', 'Hang', 'Hans', 'Hant', None]
    """
    return next(iter(script_shares(text)), None)


def share_in(text: str, script: str) -> float:
    """Share of a text's letters that belong to a script of a language tag, from 0 to 1; 0 where there is no letter.

    This is the question of a corpus filter ("is this Japanese in Japanese letters?"): `Jpan` takes in Han and kana, `Hang`
    takes in Han, `Hans` and `Hant` take in all Han letters, variants such as `Latf` are their Unicode script.

    Example:
        >>> share_in("日本語 ABC", "Jpan"), share_in("سڵاو", "Arab")
        (0.5, 1.0)
    """
    found, _ = _counts(text)
    total = found.total()
    wanted = _TAKES_IN.get(script) or (SAME_LETTERS.get(script, script),)
    return sum(found[each] for each in wanted) / total if total else 0.0
