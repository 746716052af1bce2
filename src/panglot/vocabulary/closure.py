"""Which other pieces a piece needs, so that a tokenizer without the rest still cuts text into it.

- BPE: a piece is built by merges, and the pieces on the way must exist. If all tokens of a word survive, then so do all
  merges that made them (a token is merged from its own characters alone, in the same order as inside the word), and since
  the merges that are left keep their ranks, the word is cut as before.
- Unigram: the best path of a text is still the best among fewer paths. The score of the unknown token is the lowest score
  less 10, so one piece of the lowest score must stay, or the unknown token would become more attractive than it was.
- WordPiece: the longest match is still the longest.

Single characters of the pieces that stay are kept as well: without them new words of the same letters would be unknown.
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from itertools import pairwise
from typing import Any

from panglot.artifacts import InputError
from panglot.vocabulary.companions import roles
from panglot.vocabulary.surface import byte_letters, byte_piece, has_byte_fallback, unknown_id
from panglot.vocabulary.vocabulary import Vocabulary

Pair = tuple[str, str]
# mT5 has them among its pieces, where nothing says that they are special
_SENTINEL = re.compile(r"▁?<extra_id_\d+>")


class Closure:
    """Ids that must stay, grown piece by piece.

    Args:
        vocabulary: its pieces.

    Attributes:
        kept: ids that stay; at first those that every tokenizer of this kind needs (see `always`).

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> len(Closure(byt5_vocabulary()).kept)
        384
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._ids = vocabulary.ids
        self._tokens = vocabulary.tokens
        model = vocabulary.model
        self._inner = str(model.get("continuing_subword_prefix") or "")
        self._end = str(model.get("end_of_word_suffix") or "")
        self.kept: set[int] = set()
        for each in always(vocabulary):
            self.add(each)

    def add(self, number: int) -> int:
        """Keep a piece and whatever it needs.

        Returns:
            How many ids that adds.
        """
        needed = self.needed_by(number)
        self.kept |= needed
        return len(needed)

    def needed_by(self, number: int) -> set[int]:
        """A piece and whatever it needs, without what is kept already."""
        if number in self.kept or self._tokens[number] is None:
            return set()
        found, waiting = {number}, [number]
        while waiting:
            for each in self._parts(waiting.pop()):
                if each not in found and each not in self.kept:
                    found.add(each)
                    waiting.append(each)
        return found

    def _parts(self, number: int) -> Iterable[int]:
        token = self._tokens[number]
        if token is None or number in self._vocabulary.added:
            return ()
        if self._vocabulary.family in ("bpe", "byte_bpe"):
            pair = self._made_from(token)
            return () if pair is None else (self._ids[pair[0]], self._ids[pair[1]])
        inside = token.startswith(self._inner) if self._inner else False
        text = token[len(self._inner) :] if inside else token
        spelled = (self._inner + each if self._inner and (index or inside) else each for index, each in enumerate(text))
        return (self._ids[each] for each in spelled if each in self._ids)

    @cached_property
    def _ranks(self) -> dict[Pair, int]:
        return {pair: rank for rank, pair in enumerate(merges_of(self._vocabulary))}

    @cached_property
    def _makers(self) -> dict[str, list[Pair]]:
        found: dict[str, list[Pair]] = {}
        for pair in self._ranks:
            found.setdefault(self._joined(*pair), []).append(pair)
        return found

    def _joined(self, left: str, right: str) -> str:
        return left + right[len(self._inner) :]

    def _made_from(self, token: str) -> Pair | None:
        """The last merge that makes a piece from its characters; None where there is none."""
        makers = self._makers.get(token, ())
        if len(makers) < 2:
            return makers[0] if makers else None
        symbols = self._characters(token)
        last: Pair | None = None
        while len(symbols) > 1:
            ranked = ((self._ranks.get(pair), index) for index, pair in enumerate(pairwise(symbols)))
            best = min(((rank, index) for rank, index in ranked if rank is not None), default=None)
            if best is None:
                return None
            index = best[1]
            last = (symbols[index], symbols[index + 1])
            symbols[index : index + 2] = [self._joined(*last)]
        return last

    def _characters(self, token: str) -> list[str]:
        ended = bool(self._end) and token.endswith(self._end)
        inside = bool(self._inner) and token.startswith(self._inner)
        text = token[len(self._inner) if inside else 0 : -len(self._end) if ended else None]
        found = [self._inner + each if index or inside else each for index, each in enumerate(text)]
        if ended and found:
            found[-1] += self._end
        return found


def merges_of(vocabulary: Vocabulary) -> list[Pair]:
    """The merges of a BPE in order of rank, whichever way the file writes them (`"a b"` or `["a", "b"]`).

    Example:
        >>> from panglot.vocabulary.vocabulary import Vocabulary
        >>> merges_of(Vocabulary({"model": {"type": "BPE", "vocab": {}, "merges": ["a b", ["ab", "c"]]}}))
        [('a', 'b'), ('ab', 'c')]
    """
    found: list[Pair] = []
    for index, each in enumerate(vocabulary.model.get("merges") or []):
        left, space, right = each.partition(" ") if isinstance(each, str) else (each[0], " ", each[1])
        if not space:
            raise InputError(f"merge {index} is damaged: {each!r}", where=vocabulary.place or None)
        found.append((left, right))
    return found


def always(vocabulary: Vocabulary) -> set[int]:
    """Ids that no trimming may take.

    Added tokens, the unknown token, bytes, sentinels, and tokens with a role or a place in the template.
    """
    ids = vocabulary.ids
    found = set(vocabulary.added)
    if (unknown := unknown_id(vocabulary)) is not None:
        found.add(unknown)
    named = set(roles(vocabulary.companions).values())
    if vocabulary.family == "byte_bpe":
        end = str(vocabulary.model.get("end_of_word_suffix") or "")
        named.update(letter + each for letter in byte_letters().values() for each in ("", end))
    if has_byte_fallback(vocabulary):
        named.update(byte_piece(each) for each in range(256))
    if vocabulary.family == "unigram":
        named.add(min(vocabulary.model["vocab"], key=lambda each: float(each[1]))[0])
    found.update(ids[each] for each in named if each in ids)
    found.update(number for token, number in ids.items() if "extra_id" in token and _SENTINEL.fullmatch(token))
    found.update(_ids_in(vocabulary.document.get("post_processor")))
    padding = vocabulary.document.get("padding")
    if isinstance(padding, dict) and isinstance(padding.get("pad_id"), int):
        found.add(padding["pad_id"])
    return {each for each in found if each < vocabulary.size and vocabulary.tokens[each] is not None}


def _ids_in(processor: Any) -> set[int]:
    found: set[int] = set()

    def seen(number: int) -> int:
        found.add(number)
        return number

    renumber_processor(processor, seen)
    return found


def renumber_processor(processor: Any, new_id: Callable[[int], int]) -> Any:
    """A post-processor with other ids: the template's, and those of `BertProcessing` and `RobertaProcessing`."""
    if not isinstance(processor, dict):
        return processor
    kind, found = processor.get("type"), dict(processor)
    if kind == "Sequence":
        found["processors"] = [renumber_processor(each, new_id) for each in processor.get("processors") or []]
    elif kind == "TemplateProcessing":
        marks = processor.get("special_tokens") or {}
        found["special_tokens"] = {name: {**each, "ids": [new_id(one) for one in each["ids"]]} for name, each in marks.items()}
    elif kind in ("BertProcessing", "RobertaProcessing"):
        for part in ("sep", "cls"):
            if part in processor:
                found[part] = [processor[part][0], new_id(processor[part][1])]
    return found


def closed(vocabulary: Vocabulary, keep: Collection[int]) -> set[int]:
    """Ids that stay when some shall stay: those, whatever they need, and whatever no tokenizer can do without.

    Raises:
        InputError: an id that the vocabulary does not have.
    """
    wrong = next((each for each in keep if not 0 <= each < vocabulary.size or vocabulary.tokens[each] is None), None)
    if wrong is not None:
        raise InputError(f"the tokenizer has no token with the id {wrong}", where=vocabulary.place or None)
    closure = Closure(vocabulary)
    for each in sorted(keep):
        closure.add(each)
    return closure.kept
