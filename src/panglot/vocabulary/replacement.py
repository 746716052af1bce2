"""Another tokenizer altogether in place of the old one: which rows can be carried over."""

import numpy as np

from panglot.vocabulary.companions import roles
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.surface import surfaces, unknown_id
from panglot.vocabulary.vocabulary import Vocabulary

# A tokenizer that has only one of the two uses it for both.
_STANDS_IN = {"bos": "cls", "cls": "bos", "eos": "sep", "sep": "eos"}


def replacement(old: Vocabulary, new: Vocabulary) -> Change:
    """The change from one tokenizer to another of any family.

    A token takes the row of the old token that stands for the same text (exactly: case and spaces count). Where several do,
    one that is spelled the same goes first, then the lowest id; a byte piece comes last. Special tokens are matched by role
    (beginning to beginning), never by text, as in FOCUS and OFA; a special token without a role in either tokenizer, such as a
    chat mark or a sentinel, is matched by its content.

    Args:
        old: the tokenizer of the model.
        new: the tokenizer that it shall have.

    Returns:
        The change; tokens that match nothing are in `added`.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> replacement(byt5_vocabulary(100), byt5_vocabulary()).added == list(range(359, 384))
        True
    """
    source = np.full(new.size, NEW, dtype=np.int64)
    spoken = surfaces(old)
    by_text = _by_text(old, spoken)
    for number, text in enumerate(surfaces(new)):
        if text is None:
            continue
        token = new.tokens[number]
        same = old.ids.get(token) if token is not None else None
        exact = same is not None and spoken[same] == text
        source[number] = same if same is not None and exact else by_text.get(text, NEW)
    for number, before in _special_pairs(old, new).items():
        source[number] = before
    return Change(old, new, source)


def _by_text(vocabulary: Vocabulary, spoken: list[bytes | None]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    late: list[tuple[bytes, int]] = []
    for number, text in enumerate(spoken):
        if text is None:
            continue
        token = vocabulary.tokens[number]
        if token is not None and len(text) == 1 and token.startswith("<0x"):
            late.append((text, number))
        else:
            found.setdefault(text, number)
    for text, number in late:
        found.setdefault(text, number)
    return found


def _special_pairs(old: Vocabulary, new: Vocabulary) -> dict[int, int]:
    """New id to old id of the special tokens that mean the same."""
    before, after = role_ids(old), role_ids(new)
    found: dict[int, int] = {}
    for number in sorted(new.special):
        content = new.tokens[number]
        same = old.ids.get(content) if content is not None else None
        if same is not None and same in old.special and number not in after.values() and same not in before.values():
            found[number] = same
    # the token of several roles takes the first that the old tokenizer has, in the order of the roles
    for role, number in reversed(list(after.items())):
        other = _STANDS_IN.get(role)
        if role in before:
            found[number] = before[role]
        elif other in before and number not in found:
            found[number] = before[other]
    return found


def role_ids(vocabulary: Vocabulary) -> dict[str, int]:
    """Role to id: `bos`, `eos`, `unk`, `sep`, `pad`, `cls`, `mask`, as far as the tokenizer has them.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> role_ids(byt5_vocabulary())
        {'eos': 1, 'unk': 2, 'pad': 0}
    """
    found = {role: vocabulary.ids[token] for role, token in roles(vocabulary.companions).items() if token in vocabulary.ids}
    unknown = unknown_id(vocabulary)
    return {**found, "unk": unknown} if unknown is not None and "unk" not in found else found
