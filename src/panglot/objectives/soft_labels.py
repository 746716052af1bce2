"""Distributions as labels, in pieces: logits of no model are ever held for a whole batch."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from panglot.objectives.batch import NO_LABEL, Batch
from panglot.objectives.heads import head_of
from panglot.objectives.labelled import LOGITS_AT_ONCE, hidden_states


def soft_nats(
    model: nn.Module,
    teacher: nn.Module,
    batch: Batch,
    *,
    temperature: float = 1.0,
    top: int | None = None,
    logits_at_once: int = LOGITS_AT_ONCE,
) -> tuple[Tensor, Tensor]:
    """Sums, over the labels, of -ln p(label) and of -Σ_v q(v) ln p(v): p is the model's, q the teacher's.

    Args:
        model: that learns.
        teacher: whose vocabulary begins with the model's tokens, or the other way round; moved to the model's device.
        batch: on the model's device.
        temperature: the teacher's logits are divided by it.
        top: teacher's tokens that are kept at each place.
        logits_at_once: most logits of each model to hold.
    """
    chosen = batch["labels"] != NO_LABEL
    labels = batch["labels"][chosen]
    hidden = hidden_states(model, batch)[chosen]
    taught = _taught(teacher, batch)[chosen]
    own, others = head_of(model), head_of(teacher)

    def costs(piece: Tensor, lesson: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        logits = own(piece).float()
        with torch.no_grad():
            known = min(logits.shape[-1], int(_size(teacher)))
            distribution = _distribution(others(lesson)[..., :known].float() / temperature, top)
        chances = logits.log_softmax(dim=-1)
        hard = -chances.gather(1, label[:, None]).sum()
        return hard, -(distribution * chances[:, :known]).sum()

    hard = soft = torch.zeros((), device=hidden.device)
    rows = max(16, logits_at_once // max(1, int(_size(model)), int(_size(teacher))))
    for start in range(0, len(labels), rows):
        stop = start + rows
        one, other = checkpoint(costs, hidden[start:stop], taught[start:stop], labels[start:stop], use_reentrant=False)
        hard, soft = hard + one, soft + other
    return hard, soft


@torch.no_grad()
def guesses(teacher: nn.Module, batch: Batch, *, logits_at_once: int = LOGITS_AT_ONCE) -> tuple[Tensor, Tensor]:
    """What a teacher takes for most probable at each label, and how probable: `[labels]`, in the order of rows and time."""
    taught, head = _taught(teacher, batch)[batch["labels"] != NO_LABEL], head_of(teacher)
    rows = max(16, logits_at_once // max(1, int(_size(teacher))))
    found = [head(taught[at : at + rows]).float().softmax(dim=-1).max(dim=-1) for at in range(0, len(taught), rows)]
    return torch.cat([each.indices for each in found]), torch.cat([each.values for each in found])


@torch.no_grad()
def label_ranks(teacher: nn.Module, batch: Batch, top: int, *, logits_at_once: int = LOGITS_AT_ONCE) -> Tensor:
    """Median of -ln q(label) over the labels of each row that are among the teacher's `top` tokens: float32 `[rows]`."""
    chosen = batch["labels"] != NO_LABEL
    taught, labels, head = _taught(teacher, batch)[chosen], batch["labels"][chosen], head_of(teacher)
    owners = chosen.nonzero()[:, 0]
    rows = max(16, logits_at_once // max(1, int(_size(teacher))))
    nats: list[Tensor] = []
    near: list[Tensor] = []
    for start in range(0, len(labels), rows):
        logits, label = head(taught[start : start + rows]).float(), labels[start : start + rows, None]
        nats.append(-logits.log_softmax(dim=-1).gather(1, label)[:, 0])
        near.append((logits > logits.gather(1, label)).sum(dim=-1) < top)
    found = torch.full((len(chosen),), float("-inf"), device=chosen.device)
    if nats:
        cost, learnable = torch.cat(nats), torch.cat(near)
        for row in sorted(set(owners[learnable].tolist())):
            found[row] = cost[learnable & (owners == row)].median()
    return found


def _distribution(logits: Tensor, top: int | None) -> Tensor:
    if top is not None and top < logits.shape[-1]:
        least = logits.topk(top, dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    return logits.softmax(dim=-1)


@torch.no_grad()
def _taught(teacher: nn.Module, batch: Batch) -> Tensor:
    teacher.to(batch["input_ids"].device)
    return hidden_states(teacher, batch)


def _size(model: Any) -> int:
    return int(model.config.get_text_config().vocab_size)
