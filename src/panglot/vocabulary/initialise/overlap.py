"""Tokens of the new vocabulary that the old one has too, though under another spelling."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from panglot.vocabulary.initialise.task import Task
from panglot.vocabulary.rows import Change
from panglot.vocabulary.surface import surfaces

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Match = Literal["exact", "fuzzy"]
"""`exact`: tokens stand for the same bytes, the space before a word included; `fuzzy`: also tokens that differ in case or in
the space before them only."""


def twins(change: Change, targets: list[int], match: Match) -> dict[int, int]:
    """Target to the old token that stands for the same text; an exact match comes first, then the one with the lowest id.

    Args:
        change: the vocabularies before and after.
        targets: ids of the new vocabulary that need a row.
        match: what counts as the same.

    Returns:
        Only targets that have such a token.
    """
    old, new = surfaces(change.old), surfaces(change.new)
    exact: dict[bytes, int] = {}
    for number, each in enumerate(old):
        if each is not None:
            exact.setdefault(each, number)
    found = {each: exact[form] for each in targets if (form := new[each]) is not None and form in exact}
    if match == "exact":
        return found
    loose: dict[str, int] = {}
    for number, each in enumerate(old):
        if each is not None and (key := _loose(each)):
            loose.setdefault(key, number)
    for target in targets:
        form = new[target]
        if target not in found and form is not None and (key := _loose(form)) and key in loose:
            found[target] = loose[key]
    return found


def plain_text(surface: bytes) -> str:
    """The text without spaces around it; empty for a part of a character.

    Parts of characters must not all become U+FFFD: they would be one token, and files of vectors have that word.

    Example:
        >>> plain_text(" ດີ".encode()), plain_text("ດີ".encode()[:2])
        ('ດີ', '')
    """
    try:
        return surface.decode().strip()
    except UnicodeDecodeError:
        return ""


def _loose(surface: bytes) -> str:
    return plain_text(surface).lower()


def copies(same: dict[int, int], task: Task) -> "csr_array":
    """Weight one on the old token that is the same, for the targets that have one: `[len(task.targets), old tokens]`."""
    from scipy.sparse import csr_array

    rows = [row for row, target in enumerate(task.targets) if target in same]
    columns = [same[task.targets[row]] for row in rows]
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(task.targets), task.change.old.size))
