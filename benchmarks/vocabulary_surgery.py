"""Surgery on e5-small (250,002 pieces × 384): time and peak memory, each in a fresh process, against the usual way.

    python benchmarks/vocabulary_surgery.py [--part extend|trim|quality] [--text FILE] [--add 8000] [--rounds 1] [--work DIR]

extend   8,000 pieces for one language from 20 MB of text. The text is generated from the gettext catalogues of installed
         packages (Uyghur, right to left; a Markov chain over characters, seeded), or `--text FILE`. The peer finds the words
         that occur most, `tokenizer.add_tokens`, `resize_token_embeddings`, `save_pretrained`. It gives up: pieces (each
         addition is a whole word, cut out before the model's own rules apply, so that no other word profits), and rows (all
         new ones are drawn around one mean).
trim     to five languages with 100,000 sentences, generated in the same way. The peer follows the usual trimming script:
         load the model, count the pieces of the text, filter the vocabulary by membership in a list, a new `nn.Embedding`,
         `save_pretrained`. It gives up: single characters that the text happens not to hold (they become unknown), and, for
         BPE models, merges.
quality  needs ../shared/data. Trims to eng, deu, swh, hin, tha with public text, and measures bitext retrieval on Tatoeba
         pairs, none of which is in that text, with the full and the trimmed model. Takes some minutes.

Each part ends with one JSON line. `ours` and `peer` are seconds of the whole process, imports included.
"""

import argparse
import csv
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

MODEL = "embedded:e5-small"
EXTENDED = "uig_Arab"
FIVE = ("eng_Latn", "deu_Latn", "swh_Latn", "hin_Deva", "tha_Thai")
BYTES = 20_000_000
SENTENCES = 100_000
ORDER = 4
LEAST = 100
METRIC = "accuracy_cosine"
FOLDERS = (
    "sib200", "bible_nt", "stsb", "semrel", "xnli", "xcopa", "xquad", "mgsm", "masakhanews", "wisesight", "ud_pud"
)  # fmt: skip


def harvested(language: str) -> list[str]:
    """Messages of the installed catalogues; for English the source strings."""
    from panglot.artifacts import step_folder
    from panglot.corpus.gettext_harvest import harvest_gettext
    from panglot.languages import Language

    english = language == "eng_Latn"
    with tempfile.TemporaryDirectory() as place, step_folder(Path(place) / "harvest") as step:
        found = harvest_gettext(
            languages=[Language("deu_Latn") if english else Language.parse(language)], pivot=Language("eng_Latn"), step=step
        )
        return sorted({row["target_text" if english else "source_text"] for row in found.rows()})


def generated(language: str, seed: int) -> Iterator[str]:
    """Sentences of at least a hundred characters, from a Markov chain of order four over those of a language's messages."""
    chain: dict[str, list[str]] = defaultdict(list)
    for text in harvested(language):
        padded = "\n" * ORDER + text.replace("\n", " ") + "\n"
        for at in range(ORDER, len(padded)):
            chain[padded[at - ORDER : at]].append(padded[at])
    draw = random.Random(seed)  # a generator with a seed, for text that nobody keeps
    while True:
        state = "\n" * ORDER
        letters: list[str] = []
        while len(letters) < 4 * LEAST:
            letter = draw.choice(chain[state])
            state = state[1:] + letter
            if letter != "\n":
                letters.append(letter)
            elif len(letters) >= LEAST:
                break
            else:
                state = "\n" * ORDER
                letters.append(" ")
        yield "".join(letters).strip()


def write_extension_text(path: Path) -> None:
    size = 0
    with path.open("w", encoding="utf-8") as stream:
        for each in generated(EXTENDED, 1):
            stream.write(each + "\n")
            if (size := size + len(each.encode()) + 1) >= BYTES:
                return


def write_trimming_text(folder: Path) -> None:
    folder.mkdir()
    for number, language in enumerate(FIVE):
        sentences = generated(language, number)
        with (folder / f"{language}.txt").open("w", encoding="utf-8") as stream:
            stream.writelines(next(sentences) + "\n" for _ in range(SENTENCES // len(FIVE)))


def in_a_fresh_process(*arguments: str) -> tuple[float, float]:
    """Seconds and peak memory in MiB of a command of its own."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - began, usage.ru_maxrss * unit / 2**20


def largest_step(run: Path) -> float:
    """Peak memory of a run's steps in MiB; each step starts its peak anew, so that the system only knows the last one's."""
    manifests = (json.loads(each.read_bytes()) for each in run.glob("steps/*/manifest.json"))
    return max((each["peak_memory_bytes"] / 2**20 for each in manifests), default=0.0)


def peer_extend(text: Path, add: int, out: Path) -> None:
    """The usual way: frequent words as added tokens, and a resized matrix."""
    from transformers import AutoModel, AutoTokenizer

    from panglot.models.embedded import embedded_folder

    folder = embedded_folder(MODEL)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    words: Counter[str] = Counter()
    with text.open(encoding="utf-8") as stream:
        for line in stream:
            words.update(line.split())
    known = tokenizer.get_vocab()
    tokenizer.add_tokens([word for word, _ in words.most_common() if word not in known and "▁" + word not in known][:add])
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def peer_trim(texts: Path, out: Path) -> None:
    """The usual way: counted pieces, membership in a list, a new embedding layer."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from panglot.models.embedded import embedded_folder

    folder = embedded_folder(MODEL)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    counts: Counter[str] = Counter()
    for path in sorted(texts.iterdir()):
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                counts.update(tokenizer.tokenize(line))
    kept = [token for token, count in counts.items() if count >= 2] + list(tokenizer.all_special_tokens)
    said = json.loads((folder / "tokenizer.json").read_bytes())
    pieces = [(number, piece) for number, piece in enumerate(said["model"]["vocab"]) if piece[0] in kept]
    said["model"]["vocab"] = [piece for _, piece in pieces]
    rows = torch.tensor([number for number, _ in pieces])
    old = model.get_input_embeddings().weight.data
    embedding = torch.nn.Embedding(len(rows), old.shape[1])
    embedding.weight.data = old[rows].clone()
    model.set_input_embeddings(embedding)
    model.config.vocab_size = len(rows)
    model.save_pretrained(out)
    shutil.copytree(folder, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    number_of = {piece[0]: number for number, (_, piece) in enumerate(pieces)}
    for each in said["added_tokens"]:
        each["id"] = number_of[each["content"]]
    for token, each in said["post_processor"]["special_tokens"].items():
        each["ids"] = [number_of[token]]
    said["model"]["unk_id"] = number_of["<unk>"]
    (out / "tokenizer.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def parameters(folder: Path) -> int:
    from panglot.models.folder import inspect_folder

    return inspect_folder(folder).parameters


def timed_part(part: str, work: Path, given: argparse.Namespace) -> None:
    program = str(Path(__file__).resolve())
    if part == "extend":
        text = given.text or work / "extend.txt"
        if not text.exists():
            write_extension_text(text)
        said = [
            "vocabulary",
            "extend",
            "--text",
            f"{EXTENDED}={text}" if given.text is None else str(text),
            "--add",
            str(given.add),
        ]
        peer = ["--peer", "extend", "--text", str(text), "--add", str(given.add)]
    else:
        text = work / "trim"
        if not text.exists():
            write_trimming_text(text)
        said = ["vocabulary", "trim", "--text", str(text), "--keep", ",".join(each[:3] for each in FIVE)]
        peer = ["--peer", "trim", "--text", str(text)]
    seconds, memory = defaultdict(list), defaultdict(list)
    for _ in range(given.rounds):
        for side in ("ours", "peer"):
            out = work / f"{part}-{side}"
            shutil.rmtree(out, ignore_errors=True)
            if side == "ours":
                command = ["-m", "panglot", *said, "--model", MODEL, "--out", str(out), "--quiet"]
            else:
                command = [program, *peer, "--out", str(out)]
            taken, peak = in_a_fresh_process(*command)
            seconds[side].append(taken)
            memory[side].append(max(peak, largest_step(out)))
    ours = work / f"{part}-ours" / "model"
    rows = [
        ["", "panglot", "usual way"],
        ["seconds", *(f"{median(seconds[side]):.1f}" for side in ("ours", "peer"))],
        ["peak MiB", *(f"{max(memory[side]):,.0f}" for side in ("ours", "peer"))],
        ["parameters", *(f"{parameters(each):,}" for each in (ours, work / f"{part}-peer"))],
        ["characters a token", *(f"{characters_a_token(each, text):.2f}" for each in (ours, work / f"{part}-peer"))],
    ]
    table(f"{part}, {text.stat().st_size / 1e6:.0f} MB" if text.is_file() else f"{part}, {SENTENCES:,} sentences", rows)
    ratio = median(one / other for one, other in zip(seconds["peer"], seconds["ours"], strict=True))
    line(f"vocabulary-{part}", median(seconds["ours"]), median(seconds["peer"]), ratio, given.rounds,
         peak_mib={side: round(max(memory[side])) for side in ("ours", "peer")})  # fmt: skip


def characters_a_token(folder: Path, text: Path) -> float:
    """On the first 2,000 lines of each file."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    lines: list[str] = []
    for path in [text] if text.is_file() else sorted(text.iterdir()):
        with path.open(encoding="utf-8") as stream:
            lines += [each.rstrip("\n") for each, _ in zip(stream, range(2000), strict=False)]
    tokens = tokenizer(lines, add_special_tokens=False)["input_ids"]
    return sum(map(len, lines)) / sum(map(len, tokens))


def table(title: str, rows: list[list[str]]) -> None:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    print(f"\n{title}")
    for row in rows:
        print(
            "  ".join(
                cell.ljust(width) if at == 0 else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )


def line(name: str, ours: float, peer: float, ratio: float, count: int, unit: str = "seconds", **more: Any) -> None:
    said = {
        "benchmark": name,
        "ours": round(ours, 3),
        "peer": round(peer, 3),
        "unit": unit,
        "ratio": round(ratio, 3),
        "n": count,
    }
    print(json.dumps({**said, **more}))


def opened(path: Path) -> Any:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def tatoeba(shared: Path, language: str, count: int) -> list[tuple[str, str]]:
    """Pairs with English, each text once."""
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    with opened(shared / "tatoeba" / f"{language[:3]}-eng.tsv.gz") as stream:
        for left, right in list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]:
            if left not in seen and right not in seen:
                seen |= {left, right}
                found.append((left, right))
    return found[:count]


def public_text(shared: Path, language: str, folders: Sequence[str] = FOLDERS) -> list[str]:
    """Sentences and paragraphs of a language from the folder of real data (Tatoeba is left out) and the catalogues."""
    found: dict[str, None] = dict.fromkeys(harvested(language))
    for folder in folders:
        for path in sorted((shared / folder).iterdir()):
            if path.name[:3] != language[:3]:
                continue
            with opened(path) as stream:
                if ".jsonl" in path.name:
                    for each in stream:
                        found |= dict.fromkeys(text for text in json.loads(each).values() if isinstance(text, str))
                elif ".tsv" in path.name:
                    for row in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
                        found |= dict.fromkeys(row)
                elif ".conllu" in path.name:
                    found |= dict.fromkeys(each[9:].strip() for each in stream if each.startswith("# text = "))
    with opened(shared / "udhr" / "udhr.jsonl.gz") as stream:
        found |= dict.fromkeys(each["text"] for each in map(json.loads, stream) if each["iso"] == language[:3])
    return [" ".join(each.splitlines()) for each in found if len(each) > 10]


def quality(work: Path, shared: Path, pairs: int) -> None:
    """Bitext retrieval with the full and the trimmed model, on pairs that the trimming has not seen."""
    import pyarrow as pa

    from panglot.artifacts import step_folder
    from panglot.corpus import Pairs, write_pairs
    from panglot.evaluation.bitext_retrieval import bitext_retrieval
    from panglot.models import Model
    from panglot.models.load import load
    from panglot.models.model import open_model

    shutil.rmtree(work / "quality", ignore_errors=True)
    place = work / "quality"
    held = {each: tatoeba(shared, each, pairs) for each in FIVE[1:]}
    unseen = {text for found in held.values() for pair in found for text in pair}
    (place / "text").mkdir(parents=True)
    for language in FIVE:
        lines = [each for each in public_text(shared, language) if each not in unseen]
        (place / "text" / f"{language}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{language}: {len(lines):,} lines")
    said = [
        "vocabulary",
        "trim",
        "--text",
        str(place / "text"),
        "--keep",
        ",".join(each[:3] for each in FIVE),
        "--model",
        MODEL,
    ]
    in_a_fresh_process("-m", "panglot", *said, "--out", str(place / "run"), "--quiet")
    shutil.copytree(place / "run" / "model", place / "trimmed" / "model")
    open_model(place / "trimmed", name="trimmed")
    with step_folder(place / "full") as step:
        load(name=MODEL, step=step)
    rows = [(language, *pair) for language, found in held.items() for pair in found]
    names = ("source_language", "source_text", "target_text")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    write_pairs(place / "pairs", pa.table({**columns, "target_language": ["eng_Latn"] * len(rows)}))
    scores: dict[str, dict[str, float]] = {}
    for name in ("full", "trimmed"):
        with step_folder(place / f"measured-{name}") as step:
            found = bitext_retrieval(
                model=Model.open(place / name), pairs=Pairs.open(place / "pairs"), condition=name, step=step
            )
            scores[name] = {r["language"]: r["value"] for r in found.table().to_pylist() if r["metric"] == METRIC}
    share = 1 - parameters(place / "trimmed" / "model") / parameters(Model.open(place / "full").path)
    languages = sorted(scores["full"])
    table(
        f"bitext retrieval with English, {pairs} Tatoeba pairs a language; {share:.1%} fewer parameters",
        [["", *languages], *([name, *(f"{scores[name][each]:.3f}" for each in languages)] for name in scores)],
    )
    mean = {name: sum(found.values()) / len(found) for name, found in scores.items()}
    line("vocabulary-trim-quality", mean["trimmed"], mean["full"], mean["trimmed"] / mean["full"], len(rows), METRIC,
         fewer_parameters=round(share, 4), scores=scores)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=("extend", "trim", "quality"))
    parser.add_argument("--text", type=Path, help="text for the extension, in place of the generated one")
    parser.add_argument("--add", type=int, default=8000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=200, help="held-out pairs a language")
    parser.add_argument("--work", type=Path, help="where to keep texts and models (default: a folder that is removed)")
    parser.add_argument("--peer", choices=("extend", "trim"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer == "extend":
        peer_extend(given.text, given.add, given.out)
    elif given.peer == "trim":
        peer_trim(given.text, given.out)
    else:
        shared = Path(os.environ.get("PANGLOT_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data"))
        with tempfile.TemporaryDirectory() as place:
            work = given.work or Path(place)
            work.mkdir(parents=True, exist_ok=True)
            for part in given.part or ("extend", "trim", "quality"):
                if part != "quality":
                    timed_part(part, work, given)
                elif shared.is_dir():
                    quality(work, shared, given.pairs)
                else:
                    print("quality is left out: ../shared/data is not here")


if __name__ == "__main__":
    main()
