"""From learnt pieces to a tokenizer: `tokenizer.json` and the file beside it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from panglot.vocabulary.companions import CONFIG_FILE
from panglot.vocabulary.cutting_rules import LONGEST_HASHED, MARK, Cutting
from panglot.vocabulary.special_tokens import SpecialTokens, added_tokens, config, post_processor
from panglot.vocabulary.surface import byte_letters, byte_piece
from panglot.vocabulary.vocabulary import Vocabulary

BYTE_PIECES = tuple(byte_piece(each) for each in range(256))
# what `<0x41>` is written with: with these among the pieces, text that looks like a byte piece is never taken for one
SPELLING = "<>0123456789ABCDEFx"
_UNLIKELY = -10_000.0


def unigram(pieces: Mapping[str, float], cutting: Cutting, tokens: SpecialTokens, longest: int | None = None) -> Vocabulary:
    """A Unigram tokenizer, pieces by probability."""
    fallback = BYTE_PIECES if cutting.byte_fallback else ()
    listed: list[list[Any]] = [[each, 0.0] for each in tokens.first]
    listed += [[each, _UNLIKELY] for each in fallback]
    listed += [[piece, round(pieces[piece], 8)] for piece in sorted(pieces, key=lambda each: (-pieces[each], each))]
    listed += [[each, 0.0] for each in tokens.last]
    unknown = tokens.first.index(tokens.roles["unk"])
    model = {"type": "Unigram", "unk_id": unknown, "vocab": listed, "byte_fallback": cutting.byte_fallback}
    return _vocabulary(model, [each for each, _ in listed], cutting, tokens, longest)


def byte_pairs(
    symbols: Iterable[str],
    merges: Sequence[tuple[str, str]],
    cutting: Cutting,
    tokens: SpecialTokens,
    longest: int | None = None,
) -> Vocabulary:
    """A BPE tokenizer: special tokens, bytes, characters, and the pieces in the order of their merges.

    Without merges over bytes it is a byte model: byte b has the id of the first byte plus b.
    """
    fallback = BYTE_PIECES if cutting.byte_fallback else ()
    made = (left + right for left, right in merges)
    listed = list(dict.fromkeys([*tokens.first, *fallback, *symbols, *made, *tokens.last]))
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": tokens.roles["unk"] if cutting.form == "marked" else None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": cutting.byte_fallback,
        "ignore_merges": False,
        "vocab": {each: number for number, each in enumerate(listed)},
        "merges": [list(each) for each in merges],
    }
    return _vocabulary(model, listed, cutting, tokens, longest)


def wordpiece(pieces: Iterable[str], cutting: Cutting, tokens: SpecialTokens, longest: int | None = None) -> Vocabulary:
    """A WordPiece tokenizer; the longest piece that fits is taken, from left to right."""
    listed = list(dict.fromkeys([*tokens.first, *pieces, *tokens.last]))
    model = {
        "type": "WordPiece",
        "unk_token": tokens.roles["unk"],
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": LONGEST_HASHED,
        "vocab": {each: number for number, each in enumerate(listed)},
    }
    return _vocabulary(model, listed, cutting, tokens, longest)


def bytes_alone(cutting: Cutting, tokens: SpecialTokens, longest: int | None = None) -> Vocabulary:
    """A byte model: special tokens and 256 bytes, always with the same ids.

    Example:
        >>> from panglot.vocabulary.special_tokens import SPECIAL_TOKENS
        >>> bytes_alone(Cutting(form="bytes"), SPECIAL_TOKENS["t5"]).encode(["ߞ"])
        [[226, 161]]
    """
    return byte_pairs(byte_letters().values(), [], cutting, tokens, longest)


def skeleton(cutting: Cutting, tokens: SpecialTokens) -> Vocabulary:
    """A tokenizer that has the rules and no pieces yet: it cuts text into the words that are learnt from."""
    if cutting.form == "bytes":
        return bytes_alone(cutting, tokens)
    return unigram({MARK: 0.0}, cutting, tokens) if cutting.form == "marked" else wordpiece([], cutting, tokens)


def _vocabulary(
    model: dict[str, Any], listed: Sequence[str], cutting: Cutting, tokens: SpecialTokens, longest: int | None
) -> Vocabulary:
    ids = {each: number for number, each in enumerate(listed)}
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens(tokens, ids),
        "normalizer": cutting.normalizer(),
        "pre_tokenizer": cutting.pre_tokenizer(),
        "post_processor": post_processor(tokens, ids),
        "decoder": cutting.decoder(),
        "model": model,
    }
    said = json.dumps(config(tokens, longest), ensure_ascii=False, indent=2) + "\n"
    return Vocabulary(document, {CONFIG_FILE: said.encode()})
