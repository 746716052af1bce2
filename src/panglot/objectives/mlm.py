"""Masked language modelling: predict hidden tokens from those around them."""

from typing import TYPE_CHECKING, ClassVar, Literal

from panglot.objectives.example import Row
from panglot.objectives.masking import Masking, framed_words, row_languages

if TYPE_CHECKING:
    import torch

    from panglot.objectives.example import Architecture, Example, Tokens


class MaskedLM(Masking):
    """L = -(1/n) Σ_{t in M} ln p(x_t | x with M hidden), over the n chosen positions (Devlin et al. 2019).

    In each row max(1, round(share · length)) tokens are chosen, evenly at random, special tokens never. Of these 80 % are
    replaced by the mask, 10 % by a random token, and 10 % stay. The random token is drawn from all tokens that are text (BERT's
    own code draws from special tokens too). Equal generators give equal batches.

    With `whole_words` the words of a row are drawn in random order until the number is reached, and all tokens of a word are
    predicted together (whole-word masking, Cui et al. 2019; a word that would exceed the number is passed over). What a word
    is, [`word_numbers`][panglot.objectives.units.word_numbers] says, for scripts with spaces and without; each token of a word
    is masked, replaced or left for itself.

    Attributes:
        share: of the tokens of a row that are predicted.
        masked: share of these that are replaced by the mask.
        random: share of these that are replaced by a random token.
        whole_words: whether the tokens of a word are predicted together.

    Example:
        >>> import torch
        >>> from panglot.objectives.example import Example, Tokens
        >>> tokens = Tokens(0, 1, 2, 3, None, frozenset({0, 1, 2, 3}), torch.arange(4, 99))
        >>> batch = MaskedLM().collate([Example(range(10, 30))], tokens, torch.Generator().manual_seed(17))
        >>> int((batch["labels"] >= 0).sum())
        3
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("encoder",)
    objective: Literal["mlm"] = "mlm"
    whole_words: bool = False

    @property
    def needs_words(self) -> bool:
        return self.whole_words

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """The text between start and end with some tokens hidden; an empty text gets no label."""
        ids = tokens.framed(example.ids)
        words = None
        if self.whole_words:
            assert example.words is not None, "examples for whole words must say which word each token belongs to"
            words = framed_words(example.words, ids, tokens)
        row, label = self.hide(ids, self.chosen(ids, tokens, generator, words), tokens, generator)
        return Row(row, label, languages=row_languages(example.language, len(row), tokens))
