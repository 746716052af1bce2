"""A tokenizer as a value: what `tokenizer.json` and the files beside it say, and how it is written again."""

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from panglot.artifacts import InputError
from panglot.vocabulary.class_defaults import with_class_defaults
from panglot.vocabulary.companions import loaded_as_written

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

TOKENIZER_FILE = "tokenizer.json"
COMPANIONS = ("tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "chat_template.json")

Family = Literal["unigram", "bpe", "byte_bpe", "wordpiece"]
"""Unigram (XLM-R, mT5, NLLB); BPE over characters, mostly with bytes to fall back on (Llama 2, Gemma); BPE over bytes
(GPT-2, Llama 3, Qwen; without merges it is a byte model); WordPiece (BERT)."""


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer: pieces and rules.

    Operations on it are functions that return a new one; nothing here is changed in place.

    Attributes:
        document: what `tokenizer.json` says.
        companions: other tokenizer files by name, byte for byte (`tokenizer_config.json`, chat templates, …).
        place: where it was read, for error messages.
        loader: what `config.json` beside it says of the class that loads it: a class, or the model's type.
    """

    document: dict[str, Any]
    companions: dict[str, bytes] = field(default_factory=dict)
    place: str = ""
    loader: str = field(default="", compare=False)

    @cached_property
    def family(self) -> Family:
        """Which algorithm cuts text into pieces.

        Raises:
            InputError: an algorithm that is not known here (`WordLevel`, or something new).
        """
        kind = self.model.get("type")
        if kind == "BPE":
            return "byte_bpe" if _has_byte_level(self.document) else "bpe"
        if kind == "Unigram":
            return "unigram"
        if kind == "WordPiece":
            return "wordpiece"
        raise InputError(
            f"a tokenizer of the type {kind!r} cannot be worked on",
            where=self.place or None,
            fix="Unigram, BPE, byte-level BPE and WordPiece can",
        )

    @property
    def model(self) -> dict[str, Any]:
        """The part `model` of the document."""
        return dict(self.document["model"]) if not isinstance(self.document["model"], dict) else self.document["model"]

    @cached_property
    def ids(self) -> dict[str, int]:
        """Every token, pieces and added ones, to its id."""
        vocabulary = self.model["vocab"]
        found = {each[0]: index for index, each in enumerate(vocabulary)} if isinstance(vocabulary, list) else dict(vocabulary)
        for each in self.document.get("added_tokens") or []:
            found[each["content"]] = each["id"]
        return found

    @cached_property
    def tokens(self) -> list[str | None]:
        """Token by id; None where no token has the id."""
        found: list[str | None] = [None] * self.size
        for token, number in self.ids.items():
            found[number] = token
        return found

    @cached_property
    def size(self) -> int:
        """Highest id plus one: the rows that a matrix must have at least."""
        return max(self.ids.values(), default=-1) + 1

    @cached_property
    def added(self) -> dict[int, dict[str, Any]]:
        """Added tokens (special tokens, chat marks, sentinels) by id: they are matched before the pieces."""
        return {each["id"]: each for each in self.document.get("added_tokens") or []}

    @cached_property
    def special(self) -> frozenset[int]:
        """Ids of the added tokens that are marked special."""
        return frozenset(number for number, each in self.added.items() if each.get("special"))

    @cached_property
    def backend(self) -> "Backend":
        """The tokenizer of the library `tokenizers`, without padding and truncation. Do not change it."""
        from tokenizers import Tokenizer as Backend

        try:
            backend = Backend.from_str(json.dumps(self.document, ensure_ascii=False))
        except Exception as error:
            raise InputError(f"the tokenizer cannot be loaded ({error})", where=self.place or None) from None
        if getattr(backend.model, "dropout", None):
            # a piece that is left out at random would make every figure differ from run to run
            backend.model.dropout = None
        backend.no_padding()
        backend.no_truncation()
        return backend

    def encode(self, texts: list[str], *, specials: bool = False) -> list[list[int]]:
        """Ids of each text, without the special tokens of the template unless asked for.

        Raises:
            InputError: a text has a character without a piece, and there is no token for the unknown.
        """
        backend = self.backend
        try:
            found = backend.encode_batch_fast(texts, add_special_tokens=specials)
        except Exception as error:
            raise cannot_write(error, self.place) from None
        return [each.ids for each in found]

    def decode(self, ids: list[int]) -> str:
        """The text of ids, special tokens left out."""
        return str(self.backend.decode(ids, skip_special_tokens=True))

    def with_document(self, **parts: Any) -> "Vocabulary":
        """A copy with some parts of the document replaced; it names a class that loads the document as it stands."""
        companions = loaded_as_written(with_class_defaults(self.companions, self.loader, self.ids))
        return replace(self, document={**self.document, **parts}, companions=companions)

    def with_added(self, listed: list[dict[str, Any]]) -> "Vocabulary":
        """A copy with other added tokens and the same companions."""
        return replace(self, document={**self.document, "added_tokens": listed})

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files into a folder; equal vocabularies write equal bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        # without indentation the quick encoder runs, and the file is a third smaller
        text = json.dumps(self.document, ensure_ascii=False)
        (folder / TOKENIZER_FILE).write_text(text + "\n", encoding="utf-8")
        for name, data in self.companions.items():
            (folder / name).write_bytes(data)


def cannot_write(error: Exception, place: str) -> InputError:
    """The error of the library `tokenizers` for a character that it has no token for."""
    return InputError(
        f"the tokenizer cannot write this text, and has no token for what is unknown ({error})",
        where=place or None,
        fix="give the tokenizer an unknown token, or text in letters that it has",
    )


def _has_byte_level(document: dict[str, Any]) -> bool:
    return any(_mentions(document.get(part), "ByteLevel") for part in ("pre_tokenizer", "decoder"))


def _mentions(part: Any, kind: str) -> bool:
    if isinstance(part, dict):
        return part.get("type") == kind or any(_mentions(each, kind) for each in part.values())
    return isinstance(part, list) and any(_mentions(each, kind) for each in part)
