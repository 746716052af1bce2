"""Word order: how much likelier the neighbours in a text are than the same words shuffled.

A logistic regression over hashed features of two neighbouring units (their hashes, first and last characters, what stands
between them, capitals) is trained to tell the neighbours of a reference text from the same words in random order. The score
of a pair is its log-odds. Features of several sizes are the back-off: where a pair of words was never seen, their endings
were.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CODE_POINTS, CodePoints, lower_case, of_categories
from panglot.corpus.segmentation.words import Words, mixed

BITS = 18
_EPOCHS = 4
_LIMIT = 4.0
_BLOCK = 256
_TURNS = 3
_SAMPLED, _ENOUGH = 100, 600
_PLAIN, _MARK, _STOP = 0, 1, 2
_STOPS = tuple(map(ord, ".!?…。！？．।॥۔؟։።፧၊။។៕།॥|\n"))


@dataclass(frozen=True)
class Units:
    """What is put in order: words, or characters with their marks where words are not written apart.

    Attributes:
        starts, ends: int64 [units], places in the codes of the texts.
        bounds: int64 [texts + 1].
        columns: uint64 [columns, units]: hash, last character, last two, last three, first, first two, shape.
        gaps: uint8 [units]: what stands before the unit: blank, a mark, the end of a sentence.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    bounds: NDArray[np.int64]
    columns: NDArray[np.uint64]
    gaps: NDArray[np.uint8]


@cache
def _gap_kinds() -> NDArray[np.uint8]:
    found = np.zeros(CODE_POINTS, dtype=np.uint8)
    found[of_categories("PS")] = _MARK
    found[list(_STOPS)] = _STOP
    return found


def clusters(words: Words) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Starts, ends and bounds of the characters inside the words, each with the marks behind it."""
    codes = words.points.codes
    edges = np.zeros(len(codes) + 1, dtype=np.int32)
    np.add.at(edges, words.starts, 1)
    np.add.at(edges, words.ends, -1)
    inside = np.cumsum(edges[:-1]) > 0
    first = inside & ~of_categories("M")[codes]
    first[words.starts] = True
    starts = np.flatnonzero(first)
    last = np.empty(len(codes) + 1, dtype=bool)
    last[:-1] = first | ~inside
    last[-1] = True
    breaks = np.flatnonzero(last)
    ends = breaks[np.searchsorted(breaks, starts, side="right")]
    return starts, ends, np.searchsorted(starts, words.points.bounds)


def units_of(words: Words, *, spaces: bool) -> Units:
    """The units of texts, with what the features are made of."""
    if spaces:
        starts, ends, bounds = words.starts, words.ends, words.bounds
    else:
        starts, ends, bounds = clusters(words)
    raw = words.points.codes
    codes = lower_case()[raw]
    low = CodePoints(codes, words.points.bounds)
    hashes = Words(low, starts, ends, bounds).hashes()
    length = ends - starts

    def at(place: NDArray[np.int64], enough: NDArray[np.bool_]) -> NDArray[np.uint64]:
        return np.where(enough, codes[np.clip(place, 0, max(len(codes) - 1, 0))], 0).astype(np.uint64)

    wide = np.uint64(1 << 21)
    first, second = at(starts, length > 0), at(starts + 1, length > 1)
    last, last2, last3 = at(ends - 1, length > 0), at(ends - 2, length > 1), at(ends - 3, length > 2)
    capital = (raw[starts] != codes[starts]).astype(np.uint64) if len(starts) else np.zeros(0, np.uint64)
    shape = capital * np.uint64(8) + np.minimum(length, 7).astype(np.uint64)
    two = last + last2 * wide
    often = _counts_in_blocks(hashes, bounds)
    columns = np.stack(
        [
            hashes,
            last,
            two,
            mixed(two) + last3,
            first,
            first + second * wide,
            shape,
            often * np.uint64(8) + np.minimum(length, 7),
        ]
    ).astype(np.uint64)
    return Units(starts, ends, bounds, columns, _gaps(raw, starts, ends, bounds))


def _counts_in_blocks(hashes: NDArray[np.uint64], bounds: NDArray[np.int64]) -> NDArray[np.uint64]:
    """0 to 4 for a unit that stands 1, 2, 3 to 4, 5 to 8, more often in its block of 256 units."""
    size = np.diff(bounds)
    text = np.repeat(np.arange(len(size)), size)
    block = (np.arange(len(hashes)) - bounds[:-1][text]) // _BLOCK + text * np.int64(1 << 24)
    _, inverse, counts = np.unique(mixed(hashes + mixed(block.astype(np.uint64))), return_inverse=True, return_counts=True)
    return np.searchsorted([1, 2, 4, 8], counts[inverse]).astype(np.uint64)


def _gaps(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64], bounds: NDArray[np.int64]
) -> NDArray[np.uint8]:
    kinds = _gap_kinds()[codes]
    found = np.zeros(len(starts), dtype=np.uint8)
    for kind in (_MARK, _STOP):
        seen = np.concatenate([[0], np.cumsum(kinds == kind)])
        if len(starts):
            found[1:][seen[starts[1:]] > seen[ends[:-1]]] = kind
    found[bounds[:-1][bounds[:-1] < bounds[1:]]] = _STOP
    return found


# (columns two before, one before, here; with the gap): 0 hash, 1 last, 2 last two, 3 last three, 4 first, 5 first two, 6 shape,
# 7 how often in the block and how long; None: not looked at
_TEMPLATES = (
    (None, 0, 0, False),
    (None, 0, 2, False),
    (None, 2, 0, False),
    (None, 0, 5, False),
    (None, 3, 3, False),
    (None, 2, 2, False),
    (None, 1, 1, False),
    (None, 2, 5, False),
    (None, 1, 4, False),
    (None, 5, 5, False),
    (None, 5, 2, False),
    (None, 6, 6, True),
    (None, 7, 7, True),
    (None, 0, 7, False),
    (None, 7, 0, False),
    (None, None, 0, True),
    (None, None, 5, True),
    (None, None, 2, True),
    (None, 0, None, True),
    (None, 2, None, True),
    (None, 3, None, True),
    (0, 0, 0, False),
)
_EQUAL = len(_TEMPLATES)


def features(
    before: NDArray[np.uint64], left: NDArray[np.uint64], right: NDArray[np.uint64], gap: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Places in the table of weights, int64 [features, units], of units, the ones before them, and the gap between."""
    found = np.empty((_EQUAL + 1, left.shape[1]), dtype=np.int64)
    gaps = gap.astype(np.uint64)
    for number, (two, one, here, with_gap) in enumerate(_TEMPLATES):
        value = np.full(left.shape[1], (number + 1) * 0x51ED270B, dtype=np.uint64)
        if two is not None:
            value = value + (before[two] ^ (before[two] >> np.uint64(29))) * np.uint64(0x165667B19E3779F9)
        if one is not None:
            value = value + (left[one] ^ (left[one] >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
        if here is not None:
            value = value + (right[here] ^ (right[here] >> np.uint64(33))) * np.uint64(0xC2B2AE3D27D4EB4F)
        if with_gap:
            value = value + gaps * np.uint64(0xD6E8FEB86659FD93)
        found[number] = (mixed(value) >> np.uint64(64 - BITS)).astype(np.int64)
    same = (left[0] == right[0]).astype(np.int64) + 2 * (before[0] == right[0]) + 4 * (left[1] == right[1])
    found[_EQUAL] = same
    return found


def neighbours(units: Units) -> NDArray[np.int64]:
    """Places of the units that follow another one of the same text, int64 [pairs]."""
    second = np.ones(len(units.starts), dtype=bool)
    second[units.bounds[:-1][units.bounds[:-1] < units.bounds[1:]]] = False
    return np.flatnonzero(second)


def _at(units: Units, order: NDArray[np.int64], here: NDArray[np.int64], gaps: NDArray[np.uint8]) -> NDArray[np.int64]:
    columns = units.columns
    two = order[np.maximum(here - 2, 0)]
    return features(columns[:, two], columns[:, order[here - 1]], columns[:, order[here]], gaps)


def train(units: Units, *, seed: int = 0, negatives: int = 2, penalty: float = 2e-6, rate: float = 0.4) -> NDArray[np.float32]:
    """Weights float32 [2 ** BITS] of the regression that tells neighbours from shuffled ones.

    Negatives are made in two ways, since words may be shuffled between the marks or along with them: the gap is that of the
    place, or that which stood before the right word.
    """
    rng = np.random.default_rng(seed)
    here = neighbours(units)
    text = np.repeat(np.arange(len(units.bounds) - 1), np.diff(units.bounds))
    parts = [_at(units, np.arange(len(units.starts)), here, units.gaps[here])]
    for turn in range(negatives):
        order = np.lexsort((rng.random(len(text)), text))
        parts.append(_at(units, order, here, units.gaps[here] if turn % 2 == 0 else units.gaps[order[here]]))
    found = np.concatenate(parts, axis=1).T
    label = np.zeros(len(found), dtype=np.float32)
    label[: len(here)] = 1
    weight = np.where(label == 1, 1.0, 1.0 / negatives).astype(np.float32)
    return _descend(found, label, weight, rng, penalty, rate)


def _descend(
    found: NDArray[np.int64],
    label: NDArray[np.float32],
    weight: NDArray[np.float32],
    rng: np.random.Generator,
    penalty: float,
    rate: float,
) -> NDArray[np.float32]:
    size = 1 << BITS
    weights, squares = np.zeros(size), np.full(size, 1e-4)
    batch = int(np.clip(len(found) // 100, 128, 8192))
    for _ in range(_EPOCHS):
        order = rng.permutation(len(found))
        for first in range(0, len(order), batch):
            some = order[first : first + batch]
            places = found[some]
            error = (1 / (1 + np.exp(-weights[places].sum(axis=1))) - label[some]) * weight[some] / batch
            # a batch touches few of the weights; the others, and their penalty, are left alone
            seen, where = np.unique(places, return_inverse=True)
            slope = np.bincount(where.ravel(), np.repeat(error, places.shape[1])) + penalty * weights[seen]
            squares[seen] += slope**2
            weights[seen] -= rate * slope / np.sqrt(squares[seen])
    return weights.astype(np.float32)


def log_odds(units: Units, weights: NDArray[np.float32], turns: int = _TURNS) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """How much likelier each unit is where it stands than units of the same text that are drawn at random.

    Both are log-odds, clipped to ±4; the second is the mean over `turns` shuffles of the text, so that a text of shuffled
    words has mean 0 in any language and of any matter. Of long texts every second, third, … block of 100 units is looked at,
    about 600 units.

    Returns:
        The differences, float32 [pairs], and the text of each, int64 [pairs].
    """
    size = np.diff(units.bounds)
    text = np.repeat(np.arange(len(size)), size)
    here = neighbours(units)
    block = (here - units.bounds[:-1][text[here]]) // _SAMPLED
    here = here[block % np.maximum(-(-size // _ENOUGH), 1)[text[here]] == 0]
    found = _clipped(units, np.arange(len(text)), here, units.gaps[here], weights)
    # a text's order depends on nothing but its length, so that its score does not on the texts beside it
    place = (np.arange(len(text)) - units.bounds[:-1][text]).astype(np.uint64)
    for turn in range(turns):
        order = np.lexsort((mixed(place * np.uint64(2) + np.uint64(turn << 40)), text))
        gaps = units.gaps[here] if turn % 2 == 0 else units.gaps[order[here]]
        found -= _clipped(units, order, here, gaps, weights) / turns
    return found, text[here]


def _clipped(
    units: Units,
    order: NDArray[np.int64],
    here: NDArray[np.int64],
    gaps: NDArray[np.uint8],
    weights: NDArray[np.float32],
) -> NDArray[np.float32]:
    return np.asarray(np.clip(weights[_at(units, order, here, gaps)].sum(axis=0), -_LIMIT, _LIMIT), dtype=np.float32)
