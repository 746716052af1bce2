"""Whether a training lays several passages into one row, and the rows of its passes."""

from collections.abc import Sequence
from typing import Any

import torch

from panglot.artifacts import InputError
from panglot.models.token_batches import batches_by_tokens
from panglot.objectives.batch import Batch, packed, part, row_lengths
from panglot.objectives.contract import LanguageObjective
from panglot.objectives.packing import packs
from panglot.training.settings import Packing

_TRIED = ("sdpa", "eager")


def packed_length(
    packing: Packing, network: Any, objectives: Sequence[LanguageObjective], *, limit: int, device: torch.device
) -> int | None:
    """Tokens in a packed row, or None where rows are not packed.

    What a model or an objective does with packed rows is tried and not believed: see
    [`packs`][panglot.objectives.packing.packs].

    Args:
        packing: as asked.
        network: the model, in float32, before its layers are compiled or spread over processes.
        objectives: all that learn.
        limit: most tokens in a row.
        device: where the model computes. `auto` packs on a GPU alone: elsewhere short rows beside each other are as quick.

    Raises:
        InputError: rows are to be packed, and the objective's or the model's cannot be.
    """
    if packing == "none" or (packing == "auto" and device.type != "cuda"):
        return None
    refused = _refusal(network, objectives, limit)
    if refused is None:
        return limit
    if packing == "auto":
        return None
    raise InputError(f"rows cannot be packed: {refused}", where="packing", fix="take packing: none")


def _refusal(network: Any, objectives: Sequence[LanguageObjective], limit: int) -> str | None:
    whole = [each.objective for each in objectives if not each.packable]
    if whole:
        return f"{', '.join(whole)} learns from rows that belong together"
    if network.config.is_encoder_decoder:
        return "the model is an encoder-decoder"
    for each in (network, *(one for objective in objectives for one in objective.also_read_by)):
        whose = "the model" if each is network else "the teacher"
        attention = getattr(each.config.get_text_config(), "_attn_implementation", None)
        if attention not in _TRIED:
            return f"{whose} has the attention {attention}, and packing is tested with {' and '.join(_TRIED)}"
        if not packs(each, time=limit):
            return f"{whose} ({each.config.model_type}) does not keep the texts of a row apart"
    return None


def rows_of_passes(batch: Batch, *, tokens: int, length: int | None, padding: int) -> list[Batch]:
    """The rows of a batch, a few at a time: each once, the longest first.

    Args:
        batch: rows.
        tokens: most tokens at a time, padding counted; a longer row stands alone.
        length: tokens in a packed row; less where fewer go at a time. None leaves rows as they are.
        padding: id that fills rows.
    """
    if length is not None:
        batch = packed(batch, max(max(row_lengths(batch)), min(length, tokens)), padding)
    return [part(batch, rows) for rows in batches_by_tokens(row_lengths(batch), tokens, padded=True)]
