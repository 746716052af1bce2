"""Stop words: words that stand in most documents of every source, that stand beside many others, and that are no names."""

from collections.abc import Sequence

import numpy as np

from panglot.corpus.segmentation.code_points import CODE_POINTS, CodePoints, lower_case, of_categories
from panglot.corpus.segmentation.words import Words, find_words

LEAST, MOST = 8, 60
_SHARE, _SCARCE = 0.25, 40
_CAPITAL = 0.8


def stop_words(texts: Sequence[str], sources: Sequence[str], *, least: int = LEAST, most: int = MOST) -> list[str]:
    """The stop words of a language, the most frequent first; fewer than `least` only where the text has no more.

    A word's score is the least, over the sources, of the share of documents that hold it, times the diversity of what follows
    it (different followers over occurrences, on a log scale): function words stand beside anything, "human" stands before
    "rights". Words hold letters and marks only (no symbol, no digit). In scripts with case, a word that is mostly written
    with a capital inside sentences is a name; languages that write nouns so lose nothing but nouns. A word that a whole
    source lacks is out. Of fewer than 40 documents the lines are counted as documents. Where words are not written apart the
    units of the segmenter take their place.

    Example:
        >>> texts = ["the cat and the dog saw the bird", "the house of the king and the queen", "a man of the sea and the land"]
        >>> stop_words(texts, ["a", "a", "b"], least=1)[:2]
        ['the', 'and']
    """
    if len(texts) < _SCARCE:
        lines = [(line, source) for text, source in zip(texts, sources, strict=True) for line in text.split("\n")]
        texts, sources = [line for line, _ in lines], [source for _, source in lines]
    words = find_words(CodePoints.of(texts))
    if not len(words):
        return []
    low = Words(CodePoints(lower_case()[words.points.codes], words.points.bounds), words.starts, words.ends, words.bounds)
    _, first, name, counts = np.unique(low.hashes(), return_index=True, return_inverse=True, return_counts=True)
    names = len(first)
    document = np.repeat(np.arange(len(texts)), words.counts)
    pairs = np.unique(name * np.int64(len(texts)) + document)
    by_source = []
    places = np.array([sorted(set(sources)).index(each) for each in sources])
    for each in np.unique(places):
        inside = places[pairs % len(texts)] == each
        by_source.append(np.bincount((pairs // len(texts))[inside], minlength=names) / (places == each).sum())
    share = np.min(by_source, axis=0)
    if (share >= _SHARE).sum() < least:
        # sources in different spellings (with and without vowel marks, say) share few words
        share = np.median(by_source, axis=0)
    # what stands before numbers is a heading or a unit
    plain = _plain(words)
    followers = np.unique((name[:-1] * np.int64(names) + name[1:])[plain[1:]])
    different = np.bincount(followers // names, minlength=names)
    diversity = np.log1p(different) / np.log1p(np.maximum(counts, 1))
    score = np.where(plain[first] & ~_names_of(words, name, counts), share * diversity, 0)
    order = np.lexsort((first, -score))
    chosen = [each for each in order[:most].tolist() if score[each] > 0 and (share[each] >= _SHARE)]
    if len(chosen) < least:
        chosen = [each for each in order[:least].tolist() if score[each] > 0]
    codes = low.points.codes
    return [
        codes[words.starts[first[each]] : words.ends[first[each]]].tobytes().decode("utf-32-le", "surrogatepass")
        for each in chosen
    ]


def _plain(words: Words) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Whether each word holds letters and marks only, with an apostrophe or a joiner at most."""
    allowed = np.zeros(CODE_POINTS, dtype=bool) | of_categories("LM")
    allowed[[0x27, 0x2019, 0x200C, 0x200D]] = True
    bad = np.concatenate([[0], np.cumsum(~allowed[words.points.codes])])
    return np.asarray(bad[words.ends] == bad[words.starts])


def _names_of(
    words: Words, name: "np.ndarray[tuple[int], np.dtype[np.int64]]", counts: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Whether a word is mostly capitalised although it does not begin a sentence."""
    from panglot.corpus.thresholds.word_order import units_of

    units = units_of(words, spaces=True)
    inner = units.gaps != 2
    codes = words.points.codes
    capital = lower_case()[codes[words.starts]] != codes[words.starts]
    seen = np.bincount(name[inner], minlength=len(counts))
    return np.asarray(np.bincount(name[inner & capital], minlength=len(counts)) > _CAPITAL * np.maximum(seen, 1))
