"""From one dial, the number of parameters, to depth, width, heads and feed-forward width, for a vocabulary."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from panglot.artifacts import InputError
from panglot.training.families import FAMILIES, Family, count_parameters
from panglot.training.size import show_size

_LEAST_WIDTH, _LEAST_LAYERS = 32, 2
_STEP = 8
_ASPECT, _TURN, _DEEP = 32, 1024, 32
_POSITIONS = 512
_FREEDOM = 1.5
_TOLERANCE = 0.05


@dataclass(frozen=True)
class Shape:
    """The sizes of a model.

    Attributes:
        family: its name.
        vocabulary: rows of the embeddings.
        layers: of an encoder or decoder, or of each side of a seq2seq.
        width: of hidden states.
        heads: of attention.
        feed_forward: width of the feed-forward layers.
        tied: whether the head shares the matrix of the embeddings.
        positions: longest row; None where there is no limit.
        parameters: counted by transformers' own class, shared ones once.

    Example:
        >>> print(shape_of("llama", 8000, size=6_000_000))
        llama of 5.99M parameters: 7 layers of width 224, 7 heads of 32, feed-forward 592, 8,000 tokens (30% of the
        parameters), tied, 512 positions
    """

    family: str
    vocabulary: int
    layers: int
    width: int
    heads: int
    feed_forward: int
    tied: bool
    positions: int | None
    parameters: int

    @property
    def embeddings(self) -> int:
        """Parameters in rows of tokens: the embeddings, and the head's own matrix where it has one."""
        return self.vocabulary * self.width * (1 if self.tied else 2)

    @property
    def computing(self) -> int:
        """Parameters that multiply every token: all but the rows that are only looked up."""
        looked_up = self.vocabulary * self.width * (0 if self.tied else 1)
        learned = (self.positions or 0) * self.width if FAMILIES[self.family].learned_positions else 0
        return self.parameters - looked_up - learned

    def figures(self) -> dict[str, Any]:
        """For a manifest."""
        return {
            "architecture": self.family,
            "parameters": self.parameters,
            "layers": self.layers,
            "width": self.width,
            "heads": self.heads,
            "feed_forward": self.feed_forward,
            "tied": self.tied,
            "positions": self.positions,
            "embedding_share": round(self.embeddings / self.parameters, 4),
        }

    def __str__(self) -> str:
        sides = " on each side" if FAMILIES[self.family].kind == "seq2seq" else ""
        return (
            f"{self.family} of {show_size(self.parameters)} parameters: {self.layers} layers{sides} of width {self.width}, "
            f"{self.heads} heads of {self.width // self.heads}, feed-forward {self.feed_forward}, {self.vocabulary:,} tokens "
            f"({self.embeddings / self.parameters:.0%} of the parameters), {'tied' if self.tied else 'untied'}, "
            + (f"{self.positions:,} positions" if self.positions else "any length")
        )


def shape_of(
    family: str,
    vocabulary: int,
    *,
    size: int | None = None,
    layers: int | None = None,
    width: int | None = None,
    heads: int | None = None,
    feed_forward: int | None = None,
    tied: bool = True,
    positions: int | None = None,
) -> Shape:
    """Sizes for a dial; whatever is given stays as it is.

    Parameters are about V·w·(1 or 2) + L·(a·w² + m·w·f) with V tokens, width w, L layers, a = 4 matrices of attention (8 with
    attention across, in a decoder that has an encoder), and m = 2 matrices of width f (3 where gated). Among all widths and
    depths that come to the dial, the one is taken whose depth is nearest to w / 32 (32 · (w / 1024)^⅓ above a width of 1,024).
    Kaplan et al. 2020 (https://arxiv.org/abs/2001.08361) found that the loss hangs little on the ratio, so this is a choice and
    no optimum. f is 4w (8w/3 where gated) and takes up what is left over, by up to half. Heads have about 64 dimensions, 32
    below a width of 512, 16 below 64. The count itself is transformers' own.

    Args:
        family: a name of `FAMILIES`.
        vocabulary: rows of the embeddings.
        size: parameters, embeddings counted; None where layers and width are given.
        layers: how many; on each side of a seq2seq.
        width: of hidden states.
        heads: a divisor of the width, with an even number of dimensions each.
        feed_forward: width of the feed-forward layers.
        tied: whether the head shares the matrix of the embeddings.
        positions: longest row; 512 where nothing is said.

    Raises:
        InputError: neither a size nor layers and width are given; the vocabulary alone is larger than the dial; what is given
            does not come to the dial; the width cannot be divided among the heads.

    Example:
        >>> shape_of("bert", 30_000, layers=12, width=768).feed_forward
        3072
    """
    kind = FAMILIES[family]
    if kind.positions is None and positions is not None:
        raise InputError(f"a {family} has no limit of positions", where="positions", fix="leave it out")
    if not kind.feed_forward and feed_forward is not None:
        raise InputError(f"the feed-forward layers of a {family} are four times as wide as the rest", where="feed_forward")
    longest = None if kind.positions is None else positions or _POSITIONS
    if size is None:
        if layers is None or width is None:
            raise InputError("it is not said how large the model is to be", fix="give a size (6M), or layers and width")
        _divided(width, heads)
        count, free = heads or _heads(width), feed_forward or _nominal(kind, width)
    else:
        wanted = _Wanted(kind, vocabulary, size, tied, longest or 0)
        layers, width = _nearest(family, wanted, layers, width, heads, feed_forward)
        count = heads or _heads(width)
        free = feed_forward or _nominal(kind, width)
    sizes: dict[str, Any] = {
        "vocabulary": vocabulary, "layers": layers, "width": width, "heads": count, "tied": tied, "positions": longest,
    }  # fmt: skip
    if size is not None and feed_forward is None and kind.feed_forward:
        free = _fitted(family, size, free, sizes)
    parameters = _counted(family, sizes | {"feed_forward": free})
    if size is not None and abs(parameters / size - 1) > _TOLERANCE:
        raise InputError(
            f"no {family} with what is given comes to {show_size(size)} parameters: the nearest has {show_size(parameters)} "
            f"({layers} layers of width {width})",
            where="size",
            fix="give less than layers, width and feed_forward together, or another size",
        )
    return Shape(family, vocabulary, layers, width, count, free, tied, longest, parameters)


@dataclass(frozen=True)
class _Wanted:
    """What the search is for, with the terms that count."""

    family: Family
    vocabulary: int
    size: int
    tied: bool
    positions: int

    def rows(self, width: int) -> float:
        """Parameters outside of the layers."""
        rows = self.vocabulary * (1 if self.tied or self.family.always_tied else 2)
        if self.family.learned_positions:
            rows += self.positions * (2 if self.family.kind == "seq2seq" else 1)
        return rows * width + self.family.head_matrices * width**2

    def layer(self, width: int, feed_forward: float) -> float:
        """Parameters of a layer, or of one on each side."""
        sides, attention = (2, 12) if self.family.kind == "seq2seq" else (1, 4)
        return attention * width**2 + sides * (3 if self.family.gated else 2) * width * feed_forward

    def least_body(self, width: int, layers: int, feed_forward: int | None) -> float:
        """Parameters of the layers with feed-forward layers as narrow as they may be."""
        narrow = _nominal(self.family, width) / (_FREEDOM if self.family.feed_forward else 1)
        return layers * self.layer(width, feed_forward or narrow)


def _nearest(
    family: str, wanted: _Wanted, layers: int | None, width: int | None, heads: int | None, feed_forward: int | None
) -> tuple[int, int]:
    least = width or _LEAST_WIDTH
    body = wanted.least_body(least, layers or _LEAST_LAYERS, feed_forward)
    if wanted.rows(least) + body > wanted.size:
        raise _too_many_tokens(family, wanted, least, layers or _LEAST_LAYERS, body)
    if width is not None:
        _divided(width, heads)
    best: tuple[float, int, int] | None = None
    for each in [width] if width else _widths(wanted, layers or _LEAST_LAYERS, feed_forward):
        if heads and (each % heads or each // heads % 2):
            continue
        usual = feed_forward or _nominal(wanted.family, each)
        left = (wanted.size - wanted.rows(each)) / wanted.layer(each, usual)
        for depth in (
            [layers] if layers else sorted({max(_LEAST_LAYERS, math.floor(left)), max(_LEAST_LAYERS, math.ceil(left))})
        ):
            free = bool(wanted.family.feed_forward) and feed_forward is None
            score = _unlike(wanted, each, depth, usual, free=free, chosen=layers is None or width is None)
            if best is None or score < best[0]:
                best = (score, depth, each)
    if best is None:
        raise InputError(f"no width for {show_size(wanted.size)} parameters can be divided among {heads} heads", where="heads")
    return best[1], best[2]


def _unlike(wanted: _Wanted, width: int, depth: int, usual: int, *, free: bool, chosen: bool) -> float:
    """How far a shape is from the usual one, and from the dial where nothing is left to take up the difference."""
    rest = wanted.size - wanted.rows(width) - depth * wanted.layer(width, 0)
    feed_forward = rest / (depth * (wanted.layer(width, 1) - wanted.layer(width, 0)))
    held = min(max(feed_forward, usual / _FREEDOM), usual * _FREEDOM) if free else usual
    reached = wanted.rows(width) + depth * wanted.layer(width, held)
    score = 20 * abs(math.log(reached / wanted.size)) + 0.3 * abs(math.log(held / usual))
    if chosen:
        score += abs(math.log(depth / _usual_depth(width)))
    # heads of an even 32 or 64 dimensions, which kernels like
    return score + (0.1 if width % (64 if width >= 512 else 32) else 0.0)


def _widths(wanted: _Wanted, layers: int, feed_forward: int | None) -> Iterator[int]:
    width = _LEAST_WIDTH
    while wanted.rows(width) + wanted.least_body(width, layers, feed_forward) <= wanted.size:
        yield width
        width += _STEP if width < 512 else 2 * _STEP if width < 2048 else 8 * _STEP


def _usual_depth(width: int) -> float:
    return width / _ASPECT if width <= _TURN else _DEEP * (width / _TURN) ** (1 / 3)


def _nominal(family: Family, width: int) -> int:
    return -(-8 * width // 3 // 8) * 8 if family.gated else 4 * width


def _heads(width: int) -> int:
    """The divisor that gives heads an even number of dimensions, nearest to 64, 32 or 16."""
    dimensions = 64 if width >= 512 else 32 if width >= 64 else 16
    possible = [each for each in range(1, width + 1) if width % each == 0 and width // each % 2 == 0]
    if not possible:
        raise InputError(f"a width of {width} cannot be divided among heads evenly", where="width", fix="choose an even width")
    return min(possible, key=lambda each: abs(math.log(width / each / dimensions)))


def _divided(width: int, heads: int | None) -> None:
    if heads and (width % heads or width // heads % 2):
        raise InputError(f"a width of {width} cannot be divided among {heads} heads evenly", where="heads")


def _fitted(family: str, size: int, usual: int, sizes: dict[str, Any]) -> int:
    """The feed-forward width that comes nearest to the dial: the count is linear in it."""
    step = 8 if sizes["width"] < 512 else 32
    known = _counted(family, sizes | {"feed_forward": usual})
    slope = (_counted(family, sizes | {"feed_forward": usual + step}) - known) / step
    found = usual + (size - known) / slope
    return max(step, step * round(min(max(found, usual / _FREEDOM), usual * _FREEDOM) / step))


def _counted(family: str, sizes: dict[str, Any]) -> int:
    from panglot.training.families import Special

    # an xlm-roberta counts positions from its padding: a row or two, whichever id it has
    return count_parameters(family, **sizes, special=Special(padding=0))


def _too_many_tokens(family: str, wanted: _Wanted, width: int, layers: int, body: float) -> InputError:
    row = width * (1 if wanted.tied else 2)
    room = int((wanted.size - body - wanted.rows(width)) // row) + wanted.vocabulary
    if room < 1:
        return InputError(
            f"{show_size(wanted.size)} parameters are too few for a {family} with {layers} layers of width {width}, whatever "
            "the vocabulary",
            where="size",
        )
    return InputError(
        f"{wanted.vocabulary:,} tokens leave too little of {show_size(wanted.size)} parameters for a {family} with {layers} "
        f"layers of width {width}",
        where="size",
        fix=f"at most {room:,} tokens would fit; give a larger size, or train or trim the tokenizer to fewer",
    )
