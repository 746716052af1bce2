"""Near duplicates end to end, against datatrove's MinHash and text-dedup's, in ten scripts: speed, memory, and what is found.

    python benchmarks/near_dedup.py [--documents 8000] [--languages eng_Latn,…] [--peers datatrove,text-dedup] [--scale 1000000]

Documents are made of sentences of sib200 (../shared/data). Three in ten have a near duplicate: some words changed, some
characters changed, the end cut off, or boilerplate added. The Jaccard similarity of each pair is computed outright, over
windows of five words (eight or twenty characters in scripts without spaces). A pair is a near duplicate from 0.75 on. F1 is
over pairs of documents that end in one cluster; "clear" leaves out planted pairs between 0.70 and 0.80, where the curve of 14
bands of 8 values makes it a matter of luck for every tool.

Each side reads one Parquet file and writes the documents that are left, with one worker, in a process of its own. Its CPU
seconds are those of the process and its children, less those of a run over 40 documents, which is what starting costs. Panglot
is timed on five times as many documents, made in the same way, since these are too few to be measured.
datatrove 0.10.1 and text-dedup 0.4.0 get environments of their own under --cache; both with 5-grams, 14 bands of 8 values,
64-bit hashes.

`--scale N` measures the memory of N documents of 1.5 kB, and of a tenth of them, instead.
"""

import argparse
import csv
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import time
import unicodedata
from itertools import combinations
from pathlib import Path
from statistics import geometric_mean
from typing import Any

PEERS = {
    "datatrove": [
        *("datatrove[processing]==0.10.1", "spacy==3.8.18", "jieba==0.42.1"),
        *("pythainlp==5.4.0", "indic-nlp-library==0.92", "pyvi==0.1.1", "pyarrow", "orjson"),
    ],
    "text-dedup": ["text-dedup==0.4.0"],
}
LANGUAGES = (
    "eng_Latn",
    "tur_Latn",
    "yor_Latn",
    "vie_Latn",
    "arb_Arab",
    "hin_Deva",
    "tha_Thai",
    "zho_Hans",
    "kat_Geor",
    "amh_Ethi",
)
WINDOW = {"tha_Thai": 20, "zho_Hans": 8}
THRESHOLD, DOUBT = 0.75, 0.05
FEW, MORE = 40, 5
SHARED = Path(os.environ.get("PANGLOT_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=8000, help="a language, planted ones counted")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--peers", default="datatrove,text-dedup")
    parser.add_argument("--rounds", type=int, default=3, help="runs of our side; the peers run once")
    parser.add_argument("--scale", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/panglot-benchmarks").expanduser())
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.child:
        print(json.dumps(CHILDREN[said.child](said.work)))
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ[name] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    work = said.cache / "near-dedup"
    if said.scale:
        scale(said.scale, work / "scale")
        return
    peers = [each for each in said.peers.split(",") if each]
    pythons = {"ours": sys.executable, **{each: environment(each, said.cache / "environments") for each in peers}}
    headings = ("language", "side", "documents/core-s", "×", "peak MB", "F1", "F1 clear", "precision", "recall")
    print("| " + " | ".join(headings) + " |\n" + "|---" * len(headings) + "|")
    rates: dict[str, list[float]] = {each: [] for each in pythons}
    scores: dict[str, list[float]] = {each: [] for each in pythons}
    lowest: dict[str, float] = {}
    for language in said.languages.split(","):
        place = work / f"{language}-{said.documents}"
        truth = prepare(language, said.documents, place)
        few = work / f"{language}-{FEW}"
        prepare(language, FEW, few)
        ours = 0.0
        for side, python in pythons.items():
            # we are done so soon that what starting costs is not the same twice; the least of several is
            times, size = (said.rounds, said.documents * MORE) if side == "ours" else (1, said.documents)
            start = min(child(python, side, few)["cpu"] for _ in range(times))
            timed = place if size == said.documents else work / f"{language}-{size}"
            if timed != place:
                prepare(language, size, timed)
                child(python, side, place)
            found = min((child(python, side, timed) for _ in range(times)), key=lambda each: float(each["cpu"]))
            rate = (size - FEW) / max(found["cpu"] - start, 1e-9)
            ours = rate if side == "ours" else ours
            score = scored(json.loads((place / f"{side}.json").read_text()), truth)
            rates[side].append(rate)
            scores[side].append(score["f1_clear"])
            lowest[side] = min(lowest.get(side, 1.0), score["f1_clear"])
            cells = [language, side, f"{rate:,.0f}", f"{ours / rate:.1f}", f"{found['peak'] >> 20}"]
            cells += [f"{score[each]:.3f}" for each in ("f1", "f1_clear", "precision", "recall")]
            print("| " + " | ".join(cells) + " |", flush=True)
    first = said.languages.split(",")[0]
    print("same clusters for 1, 2, 3 workers: " + ("yes" if same_for_any_number(work / f"{first}-{said.documents}") else "NO"))
    for side in peers:
        ratios = [one / other for one, other in zip(rates["ours"], rates[side], strict=True)]
        line = {"benchmark": "near_dedup", "peer_name": side, "ours": round(geometric_mean(rates["ours"])),
                "peer": round(geometric_mean(rates[side])), "unit": "documents/core-second (geometric mean over languages)",
                "ratio": round(geometric_mean(ratios), 1), "least_ratio": round(min(ratios), 1), "n": said.documents,
                "f1_clear": round(min(scores["ours"]), 4), "peer_f1_clear": round(min(scores[side]), 4)}  # fmt: skip
        print(json.dumps(line))


# Data


def sentences(language: str) -> list[str]:
    with gzip.open(SHARED / "sib200" / f"{language}.tsv.gz", "rt", encoding="utf-8", newline="\n") as stream:
        return [row["text"] for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)]


def prepare(language: str, count: int, place: Path) -> dict[tuple[int, int], float]:
    """Write `documents.parquet` and the similarities of planted pairs, by their rows."""
    known = place / "truth.json"
    if known.is_file():
        return {(one, other): found for one, other, found in json.loads(known.read_text())}
    from panglot.corpus.documents import DOCUMENTS_FILE, DocumentWriter

    rng = random.Random(f"{language} {count}")
    lines = sentences(language)
    boilerplate = " ".join(rng.sample(lines, 6))
    texts: list[tuple[str, int]] = []
    family = 0
    while len(texts) < count:
        text = " ".join(rng.choice(lines) for _ in range(rng.randint(8, 16)))
        texts.append((text, family))
        if rng.random() < 0.3 and len(texts) < count:
            texts.append((planted(text, rng, boilerplate, language), family))
        family += 1
    rng.shuffle(texts)
    rows: dict[int, list[int]] = {}
    for row, (_, number) in enumerate(texts):
        rows.setdefault(number, []).append(row)
    pairs = [tuple(each) for each in rows.values() if len(each) == 2]
    truth = {(one, other): jaccard(texts[one][0], texts[other][0], language) for one, other in pairs}
    with DocumentWriter(place / DOCUMENTS_FILE) as writer:
        for text, _ in texts:
            writer.document(text, language, source="benchmark")
    known.write_text(json.dumps([[one, other, found] for (one, other), found in truth.items()]))
    return truth


def planted(text: str, rng: random.Random, boilerplate: str, language: str) -> str:
    """A near duplicate."""
    kind = rng.choice(["words", "characters", "cut", "boilerplate"])
    spaced = language not in WINDOW
    parts = text.split(" ") if spaced else [text[each : each + 4] for each in range(0, len(text), 4)]
    if kind == "words":
        for _ in range(max(1, round(len(parts) * rng.uniform(0.01, 0.1)))):
            parts[rng.randrange(len(parts))] = rng.choice(parts)
        return (" " if spaced else "").join(parts)
    if kind == "characters":
        letters = list(text)
        for _ in range(max(1, round(len(letters) * rng.choice([0.001, 0.002, 0.005, 0.01])))):
            letters[rng.randrange(len(letters))] = rng.choice(text)
        return "".join(letters)
    if kind == "cut":
        return text[: round(len(text) * rng.uniform(0.6, 0.98))]
    more = boilerplate[: round(len(text) * rng.uniform(0.02, 0.5))]
    return f"{more}\n{text}" if rng.random() < 0.5 else f"{text}\n{more}"


def jaccard(one: str, other: str, language: str) -> float:
    first, second = windows(one, language), windows(other, language)
    return len(first & second) / len(first | second)


def windows(text: str, language: str) -> set[tuple[str, ...]]:
    said = unicodedata.normalize("NFKD", text.lower())
    size = WINDOW.get(language, 5)
    kept = "".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in said)
    units = list(kept.replace(" ", "")) if language in WINDOW else kept.split()
    return {tuple(units[each : each + size]) for each in range(max(1, len(units) - size + 1))}


def scored(labels: list[int], truth: dict[tuple[int, int], float]) -> dict[str, float]:
    """F1 over pairs; `labels` are the clusters of the documents."""
    groups: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        groups.setdefault(label, []).append(row)
    found = {pair for group in groups.values() if len(group) > 1 for pair in combinations(group, 2)}
    result = {}
    for name, low in (("f1", THRESHOLD), ("f1_clear", THRESHOLD - DOUBT)):
        high = 2 * THRESHOLD - low
        left_out = {pair for pair, value in truth.items() if low <= value < high}
        wanted = {pair for pair, value in truth.items() if value >= high}
        counted = found - left_out
        right = len(wanted & counted)
        precision, recall = right / max(len(counted), 1), right / max(len(wanted), 1)
        result[name] = 2 * right / max(len(counted) + len(wanted), 1)
        result |= {} if name == "f1" else {"precision": precision, "recall": recall}
    return result


# The sides


def environment(name: str, folder: Path) -> str:
    """The Python of a peer's environment, made where it is not there."""
    kind = f"near-dedup-{name}"
    python, ready = folder / kind / "bin" / "python", folder / f"{kind}.ready"
    if not ready.is_file():
        print(f"making an environment with {', '.join(PEERS[name])} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder / kind)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS[name]], check=True, stderr=subprocess.DEVNULL)
        ready.touch()
    return str(python)


def child(python: str, side: str, work: Path) -> dict[str, Any]:
    """Run one side in a process of its own and read the JSON line that it ends with."""
    done = subprocess.run([python, __file__, "--child", side, "--work", str(work)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def used(began: float) -> dict[str, Any]:
    both = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in both)
    return {"cpu": cpu, "seconds": time.perf_counter() - began, "peak": max(each.ru_maxrss for each in both) * 1024}


def run_ours(work: Path, workers: int = 1) -> dict[str, Any]:
    import pyarrow.parquet as pq

    from panglot.artifacts import Engine, step_folder
    from panglot.corpus.documents import Documents
    from panglot.corpus.duplicates.clusters import Clusters
    from panglot.corpus.duplicates.deduplicate import deduplicate
    from panglot.corpus.duplicates.find import near_duplicates
    from panglot.corpus.engine import close

    began = time.perf_counter()
    of, engine = Documents(work), Engine(workers=workers)
    with step_folder(work / "ours" / f"clusters-{workers}", engine=engine) as step:
        near_duplicates(of=of, step=step)
    clusters = Clusters(work / "ours" / f"clusters-{workers}")
    with step_folder(work / "ours" / "deduplicated", engine=engine) as step:
        deduplicate(of=of, clusters=clusters, step=step)
    close()
    found = used(began)
    names = [name for shard in clusters.shards for name in pq.read_table(shard)["cluster"].to_pylist()]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    (work / "ours.json").write_text(json.dumps([numbers[each] for each in names]))
    return found


def same_for_any_number(work: Path) -> bool:
    from panglot.artifacts.digest import digest_folder

    for workers in (1, 2, 3):
        run_ours(work, workers)
    return len({digest_folder(work / "ours" / f"clusters-{each}" / "clusters") for each in (1, 2, 3)}) == 1


def run_datatrove(work: Path) -> dict[str, Any]:
    import shutil
    import struct

    from datatrove.executor import LocalPipelineExecutor  # type: ignore[import-not-found]
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature  # type: ignore[import-not-found]
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets  # type: ignore[import-not-found]
    from datatrove.pipeline.readers import ParquetReader  # type: ignore[import-not-found]
    from datatrove.pipeline.writers import ParquetWriter  # type: ignore[import-not-found]
    from datatrove.utils.hashing import HashConfig  # type: ignore[import-not-found]

    began = time.perf_counter()
    out = work / "datatrove"
    shutil.rmtree(out, ignore_errors=True)
    code = work.name.partition("-")[0]
    language = {"zho_Hans": "cmn_Hani"}.get(code, code)
    config = MinhashConfig(hash_config=HashConfig(precision=64), n_grams=5, num_buckets=14, hashes_per_bucket=8)

    def reader() -> Any:
        return ParquetReader(str(work), glob_pattern="documents.parquet", doc_progress=False)

    stages: list[tuple[int, list[Any]]] = [
        (1, [reader(), MinhashDedupSignature(str(out / "signatures"), config=config, language=language)]),
        (14, [MinhashDedupBuckets(str(out / "signatures"), str(out / "buckets"), config=config)]),
        (1, [MinhashDedupCluster(str(out / "buckets"), str(out / "remove"), config=config, save_cluster_id=True)]),
        (1, [reader(), MinhashDedupFilter(str(out / "remove")), ParquetWriter(str(out / "kept"))]),
    ]
    for number, (tasks, pipeline) in enumerate(stages):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(out / f"logs-{number}")).run()
    found = used(began)
    import pyarrow.parquet as pq

    count = pq.read_metadata(work / "documents.parquet").num_rows
    labels = [-1 - row for row in range(count)]
    path = out / "remove" / "000000.clusters"
    for document, cluster in struct.iter_unpack("<II", path.read_bytes() if path.is_file() else b""):
        labels[document] = cluster
    (work / "datatrove.json").write_text(json.dumps(labels))
    return found


def run_text_dedup(work: Path) -> dict[str, Any]:
    import pickle
    import shutil

    began = time.perf_counter()
    out = work / "text-dedup"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "text_dedup.minhash", "--path", "parquet", "--data_files", str(work / "documents.parquet")]
    command += ["--split", "train", "--cache_dir", str(out / "cache"), "--output", str(out / "kept"), "--column", "text"]
    command += ["--ngram", "5", "--min_length", "1", "--num_perm", "112", "--b", "14", "--r", "8", "--hash_func", "xxh3"]
    command += ["--hash_bits", "64", "--num_proc", "1", "--batch_size", "1000", "--debug"]
    subprocess.run(command, check=True, capture_output=True)
    found = used(began)
    import pyarrow.parquet as pq

    with (out / "kept" / "uf.pkl").open("rb") as stream:
        parents = getattr(pickle.load(stream), "parent")  # noqa: B009 - of its own making, a moment ago
    labels = list(range(pq.read_metadata(work / "documents.parquet").num_rows))
    for row in labels[:]:
        root = row
        while parents.get(root, root) != root:
            root = parents[root]
        labels[row] = root
    (work / "text-dedup.json").write_text(json.dumps(labels))
    return found


# Memory


def scale(count: int, work: Path) -> None:
    """Memory of `count` documents of 1.5 kB, and of a tenth of them."""
    found = {}
    for number in (count // 10, count):
        place = work / str(number)
        if not (place / "documents").is_dir():
            print(f"writing {number:,} documents …", flush=True)
            write_many(number, place)
        found[number] = child(sys.executable, "scaled", place)
        print(json.dumps({"documents": number, **found[number]}), flush=True)
    small, large = found[count // 10]["peak"], found[count]["peak"]
    line = {"benchmark": "near_dedup memory", "ours": large >> 20, "peer": small >> 20, "unit": "MB, all and a tenth",
            "ratio": round(large / small, 2), "n": count}  # fmt: skip
    print(json.dumps(line))


def write_many(count: int, place: Path) -> None:
    from panglot.corpus.documents import SHARDS_FOLDER, DocumentWriter

    rng = random.Random(count)
    words = [f"{rng.choice('bcdfghklmnprst')}{rng.choice('aeiou')}" * rng.randint(1, 4) for _ in range(30_000)]
    text = ""
    for shard in range(-(-count // 20_000)):
        with DocumentWriter(place / SHARDS_FOLDER / f"{shard:05}.parquet") as writer:
            for _ in range(min(20_000, count - shard * 20_000)):
                if rng.random() < 0.2 and text:
                    parts = text.split(" ")
                    parts[rng.randrange(len(parts))] = rng.choice(words)
                    text = " ".join(parts)
                else:
                    text = " ".join(rng.choices(words, k=260))
                writer.document(text, "eng_Latn", source="benchmark")


def run_scaled(work: Path) -> dict[str, Any]:
    from panglot.artifacts import Engine, step_folder
    from panglot.corpus.documents import Documents
    from panglot.corpus.duplicates.clusters import Clusters
    from panglot.corpus.duplicates.deduplicate import deduplicate
    from panglot.corpus.duplicates.find import near_duplicates
    from panglot.corpus.engine import close

    began = time.perf_counter()
    with step_folder(work / "clusters", engine=Engine(workers=1)) as step:
        near_duplicates(of=Documents(work), step=step)
    figures = step.figures["documents"]
    with step_folder(work / "deduplicated", engine=Engine(workers=1)) as step:
        deduplicate(of=Documents(work), clusters=Clusters(work / "clusters"), step=step)
    close()
    return {**used(began), **figures}


CHILDREN = {"ours": run_ours, "datatrove": run_datatrove, "text-dedup": run_text_dedup, "scaled": run_scaled}

if __name__ == "__main__":
    main()
