"""Text of several languages in shares that were asked for: Panglot's stream and datasets' `interleave_datasets`.

    python benchmarks/stream.py [--documents 200000] [--drawn 400000] [--alpha 0.3]

Documents are made of words of ten scripts, from 20 to 2,000 characters, sizes of the languages 1:2:4:…:512. Both sides read
the same Parquet table and are asked for shares by the same rule (temperature sampling with α) of the same number of documents,
one after another as text. The peer is what a training script would do: one map-style data set a language, shuffled,
interleaved with `probabilities` and `stopping_strategy="all_exhausted"`, read 256 documents at a time, counting them. Ours
is asked once to count documents, as the peer does (the ratio is of these two), and once bytes, its default.

Each side runs in a process of its own. Figures: seconds until the first document (ours lays the text out on disk, the peer
loads, selects and interleaves), documents a second after that, memory at the end that is not a file's, and the largest error of
a share over any 10,000 documents in a row.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

WINDOW = 10_000
BATCH = 256
WORDS = {
    "tha_Thai": "ภาษาไทย", "khm_Khmr": "ភាសា", "arb_Arab": "اللغة", "hin_Deva": "भाषा", "amh_Ethi": "ቋንቋ",
    "kat_Geor": "ენა", "zho_Hans": "语言", "ell_Grek": "γλώσσα", "rus_Cyrl": "язык", "eng_Latn": "language",
}  # fmt: skip


def make(folder: Path, count: int) -> None:
    """Write the table."""
    from panglot.corpus.documents import DOCUMENTS_FILE, DocumentWriter

    random = np.random.default_rng(17)
    sizes = 2.0 ** np.arange(len(WORDS))
    tags = random.choice(list(WORDS), count, p=sizes / sizes.sum())
    letters = np.clip(random.lognormal(5.3, 1.0, count), 20, 2000)
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for number, (tag, long) in enumerate(zip(tags.tolist(), letters.tolist(), strict=True)):
            word = WORDS[tag] + (" " if tag not in ("tha_Thai", "khm_Khmr", "zho_Hans") else "")
            writer.document(f"{number} {word * max(1, int(long / len(word)))}", tag, source="made")


def shares(sizes: dict[str, float], alpha: float) -> dict[str, float]:
    """q ∝ p^α."""
    powers = {name: each**alpha for name, each in sizes.items()}
    return {name: each / sum(powers.values()) for name, each in powers.items()}


def ours(folder: Path, given: argparse.Namespace, unit: str) -> tuple[dict[str, float], Iterator[tuple[str, str]]]:
    """Shares asked for, and the documents."""
    from panglot.corpus.documents import Documents
    from panglot.training.groups import Mix
    from panglot.training.language_stream import language_stream

    mix = Mix.model_validate({"strategy": {"method": "temperature", "alpha": given.alpha}, "unit": unit})
    stream = language_stream(
        {"text": Documents(folder)},
        steps=10**6,
        step_bytes=1 << 16,
        longest=1 << 14,
        seed=17,
        folder=folder / "stores",
        mix=mix,
    )
    return stream.shares(0), ((each.language, each.text) for step in range(len(stream)) for each in stream[step])


def theirs(folder: Path, given: argparse.Namespace) -> tuple[dict[str, float], Iterator[tuple[str, str]]]:
    """Shares asked for, and the documents; after the last one it begins again, with another seed."""
    import datasets

    datasets.disable_progress_bars()
    table = datasets.load_dataset(
        "parquet", data_files=str(folder / "documents.parquet"), split="train", cache_dir=str(folder / "cache")
    ).select_columns(["text", "language"])
    languages = np.array(table["language"])
    parts = {tag: table.select(np.flatnonzero(languages == tag)) for tag in sorted(WORDS)}
    asked = shares({tag: float(len(each)) for tag, each in parts.items()}, given.alpha)

    def mixed(seed: int) -> Any:
        return datasets.interleave_datasets(
            [each.shuffle(seed=seed) for each in parts.values()],
            probabilities=list(asked.values()),
            seed=seed,
            stopping_strategy="all_exhausted",
        )

    first = mixed(17)

    def drawn() -> Iterator[tuple[str, str]]:
        for seed in range(1000):
            for each in (first if not seed else mixed(17 + seed)).iter(batch_size=BATCH):
                yield from zip(each["language"], each["text"], strict=True)

    return asked, drawn()


def side(name: str, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run one side and measure it."""
    began = time.perf_counter()
    asked, documents = theirs(folder, given) if name == "peer" else ours(folder, given, name)
    order = {tag: at for at, tag in enumerate(asked)}
    which = np.zeros(given.drawn, dtype=np.int64)
    sizes = np.zeros(given.drawn, dtype=np.int64)
    first = 0.0
    for number, (tag, text) in enumerate(documents):
        if not number:
            first = time.perf_counter()
        which[number], sizes[number] = order[tag], len(text.encode())
        if number + 1 == given.drawn:
            break
    seconds = time.perf_counter() - first
    counted = {"documents": np.ones_like(sizes), "bytes": sizes}
    errors = {unit: error(which, each, list(asked.values())) for unit, each in counted.items()}
    lines = Path("/proc/self/status").read_text().splitlines()
    memory = next(int(each.split()[1]) for each in lines if each.startswith("RssAnon")) >> 10
    return {
        "side": name,
        "seconds_to_first": round(first - began, 2),
        "documents_a_second": round(given.drawn / seconds),
        "memory_mib": memory,
        "largest_error_over_any_10000": {unit: round(each, 5) for unit, each in errors.items()},
        "asked_smallest": round(min(asked.values()), 5),
    }


def error(which: np.ndarray[Any, Any], sizes: np.ndarray[Any, Any], asked: list[float]) -> float:
    """The largest difference between a language's share and what was asked, over all windows and languages."""
    whole = np.concatenate([[0], np.cumsum(sizes)])
    total = whole[WINDOW:] - whole[:-WINDOW]
    worst = 0.0
    for number, share in enumerate(asked):
        reached = np.concatenate([[0], np.cumsum(np.where(which == number, sizes, 0))])
        worst = max(worst, float(np.abs((reached[WINDOW:] - reached[:-WINDOW]) / total - share).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--drawn", type=int, default=400_000)
    parser.add_argument("--alpha", type=float, default=0.3)
    parser.add_argument("--side")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.side:
        print(json.dumps(side(given.side, given.folder, given)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, given.documents)
        found = {}
        for each in ("peer", "documents", "bytes"):
            call = [
                sys.executable,
                __file__,
                "--side",
                each,
                "--folder",
                name,
                "--drawn",
                str(given.drawn),
                "--alpha",
                str(given.alpha),
            ]
            done = subprocess.run(call, check=True, capture_output=True, text=True)
            found[each] = json.loads(done.stdout.splitlines()[-1])
            print(json.dumps(found[each]))
    rates = {name: each["documents_a_second"] for name, each in found.items()}
    print(
        json.dumps(
            {
                "benchmark": "stream",
                "ours": rates["documents"],
                "peer": rates["peer"],
                "unit": "documents/s",
                "ratio": round(rates["documents"] / rates["peer"], 2),
                "n": given.drawn,
                "error_ours": found["documents"]["largest_error_over_any_10000"]["documents"],
                "error_ours_bytes": found["bytes"]["largest_error_over_any_10000"]["bytes"],
                "error_peer": found["peer"]["largest_error_over_any_10000"]["documents"],
            }
        )
    )


if __name__ == "__main__":
    main()
