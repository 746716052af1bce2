"""Pieces of another tokenizer for BPE: merges that build them from what the tokenizer cuts them into."""

from collections.abc import Sequence
from itertools import pairwise

from panglot.vocabulary.grow_bpe import joined, never_merged, with_pieces
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import cut_words

Pair = tuple[str, str]


def merge_bpe(vocabulary: Vocabulary, pieces: Sequence[str]) -> Vocabulary:
    """Add pieces to a BPE tokenizer, each with the merges that reach it.

    Characters that have no piece come first. Then, piece by piece in the order given: the piece is cut by all merges so far,
    and its first two parts are merged until it is one. Where the pieces come in the order in which another BPE learnt them,
    the cut is mostly in two, at the place of that BPE's own merge, and its merges follow the old ones in its order. Parts
    on the way that are no pieces yet are added. A piece whose way leads through a token of the old vocabulary is left out
    (the old merges would go on from there), and so is one with a byte, an unknown character or an added token in its cut.

    Args:
        vocabulary: of the family "bpe" or "byte_bpe"; all its tokens must be in the model's own vocabulary.
        pieces: new pieces.

    Returns:
        A vocabulary with new ids from `vocabulary.size` on.
    """
    known = vocabulary.model["vocab"]
    characters = list(dict.fromkeys(each for piece in pieces for each in piece if each not in known))
    if vocabulary.model.get("continuing_subword_prefix") or vocabulary.model.get("end_of_word_suffix"):
        characters = []
    start = with_pieces(vocabulary, characters, [])
    builder = _Builder(start)
    cut = cut_words(start, list(pieces))
    ends = cut.lengths.cumsum().tolist()
    symbols = cut.symbols.tolist()
    for piece, length, end in zip(pieces, cut.lengths.tolist(), ends, strict=True):
        builder.reach(piece, symbols[end - length : end])
    found = with_pieces(start, builder.made, builder.merges)
    return found if builder.made else _needed_characters(vocabulary, pieces, characters)


def _needed_characters(vocabulary: Vocabulary, pieces: Sequence[str], characters: list[str]) -> Vocabulary:
    wanted = set(pieces)
    return with_pieces(vocabulary, [each for each in characters if each in wanted], [])


class _Builder:
    def __init__(self, start: Vocabulary) -> None:
        self._tokens, self._old = start.tokens, set(start.ids)
        self._alone = never_merged(start)
        self._prefix = start.model.get("continuing_subword_prefix") or ""
        self._ranks: dict[Pair, int] = {}
        self._new: set[str] = set()
        self.merges: list[Pair] = []
        self.made: list[str] = []

    def reach(self, piece: str, ids: list[int]) -> None:
        """Add what leads from the old cut of a piece to the piece; nothing where nothing does."""
        if not self._alone.isdisjoint(ids):
            return
        parts = self._cut([self._tokens[each] or "" for each in ids])
        steps = len(self.merges), len(self.made)
        while len(parts) > 1:
            text = joined(parts[0], parts[1], self._prefix)
            if text in self._old:
                self._undo(*steps)
                return
            self._ranks[parts[0], parts[1]] = len(self.merges)
            self.merges.append((parts[0], parts[1]))
            if text not in self._new:
                self._new.add(text)
                self.made.append(text)
            parts = self._cut(parts)

    def _undo(self, merges: int, made: int) -> None:
        for pair in self.merges[merges:]:
            del self._ranks[pair]
        self._new.difference_update(self.made[made:])
        del self.merges[merges:], self.made[made:]

    def _cut(self, parts: list[str]) -> list[str]:
        """Apply the new merges, lowest rank first, from the left among equals."""
        while True:
            ranked = [(self._ranks[pair], index) for index, pair in enumerate(pairwise(parts)) if pair in self._ranks]
            if not ranked:
                return parts
            _, index = min(ranked)
            parts = [*parts[:index], joined(parts[index], parts[index + 1], self._prefix), *parts[index + 2 :]]
