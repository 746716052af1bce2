"""New pieces for Unigram, with scores on the scale of the old ones."""

import math
from collections.abc import Collection, Mapping

import numpy as np
import regex

from panglot.vocabulary.pair_merges import Cut, PairMerges
from panglot.vocabulary.piece_rules import PieceRules
from panglot.vocabulary.surface import byte_piece, has_byte_fallback
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import by_count, character_counts, cut_with

_SPARE = 0.5
_SPARE_AT_LEAST = 200
_ROUNDS = 2
_LETTER = regex.compile(r"\p{L}")

Scores = dict[str, float]


def grow_unigram(
    vocabulary: Vocabulary, words: Mapping[str, int], add: int, *, rules: PieceRules, minimum_count: int = 2
) -> Vocabulary:
    """Append pieces to a Unigram model that shorten the words of new text.

    1. Characters of the text that have no piece come first, the most frequent first.
    2. Candidates: the words, cut by the model as it is, are merged pair by pair (as in the training of BPE), half as
       often again as pieces are asked. What remains in use at the end is a candidate; steps between are not.
    3. Scores: hard EM (Kudo, 2018, https://arxiv.org/abs/1804.10959, with the best cut in place of all cuts). With n_p uses of
       p among N tokens of the text, a new piece scores `log(n_p / N) + δ`. Old scores are logarithms of frequencies in a far
       larger text of many languages, so δ is what the old pieces say it is: the median, weighted by uses, of
       `s_q − log(n_q / N)` over the old pieces q with a letter that the old tokenizer cuts this text into. It stands
       for the share of the language in the old text. No score is below the lowest old one, since the score of an unknown
       character hangs on that.
    4. The candidates whose loss costs the likelihood most are kept: `n_p · (s_p − s of the best cut of p without p)`, the
       criterion of SentencePiece.
    5. The words are cut with the result; pieces that nothing is cut into are dropped, and others take their places.

    Deviation: SentencePiece takes candidates from a suffix array and sums over all cuts. Its sums and those of the library
    `tokenizers` depend on the order of a hash table; this does not.

    Args:
        vocabulary: of the family "unigram"; all its tokens must be in the model's own vocabulary.
        words: as [`word_counts`][panglot.vocabulary.word_counts.word_counts] gives them.
        add: how many pieces; fewer are added where the words do not give as many.
        rules: which texts of several characters may become pieces.
        minimum_count: pieces and characters that are rarer are not added.

    Returns:
        A vocabulary with the new pieces from `vocabulary.size` on, in the order of their scores.
    """
    model = _TextModel(vocabulary, words)
    missing = model.missing_characters(minimum_count)[:add]
    fixed = {each: model.score(count) for each, count in missing}
    chosen = dict(fixed)
    if len(fixed) < add:
        candidates = _candidates(model, set(vocabulary.ids) | set(fixed), fixed, add - len(fixed), rules, minimum_count)
        chosen |= _choose(model, fixed, candidates, add - len(fixed))
    ordered = sorted(chosen.items(), key=lambda each: (-each[1], each[0]))
    return with_pieces(vocabulary, ordered)


def with_pieces(vocabulary: Vocabulary, pieces: Collection[tuple[str, float]]) -> Vocabulary:
    """Append pieces with their scores."""
    model = vocabulary.model
    return vocabulary.with_document(model={**model, "vocab": [*model["vocab"], *([piece, score] for piece, score in pieces)]})


class _TextModel:
    """The part of a Unigram model that can matter for some words, and how it cuts them."""

    def __init__(self, vocabulary: Vocabulary, words: Mapping[str, int]) -> None:
        self.words, self.counts = by_count(words)
        pieces = [(each[0], float(each[1])) for each in vocabulary.model["vocab"]]
        unknown = vocabulary.model.get("unk_id")
        self._unknown = None if unknown is None else pieces[unknown]
        self.lowest = min(score for _, score in pieces)
        self.characters = character_counts(words)
        letters = set(self.characters)
        alone = {vocabulary.tokens[each] for each in vocabulary.added}
        self.old: Scores = {
            piece: score
            for piece, score in pieces
            if piece and letters.issuperset(piece) and piece not in alone and (piece, score) != self._unknown
        }
        fallback = {byte_piece(each) for each in range(256)} if has_byte_fallback(vocabulary) else set()
        self._fallback = [each for each in pieces if each[0] in fallback and each[0] not in self.old]
        self._shift()

    def _shift(self) -> None:
        uses = self.uses({})
        self.total = max(sum(uses.values()), 1)
        told = [(self.old[piece] - math.log(count / self.total), count, piece) for piece, count in uses.items()]
        with_letters = sorted(each for each in told if _LETTER.search(each[2])) or sorted(told)
        half, seen = sum(count for _, count, _ in with_letters) / 2, 0
        self.shift = 0.0
        for difference, count, _ in with_letters:
            seen += count
            self.shift = difference
            if seen >= half:
                break

    def score(self, count: int, total: int | None = None) -> float:
        """Score of a piece with so many uses, on the scale of the old pieces."""
        return round(max(math.log(count / (total or self.total)) + self.shift, self.lowest), 6)

    def missing_characters(self, minimum_count: int) -> list[tuple[str, int]]:
        """Characters without a piece of their own, with counts, the most frequent first."""
        found = [each for each in self.characters.items() if each[1] >= minimum_count and each[0] not in self.old]
        return sorted(found, key=lambda each: (-each[1], each[0]))

    def cut(self, new: Scores) -> tuple[list[str], Cut]:
        """Texts of the known symbols, and the words; a barrier stands for what is not known."""
        from tokenizers.models import Unigram

        known = [*self.old.items(), *new.items()]
        # The score of an unknown character follows from the lowest score, so a piece that has it must be there.
        pieces = [*known, self._unknown or ("<unk>", 0.0), *self._fallback, ("\0lowest", self.lowest)]
        model = Unigram(pieces, unk_id=len(known), byte_fallback=bool(self._fallback))
        return [piece for piece, _ in known], cut_with(model, self.words).without(range(len(known), len(pieces)))

    def uses(self, new: Scores) -> dict[str, int]:
        """How often each known piece, old or new, stands in the text as it is cut."""
        texts, cut = self.cut(new)
        found = cut.usage(self.counts, len(texts))
        return {texts[each]: int(found[each]) for each in np.flatnonzero(found)}


def _candidates(
    model: _TextModel, taken: set[str], fixed: Scores, wanted: int, rules: PieceRules, minimum_count: int
) -> Scores:
    texts, cut = model.cut(fixed)

    def join(left: str, right: str) -> str | None:
        text = left + right
        if text in taken or not rules.allow(text):
            return None
        taken.add(text)
        return text

    merges = PairMerges(cut, model.counts, texts, join, minimum_count=minimum_count)
    enough = wanted + max(int(wanted * _SPARE), _SPARE_AT_LEAST)
    for index, _ in enumerate(merges, start=1):
        if index == enough:
            break
    usage = merges.usage()
    used = {merges.texts[each]: int(usage[each]) for each in range(len(texts), len(usage)) if usage[each] >= minimum_count}
    total = int(usage.sum())
    found = {piece: model.score(count, total) for piece, count in used.items()}
    for _ in range(_ROUNDS):
        uses = model.uses(fixed | found)
        total = sum(uses.values())
        found = {piece: model.score(uses[piece], total) for piece in found if uses.get(piece, 0) >= minimum_count}
    return found


def _choose(model: _TextModel, fixed: Scores, candidates: Scores, wanted: int) -> Scores:
    uses = model.uses(fixed | candidates)
    scores = model.old | fixed | candidates
    losses = {
        piece: uses.get(piece, 0) * (candidates[piece] - best_without(piece, scores, model.lowest)) for piece in candidates
    }
    waiting = sorted((piece for piece in candidates if losses[piece] > 0), key=lambda each: (-losses[each], each))
    chosen: Scores = {}
    while True:
        taken, waiting = waiting[: wanted - len(chosen)], waiting[wanted - len(chosen) :]
        if not taken:
            return chosen
        chosen |= {piece: candidates[piece] for piece in taken}
        uses = model.uses(fixed | chosen)
        chosen = {piece: score for piece, score in chosen.items() if piece in uses}


def best_without(piece: str, scores: Scores, lowest: float) -> float:
    """Score of the best cut of a piece into at least two."""
    unknown = lowest - 10.0
    best = [0.0] + [-math.inf] * len(piece)
    for end in range(1, len(piece) + 1):
        for start in range(end):
            if end - start == len(piece):
                continue
            score = scores.get(piece[start:end], unknown if end - start == 1 else -math.inf)
            best[end] = max(best[end], best[start] + score)
    return best[-1]
