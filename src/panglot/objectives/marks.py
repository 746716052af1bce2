"""Nouns, verbs and names in texts: read from CoNLL-U and from tagged documents, found again in other texts."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from panglot.artifacts import InputError
from panglot.corpus.segmentation.words import find_words

if TYPE_CHECKING:
    from panglot.corpus.documents import Documents

KINDS = ("NOUN", "PROPN", "VERB", "NAME")
"""Parts of speech of Universal Dependencies that are nouns and verbs, and named entities."""
_COLUMNS = 10
_NUMBER = re.compile(r"[0-9]+([-.][0-9]+)?")
_LONGEST = 6


@dataclass(frozen=True)
class Tagged:
    """A text with its marked spans.

    Attributes:
        text: the text.
        language: its tag.
        spans: characters from and to, and the kind (one of `KINDS`).
    """

    text: str
    language: str
    spans: Sequence[tuple[int, int, str]]


def read_conllu(path: Path, language: str) -> Iterator[Tagged]:
    """The sentences of a CoNLL-U file with their nouns (NOUN, PROPN), verbs (VERB) and names.

    A text is put together from the forms and `SpaceAfter=No`, and not taken from `# text`, so that places are right. Words of a
    multiword token (`1-2  zum`) are marked as the token that is written. Names are read from `NER=B-…`, `NER=I-…` in the last
    column where a treebank has them.

    Args:
        path: the file.
        language: its tag.

    Raises:
        InputError: a line is no line of CoNLL-U.
    """
    words: list[list[str]] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            bare = line.rstrip("\n")
            if not bare.strip():
                if words:
                    yield _sentence(words, language)
                words = []
            elif not bare.startswith("#"):
                columns = bare.split("\t")
                if len(columns) != _COLUMNS or not _NUMBER.fullmatch(columns[0]):
                    raise InputError(f"line {number} is no line of CoNLL-U: ten columns, the first a number", where=path)
                words.append(columns)
    if words:
        yield _sentence(words, language)


def _sentence(words: Sequence[Sequence[str]], language: str) -> Tagged:
    text = ""
    spans: list[tuple[int, int, str]] = []
    covered, place = 0, (0, 0)
    spaced, named = False, False
    for number, form, _, kind, *_, misc in words:
        if "." in number:
            continue
        notes = misc.split("|")
        first, _, last = number.partition("-")
        if int(first) > covered:
            text += " " if spaced else ""
            place = (len(text), len(text) + len(form))
            text += form
            spaced = "SpaceAfter=No" not in notes
            covered = int(last or first)
        if last:
            continue
        name = next((each.removeprefix("NER=") for each in notes if each.startswith("NER=")), "O")
        if name.startswith("I-") and named:
            start = next(at for at in range(len(spans) - 1, -1, -1) if spans[at][2] == "NAME")
            spans[start] = (spans[start][0], place[1], "NAME")
        elif name[:2] in ("B-", "I-"):
            spans.append((*place, "NAME"))
        named = name[:2] in ("B-", "I-")
        if kind in KINDS:
            spans.append((*place, kind))
    return Tagged(text, language, spans)


def tagged_documents(documents: "Documents") -> Iterator[Tagged]:
    """Documents whose `meta` says `{"spans": [[from, to, "NOUN"], …]}`; the others are left out.

    Raises:
        InputError: a span is none.
    """
    for row in documents.rows():
        meta: Any = json.loads(row["meta"]) if row["meta"] else {}
        if not isinstance(meta, dict) or "spans" not in meta:
            continue
        spans: list[tuple[int, int, str]] = []
        for each in meta["spans"]:
            start, end, kind = each if isinstance(each, list) and len(each) == 3 else (None, None, None)
            if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(row["text"]):
                raise InputError(
                    f"document {row['id']} has the span {each!r}",
                    where=documents.folder,
                    fix="a span is [from, to, kind] in characters of the text",
                )
            spans.append((start, end, str(kind)))
        yield Tagged(row["text"], row["language"], spans)


class Marks:
    """Finds the marked spans of a text: `Materials.marked`.

    A text that was tagged as it stands has the spans that it was given. In another text of the same language, such as a stretch
    of a document, forms are marked that were marked in at least half of the places where they were tagged. (The released code
    of linguistic entity masking takes verbs and nouns from a dictionary of forms too.)

    Args:
        tagged: texts with their spans.
        kinds: what to mark.

    Raises:
        InputError: nothing is marked.

    Example:
        >>> marks = Marks([Tagged("Jank běži domoj", "hsb_Latn", [(0, 4, "NAME"), (5, 9, "VERB")])])
        >>> marks("Jank běži domoj", "hsb_Latn"), marks("Wón běži.", "hsb_Latn")
        ([(0, 4), (5, 9)], [(4, 8)])
    """

    def __init__(self, tagged: Iterable[Tagged], kinds: Sequence[str] = KINDS) -> None:
        self._whole: dict[tuple[str, str], list[tuple[int, int]]] = {}
        marked: Counter[tuple[str, str]] = Counter()
        seen: Counter[tuple[str, str]] = Counter()
        for each in tagged:
            spans = [(start, end) for start, end, kind in each.spans if kind in kinds]
            self._whole[each.language, each.text] = spans
            marked.update((each.language, form) for form in {each.text[start:end] for start, end in spans})
            seen.update((each.language, form) for form in _forms(each.text))
        self._forms = {key for key, count in marked.items() if 2 * count >= seen[key]}
        if not self._forms:
            raise InputError(
                "nothing is marked in the tagged texts",
                where="tags",
                fix=f"mark spans of the kinds {', '.join(kinds)}",
            )

    def __call__(self, text: str, language: str) -> list[tuple[int, int]]:
        """Spans, from and to in characters, of a text in a language."""
        known = self._whole.get((language, text))
        if known is not None:
            return known
        words = find_words([text])
        starts, ends = words.starts.tolist(), words.ends.tolist()
        found: list[tuple[int, int]] = []
        at = 0
        while at < len(starts):
            for until in range(min(at + _LONGEST, len(starts)), at, -1):
                if (language, text[starts[at] : ends[until - 1]]) in self._forms:
                    found.append((starts[at], ends[until - 1]))
                    at = until
                    break
            else:
                at += 1
        return found


def _forms(text: str) -> set[str]:
    words = find_words([text])
    starts, ends = words.starts.tolist(), words.ends.tolist()
    return {
        text[start : ends[until]] for at, start in enumerate(starts) for until in range(at, min(at + _LONGEST, len(starts)))
    }
