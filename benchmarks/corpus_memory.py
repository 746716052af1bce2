"""Memory of `panglot corpus build` on 100,000, 300,000 and 1,000,000 documents of about 1,500 characters.

    python benchmarks/corpus_memory.py
    python benchmarks/corpus_memory.py --sizes 100000 --workers 2 --text notes/hsb.txt --text notes/tha.txt

Documents are drawn from sentences of real text (`--text`, or SIB-200 in ../shared/data), so that the filters keep most of them;
one in fifty is a near copy of an earlier one, one in a hundred a copy. The build runs as a process of its own. Every fifth of a
second the resident memory of the whole tree of processes is added up; pages that processes share are counted in each, so that
the sum is an upper bound.
"""

import argparse
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

CHARACTERS = 1500
LIMIT_BYTES = 3 << 30
_PERIOD_SECONDS = 0.2
LANGUAGES = ("eng_Latn", "tha_Thai", "hin_Deva", "ukr_Cyrl", "yor_Latn", "jpn_Jpan")
SHARED = Path(os.environ.get("PANGLOT_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data"))
_SENTENCE = re.compile(r"[^.!?。।៕။\n]+[.!?。।៕။]?\s*")


def sentences_of(files: list[Path]) -> dict[str, list[str]]:
    """Language to sentences: of files named by their language, or of SIB-200 in ../shared/data."""
    if files:
        texts = {each.stem.partition(".")[0]: each.read_text(encoding="utf-8") for each in files}
        return {tag: [each for each in _SENTENCE.findall(text) if len(each) > 20] for tag, text in texts.items()}
    found = {}
    for tag in LANGUAGES:
        path = SHARED / "sib200" / f"{tag}.tsv.gz"
        if not path.is_file():
            sys.exit(f"there is no {path}: give text with --text, for example --text hsb.txt --text tha.txt")
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
        found[tag] = [line.rpartition("\t")[2] for line in lines]
    return found


def write_documents(place: Path, count: int, sentences: dict[str, list[str]], files: int = 8) -> None:
    """JSON Lines, with the language of each document in its row; equal arguments give equal files."""
    draw = random.Random(17)
    tags = sorted(sentences)
    streams = [(place / f"part-{number}.jsonl").open("w", encoding="utf-8") for number in range(files)]
    recent: list[tuple[str, str]] = []
    for number in range(count):
        chance = draw.random()
        if recent and chance < 0.03:
            tag, text = recent[draw.randrange(len(recent))]
            if chance < 0.02:
                text = f"{text} {draw.choice(sentences[tag]).strip()}"
        else:
            tag = tags[draw.randrange(len(tags))]
            lines: list[str] = []
            size = 0
            while size < CHARACTERS:
                line = " ".join(draw.choice(sentences[tag]).strip() for _ in range(3))
                # a number of its own keeps documents of few sentences apart
                lines.append(f"{draw.randrange(10**9)} {line}")
                size += len(line)
            text = "\n".join(lines)
        recent = [*recent[-999:], (tag, text)]
        streams[number % files].write(json.dumps({"text": text, "language": tag}, ensure_ascii=False) + "\n")
    for each in streams:
        each.close()


class Watch:
    """Adds up the resident memory of a process and all that it started."""

    def __init__(self, process: int) -> None:
        self.process, self.peak, self.alone = process, 0, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(_PERIOD_SECONDS):
            sizes = [resident(each) for each in tree(self.process)]
            self.peak = max(self.peak, sum(sizes))
            self.alone = max(self.alone, max(sizes, default=0))

    def end(self) -> None:
        self._over.set()
        self._thread.join()


def tree(process: int) -> list[int]:
    """A process and its descendants."""
    found, waiting = [], [process]
    while waiting:
        each = waiting.pop()
        found.append(each)
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                waiting.extend(map(int, task.read_text().split()))
            except OSError:
                continue
    return found


def resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def build(place: Path, workers: int, engine: str, more: list[str]) -> tuple[int, int, float, dict[str, object]]:
    """Peak of the tree, peak of its largest process, seconds, and the figures of the build."""
    command = [sys.executable, "-m", "panglot", "corpus", "build", str(place / "raw"), "--out", str(place / "run"), "--json"]
    command += ["--engine", engine, "--workers", str(workers), *more]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    watch = Watch(process.pid)
    said, _ = process.communicate()
    watch.end()
    if process.returncode:
        sys.exit(f"the build ended with code {process.returncode}")
    return watch.peak, watch.alone, time.monotonic() - began, json.loads(said)["figures"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--text", type=Path, action="append", default=[], help="A file of sentences, named by its language.")
    parser.add_argument("--folder", type=Path, help="Where to work (default: a temporary folder).")
    parser.add_argument("more", nargs="*", help="Further options of `panglot corpus build`, behind --.")
    asked = parser.parse_args()
    sentences = sentences_of(asked.text)
    peaks: dict[int, int] = {}
    if asked.folder is not None:
        asked.folder.mkdir(parents=True, exist_ok=True)
    for size in asked.sizes:
        place = Path(tempfile.mkdtemp(prefix=f"corpus-memory-{size}-", dir=asked.folder))
        try:
            (place / "raw").mkdir()
            write_documents(place / "raw", size, sentences)
            raw = sum(each.stat().st_size for each in (place / "raw").iterdir())
            peak, alone, seconds, figures = build(place, asked.workers, asked.engine, asked.more)
            peaks[size] = peak
            print(
                f"{size:>9,} documents, {raw / 1e6:,.0f} MB: peak of all processes {peak / 2**20:,.0f} MiB, of the largest "
                f"{alone / 2**20:,.0f} MiB, {seconds:,.0f} s, {figures['documents']:,} documents kept",
                flush=True,
            )
        finally:
            shutil.rmtree(place, ignore_errors=True)
    largest, smallest = max(peaks), min(peaks)
    line = {
        "benchmark": "corpus_memory",
        "ours": round(peaks[largest] / 2**20),
        "peer": LIMIT_BYTES >> 20,
        "unit": "MiB at the peak (peer: the limit)",
        "ratio": round(peaks[largest] / peaks[smallest], 3),
        "n": largest,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
