"""Training tokenizers on 62 languages: time, memory, and what each language pays on held-out parallel sentences.

    python benchmarks/train_vocabulary.py --data ../shared/data --size 32000

Text: the sentences of sib200 but every tenth, and the New Testaments and the declarations of human rights (udhr) of the same
languages. Measured on every tenth sentence of sib200, which say the same in all languages. Each training is a process of its
own.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

TRAININGS: dict[str, dict[str, Any]] = {
    "bpe, alpha 1": {"algorithm": "bpe", "shares": {"method": "temperature", "alpha": 1.0}},
    "bpe, alpha 0.3": {"algorithm": "bpe", "shares": {"method": "temperature", "alpha": 0.3}},
    "bpe, UniMax 5": {"algorithm": "bpe", "shares": {"method": "unimax", "epochs": 5}},
    "bpe, alpha 0.3, 8 clusters": {"algorithm": "bpe", "shares": {"method": "temperature", "alpha": 0.3}, "clusters": 8},
    "unigram, alpha 1": {"algorithm": "unigram", "shares": {"method": "temperature", "alpha": 1.0}},
    "unigram, alpha 0.3": {"algorithm": "unigram", "shares": {"method": "temperature", "alpha": 0.3}},
    "unigram, UniMax 5": {"algorithm": "unigram", "shares": {"method": "unimax", "epochs": 5}},
    "unigram, alpha 0.3, 8 clusters": {
        "algorithm": "unigram",
        "shares": {"method": "temperature", "alpha": 0.3},
        "clusters": 8,
    },
    "wordpiece, alpha 0.3": {"algorithm": "wordpiece", "shares": {"method": "temperature", "alpha": 0.3}},
}
_EVERY = 10


def prepare(data: Path, folder: Path) -> None:
    """Write `train/` and `test.json` (tag to sentences)."""
    from panglot.artifacts import step_folder
    from panglot.corpus.documents import DOCUMENTS_FILE, DocumentWriter
    from panglot.corpus.read_text import read_text

    with step_folder(folder / "all") as step:
        read = read_text(files=[str(data / each) for each in ("sib200", "bible_nt", "udhr")], step=step)
        rows = list(type(read)(step.out).rows())
    languages = {row["language"] for row in rows if row["source"].count("_")}
    place: dict[str, int] = {}
    test: dict[str, list[str]] = {}
    with DocumentWriter(folder / "train" / DOCUMENTS_FILE) as writer:
        for row in rows:
            if row["language"] not in languages:
                continue
            if row["source"].count("_"):
                place[row["source"]] = place.get(row["source"], -1) + 1
                if place[row["source"]] % _EVERY == 0:
                    test.setdefault(row["language"], []).append(row["text"])
                    continue
            writer.row(row)
    (folder / "test.json").write_text(json.dumps(test))


def one(folder: Path, name: str, size: int) -> dict[str, Any]:
    """One training."""
    from pydantic import TypeAdapter

    from panglot.artifacts import step_folder
    from panglot.artifacts.memory import peak_memory_bytes
    from panglot.corpus.balance.shares import Shares
    from panglot.corpus.documents import Documents
    from panglot.vocabulary.tokenizer import Tokenizer
    from panglot.vocabulary.train import train

    said = dict(TRAININGS[name])
    shares = TypeAdapter(Shares).validate_python(said.pop("shares"))
    final = folder / name.replace(" ", "-").replace(",", "")
    began = time.perf_counter()
    with step_folder(final, seed=17) as step:
        train(text=Documents(folder / "train"), size=size, shares=shares, step=step, **said)
    seconds = time.perf_counter() - began
    peak = peak_memory_bytes()
    vocabulary = Tokenizer(final).vocabulary
    tokens = {
        tag: sum(map(len, vocabulary.encode(texts))) for tag, texts in json.loads((folder / "test.json").read_text()).items()
    }
    unknown = {vocabulary.ids.get(each) for each in ("<unk>", "[UNK]")}
    unknowns = sum(
        each in unknown
        for texts in json.loads((folder / "test.json").read_text()).values()
        for ids in vocabulary.encode(texts)
        for each in ids
    )
    premium = {tag: count / tokens["eng_Latn"] for tag, count in tokens.items()}
    worst = max(premium, key=premium.__getitem__)
    return {
        "name": name,
        "seconds": round(seconds, 1),
        "process_seconds": round(time.process_time(), 1),
        "peak_gb": round(peak / 1e9, 2),
        "tokens_a_language": round(mean(tokens.values())),
        "geometric_mean": round(math.exp(mean(map(math.log, tokens.values())))),
        "spread": round(pstdev(tokens.values()) / mean(tokens.values()), 4),
        "largest_premium": [worst, round(premium[worst], 3)],
        "unknown_on_held_out": unknowns,
        "clusters": step.figures.get("clusters"),
        "tokens": tokens,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--size", type=int, default=32_000)
    parser.add_argument("--only", nargs="*", default=list(TRAININGS))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--one")
    said = parser.parse_args()
    if said.one:
        print(json.dumps(one(said.folder, said.one, said.size)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = said.folder or Path(place)
        if not (folder / "test.json").is_file():
            prepare(said.data, folder)
        found = []
        for name in said.only:
            command = [sys.executable, __file__, "--one", name, "--folder", str(folder), "--size", str(said.size)]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            found.append(json.loads(done.stdout.splitlines()[-1]))
            shown = {key: value for key, value in found[-1].items() if key not in ("tokens", "clusters")}
            print(json.dumps(shown, ensure_ascii=False), file=sys.stderr, flush=True)
        print(json.dumps({"size": said.size, "trainings": found}, ensure_ascii=False))


if __name__ == "__main__":
    main()
