"""Rows as padded tensors; parts of a batch; rows of several documents that do not see each other."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

import torch
from torch import Tensor

from panglot.objectives.example import Row

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_LABEL = -100
"""Label of a position that is not predicted, as in torch and transformers."""


class Batch(TypedDict):
    """Rows of tokens, padded at the right. All tensors are int64 `[rows, time]`, the decoder's `[rows, decoder time]`.

    `labels[i, t]` is the token that the model must predict at position t of row i from what it computes there; `NO_LABEL` where
    nothing is predicted. For a causal model that is the NEXT token: labels are already shifted, unlike the argument `labels` of
    transformers. Of an encoder-decoder they are the decoder's.

    Attributes:
        input_ids: tokens.
        attention_mask: 1 for a token, 0 for padding.
        labels: what is predicted.
        position_ids: position of each token, where they are not counted from the row's start.
        languages: number of the language of each token.
        documents: number of the document that each token belongs to, from 1; 0 for padding. Tokens see only their own document.
        decoder_input_ids: what the decoder reads.
        decoder_attention_mask: 1 for a token of the decoder.
        other: rows that belong to these, one each.
    """

    input_ids: Tensor
    attention_mask: Tensor
    labels: Tensor
    position_ids: NotRequired[Tensor]
    languages: NotRequired[Tensor]
    documents: NotRequired[Tensor]
    decoder_input_ids: NotRequired[Tensor]
    decoder_attention_mask: NotRequired[Tensor]
    other: NotRequired["Batch"]


_OF_THE_DECODER = ("decoder_input_ids", "decoder_attention_mask")


def stacked(rows: Sequence[Row], padding: int) -> Batch:
    """Rows as one batch. What one row has, such as positions, all must have.

    Args:
        rows: at least one.
        padding: id that fills them.

    Example:
        >>> batch = stacked([Row([5, 6, 7], [6, 7, -100]), Row([5], [-100])], padding=0)
        >>> batch["input_ids"].tolist(), batch["attention_mask"].tolist()
        ([[5, 6, 7], [5, 0, 0]], [[1, 1, 1], [1, 0, 0]])
    """
    batch = Batch(
        input_ids=_filled([each.ids for each in rows], padding),
        attention_mask=_filled([[1] * len(each.ids) for each in rows], 0),
        labels=_filled([each.labels for each in rows], NO_LABEL),
    )
    if rows and rows[0].positions is not None:
        batch["position_ids"] = _filled([each.positions or [] for each in rows], 0)
    if rows and rows[0].languages is not None:
        batch["languages"] = _filled([each.languages or [] for each in rows], 0)
    if rows and rows[0].decoder_ids is not None:
        batch["decoder_input_ids"] = _filled([each.decoder_ids or [] for each in rows], padding)
        batch["decoder_attention_mask"] = _filled([[1] * len(each.decoder_ids or []) for each in rows], 0)
    if rows and rows[0].other is not None:
        batch["other"] = stacked([each.other for each in rows if each.other is not None], padding)
    return batch


def padded(rows: Sequence[Sequence[int]], labels: Sequence[Sequence[int]], padding: int) -> Batch:
    """Rows and labels of equal lengths as one batch."""
    return stacked([Row(row, label) for row, label in zip(rows, labels, strict=True)], padding)


def part(batch: Batch, rows: "Sequence[int] | NDArray[Any]") -> Batch:
    """Some rows of a batch, without the columns that only pad them."""
    chosen = torch.as_tensor(rows, dtype=torch.long, device=batch["input_ids"].device)
    time = _longest(batch["attention_mask"][chosen])
    decoder = _longest(batch["decoder_attention_mask"][chosen]) if "decoder_attention_mask" in batch else time
    found: dict[str, Any] = {}
    for name, each in batch.items():
        if name == "other":
            found[name] = part(cast("Batch", each), rows)
        else:
            of_decoder = name in _OF_THE_DECODER or (name == "labels" and "decoder_input_ids" in batch)
            found[name] = cast("Tensor", each)[chosen, : decoder if of_decoder else time]
    return cast("Batch", found)


def count_labels(batch: Batch) -> int:
    """How many tokens are predicted in a batch, those of the rows that belong to its rows included."""
    found = int((batch["labels"] != NO_LABEL).sum())
    return found + (count_labels(batch["other"]) if "other" in batch else 0)


def row_lengths(batch: Batch) -> list[int]:
    """Tokens of each row, those of the decoder included."""
    found = batch["attention_mask"].sum(dim=1)
    if "decoder_attention_mask" in batch:
        found = found + batch["decoder_attention_mask"].sum(dim=1)
    lengths: list[int] = found.tolist()
    return lengths


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on a device."""
    return _mapped(batch, lambda each: each.to(device, non_blocking=True))


def joined(batches: Sequence[Batch], padding: int) -> Batch:
    """The rows of several batches of the same kind as one."""
    found: dict[str, Any] = {}
    for name in batches[0]:
        values: list[Any] = [each[name] for each in batches]  # type: ignore[literal-required]
        if name == "other":
            found[name] = joined(values, padding)
            continue
        filler = {"input_ids": padding, "decoder_input_ids": padding, "labels": NO_LABEL}.get(name, 0)
        time = max(each.shape[1] for each in values)
        found[name] = torch.cat([torch.nn.functional.pad(each, (0, time - each.shape[1]), value=filler) for each in values])
    return cast("Batch", found)


def packed(batch: Batch, time: int, padding: int) -> Batch:
    """Rows laid one behind another, so that little is padding; no token sees one of another row (Krell et al. 2021).

    Rows go, longest first, into the first packed row with room. `documents` says which tokens belong together, and positions
    start again with each.

    Args:
        batch: rows of an encoder or a decoder; those of an encoder-decoder, and rows that come with others, are not packed.
        time: tokens in a packed row.
        padding: id that fills rows.

    Raises:
        ValueError: a row is longer than `time`, or the rows cannot be packed.

    Example:
        >>> batch = stacked([Row([5, 6, 7], [6, 7, -100]), Row([8], [9]), Row([3, 4], [4, -100])], padding=0)
        >>> found = packed(batch, 4, padding=0)
        >>> found["input_ids"].tolist(), found["documents"].tolist(), found["position_ids"].tolist()
        ([[5, 6, 7, 8], [3, 4, 0, 0]], [[1, 1, 1, 2], [1, 1, 0, 0]], [[0, 1, 2, 0], [0, 1, 0, 0]])
    """
    if "decoder_input_ids" in batch or "other" in batch:
        raise ValueError("rows of an encoder-decoder, and rows that come with others, are not packed")
    lengths = batch["attention_mask"].sum(dim=1).tolist()
    if lengths and max(lengths) > time:
        raise ValueError(f"a row of {max(lengths)} tokens does not fit into {time}")
    bins: list[list[int]] = []
    free: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda each: (-lengths[each], each)):
        place = next((number for number, room in enumerate(free) if room >= lengths[at]), None)
        if place is None:
            place = len(bins)
            bins.append([])
            free.append(time)
        bins[place].append(at)
        free[place] -= lengths[at]

    def laid(values: Callable[[int], Tensor], filler: int) -> Tensor:
        rows = [torch.cat([values(at)[: lengths[at]] for at in each]) for each in bins]
        return torch.stack([torch.nn.functional.pad(each, (0, time - len(each)), value=filler) for each in rows])

    places = torch.arange(batch["input_ids"].shape[1])
    number = {at: place for each in bins for place, at in enumerate(each, start=1)}
    found = Batch(
        input_ids=laid(lambda at: batch["input_ids"][at], padding),
        attention_mask=laid(lambda at: batch["attention_mask"][at], 0),
        labels=laid(lambda at: batch["labels"][at], NO_LABEL),
        position_ids=laid(lambda at: batch["position_ids"][at] if "position_ids" in batch else places, 0),
        documents=laid(lambda at: torch.full_like(places, number[at]), 0),
    )
    if "languages" in batch:
        found["languages"] = laid(lambda at: batch["languages"][at], 0)
    return found


def _filled(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    found = torch.full((len(rows), max(map(len, rows), default=0)), filler, dtype=torch.long)
    for at, row in enumerate(rows):
        found[at, : len(row)] = torch.as_tensor(row, dtype=torch.long)
    return found


def _longest(mask: Tensor) -> int:
    return int(mask.sum(dim=1).max()) if len(mask) else 0


def _mapped(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    found: dict[str, Any] = {
        name: _mapped(cast("Batch", each), change) if name == "other" else change(cast("Tensor", each))
        for name, each in batch.items()
    }
    return cast("Batch", found)
