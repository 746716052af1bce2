"""Causal language modelling: predict each token from those before it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from panglot.objectives.batch import Batch, Tokens


class CausalLM(BaseModel):
    """L = -(1/n) Σ_t ln p(x_t | x_1 … x_{t-1}), over the n tokens of a batch; padding is not counted (Radford et al. 2018).

    Example:
        >>> import torch
        >>> from panglot.objectives.batch import Tokens
        >>> tokens = Tokens(0, 1, 2, None, None, frozenset({0, 1, 2}), torch.arange(3, 9))
        >>> batch = CausalLM().collate([[1, 5, 6, 2], [1, 7, 2]], tokens, torch.Generator())
        >>> batch["labels"].tolist()
        [[5, 6, 2, -100], [7, 2, -100, -100]]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    loader: ClassVar[str] = "AutoModelForCausalLM"
    objective: Literal["clm"] = "clm"

    def collate(self, examples: Sequence[Sequence[int]], tokens: "Tokens", generator: "torch.Generator") -> "Batch":
        """Rows of ids, start and end included, to a batch whose labels are the next tokens.

        Args:
            examples: ids of each row.
            tokens: facts of the tokenizer.
            generator: not used: nothing is random here.
        """
        from panglot.objectives.batch import NO_LABEL, padded

        return padded(examples, [[*row[1:], NO_LABEL] for row in examples], tokens.padding)

    def loss(self, model: "nn.Module", batch: "Batch", *, total: int | None = None) -> "tuple[Tensor, dict[str, float]]":
        """Mean nats a predicted token.

        Args:
            model: a causal model of transformers.
            batch: from `collate`, on the model's device.
            total: predicted tokens to divide by; those of this batch where it is not given. Parts of a batch that are given
                its total add up to its loss and its gradient.

        Returns:
            The loss, a scalar, and figures: `nats` (their sum) and `labels`.
        """
        from panglot.objectives.labelled import mean_loss

        return mean_loss(model, batch, total)
