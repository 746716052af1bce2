"""Kill a run with SIGKILL at random instants, run the same command again, and compare the digests with an undisturbed run.

    python benchmarks/interruption.py [--recipe add-upper-sorbian] [--kills 10] [--seed 17] [step.parameter=value …]

Every process is a new one, as after a power failure. The instants are drawn over the time that the undisturbed run took.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def command(recipe: str, overrides: list[str], out: Path) -> list[str]:
    return [sys.executable, "-m", "panglot", "run", recipe, *overrides, "--out", str(out), "--json"]


def finish(recipe: str, overrides: list[str], out: Path) -> tuple[dict[str, str], float]:
    began = time.monotonic()
    done = subprocess.run(command(recipe, overrides, out), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the run failed: {done.stderr.strip()}")
    steps = json.loads(done.stdout)["steps"]
    return {name: each["digest"] for name, each in steps.items()}, time.monotonic() - began


def whole(out: Path) -> set[str]:
    return {each.parent.name for each in out.glob("steps/*/manifest.json")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--recipe", default="add-upper-sorbian")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=17)
    said = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="panglot-interruption-"))
    expected, seconds = finish(said.recipe, said.overrides, place / "undisturbed")
    print(f"undisturbed: {len(expected)} steps in {seconds:.0f} s", flush=True)
    draw = random.Random(said.seed)
    out = place / "killed"
    killed = 0
    while killed < said.kills:
        # half of the instants fall into the first seconds of a process, where it takes up what the last one left
        wait = draw.uniform(0.5, 10) if killed % 2 else draw.uniform(0.5, seconds)
        process = subprocess.Popen(
            command(said.recipe, said.overrides, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
            print(f"killed after {wait:.1f} s; whole steps: {', '.join(sorted(whole(out))) or 'none'}", flush=True)
            continue
        found, _ = finish(said.recipe, said.overrides, out)
        print(f"finished before the kill; digests {'equal' if found == expected else 'DIFFER'}; beginning anew", flush=True)
        out = place / f"killed-{killed}"
    found, _ = finish(said.recipe, said.overrides, out)
    different = sorted(name for name in expected if found.get(name) != expected[name])
    print(f"steps with another digest: {', '.join(different) or 'none'}")
    equal = len(expected) - len(different)
    ratio = equal / len(expected)
    print(
        json.dumps(
            {
                "benchmark": "interruption",
                "ours": equal,
                "peer": len(expected),
                "unit": "equal digests",
                "ratio": ratio,
                "n": killed,
            }
        )
    )


if __name__ == "__main__":
    main()
