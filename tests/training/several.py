"""Scripts of these tests in as many processes as are asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

from language_cases import LINES

import panglot

HERE = Path(__file__).parent
SOURCE = Path(panglot.__file__).parent.parent


def environment():
    own = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
    return {**own, "PYTHONPATH": f"{SOURCE}{os.pathsep}{HERE}", "OMP_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error"}


def torchrun(*arguments, processes=2, timeout=240):
    # one process needs nobody to start it, and that somebody imports torch too
    start = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)] if processes > 1 else []
    command = [sys.executable, *start, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment(), check=False)


def recipe(folder, **more):
    folder.mkdir(exist_ok=True)
    (folder / "text.txt").write_text("\n".join(LINES), encoding="utf-8")
    settings = {"steps": 4, "batch_bytes": 256, "sequence_length": 64, "precision": "fp32", **more}
    steps = {
        "text": {"use": "corpus.read_text", "files": [str(folder / "text.txt")], "language": "hsb_Latn"},
        "base": {"use": "models.load", "name": "tiny:llama"},
        "trained": {"use": "training.language_model", "model": "$base", "text": "$text", **settings},
    }
    path = folder / "recipe.yaml"
    path.write_text(json.dumps({"name": "several", "steps": steps}), encoding="utf-8")
    return path
