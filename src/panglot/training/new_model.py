"""Component `training.new_model`: a model with random weights, for a tokenizer, by architecture and size."""

import math
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.models.folder import inspect_folder
from panglot.models.model import MODEL_FOLDER, Model, write_model
from panglot.models.quiet import without_progress_bars
from panglot.training.families import FAMILIES, Architecture, Family, Special, configuration, family_of
from panglot.training.shape import shape_of
from panglot.training.size import Size, parse_size
from panglot.vocabulary.tokenizer import Tokenizer

if TYPE_CHECKING:
    from torch import nn

_MOSTLY_ROWS = 0.75


def new_model(
    *,
    tokenizer: Tokenizer,
    architecture: Architecture = "decoder",
    size: Size | None = None,
    layers: Annotated[int, Field(ge=1)] | None = None,
    width: Annotated[int, Field(ge=8)] | None = None,
    heads: Annotated[int, Field(ge=1)] | None = None,
    feed_forward: Annotated[int, Field(ge=1)] | None = None,
    tied: bool = True,
    positions: Annotated[int, Field(ge=8)] | None = None,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    scaled_residuals: bool = False,
    step: Step,
) -> Model:
    """Make a model with random weights by transformers' own classes: an encoder, a decoder, or both.

    One dial, `size`, sets depth and widths for the vocabulary at hand: of two models of 6M, the one with more tokens has
    smaller layers. See `panglot.training.shape` for the rule. What is given beside the dial stays as it is, and the rest
    follows.

    Weights are drawn as transformers draws them for the family.

    Args:
        tokenizer: its vocabulary sets the rows of the embeddings.
        architecture: `encoder` (a modernbert), `decoder` (a llama), `seq2seq` (a t5 with gated GELU, as T5 v1.1 and mT5), or a
            family by name.
        size: parameters in all, embeddings counted, shared ones once: 6M, 60M, 0.5B. Or give layers and width.
        layers: how many; a seq2seq has as many on each side.
        width: of the hidden states.
        heads: of attention; a divisor of the width, with an even number of dimensions each.
        feed_forward: width of the feed-forward layers: else four times the width, or 8/3 times where they are gated, and what
            the dial leaves over.
        tied: whether the head shares the matrix of the embeddings. T5 v1.1 and mT5 do not, but then a vocabulary costs twice;
            transformers 5 shares a t5's always.
        positions: the longest row, 512 where nothing is said; t5, umt5 and bloom have no limit.
        dropout: of all places where the family has one.
        scaled_residuals: divide the matrices that write into the residual stream by √(layers that write there), as Radford et
            al. 2019 do for GPT-2, so that its variance does not grow with depth. A gpt2 of transformers has it always.
        step: where to write.

    Raises:
        InputError: neither a size nor layers and width are given; the vocabulary is too large for the size; the width cannot be
            divided among the heads; the tokenizer lacks a mask that an encoder needs, or padding.
    """
    import torch
    import transformers

    from panglot.training.seeding import seeded

    name = family_of(architecture)
    family = FAMILIES[name]
    loaded = transformers.AutoTokenizer.from_pretrained(str(tokenizer.path), local_files_only=True)
    if family.kind == "encoder" and loaded.mask_token_id is None:
        raise InputError("an encoder that predicts hidden tokens needs a tokenizer with a mask token", where=tokenizer.path)
    shape = shape_of(
        name,
        tokenizer.vocabulary.size,
        size=parse_size(size) if size else None,
        layers=layers,
        width=width,
        heads=heads,
        feed_forward=feed_forward,
        tied=tied,
        positions=positions,
    )
    config = configuration(
        name,
        vocabulary=shape.vocabulary,
        layers=shape.layers,
        width=shape.width,
        heads=shape.heads,
        feed_forward=shape.feed_forward,
        tied=tied,
        dropout=dropout,
        positions=shape.positions,
        special=Special.of(loaded),
    )
    with seeded(step.seed), without_progress_bars():
        torch.manual_seed(step.seed)
        network: Any = getattr(transformers, family.model)(config)
        if scaled_residuals:
            _scale_residuals(network, family, shape.layers)
        folder = step.out / MODEL_FOLDER
        network.save_pretrained(str(folder), safe_serialization=True)
    tokenizer.vocabulary.save(folder)
    step.figures.update(shape.figures())
    step.figures["parameters"] = sum(each.numel() for each in network.parameters())
    if shape.embeddings > _MOSTLY_ROWS * shape.parameters:
        step.note(
            f"{shape.embeddings / shape.parameters:.0%} of the parameters are rows of tokens: a smaller vocabulary would leave "
            "more for the layers."
        )
    return write_model(
        step.out, name=f"new-{name}-{shape.layers}x{shape.width}", source="step", inspected=inspect_folder(folder)
    )


def _scale_residuals(network: "nn.Module", family: Family, layers: int) -> None:
    import torch

    if family.scaled:
        return
    found = [each for each in network.named_parameters() if each[0].endswith(family.residual_outputs)]
    sides = 2 if family.kind == "seq2seq" else 1
    factor = math.sqrt(len(found) / sides)
    assert len(found) >= 2 * layers
    with torch.no_grad():
        for _, each in found:
            each.div_(factor)
