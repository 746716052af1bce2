"""Run folders of corpora with stand-in figures: as `panglot corpus build` writes them, in any number of languages."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import step_folder
from panglot.corpus.documents import SCHEMA, SHARDS_FOLDER, document_id
from panglot.corpus.duplicates.clusters import SCHEMA as CLUSTERS
from panglot.corpus.engine.sieve import DROPPED_SCHEMA

TEXTS = {
    "arb_Arab": "وكانت الأهداف الرئيسية لإيطاليا هي البلدان الأفريقية.",
    "tha_Thai": "ชาวนาปลูกข้าวในฤดูฝนและเก็บเกี่ยวเมื่อน้ำลดลง",
    "hin_Deva": "किसान बरसात के मौसम में धान बोते हैं।",
    "nqo_Nkoo": "ߛߣߍߞߍߟߊ ߟߎ߫ ߦߋ߫ ߡߊߟߏ ߟߊߞߊ߬ ߟߊ߫",
    "zho_Hans": "农民在雨季种植水稻，等到洪水退去以后才收割。",
    "eng_Latn": "Farmers plant rice in the rainy season.",
}
REASONS = ("few_words", "duplicate_lines", "few_stop_words")


def row(tag: str, text: str, url: str | None = None, source: str = "crawl") -> dict[str, Any]:
    return {"id": document_id(tag, text), "text": text, "language": tag, "source": source, "url": url, "meta": None}


def rows_of(tag: str, count: int) -> list[dict[str, Any]]:
    text = TEXTS.get(tag, TEXTS["eng_Latn"])
    hosts = ("news.example.org", "www.bible.com", "blog.example.net")
    return [row(tag, f"{number} {text * (1 + number % 3)}", f"https://{hosts[number % 3]}/{number}") for number in range(count)]


def write(folder: Path, rows: list[dict[str, Any]], schema: pa.Schema = SCHEMA) -> None:
    place = folder / SHARDS_FOLDER / "00000.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), place)


def account(rows: list[dict[str, Any]], dropped: list[dict[str, Any]]) -> dict[str, Any]:
    reasons = [each["reason"] for each in dropped]
    return {
        "in": len(rows),
        "kept": len(rows) - len(dropped),
        "dropped": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        "quarantined": 0,
    }


def make_run(folder: Path, languages: list[str], *, documents: int = 12, without: tuple[str, ...] = ()) -> Path:
    """A run: read, exact duplicates, identification, signals, filter, checks.

    Args:
        folder: where to make it.
        languages: tags.
        documents: of the first language; the others have fewer.
        without: steps that were not run.
    """
    run = folder / "run"
    steps = run / "steps"
    rows = [each for number, tag in enumerate(languages) for each in rows_of(tag, max(3, documents - number % 7))]
    counts = {tag: sum(each["language"] == tag for each in rows) for tag in sorted(languages)}
    with step_folder(steps / "read", component="corpus.read_text") as step:
        write(step.out, rows)
        step.figures["documents"] = counts
    if "copies" not in without:
        with step_folder(steps / "copies", component="corpus.exact_duplicates", inputs={"$read": "0"}) as step:
            place = step.out / "clusters" / "00000.parquet"
            place.parent.mkdir()
            said = [
                {
                    "id": each["id"],
                    "cluster": each["id"],
                    "cluster_size": 1 + at % 4,
                    "keep": True,
                    "longest": True,
                    "known": None,
                }
                for at, each in enumerate(rows)
            ]
            pq.write_table(pa.Table.from_pylist(said, schema=CLUSTERS), place)
    if "labels" not in without:
        with step_folder(steps / "labels", component="corpus.identify", inputs={"$read": "0"}) as step:
            place = step.out / "labels" / "00000.parquet"
            place.parent.mkdir()
            unsure = {languages[-1]}
            pq.write_table(
                pa.table(
                    {
                        "id": [each["id"] for each in rows],
                        "language": [each["language"] for each in rows],
                        "confidence": [0.3 if each["language"] in unsure else 0.97 for each in rows],
                        "second": ["deu_Latn"] * len(rows),
                        "mixed": pa.array(["deu_Latn" if at == 0 else None for at in range(len(rows))], pa.string()),
                    }
                ),
                place,
            )
    if "filtered" not in without:
        with step_folder(steps / "signals", component="corpus.signals", inputs={"$read": "0"}) as step:
            place = step.out / "signals" / "00000.parquet"
            place.parent.mkdir()
            generator = np.random.default_rng(0)
            columns = {
                "words": pa.array(range(len(rows)), pa.int32()),
                "duplicate_line_share": pa.array(generator.random(len(rows)), pa.float32()),
                "mean_word_length": pa.array([float("nan")] * len(rows), pa.float32()),
            }
            pq.write_table(pa.table({"id": [each["id"] for each in rows], **columns}), place)
        dropped = [{**each, "reason": REASONS[at % 3]} for at, each in enumerate(rows) if at % 4 == 1]
        gone = {id(rows[at]) for at in range(len(rows)) if at % 4 == 1}
        with step_folder(
            steps / "filtered",
            component="corpus.filter",
            parameters={"of": "$read", "signals": "$signals"},
            inputs={"$read": "0", "$signals": "0"},
        ) as step:
            write(step.out, [each for each in rows if id(each) not in gone])
            write(step.out / "dropped", dropped, DROPPED_SCHEMA)
            step.figures["documents"] = account(rows, dropped)
            bounds = {"words:min": 2.0, "duplicate_line_share:max": 0.3, "mean_word_length:max": 9.0}
            step.figures["bounds"] = dict.fromkeys(languages, bounds)
            step.note("A note with <b>markup</b>.")
    return run


def hostile_run(folder: Path) -> Path:
    """A run whose texts, addresses and reasons try to get out of their places."""
    run = folder / "run"
    texts = [
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "\u202e\u2066 turned round \u202d",
        "ก\u0e49" * 3000,
        "\x00\x1b[31m red",
        "x" * 100_000,
        "{{ 7 * 7 }}{% raw %}",
    ]
    rows = [row("und", text, f'https://<b>{{{{7*7}}}}{number}.example/"onmouseover=1') for number, text in enumerate(texts)]
    with step_folder(run / "steps" / "read", component="corpus.read_text") as step:
        write(step.out, rows[1:])
        dropped = [{**rows[0], "reason": "</td><script>alert(3)</script>"}]
        write(step.out / "dropped", dropped, DROPPED_SCHEMA)
        step.figures["documents"] = account(rows, dropped)
        step.figures["by_language"] = {"und": account(rows, dropped)}
    return run
