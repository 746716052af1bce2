"""Translation language modelling: hidden tokens of a sentence and of its translation, each seen by the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from panglot.objectives.example import Row
from panglot.objectives.masking import Masking, framed_words, row_languages

if TYPE_CHECKING:
    import torch

    from panglot.objectives.example import Architecture, Example, Tokens


class TranslationMaskedLM(Masking):
    """L = -(1/n) Σ_{t in M} ln p(x_t | s₁ and s₂ with M hidden), for a sentence s₁ and its translation s₂ in one row
    (Conneau and Lample 2019).

    With `reset_positions` (the paper's, and the default) each sentence is framed as it would be alone, and its positions count
    from the beginning: `[end] s₁ [end] [end] s₂ [end]` in XLM, which has one mark for start and end, and
    `<s> s₁ </s> <s> s₂ </s>` in XLM-R; positions 0 … |s₁| + 1, 0 … |s₂| + 1. Without it the row is `[start] s₁ [end] s₂ [end]`,
    positions count on, and there are three marks. Models whose positions count from the padding's id + 1 (RoBERTa's family) get
    that number added when the row goes into the model. Positions that are relative (RoPE: ModernBERT) are counted in the same
    way; a model without positions of its own choosing has no use for them.

    Tokens are chosen from both sentences together, so the share is that of the pair. Models with embeddings of languages get
    the language of each token. Which of the two languages comes first is up to the pairs.

    Attributes:
        share: of the tokens of a row that are predicted.
        masked: share of these that are replaced by the mask.
        random: share of these that are replaced by a random token.
        reset_positions: whether positions count each sentence from the beginning.
        whole_words: whether the tokens of a word are predicted together.

    Example:
        >>> import torch
        >>> from panglot.objectives.example import Example, Tokens
        >>> tokens = Tokens(0, 1, 2, 3, None, frozenset({0, 1, 2, 3}), torch.arange(4, 99))
        >>> pair = Example([10, 11], language="hsb_Latn", other=Example([20, 21, 22], language="deu_Latn"))
        >>> row = TranslationMaskedLM().row(pair, tokens, torch.Generator().manual_seed(17))
        >>> list(row.positions), len([each for each in row.labels if each >= 0])
        ([0, 1, 2, 3, 0, 1, 2, 3, 4], 1)
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("encoder",)
    reads: ClassVar[Literal["text", "pairs"]] = "pairs"
    objective: Literal["tlm"] = "tlm"
    reset_positions: bool = True
    whole_words: bool = False

    @property
    def needs_words(self) -> bool:
        return self.whole_words

    def room(self, limit: int, tokens: "Tokens") -> int:
        """Half of what the marks leave, for each sentence."""
        return (limit - len(self._joined([], [], tokens))) // 2

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """Both sentences with some tokens hidden."""
        other = self.pair(example)
        ids = self._joined(example.ids, other.ids, tokens)
        border = len(tokens.framed(example.ids))
        words = None
        if self.whole_words:
            assert example.words is not None, "examples for whole words must say which word each token belongs to"
            assert other.words is not None, "examples for whole words must say which word each token belongs to"
            after = 1 + max(example.words, default=-1)
            first = framed_words(example.words, ids[:border], tokens)
            before = len(ids) - border - len(other.ids) - (tokens.end is not None)
            second = [-1] * before + [each + after for each in other.words]
            words = first + second + [-1] * (len(ids) - border - len(second))
        row, label = self.hide(ids, self.chosen(ids, tokens, generator, words), tokens, generator)
        positions = [*range(border), *range(len(ids) - border)] if self.reset_positions else None
        languages = row_languages(example.language, border, tokens)
        if languages is not None:
            languages += row_languages(other.language, len(ids) - border, tokens) or []
        return Row(row, label, positions=positions, languages=languages)

    def _joined(self, first: Sequence[int], second: Sequence[int], tokens: "Tokens") -> list[int]:
        if self.reset_positions:
            return tokens.framed(first) + tokens.framed(second)
        return [*tokens.framed(first), *second, *([] if tokens.end is None else [tokens.end])]
