"""Component `evaluation.document_bits`: how well a language model predicts each document, as a signal to filter by."""

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from panglot.artifacts import Step
from panglot.corpus.documents import UNDETERMINED, Documents
from panglot.corpus.engine.streaming import stretches
from panglot.corpus.signals.component import SIGNALS_FOLDER, Signals, schema_of
from panglot.evaluation.bits_per_byte import HeldOut, measured, note_fresh
from panglot.languages import Language
from panglot.models.model import Model

SIGNAL = "bits_per_byte"


def document_bits(
    *,
    of: Documents,
    model: Model,
    context: Annotated[int, Field(ge=8)] = 512,
    longest: Annotated[int, Field(ge=1)] = 10_000,
    step: Step,
) -> Signals:
    """Measure the signal `bits_per_byte` of every document: log2 of its perplexity under a language model, by byte of UTF-8.

    CCNet (Wenzek et al. 2020) and ROOTS (Laurençon et al. 2022) drop what a model of clean text finds too unlikely. Their
    perplexity is by token of the model's tokenizer; by byte it does not depend on how text is cut, so that bounds for two
    models can be compared. Languages differ: one bound for all suits none of them. `corpus.filter` takes the result as it
    takes those of `corpus.signals`.

        bits:   {use: evaluation.document_bits, of: $documents, model: $model}
        likely: {use: corpus.filter, of: $documents, signals: $bits, rules: [], bounds: {bits_per_byte: {max: 2.5}}}

    Args:
        of: documents; one without text gets NaN, which drops nothing.
        model: a causal or masked language model of clean text, for all languages that are there.
        context: most tokens that the model sees at once.
        longest: characters of a document that are read.
        step: where to write `signals/`.

    Raises:
        PanglotError: the model gives values that are not finite.
    """
    from panglot.models.precision import best_device
    from panglot.objectives.opening import open_language_model
    from panglot.training.seeding import seeded

    schema = schema_of(("language_model",))
    with seeded(step.seed):
        opened = open_language_model(model, None, longest=context)
        note_fresh(opened, model.name, step)
        opened.network.to(best_device())
        for number, shard in enumerate(of.shards):
            place = step.out / SIGNALS_FOLDER / f"{number:05}.parquet"
            place.parent.mkdir(parents=True, exist_ok=True)
            with pq.ParquetWriter(place, schema, compression="zstd", compression_level=3, version="2.6") as writer:
                for table in stretches(shard, ["id", "text", "language"]):
                    values = np.full(len(table), np.nan, dtype=np.float32)
                    texts, rows = _texts(table, longest)
                    if rows:
                        found = measured(opened, texts, step, label=f"reading table {number + 1} of {len(of.shards)}")
                        values[rows] = found.bits / found.bytes
                    writer.write_table(pa.table({"id": table["id"], SIGNAL: values}, schema=schema))
    step.figures["documents"] = len(of)
    return Signals(step.out)


def _texts(table: pa.Table, longest: int) -> tuple[HeldOut, list[int]]:
    """The texts that there is something to read in, and their rows."""
    rows: list[dict[str, Any]] = table.to_pylist()
    kept = [number for number, row in enumerate(rows) if row["text"].strip()]
    spaces = {tag: tag == UNDETERMINED or bool(Language(tag).spaces) for tag in {row["language"] for row in rows}}
    chosen = [rows[number] for number in kept]
    languages = [row["language"] for row in chosen]
    texts = HeldOut(
        [row["id"] for row in chosen], [row["text"][:longest] for row in chosen], languages, [spaces[tag] for tag in languages]
    )
    return texts, kept
