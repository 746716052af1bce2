"""What text a piece stands for: one canonical form for all families, as bytes.

The form is that of FOCUS (Dobler and de Melo, 2023, https://aclanthology.org/2023.emnlp-main.829): the raw text, with the
mark of a space (`▁`, `Ġ`, no `##`) as a leading space and byte-level letters as the bytes that they stand for. It is bytes and
not text, because a piece of a byte-level vocabulary may end inside a character.
"""

import re
from functools import cache
from typing import Any

from panglot.artifacts import InputError
from panglot.vocabulary.vocabulary import Vocabulary

SPACE_MARK = "▁"
_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@cache
def byte_letters() -> dict[int, str]:
    """The letter of byte-level BPE for each byte (Radford et al., 2019): a printable byte is itself, the rest follow at U+0100.

    Example:
        >>> byte_letters()[0x20], byte_letters()[0x41], byte_letters()[0xAD]
        ('Ġ', 'A', 'Ń')
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    found = {each: chr(each) for each in printable}
    others = (each for each in range(0x100) if each not in found)
    found.update({each: chr(0x100 + index) for index, each in enumerate(others)})
    return dict(sorted(found.items()))


@cache
def _to_latin() -> dict[int, int]:
    return {ord(letter): byte for byte, letter in byte_letters().items()} | dict.fromkeys(_not_letters(), 0x3000)


def _not_letters() -> list[int]:
    """Bytes whose own character is no byte-level letter; they must not pass for one."""
    letters = set(byte_letters().values())
    return [each for each in range(0x100) if chr(each) not in letters]


def byte_piece(byte: int) -> str:
    """The piece that byte fallback uses for a byte.

    Example:
        >>> byte_piece(0xE1)
        '<0xE1>'
    """
    return f"<0x{byte:02X}>"


def has_byte_fallback(vocabulary: Vocabulary) -> bool:
    """Whether text without pieces falls back to the pieces `<0x00>` to `<0xFF>`."""
    return bool(vocabulary.model.get("byte_fallback"))


def surfaces(vocabulary: Vocabulary) -> list[bytes | None]:
    """The text that each piece stands for, by id.

    Args:
        vocabulary: of any family.

    Returns:
        `[size]`, UTF-8 that may begin or end inside a character. A piece that begins a word begins with a space. A word ending
        (`</w>`) is a space at the end. None for special tokens, for the unknown token and for ids without a token. An added
        token that is not special stands for its content.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> surfaces(byt5_vocabulary())[:4], surface(byt5_vocabulary(), 0xE1 + 3)
        ([None, None, None, b'\\x00'], b'\\xe1')
    """
    model, family = vocabulary.model, vocabulary.family
    silent = vocabulary.special | ({unknown} if (unknown := unknown_id(vocabulary)) is not None else frozenset())
    spell = _speller(family, model)
    return [
        None if token is None or number in silent else token.encode() if number in vocabulary.added else spell(token)
        for number, token in enumerate(vocabulary.tokens)
    ]


def surface(vocabulary: Vocabulary, number: int) -> bytes | None:
    """The text that one piece stands for; see `surfaces`."""
    token = vocabulary.tokens[number]
    if token is None or number in vocabulary.special or number == unknown_id(vocabulary):
        return None
    if number in vocabulary.added:
        return token.encode()
    found: bytes = _speller(vocabulary.family, vocabulary.model)(token)
    return found


def _speller(family: str, model: dict[str, Any]) -> Any:
    end, inner = model.get("end_of_word_suffix") or "", model.get("continuing_subword_prefix") or ""
    if family == "wordpiece":
        return lambda token: token[len(inner) :].encode() if inner and token.startswith(inner) else b" " + token.encode()
    if family == "byte_bpe":
        table = _to_latin()

        def spell_bytes(token: str) -> bytes:
            ended = bool(end) and token.endswith(end)
            word = token[: -len(end)] if ended else token
            try:
                found = word.translate(table).encode("latin-1")
            except UnicodeEncodeError:
                return token.encode()
            return found + b" " if ended else found

        return spell_bytes
    bytes_too = bool(model.get("byte_fallback"))

    def spell(token: str) -> bytes:
        if bytes_too and (match := _BYTE_PIECE.fullmatch(token)):
            return bytes([int(match[1], 16)])
        if inner:
            token = token[len(inner) :] if token.startswith(inner) else " " + token
        if end and token.endswith(end):
            token = token[: -len(end)] + " "
        return token.replace(SPACE_MARK, " ").encode()

    return spell


def unknown_id(vocabulary: Vocabulary) -> int | None:
    """Id of the token that stands for what cannot be written; None where there is none."""
    model = vocabulary.model
    if vocabulary.family == "unigram":
        found = model.get("unk_id")
        return found if isinstance(found, int) else None
    token = model.get("unk_token")
    return vocabulary.ids.get(token) if isinstance(token, str) else None


def piece_for(vocabulary: Vocabulary, text: bytes) -> str:
    """The piece that a vocabulary would have for a text: the inverse of `surface`.

    Args:
        vocabulary: whose spelling is wanted; it need not have the piece.
        text: canonical form, not empty.

    Raises:
        InputError: this family cannot have such a piece (bytes that are no UTF-8, where pieces are text).

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> piece_for(byt5_vocabulary(), " dźeń".encode())
        'ĠdÅºeÅĦ'
    """
    model, family = vocabulary.model, vocabulary.family
    end, inner = model.get("end_of_word_suffix") or "", model.get("continuing_subword_prefix") or ""
    ended = bool(end) and text.endswith(b" ") and len(text) > 1
    if ended:
        text = text[:-1]
    if family == "byte_bpe":
        letters = byte_letters()
        return "".join(letters[each] for each in text) + (end if ended else "")
    try:
        word = text.decode()
    except UnicodeDecodeError:
        if has_byte_fallback(vocabulary) and len(text) == 1:
            return byte_piece(text[0])
        raise InputError(
            f"no piece of this tokenizer can stand for the bytes {text!r}", where=vocabulary.place or None
        ) from None
    if inner:
        return (word[1:] if word.startswith(" ") else inner + word) + (end if ended else "")
    return word.replace(" ", SPACE_MARK) + (end if ended else "")
