"""Component `corpus.mark_capitals`: nouns and names in German, which writes them with a capital, without a tagger."""

import json

import regex

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.segmentation.words import find_words

LANGUAGE = "deu_Latn"
POLITE = frozenset({"Sie", "Ihnen", "Ihr", "Ihre", "Ihrem", "Ihren", "Ihrer", "Ihres"})
"""Pronouns that politeness writes with a capital."""
KIND = "NOUN"
_ENDS = frozenset(".!?:;…•|>\n")
"""What a sentence may begin after."""
_NOUN = regex.compile(r"\p{Lu}\p{Ll}[\p{L}\p{M}]*")


def mark_capitals(*, of: Documents, step: Step) -> Documents:
    """Mark the nouns and names in German text, which writes both with a capital, for the objective `entities`.

    Marked is a word of a capital and small letters inside a sentence, polite pronouns excepted; and at the beginning of a
    sentence a word that stands so inside another one of the text, and nowhere with a small letter. Words all in capitals and
    verbs are not marked. Adjectives made noun are, and adjectives inside names.

    Args:
        of: documents; those in other languages are left out.
        step: where to write; the spans stand in `meta`.

    Raises:
        InputError: no document is in German.
    """
    rows = [row for row in of.rows() if row["language"] == LANGUAGE]
    if not rows:
        raise InputError(f"no document is in {LANGUAGE}", where=of.folder)
    texts = [row["text"] for row in rows]
    found = [_capitals(text) for text in texts]
    inside = {
        text[start:end] for text, (spans, _) in zip(texts, found, strict=True) for start, end, opens in spans if not opens
    }
    small = {word for _, others in found for word in others}
    inside_alone = {form for form in inside if form.lower() not in small}
    marked = 0
    with DocumentWriter(step.out / DOCUMENTS_FILE) as writer:
        for row, (spans, _) in zip(rows, found, strict=True):
            kept = [[start, end, KIND] for start, end, opens in spans if not opens or row["text"][start:end] in inside_alone]
            marked += len(kept)
            writer.row({**row, "meta": json.dumps({"spans": kept})})
    step.figures.update(documents=len(rows), left_out=len(of) - len(rows), marked=marked, forms=len(inside))
    return Documents(step.out)


def _capitals(text: str) -> tuple[list[tuple[int, int, bool]], set[str]]:
    """Words that look like nouns, from and to, and whether they begin a sentence; and the words of small letters."""
    words = find_words([text])
    spans, small = [], set()
    before = 0
    for start, end in zip(words.starts.tolist(), words.ends.tolist(), strict=True):
        word = text[start:end]
        if word.islower():
            small.add(word)
        elif _NOUN.fullmatch(word) and word not in POLITE:
            spans.append((start, end, not before or not _ENDS.isdisjoint(text[before:start])))
        before = end
    return spans, small
