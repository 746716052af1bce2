"""Which computation of attention is the quickest for a training."""

from typing import Any

from torch import nn

_LONGEST = 256


def choose_attention(network: nn.Module, *, device: str, precision: str, longest: int) -> str | None:
    """Let a network compute attention by plain products of matrices where that is quicker; the results are those of bf16.

    On a processor in bf16 the fused kernel of torch takes about twice as long for rows of up to 256 tokens, forward and
    backward (`benchmarks/RESULTS.md`); longer rows and fp32 stay with it, which needs less memory.

    Args:
        network: of transformers.
        device: its kind: cpu, cuda.
        precision: bf16 or fp32.
        longest: most tokens in a row.

    Returns:
        What the network computed with before, for `set_attn_implementation`; None where nothing was changed.
    """
    before = getattr(getattr(network, "config", None), "_attn_implementation", None)
    if device != "cpu" or precision != "bf16" or longest > _LONGEST or before != "sdpa":
        return None
    chosen: Any = network
    chosen.set_attn_implementation("eager")
    return str(before)
