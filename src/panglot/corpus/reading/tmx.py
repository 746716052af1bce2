"""TMX, the Translation Memory eXchange format (1.1 to 1.4b)."""

from collections import Counter
from collections.abc import Iterator

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import MAX_LINE_BYTES, Account, Entry, Sides, Source
from panglot.corpus.reading.columns import same_language
from panglot.corpus.reading.xml_events import TextBuffer, xml_events

_NATIVE_CODES = {"bpt", "ept", "ph", "it", "ut"}


def read_tmx(source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of a TMX file, streamed. Formatting codes inside a segment are left out, highlighted text stays.

    Raises:
        InputError: the file is malformed or unsafe, or holds no unit in both languages.
    """
    segment = TextBuffer(MAX_LINE_BYTES)
    texts: dict[str, str] = {}
    seen: Counter[str] = Counter()
    language, line, codes, inside, found = "", 0, 0, False, False
    for event in xml_events(source):
        if event.kind == "text":
            if inside and not codes:
                segment.add(event.name)
        elif event.name == "tu":
            if event.kind == "start":
                texts, line = {}, event.line
            elif "language" in texts and "pivot" in texts:
                found = True
                yield Entry(texts["language"], texts["pivot"], f"{source}:{line}")
        elif event.kind == "start" and event.name == "tuv":
            language = event.attributes.get("xml:lang") or event.attributes.get("lang") or ""
            seen[language] += 1
        elif event.name == "seg":
            inside = event.kind == "start"
            if inside:
                segment.clear()
            elif segment.overlong:
                account.set_aside(
                    f"segment longer than {MAX_LINE_BYTES >> 20} MiB",
                    where=f"{source}:{event.line}",
                    excerpt=segment.text()[:200],
                )
            elif same_language(language, sides.language):
                texts.setdefault("language", segment.text())
            elif same_language(language, sides.pivot):
                texts.setdefault("pivot", segment.text())
        elif inside and event.name in _NATIVE_CODES:
            codes += 1 if event.kind == "start" else -1
    if not found and not account.skipped:
        said = ", ".join(sorted(filter(None, seen))[:12]) or "no language"
        raise InputError(
            f"no unit has both {sides.language.name} ({sides.language.tag}) and {sides.pivot.name} ({sides.pivot.tag}); "
            f"the file has {said}",
            where=source,
        )
