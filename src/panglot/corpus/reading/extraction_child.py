"""The process in which pages are extracted: pages in, text out, each with its length in front."""

import html
import json
import os
import re
import resource
import sys
from collections.abc import Callable
from typing import Any

_MEMORY_BYTES = 4 << 30
_CACHES_KEPT_FOR = 1000
# Trafilatura drops what is not printable: the joiners of Persian and Indic scripts, the word boundary of Khmer and Thai, the
# direction marks. They go through it as signs of a script that no page is written in.
_INVISIBLE = "\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060"
_STAND_INS = "".join(chr(0x1D8F0 + number) for number in range(len(_INVISIBLE)))
_HIDE = str.maketrans(_INVISIBLE, _STAND_INS)
_SHOW = str.maketrans(_STAND_INS, _INVISIBLE)
_LANGUAGE = re.compile(r"<html\b[^>]{0,1000}?\blang\s*=\s*[\"']?([A-Za-z0-9-]{2,20})", re.IGNORECASE)
_NUMERIC = re.compile(r"&(?:zwn?j|lrm|rlm|#[0-9]{4}|#[xX][0-9A-Fa-f]{3,4});")
_TITLE = re.compile(r"<title\b[^>]{0,200}>([^<]{1,500})", re.IGNORECASE)


def extractor(options: dict[str, Any]) -> Callable[[str], tuple[str, str]]:
    """The function that gives text and title (empty where it must be looked for) of a page."""
    if options["method"] == "resiliparse":
        from resiliparse.extract.html2text import extract_plain_text

        def by_resiliparse(page: str) -> tuple[str, str]:
            text = extract_plain_text(
                page, main_content=options["main_content"], alt_texts=False, list_bullets=False, links=False, noscript=False
            )
            return text, ""

        return by_resiliparse
    if options["method"] == "trafilatura":
        import trafilatura
        from trafilatura.meta import reset_caches

        seen = 0

        def by_trafilatura(page: str) -> tuple[str, str]:
            nonlocal seen
            seen += 1
            if seen % _CACHES_KEPT_FOR == 0:
                reset_caches()
            text = trafilatura.extract(
                _NUMERIC.sub(_as_character, page).translate(_HIDE),
                include_comments=False,
                include_tables=options["tables"],
                favor_precision=options["favour"] == "precision",
                favor_recall=options["favour"] == "recall",
            )
            return (text or "").translate(_SHOW), ""

        return by_trafilatura
    from panglot.corpus.reading.plain_html import all_text

    return all_text


def _as_character(reference: re.Match[str]) -> str:
    """An invisible character that a page writes as a reference (`&zwnj;`, `&#8204;`)."""
    character = html.unescape(reference.group())
    return character if character in _INVISIBLE else reference.group()


def found(extract: Callable[[str], tuple[str, str]], page: str) -> dict[str, str]:
    """The answer to one page."""
    try:
        text, title = extract(page)
    # Any error of a parser on a page from outside is that page's problem.
    except (MemoryError, Exception) as error:
        return {"text": "", "problem": f"the page cannot be extracted: {type(error).__name__}"}
    if not title and (said := _TITLE.search(page[: 1 << 16])):
        title = " ".join(html.unescape(said.group(1)).split())
    language = _LANGUAGE.search(page[: 1 << 14])
    lines = (line.strip(" \t\r") for line in text.split("\n"))
    return {
        "text": "\n".join(line for line in lines if line),
        "title": title,
        "language": language.group(1) if language else "",
    }


def main() -> None:
    """Serve pages until the other side is gone."""
    options = json.loads(sys.argv[1])
    pages, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between the answers.
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 0)
    os.dup2(silence, 1)
    extract = extractor(options)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    answers.write(b"\0")
    answers.flush()
    while len(size := pages.read(8)) == 8:
        content = pages.read(int.from_bytes(size, "big"))
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime) + 1 + options["seconds"]
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        answer = json.dumps(found(extract, content.decode(errors="replace"))).encode()
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()


if __name__ == "__main__":
    main()
