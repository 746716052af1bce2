"""The trainer of sentence-embedding models: that of sentence-transformers, with this project's progress, curve and errors."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import memory  # type: ignore[import-untyped]
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch import Tensor, nn
from transformers.trainer_callback import PrinterCallback

from panglot.artifacts import PanglotError
from panglot.training.seeding import RandomState


class EvenBatches(DefaultBatchSampler):  # type: ignore[misc]
    """Batches of sizes that differ by at most one, in a new order each epoch.

    The usual sampler leaves a remainder: 33 pairs in batches of 32 give a batch of one pair, which has no negatives and teaches
    nothing. Here they give 17 and 16. The number of batches is the same, ceil(n / batch size).

    Example:
        >>> batches = EvenBatches(range(33), batch_size=32, drop_last=False, seed=17)
        >>> [len(each) for each in batches]
        [17, 16]
    """

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed((self.seed << 20) + self.epoch)
        order = torch.randperm(len(self.sampler), generator=generator)
        for each in torch.tensor_split(order, len(self)):
            yield each.tolist()

    def __len__(self) -> int:
        count: int = math.ceil(len(self.sampler) / self.batch_size)
        return count


class TextLoss(nn.Module):
    """What the trainer asks of a loss beside the loss.

    Attributes:
        parts: names and values of the last loss's parts, for the training curve.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, float] = {}

    def shrink(self) -> int | None:
        """Need less memory for the same loss and gradient.

        Returns:
            How many texts are encoded at a time from now on; None where less is not possible.
        """
        return None


class EmbeddingTrainer(SentenceTransformerTrainer):  # type: ignore[misc]
    """`SentenceTransformerTrainer` that records every step, stops at a loss that is not finite, and survives a full memory.

    A step that runs out of memory is done again with the loss encoding half as many texts at a time (`TextLoss.shrink`), from
    the same random state: batch, negatives and gradient stay what they were.

    Attributes:
        curve: one entry a step: step (from 1), epoch, loss, the loss's parts, learning_rate, tokens (without padding).
        texts_at_a_time: to how many the loss was shrunk; None where it never was.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.remove_callback(PrinterCallback)
        self.curve: list[dict[str, float | int]] = []
        self.texts_at_a_time: int | None = None

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Add none: it looks through the data for a card that is never written."""

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Tensor:
        """One forward and backward pass.

        Raises:
            PanglotError: the loss is not finite, or memory is too small even for one text at a time.
        """
        tokens = sum(int(each.sum()) for name, each in inputs.items() if name.endswith("attention_mask"))
        rate = self._get_learning_rate()
        state = RandomState(self.args.device)
        while True:
            try:
                loss: Tensor = super().training_step(model, dict(inputs), num_items_in_batch)
                break
            except RuntimeError as error:
                if not memory.should_reduce_batch_size(error):
                    raise
            self._shrink(model)
            state.restore()
        value = float(loss)
        if not math.isfinite(value):
            raise PanglotError(
                f"the loss is {value} in training step {self.state.global_step + 1}",
                fix=f"lower learning_rate (now {self.args.learning_rate:g}), or train in precision fp32",
            )
        self.curve.append(
            {
                "step": self.state.global_step + 1,
                "epoch": round(float(self.state.epoch or 0), 4),
                "loss": value,
                **getattr(self.loss, "parts", {}),
                "learning_rate": rate,
                "tokens": tokens,
            }
        )
        return loss

    def _shrink(self, model: nn.Module) -> None:
        # outside of the except block, whose traceback holds the tensors that are to be freed
        model.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        now = self.loss.shrink() if isinstance(self.loss, TextLoss) else None
        if now is None:
            raise PanglotError(
                "memory is too small to train on one text at a time", fix="lower max_tokens, or take a smaller model"
            )
        self.texts_at_a_time = now


def training_arguments(
    folder: Path, *, epochs: int, batch_size: int, learning_rate: float, warmup_share: float, precision: str, seed: int
) -> SentenceTransformerTrainingArguments:
    """Arguments for a run that writes nothing by itself: no checkpoints, no logs, no trackers, no bars.

    Args:
        folder: an existing folder, for what the trainer insists on making.
        epochs: passes over the data.
        batch_size: pairs a step.
        learning_rate: of AdamW, falling linearly to zero.
        warmup_share: share of the steps in which the rate first rises from zero.
        precision: "bf16" or "fp32".
        seed: of data order and dropout.
    """
    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=batch_size,
        learning_rate=learning_rate,
        lr_scheduler_type="linear",
        # transformers reads a number from one upwards as a count of steps
        warmup_steps=warmup_share,
        weight_decay=0.0,
        bf16=precision == "bf16",
        # transformers refuses bf16 on a processor that it was not told to use
        use_cpu=precision == "bf16" and not torch.cuda.is_available(),
        seed=seed % 2**32,
        batch_sampler=EvenBatches,
        save_strategy="no",
        logging_strategy="no",
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        dataloader_num_workers=0,
    )
