"""How one model learns in several processes: whole in each of them (DDP), or in shards (FSDP2)."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, distributed, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from panglot.artifacts import InputError
from panglot.training.processes import Processes
from panglot.training.settings import Parallel


def chosen(parallel: Parallel, processes: Processes) -> Literal["none", "ddp", "fsdp2"]:
    """What is done for what was asked; `auto` is `ddp` where there are several processes.

    Raises:
        InputError: it needs another number of processes, or is not there.

    Example:
        >>> chosen("auto", Processes()), chosen("auto", Processes(1, 2))
        ('none', 'ddp')
    """
    if parallel == "deepspeed":
        raise InputError(
            "training with DeepSpeed is not built in",
            where="parallel",
            fix="take fsdp2, which shards weights, gradients and optimizer as ZeRO stage 3 does, or ddp",
        )
    if parallel == "auto":
        return "ddp" if processes.size > 1 else "none"
    if parallel == "none" and processes.size > 1:
        raise InputError(
            f"there are {processes.size} processes, and parallel is none", where="parallel", fix="take auto, ddp or fsdp2"
        )
    if parallel != "none" and processes.size == 1:
        # the same recipe on one process: there is nothing to share
        return "none"
    return parallel


class Learner:
    """A module whose parameters learn in all processes, and the whole network that it stands for.

    Attributes:
        network: the network whose parameters the optimizer holds: the one that was given, or with `fsdp2` a sharded copy.
        how: none, ddp, fsdp2.
    """

    def __init__(self, network: nn.Module, parallel: Parallel, processes: Processes) -> None:
        self.how = chosen(parallel, processes)
        self._whole, self._processes = network, processes
        if processes.size > 1:
            # weights that were drawn at random may differ from process to process
            for each in network.parameters():
                fill(each.data, each.data, processes)
        # what is sharded cannot be put together in place again
        self.network = copy.deepcopy(network) if self.how == "fsdp2" else network
        self.module: Any = None

    def wrap(self, module: nn.Module, device: torch.device, *, all_used: bool) -> nn.Module:
        """Let a module that holds `network` exchange gradients between processes.

        Args:
            module: what is called in each pass.
            device: where it computes.
            all_used: whether every pass gives every parameter a gradient.
        """
        if self.how == "ddp":
            self.module = nn.parallel.DistributedDataParallel(
                module,
                device_ids=[device] if device.type == "cuda" else None,
                find_unused_parameters=not all_used,
            )
        elif self.how == "fsdp2":
            from torch.distributed.device_mesh import init_device_mesh
            from torch.distributed.fsdp import fully_shard

            mesh = init_device_mesh(device.type, (self._processes.size,))
            for each in blocks(self.network):
                fully_shard(each, mesh=mesh)
            fully_shard(module, mesh=mesh)
            self.module = module
        else:
            self.module = module
        return self.module  # type: ignore[no-any-return]

    @contextmanager
    def without_exchange(self) -> Iterator[None]:
        """For all passes of a step but the last: gradients are added up in each process."""
        if self.how == "ddp":
            with self.module.no_sync():
                yield
        elif self.how == "fsdp2":
            self.module.set_requires_gradient_sync(False)
            try:
                yield
            finally:
                self.module.set_requires_gradient_sync(True)
        else:
            yield

    @torch.no_grad()
    def gather(self) -> None:
        """Bring the whole network up to date with its shards. All processes call it together."""
        if self.network is self._whole:
            return
        whole = dict(self._whole.named_parameters())
        for name, each in self.network.named_parameters():
            whole[name].copy_(full(each))


def full(tensor: Tensor) -> Tensor:
    """A tensor as a whole, wherever its shards are. All processes call it together."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


@torch.no_grad()
def fill(tensor: Tensor, value: Tensor, processes: Processes) -> None:
    """Give a tensor, whole or in shards, the value that the first process has. All processes call it together."""
    value = value.to(tensor.device, tensor.dtype)
    if isinstance(tensor, DTensor):
        tensor.copy_(distribute_tensor(value, tensor.device_mesh, tensor.placements))
        return
    tensor.copy_(value)
    if processes.size > 1:
        distributed.broadcast(tensor, src=0)


def blocks(network: nn.Module) -> list[nn.Module]:
    """The layers of a network: the members of its outermost lists of modules of one class.

    Example:
        >>> [type(each).__name__ for each in blocks(nn.Sequential(nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])))]
        ['Linear', 'Linear']
    """
    found: list[nn.Module] = []
    for each in network.children():
        if isinstance(each, nn.ModuleList) and len({type(one) for one in each}) == 1:
            found.extend(each)
        else:
            found.extend(blocks(each))
    return found
