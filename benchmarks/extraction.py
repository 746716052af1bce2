"""Text of HTML pages: which extractor finds the paragraphs that a person would, by language; and how fast archives are read.

    python benchmarks/extraction.py [--pages 25] [--copies 10] [--languages khm,jpn]

The pages are those of ../shared/data/html_pages: help pages with menus and chrome in six languages and six scripts, with the
paragraphs that an extractor should find. Characters are compared as 5-grams without white space, so that no language needs
words: precision, recall and F1 a page, averaged over the pages; `paragraphs` is the share of the gold paragraphs that stand
whole in the text; the rate is in pages per processor second, extraction alone.

The second part writes the pages as one `.warc.gz`, a member a record as crawls have it, and reads its records with panglot's
reader and with fastwarc, in processor seconds.
"""

import argparse
import gzip
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import mean

from panglot.artifacts import Step
from panglot.corpus.reading.bounded import Account, Source
from panglot.corpus.reading.extraction import Plain, Resiliparse, Trafilatura
from panglot.corpus.reading.extraction_child import extractor, found
from panglot.corpus.reading.warc import Records

EXTRACTORS = {
    "resiliparse": Resiliparse(),
    "resiliparse, all text": Resiliparse(main_content=False),
    "trafilatura": Trafilatura(),
    "trafilatura, precision": Trafilatura(favour="precision"),
    "trafilatura, recall": Trafilatura(favour="recall"),
    "plain": Plain(),
}
_ORDER = 5


def grams(text: str) -> Counter[str]:
    joined = "".join(text.replace("\u200b", "").split())
    return Counter(joined[at : at + _ORDER] for at in range(max(len(joined) - _ORDER + 1, 1)))


def judged(text: str, paragraphs: list[str]) -> tuple[float, float, float, float]:
    """Precision, recall, F1 of the characters, and the share of the paragraphs found whole."""
    got, gold = grams(text), grams("\n".join(paragraphs))
    common = (got & gold).total()
    precision, recall = common / max(got.total(), 1), common / max(gold.total(), 1)
    both = precision + recall
    joined = "".join(text.replace("\u200b", "").split())
    whole = mean("".join(each.replace("\u200b", "").split()) in joined for each in paragraphs)
    return precision, recall, 2 * precision * recall / both if both else 0.0, whole


def measured(pages: list[dict[str, list[str] | str]], extract: Callable[[str], tuple[str, str]]) -> tuple[list[float], float]:
    began = time.process_time()
    texts = [found(extract, str(page["html"]))["text"] for page in pages]
    seconds = time.process_time() - began
    scores = [judged(text, list(page["paragraphs"])) for text, page in zip(texts, pages, strict=True)]
    return [mean(column) for column in zip(*scores, strict=True)], len(pages) / seconds


def archive(path: Path, pages: list[str], copies: int) -> int:
    """Write a WARC; bytes of its records."""
    size = 0
    with path.open("wb") as stream:
        for number, page in enumerate(pages * copies):
            body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page.encode()
            head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/{number}\r\n"
            head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(body)}\r\n\r\n"
            record = head.encode() + body + b"\r\n\r\n"
            size += len(record)
            stream.write(gzip.compress(record, 6))
    return size


def archives(pages: list[str], copies: int) -> dict[str, float]:
    """Megabytes of records per processor second, by reader."""
    from fastwarc.warc import ArchiveIterator

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages.warc.gz"
        size = archive(path, pages, copies)
        began = time.process_time()
        with Source(path).open(recover=True) as stream:
            ours = sum(1 for _ in Records(stream, Source(path), Account(Step(Path(folder))), 1 << 24))
        middle = time.process_time()
        with path.open("rb") as stream:
            theirs = sum(len(each.reader.read()) > 0 for each in ArchiveIterator(stream, parse_http=False))
        end = time.process_time()
    if ours != theirs:
        raise SystemExit(f"{ours} and {theirs} records")
    return {"panglot": size / 1e6 / (middle - began), "fastwarc": size / 1e6 / (end - middle)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=25)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--languages")
    arguments = parser.parse_args()
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PANGLOT_SHARED", default)) / "html_pages"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is absent: it holds the pages and their gold paragraphs")
    wanted = arguments.languages.split(",") if arguments.languages else None
    scores: dict[str, list[list[float]]] = {}
    rates: dict[str, list[float]] = {}
    texts: list[str] = []
    print(f"{'language':9} {'extractor':23} {'precision':>9} {'recall':>7} {'F1':>6} {'paragraphs':>11} {'pages/s':>8}")
    for path in sorted(folder.glob("*.jsonl.gz")):
        language = path.name.partition(".")[0]
        if wanted and language not in wanted:
            continue
        pages = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()][: arguments.pages]
        texts += [page["html"] for page in pages]
        for name, each in EXTRACTORS.items():
            if each.package and find_spec(each.package) is None:
                raise SystemExit(f"{each.package} is not installed: pip install 'panglot[web]'")
            found_scores, rate = measured(pages, extractor(each.model_dump()))
            scores.setdefault(name, []).append(found_scores)
            rates.setdefault(name, []).append(rate)
            precision, recall, f1, whole = found_scores
            shown = f"{precision:9.3f} {recall:7.3f} {f1:6.3f} {whole:11.3f} {rate:8.0f}"
            print(f"{language:9} {name:23} {shown}", flush=True)
    summary = {}
    for name, rows in scores.items():
        averages = [round(mean(column), 3) for column in zip(*rows, strict=True)]
        summary[name] = {
            **dict(zip(("precision", "recall", "f1", "paragraphs"), averages, strict=True)),
            "worst_f1": round(min(row[2] for row in rows), 3),
            "pages_per_cpu_second": round(mean(rates[name])),
        }
    for name, row in summary.items():
        print(f"{name:23} {row}")
    speed = archives(texts, arguments.copies)
    print(f"records of a .warc.gz: panglot {speed['panglot']:.0f} MB/s, fastwarc {speed['fastwarc']:.0f} MB/s")
    ours, peer = summary["resiliparse"]["f1"], summary["trafilatura"]["f1"]
    result = {
        "benchmark": "extraction", "ours": ours, "peer": peer, "unit": "F1 of character 5-grams",
        "ratio": round(ours / peer, 2),
        "n": len(texts), "extractors": summary,
        "warc_mb_per_cpu_second": {name: round(each) for name, each in speed.items()},
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
