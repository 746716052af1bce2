"""Reference text as documents of about one length, by source, and which part of it is held out of what."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from panglot.corpus.documents import Documents

SIZE = 1500
LIMIT = 120
_LINE, _HEADING = 250, 40
_MOST_SOURCES, _LEAST = 6, 5
_FOLDS = 3
_BEGIN = 24
KNOWN = "packaged"
"""The name of the source that comes with thresholds: of those of the package, the Declaration of Human Rights."""
_MORE = 3
_ENDS = tuple(".!?…。！？．।॥۔؟։።፧၊။៕།॥")


@dataclass(frozen=True)
class Reference:
    """Documents of one language by source.

    Attributes:
        tag: language.
        texts: the documents, in Unicode NFC.
        source: the source of each.
        more: further documents, to train the whole model with.
        more_source: the source of each of these.
        fold: the first, second or last third of its source.
    """

    tag: str
    texts: list[str]
    source: list[str]
    fold: list[int]
    more: list[str] = field(default_factory=list)
    more_source: list[str] = field(default_factory=list)

    @property
    def sources(self) -> list[str]:
        """The sources, sorted."""
        return sorted(set(self.source))


def references_of(
    documents: Documents, limit: int = LIMIT, known: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Reference]:
    """The reference documents of each language; at most `limit` a source, spread over the whole of it.

    Args:
        documents: clean text.
        limit: how many documents of each source.
        known: text that is at hand for some languages: one more source of those in `documents`, if it is not in them already.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for row in documents.rows():
        found.setdefault(row["language"], {}).setdefault(row["source"], []).append(row["text"])
    for tag, by_source in found.items():
        if (more := (known or {}).get(tag)) and not _holds(by_source, more):
            by_source[KNOWN] = list(more)
    return {tag: reference_of(tag, by_source, limit) for tag, by_source in sorted(found.items())}


def _holds(by_source: Mapping[str, Sequence[str]], texts: Sequence[str]) -> bool:
    """Whether a text stands in what is there already: whether a third of its lines begin as some line of it does."""
    begins = {_begin(line) for each in by_source.values() for text in each for line in text.split("\n")}
    lines = [line for text in texts for line in text.split("\n") if len(line) >= _BEGIN]
    return sum(_begin(line) in begins for line in lines) * 3 >= len(lines)


def _begin(line: str) -> str:
    return unicodedata.normalize("NFC", line).strip()[:_BEGIN]


def reference_of(tag: str, by_source: dict[str, list[str]], limit: int = LIMIT) -> Reference:
    """The reference documents of one language from its texts by source."""
    from panglot.corpus.noise import spaces_of

    blank = " " if spaces_of(tag) else ""
    texts: list[str] = []
    source: list[str] = []
    fold: list[int] = []
    more: list[str] = []
    more_source: list[str] = []
    limit = max(limit * _MOST_SOURCES // len(by_source), _LEAST) if len(by_source) > _MOST_SOURCES else limit
    for name, raw in sorted(by_source.items()):
        # what a source repeats belongs to its pages, and would forbid to find repetition elsewhere
        joined = join(_lines_once(raw), blank)
        every = max(1, -(-len(joined) // limit))
        spread = joined[::every][:limit]
        rest = [text for place, text in enumerate(joined) if place % every]
        further = rest[:: max(1, -(-len(rest) // (_MORE * limit)))]
        more += further
        more_source += [name] * len(further)
        texts += spread
        source += [name] * len(spread)
        fold += [place * _FOLDS // max(len(spread), 1) for place in range(len(spread))]
    return Reference(tag, texts, source, fold, more, more_source)


def _lines_once(texts: Iterable[str]) -> Iterator[str]:
    """Texts in which no line stands that stood in an earlier one; a text that holds nothing else is left out."""
    met: set[str] = set()
    for text in texts:
        lines = [line.strip() for line in text.split("\n")]
        kept = [line for line in dict.fromkeys(lines) if line and line not in met]
        met.update(kept)
        if kept:
            yield "\n".join(kept)


def join(texts: Iterable[str], blank: str, size: int = SIZE) -> list[str]:
    """Short texts joined to documents of about so many characters; longer ones cut at line breaks to twice that.

    Sentences come to stand on lines of about 250 characters; a short text without a mark at the end, as headings are, ends its
    line. Where most texts have no such mark (verses, or a mark of another script) nothing is a heading.

    Example:
        >>> join(["Eins.", "Zwei.", "Drei"], " ", size=9)
        ['Eins. Zwei.', 'Drei']
    """
    found: list[str] = []
    lines: list[str] = []
    line = ""
    count = 0
    texts = list(texts)
    marked = 2 * sum(text.rstrip().endswith(_ENDS) for text in texts) > len(texts)
    for text in texts:
        clean = unicodedata.normalize("NFC", text).strip()
        for part in _parts(clean, 2 * size):
            line = line + blank + part if line else part
            count += len(part)
            heading = marked and len(part) < (_HEADING if blank else _HEADING // 3) and not part.endswith(_ENDS)
            if len(line) >= _LINE or heading or count >= size:
                lines.append(line)
                line = ""
            if count >= size:
                found.append("\n".join(lines))
                lines, count = [], 0
    lines += [line] if line else []
    if lines and (count >= size // 2 or not found):
        found.append("\n".join(lines))
    return found


def _parts(text: str, size: int) -> list[str]:
    if len(text) <= size:
        return [text] if text else []
    return [line.strip() for line in text.split("\n") if line.strip()]
