"""Gopher's and FineWeb's filters on documents of six languages, against datatrove's local pipeline with the same filters.

    python benchmarks/corpus_filters.py [--languages eng_Latn,…] [--documents 2000] [--copies 15] [--cache FOLDER]

Documents are of about 1.6 kB, made of lines of ../shared/data; a quarter of them is spoiled in one of eight ways, so that the
filters have something to decide. Both sides read the same Parquet file, apply GopherRepetition, FineWebQuality and
GopherQuality with the same thresholds and stop words, and write what is kept and what is dropped. datatrove segments words with
the tokenizer that it assigns to the language, Panglot with its own segmenter.

Time is CPU time, on one core, of whole processes, from which that of the same process over 20 documents (imports, dictionaries,
tables) is taken away. Panglot gets the documents several times over, under other ids, since once is too short to be measured.

Then each of datatrove's filters decides about every document by itself, with the words that Panglot found in place of its
tokenizer's, and its decisions and reasons are compared with Panglot's. No document is shorter than 240 characters: in a very
short text datatrove takes a word n-gram that occurs once for repetition, and Panglot does not.

datatrove gets an environment of its own under --cache.
"""

import argparse
import csv
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

PEER = ["datatrove==0.10.1", "xxhash<4", "spacy", "fasttext-numpy2-wheel", "pythainlp", "jieba", "indic-nlp-library", "regex"]
PEER_MORE = ["nltk", "tldextract", "pyarrow", "orjson"]
SHARED = Path(os.environ.get("PANGLOT_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data"))
SIZE, WARM, STOP_WORDS = 1600, 20, 24
# language: datatrove's name of it, target, least and greatest mean word length, least share of punctuated lines
LANGUAGES: dict[str, tuple[str, int, float, float, float]] = {
    "eng_Latn": ("eng", 15, 3, 10, 0.12),
    "tur_Latn": ("tur", 15, 3, 12, 0.12),
    "yor_Latn": ("yor", 15, 2, 8, 0.12),
    "zho_Hans": ("cmn", 5, 1, 5, 0.106),
    "tha_Thai": ("tha", 5, 1, 10, 0.0),
    "hin_Deva": ("hin_Deva", 3, 2, 21, 0.091),
}
COLUMNS = {"sib200": "text", "bible_nt": "text", "libreoffice_help": "text", "gnome_help": "text", "mafand": "yor"}
ALPHA, LINE_BREAKS, REPEATED, DUPLICATE_LINES = 0.75, 0.3, 0.1, 0.3
GROUPS = ["size", "gopher_quality", "gopher_repetition", "fineweb"]
# datatrove's reason to ours
REASONS = {
    "gopher_repetition": {
        "dup_para_frac": "duplicate_paragraphs",
        "dup_para_char_frac": "duplicate_paragraph_characters",
        "dup_line_frac": "duplicate_lines",
        "dup_line_char_frac": "duplicate_line_characters",
        **{f"top_{n}_gram": f"frequent_{n}_gram" for n in (2, 3, 4)},
        **{f"duplicated_{n}_n_grams": f"duplicate_{n}_grams" for n in range(5, 11)},
    },
    "fineweb": {
        "line_punct_ratio": "few_punctuated_lines",
        "short_line_ratio": "short_lines",
        "char_dup_ratio": "repeated_line_characters",
        "list_ratio": "many_line_breaks",
    },
    "gopher_quality": {
        "gopher_short_doc": "few_words",
        "gopher_long_doc": "many_words",
        "gopher_below_avg_threshold": "short_words",
        "gopher_above_avg_threshold": "long_words",
        "gopher_too_many_hashes": "many_hashes",
        "gopher_too_many_ellipsis": "many_ellipses",
        "gopher_too_many_bullets": "bullet_lines",
        "gopher_too_many_end_ellipsis": "ellipsis_lines",
        "gopher_below_alpha_threshold": "few_alphabetic_words",
        "gopher_enough_stop_words": "few_stop_words",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--copies", type=int, default=15)
    parser.add_argument("--decisions", action="store_true", help="compare decisions only, without timing")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each side; the median ratio counts")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/panglot-benchmarks").expanduser())
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.child:
        kind, _, rest = said.child.partition(":")
        {"ours": run_ours, "decide": decide_ours}[kind](rest, said.work)
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"):
        os.environ[name] = "1"
    work = said.cache / "corpus-filters"
    python = environment(said.cache / "environments")
    (work / "peer.py").parent.mkdir(parents=True, exist_ok=True)
    (work / "peer.py").write_text(PEER_PROGRAM, encoding="utf-8")
    print(f"{said.documents:,} documents a language of about {SIZE} bytes; datatrove 0.10.1, numpy {np.__version__}; one core")
    print("| language | Panglot documents/s | datatrove documents/s | ratio | target | equal decisions, equal reasons |")
    print("|---|---|---|---|---|---|", flush=True)
    found = {}
    for tag in said.languages.split(","):
        found[tag] = compare(tag, said, work / tag, python, work / "peer.py")
    first = next(iter(found.values()))
    line = {"benchmark": "corpus_filters", "ours": first["ours"], "peer": first["peer"], "unit": "documents per core-second"}
    within = all(each["ratio"] >= LANGUAGES[tag][1] and each["least_equal"] >= 0.99 for tag, each in found.items())
    print(f"every target met: {'yes' if within else 'no'}")
    print(json.dumps({**line, "ratio": first["ratio"], "n": said.documents, "languages": found}).replace("NaN", "null"))


def compare(tag: str, said: argparse.Namespace, work: Path, python: str, peer: Path) -> dict[str, Any]:
    prepare(tag, work, said.documents, said.copies)
    environ = dict(os.environ, HF_HUB_OFFLINE="1")
    rates = [(float("nan"), float("nan"))] if said.decisions else []
    for _ in range(0 if said.decisions else said.rounds):
        ours = seconds([sys.executable, __file__, "--child", "ours:many", "--work", str(work)], environ)
        ours -= seconds([sys.executable, __file__, "--child", "ours:warm", "--work", str(work)], environ)
        theirs = seconds([python, str(peer), "time", "once", str(work)], environ)
        theirs -= seconds([python, str(peer), "time", "warm", str(work)], environ)
        mine = (said.documents * said.copies - WARM) / ours
        rates.append((mine, (said.documents - WARM) / theirs))
    middle = sorted(rates, key=lambda each: each[0] / each[1])[len(rates) // 2]
    subprocess.run([sys.executable, __file__, "--child", "decide:once", "--work", str(work)], env=environ, check=True)
    subprocess.run([python, str(peer), "decide", "once", str(work)], env=environ, check=True, stdout=subprocess.DEVNULL)
    shown, least, reasons = agreement(work)
    ratio = middle[0] / middle[1]
    target = LANGUAGES[tag][1]
    print(f"| {tag} | {middle[0]:,.0f} | {middle[1]:,.0f} | {ratio:.1f} | {target} | {shown} |", flush=True)
    return {
        "ours": round(middle[0], 1),
        "peer": round(middle[1], 1),
        "ratio": round(ratio, 1),
        "least_equal": round(least, 4),
        "reasons": reasons,
    }


def seconds(command: list[str], environ: dict[str, str]) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:])
        raise SystemExit(f"{command[1]} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def agreement(work: Path) -> tuple[str, float, dict[str, Any]]:
    """Shares of documents about which both sides decide alike, by filter; the least; and how often each reason was given."""
    ours = json.loads((work / "ours.json").read_text())
    theirs = json.loads((work / "peer.json").read_text())
    shown, least, counts = [], 1.0, {}
    for name, names in REASONS.items():
        left = ours[name]
        right = [None if each is None else names.get(each, each) for each in theirs[name]]
        pairs = list(zip(left, right, strict=True))
        same = sum((mine is None) == (other is None) for mine, other in pairs) / len(pairs)
        alike = sum(mine == other for mine, other in pairs) / len(pairs)
        least = min(least, same, alike)
        shown.append(f"{name} {same:.2%}, {alike:.2%}")
        for reason in {each for pair in pairs for each in pair} - {None}:
            both = [(mine == reason, other == reason) for mine, other in pairs]
            equal = sum(mine == other for mine, other in both) / len(pairs)
            least = min(least, equal)
            counts[f"{name}: {reason}"] = [sum(mine for mine, _ in both), sum(other for _, other in both), round(equal, 4)]
    return "; ".join(shown), least, counts


def prepare(tag: str, work: Path, count: int, copies: int) -> None:
    """The documents as Parquet (once, few, many), and the settings that both sides read."""
    from panglot.corpus.documents import Documents, DocumentWriter
    from panglot.corpus.segmentation.words import find_words

    shutil.rmtree(work, ignore_errors=True)
    texts = list(spoiled(documents(list(lines(tag)), count)))
    with DocumentWriter(work / "once" / "documents.parquet") as writer:
        for number, text in enumerate(texts):
            writer.document(text, tag, source="benchmark", url=str(number))
    with DocumentWriter(work / "warm" / "documents.parquet") as writer:
        for text in texts[:WARM]:
            writer.document(text, tag, source="benchmark")
    shard, held = 0, 0
    writer = DocumentWriter(work / "many" / "documents" / "00000.parquet")
    for copy in range(copies):
        for number, text in enumerate(texts):
            if held == 20_000:
                writer.__exit__(None, None, None)
                shard, held = shard + 1, 0
                writer = DocumentWriter(work / "many" / "documents" / f"{shard:05}.parquet")
            writer.row({"id": f"{copy}-{number}", "text": text, "language": tag, "source": "", "url": None, "meta": None})
            held += 1
    writer.__exit__(None, None, None)
    words = find_words(texts).lists()
    often = Counter(word for each in words for word in each if word.isalpha() or any(map(str.isalpha, word)))
    _, _, shortest, longest, punctuated = LANGUAGES[tag]
    settings = {
        "language": LANGUAGES[tag][0],
        "tag": tag,
        "stop_words": [word for word, _ in often.most_common(STOP_WORDS)],
        "shortest": shortest,
        "longest": longest,
        "punctuated": punctuated,
        "alpha": ALPHA,
        "line_breaks": LINE_BREAKS,
        "repeated": REPEATED,
        "duplicate_lines": DUPLICATE_LINES,
    }
    (work / "settings.json").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    (work / "words.json").write_text(json.dumps(dict(zip(texts, words, strict=True)), ensure_ascii=False), encoding="utf-8")
    size = sum(Documents.open(work / "once").bytes.values()) / count
    print(f"<!-- {tag}: {count:,} documents, {size:,.0f} bytes each -->", flush=True)


def lines(tag: str) -> Iterator[str]:
    """Lines of running text of a language, from several sets."""
    code = tag[:3]
    for name, column in COLUMNS.items():
        for path in sorted((SHARED / name).glob("*.tsv.gz")):
            stem = path.name.removesuffix(".tsv.gz")
            if stem in (tag, code) or (name == "mafand" and stem.startswith("eng-yor") and code == "yor"):
                with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
                    for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
                        if row[column].strip():
                            yield row[column].strip()
    for name, key in (("xquad", "context"), ("masakhanews", "text"), ("wisesight", "text")):
        seen = set()
        for path in sorted([*(SHARED / name).glob(f"{code}.*.jsonl.gz"), *(SHARED / name).glob(f"{tag}.*.jsonl.gz")]):
            with gzip.open(path, "rt", encoding="utf-8") as stream:
                for line in stream:
                    text = json.loads(line)[key]
                    if text not in seen:
                        seen.add(text)
                        yield from filter(None, map(str.strip, text.split("\n")))


def documents(found: list[str], count: int) -> Iterator[str]:
    """Documents of neighbouring lines, of about SIZE bytes; another order of lines each time the lines are used up."""
    generator = np.random.default_rng(17)
    made = 0
    while True:
        blocks = [found[place : place + 4] for place in range(0, len(found), 4)]
        held: list[str] = []
        size = 0
        for block in generator.permutation(len(blocks)).tolist():
            for line in blocks[block]:
                held.append(line)
                size += len(line.encode()) + 1
                if size >= SIZE:
                    yield ("\n\n" if made % 3 == 0 else "\n").join(held)
                    held, size, made = [], 0, made + 1
                    if made == count:
                        return


def spoiled(texts: Iterator[str]) -> Iterator[str]:
    """A quarter of the documents is spoiled in one of eight ways."""
    generator = np.random.default_rng(18)
    for text in texts:
        kind = int(generator.integers(0, 32))
        held = text.split("\n")
        if kind == 0:
            text = "\n".join([*held, *held[: max(1, len(held) // 2)], *held])
        elif kind == 1:
            text = "\n".join(f"• {each}" for each in held if each)
        elif kind == 2:
            text = "\n".join(each.rstrip(".।。") + " ..." for each in held if each)
        elif kind == 3:
            text = text[: int(generator.integers(240, 320))]
        elif kind == 4:
            text = text.replace(" ", " #")
        elif kind == 5:
            text = "\n".join(each for line in held for each in (line[place : place + 12] for place in range(0, len(line), 12)))
        elif kind == 6:
            text = text.rstrip(".।。") + " " + " ".join(str(each) for each in generator.integers(0, 9999, 120))
        elif kind == 7:
            piece = held[0][:60]
            text = text + "\n\n" + " ".join([piece] * 12)
        yield text


def thresholds(work: Path) -> Any:
    """Panglot's file of thresholds with the settings."""
    from panglot.corpus.thresholds.artifact import Thresholds

    settings = json.loads((work / "settings.json").read_text(encoding="utf-8"))
    rules = {
        "mean_word_length": {"min": settings["shortest"], "max": settings["longest"]},
        "punctuated_line_share": {"min": settings["punctuated"], "max": None},
        "alphabetic_word_share": {"min": settings["alpha"], "max": None},
        "newlines_per_word": {"min": None, "max": settings["line_breaks"]},
        "repeated_line_characters": {"min": None, "max": settings["repeated"]},
        "duplicate_line_share": {"min": None, "max": settings["duplicate_lines"]},
    }
    content = {"format": 2, "languages": {settings["tag"]: {"rules": rules, "stop_words": settings["stop_words"]}}}
    (work / "thresholds").mkdir(exist_ok=True)
    (work / "thresholds" / "thresholds.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return Thresholds.open(work / "thresholds")


def run_ours(which: str, work: Path) -> None:
    """Measure and filter, as a recipe does."""
    from panglot.artifacts import Engine, step_folder
    from panglot.corpus.documents import Documents
    from panglot.corpus.filter import filter as filter_documents
    from panglot.corpus.signals.component import Signals, signals

    known, engine = thresholds(work), Engine(workers=1)
    given = Documents.open(work / which)
    with step_folder(work / f"signals-{which}", engine=engine) as step:
        signals(of=given, thresholds=known, groups=GROUPS, step=step)  # type: ignore[arg-type]
    with step_folder(work / f"kept-{which}", engine=engine) as step:
        filter_documents(
            of=given,
            signals=Signals.open(work / f"signals-{which}"),
            rules=["gopher_repetition", "fineweb", "gopher_quality"],
            thresholds=known,
            step=step,
        )


def decide_ours(which: str, work: Path) -> None:
    """Each filter by itself, on the words that the other side gets."""
    import pyarrow as pa

    from panglot.corpus.documents import Documents
    from panglot.corpus.filter import decide, limits_of
    from panglot.corpus.rules import RULES
    from panglot.corpus.signals import signals_of

    known = thresholds(work)
    given = Documents.open(work / which)
    texts = list(given.texts())
    tag = given.languages[0]
    found = signals_of(texts, tag, stop_words=known.of(tag).stop_words, groups=GROUPS)  # type: ignore[arg-type]
    table = pa.table(dict(found))
    languages = pa.table({"language": [tag] * len(texts)})
    decisions = {}
    for name in REASONS:
        assert name in RULES
        limits = limits_of([tag], rules=[name], thresholds=known)  # type: ignore[list-item]
        decisions[name] = decide(limits, languages, table).to_pylist()
    (work / "ours.json").write_text(json.dumps(decisions))


PEER_PROGRAM = """
import json, shutil, sys
from pathlib import Path

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.text import TERMINAL_PUNCTUATION

# FineWeb's own list has quotation marks, since they stand behind full stops; datatrove's list for all scripts lost them
QUOTES = "\\"'”’»"
what, which, work = sys.argv[1], sys.argv[2], Path(sys.argv[3])
said = json.loads((work / "settings.json").read_text(encoding="utf-8"))
language = said["language"]


def filters(out):
    def dropped(name):
        return ParquetWriter(str(out / "dropped" / name)) if out else None

    return {
        "gopher_repetition": GopherRepetitionFilter(
            language=language, exclusion_writer=dropped("1"), dup_line_frac=said["duplicate_lines"]
        ),
        "fineweb": FineWebQualityFilter(
            exclusion_writer=dropped("2"), language=language, line_punct_thr=said["punctuated"],
            char_duplicates_ratio=said["repeated"], new_line_ratio=said["line_breaks"],
            stop_chars=(*TERMINAL_PUNCTUATION, *QUOTES),
        ),
        "gopher_quality": GopherQualityFilter(
            exclusion_writer=dropped("3"), language=language, stop_words=said["stop_words"],
            min_avg_word_length=said["shortest"], max_avg_word_length=said["longest"],
            max_non_alpha_words_ratio=said["alpha"],
        ),
    }


if what == "time":
    out = work / f"peer-{which}"
    shutil.rmtree(out, ignore_errors=True)
    LocalPipelineExecutor(
        pipeline=[
            ParquetReader(str(work / which), text_key="text", id_key="id"),
            *filters(out).values(),
            ParquetWriter(str(out / "kept")),
        ],
        tasks=1, workers=1, logging_dir=str(out / "logs"),
    ).run()
else:
    words = json.loads((work / "words.json").read_text(encoding="utf-8"))
    from datatrove.pipeline.filters import fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter

    for module in (fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter):
        module.split_into_words = lambda text, language: words[text]
    import pyarrow.parquet as pq

    found = {}
    for name, each in filters(None).items():
        found[name] = []
        for text in pq.read_table(work / which / "documents.parquet")["text"].to_pylist():
            try:
                result = each.filter(Document(text=text, id="0"))
            except ZeroDivisionError:
                result = (False, "division by zero")
            found[name].append(result[1] if isinstance(result, tuple) and not result[0] else None if result else "dropped")
    (work / "peer.json").write_text(json.dumps(found))
"""


def environment(folder: Path) -> str:
    """The Python of datatrove's environment, made where it is not there."""
    python, ready = folder / "datatrove" / "bin" / "python", folder / "datatrove.ready"
    if not ready.is_file():
        print(f"making an environment with {', '.join(PEER)} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder / "datatrove")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEER, *PEER_MORE], check=True, stderr=subprocess.DEVNULL)
        ready.touch()
    return str(python)


if __name__ == "__main__":
    main()
