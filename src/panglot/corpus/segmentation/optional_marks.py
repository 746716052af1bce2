"""Marks that a writer may leave out: Arabic harakat, Hebrew points and accents, Syriac vowels, and what only changes the look.

A text with them and one without are the same words. What is counted, compared or recognised must not depend on them.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CodePoints

# Not here: U+0653 to U+0655 (parts of letters), U+0656 to U+065F (vowels of Kashmiri and others).
_ARABIC = (
    *((0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x0652), (0x0670, 0x0670), (0x06D6, 0x06DC), (0x06DF, 0x06E4)),
    *((0x06E7, 0x06E8), (0x06EA, 0x06ED), (0x08D4, 0x08E1), (0x08F0, 0x08F2)),
)
_HEBREW = ((0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5), (0x05C7, 0x05C7))
_SYRIAC = ((0x0730, 0x074A),)
_OTHER = ((0x034F, 0x034F), (0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
RANGES = (*_ARABIC, *_HEBREW, *_SYRIAC, *_OTHER)
"""First and last code points."""
_ALEF_WASLA, _ALEF = 0x0671, 0x0627
_FIRST, _LAST = 0x0591, 0x08F2
"""Those of the Hebrew, Arabic and Syriac marks."""


def optional_vowels(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The places of Arabic, Hebrew and Syriac marks that may be left out, int64.

    Example:
        >>> optional_vowels(np.array([ord(each) for each in "كَتَبَ שָׁ"], np.uint32)).tolist()
        [1, 3, 5, 8, 9]
    """
    near = np.flatnonzero(codes - np.uint32(_FIRST) <= _LAST - _FIRST)
    return near[_table()[codes[near] - np.uint32(_FIRST)]] if len(near) else near


def without_vowels(points: CodePoints) -> CodePoints:
    """The texts without those marks, and with alef for the alef wasla that goes with them.

    Where there are none, it is the same object.

    Example:
        >>> without_vowels(CodePoints.of(["ٱلْوَلَدُ", "cá"])).texts()
        ['الولد', 'cá']
    """
    marks = optional_vowels(points.codes)
    if not len(marks):
        return points
    codes = np.delete(points.codes, marks)
    codes[codes == _ALEF_WASLA] = _ALEF
    return CodePoints(codes, points.bounds - np.searchsorted(marks, points.bounds))


@cache
def _table() -> NDArray[np.bool_]:
    found = np.zeros(_LAST - _FIRST + 1, dtype=bool)
    for first, last in (*_ARABIC, *_HEBREW, *_SYRIAC):
        found[first - _FIRST : last - _FIRST + 1] = True
    return found
