"""How to train a new model, from its size and its text: amount, batch, learning rate, warm-up and weight decay."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from panglot.artifacts import InputError
from panglot.training.size import show_size

TOKENS_A_PARAMETER = 20.0
"""Hoffmann et al. 2022 (https://arxiv.org/abs/2203.15556)."""
MOST_EPOCHS = 4.0
"""Muennighoff et al. 2023 (https://arxiv.org/abs/2305.16264): up to four passes over text cost next to nothing."""
BYTES_A_TOKEN = 4.0
_RATE, _RATE_POWER = 0.3118, -0.1250
_BATCH, _BATCH_POWER = 0.2920, 0.3271
_WARMUP_STEPS, _MOST_WARMUP = 2000, 0.1
_LEAST_STEPS = 100


@dataclass(frozen=True)
class TrainingDial:
    """What `training.language_model` takes, and what it follows from.

    Attributes:
        parameters: of the model.
        computing: parameters that multiply every token.
        text_bytes: UTF-8 bytes of text at hand; None where it is not known.
        bytes_a_token: of this text with this tokenizer.
        tokens: that the model is to see, repeated ones counted.
        epochs: passes over the text; None where its amount is not known.
        compute: floating-point operations, 6 · computing · tokens.
        batch_tokens: tokens in a step.
        batch_bytes: bytes in a step.
        steps: optimizer steps.
        learning_rate: of AdamW, at its highest.
        warmup_share: share of the steps in which the rate rises from zero.
        schedule: how it falls then.
        weight_decay: of AdamW.
        overridden: fields that were given and not derived.
    """

    parameters: int
    computing: int
    text_bytes: int | None
    bytes_a_token: float
    tokens: int
    epochs: float | None
    compute: float
    batch_tokens: int
    batch_bytes: int
    steps: int
    learning_rate: float
    warmup_share: float
    schedule: Literal["linear", "cosine", "constant", "wsd"]
    weight_decay: float
    overridden: tuple[str, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """Parameters of `training.language_model`."""
        names = ("steps", "batch_bytes", "learning_rate", "warmup_share", "schedule", "weight_decay")
        return {name: getattr(self, name) for name in names}

    def figures(self) -> dict[str, Any]:
        """All fields, for a manifest."""
        return asdict(self) | {"overridden": list(self.overridden)}

    def __str__(self) -> str:
        passes = "" if self.epochs is None else f" ({self.epochs:.2g} passes over the text)"
        given = f"; given: {', '.join(self.overridden)}" if self.overridden else ""
        return (
            f"{show_size(self.tokens)} tokens{passes} in {self.steps:,} steps of {self.batch_tokens:,} tokens "
            f"({self.batch_bytes:,} bytes), learning rate {self.learning_rate:.2g}, warm-up {self.warmup_share:.1%}, then "
            f"{self.schedule}, weight decay {self.weight_decay:g}{given}"
        )


def training_dial(
    parameters: int,
    *,
    computing: int | None = None,
    text_bytes: int | None = None,
    bytes_a_token: float = BYTES_A_TOKEN,
    tokens: int | None = None,
    steps: int | None = None,
    batch_bytes: int | None = None,
    learning_rate: float | None = None,
    warmup_share: float | None = None,
    schedule: Literal["linear", "cosine", "constant", "wsd"] | None = None,
    weight_decay: float | None = None,
) -> TrainingDial:
    """Derive a training from the size of a model and the text at hand; whatever is given stays as it is.

    - Tokens D = 20 N (Hoffmann et al. 2022, https://arxiv.org/abs/2203.15556), but at most 4 passes over the text
      (Muennighoff et al. 2023, https://arxiv.org/abs/2305.16264).
    - Compute C = 6 M D floating-point operations, with M the parameters that multiply every token. (Kaplan et al. 2020,
      https://arxiv.org/abs/2001.08361, leave the head out; with a large vocabulary it is most of a small model's work.)
    - Learning rate 0.3118 · C^(−0.1250) and batch 0.2920 · C^0.3271 tokens (DeepSeek-AI 2024,
      https://arxiv.org/abs/2401.02954), fitted there on decoders, with C less the head's work. For budgets smaller than theirs,
      and for models that predict hidden tokens, that is an extrapolation: a start, and no optimum. The batch is at most a
      hundredth of the tokens, so that there are a hundred steps.
    - Warm-up of 2,000 steps, at most a tenth of all; cosine to zero; weight decay 0.1: as commonly used.

    Args:
        parameters: N, of the model.
        computing: M; N where it is not known.
        text_bytes: UTF-8 bytes of text at hand; None for no limit.
        bytes_a_token: of this text with this tokenizer.
        tokens: instead of the derived ones; not together with steps and batch_bytes.
        steps: instead of the derived ones.
        batch_bytes: instead of the derived ones.
        learning_rate: instead of the derived one.
        warmup_share: instead of the derived one.
        schedule: instead of the derived one.
        weight_decay: instead of the derived one.

    Raises:
        InputError: a value is not above zero; tokens, steps and batch are all given.

    Example:
        >>> print(training_dial(6_000_000))
        120M tokens in 3,158 steps of 37,997 tokens (151,988 bytes), learning rate 0.0035, warm-up 10.0%, then cosine,
        weight decay 0.1
    """
    said = {
        "tokens": tokens, "steps": steps, "batch_bytes": batch_bytes, "learning_rate": learning_rate,
        "warmup_share": warmup_share, "schedule": schedule, "weight_decay": weight_decay,
    }  # fmt: skip
    _checked(
        {"parameters": parameters, "computing": computing, "text_bytes": text_bytes, "bytes_a_token": bytes_a_token}
        | {name: value for name, value in said.items() if name not in ("schedule", "weight_decay", "warmup_share")}
    )
    if tokens and steps and batch_bytes:
        raise InputError("tokens, steps and batch_bytes hang together: give two of them at most")
    multiplying = computing or parameters
    at_hand = None if text_bytes is None else text_bytes / bytes_a_token
    if tokens is not None:
        amount = float(tokens)
    elif steps and batch_bytes:
        amount = steps * batch_bytes / bytes_a_token
    else:
        amount = TOKENS_A_PARAMETER * parameters
        if at_hand is not None:
            amount = min(amount, MOST_EPOCHS * at_hand)
    compute = 6.0 * multiplying * amount
    if batch_bytes is None:
        batch = amount / steps if steps else min(_BATCH * compute**_BATCH_POWER, amount / _LEAST_STEPS)
        batch_bytes = max(64, round(batch * bytes_a_token))
    batch_tokens = batch_bytes / bytes_a_token
    count = steps or max(1, round(amount / batch_tokens))
    if steps and tokens is None:
        amount = steps * batch_tokens
    return TrainingDial(
        parameters=parameters,
        computing=multiplying,
        text_bytes=text_bytes,
        bytes_a_token=bytes_a_token,
        tokens=round(amount),
        epochs=None if at_hand is None else amount / at_hand,
        compute=6.0 * multiplying * amount,
        batch_tokens=round(batch_tokens),
        batch_bytes=batch_bytes,
        steps=count,
        learning_rate=learning_rate or _RATE * compute**_RATE_POWER,
        warmup_share=min(_MOST_WARMUP, _WARMUP_STEPS / count) if warmup_share is None else warmup_share,
        schedule=schedule or "cosine",
        weight_decay=0.1 if weight_decay is None else weight_decay,
        overridden=tuple(name for name, value in said.items() if value is not None),
    )


def _checked(values: dict[str, Any]) -> None:
    for name, value in values.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value}; it must be above 0", where=name)
