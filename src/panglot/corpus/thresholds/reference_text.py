"""Reference text as documents of about one length, by source, and which part of it is held out of what."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from panglot.corpus.documents import Documents

SIZE = 1500
LIMIT = 120
_LINE = 250
_MOST_SOURCES, _LEAST = 6, 5
_FOLDS = 3
_ENDS = tuple(".!?…。！？．।॥۔؟։።፧၊။៕།॥")


@dataclass(frozen=True)
class Reference:
    """Documents of one language by source.

    Attributes:
        tag: language.
        texts: the documents, in Unicode NFC.
        source: the source of each.
        fold: the first, second or last third of its source.
    """

    tag: str
    texts: list[str]
    source: list[str]
    fold: list[int]

    @property
    def sources(self) -> list[str]:
        """The sources, sorted."""
        return sorted(set(self.source))


def references_of(documents: Documents, limit: int = LIMIT) -> dict[str, Reference]:
    """The reference documents of each language; at most `limit` a source, spread over the whole of it."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in documents.rows():
        found.setdefault(row["language"], {}).setdefault(row["source"], []).append(row["text"])
    return {tag: reference_of(tag, by_source, limit) for tag, by_source in sorted(found.items())}


def reference_of(tag: str, by_source: dict[str, list[str]], limit: int = LIMIT) -> Reference:
    """The reference documents of one language from its texts by source."""
    from panglot.corpus.noise import spaces_of

    blank = " " if spaces_of(tag) else ""
    texts: list[str] = []
    source: list[str] = []
    fold: list[int] = []
    limit = max(limit * _MOST_SOURCES // len(by_source), _LEAST) if len(by_source) > _MOST_SOURCES else limit
    for name, raw in sorted(by_source.items()):
        joined = join(raw, blank)
        spread = joined[:: max(1, -(-len(joined) // limit))][:limit]
        texts += spread
        source += [name] * len(spread)
        fold += [place * _FOLDS // max(len(spread), 1) for place in range(len(spread))]
    return Reference(tag, texts, source, fold)


def join(texts: Iterable[str], blank: str, size: int = SIZE) -> list[str]:
    """Short texts joined to documents of about so many characters; longer ones cut at line breaks to twice that.

    Sentences come to stand on lines of about 250 characters; what ends without a mark, as headings do, ends its line.

    Example:
        >>> join(["Eins.", "Zwei.", "Drei"], " ", size=9)
        ['Eins. Zwei.', 'Drei']
    """
    found: list[str] = []
    lines: list[str] = []
    line = ""
    count = 0
    for text in texts:
        clean = unicodedata.normalize("NFC", text).strip()
        for part in _parts(clean, 2 * size):
            line = line + blank + part if line else part
            count += len(part)
            if len(line) >= _LINE or not part.endswith(_ENDS) or count >= size:
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
