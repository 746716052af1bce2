"""The old pieces of a new token's text, cut as a part of a word and not as a text of its own."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from panglot.vocabulary.surface import SPACE_MARK, byte_letters, byte_piece, surfaces, unknown_id
from panglot.vocabulary.vocabulary import Vocabulary, cannot_write

_LEADING = re.compile(rb"\A *")


@dataclass(frozen=True)
class Cutter:
    """Cuts what a token stands for with a tokenizer that does not have the token.

    A tokenizer that is given a text puts a space before it, so that a token from the middle of a word would be cut as the
    beginning of one. Here the model of the tokenizer is asked, without its pre-tokenizer, and the text carries its space only
    where the token has one. The normaliser is applied, since the token may come from a tokenizer with another one; spaces that
    it puts in front are taken off again.
    """

    vocabulary: Vocabulary

    def cut(self, text: bytes) -> list[int]:
        """Ids of the pieces of a text; pieces for unknown characters are left out.

        Args:
            text: a token's surface: a leading space where a word begins. It need not be whole UTF-8.
        """
        return self._cut(text)

    @cached_property
    def _cut(self) -> Callable[[bytes], list[int]]:
        family = self.vocabulary.family
        if family == "byte_bpe":
            return self._cut_bytes
        return self._cut_words if family == "wordpiece" else self._cut_characters

    @cached_property
    def _unknown(self) -> int | None:
        return unknown_id(self.vocabulary)

    def _pieces(self, text: str) -> list[int]:
        try:
            found = self.vocabulary.backend.model.tokenize(text)
        except Exception as error:
            raise cannot_write(error, self.vocabulary.place) from None
        return [each.id for each in found if each.id != self._unknown]

    def _normalised(self, text: str) -> str:
        normaliser = self.vocabulary.backend.normalizer
        if normaliser is None or not text.strip():
            return text
        return str(normaliser.normalize_str(text)).replace(SPACE_MARK, " ").lstrip(" ")

    def _cut_bytes(self, text: bytes) -> list[int]:
        try:
            space, rest = _split(text)
            text = space + self._normalised(rest.decode()).encode()
        except UnicodeDecodeError:
            pass
        return self._pieces("".join(byte_letters()[each] for each in text))

    def _cut_characters(self, text: bytes) -> list[int]:
        space, rest = _split(text)
        found: list[int] = []
        for part in re.split(r"([\udc80-\udcff])", rest.decode(errors="surrogateescape")):
            if len(part) == 1 and "\udc80" <= part <= "\udcff":
                found += self._byte(ord(part) - 0xDC00)
            elif part or space:
                found += self._pieces(space.decode().replace(" ", SPACE_MARK) + self._normalised(part).replace(" ", SPACE_MARK))
                space = b""
        return found

    def _byte(self, value: int) -> list[int]:
        number = self.vocabulary.ids.get(byte_piece(value))
        return [] if number is None else [number]

    def _cut_words(self, text: bytes) -> list[int]:
        space, rest = _split(text)
        prefix = str(self.vocabulary.model.get("continuing_subword_prefix", "##"))
        found: list[int] = []
        for index, word in enumerate(self._normalised(rest.decode(errors="ignore")).split(" ")):
            found += self._longest_first(word, prefix, begins=bool(space) or index > 0)
        return found

    def _longest_first(self, word: str, prefix: str, *, begins: bool) -> list[int]:
        ids, found, start = self._model_ids, [], 0
        while start < len(word):
            mark = "" if begins and not start else prefix
            end = next((end for end in range(len(word), start, -1) if mark + word[start:end] in ids), None)
            if end is not None:
                found.append(ids[mark + word[start:end]])
            start = end or start + 1
        return found

    @cached_property
    def _model_ids(self) -> dict[str, int]:
        return {piece: number for piece, number in self.vocabulary.ids.items() if number not in self.vocabulary.added}


def old_pieces(old: Vocabulary, new: Vocabulary, targets: list[int]) -> list[list[int]]:
    """Old ids of the pieces that each target's text is cut into; empty for special tokens and for text without pieces.

    Args:
        old: the vocabulary to cut with.
        new: the vocabulary of the targets.
        targets: ids in `new`.

    Returns:
        A list of ids for each target, in the order of the text.
    """
    texts, cutter = surfaces(new), Cutter(old)
    return [[] if (text := texts[each]) is None else cutter.cut(text) for each in targets]


def _split(text: bytes) -> tuple[bytes, bytes]:
    """Leading spaces, and the rest."""
    found = _LEADING.match(text)
    end = found.end() if found else 0
    return text[:end], text[end:]
