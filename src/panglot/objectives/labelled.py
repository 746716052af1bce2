"""The loss at labelled positions only: no tensor of the size rows x time x vocabulary is ever made.

The head of a language model is most of the work and most of the memory where the vocabulary is large: with 250,000 tokens a
batch of 4,096 positions has logits of 4 GB. Masked language modelling needs 15 % of them, and none needs all at once.
"""

import inspect
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
        model: a language model of transformers: `XForCausalLM`, `XForMaskedLM` or `XForConditionalGeneration`.
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
    """What a model computes after its last block, whatever that is (transform, decoder, bias, scaling, soft cap).

    It is the model's own forward pass with a known answer put in place of the part that gives the hidden states: hidden states
    `[n, D]` to logits `[n, V]`.
    """
    from transformers.modeling_outputs import BaseModelOutput, Seq2SeqModelOutput

    def head(hidden: Tensor) -> Tensor:
        ids = torch.zeros((1, len(hidden)), dtype=torch.long, device=hidden.device)
        given: dict[str, Any] = {"input_ids": ids}
        if reads_and_writes(model):
            given |= {"decoder_input_ids": ids, "encoder_outputs": BaseModelOutput(last_hidden_state=hidden[None])}
        # the fields of all kinds of answers: models look up some of them
        known = Seq2SeqModelOutput(last_hidden_state=hidden[None])
        for name in ("hidden_states", "attentions", "cross_attentions", "router_logits"):
            setattr(known, name, None)
        with _answering(_last_part(model), known):
            found: Tensor = model(**given).logits[0]
        return found

    return head


@contextmanager
def _answering(module: Any, answer: Any) -> Iterator[None]:
    own = {name: module.__dict__[name] for name in _OWN if name in module.__dict__}
    module.forward = lambda *_, **__: answer
    # a compiled module does not look at its forward
    module._compiled_call_impl = None
    try:
        yield
    finally:
        for name in _OWN:
            module.__dict__.pop(name, None)
        module.__dict__.update(own)


_OWN = ("forward", "_compiled_call_impl")


def reads_and_writes(model: Any) -> bool:
    """Whether a model is an encoder-decoder."""
    return bool(getattr(model.config, "is_encoder_decoder", False))


def _last_part(model: Any) -> nn.Module:
    """The module whose answer the head takes: the base model, or the decoder where there is no base model (T5)."""
    found = getattr(model, str(getattr(model, "base_model_prefix", "")), None)
    if not isinstance(found, nn.Module) and reads_and_writes(model):
        found = model.get_decoder()
    if not isinstance(found, nn.Module):
        raise ValueError(f"{type(model).__name__} has no base model apart from its head")  # noqa: TRY004
    return found


def _labelled(model: Any, batch: Batch) -> tuple[Tensor, Tensor]:
    """Hidden states `[n, D]` and labels `[n]` of the labelled positions."""
    chosen = batch["labels"] != NO_LABEL
    if not bool(chosen.any()):
        raise ValueError("nothing in the batch is labelled")
    return hidden_states(model, batch)[chosen], batch["labels"][chosen]


def hidden_states(model: Any, batch: Batch) -> Tensor:
    """What the head would be given: `[rows, time, D]`, of an encoder-decoder the decoder's."""
    given = model_inputs(model, batch)
    last = _last_part(model)
    if reads_and_writes(model):
        if last is model.get_decoder():
            decoder = {name.removeprefix("decoder_"): given.pop(name) for name in _OF_THE_DECODER}
            read = model.get_encoder()(**given, return_dict=True)[0]
            mask = given["attention_mask"]
            decoder |= {"encoder_hidden_states": read, "encoder_attention_mask": mask, "use_cache": False}
            return last(**decoder, return_dict=True)[0]  # type: ignore[no-any-return]
        return last(**given, use_cache=False, return_dict=True)[0]  # type: ignore[no-any-return]
    if getattr(model.config, "use_cache", None) is not None:
        given["use_cache"] = False
    return last(**given, return_dict=True)[0]  # type: ignore[no-any-return]


_OF_THE_DECODER = ("decoder_input_ids", "decoder_attention_mask")
_LANGUAGE_ARGUMENTS = {"xlm": "langs", "flaubert": "langs"}


def model_inputs(model: Any, batch: Batch) -> dict[str, Any]:
    """The arguments that a model's base model takes for a batch.

    Rows of several documents (`documents`) get a mask of four dimensions, in which a token sees its own document only. Numbers
    of languages go to models that embed them (XLM), or choose modules by them (X-MOD: one language a row, that of its first
    token).
    """
    given: dict[str, Any] = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    if "position_ids" in batch and takes_positions(model):
        given["position_ids"] = batch["position_ids"]
    if "documents" in batch:
        given["attention_mask"] = own_document_mask(batch["documents"], causal=_is_causal(model))
    if "languages" in batch:
        kind = str(model.config.model_type)
        if kind in _LANGUAGE_ARGUMENTS:
            given[_LANGUAGE_ARGUMENTS[kind]] = batch["languages"]
        elif kind == "xmod":
            given["lang_ids"] = batch["languages"][:, 0]
    for name in _OF_THE_DECODER:
        if name in batch:
            given[name] = batch[name]  # type: ignore[literal-required]
    return given


def own_document_mask(documents: Tensor, *, causal: bool) -> Tensor:
    """Which token sees which: bool `[rows, 1, time, time]`, True where it does. Padding sees itself, so that no row is empty.

    Args:
        documents: number of the document of each token, `[rows, time]`; 0 for padding.
        causal: whether a token sees only what stands before it, and itself.

    Example:
        >>> own_document_mask(torch.tensor([[1, 1, 2]]), causal=True)[0, 0].int().tolist()
        [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    """
    seen = documents[:, None, :, None] == documents[:, None, None, :]
    if causal:
        seen = seen & torch.ones(documents.shape[1], documents.shape[1], dtype=torch.bool, device=documents.device).tril()
    padding = (documents == 0)[:, None, :, None]
    alone = torch.eye(documents.shape[1], dtype=torch.bool, device=documents.device)
    return torch.where(padding, alone, seen)


def takes_positions(model: Any) -> bool:
    """Whether positions can be given to a model; one with relative positions alone (T5, BLOOM) has no use for them."""
    return "position_ids" in inspect.signature(_last_part(model).forward).parameters


def _is_causal(model: Any) -> bool:
    name = type(model).__name__
    # XLMWithLMHeadModel sees both sides
    return name.endswith(("ForCausalLM", "LMHeadModel")) and "WithLMHead" not in name


def _head_parameters(model: Any) -> list[nn.Parameter]:
    """Parameters outside of what gives the hidden states, and those that the output shares with it."""
    parts = [_last_part(model), *([model.get_encoder()] if reads_and_writes(model) else [])]
    inside = {id(each) for part in parts for each in part.parameters()}
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
