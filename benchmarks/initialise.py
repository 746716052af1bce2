"""Initialisation of 8,000 new rows of a 250,000 × 384 matrix: every method, and FOCUS and WECHSEL against their own packages.

    python benchmarks/initialise.py [--only focus,ofa,…] [--no-peers] [--peers focus-whole] [--threads 2] [--cache FOLDER]

The matrix and the tokenizer are those of embedded:e5-small. The new tokens are the 8,000 most frequent words that its
tokenizer cuts into several pieces, in about 20 MB of text in many languages (../shared/data, or gettext catalogues where that
is absent). Every method runs in a process of its own; time is that of the method with all that it makes inside (static
vectors too), memory is the peak of the whole process.

The peers, the packages `deepfocus` and `wechsel`, get environments of their own under --cache. They, and we, replace the
tokenizer by one of 16,000 (FOCUS) and 8,000 (WECHSEL) pieces. Both sides get the same static vectors, so that what is compared
is the formula: the function of deepfocus that loads a fastText model is replaced by one that gives these vectors, and wechsel
gets them as gensim models. FOCUS is compared a second time with the making of the vectors from the text: fastText there,
co-occurrence counts here.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

MODEL = "embedded:e5-small"
NEW_ROWS, REPLACEMENT_PIECES = 8_000, {"focus": 16_000, "wechsel": 8_000}
TEXT_BYTES, TRAINING_BYTES = 20_000_000, 6_000_000
PEERS = {"focus": ["deepfocus"], "wechsel": ["wechsel", "transformers"]}
SECONDS, MEMORY = 60, 4 << 30
SETS = ("bible_nt", "libreoffice_help", "sib200", "quran", "tatoeba", "gnome_help")
SHARED = Path(os.environ.get("PANGLOT_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="methods, parted by commas")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--peers", default="", help="only these comparisons with peers, parted by commas, and no method alone")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side against a peer; the median ratio counts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/panglot-benchmarks").expanduser())
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.child:
        kind, _, name = said.child.partition(":")
        print(json.dumps({"method": run_method, "ours": run_ours, "peer": run_peer}[kind](name, said.work)))
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(said.threads)
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
    work = said.cache / "initialise"
    prepare(work, peers=not said.no_peers)
    print(f"{MODEL}: {NEW_ROWS:,} new rows, {said.threads} threads, numpy {np.__version__}")
    print("| method | seconds | CPU seconds | peak MB | combined | drawn |\n|---|---|---|---|---|---|", flush=True)
    within = True
    names = said.only.split(",") if said.only else [] if said.peers else method_names()
    for name in names:
        within &= print_method(name, child(sys.executable, f"method:{name}", work))
    print(f"{len(names)} methods, each at most {SECONDS} s and {MEMORY >> 30} GiB where it ran: {'yes' if within else 'no'}")
    if said.no_peers:
        return
    found = {}
    for name in said.peers.split(",") if said.peers else ("focus", "wechsel", "focus-whole"):
        found[name] = against_peer(name, said.cache / "environments", work, 1 if name == "focus-whole" else said.rounds)
    counted = [each for name, each in found.items() if name != "focus-whole"] or list(found.values())
    ours, peer = (sum(each[side] for each in counted) for side in ("ours", "peer"))
    least = min(each["ratio"] for each in found.values())
    line = {"benchmark": "initialise", "ours": round(ours, 2), "peer": round(peer, 2), "unit": f"s ({', '.join(found)})"}
    more = {"ratio": round(peer / ours, 2), "least_ratio": least, "n": NEW_ROWS}
    print(json.dumps({**line, **more, **found}))


def print_method(name: str, found: dict[str, Any]) -> bool:
    if "refused" in found:
        print(f"| {name} | not run: {found['refused']} | | | | |", flush=True)
        return True
    cells = [name, f"{found['seconds']:.1f}", f"{found['cpu']:.1f}", f"{found['peak'] >> 20}"]
    cells += [str(found[each]) for each in ("combined", "drawn")]
    print("| " + " | ".join(cells) + " |", flush=True)
    return bool(found["seconds"] <= SECONDS and found["peak"] <= MEMORY)


def child(python: str, what: str, work: Path) -> dict[str, Any]:
    """Run one side in a process of its own and read the JSON line that it ends with."""
    done = subprocess.run([python, __file__, "--child", what, "--work", str(work)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def clocks() -> Any:
    """Wall and CPU seconds so far, those of child processes that have ended with them."""
    used = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return np.array([time.perf_counter(), sum(each.ru_utime + each.ru_stime for each in used)])


# Inputs


def texts() -> Iterator[str]:
    """Texts of many languages; every set gives its languages in turn."""
    if not SHARED.is_dir():
        yield from catalogue_texts()
        return
    for name in SETS:
        for path in sorted((SHARED / name).glob("*.tsv.gz")):
            with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
                rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
                column = "text" if "text" in (rows.fieldnames or []) else (rows.fieldnames or [""])[0]
                yield from (row[column] for row in rows if row[column])


def catalogue_texts() -> Iterator[str]:
    import polib

    for package in ("django", "sphinx"):
        found = __import__(package).__file__ or ""
        for path in sorted(Path(found).parent.rglob("*.po")):
            yield from (each.msgstr for each in polib.pofile(str(path)) if each.msgstr)


def prepare(work: Path, *, peers: bool) -> None:
    """Text, tokenizers and static vectors, as files that both sides read."""
    from panglot.models.embedded import embedded_folder
    from panglot.vocabulary.reading import read_vocabulary

    made, wanted = work / "prepared", f"{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()} {peers}"
    if made.is_file() and made.read_text() == wanted:
        print("the inputs are those of the run before")
        return
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    size, lines = 0, []
    for text in texts():
        lines.append(" ".join(text.split()))
        size += len(lines[-1].encode())
        if size >= TEXT_BYTES:
            break
    (work / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    english = [each for each in lines if each.isascii()]
    (work / "english.txt").write_text("\n".join(english) + "\n", encoding="utf-8")
    old = read_vocabulary(embedded_folder(MODEL))
    old.save(work / "old")
    extended(old, lines).save(work / "new")
    print(f"text: {size / 1e6:.1f} MB, {len(lines):,} texts, of which {len(english):,} in ASCII", flush=True)
    if peers:
        np.save(work / "matrix.npy", matrix()[: old.size])
        for name, pieces in REPLACEMENT_PIECES.items():
            replaced(old, lines, pieces).save(work / f"tokenizer-{name}")
        write_vectors_of_both(work, lines, english)
    made.write_text(wanted)


def matrix() -> Any:
    from panglot.models.embedded import embedded_folder
    from panglot.vocabulary.matrices import find_tensors

    return find_tensors(embedded_folder(MODEL)).matrix("input")


def extended(old: Any, lines: list[str]) -> Any:
    """The old tokenizer with the most frequent words that it cuts into several pieces."""
    from panglot.vocabulary.static_vectors_words import words_of

    counts = Counter(word for text in words_of(lines, old) for word in text)
    common = [word for word, _ in counts.most_common(20 * NEW_ROWS)]
    cut = [
        f"▁{word}" for word, ids in zip(common, old.encode(common), strict=True) if len(ids) > 1 and f"▁{word}" not in old.ids
    ]
    if len(cut) < NEW_ROWS:
        raise SystemExit(f"the text holds only {len(cut)} words for {NEW_ROWS} new rows")
    lowest = min(score for _, score in old.model["vocab"])
    pieces = [*old.model["vocab"], *([piece, lowest / 2] for piece in cut[:NEW_ROWS])]
    return old.with_document(model={**old.model, "vocab": pieces})


def replaced(old: Any, lines: list[str], pieces: int) -> Any:
    """Another tokenizer of the same kind, trained on a part of the text."""
    from tokenizers import Tokenizer, models, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer, tokenizer.decoder = old.backend.pre_tokenizer, old.backend.decoder
    tokenizer.normalizer = old.backend.normalizer
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(vocab_size=pieces, special_tokens=special, unk_token="<unk>", show_progress=False)
    stride = max(1, TEXT_BYTES // TRAINING_BYTES)
    tokenizer.train_from_iterator(lines[::stride], trainer)
    document = json.loads(tokenizer.to_str())
    return old.with_document(model=document["model"], added_tokens=document["added_tokens"], post_processor=None)


def write_vectors_of_both(work: Path, lines: list[str], english: list[str]) -> None:
    from panglot.vocabulary.reading import read_vocabulary
    from panglot.vocabulary.static_vectors import StaticVectors
    from panglot.vocabulary.static_vectors_file import write_vectors
    from panglot.vocabulary.static_vectors_training import TokenStream, train_vectors
    from panglot.vocabulary.static_vectors_words import tokens_of, train_on_words

    target = read_vocabulary(work / "tokenizer-focus")
    ids, rows = train_vectors(TokenStream.gather(tokens_of(lines, target)), target.size)
    found = {"focus": StaticVectors([target.tokens[each] or "" for each in ids], rows)}
    found["wechsel-source"] = train_on_words(english, read_vocabulary(work / "old"))
    found["wechsel-target"] = train_on_words(lines, read_vocabulary(work / "tokenizer-wechsel"))
    for name, each in found.items():
        write_vectors(each, work / f"{name}.safetensors")
        np.savez(work / f"{name}.npz", matrix=each.matrix, counts=np.zeros(0) if each.counts is None else each.counts)
        (work / f"{name}.json").write_text(json.dumps(each.words, ensure_ascii=False), encoding="utf-8")
    shared = [word for word in found["wechsel-source"].words if word in found["wechsel-target"].index]
    (work / "dictionary.tsv").write_text("".join(f"{word}\t{word}\n" for word in shared), encoding="utf-8")


# Ours


def method_names() -> list[str]:
    from typing import get_args

    from panglot.vocabulary.initialise.methods import Initialise

    return [str(each.model_fields["method"].default) for each in get_args(get_args(Initialise)[0])]


def run_method(name: str, work: Path) -> dict[str, Any]:
    from pydantic import TypeAdapter

    from panglot.artifacts import InputError
    from panglot.artifacts.memory import peak_memory_bytes
    from panglot.vocabulary.initialise.methods import Initialise
    from panglot.vocabulary.initialise.task import Task
    from panglot.vocabulary.reading import read_vocabulary
    from panglot.vocabulary.rows import NEW, Change
    from panglot.vocabulary.static_vectors_file import texts_at

    said = {"method": name} | ({"source_text": str(work / "english.txt")} if name in ("wechsel", "ofa") else {})
    if name == "omp":
        said["donor"] = str(donor(work))
    method: Any = TypeAdapter(Initialise).validate_python(said)
    old, new = read_vocabulary(work / "old"), read_vocabulary(work / "new")
    source = np.where(np.arange(new.size) < old.size, np.arange(new.size), NEW)
    task = Task(Change(old, new, source), {"input": matrix()}, texts_at(work / "text.txt"), 17)
    began = clocks()
    try:
        rows = method.rows(task)["input"]
    except InputError as error:
        return {"refused": str(error)}
    seconds, cpu = clocks() - began
    if rows.shape != (NEW_ROWS, 384) or not np.isfinite(rows).all():
        raise AssertionError("the rows are not what was asked for")
    known = {each: task.figures.get(each, "") for each in ("combined", "drawn")}
    return {"seconds": seconds, "cpu": cpu, "peak": peak_memory_bytes(), **known}


def donor(work: Path) -> Path:
    """A model that has the new tokens, for OMP: e5-small with random rows for them."""
    from panglot.artifacts import step_folder
    from panglot.models.load import load
    from panglot.models.model import Model
    from panglot.vocabulary.initialise.random import Random
    from panglot.vocabulary.initialise_rows import initialise
    from panglot.vocabulary.reading import read_vocabulary
    from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer

    place = work / "donor"
    if not place.is_dir():
        with step_folder(work / "donor-base") as step:
            load(name=MODEL, step=step)
        with step_folder(work / "donor-tokenizer") as step:
            read_vocabulary(work / "new").save(step.out / TOKENIZER_FOLDER)
        with step_folder(place, seed=17) as step:
            tokenizer = Tokenizer.open(work / "donor-tokenizer")
            initialise(model=Model.open(work / "donor-base"), tokenizer=tokenizer, initialise=Random(), step=step)
    return Model.open(place).path


def run_ours(name: str, work: Path) -> dict[str, Any]:
    from panglot.vocabulary.initialise.focus import Focus
    from panglot.vocabulary.initialise.task import Matrix, Role, Task
    from panglot.vocabulary.initialise.wechsel import Wechsel
    from panglot.vocabulary.reading import read_vocabulary
    from panglot.vocabulary.replacement import replacement
    from panglot.vocabulary.rows import NEW, Change
    from panglot.vocabulary.static_vectors_file import texts_at

    kind = name.partition("-")[0]
    old, new = read_vocabulary(work / "old"), read_vocabulary(work / f"tokenizer-{kind}")
    rows: dict[Role, Matrix] = {"input": np.load(work / "matrix.npy")}
    began = clocks()
    method: Focus | Wechsel
    if kind == "focus":
        change = replacement(old, new)
        given = texts_at(work / "text.txt") if name == "focus-whole" else None
        method = Focus(vectors=None if given else str(work / "focus.safetensors"))
    else:
        # The reference makes every row anew, also of tokens that both vocabularies have.
        change = Change(old, new, np.full(new.size, NEW))
        given = None
        source, target = (str(work / f"wechsel-{side}.safetensors") for side in ("source", "target"))
        method = Wechsel(source_vectors=source, target_vectors=target, dictionary=str(work / "dictionary.tsv"))
    task = Task(change, rows, given, 17)
    found = method.rows(task)["input"]
    seconds, cpu = clocks() - began
    known = np.flatnonzero(abs(method.weights(task)).sum(axis=1) > 0) if name != "focus-whole" else np.arange(0)
    np.save(work / f"ours-{name}.npy", found)
    np.save(work / f"ours-{name}-ids.npy", np.array(task.targets)[known])
    np.save(work / f"ours-{name}-places.npy", known)
    return {"seconds": seconds, "cpu": cpu, "rows": len(task.targets)}


# Theirs: nothing of panglot may be imported here


def run_peer(name: str, work: Path) -> dict[str, Any]:
    from transformers import PreTrainedTokenizerFast

    kind = name.partition("-")[0]
    folders = (work / "old", work / f"tokenizer-{kind}")
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    source, target = (PreTrainedTokenizerFast(tokenizer_file=str(each / "tokenizer.json"), **special) for each in folders)
    rows = np.load(work / "matrix.npy")
    made, (seconds, cpu) = (peer_wechsel if kind == "wechsel" else peer_focus)(name, work, source, target, rows)
    np.save(work / f"peer-{name}.npy", made)
    return {"seconds": seconds, "cpu": cpu, "rows": len(made)}


def peer_focus(name: str, work: Path, source: Any, target: Any, rows: Any) -> tuple[Any, Any]:
    import torch
    from deepfocus import FOCUS, focus  # type: ignore[import-not-found]

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    words = json.loads((work / "focus.json").read_text(encoding="utf-8"))
    given = dict(zip(words, np.load(work / "focus.npz")["matrix"], strict=True))
    wanted: dict[str, Any] = {"fasttext_model_path": "given"}
    if name == "focus-whole":
        wanted = {"target_training_data_path": str(work / "text.txt"), "processes": int(os.environ["OMP_NUM_THREADS"])}
        shutil.rmtree(Path(os.environ["XDG_CACHE_HOME"]) / "deepfocus", ignore_errors=True)
    else:
        focus.load_target_token_embedding = lambda **_: given
    began = clocks()
    found = FOCUS(target, source, torch.from_numpy(rows), verbosity="silent", **wanted)
    return found.numpy(), clocks() - began


def peer_wechsel(name: str, work: Path, source: Any, target: Any, rows: Any) -> tuple[Any, Any]:
    from gensim.models import KeyedVectors, Word2Vec  # type: ignore[import-not-found]
    from wechsel import WECHSEL  # type: ignore[import-not-found]

    sides = []
    for side in ("source", "target"):
        words = json.loads((work / f"{name}-{side}.json").read_text(encoding="utf-8"))
        with np.load(work / f"{name}-{side}.npz") as stored:
            model = Word2Vec(vector_size=stored["matrix"].shape[1], min_count=1)
            model.wv = KeyedVectors(stored["matrix"].shape[1])
            model.wv.add_vectors(words, stored["matrix"])
            model.wv.expandos["count"] = stored["counts"]
        sides.append(model)
    began = clocks()
    found, _ = WECHSEL(*sides, bilingual_dictionary=str(work / "dictionary.tsv")).apply(
        source, target, rows, use_subword_info=False
    )
    return found, clocks() - began


def environment(name: str, folder: Path) -> str:
    """The Python of a peer's environment, made where it is not there."""
    kind = name.partition("-")[0]
    python = folder / kind / "bin" / "python"
    ready = folder / f"{kind}.ready"
    if not ready.is_file():
        print(f"making an environment with {', '.join(PEERS[kind])} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder / kind)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS[kind]], check=True, stderr=subprocess.DEVNULL)
        ready.touch()
    return str(python)


def against_peer(name: str, folder: Path, work: Path, rounds: int) -> dict[str, Any]:
    os.environ["XDG_CACHE_HOME"] = str(work / "peer-cache")
    python = environment(name, folder)
    runs = []
    for _ in range(rounds):
        mine, theirs = child(sys.executable, f"ours:{name}", work), child(python, f"peer:{name}", work)
        runs.append([each[clock] for clock in ("seconds", "cpu") for each in (mine, theirs)])
    seconds = np.array(runs)
    shown = {
        "ours": round(float(np.median(seconds[:, 0])), 2),
        "peer": round(float(np.median(seconds[:, 1])), 2),
        "ratio": round(float(np.median(seconds[:, 1] / seconds[:, 0])), 2),
        "ratio_cpu": round(float(np.median(seconds[:, 3] / seconds[:, 2])), 2),
    }
    print(
        f"{name}: ours {shown['ours']} s, peer {shown['peer']} s, {shown['ratio']:.1f} times "
        f"({shown['ratio_cpu']:.1f} times in CPU seconds); {mine['rows']:,} rows",
        flush=True,
    )
    if name == "focus-whole":
        return shown
    places = np.load(work / f"ours-{name}-places.npy")
    left = np.load(work / f"ours-{name}.npy")[places].astype(np.float64)
    right = np.load(work / f"peer-{name}.npy")[np.load(work / f"ours-{name}-ids.npy")].astype(np.float64)
    difference = np.abs(left - right).max(axis=1)
    cosine = (left * right).sum(axis=1) / (np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1))
    same = float((difference < 1e-4).mean())
    print(
        f"{name}: of {len(places):,} rows {same:.2%} differ by less than 1e-4 in every component; largest difference "
        f"{difference.max():.2g}, smallest cosine {cosine.min():.6f}, median cosine {np.median(cosine):.8f}",
        flush=True,
    )
    return {**shown, "same": round(same, 4), "largest_difference": float(difference.max()), "rows": len(places)}


if __name__ == "__main__":
    main()
