"""Tables of documents and pairs for tests of streams."""

from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter


def documents(folder, texts, language="und"):
    """Documents of texts, or of (text, language)."""
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for each in texts:
            text, tag = each if isinstance(each, tuple) else (each, language)
            writer.document(text, tag, source="test")
    return Documents(folder)


def pairs(folder, rows):
    """Pairs of (source, target, source language, target language)."""
    with PairWriter(folder / PAIRS_FILE) as writer:
        for each in rows:
            writer.pair(*each, origin="test")
    return Pairs(folder)
