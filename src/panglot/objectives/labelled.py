"""The loss at labelled positions only: no tensor of the size rows x time x vocabulary is ever made.

The head of a language model is most of the work and most of the memory where the vocabulary is large: with 250,000 tokens a
batch of 4,096 positions has logits of 4 GB. Masked language modelling needs 15 % of them, and none needs all at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from panglot.objectives.batch import NO_LABEL, Batch

LOGITS_AT_ONCE = 1 << 25
"""Logits (numbers, not bytes) that are held at a time."""

Head = Callable[[Tensor], Tensor]


def summed_nats(model: Any, batch: Batch, *, logits_at_once: int = LOGITS_AT_ONCE) -> Tensor:
    """Sum of -ln p(label) over the labelled positions of a batch, a scalar that can be differentiated.

    The gradient of the head is taken piece by piece on the way forward, so that no piece of logits outlives its turn, and the
    head is computed once. It is that of the model's own loss.

    Args:
        model: a language model of transformers: `XForCausalLM` or `XForMaskedLM` with its base model under `base_model_prefix`.
        batch: on the model's device.
        logits_at_once: most logits to hold.

    Raises:
        ValueError: nothing is labelled, or the model has no base model apart from its head.
    """
    hidden, labels = _labelled(model, batch)
    wanted = [each for each in _head_parameters(model) if each.requires_grad]
    rows = _rows_at_once(model, logits_at_once)
    if not torch.is_grad_enabled():
        return torch.stack([each.sum() for each in _pieces(head_of(model), hidden, labels, rows)]).sum()
    total: Tensor = _HeadLoss.apply(head_of(model), labels, rows, wanted, hidden, *wanted)  # type: ignore[no-untyped-call]
    return total


def mean_loss(model: nn.Module, batch: Batch, total: int | None) -> tuple[Tensor, dict[str, float]]:
    """Sum of nats over the labels, divided by `total`, and the figures of an objective."""
    labels = int((batch["labels"] != NO_LABEL).sum())
    nats = summed_nats(model, batch)
    figures: dict[str, Any] = {"nats": float(nats.detach()), "labels": labels}
    return nats / (total or labels), figures


@torch.no_grad()
def label_nats(model: Any, batch: Batch, *, logits_at_once: int = LOGITS_AT_ONCE) -> Tensor:
    """-ln p(label) of each labelled position, in the order of the rows and of time: float32 [labels]."""
    hidden, labels = _labelled(model, batch)
    return torch.cat(list(_pieces(head_of(model), hidden, labels, _rows_at_once(model, logits_at_once))))


def head_of(model: Any) -> Head:
    """What a model computes after its base model, whatever that is (transform, decoder, bias, scaling, soft cap).

    It is the model's own forward pass with the answer of the base model put in place of the base model: hidden states `[n, D]`
    to logits `[n, V]`.
    """

    def head(hidden: Tensor) -> Tensor:
        from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

        known = BaseModelOutputWithPastAndCrossAttentions(last_hidden_state=hidden[None])
        with _answering(_body(model), known):
            found: Tensor = model(input_ids=torch.zeros((1, len(hidden)), dtype=torch.long, device=hidden.device)).logits[0]
        return found

    return head


@contextmanager
def _answering(module: Any, answer: Any) -> Iterator[None]:
    own = module.__dict__.get("forward")
    module.forward = lambda *_, **__: answer
    try:
        yield
    finally:
        del module.forward
        if own is not None:
            module.forward = own


def _body(model: Any) -> nn.Module:
    found = getattr(model, str(getattr(model, "base_model_prefix", "")), None)
    if not isinstance(found, nn.Module):
        raise ValueError(f"{type(model).__name__} has no base model apart from its head")  # noqa: TRY004
    return found


def _labelled(model: Any, batch: Batch) -> tuple[Tensor, Tensor]:
    """Hidden states `[n, D]` and labels `[n]` of the labelled positions."""
    chosen = batch["labels"] != NO_LABEL
    if not bool(chosen.any()):
        raise ValueError("nothing in the batch is labelled")
    options = {"use_cache": False} if getattr(model.config, "use_cache", None) is not None else {}
    answer = _body(model)(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], return_dict=True, **options)
    return answer[0][chosen], batch["labels"][chosen]


def _head_parameters(model: Any) -> list[nn.Parameter]:
    """Parameters outside of the base model, and those that the output shares with it."""
    inside = {id(each) for each in _body(model).parameters()}
    output = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    shared = {id(each) for each in output.parameters()} if isinstance(output, nn.Module) else set()
    return [each for each in model.parameters() if id(each) not in inside or id(each) in shared]


def _rows_at_once(model: Any, logits: int) -> int:
    return max(16, logits // max(1, int(model.config.get_text_config().vocab_size)))


def _nats(head: Head, hidden: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.cross_entropy(head(hidden).float(), labels, reduction="none")


def _pieces(head: Head, hidden: Tensor, labels: Tensor, rows: int) -> Iterator[Tensor]:
    for start in range(0, len(labels), rows):
        yield _nats(head, hidden[start : start + rows], labels[start : start + rows])


class _HeadLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, head: Head, labels: Tensor, rows: int, wanted: Sequence[nn.Parameter], hidden: Tensor, *_: nn.Parameter
    ) -> Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        by_hidden = torch.empty_like(hidden)
        by_parameter: list[Tensor | None] = [None] * len(wanted)
        # a cast that autocast remembers would carry the graph of one piece into the next
        remembered = torch.is_autocast_cache_enabled()
        torch.set_autocast_cache_enabled(False)
        try:
            with torch.enable_grad():
                for start in range(0, len(labels), rows):
                    piece = hidden[start : start + rows].detach().requires_grad_()
                    nats = _nats(head, piece, labels[start : start + rows]).sum()
                    first, *others = torch.autograd.grad(nats, [piece, *wanted], allow_unused=True)
                    total += nats.detach()
                    by_hidden[start : start + rows] = first
                    for at, each in enumerate(others):
                        known = by_parameter[at]
                        by_parameter[at] = each if known is None or each is None else known.add_(each)
        finally:
            torch.set_autocast_cache_enabled(remembered)
        ctx.found = (by_hidden, by_parameter)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor) -> tuple[Any, ...]:
        by_hidden, by_parameter = ctx.found
        ctx.found = None
        return (
            None,
            None,
            None,
            None,
            by_hidden.mul_(scale.to(by_hidden.dtype)),
            *(None if each is None else each.mul_(scale.to(each.dtype)) for each in by_parameter),
        )
