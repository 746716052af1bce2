"""Going on from a checkpoint: what can be put back only when the trainer has made its optimizer."""

from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback

from panglot.training.checkpoint import load_optimizer

if TYPE_CHECKING:
    from panglot.training.language_trainer import LanguageTrainer


class GoingOn(TrainerCallback):  # type: ignore[misc]
    """Puts the optimizer and the number of the step back, once the trainer has made its optimizer."""

    def __init__(self, trainer: "LanguageTrainer") -> None:
        self._trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        trainer, resumed = self._trainer, self._trainer.resumed
        if resumed is None:
            return
        folder, found = resumed
        optimizer = inner_optimizer(trainer.optimizer)
        load_optimizer(folder, found.step, trainer.learner.network, optimizer, trainer.processes)
        state.global_step = found.step
        # the rate depends on the step alone
        scheduler: Any = trainer.lr_scheduler
        scheduler.last_epoch, scheduler._step_count = found.step, found.step + 1
        rates = [rate * at(found.step) for rate, at in zip(scheduler.base_lrs, scheduler.lr_lambdas, strict=True)]
        scheduler._last_lr = rates
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


def inner_optimizer(optimizer: Any) -> torch.optim.Optimizer:
    """The optimizer that accelerate wraps."""
    found: torch.optim.Optimizer = getattr(optimizer, "optimizer", optimizer)
    return found
