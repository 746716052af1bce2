"""What every objective makes: padded rows of token ids with labels; and what it must know of a tokenizer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_LABEL = -100
"""Label of a position that is not predicted, as in torch and transformers."""


class Batch(TypedDict):
    """Rows of tokens, padded at the right.

    `input_ids`, `attention_mask` and `labels` are int64 `[rows, time]`. `labels[i, t]` is the token that the model must predict
    at position t of row i from what it computes there; `NO_LABEL` where nothing is predicted. For a causal model that is the
    NEXT token: labels are already shifted, unlike the argument `labels` of transformers.
    """

    input_ids: Tensor
    attention_mask: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Tokens:
    """What an objective must know of a tokenizer.

    Attributes:
        padding: id that fills rows.
        start: id that stands before a text (`<s>`, `[CLS]`, or the end-of-text mark where that serves as both), or None.
        end: id that stands after a text.
        mask: id of the mask; None for a tokenizer without one.
        unknown: id of the unknown token.
        special: ids that are no text.
        drawable: ids that are text, ascending: what a random token is drawn from.
    """

    padding: int
    start: int | None
    end: int | None
    mask: int | None
    unknown: int | None
    special: frozenset[int]
    drawable: Tensor

    @classmethod
    def of(cls, tokenizer: Any) -> "Tokens":
        """The facts of a tokenizer of transformers."""
        special = frozenset(int(each) for each in tokenizer.all_special_ids)
        text = sorted({*tokenizer.get_vocab().values()} - special)
        start = next((each for each in (tokenizer.bos_token_id, tokenizer.cls_token_id) if each is not None), None)
        end = next((each for each in (tokenizer.eos_token_id, tokenizer.sep_token_id) if each is not None), None)
        padding = next((each for each in (tokenizer.pad_token_id, end, start) if each is not None), 0)
        return cls(
            padding=padding,
            start=end if start is None else start,
            end=end,
            mask=tokenizer.mask_token_id,
            unknown=tokenizer.unk_token_id,
            special=special,
            drawable=torch.tensor(text, dtype=torch.long),
        )

    def framed(self, ids: Sequence[int], *, end: bool = True) -> list[int]:
        """Ids of a text with the start before and the end after them."""
        before = [] if self.start is None else [self.start]
        after = [self.end] if end and self.end is not None else []
        return [*before, *ids, *after]


def padded(rows: Sequence[Sequence[int]], labels: Sequence[Sequence[int]], padding: int) -> Batch:
    """Rows and labels of equal lengths as one batch.

    Example:
        >>> batch = padded([[5, 6, 7], [5]], [[6, 7, -100], [-100]], padding=0)
        >>> batch["input_ids"].tolist(), batch["attention_mask"].tolist()
        ([[5, 6, 7], [5, 0, 0]], [[1, 1, 1], [1, 0, 0]])
    """
    time = max(map(len, rows), default=0)
    ids = torch.full((len(rows), time), padding, dtype=torch.long)
    mask = torch.zeros((len(rows), time), dtype=torch.long)
    wanted = torch.full((len(rows), time), NO_LABEL, dtype=torch.long)
    for at, (row, label) in enumerate(zip(rows, labels, strict=True)):
        ids[at, : len(row)] = torch.as_tensor(row, dtype=torch.long)
        wanted[at, : len(label)] = torch.as_tensor(label, dtype=torch.long)
        mask[at, : len(row)] = 1
    return Batch(input_ids=ids, attention_mask=mask, labels=wanted)


def part(batch: Batch, rows: "Sequence[int] | NDArray[Any]") -> Batch:
    """Some rows of a batch, without the columns that only pad them."""
    chosen = torch.as_tensor(rows, dtype=torch.long)
    mask = batch["attention_mask"][chosen]
    time = int(mask.sum(dim=1).max()) if len(chosen) else 0
    return Batch(
        input_ids=batch["input_ids"][chosen, :time], attention_mask=mask[:, :time], labels=batch["labels"][chosen, :time]
    )


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on a device."""
    return Batch(
        input_ids=batch["input_ids"].to(device),
        attention_mask=batch["attention_mask"].to(device),
        labels=batch["labels"].to(device),
    )
