"""Spans of tokens that are cut out of a text and written by the model, as in T5."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from panglot.artifacts import InputError

if TYPE_CHECKING:
    import torch

    from panglot.objectives.example import Tokens

_LONGEST = 1 << 24


def noise_counts(length: int, share: float, mean: float) -> tuple[int, int]:
    """How many tokens are cut out, and in how many spans.

    round(share · length) tokens, at least one, and at least one stays; round(tokens / mean) spans, at least one, and no more
    than tokens stay (T5's `random_spans_noise_mask`; Python rounds halves to even, as numpy does). A text of one token is cut
    out whole.

    Example:
        >>> noise_counts(100, 0.15, 3), noise_counts(512, 0.15, 3), noise_counts(1, 0.15, 3)
        ((15, 5), (77, 26), (1, 1))
    """
    if length < 2:
        return length, length
    noise = min(max(round(length * share), 1), length - 1)
    return noise, min(max(round(noise / mean), 1), length - noise)


def segments(total: int, count: int, generator: "torch.Generator") -> list[int]:
    """A random division of `total` things in a row into `count` parts, none of them empty; all are equally likely."""
    import torch

    cuts = (torch.randperm(total - 1, generator=generator)[: count - 1] + 1).sort().values.tolist()
    return [after - before for before, after in zip([0, *cuts], [*cuts, total], strict=True)]


def noise_spans(length: int, share: float, mean: float, generator: "torch.Generator") -> list[tuple[int, int]]:
    """Spans to cut out, from and to: what stays and what is cut out alternate, and what stays comes first (as in T5).

    Args:
        length: tokens of the text.
        share: of the tokens that are cut out.
        mean: length of the spans.
        generator: source of the draws.
    """
    noise, spans = noise_counts(length, share, mean)
    if length < 2:
        return [(0, length)] if length else []
    found: list[tuple[int, int]] = []
    at = 0
    for stays, cut in zip(segments(length - noise, spans, generator), segments(noise, spans, generator), strict=True):
        found.append((at + stays, at + stays + cut))
        at += stays + cut
    return found


def cut_out(ids: Sequence[int], spans: Sequence[tuple[int, int]], sentinels: Sequence[int]) -> tuple[list[int], list[int]]:
    """The text with a sentinel for each span, and the spans with their sentinels before them and one more at the end.

    Raises:
        ValueError: there are fewer sentinels than spans and one.

    Example:
        >>> cut_out([10, 11, 12, 13, 14], [(1, 2), (3, 5)], [99, 98, 97])
        ([10, 99, 12, 98], [99, 11, 98, 13, 14, 97])
    """
    if len(sentinels) < len(spans) + 1:
        raise ValueError(f"{len(spans)} spans need {len(spans) + 1} sentinels, and the tokenizer has {len(sentinels)}")
    kept: list[int] = []
    written: list[int] = []
    at = 0
    for (start, end), sentinel in zip(spans, sentinels, strict=False):
        kept += [*ids[at:start], sentinel]
        written += [sentinel, *ids[start:end]]
        at = end
    return [*kept, *ids[at:]], [*written, sentinels[len(spans)]]


def check_sentinels(tokens: "Tokens", name: str, needed: int = 2) -> None:
    """Refuse a tokenizer without sentinels.

    Raises:
        InputError: says what they are.
    """
    if len(tokens.sentinels) < needed:
        raise InputError(
            f"{name} cannot learn from spans that are cut out: its tokenizer has {len(tokens.sentinels) or 'no'} sentinels",
            where="objective",
            fix="add the tokens <extra_id_0> … <extra_id_99> to the tokenizer, and rows for them to the model "
            "(vocabulary.add_special_tokens, sentinels: 100), or take "
            + ("mbart, which needs a mask" if tokens.architecture == "seq2seq" else "clm"),
        )


def most_that_fit(fits: Callable[[int], bool]) -> int:
    """The largest number for which something that holds for small numbers and not for large ones holds, or 0.

    Example:
        >>> most_that_fit(lambda number: number * number <= 50)
        7
    """
    if not fits(1):
        return 0
    low, high = 1, 2
    while high < _LONGEST and fits(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
