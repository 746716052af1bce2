"""The arguments of the trainer of transformers that a training of a language model needs."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from transformers import TrainingArguments

Schedule = Literal["linear", "cosine", "constant", "wsd"]

GRADIENT_NORM = 1.0
_DECAY_SHARE = 0.2


def language_arguments(
    folder: Path,
    *,
    steps: int,
    learning_rate: float,
    schedule: Schedule,
    warmup_share: float,
    weight_decay: float,
    seed: int,
    gradient_checkpointing: bool = False,
    report_to: Sequence[str] = (),
    report_every: int = 10,
) -> TrainingArguments:
    """Arguments for a run that saves nothing by itself and shows no bars.

    Args:
        folder: an existing folder, for what the trainer insists on making.
        steps: how many.
        learning_rate: of AdamW, at its highest.
        schedule: how the rate falls after warm-up; `wsd` stays and falls to zero in the last fifth.
        warmup_share: share of the steps in which the rate first rises from zero.
        weight_decay: of AdamW; biases and norms have none.
        seed: of dropout.
        gradient_checkpointing: compute each layer again in the backward pass instead of keeping what it computed.
        report_to: trackers, by the names that transformers has for them.
        report_every: steps between two reports.
    """
    kinds = {"constant": "constant_with_warmup", "wsd": "warmup_stable_decay"}
    more: dict[str, Any] = {}
    if schedule == "wsd":
        more["lr_scheduler_kwargs"] = {"num_decay_steps": max(1, round(_DECAY_SHARE * steps))}
    if gradient_checkpointing:
        # transformers renames it
        known = {each.name for each in fields(TrainingArguments)}
        name = "activation_checkpointing" if "activation_checkpointing" in known else "gradient_checkpointing"
        more |= {name: True, f"{name}_kwargs": {"use_reentrant": False}}
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        learning_rate=learning_rate,
        lr_scheduler_type=kinds.get(schedule, schedule),
        warmup_steps=round(warmup_share * steps),
        weight_decay=weight_decay,
        max_grad_norm=GRADIENT_NORM,
        seed=seed % 2**32,
        save_strategy="no",
        logging_strategy="steps" if report_to else "no",
        logging_steps=report_every,
        eval_strategy="no",
        report_to=list(report_to),
        disable_tqdm=True,
        dataloader_pin_memory=False,
        dataloader_num_workers=0,
        remove_unused_columns=False,
        **more,
    )
