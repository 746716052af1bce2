"""Where gettext catalogues lie, and which language each belongs to."""

import os
import re
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import distributions
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from panglot.artifacts import InputError
from panglot.corpus.reading.columns import named_language
from panglot.languages import Language

_LOCALE = re.compile(
    r"(?P<language>[A-Za-z]{2,3})(?:[_-](?P<script>[A-Za-z]{4}))?(?:[_-](?P<region>[A-Za-z]{2}|\d{3}))?"
    r"(?:\.(?P<charset>[\w-]+))?(?:@(?P<modifier>\w+))?"
)
_RECORDED = re.compile(r'^"?((?:[^\n",]*/)?([^/\n",]+)/LC_MESSAGES/([^\n",]+)\.(po|mo))"?,', re.MULTILINE)
_SCRIPT_MODIFIERS = {
    "arabic": "Arab",
    "cyrillic": "Cyrl",
    "devanagari": "Deva",
    "iqtelif": "Latn",
    "latin": "Latn",
    "latn": "Latn",
    "tifinagh": "Tfng",
}


class Locale(NamedTuple):
    """A locale folder's name, understood.

    Attributes:
        name: as the folder is called: `pt_BR`, `sr@latin`.
        language: the language.
        rank: 0 without a region, 1 with the region that is likeliest for the language, 2 with another region or variant.
    """

    name: str
    language: Language
    rank: int


class CatalogueFile(NamedTuple):
    """One catalogue of one language.

    Attributes:
        package: the installed package, or the name of the folder that a person gave.
        version: the package's version, or the empty string.
        group: package, folder and domain: catalogues of one group are translations of the same messages.
        locale: the locale folder, understood.
        shown: path below the place of the packages or the given folder.
        path: the `.po` file, or the `.mo` file where there is no `.po` (only the `.po` says what is fuzzy).
    """

    package: str
    version: str
    group: str
    locale: Locale
    shown: str
    path: Path


@lru_cache(maxsize=4096)
def parse_locale(name: str) -> Locale | None:
    """Understand a POSIX locale name, with its script, region, character set and modifier.

    Example:
        >>> parse_locale("sr@latin").language.tag, parse_locale("pt_BR").rank, parse_locale("es_MX").rank
        ('srp_Latn', 1, 2)
    """
    found = _LOCALE.fullmatch(name)
    if not found:
        return None
    base, region, modifier = found["language"].lower(), found["region"], (found["modifier"] or "").lower()
    script = (found["script"] or _SCRIPT_MODIFIERS.get(modifier, "")).title()
    said = "_".join(filter(None, (base, script, region if not script else None)))
    language = named_language(said) or named_language("_".join(filter(None, (base, script))))
    if language is None:
        return None
    odd = (modifier and modifier not in _SCRIPT_MODIFIERS) or found["charset"]
    if odd:
        return Locale(name, language, 2)
    if not region:
        return Locale(name, language, 0)
    return Locale(name, language, 1 if _likely_region(base, language.tag.partition("_")[2]) == region.upper() else 2)


def _likely_region(base: str, script: str) -> str | None:
    import langcodes

    return langcodes.Language.get(f"{base}-{script}").maximize().territory


def _installed(packages: Sequence[str]) -> Iterator[tuple[str, str, str, str, str, Path]]:
    wanted = {_plain(name) for name in packages}
    seen: dict[str, tuple[str, str, Path, str]] = {}
    for each in distributions():
        record = each.read_text("RECORD") or ""
        # Reading a package's metadata is slow; most packages hold no catalogue.
        if "/LC_MESSAGES/" not in record:
            continue
        name = each.metadata["Name"] or ""
        if _plain(name) not in seen and (not wanted or _plain(name) in wanted):
            seen[_plain(name)] = (name, each.version, Path(str(each.locate_file(""))), record)
    absent = sorted(name for name in packages if _plain(name) not in seen)
    if absent:
        raise InputError(
            f"not installed, or without catalogues: {', '.join(absent)}", where="packages", fix="pip install 'panglot[demo]'"
        )
    for _, (name, version, place, record) in sorted(seen.items()):
        for relative, locale, domain, _ in _RECORDED.findall(record):
            root = relative[: relative.index(f"{locale}/LC_MESSAGES/")].rstrip("/")
            if ".." not in relative.split("/"):
                yield name, version, root, locale, domain, place / relative


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _under(folder: Path) -> Iterator[tuple[str, str, str, str, str, Path]]:
    """`LOCALE/LC_MESSAGES/DOMAIN.po` at any depth, and flat folders of `LOCALE.po`; links to folders are not followed."""
    if not folder.is_dir():
        raise InputError("there is no such folder", where=folder, fix="name a folder that holds LOCALE/LC_MESSAGES/*.po")
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if path.suffix not in (".po", ".mo"):
                continue
            parts = path.relative_to(folder.parent).parts
            if "LC_MESSAGES" in parts[1:-1]:
                at = parts.index("LC_MESSAGES", 1)
                root, locale, domain = "/".join(parts[: at - 1]), parts[at - 1], "/".join((*parts[at + 1 : -1], path.stem))
            else:
                root, locale, domain = "/".join(parts[:-1]), path.stem, ""
            yield folder.name, "", root, locale, domain, path


def find_catalogues(
    folders: Sequence[str] = (), packages: Sequence[str] = (), domains: Sequence[str] = ()
) -> list[CatalogueFile]:
    """All catalogues of folders, or of installed packages where no folder is given, in an order that does not change.

    Where a `.po` and a `.mo` hold the same catalogue the `.po` is taken.

    Raises:
        InputError: a folder is missing, or a package is not installed.
    """
    places = [Path(folder).expanduser().absolute() for folder in folders]
    found = chain.from_iterable(map(_under, places)) if places else _installed(packages)
    chosen: dict[tuple[str, str], CatalogueFile] = {}
    for package, version, root, locale_name, domain, path in found:
        locale = parse_locale(locale_name)
        if locale is None or (domains and domain not in domains):
            continue
        group = f"{package}:{root}:{domain}"
        held = chosen.get((group, locale_name))
        if held is None or (held.path.suffix, path.suffix) == (".mo", ".po"):
            chosen[group, locale_name] = CatalogueFile(
                package, version, group, locale, f"{root}/{locale_name}/{path.name}".lstrip("/"), path
            )
    return [chosen[each] for each in sorted(chosen)]


def catalogues_of(language: Language, found: Sequence[CatalogueFile]) -> list[CatalogueFile]:
    """One catalogue a group: the language without a region first, then its likeliest region.

    Other regions and variants (`es_MX`, `ca@valencia`) are taken only where the language has nothing else anywhere, and then
    one of them alone, the one with the most catalogues, so that regional variants are not mixed.
    """
    mine = [each for each in found if each.locale.language == language]
    main = [each for each in mine if each.locale.rank < 2]
    if not main and mine:
        names = sorted({each.locale.name for each in mine})
        count = {name: sum(each.locale.name == name for each in mine) for name in names}
        most = max(names, key=lambda name: count[name])
        main = [each for each in mine if each.locale.name == most]
    best: dict[str, CatalogueFile] = {}
    for each in sorted(main, key=lambda one: (one.group, one.locale.rank, one.locale.name)):
        best.setdefault(each.group, each)
    return list(best.values())


def count_messages(path: Path) -> int:
    """About how many messages a catalogue holds, without reading it whole where it is a `.mo`."""
    binary = path.with_suffix(".mo")
    try:
        if binary.is_file():
            with binary.open("rb") as stream:
                head = stream.read(12)
            order = "<" if head[:4] == b"\xde\x12\x04\x95" else ">"
            return max(int(struct.unpack(f"{order}I", head[8:12])[0]) - 1, 0)
        content = b"\n" + path.read_bytes()
        return content.count(b"\nmsgid ") - content.count(b'\nmsgid ""\nmsgstr ')
    except (OSError, struct.error):
        return 0
