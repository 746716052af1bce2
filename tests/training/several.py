"""Scripts of these tests in as many processes as are asked for."""

import os
import subprocess
import sys
from pathlib import Path

import panglot

HERE = Path(__file__).parent
SOURCE = Path(panglot.__file__).parent.parent


def environment():
    own = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
    return {**own, "PYTHONPATH": f"{SOURCE}{os.pathsep}{HERE}", "OMP_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error"}


def torchrun(*arguments, processes=2, timeout=240):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment(), check=False)
