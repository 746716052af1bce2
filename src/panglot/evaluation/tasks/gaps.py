"""Sentences in which something is asked for: a gap, a sign in its place, a word between others like it."""

import re
from collections.abc import Sequence
from typing import Any

from panglot.artifacts import InputError

_AS_TYPED = {"``": '"', "''": '"'}


class NoGap(Exception):
    """What is asked for is not found in the sentence; the message is the reason that is counted."""


def blank(sentence: str, sign: str) -> dict[str, str]:
    """The fields `before` and `after` of a sign that stands just once in a sentence.

    Raises:
        NoGap: it does not.

    Example:
        >>> blank("@placeholder met Bo.", "@placeholder")
        {'before': '', 'after': ' met Bo.'}
    """
    before, *rest = sentence.split(sign)
    if len(rest) != 1:
        raise NoGap(f"not one {sign} in the sentence")
    return {"before": before, "after": rest[0]}


def marked(text: str, word: str, at: str) -> str:
    """A text with `*` on both sides of one word.

    Args:
        text: of any script.
        word: as it stands there; capitals do not matter.
        at: its number, from 0, among what stands between blanks.

    Raises:
        NoGap: it is not there.

    Example:
        >>> marked("He said it, then it fell.", "it", "4")
        'He said it, then *it* fell.'
    """
    places = list(re.finditer(r"\S+", text))
    place = places[int(at)] if at.isdecimal() and int(at) < len(places) else None
    inside = place.group().casefold().find(word.strip().casefold()) if place is not None and word.strip() else -1
    if place is None or inside < 0:
        raise NoGap("the word is not at its place")
    begin = place.start() + inside
    end = begin + len(word.strip())
    return f"{text[:begin]}*{text[begin:end]}*{text[end:]}"


def around(sentence: str, tokens: Sequence[str], span: Sequence[Any], where: str) -> dict[str, str]:
    """The fields `before` and `after` of a span of tokens, found by walking over them, so that no blank is made or lost.

    Raises:
        InputError: the span is none of the tokens.
        NoGap: a token is not in the sentence.
    """
    if [type(each) for each in span] != [int, int] or not 0 <= span[0] < span[1] <= len(tokens):
        raise InputError(f"the span {list(span)} is none of {len(tokens)} tokens", where=where)
    first, last = span
    place, begins, ends = 0, -1, -1
    for number, token in enumerate(_AS_TYPED.get(each, each) for each in tokens[:last]):
        found = sentence.find(token, place)
        if found < 0:
            raise NoGap("the gap is not found in the sentence")
        begins = found if number == first else begins
        place = ends = found + len(token)
    return {"before": sentence[:begins], "after": sentence[ends:]}
