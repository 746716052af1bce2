"""Shares some networks between processes and ends as Python ends; run by test_language_processes.py.

torchrun --nproc-per-node 2 ending_processes.py PLACE WAY…        each process writes how many threads it has to PLACE/RANK
"""

import os
import sys
import time
from pathlib import Path

import torch
from torch import nn

from panglot.training.parallel import Learner
from panglot.training.processes import Processes, joined, together

THREADS = Path("/proc/self/task")


def threads() -> list[Path]:
    return [each for each in THREADS.iterdir() if (each / "comm").read_text().startswith("pt_gloo")]


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        for each in self.layers:
            given = each(given)
        return given.sum()


def learn(parallel: str, processes: Processes) -> None:
    learner = Learner(Network(), parallel, processes)
    wrapped = learner.wrap(learner.network, torch.device("cpu"), all_used=True)
    learner.begin(torch.optim.AdamW(wrapped.parameters()), most=1.0)
    for _ in range(3):
        learner.backward(learner.loss(torch.ones(2, 8)))
        learner.clip(1.0)
    learner.gather()
    learner.end()


if __name__ == "__main__":
    with joined() as found:
        # a thread has the name of who started it until it gives itself one
        until = time.monotonic() + 30
        while len(threads()) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        # on a machine with other work a thread of gloo comes late to what it has to tidy up
        for each in threads():
            os.sched_setscheduler(int(each.name), os.SCHED_IDLE, os.sched_param(0))
        seen = len(threads())
        with together(found):
            for each in sys.argv[2:]:
                learn(each, found)
        for _ in range(5):
            found.summed([1.0] * 1000)
    Path(sys.argv[1], str(found.rank)).write_text(f"{seen} {len(threads())}")
