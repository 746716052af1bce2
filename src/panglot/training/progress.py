"""Progress of a training, shared by all trainers."""

from typing import Any

from transformers import TrainerCallback

from panglot.artifacts import Progress


class StepProgress(TrainerCallback):  # type: ignore[misc]
    """Advances a task by one a training step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._progress.advance()
