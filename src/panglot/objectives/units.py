"""Which words of a text its tokens belong to, in any script."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.words import Words, find_words

UNSPACED_UNIT = 4
"""Characters that are hidden together in a script without spaces between words."""

_SPACES = np.array([each for each in range(0x3001) if chr(each).isspace()], dtype=np.uint32)


def units_of(text: str, spans: Sequence[tuple[int, int]], *, spaced: bool) -> list[int]:
    """Which unit of the text each token belongs to: a word with its punctuation, or a few characters of unspaced text.

    Units are parts of the text and not of its tokens, so that tokenizers that cut words differently hide the same parts.

    Args:
        text: the text.
        spans: characters of each token, from and to.
        spaced: whether words are separated by spaces.

    Example:
        >>> units_of("Dobry dźeń", [(0, 3), (3, 5), (5, 7), (7, 10)], spaced=True)
        [0, 0, 1, 1]
    """
    unit_at: list[int] = []
    unit, inside = -1, 0
    for each in text:
        if each.isspace():
            inside = 0
            # a space is written together with the word after it
            unit_at.append(unit + 1)
            continue
        if inside == 0 or (not spaced and inside % UNSPACED_UNIT == 0):
            unit += 1
        inside += 1
        unit_at.append(unit)
    found: list[int] = []
    for start, end in spans:
        first = next((at for at in range(start, end) if not text[at].isspace()), start)
        found.append(unit_at[first] if first < len(unit_at) else unit + 1)
    return found


def word_numbers(texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]) -> list[list[int]]:
    """Number of the word that each token of each text belongs to, from 0 and never falling.

    Words are those of [`find_words`][panglot.corpus.segmentation.words.find_words], in any mixture of scripts: a run of
    punctuation is a word of its own, and where no spaces stand between words, neighbouring units (a Han sign, a Thai cluster, a
    Khmer syllable) count as one word while they begin within the same `UNSPACED_UNIT` characters; no unit is cut. A token that
    reaches over several words belongs to the first. A space belongs to the word after it.

    Args:
        texts: the texts.
        spans: characters of each token of each text, from and to.

    Example:
        >>> word_numbers(["Dobry dźeń!"], [[(0, 3), (3, 5), (5, 7), (7, 10), (10, 11)]])
        [[0, 0, 1, 1, 2]]
        >>> word_numbers(["ภาษาไทย"], [[(at, at + 1) for at in range(7)]])
        [[0, 0, 0, 0, 1, 1, 1]]
    """
    words = find_words(texts)
    codes, bounds = words.points.codes, words.points.bounds
    if not len(codes):
        return [[0] * len(each) for each in spans]
    space = np.isin(codes, _SPACES)
    units = _unit_of_characters(words, space)
    # the first character that is no space, from each character on
    places = np.where(space, len(codes), np.arange(len(codes)))
    visible = np.append(np.minimum.accumulate(places[::-1])[::-1], len(codes))
    found: list[list[int]] = []
    for at, each in enumerate(spans):
        first, last = int(bounds[at]), int(bounds[at + 1])
        if not len(each):
            found.append([])
            continue
        starts = np.minimum(np.array([start for start, _ in each], dtype=np.int64) + first, last)
        seen = visible[starts]
        # what is behind the last word is a word of its own
        number = np.where(seen < last, units[np.minimum(seen, len(codes) - 1)], len(codes))
        number = np.maximum.accumulate(number)
        found.append(np.cumsum(np.diff(number, prepend=number[:1]) != 0).tolist())
    return found


def _unit_of_characters(words: Words, space: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the word, or of the run of punctuation, of each character; spaces have that of what stands before them."""
    codes, bounds = words.points.codes, words.points.bounds
    starts, lengths = words.starts, words.lengths
    label = np.full(len(codes), -1, dtype=np.int64)
    label[space] = -2
    if len(starts):
        before = np.append(0, words.ends[:-1])
        chained = (before == starts) & ~np.isin(starts, bounds[:-1])
        heads = np.maximum.accumulate(np.where(chained, 0, np.arange(len(starts))))
        group = heads * (len(codes) + 1) + (starts - starts[heads]) // UNSPACED_UNIT
        inside = np.repeat(starts - np.append(0, np.cumsum(lengths)[:-1]), lengths) + np.arange(int(lengths.sum()))
        label[inside] = np.repeat(group, lengths)
    opens = np.diff(label, prepend=label[:1] - 1) != 0
    opens[bounds[:-1][bounds[:-1] < len(codes)]] = True
    return np.cumsum(opens)
