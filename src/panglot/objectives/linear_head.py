"""Cross-entropy of a linear head without its logits: a piece of them at a time, and the gradient at once.

For hidden states H `[n, D]`, a matrix W `[V, D]`, a bias b and labels y the loss is Σ_i (ln Σ_v exp z_iv − z_iy), z = H Wᵀ + b.
Its gradients are G W, Gᵀ H and the column sums of G with G = softmax(z) − onehot(y). Both need z only a few rows at a time, so
that memory holds a few rows of z whatever n is (the idea of Wijmans et al. 2025, Cut Your Losses in Large-Vocabulary Language
Models; no gradient is left out here because it is small).
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# a product of so many rows is still in the processor's cache when it is added up
_ROWS_OF_A_SUM = 8192


def linear_nats(hidden: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor, *, rows: int) -> Tensor:
    """Sum of -ln p(label), a scalar that can be differentiated.

    Products are made in the type that autocast asks for, else in that of the hidden states; logarithms and sums in float32.

    Args:
        hidden: `[n, D]`.
        weight: `[V, D]`.
        bias: `[V]`, or None.
        labels: int64 `[n]`.
        rows: rows of logits that are held at a time; twice as many in 16 bits.

    Example:
        >>> hidden, weight = torch.randn(5, 3), torch.randn(7, 3)
        >>> labels = torch.tensor([0, 6, 1, 1, 2])
        >>> found = linear_nats(hidden, weight, None, labels, rows=2)
        >>> expected = torch.nn.functional.cross_entropy(hidden @ weight.T, labels, reduction="sum")
        >>> bool(torch.isclose(found, expected, atol=1e-5))
        True
    """
    if not torch.is_grad_enabled():
        return label_nats_of(hidden, weight, bias, labels, rows=rows).sum()
    total: Tensor = _LinearNats.apply(hidden, weight, bias, labels, rows, _computed_in(hidden))  # type: ignore[no-untyped-call]
    return total


@torch.no_grad()
def label_nats_of(hidden: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor, *, rows: int) -> Tensor:
    """-ln p(label) of each row: float32 `[n]`."""
    dtype = _computed_in(hidden)
    found = torch.empty(len(labels), dtype=torch.float32, device=hidden.device)
    with torch.autocast(hidden.device.type, enabled=False):
        matrix, shift = weight.to(dtype), None if bias is None else bias.to(dtype)
        for start in range(0, len(labels), rows):
            piece = slice(start, start + rows)
            logs = _log_probabilities(hidden[piece].to(dtype), matrix, shift)
            found[piece] = -logs.gather(1, labels[piece, None])[:, 0]
    return found


def _computed_in(hidden: Tensor) -> torch.dtype:
    kind = hidden.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype


def _log_probabilities(hidden: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    # converted beforehand: on a processor the conversion within log_softmax is several times slower
    return torch.log_softmax(torch.nn.functional.linear(hidden, weight, bias).float(), dim=1)


class _LinearNats(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor, rows: int, dtype: torch.dtype
    ) -> Tensor:
        by_hidden, by_weight, by_bias = ctx.needs_input_grad[:3]
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        of_hidden = torch.empty_like(hidden) if by_hidden else None
        of_weight = torch.zeros_like(weight) if by_weight else None
        of_bias = torch.zeros_like(bias, dtype=torch.float32) if by_bias and bias is not None else None
        # the gradient of the matrix is added up once a piece: larger ones where products are quick and memory allows it
        rows *= 2 if dtype.itemsize == 2 else 1
        with torch.autocast(hidden.device.type, enabled=False):
            matrix, shift = weight.to(dtype), None if bias is None else bias.to(dtype)
            for start in range(0, len(labels), rows):
                piece = slice(start, start + rows)
                states = hidden[piece].to(dtype)
                gradient, nats = _probabilities(torch.nn.functional.linear(states, matrix, shift), labels[piece])
                total += nats
                gradient.scatter_add_(1, labels[piece, None], gradient.new_full((len(gradient), 1), -1.0))
                if of_bias is not None:
                    of_bias += gradient.sum(dim=0)
                gradient = gradient.to(dtype)
                if of_hidden is not None:
                    of_hidden[piece] = gradient @ matrix
                if of_weight is not None:
                    _add_product(of_weight, gradient.T, states)
        ctx.found = (of_hidden, of_weight, None if of_bias is None or bias is None else of_bias.to(bias.dtype))
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor) -> tuple[Any, ...]:
        found, ctx.found = ctx.found, None
        return (*(None if each is None else each.mul_(scale.to(each.dtype)) for each in found), None, None, None)


def _probabilities(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities in float32, written over the logits where these are float32, and the sum of -ln p(label)."""
    found = logits.float()
    found -= found.amax(dim=1, keepdim=True)
    wanted = found.gather(1, labels[:, None])[:, 0]
    sums = found.exp_().sum(dim=1)
    nats = (sums.log() - wanted).sum()
    return found.mul_(sums.reciprocal()[:, None]), nats


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """total += left @ right, without a third matrix where the types agree, and with a small one where they do not."""
    if total.dtype == left.dtype:
        total.addmm_(left, right)
        return
    for start in range(0, len(total), _ROWS_OF_A_SUM):
        piece = slice(start, start + _ROWS_OF_A_SUM)
        total[piece] += left[piece] @ right
