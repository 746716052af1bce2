"""Text in steps of equal size, in an order of its own for each seed; the same for every tokenizer.

Steps are counted in bytes of text and not in tokens, so that models with different tokenizers see the same text in the same
steps: a tokenizer that needs fewer tokens for a text would else see more of it in as many steps, and a comparison would be
one of amounts.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import regex

from panglot.corpus.documents import Documents

if TYPE_CHECKING:
    from panglot.training.language_stream import LanguageStream

_GRAPHEME = regex.compile(r"\X")
_UP_TO_A_SPACE = regex.compile(r"(?s).*\s")
_LOOKED_BACK = 24
_VIRAMA = 9
_MARKS_THAT_ARE_LETTERS = "\u0e33\u0eb3"
_FLAGS = ("\U0001f1e6", "\U0001f1ff")


@dataclass(frozen=True)
class Passage:
    """A stretch of a document, or a sentence with its translation.

    Attributes:
        text: what stands there.
        last: whether the document ends with it.
        language: its tag.
        objective: number of the objective that learns from it, in a run that mixes several.
        other: the translation, for objectives that read pairs.
        other_language: its tag.
    """

    text: str
    last: bool = True
    language: str = "und"
    objective: int = 0
    other: str | None = None
    other_language: str = "und"


def passages(text: str, longest: int) -> Iterator[str]:
    """Cut a text into stretches of at most `longest` UTF-8 bytes, at white space where there is some in the second half.

    No cut falls inside a character as a reader sees it (an extended grapheme cluster, UAX #29: base and marks, a Hangul
    syllable, a flag, joined emoji) nor between a virama or coeng and the consonant that it joins, unless one of them alone is
    longer than `longest`. Nothing is lost: the stretches joined are the text.

    Args:
        text: any text.
        longest: at least 4 bytes.

    Example:
        >>> list(passages("dobry dzen", 7))
        ['dobry ', 'dzen']
        >>> list(passages("ក្រុម", 12))
        ['ក្រុ', 'ម']
    """
    start = 0
    while start < len(text):
        room = text[start : start + longest].encode("utf-8", "replace")[:longest]
        end = start + len(room.decode("utf-8", "ignore"))
        if end < len(text):
            spaced = _UP_TO_A_SPACE.match(text, start + (end - start) // 2, end)
            if spaced is not None and _is_whole(text, start, spaced.end()):
                end = spaced.end()
            else:
                whole = end
                while whole > start and not _is_whole(text, start, whole):
                    whole -= 1
                end = whole if whole > start else end
        yield text[start:end]
        start = end


def _is_whole(text: str, start: int, at: int) -> bool:
    """Whether a cut before `text[at]` divides nothing that a reader sees as one."""
    if text[at].isascii() and text[at - 1].isascii() and text[at] != "\n":
        return True
    kind = unicodedata.category(text[at])
    if text[at - 1] == " " and kind.startswith("L") and text[at] not in _MARKS_THAT_ARE_LETTERS:
        return True
    if kind.startswith("M"):
        return False
    if unicodedata.combining(text[at - 1]) == _VIRAMA and text[at].isalpha():
        return False
    begin = max(start, at - _LOOKED_BACK)
    while begin > start and (_FLAGS[0] <= text[begin] <= _FLAGS[1] or not text[begin].isalnum()):
        begin -= 1
    for each in _GRAPHEME.finditer(text, begin, min(len(text), at + 4)):
        if each.end() >= at:
            return bool(each.end() == at)
    return True


def text_in_steps(
    documents: Documents, *, steps: int, step_bytes: int, longest: int, seed: int, folder: Path
) -> "LanguageStream":
    """Passages of each step, about `step_bytes` together, as they are mixed in the table.

    Each epoch takes all passages once, in a new order: that of a hash of seed, epoch and content, so that it does not depend
    on the order of the table. `language_stream` mixes languages in shares that are asked for.

    Args:
        documents: text of all languages.
        steps: how many.
        step_bytes: UTF-8 bytes of a step, at most, but for a step of one passage.
        longest: bytes of a passage, at most.
        seed: of the order.
        folder: where the text is laid out; the same call finds it there again.

    Raises:
        InputError: there is no text.
    """
    from panglot.training.language_stream import language_stream

    return language_stream({"text": documents}, steps=steps, step_bytes=step_bytes, longest=longest, seed=seed, folder=folder)
