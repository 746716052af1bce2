"""The two sides of `masked_lm.py` and `causal_lm.py`, each in a process of its own: Panglot's trainer and the usual script.

Both train the same model on the same batches (ids, mask and labels, made beforehand by the standard collator of transformers)
with the same optimizer, schedule and number of steps. The usual side is what the example scripts of transformers do:
`AutoModelFor…`, a collator and `Trainer`; the model computes its own loss.
"""

import argparse
import gettext
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

LEARNING_RATE = 1e-4
WARM = 1
"""Steps that are not timed: the first one builds what later ones reuse."""


def catalogue_text() -> list[str]:
    """Strings of the gettext catalogues of Django in all its languages."""
    found = find_spec("django")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("django is not installed: pip install 'panglot[demo]'")
    root = Path(next(iter(found.submodule_search_locations)))
    texts: list[str] = []
    for path in sorted(root.rglob("*.mo")):
        with path.open("rb") as stream:
            said: Any = gettext.GNUTranslations(stream)
        texts += [each for each in said._catalog.values() if isinstance(each, str) and each.strip() and "\n\n" not in each]
    return sorted(set(texts), key=lambda each: hash_of(each))


def hash_of(text: str) -> int:
    import xxhash

    return xxhash.xxh3_64_intdigest(text.encode())


def blocks(ids: Sequence[Sequence[int]], length: int, count: int) -> list[list[int]]:
    """Tokens of all texts one behind another in rows of equal length, as the example scripts group them."""
    flat: list[int] = []
    while len(flat) < length * count:
        flat += [each for row in ids for each in row]
    return [flat[at * length : (at + 1) * length] for at in range(count)]


def run_sides(folder: Path, *, loader: str, steps: int, precision: str, repeats: int) -> dict[str, dict[str, Any]]:
    """Run both sides in turn; give of each its best rate, its peak memory and its losses."""
    best: dict[str, dict[str, Any]] = {}
    for number in range(repeats):
        for side in ("usual", "ours"):
            command = [sys.executable, __file__, side, str(folder), "--loader", loader, "--steps", str(steps)]
            done = subprocess.run([*command, "--precision", precision], capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"the side {side} failed:\n{done.stderr[-3000:]}")
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"run {number + 1}, {side}: {found['tokens_per_second']:.0f} tokens/s, {found['peak_mib']:.0f} MiB", flush=True
            )
            if side not in best or found["tokens_per_second"] > best[side]["tokens_per_second"]:
                best[side] = found
    return best


def conclude(benchmark: str, sides: dict[str, dict[str, Any]], **more: Any) -> None:
    """Print a table and the line of JSON."""
    ours, usual = sides["ours"], sides["usual"]
    apart = max(abs(one - other) for one, other in zip(ours["losses"], usual["losses"], strict=True))
    print(f"\n{'':14}{'tokens/s':>12}{'peak MiB':>12}{'above start':>14}{'last loss':>12}")
    for name, each in (("usual", usual), ("panglot", ours)):
        rate, peak, more_than = each["tokens_per_second"], each["peak_mib"], each["peak_mib"] - each["start_mib"]
        print(f"{name:14}{rate:>12.0f}{peak:>12.0f}{more_than:>14.0f}{each['losses'][-1]:>12.5f}")
    said = {
        "benchmark": benchmark,
        "ours": round(ours["tokens_per_second"], 1),
        "peer": round(usual["tokens_per_second"], 1),
        "unit": "tokens/s",
        "ratio": round(ours["tokens_per_second"] / usual["tokens_per_second"], 2),
        "memory_ratio": round(ours["peak_mib"] / usual["peak_mib"], 3),
        "losses_apart": round(apart, 7),
        "n": len(ours["losses"]),
        **more,
    }
    print(json.dumps(said))


def _memory(field: str) -> float:
    line = next(each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith(field))
    return int(line.split()[1]) / 1024


def _usual(folder: Path, loader: str, steps: list[dict[str, torch.Tensor]], precision: str) -> dict[str, Any]:
    import transformers
    from transformers import Trainer, TrainerCallback, TrainingArguments

    model = getattr(transformers, loader).from_pretrained(folder / "model", dtype=torch.float32)
    losses: list[float] = []
    stamps: list[float] = []

    class Watch(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            stamps.append(time.perf_counter())

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
            if logs and "loss" in logs:
                losses.append(float(logs["loss"]))

    rows = [{name: each[at] for name, each in step.items()} for step in steps for at in range(len(step["input_ids"]))]
    with tempfile.TemporaryDirectory() as place:
        arguments = TrainingArguments(
            output_dir=place, max_steps=len(steps), per_device_train_batch_size=len(steps[0]["input_ids"]),
            learning_rate=LEARNING_RATE, lr_scheduler_type="constant", weight_decay=0.01, report_to=[], disable_tqdm=True,
            save_strategy="no", logging_steps=1, logging_nan_inf_filter=False, train_sampling_strategy="sequential",
            use_cpu=not torch.cuda.is_available(), bf16=precision == "bf16", remove_unused_columns=False, seed=17,
        )  # fmt: skip
        trainer = Trainer(model=model.train(), args=arguments, train_dataset=rows, callbacks=[Watch()])
        start = _memory("VmRSS")
        trainer.train()
    return {"losses": losses, "stamps": stamps, "start_mib": start}


def _ours(folder: Path, loader: str, steps: list[dict[str, torch.Tensor]], precision: str) -> dict[str, Any]:
    from transformers import TrainerCallback

    from panglot.artifacts import step_folder
    from panglot.models.load import load
    from panglot.models.model import Model
    from panglot.objectives.batch import Batch
    from panglot.objectives.opening import open_language_model
    from panglot.training.language_batches import LanguageBatches, Part
    from panglot.training.language_trainer import LanguageTrainer, language_arguments

    stamps: list[float] = []

    class Watch(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            stamps.append(time.perf_counter())

    class Made(LanguageBatches):
        """Batches that were made beforehand, in the place of those that are made of passages."""

        def __init__(self, opened: Any) -> None:
            super().__init__(opened, [[] for _ in steps], seed=17)

        def parts(self, at: int, *, rank: int = 0, size: int = 1) -> list[Part]:
            labels = steps[at]["labels"]
            if "CausalLM" in loader:
                labels = torch.cat([labels[:, 1:], torch.full_like(labels[:, :1], -100)], dim=1)
            batch = Batch(input_ids=steps[at]["input_ids"], attention_mask=steps[at]["attention_mask"], labels=labels)
            return [Part(0, batch, [0] * len(labels))]

    with tempfile.TemporaryDirectory() as place:
        with step_folder(Path(place) / "model") as step:
            load(name=str(folder / "model"), step=step)
        opened = open_language_model(Model.open(Path(place) / "model"), None)
        arguments = language_arguments(
            Path(place), steps=len(steps), learning_rate=LEARNING_RATE, schedule="constant", warmup_share=0.0,
            weight_decay=0.01, seed=17,
        )  # fmt: skip
        trainer = LanguageTrainer(opened, Made(opened), precision="bf16" if precision == "bf16" else "fp32", args=arguments)
        trainer.add_callback(Watch())
        start = _memory("VmRSS")
        trainer.train()
    return {"losses": [float(each["loss"]) for each in trainer.curve], "stamps": stamps, "start_mib": start}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=["ours", "usual"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--loader", required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--precision", default="fp32")
    arguments = parser.parse_args()
    flat = load_file(arguments.folder / "batches.safetensors")
    steps = [
        {name: flat[f"{at}.{name}"] for name in ("input_ids", "attention_mask", "labels")} for at in range(arguments.steps)
    ]
    torch.manual_seed(17)
    side = _ours if arguments.side == "ours" else _usual
    found = side(arguments.folder, arguments.loader, steps, arguments.precision)
    stamps = found.pop("stamps")
    tokens = steps[0]["input_ids"].numel() * (len(steps) - WARM)
    found |= {"tokens_per_second": tokens / (stamps[-1] - stamps[WARM - 1]), "peak_mib": _memory("VmHWM")}
    print(json.dumps(found))


def save_batches(folder: Path, steps: Sequence[dict[str, torch.Tensor]]) -> None:
    save_file(
        {f"{at}.{name}": each.contiguous() for at, step in enumerate(steps) for name, each in step.items()},
        str(folder / "batches.safetensors"),
    )


if __name__ == "__main__":
    main()
