"""Repetition inside a text: lines, paragraphs and word n-grams (Gopher), character 10-grams and word 5-grams (ROOTS)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.words import Words
from panglot.corpus.signals.hashing import StretchHashes, earlier, repeated
from panglot.corpus.signals.layout import Layout
from panglot.corpus.signals.shares import share

TOP = (2, 3, 4)
DUPLICATE = (5, 6, 7, 8, 9, 10)
CHARACTER_GRAM = 10
WORD_GRAM = 5
_CHARACTER_HASH_BITS = 44
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def line_repetition(layout: Layout, hashes: StretchHashes) -> dict[str, NDArray[np.float64]]:
    """Lines and paragraphs that stood earlier in the text, by number and by characters.

    Example:
        >>> from panglot.corpus.segmentation.code_points import CodePoints
        >>> points = CodePoints.of(["na\\nна\\nna\\n\\nна"])
        >>> found = line_repetition(Layout.of(points), StretchHashes.of(points))
        >>> {name: round(float(each[0]), 3) for name, each in found.items()}["duplicate_line_share"]
        0.5
    """
    characters = layout.points.lengths
    again = earlier(hashes(layout.line_starts, layout.line_ends), layout.line_texts)
    size = np.where(again, layout.line_ends - layout.line_starts, 0)
    line_characters = np.bincount(layout.line_texts, weights=size, minlength=len(layout.points))
    found = {
        "duplicate_line_share": share(layout.lines_with(again), layout.line_counts),
        "duplicate_line_characters": share(line_characters, characters),
        "repeated_line_characters": share(line_characters, characters - layout.newlines),
    }
    starts, ends, texts = layout.paragraph_starts, layout.paragraph_ends, layout.paragraph_texts
    again = earlier(hashes(starts, ends), texts)
    repeats = np.bincount(texts[again], minlength=len(layout.points))
    size = np.bincount(texts, weights=np.where(again, ends - starts, 0), minlength=len(layout.points))
    found["duplicate_paragraph_share"] = share(repeats, layout.paragraph_counts)
    found["duplicate_paragraph_characters"] = share(size, characters)
    return found


def bare_line_repetition(layout: Layout, words: Words, hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Glot500's SF5 inside a text: lines that stood earlier once all but words is left out; lines without a word are none."""
    first = np.searchsorted(words.starts, layout.line_starts)
    last = np.append(first[1:], len(words))
    held = last > first
    sums = StretchHashes.of_terms(hashes)
    again = earlier(sums(first[held], last[held]), layout.line_texts[held])
    texts = layout.line_texts[held]
    return share(np.bincount(texts[again], minlength=len(layout.points)), np.bincount(texts, minlength=len(layout.points)))


class WordGrams:
    """Word n-grams that occur more than once in their text, for n = 2, 3, … in turn.

    An n-gram can only be repeated where the two (n-1)-grams in it are, so each round looks at what is left of the last. Only
    the first sorts a hash of every word.

    Args:
        words: the words.
        hashes: uint64 [words].
    """

    def __init__(self, words: Words, hashes: NDArray[np.uint64]) -> None:
        self.words = words
        self.texts = np.repeat(np.arange(len(words.counts)), words.counts)
        self.sizes = np.concatenate([[0], np.cumsum(words.lengths)])
        self._hashes = hashes

    def rounds(self, last: int) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """n, the places (by group, then by place) of its repeated n-grams, and each one's group, for n from 2 to `last`."""
        pairs = self._hashes[:-1] * _MIX
        pairs ^= pairs >> np.uint64(29)
        pairs += self._hashes[1:]
        pairs *= _MIX
        inside = np.flatnonzero(self.texts[1:] == self.texts[:-1]) if len(self.texts) else np.zeros(0, dtype=np.int64)
        places, groups = repeated(pairs[inside], self.texts[inside])
        places = inside[places]
        yield 2, places, groups
        group_at = np.full(len(self.words) + 1, -1, dtype=np.int64)
        for n in range(3, last + 1):
            if len(places):
                group_at[places] = groups
                follows = group_at[places + 1]
                candidates = follows >= 0  # both are whole (n-1)-grams, n - 1 > 1, so they are in the same text
                left, right = groups[candidates], follows[candidates]
                kept = places[candidates]
                group_at[places] = -1
                places, groups = _refined(kept, left * (int(groups[-1]) + 1) + right)
            yield n, places, groups

    def characters(self, places: NDArray[np.int64], n: int) -> NDArray[np.int64]:
        """Characters of the words of the n-grams at these places."""
        found: NDArray[np.int64] = self.sizes[places + n] - self.sizes[places]
        return found


def _refined(places: NDArray[np.int64], keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    width = max(len(places) - 1, 1).bit_length()
    if len(keys) and int(keys.max()) < 1 << (63 - width):
        # one sort of keys with the order in their low bits is quicker than a sort of the order
        packed = np.sort((keys << width) | np.arange(len(keys)))
        keys, places = packed >> width, places[packed & ((1 << width) - 1)]
    else:
        order = np.argsort(keys, kind="stable")
        keys, places = keys[order], places[order]
    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    groups = np.cumsum(first) - 1
    many = (np.bincount(groups, minlength=1) > 1)[groups]
    places, first = places[many], first[many]
    return places, np.cumsum(first) - 1


def gram_repetition(grams: WordGrams) -> dict[str, NDArray[np.float64]]:
    """The Gopher shares: the top 2- to 4-gram and the duplicate 5- to 10-grams; and ROOTS' share of repeated 5-grams.

    Of n-grams that are equally frequent the top one is the first. Where none is repeated the share is 0: others take the first
    n-gram of the text, once, and so reject short texts as repetitive.
    Duplicates are met from left to right; behind one of them its n words are skipped, so that no character is counted twice,
    and what is skipped has not been met.
    """
    words = grams.words
    count = len(words.counts)
    characters = words.points.lengths
    found = {}
    for n, places, groups in grams.rounds(max(DUPLICATE)):
        if n in TOP:
            top = np.zeros(count, dtype=np.int64)
            if len(places):
                leads = np.concatenate([[0], np.flatnonzero(np.diff(groups)) + 1])
                often = np.diff(np.append(leads, len(places)))
                heads = places[leads]
                texts = grams.texts[heads]
                most = np.zeros(count, dtype=np.int64)
                np.maximum.at(most, texts, often)
                best = often == most[texts]
                first = np.full(count, len(words), dtype=np.int64)
                np.minimum.at(first, texts[best], heads[best])
                some = np.flatnonzero(most)
                top[some] = (grams.characters(first[some], n) + n - 1) * most[some]
            found[f"top_{n}_gram_characters"] = share(top, characters)
        if n in DUPLICATE:
            found[f"duplicate_{n}_gram_characters"] = share(_duplicate_characters(grams, places, groups, n, count), characters)
        if n == WORD_GRAM:
            total = np.maximum(words.counts - n + 1, 0)
            found["word_repetition"] = share(np.bincount(grams.texts[places], minlength=count), total)
    return found


def _duplicate_characters(
    grams: WordGrams, places: NDArray[np.int64], groups: NDArray[np.int64], n: int, count: int
) -> NDArray[np.int64]:
    hits = np.array(_duplicates(places, groups, n), dtype=np.int64)
    if not len(hits):
        return np.zeros(count, dtype=np.int64)
    weights = grams.characters(hits, n)
    return np.bincount(grams.texts[hits], weights=weights, minlength=count).astype(np.int64)


def _duplicates(places: NDArray[np.int64], groups: NDArray[np.int64], n: int) -> list[int]:
    """Places of duplicates; groups are inside of texts, so that texts need no mention."""
    order = np.argsort(places)
    met: set[int] = set()
    hits = []
    free = 0
    for place, group in zip(places[order].tolist(), groups[order].tolist(), strict=True):
        if place >= free:
            if group in met:
                hits.append(place)
                free = place + n
            else:
                met.add(group)
    return hits


def character_repetition(layout: Layout, hashes: StretchHashes) -> NDArray[np.float64]:
    """ROOTS: of all character 10-grams, the share of the k most frequent, k = min(√different, how many are repeated)."""
    count = len(layout.points)
    lengths = layout.points.lengths
    total = np.maximum(lengths - CHARACTER_GRAM + 1, 0)
    windows = hashes.windows(CHARACTER_GRAM)
    keys = (windows * _MIX) >> np.uint64(64 - _CHARACTER_HASH_BITS)
    keys |= layout.text_of[: len(keys)].astype(np.uint64) << np.uint64(_CHARACTER_HASH_BITS)
    over = np.ones(len(keys), dtype=bool)
    for back in range(1, CHARACTER_GRAM):  # windows that reach into the next text
        ends = layout.points.bounds[1:] - back
        over[ends[(ends >= layout.points.bounds[:-1]) & (ends < len(keys))]] = False
    keys = keys[over]
    keys.sort()
    same = np.flatnonzero(keys[1:] == keys[:-1])
    if not len(same):
        return share(np.zeros(count), total)
    # a run of equal neighbours is one gram; it occurs once more often than it has pairs
    first = np.ones(len(same), dtype=bool)
    first[1:] = same[1:] != same[:-1] + 1
    leads = np.flatnonzero(first)
    often = np.diff(np.append(leads, len(same))) + 1
    texts = (keys[same[leads]] >> np.uint64(_CHARACTER_HASH_BITS)).astype(np.int64)
    many = np.bincount(texts, minlength=count)
    different = total - np.bincount(texts, weights=often - 1, minlength=count).astype(np.int64)
    taken = np.minimum(np.sqrt(different).astype(np.int64), many)
    order = np.lexsort((-often, texts))
    rank = np.arange(len(order)) - np.concatenate([[0], np.cumsum(many)])[texts[order]]
    best = order[rank < taken[texts[order]]]
    return share(np.bincount(texts[best], weights=often[best], minlength=count), total)
