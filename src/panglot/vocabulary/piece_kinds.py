"""What kinds of pieces a vocabulary has: unknown, byte, single character; and how it cuts a word that follows a space."""

import os
import re
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import regex
from numpy.typing import NDArray

from panglot.vocabulary.surface import surfaces
from panglot.vocabulary.vocabulary import Vocabulary

_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_SPACE = (b" ", "▁".encode())
_MOST_THREADS, _WORTH_A_THREAD = 8, 64
_INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp")


@dataclass
class PieceKinds:
    """Tables by id of one vocabulary, and the cuts of words and characters that were met before.

    Attributes:
        vocabulary: whose pieces.
        word_tokens: word to its number of tokens.
        representable: character to whether the tokenizer can represent it.
    """

    vocabulary: Vocabulary
    word_tokens: dict[str, int] = field(default_factory=dict)
    representable: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def unknown(self) -> frozenset[int]:
        """Ids of the unknown token; none for tokenizers that have none."""
        model = self.vocabulary.model
        if model.get("type") == "Unigram":
            return frozenset() if model.get("unk_id") is None else frozenset([int(model["unk_id"])])
        number = self.vocabulary.ids.get(model.get("unk_token") or "")
        return frozenset() if number is None else frozenset([number])

    @cached_property
    def unknown_table(self) -> NDArray[np.float64]:
        """1 for the unknown token, by id."""
        table = np.zeros(self.vocabulary.size)
        table[list(self.unknown)] = 1
        return table

    @cached_property
    def _texts(self) -> list[bytes | None]:
        return surfaces(self.vocabulary)

    @cached_property
    def fallback_bytes(self) -> NDArray[np.float64]:
        """Bytes of text that a piece stands for where it is no whole character: byte tokens, and parts of characters."""
        table = np.zeros(self.vocabulary.size)
        for number, (text, token) in enumerate(zip(self._texts, self.vocabulary.tokens, strict=True)):
            if text is None or token is None:
                continue
            if self.vocabulary.family != "byte_bpe":
                table[number] = 1 if _BYTE.fullmatch(token) else 0
            elif not text.isascii() and not _whole(text):
                table[number] = len(text)
        return table

    @cached_property
    def single(self) -> NDArray[np.float64]:
        """1 for a piece that stands for one character or less, a space in front not counted."""
        table = np.zeros(self.vocabulary.size)
        for number, text in enumerate(self._texts):
            if text is not None:
                inner = text[1:] if text[:1] == b" " else text
                table[number] = len(inner.decode(errors="replace")) <= 1 if _whole(inner) else len(inner) <= 4
        return table

    @cached_property
    def carrier(self) -> str:
        """What must stand before a word so that it is cut as after a space; nothing where the tokenizer adds the space."""
        plain, spaced = self.vocabulary.encode(["a", " a"])
        if plain == spaced or not plain:
            return ""
        first = self._texts[plain[0]]
        return "" if first is not None and first[:1] == b" " else " "

    def tokens_of_words(self, found: list[list[str]]) -> list[list[int]]:
        """Number of tokens of each word, cut as it stands after a space; each different word is encoded once.

        Args:
            found: words of each text.
        """
        new = list(dict.fromkeys(word for text in found for word in text if word not in self.word_tokens))
        if new:
            cut = encode(self.vocabulary, [self.carrier + word for word in new])
            self.word_tokens.update((word, len(ids)) for word, ids in zip(new, cut, strict=True))
        return [[self.word_tokens[word] for word in text] for text in found]

    def uncovered(self, characters: set[str]) -> set[str]:
        """Those characters that the tokenizer turns into the unknown token, or drops.

        Each is tried alone. White space and invisible control characters are not looked at. A normaliser that drops accents
        folds letters, as one that makes them small does, whether the accent is a character of its own or not: marks of no
        script of their own (U+0301, harakat) count as represented where they are dropped. Vowel signs of a script do not.
        """
        new = [each for each in sorted(characters) if each not in self.representable]
        for character, ids in zip(new, self.vocabulary.encode(new), strict=True):
            self.representable[character] = self._kept(character, ids)
        return {each for each in characters if not self.representable[each]}

    def _kept(self, character: str, ids: list[int]) -> bool:
        if unicodedata.category(character) in _INVISIBLE or character.isspace():
            return True
        if self.unknown.intersection(ids):
            # WordPiece knows some characters only inside words
            return self.vocabulary.family == "wordpiece" and f"##{character}" in self.vocabulary.ids
        if not ids and _FOLDED.match(character):
            return True
        return any((self._texts[each] or b"").strip() not in (b"", *_SPACE) for each in ids)


_FOLDED = regex.compile(r"[\p{Script=Inherited}--\p{Join_Control}]", regex.V1)


def encode(vocabulary: Vocabulary, texts: Sequence[str]) -> list[list[int]]:
    """Ids of each text, on as many threads as there are processors: the compiled tokenizer works without Python's lock."""
    threads = min(os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count() or 1, _MOST_THREADS)
    share = -(-len(texts) // threads)
    if share < _WORTH_A_THREAD:
        return vocabulary.encode(list(texts))
    parts = [list(texts[start : start + share]) for start in range(0, len(texts), share)]
    vocabulary.backend  # built once, before the threads meet it  # noqa: B018
    with ThreadPoolExecutor(threads) as pool:
        return [ids for part in pool.map(vocabulary.encode, parts) for ids in part]


def without_spaces(text: str) -> str:
    """A text with all white space taken out, in NFC: what is compared where spaces may differ."""
    return unicodedata.normalize("NFC", "".join(text.replace("▁", " ").split()))


def _whole(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
