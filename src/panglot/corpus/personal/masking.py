"""Placeholders in place of personal data, and back."""

from collections.abc import Mapping

import regex

from panglot.corpus.personal.finding import KINDS, Kind, find_personal

_PLACEHOLDER = regex.compile(rf"<(?:{'|'.join(KINDS)})-[0-9]{{1,9}}>")


def mask(text: str, kinds: tuple[Kind, ...] = KINDS) -> tuple[str, dict[str, str]]:
    """Put a placeholder with its kind and a number in place of each item; equal items of a text get the same one.

    A number whose placeholder the text has already is passed over, so that `unmask` gives the very same text back.

    Returns:
        the text, and placeholder to original.

    Example:
        >>> mask("Ask a@b.org or c@d.org, not a@b.org. Not <email-1>.")
        ('Ask <email-2> or <email-3>, not <email-2>. Not <email-1>.', {'<email-2>': 'a@b.org', '<email-3>': 'c@d.org'})
    """
    found = find_personal(text, kinds)
    if not found:
        return text, {}
    there = set(_PLACEHOLDER.findall(text))
    numbers = dict.fromkeys(KINDS, 0)
    names: dict[tuple[Kind, str], str] = {}
    parts, place = [], 0
    for each in found:
        key = each.kind, text[each.start : each.end]
        if key not in names:
            name = ""
            while not name or name in there:
                numbers[each.kind] += 1
                name = f"<{each.kind}-{numbers[each.kind]}>"
            names[key] = name
        parts += [text[place : each.start], names[key]]
        place = each.end
    return "".join([*parts, text[place:]]), {name: original for (_, original), name in names.items()}


def unmask(text: str, originals: Mapping[str, str]) -> str:
    """Put the originals back.

    Example:
        >>> unmask("Ask <email-2>, not <email-1>.", {"<email-2>": "a@b.org"})
        'Ask a@b.org, not <email-1>.'
    """
    found: str = _PLACEHOLDER.sub(lambda each: originals.get(each.group(), each.group()), text)
    return found
