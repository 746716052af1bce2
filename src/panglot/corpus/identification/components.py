"""Components `corpus.identify` and `corpus.assign`: what language documents are in, and what to make of it."""

from collections import Counter, defaultdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from panglot.artifacts import Artifact, InputError, Step
from panglot.corpus.documents import UNDETERMINED, Documents
from panglot.corpus.engine import by_document, run_tasks, sieve
from panglot.corpus.identification.guessing import Guesses, Identifier, identifier
from panglot.corpus.identification.teaching import IdentifierModel
from panglot.languages import Language

LABELS_FOLDER = "labels"
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("confidence", pa.float32()),
        pa.field("script", pa.string()),
        pa.field("script_share", pa.float32()),
        pa.field("second", pa.string()),
        pa.field("second_confidence", pa.float32()),
        pa.field("agreement", pa.float32()),
        pa.field("mixed", pa.string()),
    ]
)
_SENTENCES = 64
"""Sentences of a document that are asked one by one: evenly spread over it."""
_SHORTEST = 20
"""Characters of a sentence that can speak for a language of its own."""
_SURE = 0.4
_PART = 0.1
_LEAST, _MOST = 0.3, 0.9


class Labels(Artifact):
    """A row for each document, in tables `labels/00000.parquet`, … beside the shards of the documents.

    Columns: `id`; `language` (canonical tag or `und`), `confidence`, `script`, `script_share`, `second`, `second_confidence`;
    `agreement`, the share of the letters whose sentence is in the document's language; `mixed`, the languages of a document
    that
    switches between several, with the share of each, such as `eng_Latn=0.40 spa_Latn=0.60`, else empty.
    """

    @property
    def shards(self) -> list[Path]:
        """The tables, one for each shard of the documents, in order."""
        found = sorted((self.folder / LABELS_FOLDER).glob("*.parquet"))
        if not found:
            raise InputError("there are no labels here", where=self.folder, fix="identify documents with corpus.identify")
        return found


def identify(
    *,
    of: Documents,
    back_end: str = "panglot",
    model: IdentifierModel | None = None,
    languages: list[Language] | None = None,
    step: Step,
) -> Labels:
    """Say what language each document is in, how sure that is, and whether its sentences agree.

    Args:
        of: documents; the language that they say is not looked at.
        back_end: `panglot`, or another one by name; see `panglot.corpus.identification.identifier`.
        model: what `corpus.teach_identifier` gave, in place of a back-end.
        languages: languages to choose from; all that the back-end knows without it.
        step: where to write `labels/`.
    """
    chosen = str(model.folder) if model is not None else back_end
    among = tuple(each.tag for each in languages) if languages else None
    _back_end(chosen, among)
    inputs = [(number, str(shard)) for number, shard in enumerate(of.shards)]
    results = run_tasks(
        partial(_identify_shard, chosen, among),
        inputs,
        step=step,
        label="identifying languages",
        documents=sum(of.counts.values()),
    )
    counts: Counter[str] = Counter()
    for each in results:
        counts.update(each["languages"])
    step.figures.update(
        languages=dict(sorted(counts.items())), mixed=sum(each["mixed"] for each in results), documents=counts.total()
    )
    return Labels(step.out)


@lru_cache(maxsize=2)
def _back_end(name: str, among: tuple[str, ...] | None) -> Identifier:
    return identifier(name, languages=among)


def _identify_shard(back_end: str, among: tuple[str, ...] | None, given: tuple[int, str], out: Path) -> dict[str, Any]:
    number, shard = given
    documents = pq.read_table(shard, columns=["id", "text"])
    judged = by_document(documents, partial(labelled, back_end, among))
    table = judged.values.set_column(0, SCHEMA.field("id"), documents["id"])
    place = out / LABELS_FOLDER / f"{number:05}.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.combine_chunks(), place, compression="zstd", compression_level=3, version="2.6")
    found = Counter(each or "" for each in table["language"].to_pylist())
    return {"languages": dict(sorted(found.items())), "mixed": sum(bool(each) for each in table["mixed"].to_pylist())}


def labelled(back_end: str, among: tuple[str, ...] | None, documents: pa.Table) -> pa.Table:
    """The labels of a table of documents, row beside row."""
    judge = _back_end(back_end, among)
    texts = documents["text"].to_pylist()
    whole = judge.identify_batch(texts)
    agreement, mixed = by_sentence(judge, texts, whole)
    tags, confidence = whole.tags.copy(), whole.confidence.copy()
    for place, parts in enumerate(mixed):
        if parts and f"{tags[place]}=" not in parts:
            # a whole that is like no language, of sentences that are: it is called what most of it is
            main, _, share = parts.split()[0].partition("=")
            tags[place], confidence[place], agreement[place] = main, float(share), float(share)
    return pa.table(
        {
            "id": documents["id"],
            "language": tags.tolist(),
            "confidence": confidence,
            "script": whole.script.tolist(),
            "script_share": whole.script_share,
            "second": whole.second.tolist(),
            "second_confidence": whole.second_confidence,
            "agreement": agreement,
            "mixed": mixed,
        },
        schema=SCHEMA,
    )


def by_sentence(judge: Identifier, texts: list[str], whole: Guesses) -> tuple[Any, list[str]]:
    """How far the sentences agree with their document, float32 [texts], and the languages of those that are mixed.

    A document of one sentence agrees with itself. A text is mixed where sentences of at least 20 characters, identified as
    another
    language with a confidence of at least 0.4, hold at least a tenth of its letters.
    """
    from panglot.corpus.segmentation.sentences import find_sentences

    pieces: list[str] = []
    owner: list[int] = []
    for number, sentences in enumerate(find_sentences(texts, apart=True).lists()):
        long = [each for each in sentences if len(each) >= _SHORTEST]
        if len(long) > 1:
            spread = np.unique(np.linspace(0, len(long) - 1, min(len(long), _SENTENCES)).astype(int))
            pieces += [long[each] for each in spread.tolist()]
            owner += [number] * len(spread)
    agreement = np.where(whole.tags == UNDETERMINED, 0, 1).astype(np.float32)
    mixed = [""] * len(texts)
    if not pieces:
        return agreement, mixed
    guesses = judge.identify_batch(pieces)
    sure: dict[int, Counter[str]] = defaultdict(Counter)
    letters: Counter[int] = Counter()
    same: Counter[int] = Counter()
    for place, (number, piece) in enumerate(zip(owner, pieces, strict=True)):
        tag = guesses.tags[place]
        letters[number] += len(piece)
        same[number] += len(piece) * (tag == whole.tags[number])
        if tag != UNDETERMINED and (guesses.confidence[place] >= _SURE or tag == whole.tags[number]):
            sure[number][tag] += len(piece)
    for number, total in letters.items():
        agreement[number] = same[number] / total
        parts = {tag: count / total for tag, count in sure[number].items() if count >= _PART * total}
        if len(parts) > 1:
            mixed[number] = " ".join(
                f"{tag}={share:.2f}" for tag, share in sorted(parts.items(), key=lambda each: (-each[1], each[0]))
            )
    return agreement, mixed


def assign(
    *,
    of: Documents,
    labels: Labels,
    thresholds: Literal["corpus"] | Annotated[float, Field(ge=0, le=1)] = "corpus",
    keep_said: bool = False,
    step: Step,
) -> Documents:
    """Set the language of documents to what was identified, and drop those that it is not sure of.

    With `corpus`, the threshold of a language is clip(median − sd, 0.3, 0.9) over the confidences of its documents in this
    corpus,
    as FineWeb2 sets it (Penedo et al., 2025). A document that switches between languages is kept under its main language
    when that
    is one of those found; it is never dropped for being mixed.

    Args:
        of: documents.
        labels: their labels.
        thresholds: `corpus`, or one number for all languages.
        keep_said: keep the language that a document says; only drop where the label contradicts it with confidence.
        step: where to write; what was dropped is under `dropped/`, with its reason.
    """
    scores: dict[str, list[float]] = defaultdict(list)
    for shard in labels.shards:
        table = pq.read_table(shard, columns=["language", "confidence"])
        for tag, confidence in zip(table["language"].to_pylist(), table["confidence"].to_pylist(), strict=True):
            if tag is not None and tag != UNDETERMINED:
                scores[tag].append(confidence)
    limits = {
        tag: float(np.clip(np.median(each) - np.std(each), _LEAST, _MOST)) if thresholds == "corpus" else float(thresholds)
        for tag, each in sorted(scores.items())
    }
    kept = sieve(of, partial(_assigned, limits, keep_said), step=step, label="assigning languages", sidecars=[labels])
    step.figures["thresholds"] = {tag: round(each, 4) for tag, each in limits.items()}
    return kept


def _assigned(limits: dict[str, float], keep_said: bool, documents: pa.Table, labels: pa.Table) -> pa.Table:
    reasons: list[str | None] = []
    tags: list[str] = []
    columns = [labels[name].to_pylist() for name in ("language", "confidence", "mixed")]
    for said, tag, confidence, mixed in zip(documents["language"].to_pylist(), *columns, strict=True):
        sure = tag != UNDETERMINED and (confidence >= limits[tag] or tag in mixed)
        if keep_said and said != UNDETERMINED:
            tags.append(said)
            reasons.append("another language" if sure and tag != said and said not in mixed else None)
            continue
        tags.append(tag if sure else said)
        reasons.append(None if sure else "language unknown" if tag == UNDETERMINED else "language not sure")
    return pa.table({"language": pa.array(tags, pa.string()), "reason": pa.array(reasons, pa.string())})
