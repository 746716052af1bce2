"""A probe of some seconds: real steps of the real model's shape on this machine, through the trainer itself."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import Step
from panglot.artifacts.memory import peak_memory_bytes, reset_peak_memory

if TYPE_CHECKING:
    from panglot.corpus.documents import Documents
    from panglot.objectives.opening import Opened

_LEAST_STEPS, _STEPS, _MOST_STEPS = 3, 6, 2000
_SAMPLE_BYTES = 4 << 20


@dataclass(frozen=True)
class Probe:
    """What a probe measured.

    Attributes:
        tokens_per_second: the median of the steps.
        low: of a tenth of the steps slower than this.
        high: of a tenth of the steps faster than this.
        steps: that were measured, the first ones left out.
        seconds: that they took.
        batch_tokens: tokens in a step, the mean.
        peak_memory: bytes at the highest: of a GPU's memory, or of the whole process.
        device: of torch.
        precision: of computing.
        threads: of torch, on a processor.
    """

    tokens_per_second: float
    low: float
    high: float
    steps: int
    seconds: float
    batch_tokens: float
    peak_memory: int
    device: str
    precision: str
    threads: int


def probe(
    opened: "Opened", text: "Documents", *, seconds: float, row: int, at_once: int, bytes_a_token: float,
    checkpointing: bool = False, seed: int = 0,
) -> Probe:  # fmt: skip
    """Train an opened model for some seconds, and forget what it learnt.

    Two steps of one row are made first, in which memory is taken and kernels are chosen. Their pace says how large a batch may
    be so that six steps fit into the time; on a slow machine with a large model that is one row, and three steps are measured
    however long they take.

    Args:
        opened: the model; its weights change.
        text: what it learns from.
        seconds: to measure; the two steps before come on top.
        row: most tokens in a row.
        at_once: most tokens in a step.
        bytes_a_token: of the text.
        checkpointing: whether layers are computed again in the backward pass.
        seed: of the order of the text.
    """
    from panglot.training.language_training import train
    from panglot.training.settings import Training

    def steps(count: int, tokens: float, folder: Path) -> tuple[list[float], NDArray[np.float64], dict[str, Any]]:
        moments: list[float] = []
        folder.mkdir()
        step = Step(folder, seed=seed)
        training = Training(
            steps=count,
            batch_bytes=max(64, round(tokens * bytes_a_token)),
            sequence_length=row,
            learning_rate=1e-6,
            gradient_checkpointing=checkpointing,
        )
        train(
            opened, text, training, step, measure=lambda _: moments.append(time.monotonic()), measure_after=range(1, count + 1)
        )
        curve = json.loads((folder / "curve.json").read_text(encoding="utf-8"))
        return moments, np.array([each["tokens"] for each in curve], dtype=np.float64), step.figures

    with TemporaryDirectory() as place:
        moments, tokens, _ = steps(2, row, Path(place) / "first")
        pace = float(tokens[1]) / max(moments[1] - moments[0], 1e-4)
        batch = min(at_once, max(row, pace * seconds / _STEPS))
        count = min(_MOST_STEPS, max(_LEAST_STEPS, int(pace * seconds / batch))) + 1
        with _peak() as found:
            moments, tokens, figures = steps(count, batch, Path(place) / "measured")
    took = np.diff(np.array(moments))
    speeds = tokens[1:] / took
    low, high = np.percentile(speeds, [10, 90])
    return Probe(
        tokens_per_second=float(median(speeds)),
        low=float(low),
        high=float(high),
        steps=len(speeds),
        seconds=float(took.sum()),
        batch_tokens=float(tokens[1:].mean()),
        peak_memory=found[0],
        device=str(figures["device"]),
        precision=str(figures["precision"]),
        threads=_threads(),
    )


def probe_text(opened: "Opened", text: "Documents | None", folder: Path, *, seed: int = 0) -> "Documents":
    """A few megabytes to probe with: of the text that is to be learnt from, or drawn at random from the tokenizer.

    Args:
        opened: the model.
        text: None where there is none yet.
        folder: to write in.
        seed: of the drawing.
    """
    import torch

    from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter

    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        size = 0
        for each in _drawn(opened, torch.Generator().manual_seed(seed)) if text is None else text.texts():
            writer.document(each, "und", source="probe")
            size += len(each.encode("utf-8", "replace"))
            if size > (_SAMPLE_BYTES if text is not None else _SAMPLE_BYTES // 8):
                break
    return Documents(folder)


def _drawn(opened: "Opened", generator: Any) -> Iterator[str]:
    import torch

    drawable = opened.tokens.drawable
    while True:
        chosen = drawable[torch.randint(len(drawable), (1024,), generator=generator)]
        yield opened.tokenizer.decode(chosen.tolist(), skip_special_tokens=True)


@contextmanager
def _peak() -> Iterator[list[int]]:
    """The peak of a GPU's memory, or of this process's."""
    import torch

    found: list[int] = []
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        yield found
        found.append(int(torch.cuda.max_memory_allocated()))
        return
    reset_peak_memory()
    yield found
    found.append(peak_memory_bytes())


def _threads() -> int:
    import torch

    return torch.get_num_threads()
