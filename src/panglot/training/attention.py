"""Which computation of attention is the quickest for a training."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from torch import nn

_LONGEST = 256


class QuickestAttention:
    """Lets a network compute attention by plain products of matrices while it trains, where that is quicker.

    On a processor in bf16 the fused kernel of torch takes 2.6 times as long for rows of 128 tokens, forward and backward, and
    as long for rows of 256 (`benchmarks/attention.py`); longer rows and fp32 stay with it, which needs less memory. The results
    are those of bf16, in another order of sums.

    Args:
        network: of transformers.
        device: its kind: cpu, cuda.
        precision: bf16 or fp32.
        longest: most tokens in a row.
    """

    def __init__(self, network: nn.Module, *, device: str, precision: str, longest: int) -> None:
        self._network = cast(Any, network)
        self._own = getattr(getattr(network, "config", None), "_attn_implementation", None)
        self.changed = device == "cpu" and precision == "bf16" and longest <= _LONGEST and self._own == "sdpa"
        if self.changed:
            self._network.set_attn_implementation("eager")

    def give_back(self) -> None:
        """Let the network compute as it did before."""
        if self.changed:
            self._network.set_attn_implementation(self._own)

    @contextmanager
    def own(self) -> Iterator[None]:
        """The network's own computation, for a measurement on the way."""
        self.give_back()
        try:
            yield
        finally:
            if self.changed:
                self._network.set_attn_implementation("eager")
