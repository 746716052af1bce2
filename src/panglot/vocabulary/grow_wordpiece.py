"""New pieces for WordPiece, whose greedy cut may pass a piece by, or be spoilt by it."""

import unicodedata
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.pair_merges import Cut, PairMerges
from panglot.vocabulary.piece_rules import PieceRules
from panglot.vocabulary.surface import unknown_id
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import by_count, character_counts, cut_with

_SPARE = 0.5
_SPARE_AT_LEAST = 200


def grow_wordpiece(
    vocabulary: Vocabulary, words: Mapping[str, int], add: int, *, rules: PieceRules, minimum_count: int = 2
) -> Vocabulary:
    """Append pieces to a WordPiece vocabulary that shorten the words of new text.

    1. Characters of the text that have no piece come first, the most frequent first, each as the beginning of a word and as
       `##`; but a mark becomes a beginning only where it is one, and a character that is always a word of its own (Chinese
       characters in BERT) has no `##` form.
    2. A character that stands inside old pieces and has no `##` form gets one: the longest match of a new piece may leave it
       at the front of the rest, and a word that could be written must not become unknown.
    3. Candidates: the words, cut as they are, are merged pair by pair, half as often again as pieces are asked; the first
       merges come first.
    4. The words are cut with the chosen pieces. A word that got shorter credits its new pieces with what it saves, a word that
       got longer debits them; pieces that save nothing, or that no cut reaches, are dropped, and the next candidates
       take their places.

    Words longer than `max_input_chars_per_word` stay unknown, as the library has it.

    Args:
        vocabulary: of the family "wordpiece"; all its tokens must be in the model's own vocabulary.
        words: as [`word_counts`][panglot.vocabulary.word_counts.word_counts] gives them.
        add: how many pieces; fewer are added where the words do not give as many.
        rules: which texts of several characters may become pieces.
        minimum_count: pieces and characters that are rarer are not added.
    """
    model = _TextModel(vocabulary, words)
    characters = model.missing_characters(minimum_count)
    fixed = [*characters, *(shields(vocabulary, characters) if len(characters) < add else [])]
    if len(fixed) >= add:
        return with_pieces(vocabulary, fixed[:add])
    return with_pieces(vocabulary, [*fixed, *_choose(model, fixed, add - len(fixed), rules, minimum_count)])


def with_pieces(vocabulary: Vocabulary, pieces: Iterable[str]) -> Vocabulary:
    """Append pieces to the vocabulary of a WordPiece model."""
    model, size = vocabulary.model, vocabulary.size
    added = {piece: size + index for index, piece in enumerate(pieces)}
    return vocabulary.with_document(model={**model, "vocab": {**model["vocab"], **added}})


class _TextModel:
    """A WordPiece model, some words, and how it cuts them."""

    def __init__(self, vocabulary: Vocabulary, words: Mapping[str, int]) -> None:
        self.vocabulary, self.words = vocabulary, words
        self.prefix: str = vocabulary.model.get("continuing_subword_prefix", "##")
        self.ordered, self.counts = by_count(words)
        self.unknown = unknown_id(vocabulary)

    def missing_characters(self, minimum_count: int) -> list[str]:
        """Forms of the characters that the words need, the most frequent first."""
        found = character_counts(self.words)
        first = {word[0] for word in self.words}
        joined = {character for word in self.words if len(word) > 1 for character in word}
        known = self.vocabulary.model["vocab"]
        forms: list[str] = []
        for character in sorted(found, key=lambda each: (-found[each], each)):
            if found[character] >= minimum_count:
                begins = character in first or not unicodedata.category(character).startswith("M")
                forms += [character] * begins + [self.prefix + character] * (character in joined)
        return [form for form in forms if form not in known]

    def cut(self, more: Iterable[str]) -> tuple[list[str], Cut]:
        """Texts of the symbols, and the words; a barrier stands for an unknown word."""
        from tokenizers.models import WordPiece

        model = self.vocabulary.model
        pieces = {**model["vocab"]}
        texts = [each or "" for each in self.vocabulary.tokens]
        for piece in more:
            pieces[piece] = len(texts)
            texts.append(piece)
        cutter = WordPiece(
            pieces,
            unk_token=model["unk_token"],
            continuing_subword_prefix=self.prefix,
            max_input_chars_per_word=model.get("max_input_chars_per_word", 100),
        )
        alone = set(self.vocabulary.added) | {self.unknown}
        return texts, cut_with(cutter, self.ordered).without(each for each in alone if each is not None)


def shields(vocabulary: Vocabulary, more: Iterable[str] = ()) -> list[str]:
    """`##` forms of characters that stand inside pieces, old or new, and have none.

    Without them a longer match of a new piece could leave such a character at the front of a rest that no piece matches, and a
    word that could be written would become unknown.
    """
    prefix: str = vocabulary.model.get("continuing_subword_prefix", "##")
    added = {vocabulary.tokens[each] for each in vocabulary.added}
    known = {*vocabulary.model["vocab"], *more}
    inside: set[str] = set()
    for piece in known:
        if piece not in added and not _is_mark(piece):
            inside.update(piece[len(prefix) :] if piece.startswith(prefix) else piece[1:])
    return sorted(form for form in (prefix + each for each in inside) if form not in known)


def _is_mark(piece: str) -> bool:
    return len(piece) > 2 and piece.startswith("[") and piece.endswith("]")


def _choose(model: _TextModel, fixed: list[str], wanted: int, rules: PieceRules, minimum_count: int) -> list[str]:
    texts, before = model.cut(fixed)
    waiting = _candidates(model, texts, before, wanted, rules, minimum_count)
    first_new = len(texts)
    chosen: list[str] = []
    while True:
        taken, waiting = waiting[: wanted - len(chosen)], waiting[wanted - len(chosen) :]
        if not taken:
            return chosen
        chosen += taken
        _, after = model.cut([*fixed, *chosen])
        credit = _credit(before, after, model.counts, first_new, len(chosen))
        chosen = [piece for piece, saved in zip(chosen, credit.tolist(), strict=True) if saved > 0]


def _credit(before: Cut, after: Cut, counts: list[int], first_new: int, new: int) -> NDArray[np.float64]:
    """What each new piece saves: of each word, its share of the pieces that the word has less."""
    word_of = np.repeat(np.arange(len(after.lengths)), after.lengths)
    places = np.flatnonzero(after.symbols >= first_new)
    sharers = np.bincount(word_of[places], minlength=len(after.lengths))
    saved = np.asarray(counts) * (before.lengths - after.lengths) / np.maximum(sharers, 1)
    found = np.bincount(after.symbols[places] - first_new, weights=saved[word_of[places]], minlength=new)
    return found.astype(np.float64)


def _candidates(model: _TextModel, texts: list[str], cut: Cut, wanted: int, rules: PieceRules, minimum_count: int) -> list[str]:
    prefix = model.prefix
    taken = set(texts)

    def join(left: str, right: str) -> str | None:
        text = left + right.removeprefix(prefix)
        if text in taken or not right.startswith(prefix) or not rules.allow(text.removeprefix(prefix)):
            return None
        taken.add(text)
        return text

    merges = PairMerges(cut, model.counts, texts, join, minimum_count=minimum_count)
    enough = wanted + max(int(wanted * _SPARE), _SPARE_AT_LEAST)
    for index, _ in enumerate(merges, start=1):
        if index == enough:
            break
    usage = merges.usage()
    return [merges.texts[each] for each in range(len(texts), len(usage)) if usage[each] >= minimum_count]
