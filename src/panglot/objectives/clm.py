"""Causal language modelling: predict each token from those before it."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from panglot.objectives.batch import NO_LABEL, Batch, Tokens, padded
from panglot.objectives.labelled import summed_nats


class CausalLM(BaseModel):
    """L = -(1/n) Σ_t ln p(x_t | x_1 … x_{t-1}), over the n tokens of a batch; padding is not counted (Radford et al. 2018).

    Example:
        >>> tokens = Tokens(0, 1, 2, None, None, frozenset({0, 1, 2}), torch.arange(3, 9))
        >>> batch = CausalLM().collate([[1, 5, 6, 2], [1, 7, 2]], tokens, torch.Generator())
        >>> batch["labels"].tolist()
        [[5, 6, 2, -100], [7, 2, -100, -100]]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    loader: ClassVar[str] = "AutoModelForCausalLM"
    objective: Literal["clm"] = "clm"

    def collate(self, examples: Sequence[Sequence[int]], tokens: Tokens, generator: torch.Generator) -> Batch:
        """Rows of ids, start and end included, to a batch whose labels are the next tokens.

        Args:
            examples: ids of each row.
            tokens: facts of the tokenizer.
            generator: not used: nothing is random here.
        """
        return padded(examples, [[*row[1:], NO_LABEL] for row in examples], tokens.padding)

    def loss(self, model: nn.Module, batch: Batch, *, total: int | None = None) -> tuple[Tensor, dict[str, float]]:
        """Mean nats a predicted token.

        Args:
            model: a causal model of transformers.
            batch: from `collate`, on the model's device.
            total: predicted tokens to divide by; those of this batch where it is not given. Parts of a batch that are given
                its total add up to its loss and its gradient.

        Returns:
            The loss, a scalar, and figures: `nats` (their sum) and `labels`.
        """
        return mean_loss(model, batch, total)


def mean_loss(model: nn.Module, batch: Batch, total: int | None) -> tuple[Tensor, dict[str, float]]:
    """Sum of nats over the labels, divided by `total`, and the figures of an objective."""
    labels = int((batch["labels"] != NO_LABEL).sum())
    nats = summed_nats(model, batch)
    figures: dict[str, Any] = {"nats": float(nats.detach()), "labels": labels}
    return nats / (total or labels), figures
