"""A sentence cut in pieces, for people to look at."""

from typing import Any

from panglot.vocabulary.piece_kinds import PieceKinds
from panglot.vocabulary.words import cluster_ends

_SHOWN = 400


def clipped(text: str) -> str:
    """The first 400 characters of a text, or a few less so that no grapheme cluster is cut.

    Example:
        >>> len(clipped("a" * 500)), len(clipped("a" * 399 + "e\\u0301"))
        (400, 399)
    """
    if len(text) <= _SHOWN:
        return text
    # a cluster may be as long as one likes; then it is cut
    ends = [end for end in cluster_ends(text[: _SHOWN + 32]) if end <= _SHOWN]
    return text[: ends[-1] if ends else _SHOWN]


def cells(kinds: PieceKinds, text: str) -> list[list[Any]]:
    """The parts of a text as a tokenizer cuts it: `[text, tokens, unknown]` each, which together are the text.

    A part is made of whole grapheme clusters: where a tokenizer cuts a mark from its letter, or a letter into bytes, the letter
    stands as one part with two tokens or more, because a mark alone cannot be shown. White space in front of a piece is a
    part without tokens.

    Args:
        kinds: the tokenizer.
        text: one line or so.
    """
    cut = kinds.vocabulary.backend.encode(text, add_special_tokens=False)
    spans = [
        (start, end, number in kinds.unknown) for (start, end), number in zip(cut.offsets, cut.ids, strict=True) if end > start
    ]
    inside = {place for start, end, _ in spans for place in range(start + 1, end)}
    found: list[list[Any]] = []
    at = 0
    for end in cluster_ends(text):
        if end in inside and end != len(text):
            continue
        held = [unknown for start, _, unknown in spans if at <= start < end]
        part = text[at:end]
        at = end
        inner = part.lstrip()
        if inner and len(inner) < len(part) and held:
            found.append([part[: len(part) - len(inner)], 0, False])
            part = inner
        if not part.strip() and held and found and not found[-1][0].isspace():
            # a token for a space alone belongs to nothing that could be marked
            held = []
        if not held and found and found[-1][1] == 0:
            found[-1][0] += part
        else:
            found.append([part, len(held), any(held)])
    return found
