"""Causal language modelling: predict each token from those before it."""

from typing import TYPE_CHECKING, ClassVar, Literal

from panglot.objectives.contract import LanguageObjective
from panglot.objectives.example import Row

if TYPE_CHECKING:
    import torch

    from panglot.objectives.example import Architecture, Example, Tokens


class CausalLM(LanguageObjective):
    """L = -(1/n) Σ_t ln p(x_t | x_1 … x_{t-1}), over the n tokens of a batch; padding is not counted (Radford et al. 2018).

    Example:
        >>> import torch
        >>> from panglot.objectives.example import Example, Tokens
        >>> tokens = Tokens(0, 1, 2, None, None, frozenset({0, 1, 2}), torch.arange(3, 9), architecture="decoder")
        >>> batch = CausalLM().collate([Example([5, 6]), Example([7])], tokens, torch.Generator())
        >>> batch["labels"].tolist()
        [[5, 6, 2, -100], [7, 2, -100, -100]]
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("decoder",)
    objective: Literal["clm"] = "clm"

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """The text between start and end, and for each token the next one. Text that goes on elsewhere has no end."""
        from panglot.objectives.batch import NO_LABEL

        ids = tokens.framed(example.ids, end=example.last)
        return Row(ids, [*ids[1:], NO_LABEL])
