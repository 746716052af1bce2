"""Hours, memory and energy of a training, on this machine as a probe measured it and on GPUs by name."""

from dataclasses import dataclass, replace

from panglot.artifacts import InputError
from panglot.training.machines import Gpu, Gpus
from panglot.training.memory import TrainingMemory, training_memory
from panglot.training.planned_model import PlannedModel
from panglot.training.probe import Probe

UTILISATION = 0.4
"""Share of a GPU's peak that training is assumed to reach (model-FLOPs utilisation, Chowdhery et al. 2022)."""
_SPREAD = 0.1
_USABLE = 0.92
_TOKENS_AT_A_TIME = 65536


@dataclass(frozen=True)
class Work:
    """What is to be done.

    Attributes:
        tokens: that the model sees.
        batch_tokens: in a step.
        row: in a row.
        labelled: share of them that are predicted.
        checkpointing: whether layers are computed again in the backward pass: a third more work.
    """

    tokens: float
    batch_tokens: float
    row: int
    labelled: float = 1.0
    checkpointing: bool = False


@dataclass(frozen=True)
class MachineEstimate:
    """What a training takes on a machine.

    Attributes:
        machine: its name.
        measured: whether the speed was measured, or follows from the vendor's peak and an assumed utilisation.
        tokens_per_second: of all GPUs together.
        slow: the lower end of it.
        fast: the upper end of it.
        memory: of one GPU, by parts; None where it is not known.
        memory_has: bytes that one GPU has, or this machine; None where that is not known.
        tokens_at_a_time: that go through the model together on one GPU.
        fits: yes; sharded, where weights and optimizer must be spread over the GPUs; or no.
        watts: of all GPUs together at their highest; None where it is not known.
        precision: of computing.
        hours: at `tokens_per_second`.
        hours_low: at `fast`.
        hours_high: at `slow`.
    """

    machine: str
    measured: bool
    tokens_per_second: float
    slow: float
    fast: float
    memory: TrainingMemory
    memory_has: int | None
    tokens_at_a_time: int
    fits: str
    watts: float | None
    precision: str
    hours: float
    hours_low: float
    hours_high: float

    @property
    def kilowatt_hours(self) -> tuple[float, float, float] | None:
        """Power times hours: the estimate, and its ends; with the boards' highest power."""
        if self.watts is None:
            return None
        watts = self.watts / 1000
        return watts * self.hours, watts * self.hours_low, watts * self.hours_high


def on_gpus(
    model: PlannedModel, gpus: Gpus, work: Work, *, a_token: int | None, utilisation: float = UTILISATION
) -> MachineEstimate:
    """Estimate from a vendor's peak: tokens a second = count · peak · utilisation / operations a token.

    Nothing is taken off for what several GPUs say to each other. The range is that of a utilisation a tenth lower and higher.

    Args:
        model: what is trained.
        gpus: where.
        work: what is to be done.
        a_token: bytes of activations of a token, in the GPU's precision.
        utilisation: assumed share of the peak.

    Raises:
        InputError: the utilisation is not between 0 and 1.
    """
    if not 0 < utilisation <= 1:
        raise InputError(f"a utilisation of {utilisation:g} is no share of the peak", where="--utilisation")
    gpu, count = gpus.gpu, gpus.count
    # the forward pass, a third of the work, is made once more
    operations = model.operations(work.row, work.labelled) * (4 / 3 if work.checkpointing else 1)
    speeds = [
        count * gpu.peak * each / operations
        for each in (utilisation, max(utilisation - _SPREAD, utilisation / 2), min(utilisation + _SPREAD, 1))
    ]
    memory, at_once, fits = _fitted(model, gpu, count, work, a_token)
    return _estimate(
        str(gpus), work, speeds, memory=memory, has=gpu.memory, at_once=at_once, fits=fits, watts=count * gpu.watts,
        precision=gpu.precision, measured=False,
    )  # fmt: skip


def on_this_machine(
    model: PlannedModel, found: Probe, work: Work, *, a_token: int | None, gpu: Gpu | None, has: int | None, at_once: int
) -> MachineEstimate:
    """Estimate from a probe: the range is that between the slower and the faster steps.

    Args:
        model: what is trained.
        found: what the probe measured.
        work: what is to be done.
        a_token: bytes of activations of a token, in the probe's precision.
        gpu: that of this machine, where its kind is known.
        has: bytes of memory.
        at_once: tokens that went through the model together.
    """
    memory = _memory(model, work, at_once, a_token, found.precision)
    name = gpu.label if gpu else "this GPU" if found.device.startswith("cuda") else f"this processor, {found.threads} threads"
    speeds = [found.tokens_per_second, found.low, found.high]
    return _estimate(
        name, work, speeds, memory=memory, has=has, at_once=at_once, fits="yes", watts=gpu.watts if gpu else None,
        precision=found.precision, measured=True,
    )  # fmt: skip


def _estimate(
    name: str, work: Work, speeds: list[float], *, memory: TrainingMemory, has: int | None, at_once: int, fits: str,
    watts: float | None, precision: str, measured: bool,
) -> MachineEstimate:  # fmt: skip
    hours, most, least = (work.tokens / each / 3600 for each in speeds)
    return MachineEstimate(
        machine=name,
        measured=measured,
        tokens_per_second=speeds[0],
        slow=speeds[1],
        fast=speeds[2],
        memory=memory,
        memory_has=has,
        tokens_at_a_time=at_once,
        fits=fits,
        watts=watts,
        precision=precision,
        hours=hours,
        hours_low=least,
        hours_high=most,
    )


def _memory(model: PlannedModel, work: Work, tokens: int, a_token: int | None, precision: str) -> TrainingMemory:
    return training_memory(
        model, tokens=tokens, a_token=a_token, precision=precision, labelled=work.labelled, checkpointing=work.checkpointing
    )


def _fitted(model: PlannedModel, gpu: Gpu, count: int, work: Work, a_token: int | None) -> tuple[TrainingMemory, int, str]:
    """Memory with as many tokens at a time as fit: the trainer halves them in the same way where they do not."""
    most = max(work.row, int(min(_TOKENS_AT_A_TIME, work.batch_tokens / count)))
    for fits, parts in (("yes", 1), ("sharded", count)):
        tokens = most
        while True:
            memory = _memory(model, work, tokens, a_token, gpu.precision)
            if parts > 1:
                memory = replace(
                    memory,
                    weights=memory.weights // parts,
                    gradients=memory.gradients // parts,
                    optimizer=memory.optimizer // parts,
                )
            if memory.total <= _USABLE * gpu.memory:
                return memory, tokens, fits
            if tokens <= work.row:
                break
            tokens = max(work.row, tokens // 2)
        if count == 1:
            break
    return _memory(model, work, work.row, a_token, gpu.precision), work.row, "no"
