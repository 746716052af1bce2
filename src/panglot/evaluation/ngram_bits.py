"""Component `evaluation.ngram_bits`: bits per byte of held-out text under n-gram models of each language."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.evaluation.code_lengths import CodeLength, by_language, sizes_of, write_code_lengths
from panglot.evaluation.ngram import NgramModel
from panglot.evaluation.results import Results
from panglot.vocabulary.tokenizer import Tokenizer

Unit = Literal["character", "byte", "token"]
_BITS_OF_A_BYTE = 8.0


def ngram_bits(
    *,
    train: Documents,
    text: Documents,
    order: Annotated[int, Field(ge=1, le=12)] = 5,
    unit: Unit = "character",
    tokenizer: Tokenizer | None = None,
    condition: str = "",
    step: Step,
) -> Results:
    """Measure how many bits an n-gram model of a language's own training text needs for each byte of its held-out text.

    A baseline for `evaluation.bits_per_byte`, over the same documents in the same unit: Σ_d bits(d) / Σ_d bytes(d). One model a
    language, interpolated, with modified Kneser-Ney smoothing (`panglot.evaluation.ngram`); a document's end is paid for.

    With `character` the symbols are those of the training text and one for all others. A character that is another costs what
    that symbol costs and 8 bits for each of its bytes, so that lengths are those of a true code. With `byte` there are 256
    symbols. With `token` they are a tokenizer's; what its normalisation changes is not paid for.

    Args:
        train: documents to learn from; a language is learnt from its own alone.
        text: held-out documents.
        order: symbols in the longest n-grams.
        unit: what a symbol is.
        tokenizer: for the unit `token`.
        condition: a name for the rows.

    Raises:
        InputError: there is no held-out text; a tokenizer is missing, or given for another unit.
    """
    if (unit == "token") != (tokenizer is not None):
        raise InputError("a tokenizer goes with the unit `token`, and only with it", where="tokenizer")

    def found() -> Iterator[CodeLength]:
        for tag, learnt, held_out in by_language(train, text, step):
            if not learnt:
                step.note(f"{tag}: there is no text to learn from, so all symbols are alike to the model.")
            symbols, outside, size = _symbols(learnt, held_out.texts, unit, tokenizer)
            model = NgramModel(symbols[: len(learnt)], size, order)
            bits = model.bits(symbols[len(learnt) :]) + _BITS_OF_A_BYTE * outside
            yield CodeLength(tag, held_out.ids, bits, sizes_of(held_out.texts))

    name = f"{order}-gram of {unit}s"
    return write_code_lengths(found(), model=name, protocol=f"kn{order}-{unit}", condition=condition, step=step)


def _symbols(
    learnt: list[str], texts: list[str], unit: Unit, tokenizer: Tokenizer | None
) -> tuple[Sequence[NDArray[np.int64] | list[int]], NDArray[np.float64], int]:
    """Symbols of all texts, the bytes of each held-out text that none stands for, and how many symbols there are."""
    everything = [*learnt, *texts]
    outside = np.zeros(len(texts))
    if unit == "token" and tokenizer is not None:
        vocabulary = tokenizer.vocabulary
        return vocabulary.encode(everything), outside, vocabulary.size
    if unit == "byte":
        encoded = [np.frombuffer(each.encode("utf-8", "surrogatepass"), dtype=np.uint8) for each in everything]
        return [each.astype(np.int64) for each in encoded], outside, 256
    codes = [np.frombuffer(each.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64) for each in everything]
    known = np.unique(np.concatenate([*codes[: len(learnt)], np.zeros(0, dtype=np.int64)]))
    found: list[NDArray[np.int64]] = []
    for number, each in enumerate(codes):
        place = np.searchsorted(known, each)
        there = np.zeros(len(each), dtype=bool)
        there[place < len(known)] = known[place[place < len(known)]] == each[place < len(known)]
        found.append(np.where(there, place, len(known)))
        if number >= len(learnt):
            others = "".join(map(chr, each[~there].tolist()))
            outside[number - len(learnt)] = len(others.encode("utf-8", "surrogatepass"))
    return found, outside, len(known) + 1
