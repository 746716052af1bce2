"""Which text of a batch made a loss or a gradient that is not finite."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from panglot.objectives.batch import Batch, count_labels, part
from panglot.training.language_batches import Part
from panglot.training.processes import Processes

Autocast = Callable[[], Any]
_Row = tuple[int, Batch, int]


@torch.no_grad()
def bad_loss(loss: nn.Module, parts: Sequence[Part], autocast: Autocast, processes: Processes, *, in_step: bool) -> int | None:
    """The first passage of a batch whose loss, alone, is not finite. All processes call it together.

    Args:
        loss: gives the loss of rows.
        parts: what this process does of the batch.
        autocast: the number format of the training.
        processes: of the training.
        in_step: whether the module waits for the other processes in each pass.

    Returns:
        The passage's number in the step; None where all of them are bad, so that it is the weights, or none is alone.
    """
    loss.eval()
    rows = _rows(parts)
    passes = round(processes.largest([len(rows)])[0]) if in_step else len(rows)
    bad: list[int] = []
    for at in range(passes):
        if not rows:
            break
        objective, row, passage = rows[at % len(rows)]
        with autocast():
            value = float(loss(objective, row, _labels(row)))
        if at < len(rows) and not math.isfinite(value):
            bad.append(passage)
    loss.train()
    return _agreed(bad, len(rows), processes)


def bad_gradient(loss: nn.Module, parts: Sequence[Part], autocast: Autocast, processes: Processes) -> int | None:
    """The same for the gradient; the module must not exchange anything with other processes."""
    rows = _rows(parts)
    wanted = [each for each in loss.parameters() if each.requires_grad]
    bad: list[int] = []
    for objective, row, passage in rows:
        with autocast():
            value = loss(objective, row, _labels(row))
        found = torch.autograd.grad(value, wanted, allow_unused=True)
        if not all(bool(torch.isfinite(each).all()) for each in found if each is not None):
            bad.append(passage)
    return _agreed(bad, len(rows), processes)


def _rows(parts: Sequence[Part]) -> list[_Row]:
    return [(each.objective, part(each.batch, [at]), passage) for each in parts for at, passage in enumerate(each.passages)]


def _agreed(bad: Sequence[int], rows: int, processes: Processes) -> int | None:
    of_all, rows_of_all = (round(each) for each in processes.summed([len(bad), rows]))
    first = -processes.largest([-min(bad, default=math.inf)])[0]
    if of_all == 0 or (of_all == rows_of_all and rows_of_all > 1):
        return None
    return round(first)


def _labels(row: Batch) -> int:
    return max(1, count_labels(row))
