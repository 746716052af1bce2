"""The packaged tables, each read when it is first asked for.

`tables/CREDITS` names the sources; `tools/build_language_tables.py` compiles them.
"""

import gzip
from functools import cache
from pathlib import Path
from typing import NamedTuple

from panglot.languages.choices import MACROLANGUAGE_CHOICE, MACROLANGUAGE_TWIN

_FOLDER = Path(__file__).with_name("tables")


class Facts(NamedTuple):
    """What the tables say of one ISO 639-3 code."""

    code: str
    two_letter: str | None
    name: str
    autonym: str | None
    scripts: tuple[str, ...]
    is_macrolanguage: bool
    is_retired: bool
    macrolanguage: str | None
    speakers: int | None
    endangerment: str | None
    resource_class: int | None
    node: str | None
    macroarea: str | None
    latitude: float | None
    longitude: float | None
    countries: tuple[str, ...]
    glottocode: str | None


def _read(name: str) -> list[list[str]]:
    text = gzip.decompress((_FOLDER / f"{name}.tsv.gz").read_bytes()).decode("utf-8")
    return [line.split("\t") for line in text.split("\n")[:-1]]


@cache
def rows() -> dict[str, list[str]]:
    """ISO 639-3 code to the cells of its row, in the order of `Facts`."""
    return {row[0]: row for row in _read("languages")}


@cache
def facts(code: str) -> Facts:
    """Facts of a known code; `KeyError` for another one."""
    row = rows()[code]
    return Facts(
        code=code,
        two_letter=row[1] or None,
        name=row[2],
        autonym=row[3] or None,
        scripts=tuple(row[4].split()),
        is_macrolanguage=row[5] == "M",
        is_retired=row[5] == "R",
        macrolanguage=row[6] or None,
        speakers=int(row[7]) if row[7] else None,
        endangerment=row[8] or None,
        resource_class=int(row[9]) if row[9] else None,
        node=row[10] or None,
        macroarea=row[11] or None,
        latitude=float(row[12]) if row[12] else None,
        longitude=float(row[13]) if row[13] else None,
        countries=tuple(row[14].split()),
        glottocode=row[15] or None,
    )


def default_script(code: str) -> str:
    """The script that is meant where none is said: the most common one, Latin where no script is known."""
    written = rows()[code][4]
    return written.split(" ", 1)[0] if written else "Latn"


def twin(code: str) -> str | None:
    """Of a macrolanguage the member that stands for it, and the other way round."""
    return _twins().get(code)


@cache
def _twins() -> dict[str, str]:
    pairs = MACROLANGUAGE_CHOICE | MACROLANGUAGE_TWIN
    return pairs | {member: macro for macro, member in pairs.items()}


@cache
def members() -> dict[str, tuple[str, ...]]:
    """Macrolanguage to its individual languages, by code."""
    found: dict[str, list[str]] = {}
    for code, row in rows().items():
        if row[6]:
            found.setdefault(row[6], []).append(code)
    return {macro: tuple(codes) for macro, codes in found.items()}


@cache
def _nodes() -> dict[str, tuple[str, str]]:
    return {node: (parent, name) for node, parent, name in _read("lineages")}


@cache
def path(code: str) -> tuple[str, ...]:
    """Glottocodes from the family down to the smallest group that holds the language."""
    steps, node = [], rows()[code][10]
    while node:
        steps.append(node)
        node = _nodes()[node][0]
    return tuple(reversed(steps))


def node_name(node: str) -> str:
    """Name of a group of languages; empty where the source has none."""
    return _nodes()[node][1]


@cache
def further_names() -> list[tuple[str, str, int]]:
    """Code, name and rank (0 first names, 1 own names, 2 registry, 3 Glottolog) of names beside the first one."""
    return [(code, name, int(rank)) for code, name, rank in _read("names")]


@cache
def own_names() -> dict[tuple[str, str], str]:
    """Code and script to the language's own name, where it differs from the one in the default script."""
    return {(code, script): name for code, script, name in _read("own_names")}


@cache
def aliases() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """Codes that are not ISO 639-3, to kind, target codes and name."""
    return {code: (kind, tuple(targets.split()), name) for code, kind, targets, name in _read("codes")}


@cache
def udhr_codes() -> dict[str, str]:
    """Codes of the Universal Declaration's texts that are not language codes, to a code or BCP 47 tag."""
    return {code: target for code, target, _ in _read("udhr")}


@cache
def variants() -> dict[str, str]:
    """Registered variant subtags with their descriptions."""
    return dict(_read("variants"))


@cache
def script_names() -> dict[str, str]:
    """ISO 15924 codes with their English names."""
    return dict(_read("scripts"))


@cache
def _regions() -> dict[str, str]:
    return dict(_read("regions"))


def region_name(region: str) -> str | None:
    """English name of an ISO 3166 or UN M.49 code; of the successor, for a code that was given up."""
    found = _regions()
    return found.get(region) or found.get(found.get("=" + region, ""))


def region_script(code: str, region: str) -> str | None:
    """The script that CLDR expects for a language in a region, where it is not the usual one."""
    return _regions().get(f"{code}-{region}")


@cache
def region_by_name() -> dict[str, str]:
    """Casefolded English name of a region to its code."""
    return {name.casefold(): code for code, name in _regions().items() if "-" not in code and not code.startswith("=")}
