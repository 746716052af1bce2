"""How much memory training takes, by parts, before anything is trained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from panglot.training.planned_model import PlannedModel

_FP32, _BF16 = 4, 2
_MOMENTS = 2
_LEAST_ROWS = 16


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes, by what they hold.

    Attributes:
        weights: in fp32, 4 a parameter.
        gradients: in fp32, 4 a parameter that is trained.
        optimizer: the two moments of AdamW in fp32, 8 a parameter that is trained.
        casts: weights in bf16 for computing, 2 a parameter; none in fp32.
        activations: what the backward pass needs of the tokens that go through the model together; None where it depends on the
            data (models with experts).
        logits: a piece of them, its logarithms and its gradient, and the gradient of the head's matrix.
    """

    weights: int
    gradients: int
    optimizer: int
    casts: int
    activations: int | None
    logits: int

    @property
    def lasting(self) -> int:
        """What does not hang on how many tokens go through the model together."""
        return self.weights + self.gradients + self.optimizer + self.casts + self.logits

    @property
    def total(self) -> int:
        """All parts that are known."""
        return self.lasting + (self.activations or 0)


def training_memory(
    model: PlannedModel,
    *,
    tokens: int,
    a_token: int | None,
    precision: str = "fp32",
    labelled: float = 1.0,
    checkpointing: bool = False,
    trained: int | None = None,
) -> TrainingMemory:
    """Bytes that training takes at its highest, by parts.

    With checkpointing each layer keeps its input (4 bytes, or 2 in bf16, a number), and one layer at a time all the rest.

    Args:
        model: what is trained.
        tokens: that go through the model together.
        a_token: bytes of activations of a token, from `activation_bytes`; None where it could not tell.
        precision: `bf16` or `fp32`, of computing; weights, gradients and moments are fp32 always.
        labelled: share of the tokens that are predicted.
        checkpointing: whether layers are computed again in the backward pass.
        trained: parameters that are trained; all where nothing is said.
    """
    from panglot.objectives.labelled import LOGITS_AT_ONCE

    learning = model.parameters if trained is None else trained
    rows = min(max(_LEAST_ROWS, LOGITS_AT_ONCE // model.vocabulary), max(1, round(tokens * labelled)))
    if a_token is not None and checkpointing:
        number = _BF16 if precision == "bf16" else _FP32
        a_token = model.layers * model.width * number + -(-a_token // model.layers)
    return TrainingMemory(
        weights=_FP32 * model.parameters,
        gradients=_FP32 * learning,
        optimizer=_FP32 * _MOMENTS * learning,
        casts=_BF16 * model.parameters if precision == "bf16" else 0,
        activations=None if a_token is None else tokens * a_token,
        logits=2 * _FP32 * rows * model.vocabulary + _FP32 * model.head,
    )


def activation_bytes(build: Callable[[], Any], *, row: int, precision: str = "fp32") -> int | None:
    """Bytes a token that the backward pass needs of the forward pass, weights and logits left out.

    Counted, not estimated: the model's own code is run on tensors without data, and every tensor that autograd keeps is counted
    once. It holds for rows without padding, and for attention that keeps no matrix of row × row.

    Args:
        build: makes the network.
        row: tokens in a row.
        precision: of computing.

    Returns:
        The bytes, or None where what is computed depends on the data (models with experts).
    """
    import torch
    from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode
    from transformers.initialization import no_init_weights

    kept: dict[int, tuple[int, Any]] = {}
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            with no_init_weights():
                network = build().train()
            if any(".experts." in name for name, _ in network.named_parameters()):
                return None
            weights = {each.untyped_storage()._cdata for each in network.parameters()}

            def keep(tensor: Any) -> Any:
                storage = tensor.untyped_storage()
                if storage._cdata not in weights:
                    # the tensor is held, so that its storage's number is given to no other
                    kept[storage._cdata] = (storage.nbytes(), tensor)
                return tensor

            ids = torch.ones((1, row), dtype=torch.long)
            autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda each: each), autocast:
                if getattr(network.config, "is_encoder_decoder", False):
                    network.base_model(input_ids=ids, decoder_input_ids=ids)
                else:
                    network.base_model(input_ids=ids)
    except (DataDependentOutputException, DynamicOutputShapeException):
        return None
    return -(-sum(size for size, _ in kept.values()) // row)
