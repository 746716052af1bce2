"""One side of translated material, as text: gettext catalogues and TMX."""

from collections.abc import Iterator

from panglot.corpus.reading.bounded import Account, Source, size_of
from panglot.corpus.reading.columns import named_language, same_language
from panglot.corpus.reading.gettext import load_catalogue
from panglot.corpus.reading.texts import Found, Wanted
from panglot.corpus.reading.xml_events import TextBuffer, xml_events

_NATIVE_CODES = {"bpt", "ept", "ph", "it", "ut"}


def read_gettext_texts(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """The translations of a catalogue, each a document, in the language that its header names.

    Raises:
        InputError: the file is malformed.
    """
    catalogue = load_catalogue(source)
    spoken = catalogue.language if catalogue.language and named_language(catalogue.language) else None
    for reason, count in catalogue.skipped.items():
        for _ in range(count):
            account.pass_over(f"gettext entry {reason}")
    for message in catalogue.messages:
        yield Found(message.translation, message.where, spoken)


def read_tmx_texts(source: Source, wanted: Wanted, account: Account) -> Iterator[Found]:
    """The segments of a TMX file in the language that is wanted; where none is said, of all languages, each with its own.

    Raises:
        InputError: the file is malformed or unsafe.
    """
    segment = TextBuffer(wanted.largest)
    language, line, codes, inside = "", 0, 0, False
    for event in xml_events(source):
        if event.kind == "text":
            if inside and not codes:
                segment.add(event.name)
        elif event.kind == "start" and event.name == "tuv":
            language, line = event.attributes.get("xml:lang") or event.attributes.get("lang") or "", event.line
        elif event.name == "seg":
            inside = event.kind == "start"
            if inside:
                segment.clear()
            elif segment.overlong:
                account.set_aside(
                    f"document larger than {size_of(wanted.largest)}", where=f"{source}:{line}", excerpt=segment.text()[:200]
                )
            elif wanted.language is None:
                yield Found(segment.text(), f"{source}:{line}", language or None)
            elif same_language(language, wanted.language):
                yield Found(segment.text(), f"{source}:{line}")
            else:
                account.pass_over("TMX segment of another language")
        elif inside and event.name in _NATIVE_CODES:
            codes += 1 if event.kind == "start" else -1
