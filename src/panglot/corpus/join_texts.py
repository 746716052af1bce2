"""Component `corpus.join_texts`: short texts joined to documents."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from panglot.artifacts import Step
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.noise import spaces_of
from panglot.corpus.thresholds.reference_text import SIZE, join


def join_texts(
    *, of: Documents, characters: Annotated[int, Field(ge=1)] = SIZE, separate: bool = False, step: Step
) -> Documents:
    """Join short texts of one language and source, in their order, to documents of about so many characters.

    Sentences come to stand on lines of about 250 characters, joined by a blank where the language writes one; a short text
    without a mark at its end ends its line. Filters of documents say nothing of single sentences, and a table of sentences is
    what many small languages have.

    Args:
        of: documents, in Unicode NFC afterwards.
        characters: least length of a document; the last of each source may be half as long, or is left out.
        separate: every text on a line of its own, as messages of a program are: one does not go on where another ends.
        step: where to write.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in of.rows():
        found.setdefault((row["language"], row["source"]), []).append(row["text"])
    with DocumentWriter(step.out / DOCUMENTS_FILE) as writer:
        for (tag, source), texts in sorted(found.items()):
            blank = " " if spaces_of(tag) else ""
            for text in _lined(texts, characters) if separate else join(texts, blank, characters):
                writer.document(text, tag, source=source)
    step.figures["documents"] = {"in": len(of), "joined": writer.count}
    return Documents(step.out)


def _lined(texts: Sequence[str], size: int) -> Iterator[str]:
    lines: list[str] = []
    count = 0
    written = False
    for text in texts:
        if clean := unicodedata.normalize("NFC", text).strip():
            lines.append(clean)
            count += len(clean)
        if count >= size:
            yield "\n".join(lines)
            lines, count, written = [], 0, True
    if lines and (count >= size // 2 or not written):
        yield "\n".join(lines)
