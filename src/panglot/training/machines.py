"""GPUs by name: what their vendor's sheet says of speed, memory and power."""

import re
from dataclasses import dataclass

from panglot.artifacts import InputError, did_you_mean

GIB = 1 << 30
_ASKED = re.compile(r"(?:(\d{1,5})\s*[x×*]\s*)?(.+)", re.ASCII)


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU.

    Attributes:
        label: its name as people write it.
        peak: floating-point operations a second, dense (not the doubled figure for sparse matrices), in `precision`.
        precision: bf16, or fp32 for those without bf16, which are then trained in fp32.
        memory: bytes.
        watts: highest power of the board.
    """

    label: str
    peak: float
    precision: str
    memory: int
    watts: float


def _bf16(label: str, teraflops: float, gib: int, watts: float) -> Gpu:
    return Gpu(label, teraflops * 1e12, "bf16", gib * GIB, watts)


GPUS: dict[str, Gpu] = {
    "h200": _bf16("H200 SXM", 989, 141, 700),
    "h100": _bf16("H100 SXM", 989, 80, 700),
    "a100": _bf16("A100 SXM 80 GB", 312, 80, 400),
    "a100-40gb": _bf16("A100 SXM 40 GB", 312, 40, 400),
    "l40s": _bf16("L40S", 362, 48, 350),
    "a40": _bf16("A40", 149.7, 48, 300),
    "a10": _bf16("A10", 125, 24, 150),
    "l4": _bf16("L4", 121, 24, 72),
    "4090": _bf16("RTX 4090", 165, 24, 450),
    "v100": Gpu("V100 SXM 32 GB", 15.7e12, "fp32", 32 * GIB, 300),
    "t4": Gpu("T4", 8.1e12, "fp32", 16 * GIB, 70),
}
"""Short name to GPU, the quickest first."""


@dataclass(frozen=True)
class Gpus:
    """Some GPUs of one kind."""

    gpu: Gpu
    count: int

    def __str__(self) -> str:
        return self.gpu.label if self.count == 1 else f"{self.count} × {self.gpu.label}"


def find_gpus(asked: str) -> Gpus:
    """GPUs by name, and how many.

    Args:
        asked: `H100`, `8xH100`, `rtx 4090`.

    Raises:
        InputError: no such GPU is known, or none is asked for.

    Example:
        >>> str(find_gpus("8xH100")), str(find_gpus("NVIDIA RTX 4090"))
        ('8 × H100 SXM', 'RTX 4090')
    """
    found = _ASKED.fullmatch(asked.strip())
    count, said = (found[1] or "1", found[2]) if found else ("1", "")
    short = re.sub(r"^(nvidia|tesla|geforce|rtx|-|\s)+", "", said.lower().strip()).replace(" ", "-")
    short = re.sub(r"-(sxm\d?|80gb|32gb|141gb|80-gb|32-gb)$", "", short)
    if short not in GPUS:
        fix = did_you_mean(short, list(GPUS)) or f"there are {', '.join(GPUS)}"
        raise InputError(f"no GPU is known as {said!r}", where="--gpu", fix=fix)
    if int(count) < 1:
        raise InputError("at least one GPU is needed", where="--gpu")
    return Gpus(GPUS[short], int(count))


def gpu_of_this_machine() -> Gpu | None:
    """The first GPU here, where torch can use it and its kind is known."""
    import torch

    if not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name(0).lower()
    return next((each for short, each in GPUS.items() if re.search(rf"\b{short.split('-')[0]}\b", name)), None)
