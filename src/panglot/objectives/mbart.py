"""mBART's denoising: restore a text whose sentences are shuffled and whose words are masked in spans."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from panglot.artifacts import InputError
from panglot.objectives.contract import LanguageObjective
from panglot.objectives.example import Row
from panglot.objectives.noise_spans import most_that_fit
from panglot.objectives.rows import LanguageTokens, language_tokens, marks_of, read_and_write, without_labels

if TYPE_CHECKING:
    import torch

    from panglot.objectives.example import Architecture, Example, Tokens

SHORTEST_SENTENCE = 8
"""Tokens; a shorter sentence goes with the one after it, so that there is at most one mark to this many tokens."""

Words = list[list[int]]
"""Tokens of each word of a sentence."""


class MultilingualDenoising(LanguageObjective):
    """L = -(1/n) Σ_t ln p(x_t | x_{<t}, g(x)), with the noise g of mBART (Liu et al. 2020).

    The sentences of a text, each behind its own end mark, are put in a random order. Then `share` of the words are masked:
    spans of Poisson(`mean`) words, each replaced by ONE mask, until ceil(share · words) words are masked; a span of length 0
    is a mask that is put in. The decoder starts with the language's token and writes the text as it was.

    Where the language's token stands, [`read_and_write`][panglot.objectives.rows.read_and_write] says: as in mBART, behind the
    text, or as in mBART-50, before it; BART has none. Sentences end where
    [`find_sentences`][panglot.corpus.segmentation.sentences.find_sentences] says, by the marks of their own script; one of
    fewer than 8 tokens goes with the next.

    Spans never overlap here, so that the share is kept; fairseq draws their starts independently, and what overlaps is counted
    twice. End marks are never masked. fairseq's defaults are others (λ = 3.0, nothing masked): these are the paper's.

    Attributes:
        share: of the words that are masked.
        mean: words of a span.
        permute: whether sentences are put in a random order.
        language_tokens: where the token of the language stands; `auto` asks the tokenizer.

    Example:
        >>> import torch
        >>> from panglot.objectives.example import Example, Tokens
        >>> tokens = Tokens(0, None, 1, 3, 2, frozenset({0, 1, 2, 3, 99}), torch.arange(4, 99), architecture="seq2seq",
        ...                 languages={"hsb_Latn": 99}, decoder_start=99)
        >>> places = [(2 * at, 2 * at + 1) for at in range(10)]
        >>> text = Example(range(10, 20), "a b c d e f g h i j", "hsb_Latn", words=range(10), spans=places)
        >>> row = MultilingualDenoising().row(text, tokens, torch.Generator().manual_seed(17))
        >>> row.labels, row.decoder_ids[0]
        ([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 1, 99], 99)
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("seq2seq",)
    objective: Literal["mbart"] = "mbart"
    share: Annotated[float, Field(ge=0, lt=1)] = 0.35
    mean: Annotated[float, Field(gt=0)] = 3.5
    permute: bool = True
    language_tokens: LanguageTokens = "auto"

    @property
    def needs_words(self) -> bool:
        return True

    def check(self, tokens: "Tokens", name: str) -> None:
        """Refuse a tokenizer without a mask."""
        super().check(tokens, name)
        if tokens.mask is None:
            raise InputError(
                f"{name} cannot restore masked text: its tokenizer has no mask token",
                where="objective",
                fix="take span, which T5's sentinels are for, or add a mask token",
            )

    def room(self, limit: int, tokens: "Tokens") -> int:
        """What the marks leave, with one end mark to every eight tokens."""
        marks = marks_of(language_tokens(self.language_tokens, tokens), tokens)
        return most_that_fit(lambda length: length + length // SHORTEST_SENTENCE + marks <= limit)

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """The noised text, read; the text, written. An empty text gets no label."""
        import torch

        sentences = sentences_of(example)
        end = [] if tokens.end is None else [tokens.end]
        target = _joined([[token for word in each for token in word] for each in sentences], end)
        order = torch.randperm(len(sentences), generator=generator).tolist() if self.permute else range(len(sentences))
        source = self._masked([sentences[at] for at in order], end, tokens, generator)
        found = read_and_write(
            source,
            target,
            tokens,
            place=language_tokens(self.language_tokens, tokens),
            source_language=example.language,
            target_language=example.language,
        )
        return found if target else without_labels(found)

    def _masked(
        self, sentences: Sequence[Words], end: Sequence[int], tokens: "Tokens", generator: "torch.Generator"
    ) -> list[int]:
        import torch

        words = [word for each in sentences for word in each]
        lengths = span_lengths(len(words), self.share, self.mean, generator)
        spans = [each for each in lengths if each]
        assert tokens.mask is not None
        # every way to put the spans among the words that stay is equally likely
        places = torch.randperm(len(words) - sum(spans) + len(spans), generator=generator)[: len(spans)].sort().values.tolist()
        hidden = [False] * len(words)
        opens = [False] * len(words)
        longer = 0
        for place, length in zip(places, spans, strict=True):
            opens[place + longer] = True
            hidden[place + longer : place + longer + length] = [True] * length
            longer += length - 1
        # a mask that is put in needs room, which the masked words have left
        spared = sum(len(word) for word, gone in zip(words, hidden, strict=True) if gone) - len(spans)
        put_in = torch.randint(len(words) + 1, (min(len(lengths) - len(spans), spared),), generator=generator).tolist()
        pieces: list[list[int]] = []
        number = 0
        for sentence in sentences:
            piece: list[int] = []
            for word in sentence:
                piece += [tokens.mask] * (put_in.count(number) + opens[number])
                piece += [] if hidden[number] else word
                number += 1
            pieces.append(piece)
        if pieces:
            pieces[-1] += [tokens.mask] * put_in.count(number)
        return _joined(pieces, end)


def span_lengths(words: int, share: float, mean: float, generator: "torch.Generator") -> list[int]:
    """Lengths of spans, Poisson(mean), whose sum is ceil(share · words); some may be 0."""
    import torch

    budget = -int(-share * words // 1)
    found: list[int] = []
    left = budget
    while left:
        for drawn in torch.poisson(torch.full((budget,), mean), generator=generator).int().tolist():
            found.append(min(drawn, left))
            left -= found[-1]
            if not left:
                break
    # the last one was cut to fit, and would always stand last in the text
    return [found[at] for at in torch.randperm(len(found), generator=generator).tolist()]


def sentences_of(example: "Example") -> list[Words]:
    """The words of each sentence of a text, as tokens; a short one goes with the next, the last with the one before."""
    from panglot.corpus.segmentation.sentences import find_sentences

    assert example.words is not None, "the examples must say which word each token belongs to"
    assert example.spans is not None, "the examples must say which characters each token stands for"
    starts = find_sentences([example.text], apart=True).starts.tolist()
    words: list[list[int]] = []
    ends: list[int] = []
    last = -1
    for token, word, (_, until) in zip(example.ids, example.words, example.spans, strict=True):
        if word != last:
            words.append([])
            ends.append(until)
        words[-1].append(token)
        ends[-1] = max(ends[-1], until)
        last = word
    found: list[Words] = []
    size, begun = 0, 0
    for tokens, until in zip(words, ends, strict=True):
        # a word belongs to the sentence of its last character: its first may be the space before
        passed = bisect_left(starts, until)
        if not found or (passed > begun and size >= SHORTEST_SENTENCE):
            found.append([])
            size = 0
        begun = passed
        found[-1].append(tokens)
        size += len(tokens)
    if len(found) > 1 and size < SHORTEST_SENTENCE:
        found[-2:] = [found[-2] + found[-1]]
    return found


def _joined(parts: Sequence[Sequence[int]], end: Sequence[int]) -> list[int]:
    found: list[int] = []
    for at, each in enumerate(parts):
        found += [*each] if at == 0 else [*end, *each]
    return found
