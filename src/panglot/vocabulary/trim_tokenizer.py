"""Component `vocabulary.trim_tokenizer`: a smaller tokenizer, which cuts the text that matters as before."""

from collections.abc import Collection
from typing import Any

import numpy as np

from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.closure import closed, merges_of, renumber_processor
from panglot.vocabulary.companions import renumbered
from panglot.vocabulary.rows import Change
from panglot.vocabulary.vocabulary import Vocabulary


def trim_vocabulary(vocabulary: Vocabulary, keep: Collection[int]) -> Change:
    """A vocabulary without the pieces that nobody wants.

    Text whose tokens all survive is cut into the same tokens. (With one exception: a word that WordPiece could not write may
    become writable when a longer match that led into a dead end is gone.)

    Args:
        vocabulary: of any family.
        keep: ids that shall stay. Added, special and unknown tokens, bytes, single characters of pieces that stay, and the
            pieces that a kept piece is merged from stay too. Pieces keep their order; ids close up.

    Returns:
        The change; `new` equals `old` where nothing goes.

    Raises:
        InputError: an id that the vocabulary does not have; a tokenizer that cannot be loaded.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> trim_vocabulary(byt5_vocabulary(), [3]).dropped
        []
    """
    there = {number for number, token in enumerate(vocabulary.tokens) if token is not None}
    staying = there if there <= set(keep) else closed(vocabulary, keep)
    if staying == there:
        return Change(vocabulary, vocabulary, _same(vocabulary))
    order = sorted(staying)
    new_id = {old: new for new, old in enumerate(order)}
    parts = vocabulary.document
    document: dict[str, Any] = {
        "model": _trimmed_model(vocabulary, new_id),
        "added_tokens": [{**each, "id": new_id[each["id"]]} for each in parts.get("added_tokens") or []],
        "post_processor": renumber_processor(parts.get("post_processor"), new_id.__getitem__),
    }
    padding = parts.get("padding")
    if isinstance(padding, dict) and padding.get("pad_id") in new_id:
        document["padding"] = {**padding, "pad_id": new_id[padding["pad_id"]]}
    changed = vocabulary.with_document(**document)
    new = Vocabulary(changed.document, renumbered(changed.companions, new_id), vocabulary.place)
    check_ids(new)
    return Change(vocabulary, new, np.asarray(order, dtype=np.int64))


def _same(vocabulary: Vocabulary) -> Any:
    return np.arange(vocabulary.size, dtype=np.int64)


def _trimmed_model(vocabulary: Vocabulary, new_id: dict[int, int]) -> dict[str, Any]:
    model = vocabulary.model
    if vocabulary.family == "unigram":
        listed = [each for number, each in enumerate(model["vocab"]) if number in new_id]
        unknown = model.get("unk_id")
        return {**model, "vocab": listed, "unk_id": None if unknown is None else new_id[unknown]}
    pieces = {token: new_id[number] for token, number in model["vocab"].items() if number in new_id}
    if "merges" not in model:
        return {**model, "vocab": pieces}
    inner = len(model.get("continuing_subword_prefix") or "")
    pairs = zip(model["merges"], merges_of(vocabulary), strict=True)
    merges = [said for said, (left, right) in pairs if left in pieces and right in pieces and left + right[inner:] in pieces]
    return {**model, "vocab": pieces, "merges": merges}
