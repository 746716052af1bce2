"""Which number format is quickest on a device: bfloat16 where there are instructions for it, float32 elsewhere."""

from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

Precision = Literal["bf16", "fp32"]

_PROCESSOR_FACTS = Path("/proc/cpuinfo")
_BF16_FLAGS = ("amx_bf16", "avx512_bf16")


class Choice(NamedTuple):
    """A number format and the reason, in a few words."""

    precision: Precision
    reason: str


@lru_cache
def processor_flags(facts: Path = _PROCESSOR_FACTS) -> frozenset[str]:
    """Instruction sets that the first processor names; empty where the system does not say."""
    try:
        lines = facts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def best_precision(device: str = "cpu") -> Precision:
    """The quicker format on a device.

    Args:
        device: a torch device, for example `cpu` or `cuda:0`.
    """
    return choose_precision(device).precision


def choose_precision(device: str = "cpu") -> Choice:
    """The quicker format on a device, with the reason.

    On a processor without bfloat16 instructions the format is emulated and several times slower than float32.

    Args:
        device: a torch device, for example `cpu` or `cuda:0`.

    Example:
        >>> choose_precision("mps")
        Choice(precision='fp32', reason='bfloat16 is not used on mps')
    """
    kind = device.partition(":")[0]
    if kind == "cuda":
        import torch

        if torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False):
            return Choice("bf16", "the GPU has bfloat16")
        return Choice("fp32", "the GPU has no bfloat16")
    if kind != "cpu":
        return Choice("fp32", f"bfloat16 is not used on {kind}")
    for flag in _BF16_FLAGS:
        if flag in processor_flags():
            return Choice("bf16", f"the processor has {flag}")
    return Choice("fp32", "the processor has no bfloat16 instructions")


def best_device() -> str:
    """`cuda` where there is a GPU that torch can use, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
