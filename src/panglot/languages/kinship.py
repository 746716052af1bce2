"""Nearest relatives of a language."""

from collections.abc import Iterable
from math import asin, cos, inf, radians, sin, sqrt

from panglot.languages import tables
from panglot.languages.language import Language

# Classes of Glottolog that stand where a family would and are no kinship.
_NOT_KIN = frozenset({"Sign Language", "Speech Register", "Mixed Language", "Artificial Language", "Pidgin"})
_EARTH_RADIUS_KM = 6371.0


def shared_groups(first: Language, second: Language) -> int:
    """How many groups of the lineage two languages share, from the family down.

    Example:
        >>> shared_groups(Language("hsb_Latn"), Language("dsb_Latn"))
        6
        >>> shared_groups(Language("hsb_Latn"), Language("fin_Latn"))
        0
    """
    shared = 0
    for mine, theirs in zip(tables.path(first.code), tables.path(second.code), strict=False):
        if mine != theirs:
            break
        shared += 1
    if shared and tables.node_name(tables.path(first.code)[0]) in _NOT_KIN:
        shared -= 1
    return shared


def kilometres(first: Language, second: Language) -> float | None:
    """Great-circle distance between the places of two languages; None where one has no place.

    The places are single points of Glottolog, so this tells neighbours from far lands and not more.

    Example:
        >>> round(kilometres(Language("hsb_Latn"), Language("dsb_Latn")))
        57
    """
    one, other = tables.facts(first.code), tables.facts(second.code)
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    north, south = radians(one.latitude), radians(other.latitude)
    half = sin((north - south) / 2) ** 2 + cos(north) * cos(south) * sin(radians(one.longitude - other.longitude) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))


def relatives(language: Language, n: int, among: Iterable[Language] | None) -> tuple[Language, ...]:
    """See [`Language.relatives`][panglot.languages.language.Language.relatives]."""
    same = {language.code, tables.twin(language.code), tables.facts(language.code).macrolanguage}
    if among is None:
        family = tables.path(language.code)[:1]
        if not family:
            return ()
        near = (code for code, row in tables.rows().items() if row[5] != "M" and tables.path(code)[:1] == family)
        among = (Language.of(code) for code in near)
    found = []
    for each in dict.fromkeys(among):
        shared = 0 if each.code in same else shared_groups(language, each)
        if shared:
            distance = kilometres(language, each)
            found.append((-shared, inf if distance is None else distance, each))
    return tuple(each for _, _, each in sorted(found)[: max(n, 0)])
