"""Masked language modelling: predict hidden tokens from those around them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from panglot.objectives.batch import Batch, Tokens

Share = Annotated[float, Field(ge=0, le=1)]


class MaskedLM(BaseModel):
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
        >>> from panglot.objectives.batch import Tokens
        >>> tokens = Tokens(0, 1, 2, 3, None, frozenset({0, 1, 2, 3}), torch.arange(4, 99))
        >>> row = [1, *range(10, 30), 2]
        >>> batch = MaskedLM().collate([row], tokens, torch.Generator().manual_seed(17))
        >>> int((batch["labels"] >= 0).sum())
        3
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    loader: ClassVar[str] = "AutoModelForMaskedLM"
    objective: Literal["mlm"] = "mlm"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    masked: Share = 0.8
    random: Share = 0.1

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.masked + self.random > 1 + 1e-9:
            raise ValueError("masked and random are shares of the same tokens and may be 1 together at most")
        return self

    def collate(self, examples: Sequence[Sequence[int]], tokens: "Tokens", generator: "torch.Generator") -> "Batch":
        """Rows of ids, start and end included, to a batch in which some are hidden.

        Args:
            examples: ids of each row; a row of special tokens alone gets no label.
            tokens: facts of the tokenizer, with a mask.
            generator: source of the draws.
        """
        import torch

        from panglot.objectives.batch import padded

        rows, labels = [], []
        for each in examples:
            row, label = self._hidden(torch.as_tensor(each, dtype=torch.long), tokens, generator)
            rows.append(row.tolist())
            labels.append(label.tolist())
        return padded(rows, labels, tokens.padding)

    def loss(self, model: "nn.Module", batch: "Batch", *, total: int | None = None) -> "tuple[Tensor, dict[str, float]]":
        """Mean nats a hidden token; arguments and answer as those of `CausalLM.loss`."""
        from panglot.objectives.labelled import mean_loss

        return mean_loss(model, batch, total)

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
