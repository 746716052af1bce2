"""Masked language modelling: predict hidden tokens from those around them."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from panglot.artifacts import InputError
from panglot.objectives.contract import LanguageObjective
from panglot.objectives.example import Row

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from panglot.objectives.example import Architecture, Example, Tokens

Share = Annotated[float, Field(ge=0, le=1)]


class MaskedLM(LanguageObjective):
    """L = -(1/n) Σ_{t in M} ln p(x_t | x with M hidden), over the n chosen positions (Devlin et al. 2019).

    In each row max(1, round(share · length)) tokens are chosen, evenly at random, special tokens never. Of these 80 % are
    replaced by the mask, 10 % by a random token, and 10 % stay. The random token is drawn from all tokens that are text (BERT's
    own code draws from special tokens too). Equal generators give equal batches.

    Attributes:
        share: of the tokens of a row that are predicted.
        masked: share of these that are replaced by the mask.
        random: share of these that are replaced by a random token.

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
    share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    masked: Share = 0.8
    random: Share = 0.1

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.masked + self.random > 1 + 1e-9:
            raise ValueError("masked and random are shares of the same tokens and may be 1 together at most")
        return self

    def check(self, tokens: "Tokens", name: str) -> None:
        """Refuse a tokenizer without a mask."""
        super().check(tokens, name)
        if tokens.mask is None:
            raise InputError(f"{name} cannot learn from hidden tokens: its tokenizer has no mask token", where="objective")

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """The text between start and end with some tokens hidden; an empty text gets no label."""
        import torch

        ids = torch.as_tensor(tokens.framed(example.ids), dtype=torch.long)
        row, label = self._hidden(ids, tokens, generator)
        return Row(row.tolist(), label.tolist())

    def _hidden(self, row: "Tensor", tokens: "Tokens", generator: "torch.Generator") -> "tuple[Tensor, Tensor]":
        import torch

        from panglot.objectives.batch import NO_LABEL

        label = torch.full_like(row, NO_LABEL)
        text = torch.tensor([at for at, each in enumerate(row.tolist()) if each not in tokens.special], dtype=torch.long)
        if not len(text):
            return row, label
        count = max(1, round(self.share * len(text)))
        chosen = text[torch.randperm(len(text), generator=generator)[:count]].sort().values
        label[chosen] = row[chosen]
        lot = torch.rand(count, generator=generator)
        drawn = tokens.drawable[torch.randint(len(tokens.drawable), (count,), generator=generator)]
        assert tokens.mask is not None
        replaced = torch.where(lot < self.masked + self.random, drawn, row[chosen])
        replaced[lot < self.masked] = tokens.mask
        row = row.clone()
        row[chosen] = replaced
        return row, label
