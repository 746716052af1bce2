"""Wikitext to plain paragraphs: one pass over the brackets, so that no page costs more than its length."""

import html
import re
from collections.abc import Callable, Collection

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_OPENING_OR_CLOSING = re.compile(r"\{\{+|\}\}+|\{\||\|\}|\[\[|\]\]")
_HIDDEN_TAGS = (
    "ref|gallery|math|chem|ce|score|timeline|graph|syntaxhighlight|source|templatedata|templatestyles|imagemap|hiero|mapframe|"
    "maplink|inputbox|categorytree|section|references|noinclude|includeonly|style|script|table"
)
_HIDDEN = re.compile(rf"<({_HIDDEN_TAGS})\b[^<>]*?(/>|>)|</({_HIDDEN_TAGS})\s*>", re.IGNORECASE)
_BREAK = re.compile(
    r"<(?:br|hr|p|div|li|tr|h[1-6]|blockquote|poem)\b[^<>]*>|</(?:p|div|li|h[1-6]|blockquote|poem)\s*>", re.IGNORECASE
)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_SWITCH = re.compile(r"__[A-Z]{3,40}__")
_OUTSIDE = re.compile(r"\[(?:https?:|ftp:|mailto:|//)[^\s\[\]]{0,2000}[ \t]{0,9}([^\[\]\n]{0,2000})\]")
_QUOTES = re.compile(r"'{2,5}")
_VARIANT = re.compile(r"-\{(?:[^{}|]*\|)?([^{}]*)\}-")
_SPACES = re.compile(r"[ \t]+")
_EMPTY_BRACKETS = re.compile(r" ?(?:\([,;:،؛ ]{0,5}\)|（[，；：、 ]{0,5}）)")
_BEFORE_BRACKET = re.compile(r" ?[,;،؛] ?\)")
_DEEPEST = 40


def plain_text(wikitext: str, hidden: Callable[[str], bool] | None = None) -> str:
    r"""The prose of a page, a paragraph, heading or list item a line.

    Templates, tables, references, galleries, formulas, files, categories and links to other languages are left out with what
    they hold; links and headings leave their text. What is never closed is left out up to the end of its paragraph.

    Args:
        wikitext: the page as MediaWiki stores it.
        hidden: whether a link with this prefix (`File`, `Kategorija`, `fr`) shows nothing; the default knows none.

    Example:
        >>> page = "'''Yorùbá''' [[èdè|ni èdè]] {{lang|yo|{{x}}}}[[Fáìlì:a.png|b [[c]]]].<ref>d</ref>\n== Ìtàn ==\n* [[Òyó]]"
        >>> plain_text(page, hidden=lambda prefix: prefix == "Fáìlì")
        'Yorùbá ni èdè .\nÌtàn\nÒyó'
    """
    text = _COMMENT.sub("", wikitext)
    text = _without_hidden_tags(text)
    text = _without_brackets(text, hidden or (lambda prefix: False))
    text = _VARIANT.sub(_first_variant, text)
    text = _OUTSIDE.sub(r"\1", text)
    text = _TAG.sub("", _BREAK.sub("\n", text))
    text = html.unescape(_SWITCH.sub("", text))
    text = _SPACES.sub(" ", _QUOTES.sub("", text))
    # What templates leave behind: empty brackets, commas before a bracket; lines of lone marks go below.
    text = _BEFORE_BRACKET.sub(")", _EMPTY_BRACKETS.sub("", text))
    lines = (_line(each) for each in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _line(line: str) -> str:
    line = line.strip(" \r")
    if line.startswith("=") and line.endswith("="):
        line = line.strip("= ")
    elif line[:1] in "*#:;":
        line = line.lstrip("*#:; ")
    return line if any(each.isalnum() for each in line) else ""


def _without_hidden_tags(text: str) -> str:
    """Elements that show no prose, with what they hold; one that is not closed ends at the next empty line."""
    kept: list[str] = []
    place = blank = 0
    closing = {found.group(3).lower(): True for found in _HIDDEN.finditer(text) if found.group(3)}
    while found := _HIDDEN.search(text, place):
        kept.append(text[place : found.start()])
        place = found.end()
        name = (found.group(1) or "").lower()
        if not name or found.group(2) == "/>":
            continue
        end = _end_of(text, name, place) if name in closing else -1
        if end < 0:
            # From here on no such element is closed: it is not looked for again.
            closing.pop(name, None)
            if name == "ref":
                stop = text.find("\n", place)
                end = stop if stop >= 0 else len(text)
            else:
                blank = text.find("\n\n", place) if blank >= 0 else -1
                end = blank if blank >= 0 else place
        place = end
    kept.append(text[place:])
    return "".join(kept)


def _end_of(text: str, name: str, place: int) -> int:
    found = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, place)
    return found.end() if found else -1


def _without_brackets(text: str, hidden: Callable[[str], bool]) -> str:
    """Templates and tables out, links to their text, by a stack: each bracket is looked at once."""
    stack: list[tuple[str, list[str]]] = [("", [])]
    place = 0
    for found in _OPENING_OR_CLOSING.finditer(text):
        stack[-1][1].append(text[place : found.start()])
        place = found.end()
        mark = found.group()
        if len(stack) > _DEEPEST and mark[0] in "{[" and mark != "|}":
            # No page is nested so deep: what opens here is not opened.
            continue
        if mark == "{|":
            # A table begins a line; elsewhere this is a template's argument.
            begins = text.rfind("\n", 0, found.start()) + 1
            if text[begins : found.start()].strip(" \t:*#"):
                stack[-1][1].append(mark)
            else:
                stack.append((mark, []))
        elif mark == "[[" or mark.startswith("{{"):
            count = 1 if mark == "[[" else len(mark) // 2
            stack.extend((mark[:2], []) for _ in range(count))
        elif mark.startswith("}}"):
            for _ in range(len(mark) // 2):
                _close(stack, "{{")
        elif mark == "]]":
            _close_link(stack, hidden)
        elif stack[-1][0] == "{|" or any(opening == "{|" for opening, _ in stack[-4:]):
            _close(stack, "{|")
        elif stack[-1][0] != "{{" and len(stack) > 1:
            stack[-1][1].append(mark)
    stack[-1][1].append(text[place:])
    while len(stack) > 1:
        opening, held = stack.pop()
        stack[-1][1].append(_unclosed(opening, "".join(held)))
    return "".join(stack[0][1])


def _close(stack: list[tuple[str, list[str]]], opening: str) -> None:
    """Drop the innermost element of this kind, and what was opened in it and never closed."""
    for depth in range(len(stack) - 1, max(len(stack) - 9, 0), -1):
        if stack[depth][0] == opening:
            del stack[depth:]
            return


def _close_link(stack: list[tuple[str, list[str]]], hidden: Callable[[str], bool]) -> None:
    if stack[-1][0] != "[[":
        return
    _, held = stack.pop()
    target, bar, label = "".join(held).partition("|")
    prefix, colon, rest = target.partition(":")
    if colon and prefix.strip() and hidden(prefix.strip()):
        return
    if not bar:
        label = target.removeprefix(":")
    elif not label:
        # `[[Òyó (ìlú)|]]` shows the name alone.
        label = (rest or target).partition(" (")[0]
    stack[-1][1].append(label)


def _unclosed(opening: str, held: str) -> str:
    if opening == "[[":
        return held.replace("|", " ", 1)
    # The rest of the paragraph belongs to what was opened; what comes after it most probably does not.
    _, blank, after = held.partition("\n\n" if opening == "{{" else "\n\n\n")
    return blank + after


def _first_variant(found: re.Match[str]) -> str:
    """`-{zh-hans:软件;zh-hant:軟體}-` shows one of its texts; the first is taken."""
    first = found.group(1).partition(";")[0]
    name, colon, value = first.partition(":")
    return value if colon and name.strip().isascii() else first


def link_hider(files_and_categories: Collection[str], languages: Callable[[str], bool]) -> Callable[[str], bool]:
    """Whether a link's prefix hides it: a name of the namespaces of files and categories, or the code of another Wikipedia.

    Args:
        files_and_categories: the names that the wiki itself uses, and the English ones.
        languages: whether a word is a language code.
    """
    known = {each.strip().replace("_", " ").casefold() for each in files_and_categories}

    def hides(prefix: str) -> bool:
        folded = prefix.replace("_", " ").casefold()
        return folded in known or (prefix.isascii() and prefix.islower() and len(prefix) < 13 and languages(prefix))

    return hides
