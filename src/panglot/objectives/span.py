"""Span corruption: write the spans that were cut out of a text."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from panglot.objectives.contract import LanguageObjective
from panglot.objectives.example import Row
from panglot.objectives.noise_spans import check_sentinels, cut_out, most_that_fit, noise_counts, noise_spans
from panglot.objectives.rows import context_and_target, read_and_write, without_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from panglot.objectives.example import Architecture, Example, Tokens


class SpanCorruption(LanguageObjective):
    """L = -(1/n) Σ_t ln p(y_t | y_{<t}, x̃): x̃ is the text with a sentinel for each span, y the spans (Raffel et al. 2020).

    `Thank you <0> me to your party <1> week` is read, `<0> for inviting <1> last <2>` is written. Exactly
    round(share · tokens) tokens are cut out, in round(that / mean) spans; the lengths of the spans and of what stands between
    them are random divisions, all equally likely. The text begins with what stays and ends with what is cut out, as T5's code
    has it; the last sentinel stands at the end of what is written, as T5's paper has it (its code leaves it out).

    An encoder-decoder reads one and writes the other, each with its end mark. A decoder gets both in one row, start, reading,
    end mark, writing, end mark, and predicts the second only (U-PaLM, Tay et al. 2022, trains a causal model on such rows;
    there the first part is seen from both sides, here attention stays causal).

    Attributes:
        share: of the tokens that are cut out.
        mean: length of the spans.

    Example:
        >>> import torch
        >>> from panglot.objectives.example import Example, Tokens
        >>> tokens = Tokens(0, None, 1, None, 2, frozenset({0, 1, 2, 97, 98, 99}), torch.arange(3, 97),
        ...                 sentinels=(99, 98, 97), architecture="seq2seq", decoder_start=0)
        >>> row = SpanCorruption().row(Example(range(10, 20)), tokens, torch.Generator().manual_seed(17))
        >>> row.ids, row.labels
        ([10, 11, 12, 13, 14, 15, 16, 17, 99, 1], [99, 18, 19, 98, 1])
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("seq2seq", "decoder")
    objective: Literal["span"] = "span"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    mean: Annotated[float, Field(ge=1)] = 3.0

    def check(self, tokens: "Tokens", name: str) -> None:
        """Refuse a tokenizer without sentinels."""
        super().check(tokens, name)
        check_sentinels(tokens, name)

    def room(self, limit: int, tokens: "Tokens") -> int:
        """The longest text whose two parts fit, and for which there are enough sentinels."""
        return room_for_spans(limit, tokens, self.share, self.mean, before=0)

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """What is read and what is written; an empty text gets no label."""
        spans = noise_spans(len(example.ids), self.share, self.mean, generator)
        read, written = cut_out(example.ids, spans, tokens.sentinels)
        found = denoising_row(read, written, tokens)
        return found if spans else without_labels(found)


def denoising_row(read: "Sequence[int]", written: "Sequence[int]", tokens: "Tokens") -> Row:
    """A row of an encoder-decoder or of a decoder that reads one text and writes another in the same language."""
    if tokens.architecture == "seq2seq":
        return read_and_write(read, written, tokens, place="none", source_language="und", target_language="und")
    end = [] if tokens.end is None else [tokens.end]
    return context_and_target(tokens.framed(read), [*written, *end])


def room_for_spans(limit: int, tokens: "Tokens", share: float, mean: float, *, before: int) -> int:
    """The longest text that fits when `before` tokens stand before what is read."""
    frame = len(tokens.framed([]))

    def fits(length: int) -> bool:
        noise, spans = noise_counts(length, share, mean)
        read, written = length - noise + spans + before + frame, noise + spans + 1
        together = read + written + (tokens.end is not None)
        size = max(read, written + frame) if tokens.architecture == "seq2seq" else together
        return size <= limit and spans + 1 <= len(tokens.sentinels)

    return most_that_fit(fits)
