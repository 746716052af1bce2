"""Vectors of pieces from vectors of words: the mean over the words whose tokenisation holds the piece."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.static_vectors import StaticVectors
from panglot.vocabulary.vocabulary import Vocabulary

_WORDS = 1 << 14


def piece_vectors(
    vocabulary: Vocabulary, vectors: StaticVectors, *, weighted: bool, cased: bool = False
) -> NDArray[np.float32]:
    """The mean vector of the words that a piece is part of.

    Every word is cut as it is and with a space before it.

    Args:
        vocabulary: cuts the words.
        vectors: of words.
        weighted: weigh words by how often they occur, each of the two cuts on its own (WECHSEL); else each word counts once
            for a piece (OFA).
        cased: cut the word with a capital letter too (OFA).

    Returns:
        Float32 `[vocabulary.size, d]`; zeros for a piece of no word, and for special tokens.

    Example:
        >>> from panglot.vocabulary.vocabulary import Vocabulary
        >>> pieces = {"[UNK]": 0, "a": 1, "##b": 2}
        >>> wordpiece = {"type": "WordPiece", "vocab": pieces, "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        ...     "max_input_chars_per_word": 9}
        >>> special = [{"id": 0, "content": "[UNK]", "special": True, "single_word": False, "lstrip": False, "rstrip": False,
        ...     "normalized": False}]
        >>> document = {"version": "1.0", "model": wordpiece, "added_tokens": special, "pre_tokenizer": {"type": "Whitespace"}}
        >>> vectors = StaticVectors(["a", "ab"], np.array([[3, 0], [0, 3]], np.float32), np.array([2, 1]))
        >>> piece_vectors(Vocabulary(document), vectors, weighted=True).tolist()
        [[0.0, 0.0], [2.0, 1.0], [0.0, 3.0]]
    """
    from scipy.sparse import csr_array

    pieces: list[NDArray[np.int64]] = []
    owners: list[NDArray[np.int64]] = []
    for first in range(0, len(vectors.words), _WORDS):
        words = vectors.words[first : first + _WORDS]
        for places, form in _forms(words, cased=cased):
            cuts = vocabulary.encode(form)
            lengths = np.fromiter(map(len, cuts), np.int64, count=len(cuts))
            owner = np.repeat(first + places, lengths)
            piece = np.fromiter((each for cut in cuts for each in cut), np.int64, count=int(lengths.sum()))
            once = np.unique(owner * vocabulary.size + piece)
            pieces.append(once % vocabulary.size)
            owners.append(once // vocabulary.size)
    rows, columns = (np.concatenate(each) if each else np.zeros(0, np.int64) for each in (pieces, owners))
    ordinary = ~np.isin(rows, sorted(vocabulary.special))
    rows, columns = rows[ordinary], columns[ordinary]
    shape = (vocabulary.size, len(vectors.words))
    if weighted:
        shares = csr_array((vectors.frequencies[columns], (rows, columns)), shape=shape)
    else:
        shares = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
        shares.sum_duplicates()
        shares.data[:] = 1.0
    totals = np.asarray(shares.sum(axis=1))
    shares.data /= np.repeat(totals, np.diff(shares.indptr))
    found: NDArray[np.float32] = (shares @ vectors.matrix.astype(np.float64)).astype(np.float32)
    return found


def _forms(words: list[str], *, cased: bool) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    """Places and spellings of the words; a capital only where the word begins with a small letter."""
    everywhere = np.arange(len(words))
    yield everywhere, words
    yield everywhere, [f" {each}" for each in words]
    if cased:
        capital = [each[:1].upper() + each[1:] for each in words]
        other = [place for place, (one, word) in enumerate(zip(capital, words, strict=True)) if one != word]
        for space in ("", " "):
            yield np.array(other, np.int64), [space + capital[each] for each in other]
