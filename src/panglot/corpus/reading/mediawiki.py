"""Dumps of Wikipedia and other wikis (`pages-articles.xml.bz2`), page by page."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache, cached_property

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Account, Source, size_of
from panglot.corpus.reading.columns import named_language
from panglot.corpus.reading.texts import Found, Wanted
from panglot.corpus.reading.wikitext import link_hider, plain_text
from panglot.corpus.reading.xml_events import TextBuffer, xml_events

_FILES, _CATEGORIES = "6", "14"
_ENGLISH = ("File", "Image", "Media", "Category")
_FIELDS = frozenset({"title", "ns", "id", "timestamp", "model"})
_CODE = re.compile(r"[a-z]{2,3}(-[a-z]{2,8}){0,2}")
# Codes of Wikipedias that mean another language elsewhere, or none.
_WIKI_CODES = {
    "als": "gsw", "bat-smg": "sgs", "be-x-old": "bel", "be-tarask": "bel", "bh": "bho", "cbk-zam": "cbk", "eml": "egl",
    "fiu-vro": "vro", "map-bms": "jav", "mo": "ron", "nah": "nah", "nds-nl": "nds", "no": "nob", "roa-rup": "rup",
    "roa-tara": "nap", "simple": "eng", "zh-classical": "lzh", "zh-min-nan": "nan", "zh-yue": "yue",
}  # fmt: skip


@cache
def wiki_language(code: str) -> str | None:
    """The tag of a wiki's code; None for one that nothing knows.

    Example:
        >>> wiki_language("yo"), wiki_language("als"), wiki_language("nqo"), wiki_language("commons")
        ('yor_Latn', 'gsw_Latn', 'nqo_Nkoo', None)
    """
    found = named_language(_WIKI_CODES.get(code, code)) if _CODE.fullmatch(code) else None
    return None if found is None else found.tag


def read_mediawiki(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Articles of a dump: namespace 0, no redirects, wikitext as plain paragraphs; the language is the wiki's own.

    `url` is made from the wiki's address and the title, `meta` holds title, page number and time. Pages of other namespaces,
    redirects and pages in another format than wikitext are counted by kind.

    Raises:
        InputError: this is no dump, or the XML is malformed or unsafe.
    """
    wiki = _Wiki()
    text = TextBuffer(wanted.largest)
    short = TextBuffer(4096)
    page: dict[str, str] = {}
    inside, line, redirect, known = "", 0, False, False
    for event in xml_events(source):
        starts, name = event.kind == "start", event.name
        if event.kind == "text":
            if inside == "text":
                text.add(name)
            elif inside:
                short.add(name)
        elif name == "mediawiki":
            known = True
            if starts:
                wiki.code = event.attributes.get("xml:lang", "")
        elif not known:
            raise InputError("this XML file is no dump of a wiki", where=source, fix="give a pages-articles.xml file")
        elif name == "page":
            if starts:
                page, line, redirect = {}, event.line, False
                text.clear()
            else:
                where = f"{source}:{line}"
                if text.overlong:
                    account.set_aside(
                        f"document larger than {size_of(wanted.largest)}", where=where, excerpt=page.get("title", "")
                    )
                elif kind := _no_article(page, redirect):
                    account.pass_over(kind)
                else:
                    yield from _article(page, text.text(), where, wiki, account)
        elif name == "redirect":
            redirect = True
        elif starts:
            inside = name if name in _FIELDS or name in ("text", "base", "namespace") else ""
            if name == "namespace":
                wiki.key = event.attributes.get("key", "")
            short.clear()
        else:
            if name == "namespace" and wiki.key in (_FILES, _CATEGORIES):
                wiki.hidden.append(short.text())
            elif name == "base":
                wiki.address = short.text()
            elif name in _FIELDS and inside == name:
                page.setdefault(name, short.text())
            inside = ""
    if not known:
        raise InputError("this XML file is no dump of a wiki", where=source, fix="give a pages-articles.xml file")


class _Wiki:
    """What the head of a dump says of its wiki."""

    def __init__(self) -> None:
        self.code = self.key = self.address = ""
        self.hidden: list[str] = list(_ENGLISH)

    @cached_property
    def hides(self) -> Callable[[str], bool]:
        return link_hider(self.hidden, lambda word: wiki_language(word) is not None)

    def url(self, title: str) -> str | None:
        head, slash, _ = self.address.rpartition("/")
        return f"{head}/{title.replace(' ', '_')}" if slash and head.startswith("http") else None


def _no_article(page: dict[str, str], redirect: bool) -> str:
    if page.get("ns", "0") != "0":
        return f"wiki page of namespace {page['ns'][:6]}"
    if redirect:
        return "wiki redirect"
    model = page.get("model", "wikitext")
    return "" if model == "wikitext" else f"wiki page of model {model[:30]}"


def _article(page: dict[str, str], wikitext: str, where: str, wiki: _Wiki, account: Account) -> Iterator[Found]:
    text = plain_text(wikitext, wiki.hides)
    if not text:
        account.pass_over("wiki page without text")
        return
    title = page.get("title", "")
    said = {"title": title, "id": page.get("id", ""), "date": page.get("timestamp", "")}
    meta = json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False, sort_keys=True)
    yield Found(text, where, wiki_language(wiki.code), wiki.url(title), meta)
