"""Rows and items of code lengths that no neural model gave: of n-gram models and of compressors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from panglot import __version__
from panglot.artifacts import Step, digest_value
from panglot.corpus.documents import Documents
from panglot.evaluation.bits_per_byte import METRIC, TASK, HeldOut, linearised, read_texts
from panglot.evaluation.results import Measurement, Results, write_results
from panglot.evaluation.signature import Signature
from panglot.evaluation.statistics import bootstrap_mean, generator


@dataclass(frozen=True)
class CodeLength:
    """What the texts of one language cost.

    Attributes:
        language: tag.
        ids: of the documents.
        bits: float64 of each document; one number where only the whole was measured.
        bytes: int64 of each document, in UTF-8.
    """

    language: str
    ids: list[str]
    bits: NDArray[np.float64]
    bytes: NDArray[np.int64]


def by_language(train: Documents | None, text: Documents, step: Step) -> Iterator[tuple[str, list[str], HeldOut]]:
    """For each language of the held-out documents its tag, the texts to learn from, and the held-out ones."""
    held_out = read_texts(text, step)
    learnt: dict[str, list[str]] = {tag: [] for tag in held_out.languages}
    if train is not None:
        for row in train.rows():
            if row["language"] in learnt and row["text"].strip():
                learnt[row["language"]].append(row["text"])
    for tag in sorted(learnt):
        chosen = [place for place, each in enumerate(held_out.languages) if each == tag]
        columns = (held_out.ids, held_out.texts, held_out.languages, held_out.spaced)
        part = HeldOut(*([column[place] for place in chosen] for column in columns))  # type: ignore[arg-type]
        yield tag, learnt[tag], part


def sizes_of(texts: list[str]) -> NDArray[np.int64]:
    """UTF-8 bytes of each text."""
    return np.array([len(each.encode("utf-8", "surrogatepass")) for each in texts], dtype=np.int64)


def write_code_lengths(found: Iterator[CodeLength], *, model: str, protocol: str, condition: str, step: Step) -> Results:
    """Write a row a language, and an item a document where documents were measured one by one."""
    rows: list[Measurement] = []
    items: list[pa.Table] = []
    for each in found:
        total = each.bytes.astype(np.float64)
        value, low, high = float(each.bits.sum() / total.sum()), None, None
        if len(each.bits) == len(each.ids):
            values = linearised(each.bits, total)
            low, high = bootstrap_mean(values, generator(step.seed, each.language, METRIC), bounds=None)
            items.append(_items(each, values))
        revision = digest_value(sorted(each.ids))
        signature = Signature.of(
            task=TASK, metric=METRIC, obj=protocol, n=len(each.ids), rev=revision[:12], v=__version__
        )  # fmt: skip
        rows.append(
            Measurement(
                model, TASK, revision, each.language, condition, METRIC, value, len(each.ids), low, high, str(signature)
            )
        )
        step.figures.setdefault("language", {})[each.language] = {
            METRIC: round(value, 6),
            "documents": len(each.ids),
            "bytes": int(each.bytes.sum()),
        }
    return write_results(step.out, rows, pa.concat_tables(items) if items else None)


def _items(found: CodeLength, values: NDArray[np.float64]) -> pa.Table:
    count = len(found.ids)
    return pa.table(
        {
            "task": [TASK] * count,
            "language": [found.language] * count,
            "metric": [METRIC] * count,
            "item": found.ids,
            "correct": values,
            "bits": found.bits,
            "bytes": found.bytes,
        }
    )
