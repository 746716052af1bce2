"""HTML files, one document each."""

import json
from collections.abc import Iterator

from panglot.corpus.reading.bounded import Account, Source
from panglot.corpus.reading.charset import decode
from panglot.corpus.reading.texts import Found, Wanted


def read_html(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """The text of a page; its title and what it says of its language stand in `meta`.

    Raises:
        InputError: the page is larger than the largest document.
    """
    page = decode(source.content(wanted.largest))
    if page.problem:
        account.set_aside(page.problem, where=str(source))
        return
    found = wanted.extract(page.text)
    if found.problem:
        account.set_aside(found.problem, where=str(source), excerpt=page.text)
    elif not found.text:
        account.pass_over("page without text")
    else:
        said = {"title": found.title, "html_language": found.language}
        meta = json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False, sort_keys=True)
        yield Found(found.text, str(source), meta=meta if meta != "{}" else None)
