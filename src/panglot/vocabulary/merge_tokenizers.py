"""Component `vocabulary.merge_tokenizers`: the pieces of two tokenizers in one; all ids of the first stay."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from panglot.artifacts import InputError, Step
from panglot.vocabulary.added_tokens import absorb_added
from panglot.vocabulary.closure import merges_of
from panglot.vocabulary.companions import roles
from panglot.vocabulary.extend_tokenizer import appended
from panglot.vocabulary.grow_unigram import best_without
from panglot.vocabulary.grow_unigram import with_pieces as with_scored_pieces
from panglot.vocabulary.grow_wordpiece import shields
from panglot.vocabulary.grow_wordpiece import with_pieces as with_words
from panglot.vocabulary.merge_bpe import merge_bpe
from panglot.vocabulary.rows import Change
from panglot.vocabulary.surface import byte_letters, piece_for, surfaces, unknown_id
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import space_marker

_MARGIN = 1e-3


def merge_vocabularies(vocabulary: Vocabulary, other: Vocabulary) -> Change:
    """Add the pieces of another tokenizer, of any family, to a tokenizer.

    Ids of `vocabulary` stay. A token of `other` is new when no token stands for the same text (surface form); it is written as
    the family writes it and appended, in the order of `other`, with what the family needs:

    - Unigram: a score. If `other` is Unigram, its score plus the median difference of both scores over the pieces that both
      have; else `−log(rank)` in its order, shifted likewise (Zipf's law, as pieces stand by frequency). A score is raised where
      it must be, to just above the best other cut of the piece, so that each piece is reached; it is never below the lowest
      old score.
    - BPE: merges after the old ones, see [`merge_bpe`][panglot.vocabulary.merge_bpe.merge_bpe].
    - WordPiece: nothing but the piece, and `##` forms of characters that a longer match might strand.

    Left out is what the tokenizer could never cut a text into: what its normaliser rewrites, what its pre-tokenizer cuts,
    parts of characters outside byte-level vocabularies, and pieces that no merge reaches.

    Added tokens of `other` (language codes, chat marks, sentinels) whose content is new are taken over as added tokens, last;
    not those with a role (beginning, padding, unknown, …), since `vocabulary` has its own. A text that spells out such a
    special token is read as the token from then on.

    Args:
        vocabulary: whose ids stay.
        other: whose pieces are added.

    Returns:
        The change; the same vocabulary where `other` has nothing new.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> merge_vocabularies(byt5_vocabulary(), byt5_vocabulary()).added
        []
    """
    return _merged(vocabulary, other)[0]


def _merged(vocabulary: Vocabulary, other: Vocabulary) -> tuple[Change, int]:
    """The change, and how many new tokens of the other were left out."""
    marks = _new_marks(vocabulary, other)
    wanted, foreign = _new_pieces(vocabulary, other)
    base = absorb_added(vocabulary)
    pieces = [piece for piece in _could_be_cut(base, list(wanted)) if piece not in base.ids]
    new = _with_pieces(base, pieces, wanted, other)
    present = new.ids
    left_out = foreign + sum(piece not in present for piece in wanted)
    marks = [each for each in marks if each["content"] not in present]
    if new.size == base.size and not marks:
        return appended(vocabulary, vocabulary), left_out
    return appended(vocabulary, _with_marks(new, marks)), left_out


def _new_marks(vocabulary: Vocabulary, other: Vocabulary) -> list[dict[str, Any]]:
    with_role = set(roles(other.companions).values())
    unknown = unknown_id(other)
    return [
        each
        for number, each in sorted(other.added.items())
        if each["content"] not in vocabulary.ids and each["content"] not in with_role and number != unknown
    ]


def _new_pieces(vocabulary: Vocabulary, other: Vocabulary) -> tuple[dict[str, int], int]:
    """New pieces, as the vocabulary writes them, with their ids in the other; and how many it cannot write."""
    known = set(surfaces(vocabulary))
    order = _learning_order(other)
    found: dict[str, int] = {}
    foreign = 0
    spoken = surfaces(other)
    for number in sorted(range(other.size), key=lambda each: (order.get(each, -1), each)):
        text = spoken[number]
        if not text or text in known or number in other.added or _is_byte(vocabulary, text):
            continue
        try:
            piece = piece_for(vocabulary, text)
        except InputError:
            foreign += 1
            continue
        if piece not in vocabulary.ids:
            found.setdefault(piece, number)
    return found, foreign


def _is_byte(vocabulary: Vocabulary, text: bytes) -> bool:
    return vocabulary.family != "byte_bpe" and len(text) == 1 and text[0] >= 0x80


def _learning_order(other: Vocabulary) -> dict[int, int]:
    """Rank of the first merge that makes each piece; pieces without a merge come before."""
    if other.family not in ("bpe", "byte_bpe"):
        return dict.fromkeys(range(other.size), 0)
    inner = len(other.model.get("continuing_subword_prefix") or "")
    found: dict[int, int] = {}
    for rank, (left, right) in enumerate(merges_of(other)):
        found.setdefault(other.ids[left + right[inner:]], rank)
    return found


def _could_be_cut(base: Vocabulary, pieces: Sequence[str]) -> list[str]:
    """The pieces that come through normaliser and pre-tokenizer in one."""
    normaliser, splitter, marker = base.backend.normalizer, base.backend.pre_tokenizer, space_marker(base)
    prefix = str(base.model.get("continuing_subword_prefix") or "") if base.family == "wordpiece" else ""
    letters = {letter: byte for byte, letter in byte_letters().items()}

    def passes(piece: str) -> bool:
        inside = piece.removeprefix(prefix)
        bare = inside.lstrip(marker) if marker else inside
        if base.family == "byte_bpe":
            raw = bytes(letters.get(each, 0) for each in inside)
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                return True  # a part of a character: normaliser and pre-tokenizer see only whole ones
        else:
            text = inside.replace(marker, " ") if marker else inside
        normal = normaliser.normalize_str(text) if normaliser else text
        words = [word for word, _ in splitter.pre_tokenize_str(normal)] if splitter else [normal]
        if marker:
            words = [word.replace(" ", marker).lstrip(marker) for word in words]
        words = [word for word in words if word] or [""]
        return words == [bare] and bool(bare)

    return [piece for piece in pieces if passes(piece)]


def _with_pieces(base: Vocabulary, pieces: list[str], ranks: dict[str, int], other: Vocabulary) -> Vocabulary:
    if not pieces:
        return base
    if base.family == "unigram":
        return with_scored_pieces(base, list(_scores(base, other, {piece: ranks[piece] for piece in pieces}).items()))
    if base.family == "wordpiece":
        pieces = [piece for piece in pieces if len(piece) <= base.model.get("max_input_chars_per_word", 100)]
        return with_words(base, [*pieces, *shields(base, pieces)])
    return merge_bpe(base, pieces)


def _scores(base: Vocabulary, other: Vocabulary, pieces: dict[str, int]) -> dict[str, float]:
    """Scores of new pieces; shorter ones first, so that a piece can be put above all its other cuts."""
    old = {each[0]: float(each[1]) for number, each in enumerate(base.model["vocab"]) if number not in base.added}
    lowest = min(float(each[1]) for each in base.model["vocab"])
    theirs = _their_scores(other)
    texts = surfaces(base)
    by_text = {text: number for number, text in enumerate(surfaces(other)) if text is not None and number not in other.added}
    pieces_of_base = base.tokens
    differences = [
        old[token] - theirs[by_text[text]]
        for token, text in zip(pieces_of_base, texts, strict=True)
        if text in by_text and token in old
    ]
    shift = statistics.median(differences) if differences else 0.0
    scores = dict(old)
    for piece in sorted(pieces, key=lambda each: (len(each), each)):
        least = best_without(piece, scores, lowest) + _MARGIN if len(piece) > 1 else -math.inf
        scores[piece] = round(max(theirs[pieces[piece]] + shift, least, lowest), 6)
    return {piece: scores[piece] for piece in pieces}


def _their_scores(other: Vocabulary) -> list[float]:
    if other.family == "unigram":
        listed = [float(each[1]) for each in other.model["vocab"]]
        return listed + [min(listed)] * (other.size - len(listed))
    return [-math.log(rank + 1) for rank in range(other.size)]


def _with_marks(vocabulary: Vocabulary, marks: list[dict[str, Any]]) -> Vocabulary:
    if not marks:
        return vocabulary
    numbered = [{**each, "id": vocabulary.size + index} for index, each in enumerate(marks)]
    listed = [*(vocabulary.document.get("added_tokens") or []), *numbered]
    return absorb_added(vocabulary.with_document(added_tokens=sorted(listed, key=lambda each: int(each["id"]))))


def merge_by(vocabulary: Vocabulary, other: Vocabulary, step: Step) -> Change:
    """Merge, with the figures `found` and `left_out` and the notes that belong to it."""
    with step.progress("merging tokenizers"):
        change, left_out = _merged(vocabulary, other)
    step.figures.update(found=len(change.added), left_out=left_out)
    if left_out:
        step.note(f"{left_out} tokens of the other tokenizer were left out: this one could never cut a text into them.")
    if not change.added:
        step.note("The other tokenizer has no piece that this one lacks and could use: nothing was added.")
    return change


def merge_tokenizers(*, tokenizer: Tokenizer, other: Tokenizer, step: Step) -> Tokenizer:
    """Add the pieces of another tokenizer to a tokenizer; all its ids stay.

    Args:
        tokenizer: the tokenizer whose ids stay, of any family.
        other: the tokenizer whose pieces are added, of any family.
        step: where to write.
    """
    change = merge_by(tokenizer.vocabulary, other.vocabulary, step)
    step.figures["pieces"] = change.new.size
    change.new.save(step.out / TOKENIZER_FOLDER)
    change.write(step.out)
    return Tokenizer.open(step.out)
