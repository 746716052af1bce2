"""XLM's denoising: restore a text whose words are shuffled, dropped and blanked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from panglot.artifacts import InputError
from panglot.objectives.contract import LanguageObjective
from panglot.objectives.example import Row
from panglot.objectives.masking import Share
from panglot.objectives.rows import LanguageTokens, language_tokens, marks_of, read_and_write, without_labels

if TYPE_CHECKING:
    import torch

    from panglot.objectives.example import Architecture, Example, Tokens


class Denoising(LanguageObjective):
    """L = -(1/n) Σ_t ln p(x_t | x_{<t}, g(x)), with the noise g of XLM and of Lample et al. (2018).

    In this order: words are sorted by their place plus a number from [0, shuffle), so that none moves `shuffle` places or more;
    each is dropped with probability `drop`, though one always stays; each token of a word is replaced by the mask with
    probability `blank`, the same for all tokens of the word. A word's tokens stay together. What a word is,
    [`word_numbers`][panglot.objectives.units.word_numbers] says, in any script; XLM's marks of BPE know spaced text only.

    Attributes:
        shuffle: how far words move; 0 for not at all.
        drop: probability of a word to be dropped.
        blank: probability of a word to be replaced by masks.
        language_tokens: where the token of the language stands; `auto` asks the tokenizer.
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("seq2seq",)
    objective: Literal["denoise"] = "denoise"
    shuffle: Annotated[float, Field(ge=0)] = 3.0
    drop: Share = 0.1
    blank: Share = 0.1
    language_tokens: LanguageTokens = "auto"

    @property
    def needs_words(self) -> bool:
        return True

    def check(self, tokens: "Tokens", name: str) -> None:
        """Refuse a tokenizer without a mask, where words are blanked."""
        super().check(tokens, name)
        if self.blank and tokens.mask is None:
            raise InputError(
                f"{name} cannot restore blanked words: its tokenizer has no mask token",
                where="objective",
                fix="set blank: 0, or add a mask token",
            )

    def room(self, limit: int, tokens: "Tokens") -> int:
        """What the marks leave."""
        return limit - marks_of(language_tokens(self.language_tokens, tokens), tokens)

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """The noised text, read; the text, written. An empty text gets no label."""
        import torch

        words = words_of(example)
        if words and self.shuffle:
            moved = torch.arange(len(words)) + self.shuffle * torch.rand(len(words), generator=generator)
            words = [words[at] for at in moved.sort(stable=True).indices.tolist()]
        if words and self.drop:
            kept = (torch.rand(len(words), generator=generator) >= self.drop).nonzero().flatten().tolist()
            spare = int(torch.randint(len(words), (1,), generator=generator))
            words = [words[at] for at in kept or [spare]]
        if words and self.blank:
            assert tokens.mask is not None
            blanked = (torch.rand(len(words), generator=generator) < self.blank).tolist()
            words = [[tokens.mask] * len(word) if gone else word for word, gone in zip(words, blanked, strict=True)]
        found = read_and_write(
            [token for word in words for token in word],
            example.ids,
            tokens,
            place=language_tokens(self.language_tokens, tokens),
            source_language=example.language,
            target_language=example.language,
        )
        return found if len(example.ids) else without_labels(found)


def words_of(example: "Example") -> list[Sequence[int]]:
    """The tokens of each word.

    Example:
        >>> from panglot.objectives.example import Example
        >>> words_of(Example([7, 8, 9], words=[0, 0, 1]))
        [[7, 8], [9]]
    """
    assert example.words is not None, "the examples must say which word each token belongs to"
    found: dict[int, list[int]] = {}
    for token, word in zip(example.ids, example.words, strict=True):
        found.setdefault(word, []).append(token)
    return list(found.values())
