"""Shingles: hashes of windows over the tokens of documents.

A window is so many words in scripts that part words by spaces, and so many characters in scripts that do not: five words of
Chinese are about eight characters, five words of Thai about twenty. What a window counts is decided at its first token, so
mixed text is no special case. A document shorter than its first window still has that window.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from panglot.corpus.duplicates.folding import IDEOGRAPHIC, SPACED, UNSPACED
from panglot.corpus.duplicates.normal_form import NormalForm, Tokens, powers
from panglot.corpus.segmentation.words import mixed

CHARACTERS_A_WORD = {SPACED: 1.0, IDEOGRAPHIC: 1.6, UNSPACED: 4.0}
"""Tokens to count for one word, by kind."""
_SECOND = np.uint64(0xD6E8FEB86659FD93)
_SALT_OF_WORDLESS = 0x70616E


@dataclass(frozen=True)
class Shingles:
    """Shingles of documents; a document of which the normal form is empty has one that stands for its bytes.

    Attributes:
        hashes: uint64 [shingles]; the upper halves are the better ones.
        bounds: int64 [documents + 1]; those of document i are from `bounds[i]` to `bounds[i + 1]`.
    """

    hashes: NDArray[np.uint64]
    bounds: NDArray[np.int64]

    def sets(self) -> list[set[int]]:
        """The shingles of each document as a set."""
        found = self.hashes.tolist()
        return [set(found[first:last]) for first, last in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True)]


def joined(parts: Sequence[Shingles]) -> Shingles:
    """Shingles of documents behind those of others."""
    counts = np.concatenate([np.zeros(1, dtype=np.int64), *(np.diff(each.bounds) for each in parts)])
    return Shingles(np.concatenate([np.zeros(0, dtype=np.uint64), *(each.hashes for each in parts)]), np.cumsum(counts))


def windows(words: int) -> NDArray[np.int64]:
    """How many tokens a window counts, by the kind of its first token, int64 [4].

    Example:
        >>> windows(5).tolist()
        [0, 5, 8, 20]
    """
    return np.array([0, *(max(1, round(words * CHARACTERS_A_WORD[kind])) for kind in (SPACED, IDEOGRAPHIC, UNSPACED))])


def shingles(texts: Sequence[str], words: int = 5) -> Shingles:
    """The shingles of some documents.

    Example:
        >>> found = shingles(["one two three four five six", "One, two; three: four five SIX!", "กินข้าว", "?!"])
        >>> found.bounds.tolist(), found.hashes[0] == found.hashes[2]
        ([0, 2, 4, 5, 6], np.True_)
    """
    tokens = NormalForm.of(texts).tokens()
    sums, inverse = _sums(tokens)
    found, bounds = _windows(tokens, sums, inverse, words)
    wordless = np.flatnonzero(tokens.counts == 0)
    if len(wordless):
        found = np.insert(found, bounds[wordless], [_of_bytes(texts[each])[0] for each in wordless.tolist()])
        bounds += np.searchsorted(wordless, np.arange(len(bounds)))
    return Shingles(found, bounds)


def whole_hashes(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """A hash of each text's normal form, uint64 [texts, 2], and how many words it has, float64 [texts].

    Characters of scripts without spaces count as the share of a word that they are in `CHARACTERS_A_WORD`.

    Example:
        >>> hashes, words = whole_hashes(["Read more…", "READ MORE", "返回顶部"])
        >>> bool((hashes[0] == hashes[1]).all()), words.tolist()
        (True, [2.0, 2.0, 2.5])
    """
    tokens = NormalForm.of(texts).tokens()
    share = np.array([0.0, *(1 / CHARACTERS_A_WORD[kind] for kind in (SPACED, IDEOGRAPHIC, UNSPACED))])
    words = np.concatenate([[0.0], np.cumsum(share[tokens.kinds])])
    return _whole(texts, tokens, *_sums(tokens)), words[tokens.bounds[1:]] - words[tokens.bounds[:-1]]


def _sums(tokens: Tokens) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Sums of the tokens' hashes, each times a power, and the inverses of the powers."""
    count = len(tokens.hashes)
    power, inverse = powers(count + 1)
    sums = np.zeros(count + 1, dtype=np.uint64)
    np.cumsum(tokens.hashes * power[:count], dtype=np.uint64, out=sums[1:])
    return sums, inverse


def _whole(texts: Sequence[str], tokens: Tokens, sums: NDArray[np.uint64], inverse: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Two hashes of each text, uint64 [texts, 2]; of its bytes where the normal form is empty."""
    firsts, lasts = tokens.bounds[:-1], tokens.bounds[1:]
    found = np.empty((len(texts), 2), dtype=np.uint64)
    found[:, 0] = mixed((sums[lasts] - sums[firsts]) * inverse[firsts] + tokens.counts.astype(np.uint64))
    place = np.arange(len(tokens.hashes)) - np.repeat(firsts, tokens.counts)
    second = np.zeros(len(tokens.hashes) + 1, dtype=np.uint64)
    np.cumsum(mixed(tokens.hashes ^ (place.astype(np.uint64) * _SECOND)), dtype=np.uint64, out=second[1:])
    found[:, 1] = mixed(second[lasts] - second[firsts])
    for each in np.flatnonzero(tokens.counts == 0).tolist():
        found[each] = _of_bytes(texts[each])
    return found


def _of_bytes(text: str) -> tuple[int, int]:
    """128 bits of a text without words."""
    return divmod(xxhash.xxh3_128_intdigest(text.encode(errors="surrogatepass"), _SALT_OF_WORDLESS), 1 << 64)


def _windows(
    tokens: Tokens, sums: NDArray[np.uint64], inverse: NDArray[np.uint64], words: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of all whole windows, and of a document's first one, whole or not."""
    place = np.arange(len(tokens.hashes))
    sizes = windows(words)
    kinds = tokens.kinds
    alike = len(kinds) > 0 and (kinds == kinds[0]).all()
    upto = place + (sizes[kinds[0]] if alike else sizes[kinds])
    last = np.repeat(tokens.bounds[1:], tokens.counts)
    wanted = upto <= last
    firsts = tokens.bounds[:-1][tokens.counts > 0]
    wanted[firsts] = True
    np.minimum(upto, last, out=upto)
    begin = np.flatnonzero(wanted)
    found = (sums[upto[begin]] - sums[begin]) * inverse[begin]
    return found, np.searchsorted(begin, tokens.bounds)
