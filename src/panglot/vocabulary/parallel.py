"""Which languages of a text say the same as the reference, document by document."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_FEWEST = 10
_CORRELATION = 0.3
_DEVIATIONS = 2.5


def why_not_parallel(
    lengths: Mapping[str, NDArray[np.float64]], reference: str, *, told: bool = False
) -> dict[str, str | None]:
    """For each language None where it can be taken as a translation of the reference, document by document, else the reason.

    Documents are aligned by their order. That needs equal numbers of documents; and where nobody has told that the text is
    parallel, the lengths must go together as those of translations do (Gale and Church 1993): rank correlation of at least
    0.3 and 2.5 standard errors, on ten documents or more. Two corpora cut off at the same number of lines do not pass.

    Args:
        lengths: tag to the bytes of each document, in order.
        reference: tag of the reference.
        told: a person says that the text is parallel; only the numbers are looked at.

    Example:
        >>> short, long = np.arange(50.0), 3 * np.arange(50.0) + 7
        >>> why_not_parallel({"eng_Latn": short, "khm_Khmr": long, "deu_Latn": short[:9]}, "eng_Latn")
        {'eng_Latn': None, 'khm_Khmr': None, 'deu_Latn': 'not parallel: 9 documents, the reference has 50'}
    """
    if reference not in lengths:
        return dict.fromkeys(lengths, f"there is no text in the reference, {reference}")
    against = lengths[reference]
    found: dict[str, str | None] = {}
    for tag, sizes in lengths.items():
        found[tag] = None
        if tag == reference:
            continue
        if len(sizes) != len(against):
            found[tag] = f"not parallel: {len(sizes):,} document{'s' * (len(sizes) != 1)}, the reference has {len(against):,}"
        elif told:
            continue
        elif len(sizes) < _FEWEST:
            found[tag] = "fewer than ten documents are too few to see whether they are parallel; say so if they are"
        else:
            correlation = _rank_correlation(sizes, against)
            if correlation < max(_CORRELATION, _DEVIATIONS / np.sqrt(len(sizes) - 1)):
                found[tag] = f"does not look parallel: rank correlation of the lengths {correlation:.2f}"
    return found


def _rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import spearmanr

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)
