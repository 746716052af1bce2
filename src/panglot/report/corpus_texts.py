"""One pass over documents: how much of each language, from where, and a few texts to read."""

import heapq
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from panglot.corpus.balance.ranks import ranks_of
from panglot.corpus.documents import Documents

SAMPLE_CHARACTERS = 420
_ROWS = 1 << 12
_HOST = r"^(?:[a-z][a-z0-9+.-]*:)?//(?:[^/@]*@)?(?:www\.)?(?P<host>[^/:?#]+)"
# Hosts and sources that publish scripture, or call themselves after it. A site that only writes about it may be among them.
SCRIPTURE = re.compile(
    r"bible|biblia|biblija|bibel|scriptur|jw\.org|jw300|gospel|quran|qur.an|koran|tanzil|hadith|sunnah|torah|sefaria|mechon-mamre"
    r"|bhagavad|vedabase|gurbani|tipitaka|suttacentral|churchofjesuschrist|\blds\.org|newtestament|new_testament|\bverses?\b"
)
# What says of itself that a machine wrote or translated it.
MACHINE = re.compile(
    r"translate\.goog|translate\.google|microsofttranslator|machine.?translat|back.?translat|synthetic|generated|\bnllb\b.*\bmt\b"
    r"|\bgpt|chatgpt|\bllm\b"
)


@dataclass
class LanguageTexts:
    """What one pass says of one language.

    Attributes:
        documents, characters, bytes: how much.
        hosts: host, or source where there is no address, to [documents, characters].
        scripture, machine: characters from sources that say so of themselves.
        samples: reason (the empty string for what was kept) to texts.
        reasons: reason to documents; empty for what was kept.
    """

    documents: int = 0
    characters: int = 0
    bytes: int = 0
    hosts: dict[str, list[int]] = field(default_factory=dict)
    scripture: int = 0
    machine: int = 0
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)


def read_texts(documents: Documents, *, samples: int, seed: int = 0) -> dict[str, LanguageTexts]:
    """Read documents, kept or dropped, once.

    Samples are those of the smallest hashes of their ids: they do not depend on the order.

    Args:
        documents: with a column `reason` where they were dropped.
        samples: how many of each language and reason.
        seed: of the hashes.
    """
    found: dict[str, LanguageTexts] = {}
    heaps: dict[tuple[str, str], list[tuple[int, int, dict[str, Any]]]] = {}
    counter = 0
    for shard in documents.shards:
        file = pq.ParquetFile(shard)
        columns = [name for name in ("id", "text", "language", "source", "url", "reason") if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=_ROWS, columns=columns):
            table = _measured(batch)
            _count(table, found)
            ranked = ranks_of(seed, batch["id"].to_pylist())
            for key, places in _places(table).items():
                heap = heaps.setdefault(key, [])
                for at in places[np.argsort(ranked[places], kind="stable")[:samples]].tolist():
                    value = -int(ranked[at])
                    if len(heap) == samples and value <= heap[0][0]:
                        break
                    counter += 1
                    row = _sample(batch, at)
                    (heapq.heappush if len(heap) < samples else heapq.heapreplace)(heap, (value, counter, row))
    for (tag, reason), heap in sorted(heaps.items()):
        found[tag].samples[reason] = [row for _, _, row in sorted(heap, key=lambda each: (-each[0], each[1]))]
    return dict(sorted(found.items()))


def _measured(batch: pa.RecordBatch) -> pa.Table:
    """Of each document language, reason, host, characters and bytes."""
    url = batch["url"] if "url" in batch.schema.names else pa.nulls(len(batch), pa.string())
    host = pc.struct_field(pc.extract_regex(pc.utf8_lower(url), _HOST), "host")
    # a pattern that does not match gives nothing, or an empty host
    host = pc.if_else(pc.fill_null(pc.greater(pc.utf8_length(host), 0), False), host, batch["source"])
    reason = batch["reason"] if "reason" in batch.schema.names else pa.array([""] * len(batch), pa.string())
    return pa.table(
        {
            "language": batch["language"],
            "reason": pc.fill_null(reason, ""),
            "host": host,
            "path": pc.fill_null(url, ""),
            "source": batch["source"],
            "characters": pc.utf8_length(batch["text"]),
            "bytes": pc.binary_length(batch["text"].cast(pa.binary())),
        }
    )


def _count(table: pa.Table, found: dict[str, LanguageTexts]) -> None:
    sums = table.group_by(["language", "reason", "host", "source"]).aggregate(
        [("characters", "sum"), ("bytes", "sum"), ("bytes", "count")]
    )
    for each in sums.to_pylist():
        place = found.setdefault(each["language"], LanguageTexts())
        documents, characters = each["bytes_count"], each["characters_sum"]
        place.documents += documents
        place.characters += characters
        place.bytes += each["bytes_sum"]
        host = place.hosts.setdefault(each["host"], [0, 0])
        host[0] += documents
        host[1] += characters
        if each["reason"]:
            place.reasons[each["reason"]] += documents
        said = f"{each['host']} {each['source'].lower()}"
        place.scripture += characters if SCRIPTURE.search(said) else 0
        place.machine += characters if MACHINE.search(said) else 0


def _places(table: pa.Table) -> dict[tuple[str, str], Any]:
    codes = pc.binary_join_element_wise(table["language"], table["reason"], "\t").to_numpy(zero_copy_only=False)
    kinds, which = np.unique(codes.astype(str), return_inverse=True)
    order = np.argsort(which, kind="stable")
    parts = np.split(order, np.searchsorted(which[order], np.arange(1, len(kinds))))
    return {(kind.partition("\t")[0], kind.partition("\t")[2]): part for kind, part in zip(kinds.tolist(), parts, strict=True)}


def _sample(batch: pa.RecordBatch, at: int) -> dict[str, Any]:
    text = batch["text"][at].as_py()
    url = batch["url"][at].as_py() if "url" in batch.schema.names else None
    return {
        "id": batch["id"][at].as_py(),
        "text": text[: SAMPLE_CHARACTERS * 2],
        "characters": len(text),
        "from": (url or batch["source"][at].as_py() or "")[:200],
    }


def dropped_of(folder: Path) -> Documents | None:
    """What a step dropped."""
    return Documents(folder).dropped
