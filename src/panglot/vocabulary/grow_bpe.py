"""New pieces for BPE, over characters or over bytes: its training goes on where it once stopped."""

from collections.abc import Mapping
from typing import Any

from panglot.vocabulary.pair_merges import PairMerges
from panglot.vocabulary.piece_rules import PieceRules
from panglot.vocabulary.surface import byte_piece, has_byte_fallback, unknown_id
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import by_count, character_counts, cut_words


def grow_bpe(
    vocabulary: Vocabulary, words: Mapping[str, int], add: int, *, rules: PieceRules, minimum_count: int = 2
) -> Vocabulary:
    """Continue the training of a BPE tokenizer on the words of new text.

    Every word is cut by the tokenizer as it is; then the most frequent pairs are merged, as in training, and their merges
    are appended. Appended merges rank below all old ones, so a text is first cut as before and then shortened by the new
    merges in order: exactly what the training did, hence every new token is reached. The same holds with `ignore_merges`
    (Llama 3): it takes a word that is a piece at once, and the merges build that piece from that word too.

    A pair whose joined text is a token already is left alone. Merging it would need no row, but its product would enter the old
    merges again, and the old token would stand where the model never saw it, in every language that has the pair. Tokens that
    stand for a byte (`<0xE1>`), unknown characters and added tokens are never merged, as their joined text would not decode.

    Characters that have no piece, or only bytes to fall back on, become pieces first, the most frequent first: a BPE model
    starts from characters, and a character that has a piece is taken as it is.

    Args:
        vocabulary: of the family "bpe" or "byte_bpe"; all its tokens must be in the model's own vocabulary.
        words: as [`word_counts`][panglot.vocabulary.word_counts.word_counts] gives them.
        add: how many tokens; fewer are added where the words do not give as many.
        rules: which joined texts may become tokens.
        minimum_count: pairs and characters that are rarer are not added.

    Returns:
        A vocabulary with ids from `vocabulary.size` on. A new token that stands only inside longer new ones is kept, since
        their merges go through it.
    """
    missing = _missing_characters(vocabulary, words, minimum_count)[:add]
    start = with_pieces(vocabulary, missing, [])
    merges: list[tuple[str, str]] = []
    if len(missing) < add:
        loop = _loop(start, words, rules, minimum_count)
        for merge in loop:
            merges.append((loop.texts[merge.left], loop.texts[merge.right]))
            if len(missing) + len(merges) == add:
                break
    pieces = [joined(left, right, _prefix(vocabulary)) for left, right in merges]
    return with_pieces(start, pieces, merges) if merges else start


def _prefix(vocabulary: Vocabulary) -> str:
    return vocabulary.model.get("continuing_subword_prefix") or ""


def joined(left: str, right: str, prefix: str) -> str:
    """The text of two pieces merged; `prefix` is what pieces inside a word begin with."""
    return left + right[len(prefix) :]


def _missing_characters(vocabulary: Vocabulary, words: Mapping[str, int], minimum_count: int) -> list[str]:
    """Characters without a piece, the most frequent first."""
    model = vocabulary.model
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        return []
    found = character_counts(words)
    known = vocabulary.model["vocab"]
    return sorted(
        (each for each, count in found.items() if count >= minimum_count and each not in known),
        key=lambda each: (-found[each], each),
    )


def _loop(vocabulary: Vocabulary, words: Mapping[str, int], rules: PieceRules, minimum_count: int) -> PairMerges:
    tokens = [each or "" for each in vocabulary.tokens]
    alone = never_merged(vocabulary)
    prefix = _prefix(vocabulary)
    taken = set(vocabulary.ids)

    def join(left: str, right: str) -> str | None:
        text = joined(left, right, prefix)
        if text in taken or not rules.allow(text):
            return None
        taken.add(text)
        return text

    ordered, counts = by_count(words)
    return PairMerges(cut_words(vocabulary, ordered).without(alone), counts, tokens, join, minimum_count=minimum_count)


def never_merged(vocabulary: Vocabulary) -> set[int]:
    """Ids that no merge may touch: added tokens, bytes to fall back on, the unknown token."""
    found = set(vocabulary.added)
    if has_byte_fallback(vocabulary):
        found |= {vocabulary.ids[name] for name in map(byte_piece, range(256)) if name in vocabulary.ids}
    if (unknown := unknown_id(vocabulary)) is not None:
        found.add(unknown)
    return found


def with_pieces(vocabulary: Vocabulary, pieces: list[str], merges: list[tuple[str, str]]) -> Vocabulary:
    """Append pieces and merges to a BPE model."""
    model = vocabulary.model
    size = vocabulary.size
    pairs = [(left, right) for left, right in merges]
    return vocabulary.with_document(
        model={
            **model,
            "vocab": {**model["vocab"], **{piece: size + index for index, piece in enumerate(pieces)}},
            "merges": written_merges(model.get("merges") or [], pairs),
        }
    )


def written_merges(old: list[Any], new: list[tuple[str, str]]) -> list[Any]:
    """Old and new merges in the form of the old ones: "left right", or a list of two where a piece may hold a space."""
    as_text = bool(old) and isinstance(old[0], str)
    if as_text and not any(" " in side for pair in new for side in pair):
        return [*old, *(f"{left} {right}" for left, right in new)]
    return [*(each.split(" ", 1) if isinstance(each, str) else each for each in old), *([left, right] for left, right in new)]
