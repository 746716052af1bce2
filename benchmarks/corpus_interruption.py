"""`kill -9` at ten random instants of `panglot corpus build`, also of one worker: the bytes are those of an undisturbed run.

    python benchmarks/corpus_interruption.py
    python benchmarks/corpus_interruption.py --documents 20000 --kills 20 --engine ray

An undisturbed build is timed. Another build of the same documents is then killed at random instants; every second time a worker
is killed first, and the build goes on for a while. At the end it is let finish. All files of the run are compared but the page
that shows times, and of the manifests what does not depend on time.
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

from corpus_memory import sentences_of, tree, write_documents

from panglot.artifacts import digest_file


def command(place: Path, name: str, workers: int, engine: str, more: list[str]) -> list[str]:
    said = [sys.executable, "-m", "panglot", "corpus", "build", str(place / "raw"), "--out", str(place / name), "--quiet"]
    return [*said, "--engine", engine, "--workers", str(workers), *more]


def workers_of(process: int) -> list[int]:
    found = []
    for each in tree(process)[1:]:
        try:
            said = Path(f"/proc/{each}/cmdline").read_bytes()
        except OSError:
            continue
        if b"engine.worker" in said or b"ray::" in said:
            found.append(each)
    return found


def contents(run: Path) -> dict[str, str]:
    """Path to digest of all files of the steps; of a manifest what does not depend on time."""
    found = {}
    for path in sorted(run.rglob("*")):
        if not path.is_file() or path.name in (".lock", "report.html"):
            continue
        name = path.relative_to(run).as_posix()
        if path.name == "manifest.json":
            said = json.loads(path.read_bytes())
            found[name] = json.dumps([said[each] for each in ("digest", "figures", "key", "inputs", "quarantined", "notes")])
        else:
            found[name] = digest_file(path)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=60_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--text", type=Path, action="append", default=[], help="A file of sentences, named by its language.")
    parser.add_argument("more", nargs="*", help="Further options of `panglot corpus build`, behind --.")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="corpus-interruption-"))
    try:
        (place / "raw").mkdir()
        write_documents(place / "raw", asked.documents, sentences_of(asked.text))
        began = time.monotonic()
        subprocess.run(command(place, "calm", asked.workers, asked.engine, asked.more), check=True, stdout=subprocess.DEVNULL)
        whole = time.monotonic() - began
        print(f"undisturbed: {whole:.1f} s", flush=True)
        draw = random.Random(asked.seed)
        killed = done = 0
        while killed < asked.kills:
            process = subprocess.Popen(
                command(place, "disturbed", asked.workers, asked.engine, asked.more), stdout=subprocess.DEVNULL
            )
            # runs become shorter as more steps are whole, so that later instants are drawn from a shorter time
            instant = draw.uniform(0.5, max(1.5, whole / 2))
            time.sleep(instant)
            one = workers_of(process.pid) if killed % 2 else []
            if one:
                os.kill(draw.choice(one), signal.SIGKILL)
                time.sleep(draw.uniform(0.1, 2.0))
            if process.poll() is not None:
                # it was done before: begin again with nothing
                done += 1
                shutil.rmtree(place / "disturbed")
                continue
            process.kill()
            process.wait()
            killed += 1
            finished = sorted(each.parent.name for each in (place / "disturbed" / "steps").glob("*/manifest.json"))
            print(
                f"kill {killed} after {instant:.1f} s{' and a worker' if one else ''}; whole: {' '.join(finished)}", flush=True
            )
        subprocess.run(
            command(place, "disturbed", asked.workers, asked.engine, asked.more), check=True, stdout=subprocess.DEVNULL
        )
        calm, disturbed = contents(place / "calm"), contents(place / "disturbed")
        different = sorted(name for name in {*calm, *disturbed} if calm.get(name) != disturbed.get(name))
        for name in different:
            print(f"different: {name}")
        line = {
            "benchmark": "corpus_interruption",
            "ours": len(calm) - len(different),
            "peer": len(calm),
            "unit": "files equal to those of an undisturbed run",
            "ratio": 1 - len(different) / len(calm),
            "n": killed,
        }
        print(json.dumps(line))
        sys.exit(1 if different else 0)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
