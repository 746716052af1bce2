"""Character trigram models of several texts, and what each says of the others, for all pairs at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from panglot.corpus.segmentation.code_points import CodePoints, of_categories

_SPACE = 0x20
_BITS = 21


def perplexities(training: Sequence[str], testing: Sequence[str]) -> NDArray[np.float64]:
    """Perplexity by character of every testing text under the model of every training text.

    Letters and marks count, in lower case; all else is one space. The model interpolates trigrams, bigrams, single
    characters and the uniform distribution after Witten and Bell (1991):
    P(c|ab) = (n(abc) + t(ab) · P(c|b)) / (n(ab) + t(ab)), with t(ab) the number of different characters seen after ab.
    The alphabet is that of all texts together, so perplexities of different models can be compared.

    Args:
        training: one text a model.
        testing: one text a corpus.

    Returns:
        float64 [training, testing]; nan for a text without a trigram.

    Example:
        >>> found = perplexities(["abab" * 50, "cdcd" * 50], ["abab" * 9, "cdcd" * 9])
        >>> bool(found[0, 0] < 1.5), bool(found[0, 1] > 4)
        (True, True)
    """
    streams = [_characters(text) for text in (*training, *testing)]
    sizes = np.array([max(len(each) - 2, 0) for each in streams])
    found = np.full((len(training), len(testing)), np.nan)
    if not sizes.any():
        return found
    a, b, c = (np.concatenate([each[at : max(len(each) - 2, 0) + at] for each in streams]) for at in range(3))
    keys, gram = np.unique((a << 2 * _BITS) | (b << _BITS) | c, return_inverse=True)
    mask = (1 << _BITS) - 1
    pairs, seen = np.unique(np.concatenate([keys >> _BITS, keys & ((1 << 2 * _BITS) - 1)]), return_inverse=True)
    single, alone = np.unique(np.concatenate([pairs >> _BITS, pairs & mask]), return_inverse=True)
    context, ending = seen[: len(keys)], seen[len(keys) :]
    before, after = alone[: len(pairs)], alone[len(pairs) :]
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    tested = slice(bounds[len(training)], None)
    owner = np.repeat(np.arange(len(testing)), sizes[len(training) :])
    tests = csr_array((np.ones(len(owner)), (owner, gram[tested])), shape=(len(testing), len(keys)))
    uniform = np.full(len(single), 1 / len(single))
    for model in np.flatnonzero(sizes[: len(training)]).tolist():
        # Lower orders count the ends of trigrams, so that the first two characters of a text belong to none.
        trigrams = np.bincount(gram[bounds[model] : bounds[model + 1]], minlength=len(keys)).astype(np.float64)
        bigrams = np.bincount(ending, trigrams, len(pairs))
        p1 = _interpolated(np.bincount(after, bigrams, len(single)), np.zeros(len(single), np.int64), uniform, 1)
        p2 = _interpolated(bigrams, before, p1[after], len(single))
        p3 = _interpolated(trigrams, context, p2[ending], len(pairs))
        with np.errstate(invalid="ignore"):
            found[model] = np.exp(-(tests @ np.log(p3)) / sizes[len(training) :])
    return found


def _interpolated(
    counts: NDArray[Any], context: NDArray[np.int64], lower: NDArray[np.float64], contexts: int
) -> NDArray[np.float64]:
    """(n + t · lower) / (n of the context + t), t the kinds of characters seen there; `lower` where the context is new."""
    total = np.bincount(context, counts, contexts)[context]
    kinds = np.bincount(context, counts > 0, contexts)[context]
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.where(total > 0, (counts + kinds * lower) / (total + kinds), lower)
    return found


def _characters(text: str) -> NDArray[np.int64]:
    """Letters and marks in lower case, anything between them one space, a space at both ends; int64 [characters]."""
    codes = CodePoints.of([f" {text} "]).lowered().codes.astype(np.int64)
    codes[~of_categories("LM")[codes]] = _SPACE
    kept = np.ones(len(codes), dtype=bool)
    kept[1:] = (codes[1:] != _SPACE) | (codes[:-1] != _SPACE)
    found: NDArray[np.int64] = codes[kept]
    return found
