"""XML as a stream of small events: no tree, no entities, no outside references."""

from collections.abc import Iterator
from typing import NamedTuple
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, feature_external_ges
from xml.sax.xmlreader import AttributesImpl, Locator

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Source


class Event(NamedTuple):
    """`kind` is `start`, `text` or `end`; `name` is the element's name less its prefix, or the text."""

    kind: str
    name: str
    attributes: dict[str, str]
    line: int


class _Collector(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self._events: list[Event] = []
        self._text: list[str] = []
        self._place: Locator | None = None

    def _at(self) -> int:
        return int(self._place.getLineNumber() or 0) if self._place else 0

    def setDocumentLocator(self, locator: Locator) -> None:
        self._place = locator

    def taken(self) -> list[Event]:
        """The events since the last time."""
        self._end_text()
        events, self._events = self._events, []
        return events

    def _end_text(self) -> None:
        # The parser gives a piece for each line and each reference; one event for them all is several times as fast.
        if self._text:
            self._events.append(Event("text", "".join(self._text), {}, 0))
            self._text.clear()

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        self._end_text()
        self._events.append(Event("start", name.rpartition(":")[2], dict(attrs.items()), self._at()))

    def endElement(self, name: str) -> None:
        self._end_text()
        self._events.append(Event("end", name.rpartition(":")[2], {}, self._at()))

    def characters(self, content: str) -> None:
        self._text.append(content)


def xml_events(source: Source) -> Iterator[Event]:
    """The events of an XML file, in memory set by the chunk.

    Raises:
        InputError: the file is malformed (with its line), or declares an entity.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.expatreader import create_parser

    collector = _Collector()
    # A TMX names its DTD in its head, so a document type is allowed; with this feature off nothing outside is ever opened.
    parser = create_parser(forbid_dtd=False, forbid_entities=True, forbid_external=False)
    parser.setFeature(feature_external_ges, False)
    parser.setContentHandler(collector)
    try:
        for chunk in source.chunks():
            parser.feed(chunk)
            yield from collector.taken()
        parser.close()
        yield from collector.taken()
    except DefusedXmlException:
        raise InputError("the file is refused: it declares an XML entity", where=source, fix="remove the declaration") from None
    except SAXException as error:
        line = f":{error.getLineNumber()}" if hasattr(error, "getLineNumber") else ""
        raise InputError(f"malformed XML: {error.getMessage()}", where=f"{source}{line}", fix="mend or re-export it") from None


class TextBuffer:
    """Collects text up to a limit; `overlong` says that more came."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        self._parts: list[str] = []
        self._length, self.overlong = 0, False

    def add(self, text: str) -> None:
        self._length += len(text)
        if self._length > self._limit:
            self.overlong = True
        else:
            self._parts.append(text)

    def text(self) -> str:
        return "".join(self._parts)
