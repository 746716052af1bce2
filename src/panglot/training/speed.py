"""How quick a training was, and how much of the device's peak it used."""

from typing import Any

import torch
from torch import nn

from panglot.artifacts.memory import peak_memory_bytes
from panglot.training.machines import GPUS
from panglot.training.parallel import blocks

_SXM = {"H100": "h100", "H200": "h200", "A100": "a100"}
"""What the names of devices in SXM form hold, and what they are in the table of GPUs."""


def model_flops(network: nn.Module, *, tokens: int, labels: int, squared: int) -> float:
    """Operations that a model's forward and backward passes need, whatever the program did.

    6 · (parameters of the layers) a token, 6 · (vocabulary · width) a predicted token, since logits are computed nowhere else,
    and 12 · layers · width · Σ length² for attention (Chowdhery et al. 2022, appendix B).

    Args:
        network: a language model of transformers.
        tokens: how many went through it, without padding.
        labels: how many of them were predicted.
        squared: sum of the squares of the rows' lengths.

    Example:
        >>> from transformers import BertConfig, BertForMaskedLM
        >>> config = BertConfig(vocab_size=10, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4)
        >>> network = BertForMaskedLM(config)
        >>> layer = sum(each.numel() for each in network.bert.encoder.layer.parameters())
        >>> model_flops(network, tokens=3, labels=1, squared=9) == 6 * layer * 3 + 6 * 40 * 1 + 12 * 4 * 9
        True
    """
    model: Any = network
    config = model.config.get_text_config()
    layers = blocks(network)
    inside = sum(each.numel() for layer in layers for each in layer.parameters())
    head = int(config.vocab_size) * int(config.hidden_size)
    return 6.0 * inside * tokens + 6.0 * head * labels + 12.0 * len(layers) * int(config.hidden_size) * squared


def peak_flops(device: torch.device, precision: str) -> float | None:
    """Operations a second that a device has at its best; None where that is not known."""
    if device.type != "cuda" or precision != "bf16":
        return None
    name = torch.cuda.get_device_name(device)
    if "PCIe" in name or "NVL" in name:
        return None
    return next((GPUS[short].peak for kind, short in _SXM.items() if kind in name), None)


def memory_figures(device: torch.device) -> dict[str, int]:
    """Largest memory of this process, and of its GPU, in bytes."""
    found = {"peak_memory_bytes": peak_memory_bytes()}
    if device.type == "cuda":
        found["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated(device)
    return found
