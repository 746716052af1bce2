"""Reading names of languages, in English, in the language itself, and in the languages that CLDR covers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from panglot.languages import tables
from panglot.languages.choices import MACROLANGUAGE_CHOICE, SCRIPT_WORDS

# Letters that people type plain and that do not come apart under NFKD.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ŋ": "n", "ə": "e", "ŧ": "t"})
_GENERIC = re.compile(r"(?:\s+language|\s+lang\.?)$", re.IGNORECASE)


def same_case(name: str) -> str:
    """A name without its case and outer blanks."""
    return unicodedata.normalize("NFC", " ".join(name.split()).casefold())


@lru_cache(maxsize=65536)
def plain(name: str) -> str:
    """A name as people without the right keyboard type it: no accents, no punctuation.

    Only the accents of U+0300–U+036F are dropped: the vowel signs of Indic, Thai or Hebrew letters are part of the word.

    Example:
        >>> plain("hornjoserbšćina"), plain("K'iche'"), plain("हिन्दी")
        ('hornjoserbscina', 'kiche', 'हिन्दी')
    """
    apart = unicodedata.normalize("NFKD", name.casefold())
    letters = (each for each in apart if not "\u0300" <= each <= "\u036f")
    kept = (each if each.isalnum() or unicodedata.category(each)[0] == "M" else _blank(each) for each in letters)
    return unicodedata.normalize("NFC", " ".join("".join(kept).split())).translate(_PLAIN)


def _blank(sign: str) -> str:
    return "" if sign in "'’‘ʼʻ`´ꞌ" else " "


@cache
def index() -> dict[str, dict[str, int]]:
    """Name without case to codes with the rank of that name for each."""
    found: dict[str, dict[str, int]] = {}
    for code, row in tables.rows().items():
        _enter(found, same_case(row[2]), code, 0)
        if row[3]:
            _enter(found, same_case(row[3]), code, 1)
    for code, name, rank in tables.further_names():
        _enter(found, same_case(name), code, rank)
    return found


@cache
def plain_index() -> dict[str, dict[str, int]]:
    """Like `index`, by plain name; a name with a bracketed part stands without it too, one rank lower."""
    found: dict[str, dict[str, int]] = {}
    for name, codes in index().items():
        short = re.sub(r"\s*[(\[].*[)\]]\s*$", "", name)
        for code, rank in codes.items():
            _enter(found, plain(name), code, rank)
            if short and short != name:
                _enter(found, plain(short), code, rank + 4)
    return found


def _enter(found: dict[str, dict[str, int]], name: str, code: str, rank: int) -> None:
    codes = found.setdefault(name, {})
    codes[code] = min(rank, codes.get(code, rank))


def candidates(name: str) -> list[str]:
    """Codes that a name may stand for, best rank first.

    A member gives way to its macrolanguage, and a retired code to live ones.
    """
    codes = index().get(same_case(name)) or plain_index().get(plain(name)) or {}
    by_rank = sorted(codes, key=lambda code: (codes[code], code))
    kept = []
    for code in by_rank:
        macro = tables.facts(code).macrolanguage
        if macro in codes and (MACROLANGUAGE_CHOICE.get(macro, macro) in (macro, code) or codes[code] >= codes[macro]):
            continue
        kept.append(code)
    return [code for code in kept if tables.rows()[code][5] != "R"] or kept


def best(name: str) -> tuple[list[str], list[str]]:
    """Codes of the best rank, and all others that bear the name; both empty where nothing does."""
    codes = index().get(same_case(name)) or plain_index().get(plain(name)) or {}
    found = candidates(name)
    top = [code for code in found if codes[code] == codes[found[0]]]
    return top, [code for code in sorted(codes, key=lambda code: (codes[code], code)) if code not in top]


def is_name(text: str) -> bool:
    """Whether a language has exactly this name, but for the case.

    Example:
        >>> is_name("Aka-Bo"), is_name("en-GB")
        (True, False)
    """
    return same_case(text) in index()


def forms(text: str) -> Iterator[tuple[str, str | None, str | None]]:
    """Ways to take a text as a name with a script or a region beside it: name, script, region."""
    yield text, None, None
    bare = _GENERIC.sub("", text)
    if bare != text:
        yield bare, None, None
    bracketed = re.fullmatch(r"(.+?)\s*\((.+)\)|(.+?)\s*,\s*(.+)", bare)
    if bracketed:
        name, beside = (bracketed[1], bracketed[2]) if bracketed[1] else (bracketed[3], bracketed[4])
        region = tables.region_by_name().get(beside.casefold())
        if region is None and tables.region_name(beside):
            region = beside
        script = _script(beside)
        if script or region:
            yield name, script, None if script else region
        yield f"{beside} {name}", None, None
    words = bare.split()
    if len(words) > 2 and words[-1].casefold() == "script":
        words.pop()
    for cut in (1, 2):
        if len(words) > cut:
            script = _script(" ".join(words[:cut]))
            if script:
                yield " ".join(words[cut:]), script, None
            script = _script(" ".join(words[-cut:]))
            if script:
                yield " ".join(words[:-cut]), script, None


@cache
def _scripts() -> dict[str, str]:
    named = {name.casefold(): code for code, name in reversed(tables.script_names().items())}
    return named | {code.casefold(): code for code in tables.script_names()} | SCRIPT_WORDS


def _script(words: str) -> str | None:
    said = words.casefold().removesuffix(" script")
    return _scripts().get(said)


def foreign(text: str) -> tuple[str, str] | None:
    """A name in one of CLDR's languages: BCP 47 code of what it names, and of the language it is in; None if not just one.

    Example:
        >>> foreign("Obersorbisch")
        ('hsb', 'de')
    """
    from language_data.name_data import CODE_TO_NAMES

    wanted = same_case(text)
    found: dict[str, str] = {}
    for code, by_language in CODE_TO_NAMES.items():
        if code[:2].islower():
            for language, name in by_language.items():
                if len(name) == len(text) and same_case(name) == wanted:
                    found.setdefault(code, language)
    return next(iter(found.items())) if len(found) == 1 else None
