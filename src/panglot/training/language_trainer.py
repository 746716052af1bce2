"""The trainer of language models: that of transformers, with this project's batches, curve and errors."""

import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
import xxhash
from accelerate.utils import memory  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from panglot.artifacts import PanglotError
from panglot.models.token_batches import batches_by_tokens
from panglot.objectives.batch import NO_LABEL, Batch, part, stacked, to_device
from panglot.objectives.example import Example, Row
from panglot.training.seeding import RandomState
from panglot.training.text_stream import Passage

if TYPE_CHECKING:
    from panglot.objectives.opening import Opened

Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["bf16", "fp32"]
Measure = Callable[[int], None]

# on a processor short rows beside long ones cost more than several passes; a GPU is quicker with everything at once
_TOKENS_AT_A_TIME = {"cpu": 2048, "cuda": 65536}
_OTHER_TOKENS_AT_A_TIME = 8192


class LanguageBatches(Dataset[Batch]):
    """One batch a step, made when it is asked for: the passages' tokens, in rows.

    A row holds tokens of one document only, so that nothing attends from one document to another. What does not fit in a row
    goes on in the next.
    """

    def __init__(self, opened: "Opened", steps: Sequence[Sequence[Passage]], *, seed: int) -> None:
        self._opened, self._steps, self._seed = opened, steps, seed

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, at: int) -> Batch:
        opened, passages = self._opened, self._steps[at]
        objective, tokens = opened.objective, opened.tokens
        room = objective.room(opened.limit, tokens)
        rows: list[Row] = []
        for passage, ids in zip(passages, opened.ids([each.text for each in passages]), strict=True):
            for start in range(0, len(ids), room):
                ends = passage.last and start + room >= len(ids)
                example = Example(ids[start : start + room], passage.text, passage.language, last=ends)
                # a row's draws depend on its place alone, and not on who makes the rows before it
                lot = xxhash.xxh3_64_intdigest(struct.pack("<QQQ", self._seed % 2**64, at, len(rows)))
                rows.append(objective.row(example, tokens, torch.Generator().manual_seed(lot % 2**63)))
        return stacked(rows, tokens.padding)


class LanguageTrainer(Trainer):  # type: ignore[misc]
    """`Trainer` that records every step, stops at a loss that is not finite, and survives a full memory.

    A step is one batch, whatever is computed at a time: its rows are sorted by length and go through the model a few at a
    time, and their losses add up to the batch's. A step that runs out of memory is done again with half as many tokens at a
    time, from the same random state.

    Attributes:
        curve: one entry a step: step (from 1), loss, learning_rate, tokens (without padding), labels.
        tokens_at_a_time: most tokens, padding counted, that go through the model together.
        shrunk: whether memory was too small for as many as at first.
    """

    def __init__(self, opened: "Opened", batches: LanguageBatches, *, precision: Precision, args: TrainingArguments) -> None:
        super().__init__(model=opened.network, args=args)
        self.remove_callback(PrinterCallback)
        self.curve: list[dict[str, float | int]] = []
        self.shrunk = False
        self._batches, self._objective, self._precision = batches, opened.objective, precision
        self.tokens_at_a_time = _TOKENS_AT_A_TIME.get(self.args.device.type, _OTHER_TOKENS_AT_A_TIME)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The steps in their order; a batch is one item."""
        return DataLoader(self._batches, batch_size=None, shuffle=False)

    def floating_point_ops(self, inputs: Any) -> int:
        """None are counted: the rule of thumb of transformers does not know that logits are left out."""
        return 0

    def training_step(self, model: nn.Module, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """One forward and backward pass over a batch.

        Raises:
            PanglotError: the loss is not finite, or memory is too small even for one row.
        """
        number = self.state.global_step + 1
        batch = to_device(inputs, self.args.device)
        labels = int((batch["labels"] != NO_LABEL).sum())
        if labels == 0:
            raise PanglotError(f"nothing can be learnt in training step {number}: its text has no tokens that can be predicted")
        model.train()
        state = RandomState(self.args.device)
        while True:
            try:
                loss = self._loss_of(model, batch, labels)
                break
            except RuntimeError as error:
                if not memory.should_reduce_batch_size(error):
                    raise
            self._shrink(model, batch)
            state.restore()
        value = float(loss)
        if not math.isfinite(value):
            raise PanglotError(
                f"the loss is {value} in training step {number}",
                fix=f"lower learning_rate (now {self.args.learning_rate:g}), or train in precision fp32",
            )
        self.curve.append(
            {
                "step": number,
                "loss": value,
                "learning_rate": self._get_learning_rate(),
                "tokens": int(batch["attention_mask"].sum()),
                "labels": labels,
            }
        )
        return loss

    def _loss_of(self, model: nn.Module, batch: Batch, labels: int) -> Tensor:
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        found = torch.zeros((), device=self.args.device)
        for rows in batches_by_tokens(lengths, self.tokens_at_a_time, padded=True):
            piece = part(batch, rows)
            if not bool((piece["labels"] != NO_LABEL).any()):
                continue
            with torch.autocast(self.args.device.type, dtype=torch.bfloat16, enabled=self._precision == "bf16"):
                loss, _ = self._objective.loss(model, piece, total=labels)
            self.accelerator.backward(loss)
            found += loss.detach()
        return found

    def _shrink(self, model: nn.Module, batch: Batch) -> None:
        # outside of the except block, whose traceback holds the tensors that are to be freed
        model.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        longest = int(batch["attention_mask"].sum(dim=1).max())
        if self.tokens_at_a_time <= longest:
            raise PanglotError(
                "memory is too small to train on one row of text at a time",
                fix="lower sequence_length, or take a smaller model",
            )
        self.tokens_at_a_time = max(longest, min(self.tokens_at_a_time, batch["attention_mask"].numel()) // 2)
        self.shrunk = True


class Measuring(TrainerCallback):  # type: ignore[misc]
    """Calls a measure after some of the steps."""

    def __init__(self, measure: Measure, after: Sequence[int]) -> None:
        self._measure, self._after = measure, frozenset(after)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step in self._after:
            self._measure(state.global_step)


def language_arguments(
    folder: Path, *, steps: int, learning_rate: float, schedule: Schedule, warmup_share: float, weight_decay: float, seed: int
) -> TrainingArguments:
    """Arguments for a run that writes nothing by itself: no checkpoints, no logs, no trackers, no bars.

    Args:
        folder: an existing folder, for what the trainer insists on making.
        steps: how many.
        learning_rate: of AdamW, at its highest.
        schedule: how the rate falls after warm-up.
        warmup_share: share of the steps in which the rate first rises from zero.
        weight_decay: of AdamW; biases and norms have none.
        seed: of dropout.
    """
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        learning_rate=learning_rate,
        lr_scheduler_type=schedule if schedule != "constant" else "constant_with_warmup",
        warmup_steps=round(warmup_share * steps),
        weight_decay=weight_decay,
        seed=seed % 2**32,
        save_strategy="no",
        logging_strategy="no",
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
        dataloader_num_workers=0,
        remove_unused_columns=False,
    )
