"""Rows of a text that is read and a text that is written, for encoder-decoders and for decoders."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from panglot.artifacts import InputError
from panglot.objectives.example import Row

if TYPE_CHECKING:
    from panglot.objectives.example import Tokens

LanguageTokens = Literal["auto", "end", "start", "none"]
"""Where a language's token stands: behind the text (mBART), before it (mBART-50, M2M-100, NLLB), or nowhere."""


def language_tokens(said: LanguageTokens, tokens: "Tokens") -> LanguageTokens:
    """Where a model has the token of a language; `auto` sees it from the tokenizer and the configuration.

    A tokenizer without such tokens has them nowhere. Where the decoder starts with the end mark, as in mBART-50 and after it,
    the language's token stands before the text. Otherwise it stands behind it.
    """
    if said != "auto":
        return said
    if not tokens.languages:
        return "none"
    return "start" if tokens.decoder_start is not None and tokens.decoder_start == tokens.end else "end"


def language_token(language: str, tokens: "Tokens") -> int:
    """The id of a language's token.

    Raises:
        InputError: the tokenizer has none.
    """
    found = tokens.languages.get(language)
    if found is None:
        known = ", ".join(sorted(tokens.languages)[:20]) or "no language"
        raise InputError(
            f"the tokenizer has no token for {language}",
            where="language",
            fix=f"it knows {known}: give the texts one of these tags, add a token (vocabulary.add_special_tokens), "
            "or set language_tokens: none",
        )
    return found


def marks_of(place: LanguageTokens, tokens: "Tokens") -> int:
    """How many tokens are added to a text that is read or written, whichever are more."""
    if place == "none":
        return max(len(tokens.framed([])), 1)
    return 2


def read_and_write(
    source: Sequence[int],
    target: Sequence[int],
    tokens: "Tokens",
    *,
    place: LanguageTokens,
    source_language: str,
    target_language: str,
) -> Row:
    """A row of an encoder-decoder that reads one text and writes another.

    | where the language stands | encoder reads | decoder reads | decoder writes |
    | --- | --- | --- | --- |
    | `end` (mBART) | `source </s> [L₁]` | `[L₂] target </s>` | `target </s> [L₂]` |
    | `start` (mBART-50) | `[L₁] source </s>` | `</s> [L₂] target` | `[L₂] target </s>` |
    | `none` | source in the tokenizer's frame | `decoder start`, then what it writes | target in the tokenizer's frame |

    Args:
        source: tokens that are read, without marks.
        target: tokens that are written, without marks.
        tokens: facts of the tokenizer.
        place: where the token of the language stands; not `auto`.
        source_language: of the source.
        target_language: of the target.
    """
    end = [] if tokens.end is None else [tokens.end]
    start = tokens.padding if tokens.decoder_start is None else tokens.decoder_start
    if place == "end":
        reads, writes = language_token(source_language, tokens), language_token(target_language, tokens)
        return Row([*source, *end, reads], [*target, *end, writes], decoder_ids=[writes, *target, *end])
    if place == "start":
        reads, writes = language_token(source_language, tokens), language_token(target_language, tokens)
        labels = [writes, *target, *end]
        return Row([reads, *source, *end], labels, decoder_ids=[start, *labels[:-1]])
    labels = tokens.framed(target)
    return Row(tokens.framed(source), labels, decoder_ids=[start, *labels[:-1]])


def context_and_target(context: Sequence[int], target: Sequence[int]) -> Row:
    """A row of a decoder: a context that is only read, and a target that it predicts behind it.

    Example:
        >>> context_and_target([1, 5, 6], [7, 2]).labels
        [-100, -100, 7, 2, -100]
    """
    from panglot.objectives.batch import NO_LABEL

    labels = [*[NO_LABEL] * len(context), *target, NO_LABEL][1:]
    return Row([*context, *target], labels if context or target else [])


def without_labels(row: Row) -> Row:
    """The row with nothing to predict: what an empty text gives."""
    from panglot.objectives.batch import NO_LABEL

    return Row(row.ids, [NO_LABEL] * len(row.labels), row.positions, row.languages, row.decoder_ids, row.other)
