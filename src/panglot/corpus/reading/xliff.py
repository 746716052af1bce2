"""XLIFF 1.2 and 2.0."""

from collections.abc import Iterator

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import MAX_LINE_BYTES, Account, Entry, Sides, Source
from panglot.corpus.reading.columns import same_language
from panglot.corpus.reading.xml_events import TextBuffer, xml_events

_CODES = {"bpt", "ept", "ph", "it", "x", "bx", "ex", "sc", "ec", "cp", "sm", "em"}
_PROPOSALS = {"alt-trans", "match", "matches"}
_UNFINISHED = {"new", "needs-translation", "needs-l10n", "needs-adaptation", "initial"}


def read_xliff(source: Source, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of an XLIFF file, streamed. Either direction is taken; unfinished, untranslatable and proposed texts are not.

    Raises:
        InputError: the file is malformed or unsafe, or its languages are others.
    """
    buffer = TextBuffer(MAX_LINE_BYTES)
    texts: dict[str, str] = {}
    swapped, line, codes, skipping, inside, usable = False, 0, 0, 0, "", True
    languages = ("", "")
    for event in xml_events(source):
        starts = event.kind == "start"
        if event.kind == "text":
            if inside and not codes and not skipping:
                buffer.add(event.name)
        elif event.name in _PROPOSALS:
            skipping += 1 if starts else -1
        elif skipping:
            continue
        elif event.name in ("xliff", "file") and starts:
            first = event.attributes.get("source-language") or event.attributes.get("srcLang") or languages[0]
            second = event.attributes.get("target-language") or event.attributes.get("trgLang") or languages[1]
            languages = (first, second)
            if event.name == "file":
                swapped = _swapped(languages, sides, source)
        elif event.name in ("trans-unit", "segment", "unit"):
            if event.name == "unit":
                usable = event.attributes.get("translate") != "no" if starts else True
            elif starts:
                texts, line = {}, event.line
                state = event.attributes.get("state", "translated")
                unit_usable = event.attributes.get("translate") != "no" and state not in _UNFINISHED
                texts = {} if unit_usable and usable else {"skip": ""}
            elif "source" in texts and "target" in texts and "skip" not in texts:
                pair = (texts["target"], texts["source"]) if not swapped else (texts["source"], texts["target"])
                yield Entry(*pair, f"{source}:{line}")
        elif event.name in ("source", "target"):
            if starts:
                inside = event.name
                buffer.clear()
                if event.attributes.get("state") in _UNFINISHED:
                    texts["skip"] = ""
            else:
                inside = ""
                if buffer.overlong:
                    texts["skip"] = ""
                    account.set_aside(f"segment longer than {MAX_LINE_BYTES >> 20} MiB", where=f"{source}:{event.line}")
                elif buffer.text():
                    texts[event.name] = buffer.text()
        elif inside and event.name in _CODES:
            codes += 1 if starts else -1


def _swapped(languages: tuple[str, str], sides: Sides, source: Source) -> bool:
    """Whether the file translates from the language being taught; the usual direction is from the pivot."""
    first, second = languages
    if same_language(first, sides.pivot) and (not second or same_language(second, sides.language)):
        return False
    if same_language(first, sides.language) and (not second or same_language(second, sides.pivot)):
        return True
    raise InputError(
        f"the file translates from {first or 'an unnamed language'} to {second or 'an unnamed one'}, not between "
        f"{sides.language.tag} and {sides.pivot.tag}",
        where=source,
    )
