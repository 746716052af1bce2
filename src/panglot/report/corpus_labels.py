"""Which languages may be called by a wrong name: what identification and the check of whole corpora say."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from panglot.artifacts import InputError
from panglot.corpus.checks.corpora import CorpusCheck
from panglot.corpus.documents import UNDETERMINED

UNSURE = 0.5
_SUSPICIOUS = 0.25
_OTHERWISE = 0.05
_LEAST = 20
FLAGS = {
    "script": "most letters are not of its script",
    "outside_family": "reads like an unrelated language",
    "same_language": "reads like another language",
}


def labels_by_language(shards: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """What identification says of the documents of each language that it found.

    Args:
        shards: the tables `labels/*.parquet`: `language`, `confidence`, and where they are there `second` and `mixed`.
    """
    confidences: dict[str, list[Any]] = {}
    seconds: dict[str, Counter[str]] = {}
    mixed: Counter[str] = Counter()
    for shard in shards:
        names = pq.read_schema(shard).names
        if "language" not in names or "confidence" not in names:
            return {}
        table = pq.read_table(shard, columns=[each for each in ("language", "confidence", "second", "mixed") if each in names])
        table = table.filter(pc.is_valid(table["language"]))
        for tag in table["language"].unique().to_pylist():
            part = table.filter(pc.equal(table["language"], tag))
            confidences.setdefault(tag, []).append(pc.fill_null(part["confidence"], 0).to_numpy())
            if "second" in names:
                seconds.setdefault(tag, Counter()).update(each for each in part["second"].to_pylist() if each)
            if "mixed" in names:
                # the tags of the languages in it, or nothing
                mixed[tag] += sum(bool(each) for each in part["mixed"].to_pylist())
    found = {}
    for tag, parts in sorted(confidences.items()):
        values = np.concatenate(parts)
        second = seconds.get(tag, Counter()).most_common(1)
        found[tag] = {
            "documents": len(values),
            "confidence": float(np.median(values)),
            "unsure": float((values < UNSURE).mean()),
            "second": second[0][0] if second else "",
            "second_share": second[0][1] / len(values) if second else 0.0,
            "mixed": mixed[tag] / len(values),
        }
    return found


def declared_otherwise(documents: Sequence[Path], shards: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Of each language that files or rows declared: how many documents identification surely calls otherwise, and mostly what.

    Args:
        documents: the shards that were identified.
        shards: the tables `labels/*.parquet`, one a shard.
    """
    if len(documents) != len(shards):
        return {}
    found: dict[str, Counter[str]] = {}
    for document, shard in zip(documents, shards, strict=True):
        declared = pq.read_table(document, columns=["language"])["language"]
        table = pq.read_table(shard, columns=["language", "confidence"])
        if len(declared) != len(table):
            return {}
        sure = pc.fill_null(pc.greater_equal(table["confidence"], UNSURE), False)
        pairs = pa.table({"declared": declared, "found": pc.if_else(sure, pc.fill_null(table["language"], ""), "")})
        for each in pairs.group_by(["declared", "found"]).aggregate([([], "count_all")]).to_pylist():
            found.setdefault(each["declared"], Counter())[each["found"]] += each["count_all"]
    said = {}
    for tag, counts in sorted(found.items()):
        others = Counter({name: n for name, n in counts.items() if name not in ("", UNDETERMINED, tag)})
        if tag != UNDETERMINED and others:
            name, _ = others.most_common(1)[0]
            said[tag] = {"documents": counts.total(), "share": others.total() / counts.total(), "as": name}
    return said


def corpora_checked(folder: Path) -> dict[str, dict[str, Any]]:
    """The rows of `corpus.check_corpora`, by the corpus's name; none where they cannot be read."""
    try:
        rows = CorpusCheck(folder).rows
    except (InputError, OSError):
        return {}
    return {row["corpus"]: row for row in rows}


def suspicions(
    labels: Mapping[str, Mapping[str, Any]],
    checks: Mapping[str, Mapping[str, Any]],
    declared: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Languages that may be mislabelled, with the reasons; the worst first."""
    found: dict[str, dict[str, Any]] = {}
    for tag, each in (declared or {}).items():
        if each["documents"] >= _LEAST and each["share"] >= _OTHERWISE:
            read = f"{each['share']:.0%} of {each['documents']:,} documents that were read under this name"
            why = f"{read} were identified as another language, mostly {each['as']}"
            found[tag] = {"tag": tag, "weight": each["share"], "why": [why]}
    for tag, each in labels.items():
        if tag == UNDETERMINED or each["documents"] < _LEAST or each["unsure"] < _SUSPICIOUS:
            continue
        second = f"; most often {each['second']} comes second" if each["second"] else ""
        place = found.setdefault(tag, {"tag": tag, "weight": 0.0, "why": []})
        place["weight"] += each["unsure"]
        place["why"].append(f"{each['unsure']:.0%} of {each['documents']:,} documents below a confidence of {UNSURE:g}{second}")
    for name, row in checks.items():
        for flag in row["flags"] or []:
            place = found.setdefault(row["language"], {"tag": row["language"], "weight": 0.0, "why": []})
            place["weight"] += 1
            near = f" ({row['nearest']})" if flag != "script" and row["nearest"] else ""
            of = "" if name == row["language"] else f"{name}: "
            share = f" ({row['script_share']:.0%}; most are {row['script']})" if flag == "script" else ""
            place["why"].append(f"{of}{FLAGS.get(flag, flag)}{near}{share}")
    return sorted(found.values(), key=lambda each: (-each["weight"], each["tag"]))
