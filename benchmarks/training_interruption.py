"""`kill -9` at ten random steps of a training, and the same command again: the weights are those of an undisturbed run.

    python benchmarks/training_interruption.py
    python benchmarks/training_interruption.py --model tiny:bert --processes 2 --parallel fsdp2 --kills 10

An undisturbed run trains a tiny model. Another run is killed when its checkpoints say that it has passed a random step, after a
random part of a second more; then the same command is given again. With one process the final weights must be equal bit by bit;
with more they may differ by 1e-5, because sums come in another order. All processes of the run are killed together, or, every
second time, one of the workers alone.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = (
    "Witajće", "lubi", "přećeljo", "ދިވެހި", "ราชการ", "ពាក្យខ្មែរ", "one", "two", "κόσμος", "мир", "世界平和", "שלום", "සිංහල",
    "தமிழ்", "ᏣᎳᎩ", "𞤀𞤣𞤤𞤢𞤥",
)  # fmt: skip
CLOSE = 1e-5


def recipe(place: Path, model: str, steps: int, parallel: str, every: int, seed: int) -> Path:
    draw = random.Random(seed)
    text = place / "text.txt"
    lines = (" ".join(draw.choice(WORDS) for _ in range(draw.randint(2, 40))) for _ in range(600))
    text.write_text("\n".join(lines), encoding="utf-8")
    path = place / "recipe.yaml"
    path.write_text(
        f"""name: interruption
seed: {seed}
steps:
  text: {{use: corpus.read_text, files: ["{text}"], language: hsb_Latn}}
  base: {{use: models.load, name: "{model}"}}
  trained: {{use: training.language_model, model: $base, text: $text, steps: {steps}, batch_bytes: 2048, sequence_length: 64,
    learning_rate: 3.0e-3, precision: fp32, checkpoint_every: "{every} steps", parallel: {parallel}}}
""",
        encoding="utf-8",
    )
    return path


def command(path: Path, out: Path, processes: int) -> list[str]:
    python = (
        [sys.executable]
        if processes == 1
        else [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    )
    return [*python, "-m", "panglot", "run", str(path), "--out", str(out), "--quiet"]


def checkpoint(out: Path) -> int:
    """The last step that a checkpoint says is done."""
    found = (each.name.removeprefix("checkpoint-") for each in out.glob("steps/.scratch/*/checkpoint-*"))
    return max((int(each) for each in found if each.isdecimal()), default=0)


def whole(out: Path) -> bool:
    return (out / "steps" / "trained" / "manifest.json").is_file()


def children(parent: int) -> list[int]:
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = each.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(each.parent.name))
    return found


def kill(process: "subprocess.Popen[bytes]", one: bool, draw: random.Random) -> None:
    workers = children(process.pid)
    if one and workers:
        os.kill(draw.choice(workers), signal.SIGKILL)
        # the launcher ends the others
        process.wait(timeout=120)
        return
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def differences(one: Path, other: Path) -> tuple[float, bool]:
    """The largest difference between weights, and whether the files are equal."""
    from safetensors.torch import load_file

    files = [each / "steps" / "trained" / "model" / "model.safetensors" for each in (one, other)]
    first, second = (load_file(each) for each in files)
    most = max(float((first[name] - second[name]).abs().max()) for name in first)
    return most, files[0].read_bytes() == files[1].read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny:bert")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--every", type=int, default=3, help="Steps between checkpoints.")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--parallel", default="auto")
    parser.add_argument("--seed", type=int, default=17)
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="training-interruption-"))
    try:
        path = recipe(place, asked.model, asked.steps, asked.parallel, asked.every, asked.seed)
        calm, disturbed = place / "calm", place / "disturbed"
        subprocess.run(command(path, calm, asked.processes), check=True, stdout=subprocess.DEVNULL)
        draw = random.Random(asked.seed)
        targets = sorted(draw.sample(range(1, asked.steps - 1), asked.kills))
        print(f"seed {asked.seed}; to be killed after steps {', '.join(map(str, targets))}", flush=True)
        killed = 0
        for number, target in enumerate(targets):
            process = subprocess.Popen(
                command(path, disturbed, asked.processes),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            while process.poll() is None and checkpoint(disturbed) < target - asked.every:
                time.sleep(0.002)
            time.sleep(draw.uniform(0, 0.3))
            if process.poll() is not None:
                sys.exit(f"the run ended with code {process.returncode} before it could be killed after step {target}")
            alone = asked.processes > 1 and number % 2 == 1
            kill(process, alone, draw)
            killed += not whole(disturbed)
            print(f"killed {'one process ' if alone else ''}with checkpoint {checkpoint(disturbed)}", flush=True)
        subprocess.run(command(path, disturbed, asked.processes), check=True, stdout=subprocess.DEVNULL)
        most, equal = differences(calm, disturbed)
        held = equal if asked.processes == 1 else most <= CLOSE
        line = {
            "benchmark": "training_interruption",
            "ours": most,
            "peer": 0.0 if asked.processes == 1 else CLOSE,
            "unit": "largest difference between final weights",
            "ratio": 1.0 if held else 0.0,
            "n": killed,
            "bitwise": equal,
            "processes": asked.processes,
            "parallel": asked.parallel,
            "model": asked.model,
        }
        print(json.dumps(line))
        sys.exit(0 if held else 1)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
