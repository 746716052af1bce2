"""When checkpoints are written."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from panglot.artifacts import StorageError
from panglot.training.budget import Budget
from panglot.training.language_trainer import LanguageTrainer


class Saving(TrainerCallback):  # type: ignore[misc]
    """Writes a checkpoint every so many steps or seconds; by the clock of the first process.

    A checkpoint changes nothing in the training, so that its instant may differ from run to run. A full disk is said once, and
    the training goes on: the last whole checkpoint stays.
    """

    def __init__(
        self,
        trainer: LanguageTrainer,
        folder: Path,
        digest: str,
        every: Budget,
        *,
        note: Callable[[str], None],
        also: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._trainer, self._folder, self._digest, self._every = trainer, folder, digest, every
        self._note, self._also = note, also
        self._last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step >= state.max_steps or control.should_training_stop:
            return
        if self._every.unit == "steps":
            due = state.global_step % round(self._every.amount) == 0
        else:
            due = self._trainer.processes.any(
                self._trainer.processes.first and time.monotonic() - self._last >= self._every.amount
            )
        if not due:
            return
        try:
            self._trainer.save_checkpoint(self._folder, self._digest, also=self._also())
        except StorageError:
            self._note("The disk was too full for a checkpoint while training; the checkpoints before it stayed.")
        self._last = time.monotonic()
