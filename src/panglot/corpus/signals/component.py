"""Component `corpus.signals`: the signal vector of every document, beside the documents."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import Artifact, InputError, Step
from panglot.corpus.documents import Documents
from panglot.corpus.engine import by_document, run_tasks
from panglot.corpus.signals.table import GROUPS, SIGNALS, Group, columns
from panglot.corpus.thresholds.artifact import LanguageThresholds, Thresholds

SIGNALS_FOLDER = "signals"
POLICIES = {
    "eng": ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"),
}
"""Policy phrases that C4 itself looks for, by language code; other languages' are given with their thresholds."""


class Signals(Artifact):
    """A row of numbers for each document, in tables `signals/00000.parquet`, … beside the shards of the documents.

    The first column is `id`; the others are named and explained in `panglot.corpus.signals.SIGNALS`.
    """

    @property
    def shards(self) -> list[Path]:
        """The tables, one for each shard of the documents, in order."""
        found = sorted((self.folder / SIGNALS_FOLDER).glob("*.parquet"))
        if not found:
            raise InputError("there are no signals here", where=self.folder, fix="measure documents with corpus.signals")
        return found

    @property
    def names(self) -> list[str]:
        """Names of the signals that were measured."""
        return [each for each in pq.read_schema(self.shards[0]).names if each != "id"]

    def table(self, names: Sequence[str] | None = None) -> pa.Table:
        """The rows of all documents, of all signals or some.

        Raises:
            InputError: a signal was not measured.
        """
        absent = sorted(set(names or ()) - set(self.names))
        if absent:
            raise InputError(f"these signals were not measured: {', '.join(absent)}", where=self.folder)
        return pa.concat_tables([pq.read_table(each, columns=None if names is None else list(names)) for each in self.shards])


def signals(
    *,
    of: Documents,
    thresholds: Thresholds | None = None,
    groups: list[Group] | None = None,
    back_ends: dict[str, str] | None = None,
    step: Step,
) -> Signals:
    """Measure every document once: sizes, repetition, punctuation, damage, and what else filters decide over.

    Filters are decisions over these numbers (`corpus.filter`): another threshold needs no other measuring.

    Args:
        of: documents.
        thresholds: where stop words, other lists and reference models of languages come from; without it the signals that
            need them cannot be said.
        groups: which groups of signals to measure; all without it.
        back_ends: language tag to the segmenter of its words, such as `tha_Thai: pythainlp`, for scripts that put no space
            between words; without it units of one or a few signs stand for words. Thresholds hold for the segmenter that they
            were estimated with.
        step: where to write `signals/`.
    """
    folder = None if thresholds is None else str(thresholds.folder)
    inputs = [(number, str(shard)) for number, shard in enumerate(of.shards)]
    wanted = tuple(dict.fromkeys(groups)) if groups else GROUPS
    run_tasks(
        partial(_measure_shard, folder, wanted, back_ends or {}),
        inputs,
        step=step,
        label="measuring documents",
        documents=sum(of.counts.values()),
    )
    unknown = sorted(tag for tag in of.languages if thresholds is not None and tag not in thresholds.languages)
    if unknown:
        some = ", ".join(unknown[:10]) + (", …" if len(unknown) > 10 else "")
        have = "1 language has" if len(unknown) == 1 else f"{len(unknown)} languages have"
        step.note(f"{have} no stop words and no reference model in the thresholds: {some}")
    step.figures.update(documents=sum(of.counts.values()), signals=columns(wanted))
    return Signals(step.out)


def schema_of(groups: tuple[Group, ...]) -> pa.Schema:
    """Columns of a table of signals; a document that could not be measured has nulls."""
    types = [pa.field(name, pa.int32() if SIGNALS[name].whole else pa.float32()) for name in columns(groups)]
    return pa.schema([pa.field("id", pa.string(), nullable=False), *types])


def _measure_shard(
    thresholds: str | None, groups: tuple[Group, ...], back_ends: Mapping[str, str], given: tuple[int, str], out: Path
) -> dict[str, Any]:
    number, shard = given
    documents = pq.read_table(shard, columns=["id", "text", "language"])
    judged = by_document(documents, partial(measured, thresholds, groups, back_ends))
    table = judged.values.set_column(0, schema_of(groups).field("id"), documents["id"])
    place = out / SIGNALS_FOLDER / f"{number:05}.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.combine_chunks(), place, compression="zstd", compression_level=3, version="2.6")
    return {}


def measured(thresholds: str | None, groups: tuple[Group, ...], back_ends: Mapping[str, str], documents: pa.Table) -> pa.Table:
    """The signals of a table of documents of any languages, row beside row."""
    from panglot.corpus.signals.measure import signals_of

    languages = documents["language"].to_pylist()
    texts = documents["text"].to_pylist()
    rows: dict[str, list[int]] = {}
    for row, tag in enumerate(languages):
        rows.setdefault(tag, []).append(row)
    schema = schema_of(groups)
    found = {each.name: np.zeros(len(texts), dtype=each.type.to_pandas_dtype()) for each in schema if each.name != "id"}
    for tag, places in rows.items():
        known = language_lists(thresholds, tag)
        policies: Sequence[str] = POLICIES.get(tag[:3], ())
        signals = signals_of(
            [texts[row] for row in places],
            tag,
            stop_words=known.stop_words if known else (),
            flagged_words=known.facts.get("flagged_words", ()) if known else (),
            policies=known.facts.get("policies", policies) if known else policies,
            model=known.model if known else None,
            back_end=back_ends.get(tag),
            groups=groups,
        )
        for name, values in signals.items():
            found[name][places] = values
    return pa.table({"id": documents["id"], **found}, schema=schema)


@lru_cache(maxsize=1024)
def language_lists(folder: str | None, tag: str) -> LanguageThresholds | None:
    """Stop words, lists and model of a language, read once in a process."""
    return None if folder is None else _opened(folder).of(tag)


@lru_cache(maxsize=4)
def _opened(folder: str) -> Thresholds:
    return Thresholds.open(folder)
