"""Component `corpus.clean_text`: documents with regular text, line by line, and broken encodings set right."""

import re
import unicodedata

import pyarrow as pa
import regex

from panglot.artifacts import Step
from panglot.corpus.documents import Documents, document_id
from panglot.corpus.engine import sieve
from panglot.corpus.mojibake import repaired
from panglot.corpus.text import regular

EMPTY = "empty"
_BREAKS = regex.compile(r"\r\n?|[\v\f\x85\u2028]")
_PARAGRAPHS = regex.compile(r"\u2029")
_BLANK_LINES = regex.compile(r"\n{3,}")
# One look for whatever `regular` would take out or replace, so that regular text, which most is, costs no more than that.
_ODD = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u1680\u2000-\u200a\u2028-\u202e\u205f\u2066-\u2069\u3000\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_ODD_PAIRS = ("  ", " \n", "\n ", "\n\n\n", "\u200b\u200b", "\n\u200b", "\u200b\n", "\n\u202f", "\u202f\n")
_EDGES = "\n \u200b\u202f"


def clean_text(*, of: Documents, repair: bool = True, step: Step) -> Documents:
    """Make the text of documents regular without loss for any script: lines, paragraphs, marks and joiners stay.

    Each line becomes NFC, without control characters, byte-order marks, soft hyphens and direction overrides, with single
    spaces; line ends of every kind become one kind, and several empty lines one, which parts paragraphs. Lines that are UTF-8
    read as another encoding (`lÃ©ty`) are set right where that is certain. The `id` follows the text. A document without any
    text left is dropped as `empty`.

    The figures count, for each language, the documents whose lines were set right (`repaired`), and those that were changed in
    any way (`regular`).

    Args:
        of: documents.
        repair: set broken encodings right.
        step: where to write.
    """
    return sieve(of, _cleaned_with_repair if repair else _cleaned, step=step, label="cleaning text")


def cleaned(text: str, *, repair: bool = True) -> tuple[str, int]:
    r"""The regular form of a document's text, and the number of lines whose encoding was set right.

    Example:
        >>> cleaned("pÅ™ed  lÃ©ty\r\n\r\n\r\nme\u0301j\tswět ")
        ('před léty\n\nméj swět', 1)
    """
    text = _BREAKS.sub("\n", _PARAGRAPHS.sub("\n\n", text)) if _ODD.search(text) else text
    text, count = repaired(text) if repair else (text, 0)
    if is_regular(text):
        return text, count
    joined = "\n".join(map(regular, text.split("\n")))
    return _BLANK_LINES.sub("\n\n", joined).strip("\n"), count


def is_regular(text: str) -> bool:
    """Whether cleaning would leave a text as it is, found without cleaning it."""
    return (
        _ODD.search(text) is None
        and not any(pair in text for pair in _ODD_PAIRS)
        and text == text.strip(_EDGES)
        and unicodedata.is_normalized("NFC", text)
    )


def _cleaned_with_repair(documents: pa.Table) -> pa.Table:
    return _cleaned(documents, repair=True)


def _cleaned(documents: pa.Table, repair: bool = False) -> pa.Table:
    before = documents["text"].to_pylist()
    languages = documents["language"].to_pylist()
    found = [cleaned(text, repair=repair) for text in before]
    ids = [document_id(language, text) for language, (text, _) in zip(languages, found, strict=True)]
    return pa.table(
        {
            "id": ids,
            "text": [text for text, _ in found],
            "reason": pa.array([None if text else EMPTY for text, _ in found], pa.string()),
            "repaired": [count > 0 for _, count in found],
            "regular": [text != old for (text, _), old in zip(found, before, strict=True)],
        }
    )
