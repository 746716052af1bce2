"""Component `vocabulary.measure`: what each language pays in a tokenizer, and what a change of tokenizer does to that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import islice
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from panglot.artifacts import InputError, Step, digest_value
from panglot.corpus.documents import Documents
from panglot.languages import Language
from panglot.models import Model
from panglot.vocabulary.cuts import cells, clipped
from panglot.vocabulary.distributions import divergences
from panglot.vocabulary.intervals import RESAMPLES, Floats
from panglot.vocabulary.measure_rows import Counted, Rows
from panglot.vocabulary.measures import Measures, represented, write_measures
from panglot.vocabulary.parallel import why_not_parallel
from panglot.vocabulary.price import Price
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.tallies import OF_TEXT, TokenTally, text_tallies, words_of
from panglot.vocabulary.tokenizer import Tokenizer
from panglot.vocabulary.words import why_no_words

_BATCH = 512
_BATCH_CHARACTERS = 1 << 18
_EXAMPLES = 2
_READABLE = range(30, 130)
_LOOKED_AT = 2000
_MOST_NOTES = 5


def measure(
    *,
    of: list[Model | Tokenizer],
    text: Documents,
    parallel: bool | Literal["auto"] = "auto",
    reference: Language = Language("eng_Latn"),  # noqa: B008
    price: Price | None = None,
    names: list[str] = [],  # noqa: B006
    step: Step,
) -> Measures:
    """Measure what each language pays in one tokenizer or several: fertility, premium, coverage, allocation, overlap, cost.

    Tokens are counted without the special tokens that a template adds. Sums are divided, never means of ratios, unless said:

    - `fertility` = tokens of words / words, and `continued` = words of two tokens or more / words (Rust et al. 2021, "How Good
      is Your Tokenizer?"). A word is a run of letters, marks and digits, encoded as it stands after a space; there are no words
      in scripts that do not separate them.
    - `tokens_per_character` (code points), `tokens_per_cluster` (graphemes), `tokens_per_byte`, `bytes_per_token`.
    - `premium` = tokens / tokens of the reference on the same parallel text, and `premium_mean`, the mean of that ratio over
      documents (Petrov et al. 2023, "Language Model Tokenizers Introduce Unfairness Between Languages"). 1 is parity.
    - `unknown`, `coverage`, `byte_fallback`, `single`, `round_trip_loss`, `altered`: shares, see `measures.KINDS`.
    - `renyi_efficiency` (Zouhar et al. 2023), `pieces`, `effective_pieces`, `average_rank`, and the Jensen-Shannon divergence
      between languages (Limisiewicz et al. 2023). They depend on the size of the text: compare languages on parallel text.
      The unknown token is left out of all but the first, lest languages of which a tokenizer knows nothing seem to share
      their pieces.
    - with a price, `cost_of_characters`, `cost_of_text`, `context_characters`, … (Ahia et al. 2023).

    Every ratio has a 95 % bootstrap interval over documents (1,000 resamples, the same ones for all tokenizers and all parallel
    languages, so that ratios and differences are paired). Distributions have none: a resampled text holds fewer different
    pieces than the text, and the interval would miss the figure. With several tokenizers each later one is also compared with
    the first: rows with the condition `difference from NAME`, `tokens_change`, and `texts_changed`, the share of documents
    that are cut otherwise.

    Args:
        of: models or tokenizers; the first is what the others are compared with.
        text: documents in one language or many.
        parallel: whether documents of equal place are translations of each other; `auto` looks at numbers and lengths.
        reference: the language whose price is 1.
        price: money for a million tokens, and the length of the context.
        names: how tables and pages call each of `of`; by default a model's name and the name of a tokenizer's step.
        step: where to write.

    Raises:
        InputError: no tokenizer, or one that cannot be read; not as many names as tokenizers; no document; `parallel: true` and
            unequal numbers of documents, or no text in the reference.
    """
    tallies = _tallies(of, names)
    counted = _count(tallies, text, step)
    if not counted:
        raise InputError("the text holds no documents", where=text.folder, fix="give text with at least one document")
    reasons = _parallel(counted, reference, parallel)
    for sentence in _notes(counted, reasons, reference.tag, parallel):
        step.note(sentence)
    maker = Rows(tallies, counted, reasons, reference.tag, price, text.digest, step.seed)
    rows = [row for tag in sorted(counted) for row in maker.of_language(tag)]
    more = {
        "reference": reference.tag,
        "price": None if price is None or price.empty else price.model_dump(),
        "text": text.digest,
        "resamples": RESAMPLES,
        "tokenizers": [{"name": each.name, "size": each.vocabulary.size, "family": each.vocabulary.family} for each in tallies],
        "languages": [
            {
                "tag": tag,
                "parallel": reasons[tag] is None,
                **{name: int(n) for name, n in zip(OF_TEXT, found.sums, strict=True)},
            }
            for tag, found in sorted(counted.items())
        ],
        "absent": maker.absent,
        "examples": _examples(tallies, text, [tag for tag, reason in reasons.items() if reason is None], reference.tag),
    }
    plain: dict[str, dict[str, dict[str, float]]] = {tally.name: {} for tally in tallies}
    for row in rows:
        if not row["condition"]:
            plain[row["model"]].setdefault(row["language"], {})[row["metric"]] = row["value"]
    step.figures["languages"] = len(counted)
    step.figures["documents"] = sum(len(each.of_text) for each in counted.values())
    for tally in tallies:
        # a language of which the tokenizer knows little seems cheap or dear by accident
        premiums = [(of["premium"], tag) for tag, of in plain[tally.name].items() if "premium" in of and represented(of)]
        if premiums:
            value, tag = max(premiums)
            step.figures[f"highest premium of {tally.name}"] = f"{tag} {value:.2f}"
    shares = {tally.name: _shares(tally) for tally in tallies}
    return write_measures(step.out, rows, overlap=_overlap(shares), allocation=_allocation(tallies), more=more)


@dataclass
class _Parts:
    """Counts of one language: float64 `[documents, 5]`, and for each tokenizer `[documents, 10]`."""

    parts: list[list[Floats]] = field(default_factory=list)
    no_words: str | None = None

    def joined(self) -> "Counted":
        whole = [np.concatenate(each) for each in zip(*self.parts, strict=True)]
        return Counted(whole[0], whole[1:], self.no_words)


def _tallies(of: Sequence[Model | Tokenizer], names: Sequence[str]) -> list[TokenTally]:
    if not of:
        raise InputError("no tokenizer is given", where="of", fix="name a model or a tokenizer")
    if names and len(names) != len(of):
        tokenizers = f"{len(of)} tokenizer{'s' * (len(of) > 1)}"
        raise InputError(f"there are {len(names)} names for {tokenizers}", where="names", fix="one for each, in order")
    found: list[TokenTally] = []
    for place, each in enumerate(of):
        if isinstance(each, Model):
            from panglot.models.folder import inspect_folder

            name, vocabulary = each.name, read_vocabulary(inspect_folder(each.path).network)
        else:
            name, vocabulary = each.folder.name, each.vocabulary
        name = names[place] if names else name
        taken = {one.name for one in found}
        if name in taken:
            name = next(f"{name} ({n})" for n in range(2, len(of) + 2) if f"{name} ({n})" not in taken)
        found.append(TokenTally(name, vocabulary))
    return found


def _batches(text: Documents) -> Iterator[tuple[str, list[str]]]:
    """Documents of one language each time, in the order of the table within a language."""
    waiting: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    for row in text.rows():
        tag = row["language"]
        waiting.setdefault(tag, []).append(row["text"])
        sizes[tag] = sizes.get(tag, 0) + len(row["text"])
        if len(waiting[tag]) >= _BATCH or sizes[tag] >= _BATCH_CHARACTERS:
            yield tag, waiting.pop(tag)
            sizes[tag] = 0
    yield from sorted(waiting.items())


def _count(tallies: Sequence[TokenTally], text: Documents, step: Step) -> dict[str, Counted]:
    found: dict[str, _Parts] = {}
    with step.progress("counting tokens", total=len(text)) as progress:
        for tag, texts in _batches(text):
            if tag not in found:
                found[tag] = _Parts(no_words=why_no_words(tag, texts[:100]))
            inside = words_of(texts, found[tag].no_words is None)
            characters = set().union(*texts)
            parts, first = [text_tallies(texts, inside)], None
            for tally in tallies:
                counts, cut = tally.count(tag, texts, inside, characters, first)
                parts.append(counts)
                first = first or cut
            found[tag].parts.append(parts)
            progress.advance(len(texts), tag)
    return {tag: each.joined() for tag, each in found.items()}


def _parallel(counted: Mapping[str, Counted], reference: Language, parallel: bool | Literal["auto"]) -> dict[str, str | None]:
    if parallel is False:
        return {tag: None if tag == reference.tag else "the text is said not to be parallel" for tag in counted}
    lengths = {tag: each.of_text[:, OF_TEXT.index("bytes")] for tag, each in counted.items()}
    found = why_not_parallel(lengths, reference.tag, told=parallel is True)
    if parallel is True and (wrong := {tag: reason for tag, reason in found.items() if reason}):
        said = "; ".join(f"{tag}: {reason}" for tag, reason in list(wrong.items())[:5])
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise InputError(
            f"the text is said to be parallel, but is not ({said}{more})",
            where="parallel",
            fix="leave it out, mend the files (empty lines are no documents), or name another reference",
        )
    return found


def _notes(
    counted: Mapping[str, Counted], reasons: Mapping[str, str | None], reference: str, parallel: bool | Literal["auto"]
) -> Iterator[str]:
    if reference not in counted:
        yield f"There is no text in the reference {reference}: nothing says what each language pays against it."
        return
    taken = [tag for tag, reason in reasons.items() if reason is None and tag != reference]
    left = [(tag, reason) for tag, reason in reasons.items() if reason is not None and parallel == "auto"]
    if parallel == "auto" and taken:
        yield (
            f"Documents of equal place were taken as translations of each other in {len(taken) + 1} languages, because their "
            "numbers are equal and their lengths go together."
        )
    for tag, reason in left[:_MOST_NOTES]:
        yield f"No premium for {tag}: {reason}."
    if len(left) > _MOST_NOTES:
        yield f"No premium for {len(left) - _MOST_NOTES} more languages, for reasons of the same kind."


def _shares(tally: TokenTally) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    return {tag: counts.total() for tag, counts in sorted(tally.used.items())}


def _overlap(used: Mapping[str, Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]]) -> dict[str, list[Any]]:
    """Divergence of every two languages, each pair once."""
    found: dict[str, list[Any]] = {"tokenizer": [], "language": [], "other": [], "divergence": []}
    for name, by_language in used.items():
        tags = [tag for tag, (_, counts) in by_language.items() if counts.size]
        every = np.unique(np.concatenate([by_language[tag][0] for tag in tags])) if tags else np.zeros(0, np.int64)
        shares = np.zeros((len(tags), len(every)))
        for row, tag in enumerate(tags):
            ids, counts = by_language[tag]
            shares[row, np.searchsorted(every, ids)] = counts / counts.sum()
        matrix = divergences(shares)
        for i in range(len(tags)):
            for j in range(i + 1, len(tags)):
                found["tokenizer"].append(name)
                found["language"].append(tags[i])
                found["other"].append(tags[j])
                found["divergence"].append(round(float(matrix[i, j]), 9))
    return found


def _allocation(tallies: Sequence[TokenTally]) -> pa.Table:
    columns: dict[str, list[Any]] = {"tokenizer": [], "language": [], "id": [], "piece": [], "count": []}
    for tally in tallies:
        tokens = tally.vocabulary.tokens
        for tag, counts in sorted(tally.used.items()):
            ids, numbers = counts.total()
            columns["tokenizer"] += [tally.name] * len(ids)
            columns["language"] += [tag] * len(ids)
            columns["id"] += ids.tolist()
            columns["piece"] += [tokens[each] for each in ids.tolist()]
            columns["count"] += numbers.tolist()
    kinds = {"tokenizer": pa.string(), "language": pa.string(), "id": pa.int64(), "piece": pa.string(), "count": pa.int64()}
    return pa.table({name: pa.array(values, kinds[name]) for name, values in columns.items()})


def _examples(tallies: Sequence[TokenTally], text: Documents, parallel: Sequence[str], reference: str) -> list[dict[str, Any]]:
    """A few documents of each language, cut: the translations of the same ones where the text is parallel.

    They are readable ones among the first 2,000 of their language, chosen by a hash: no outcome decides.
    """
    aligned = set(parallel)
    shared = _picked(text, reference) if reference in aligned else []
    seen: dict[str, int] = {}
    chosen: dict[str, list[tuple[bool, str, int, str]]] = {}
    for row in text.rows():
        tag, said = row["language"], row["text"]
        place = seen.get(tag, 0)
        seen[tag] = place + 1
        if place >= _LOOKED_AT:
            continue
        kept = chosen.setdefault(tag, [])
        if tag in aligned and shared:
            if place in shared:
                kept.append((False, f"{shared.index(place):09}", place, clipped(said)))
        else:
            kept.append((len(said) not in _READABLE, digest_value(said), place, clipped(said)))
        if len(kept) > _EXAMPLES:
            kept.remove(max(kept))
    return [
        {"language": tag, "document": place, "cuts": {tally.name: _cut(tally, said) for tally in tallies}}
        for tag, found in sorted(chosen.items())
        for _, _, place, said in sorted(found)
    ]


def _cut(tally: TokenTally, said: str) -> dict[str, Any]:
    return {"cells": cells(tally.kinds, said), "tokens": len(tally.vocabulary.encode([said])[0])}


def _picked(text: Documents, reference: str) -> list[int]:
    """Places of the documents of the reference whose translations are shown."""
    ranked = (
        (len(said) not in _READABLE, digest_value(said), place)
        for place, said in enumerate(islice(text.texts(reference), _LOOKED_AT))
    )
    return [place for _, _, place in nsmallest(_EXAMPLES, ranked)]
