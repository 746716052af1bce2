"""Component `vocabulary.trim_tokenizer`: a smaller tokenizer, which cuts the text that matters as before."""

from collections.abc import Collection, Iterator
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.languages import Language
from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.closure import closed, merges_of, renumber_processor
from panglot.vocabulary.companions import renumbered
from panglot.vocabulary.effect import sample_texts, token_effect
from panglot.vocabulary.pieces import choose_pieces, pieces_in, unknown_share
from panglot.vocabulary.rows import Change
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary

__all__ = ["choose_pieces", "pieces_in", "trim_by", "trim_tokenizer", "trim_vocabulary"]

_MUCH_UNKNOWN = 0.01


def trim_tokenizer(
    *,
    tokenizer: Tokenizer,
    text: Documents | None = None,
    languages: list[Language] | None = None,
    scripts: list[str] | None = None,
    minimum_count: Annotated[int, Field(ge=1)] = 2,
    size: Annotated[int, Field(ge=1)] | None = None,
    step: Step,
) -> Tokenizer:
    """Keep the pieces that a text, some scripts or a size ask for; text whose tokens all survive is cut as before.

    Each rule that is given narrows the choice. Added and special tokens, bytes, single characters of pieces that stay and the
    pieces that others are merged from always stay.

    Args:
        tokenizer: the tokenizer before.
        text: keep what comes up in it.
        languages: with text, of these languages only; without text, keep what is written in their scripts.
        scripts: ISO 15924 codes such as `Thai`; a piece with a letter of another script goes.
        minimum_count: with text, how often a piece must come up.
        size: how many tokens may stay; those that come up most often go first.
        step: where to write.

    Returns:
        The tokenizer, with `rows.parquet` beside it: the old id of each new one. The figures say how many pieces there are,
        what share of the text's tokens survives, and for each language the share of texts whose tokens change.

    Raises:
        InputError: nothing says what to keep; nothing would be left; the text is empty, or cannot be written by the tokenizer.
    """
    change = trim_by(
        tokenizer.vocabulary,
        step,
        text=text,
        languages=languages,
        scripts=scripts,
        minimum_count=minimum_count,
        size=size,
    )
    if text is not None:
        step.figures["languages"] = token_effect(change, sample_texts(text))
    change.new.save(step.out / TOKENIZER_FOLDER)
    change.write(step.out)
    return Tokenizer(step.out)


def trim_by(
    vocabulary: Vocabulary,
    step: Step,
    *,
    text: Documents | None = None,
    languages: list[Language] | None = None,
    scripts: list[str] | None = None,
    minimum_count: int = 2,
    size: int | None = None,
    also: Collection[int] = (),
) -> Change:
    """Choose and trim, with the figures and notes that belong to it; the parameters are those of `trim_tokenizer`.

    `also` are ids that stay whatever the rules say; they count towards `size`.

    Figures: `pieces` (`before`, `after`), and with text `surviving_tokens`, the share of the text's tokens that survive.
    """
    tags = sorted({each.tag for each in languages or []})
    written_in = sorted(set(scripts or []) | ({each.script for each in languages or []} if text is None else set()))
    counts = None
    if text is not None:
        _check_languages(text, tags)
        with step.progress("counting pieces"):
            counts = pieces_in(vocabulary, _texts(text, tags))
        if (share := unknown_share(vocabulary, counts)) >= _MUCH_UNKNOWN:
            step.note(f"{share:.1%} of the text's tokens are unknown to the tokenizer: trimming does not mend that.")
    keep = choose_pieces(vocabulary, counts=counts, minimum_count=minimum_count, size=size, scripts=written_in, also=also)
    with step.progress("trimming"):
        change = trim_vocabulary(vocabulary, keep)
    pieces = [sum(each is not None for each in one.tokens) for one in (change.old, change.new)]
    step.figures["pieces"] = {"before": pieces[0], "after": pieces[1]}
    if counts is not None:
        gone = sum(counts.get(each, 0) for each in change.dropped)
        step.figures["surviving_tokens"] = round(1 - gone / sum(counts.values()), 6)
    return change


def _check_languages(text: Documents, tags: list[str]) -> None:
    absent = [each for each in tags if each not in text.languages]
    if absent:
        raise InputError(
            f"there is no text of {', '.join(absent)}; there is text of {', '.join(text.languages)}",
            where="languages",
            fix=f"say of which language a file is, for example {absent[0].partition('_')[0]}=FILE",
        )


def _texts(text: Documents, tags: list[str]) -> Iterator[str]:
    if not tags:
        yield from text.texts()
    for each in tags:
        yield from text.texts(each)


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
