"""UL2: a mixture of denoisers, from short spans to half of the text."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import PrivateAttr

from panglot.artifacts import InputError
from panglot.objectives.contract import LanguageObjective
from panglot.objectives.example import Row
from panglot.objectives.noise_spans import check_sentinels, cut_out, most_that_fit, noise_spans
from panglot.objectives.rows import context_and_target, without_labels
from panglot.objectives.span import denoising_row, room_for_spans

if TYPE_CHECKING:
    import torch

    from panglot.objectives.example import Architecture, Example, Materials, Tokens


class Denoiser(NamedTuple):
    """One way to cut spans out of a text.

    Attributes:
        mode: R (regular), S (sequential: one span at the end) or X (extreme).
        mean: length of the spans; 0 for S.
        share: of the tokens that are cut out.
    """

    mode: Literal["R", "S", "X"]
    mean: float
    share: float


_SEQUENTIAL = 0.25

DENOISERS = (
    Denoiser("R", 3, 0.15),
    Denoiser("R", 8, 0.15),
    Denoiser("S", 0, _SEQUENTIAL),
    Denoiser("X", 3, 0.5),
    Denoiser("X", 8, 0.5),
    Denoiser("X", 64, 0.15),
    Denoiser("X", 64, 0.5),
)
"""The seven of the paper, evenly mixed."""


class MixtureOfDenoisers(LanguageObjective):
    """Each text is cut by one of seven denoisers, drawn evenly, behind a token that says its mode (Tay et al. 2022, UL2).

    | mode | spans of | cut out |
    | --- | --- | --- |
    | R | 3, 8 | 15 % |
    | S | one, at the end | 25 % |
    | X | 3, 8 | 50 % |
    | X | 64 | 15 %, 50 % |

    The loss is that of span corruption. R and X are read and written as in [`SpanCorruption`][panglot.objectives.span]. S is a
    prefix language model: the last round(0.25 · tokens) are written. An encoder-decoder reads a sentinel where they stood, and
    writes them without one, as the released 20B model does; a decoder just goes on. Llm-foundry draws the length of S evenly
    around the mean; here it is fixed.

    On a trained decoder this is UL2R (U-PaLM, Tay et al. 2022), with causal attention to the part that is read.

    Attributes:
        modes: the tokens of R, S and X. The paper writes `[R]`, `[S]`, `[X]`, the released model `[NLU]`, `[S2S]`, `[NLG]`.
            `none` for no such tokens.
        spelled: write modes that are no tokens with the tokens that the tokenizer has for their letters.

    Example:
        >>> import torch
        >>> from panglot.objectives.example import Example, Tokens
        >>> tokens = Tokens(0, None, 1, None, 2, frozenset({0, 1, 2, 97, 98, 99}), torch.arange(3, 97),
        ...                 sentinels=(99, 98, 97), architecture="seq2seq", decoder_start=0)
        >>> row = MixtureOfDenoisers(modes="none").row(Example(range(10, 20)), tokens, torch.Generator().manual_seed(2))
        >>> row.ids, row.labels
        ([10, 11, 12, 13, 14, 15, 16, 17, 99, 1], [18, 19, 1])
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("seq2seq", "decoder")
    objective: Literal["ul2"] = "ul2"
    modes: tuple[str, str, str] | Literal["none"] = ("[R]", "[S]", "[X]")
    spelled: bool = False
    _written: dict[str, list[int]] = PrivateAttr(default_factory=dict)

    def check(self, tokens: "Tokens", name: str) -> None:
        """Refuse a tokenizer without sentinels, or without the tokens of the modes."""
        super().check(tokens, name)
        check_sentinels(tokens, name)
        missing = [each for each in self.modes if each not in tokens.named] if self.modes != "none" else []
        if missing and not self.spelled:
            raise InputError(
                f"the tokenizer of {name} has no token {' '.join(missing)} for the modes of ul2",
                where="modes",
                fix="add them to the tokenizer and rows for them to the model (vocabulary.add_special_tokens), name the tokens "
                "that it has for them, "
                "write them with other tokens (spelled: true), or go without (modes: none)",
            )

    def bound(self, materials: "Materials") -> Self:
        """Modes that are spelled, as tokens."""
        if not self.spelled or self.modes == "none":
            return self
        found = self.model_copy()
        found._written = dict(zip(self.modes, materials.encode(list(self.modes)), strict=True))
        return found

    def room(self, limit: int, tokens: "Tokens") -> int:
        """The longest text that fits whichever denoiser is drawn."""
        before = max(len(self._mode(each, tokens)) for each in "RSX")
        rooms = [room_for_spans(limit, tokens, each.share, each.mean, before=before) for each in DENOISERS if each.mean]
        frame = len(tokens.framed([]))

        def sequential(length: int) -> bool:
            written = _at_the_end(length)
            if tokens.architecture == "seq2seq":
                return max(before + length - written + 1, written) + frame <= limit
            return before + length + frame <= limit

        return min(*rooms, most_that_fit(sequential))

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """A mode, what is read and what is written; an empty text gets no label."""
        import torch

        ids = list(example.ids)
        denoiser = DENOISERS[int(torch.randint(len(DENOISERS), (1,), generator=generator))]
        if denoiser.mode == "S":
            cut = len(ids) - _at_the_end(len(ids))
            read, written = [*self._mode("S", tokens), *ids[:cut]], ids[cut:]
            if tokens.architecture == "seq2seq":
                found = denoising_row([*read, tokens.sentinels[0]], written, tokens)
            else:
                end = [tokens.end] if example.last and tokens.end is not None else []
                found = context_and_target(tokens.framed(read, end=False), [*written, *end])
        else:
            spans = noise_spans(len(ids), denoiser.share, denoiser.mean, generator)
            read, written = cut_out(ids, spans, tokens.sentinels)
            found = denoising_row([*self._mode(denoiser.mode, tokens), *read], written, tokens)
        return found if ids else without_labels(found)

    def _mode(self, mode: Any, tokens: "Tokens") -> list[int]:
        if self.modes == "none":
            return []
        text = self.modes["RSX".index(mode)]
        return [tokens.named[text]] if text in tokens.named else self._written[text]


def _at_the_end(length: int) -> int:
    """Tokens that S cuts out: a quarter, at least one, and one stays."""
    return min(max(round(_SEQUENTIAL * length), 1), max(1, length - 1))
