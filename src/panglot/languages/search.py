"""Searching languages by whatever is known of them."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import cache

from panglot.artifacts import InputError
from panglot.languages import tables
from panglot.languages.language import Language
from panglot.languages.names import plain, plain_index

_FUZZY = 0.7


def find(query: str, limit: int) -> tuple[Language, ...]:
    """See [`Language.find`][panglot.languages.language.Language.find]."""
    from panglot.languages.parsing import understand

    wanted, cleaned = plain(query), " ".join(query.split())[:100]
    if not cleaned or limit < 1:
        return ()
    first: list[Language] = []
    try:
        understood = understand(cleaned)
        if understood is not None:
            first = [understood.language]
    except InputError:
        pass
    ranked = [(_score(code, wanted), code) for code in tables.rows()] if wanted else []
    found = sorted(
        ((score, code) for score, code in ranked if score),
        key=lambda each: (-each[0], tables.rows()[each[1]][5] == "R", -(tables.facts(each[1]).speakers or 0), each[1]),
    )
    codes = [code for _, code in found] or [code for code, _ in near(query, limit)]
    listed = [*first, *(Language.of(code) for code in codes if not first or code != first[0].code)]
    return tuple(dict.fromkeys(listed))[:limit]


@cache
def _names() -> dict[str, tuple[str, ...]]:
    """Code to its plain names."""
    found: dict[str, list[str]] = {code: [] for code in tables.rows()}
    for name, codes in plain_index().items():
        for code in codes:
            found[code].append(name)
    return {code: tuple(names) for code, names in found.items()}


@cache
def _surroundings(code: str) -> str:
    """Families, countries and scripts of a language, plain, each between bars."""
    known = tables.facts(code)
    groups = [tables.node_name(node) for node in tables.path(code)]
    places = [tables.region_name(each) or "" for each in known.countries]
    scripts = [tables.script_names()[each] for each in known.scripts]
    return "|" + "|".join(plain(each) for each in (*groups, *places, *scripts)) + "|"


def _score(code: str, wanted: str) -> int:
    """How well a language answers a plain query: codes, then names, then families and countries; 0 for not at all."""
    row = tables.rows()[code]
    if wanted in (code, row[1]):
        return 100
    best = 0
    for name in _names()[code]:
        if name == wanted:
            return 90
        if wanted in name:
            best = max(best, 80 if name.startswith(wanted) else 70 if f" {wanted}" in name else 50 if len(wanted) > 2 else 0)
    if len(wanted) < 3:
        return best
    around = _surroundings(code)
    if f"|{wanted}|" in around:
        return max(best, 75)
    if best:
        return best
    if f"|{wanted}" in around or f" {wanted}" in around:
        return 30
    words = wanted.split()
    if len(words) > 1:
        all_names = "|".join(_names()[code]) + around
        if all(word in all_names for word in words):
            return 20
    return 0


def bearing(text: str, limit: int) -> list[str]:
    """Codes of languages with the text as a word of a name, or as a group of their lineage, most speakers first."""
    wanted = plain(text)
    if len(wanted) < 4:
        return []
    found = [code for code, row in tables.rows().items() if row[5] != "R" and _score(code, wanted) >= 70]
    return sorted(found, key=lambda code: (-(tables.facts(code).speakers or 0), code))[:limit]


def near(text: str, limit: int) -> list[tuple[str, str]]:
    """Codes and names nearest to a misspelt name or code, the nearest first."""
    wanted = plain(text)
    if not wanted:
        return []
    options: dict[str, float] = {}
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    spread = max(1, len(wanted) // 3)
    for name in plain_index():
        if abs(len(name) - len(wanted)) <= spread and _overlap(name, wanted):
            matcher.set_seq1(name)
            if matcher.real_quick_ratio() >= _FUZZY and matcher.quick_ratio() >= _FUZZY:
                options[name] = matcher.ratio() + (0.05 if name[0] == wanted[0] else 0)
    chosen: dict[str, str] = {}
    for name in sorted((each for each in options if options[each] >= _FUZZY), key=lambda each: (-options[each], each)):
        for code, rank in sorted(plain_index()[name].items(), key=lambda each: (each[1], each[0])):
            if rank <= 3:
                chosen.setdefault(code, tables.facts(code).name)
        if len(chosen) >= limit:
            break
    return list(chosen.items())[:limit]


def _overlap(first: str, second: str) -> bool:
    """Whether two words share a pair of letters, or are so short that this says nothing."""
    if len(second) < 5:
        return True
    return any(second[place : place + 2] in first for place in range(len(second) - 1))
