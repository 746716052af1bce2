"""What the sandbox costs: solutions with their tests in it, and in a bare process of the same interpreter.

    python benchmarks/run_programs.py [--rounds 5]

The programs are the solutions of the task `small-programs` in its seven languages, 56 of them, each run to its verdict. The
bare side starts the same interpreter on the same checker, program and tests, by `subprocess.run` with a time limit, as a
harness does that has no sandbox. Both go through the programs one after another, in turn, after one round that is not counted.
The ratio is that of the medians over rounds of seconds a program; by processor it is of user and system time of all children.
"""

import argparse
import json
import os
import resource
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from panglot.evaluation import tasks
from panglot.evaluation.running import checker
from panglot.evaluation.running.limits import Limits
from panglot.evaluation.running.sandbox import require
from panglot.evaluation.running.solutions import Judged
from panglot.evaluation.running.toolchains import toolchain
from panglot.evaluation.running.verdicts import Program, judge

LIMITS = Limits()
BODY = 'check("/checker", int'


def programs() -> list[Program]:
    task = tasks.find("small-programs")
    items = [item for tag in task.languages for item in task.items(tag).items]
    return [Judged.of(item.fields, item.id).program(item.references[0]) for item in items]


def bare(program: Program) -> bool:
    """Whether a program passes in a process without a sandbox."""
    token = secrets.token_hex(16).encode()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(checker.__file__).read_text(encoding="utf-8").replace(BODY, f'check("{folder}", int')
        for name, text in (("checker", source), ("solution", program.source), ("tests", program.tests)):
            Path(folder, f"{name}.py").write_text(text, encoding="utf-8")
        secret, written = os.pipe()
        report, said = os.pipe()
        os.write(written, token)
        os.close(written)
        command = [toolchain("python").tool, "-I", "-S", "-B", "-X", "utf8", f"{folder}/checker.py", str(secret), str(said)]
        done = subprocess.run(command, pass_fds=(secret, said), capture_output=True, timeout=LIMITS.clock, check=False)
        os.close(said)
        found = os.read(report, 300)
        os.close(secret)
        os.close(report)
    return done.returncode == 0 and found == token


def boxed(program: Program) -> bool:
    """Whether it passes in the sandbox."""
    return judge(program, LIMITS).passed


def timed(run: Callable[[Program], bool], every: list[Program]) -> tuple[float, float]:
    """Seconds a program by the clock and of the processor; all must pass."""
    used, begun = _used(), time.perf_counter()
    passed = [run(each) for each in every]
    if not all(passed):
        raise SystemExit("a solution does not pass its tests")
    return (time.perf_counter() - begun) / len(every), (_used() - used) / len(every)


def _used() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    require()
    every = programs()
    sides: dict[str, Callable[[Program], bool]] = {"sandbox": boxed, "bare": bare}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for number in range(given.rounds + 1):
        for name, run in sides.items():
            figures = timed(run, every)
            if number:
                found[name].append(figures)
    clock, processor = (
        {name: statistics.median(each[at] for each in rounds) for name, rounds in found.items()} for at in (0, 1)
    )
    print(
        json.dumps(
            {
                "what": "programs in the sandbox",
                "n": len(every),
                "unit": "ms a program",
                "ours": round(1000 * clock["sandbox"], 1),
                "peer": round(1000 * clock["bare"], 1),
                "ratio": round(clock["sandbox"] / clock["bare"], 2),
                "ratio_by_processor": round(processor["sandbox"] / processor["bare"], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
