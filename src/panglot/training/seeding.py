"""Every source of randomness from one seed."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python, numpy and torch, and ask torch for deterministic kernels, while the block runs; then put all back.

    Where a kernel has no deterministic form torch warns instead of failing: on a processor all those that an encoder needs are
    deterministic, on a GPU equal bytes are not promised. Equal bytes also need an equal number of threads.

    Args:
        seed: any integer; numpy takes it modulo 2³².

    Example:
        >>> with seeded(17):
        ...     first = torch.rand(1)
        >>> with seeded(17):
        ...     bool(torch.rand(1) == first)
        True
    """
    # CUDA reads this when it makes its first handle; without it cuBLAS may differ from run to run
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    python, legacy = random.getstate(), np.random.get_state()
    strict, warn_only = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    settings: Any = torch.utils.deterministic
    fill = settings.fill_uninitialized_memory
    with torch.random.fork_rng():
        try:
            random.seed(seed)
            np.random.seed(seed % 2**32)
            torch.manual_seed(seed)
            torch.use_deterministic_algorithms(True, warn_only=True)
            # else every new tensor is filled with NaN first
            settings.fill_uninitialized_memory = False
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)
            torch.use_deterministic_algorithms(strict, warn_only=warn_only)
            settings.fill_uninitialized_memory = fill


class RandomState:
    """Where torch's generators stand, to be put back before a piece of work is done again."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._processor = torch.get_rng_state()
        self._gpu = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def restore(self) -> None:
        """Put them back."""
        torch.set_rng_state(self._processor)
        if self._gpu is not None:
            torch.cuda.set_rng_state(self._gpu, self._device)
