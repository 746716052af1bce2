"""Component `adaptation.quantise`: a model whose weights are rounded to few bits, as a plain model that loads anywhere."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from panglot.adaptation.merging.member import as_stored, open_member, values_of
from panglot.artifacts import InputError, Step
from panglot.models.model import Model
from panglot.vocabulary.change_model import change_model
from panglot.vocabulary.checkpoint import Bytes, Replacement
from panglot.vocabulary.checkpoint import Tensor as Stored
from panglot.vocabulary.matrices import DTYPES
from panglot.vocabulary.rows import Change

if TYPE_CHECKING:
    from torch import Tensor

_SCALE_BITS = 16
_TABLES = ("embed", "wpe", "wte", "relative_attention_bias")
_INPUTS_FIRST = ("gpt2", "openai-gpt", "imagegpt", "ctrl")
"""Their matrices are [inputs, outputs]: transformers' Conv1D."""


def quantise(
    *, model: Model, bits: Annotated[int, Field(ge=2, le=8)] = 8, group: Annotated[int, Field(ge=1)] | None = None, step: Step
) -> Model:
    """Round the weights of a model's layers to few bits, to see what that costs each language.

    Round to nearest, symmetric, weights only: of the weights w that one output reads (or of each `group` of them, in their
    order) s = max |w| / (2^(bits−1) − 1), and w becomes s · round(w / s). Embeddings, head, norms and biases stay as they are.
    What is written are the rounded values in the model's own number format, so that any program reads them and scores are those
    that kernels for so few bits would give, up to rounding; it is no smaller on disk; the figures say how large it would be.

    For the question of Marchisio et al. 2024 (https://arxiv.org/abs/2407.03211): which languages lose most. Nothing is
    calibrated on text, as GPTQ and its like do, and activations stay as they are; at 4 bits and below a calibrated method
    loses less.

    Args:
        model: any model whose weights are numbers of 16 bits or more; its merged weights.
        bits: of a weight, its sign included.
        group: weights that share a scale; all that an output reads where it is left out.
        step: where to write.

    Returns:
        The model. Its figures count the values that were rounded, the share of all, the bytes that it would take, and the mean
        of |error| / |weights| over tensors.

    Raises:
        InputError: what [`find_tensors`][panglot.vocabulary.matrices.find_tensors] refuses; there is nothing to round; a value
            is not finite.

    Example:
        >>> import torch
        >>> rounded(torch.tensor([[0.5, -1.0, 0.1]]), bits=2).tolist()
        [[0.0, -1.0, 0.0]]
    """
    member = open_member(model)
    chosen = {name: each for name, each in member.others.items() if _is_matrix(name, each)}
    if not chosen:
        raise InputError(f"{model.name} has no matrices of layers to round", where="model")
    inputs_first = member.found.inspected.config.get("model_type") in _INPUTS_FIRST
    errors: list[float] = []
    scales = 0
    with step.progress("rounding", total=len(chosen)) as progress:

        def pieces_of(tensor: Stored) -> Callable[[], Iterator[Bytes]]:
            def pieces() -> Iterator[Bytes]:
                values = values_of(tensor)
                turned = values.mT if inputs_first else values
                found = rounded(turned, bits=bits, group=group)
                norm = float(turned.norm())
                errors.append(float((found - turned).norm()) / norm if norm else 0.0)
                progress.advance(1)
                yield as_stored(found.mT if inputs_first else found, tensor)

            return pieces

        also = {name: Replacement(each.shape, pieces_of(each)) for name, each in chosen.items()}
        same = Change(member.vocabulary, member.vocabulary, np.arange(member.vocabulary.size))
        made = change_model(model, same, {}, step, name=f"{model.name}, {bits} bits", found=member.found, also=also)
    for each in chosen.values():
        outputs, inputs = (each.shape[-1], each.shape[-2]) if inputs_first else (each.shape[-2], each.shape[-1])
        scales += int(np.prod(each.shape[:-2], dtype=np.int64)) * outputs * -(-inputs // (group or inputs))
    values = sum(int(np.prod(each.shape)) for each in chosen.values())
    every = member.found.checkpoint.tensors.values()
    step.figures["quantised"] = {
        "bits": bits, "group": group, "tensors": len(chosen), "values": values,
        "share": values / sum(int(np.prod(each.shape)) for each in every),
        "bytes": sum(each.bytes for each in every) - sum(each.bytes for each in chosen.values())
        + -(-values * bits // 8) + scales * _SCALE_BITS // 8,
        "relative_error": float(np.mean(errors)),
    }  # fmt: skip
    return made


def rounded(weights: "Tensor", *, bits: int, group: int | None = None) -> "Tensor":
    """Weights [..., outputs, inputs] to the nearest of 2^bits − 1 values a scale.

    Args:
        weights: float32.
        bits: 2 or more.
        group: of the inputs; the last group of an output may be smaller.

    Returns:
        As many weights, float32.
    """
    import torch

    most = 2 ** (bits - 1) - 1
    parts = []
    for part in torch.split(weights, group or weights.shape[-1], dim=-1):
        scale = part.abs().amax(-1, keepdim=True) / most
        whole = torch.where(scale > 0, part / scale, torch.zeros(())).round().clamp(-most, most)
        parts.append(whole * scale)
    return torch.cat(parts, dim=-1)


def _is_matrix(name: str, tensor: Stored) -> bool:
    return len(tensor.shape) in (2, 3) and tensor.dtype in DTYPES and not any(each in name for each in _TABLES)
