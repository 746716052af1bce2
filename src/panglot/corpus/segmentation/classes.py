"""What each character does at the border of a word: one small number a code point.

The classes follow the Word_Break property of Unicode Standard Annex 29 where it decides, with four departures: a full stop does
not join letters (`end.Next`), a hyphen and a colon never do, characters that are typed in place of an apostrophe do, and the
scripts that Unicode leaves to dictionaries have classes of their own (see `units`).
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CATEGORIES, CODE_POINTS, categories, of_categories

OTHER: Final = 0
# Between: part of a word only with the right neighbours on both sides.
APOSTROPHE: Final = 1
STOP: Final = 2
QUOTE: Final = 3
FORMAT: Final = 4
NARROW_SPACE: Final = 5
CONNECTOR: Final = 6
KEYCAP: Final = 7
# Inside words of scripts with spaces, and marks of all scripts.
EXTEND: Final = 8
LETTER: Final = 9
DIGIT: Final = 10
# Scripts without spaces.
IDEOGRAPH: Final = 12
HIRAGANA: Final = 13
KATAKANA: Final = 14
LONG: Final = 15
BOPOMOFO: Final = 16
SYLLABLE_TONE: Final = 17
AKSARA: Final = 18
STACKER: Final = 19
FINAL_STACKER: Final = 20
KILLER: Final = 21
LEAD: Final = 24
CONSONANT: Final = 25
FOLLOW: Final = 26
NEEDS_FINAL: Final = 27
TONE: Final = 28
KARAN: Final = 29
CLASSES: Final = 32
FIRST_INSIDE: Final = EXTEND
FIRST_UNSPACED: Final = IDEOGRAPH

_Ranges = tuple[tuple[int, int], ...]
_APOSTROPHES = "'’‘‛＇`´·‧\u055a\u055b\u055c\u055e\u055f\u05f3\u05f4"
_STOPS = ".,٫٬⁄․．，"
_QUOTES = '"”“„'
_NARROW = "\u00a0\u2009\u202f"
_JOINERS = (0x200C, 0x200D)
_ZERO_WIDTH_SPACE = 0x200B
_LONG = "ーｰ々〻ゝゞヽヾﾞﾟ"

# Letters, by script, of scripts whose words stand without spaces between them.
_IDEOGRAPHS: _Ranges = (
    (0x2E80, 0x2FD5), (0x3005, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xA000, 0xA48C), (0xF900, 0xFAD9), (0x12000, 0x12543), (0x13000, 0x143FA), (0x14400, 0x14646), (0x16FE3, 0x16FF6),
    (0x17000, 0x18D1E), (0x18D80, 0x18DF2), (0x1B170, 0x1B2FB), (0x20000, 0x33479),
)  # fmt: skip
_HIRAGANA: _Ranges = ((0x3041, 0x309F), (0x1B001, 0x1B11F), (0x1B132, 0x1B132), (0x1B150, 0x1B152))
_KATAKANA: _Ranges = (
    (0x30A1, 0x30FA), (0x30FF, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F), (0x1AFF0, 0x1AFFE), (0x1B000, 0x1B000),
    (0x1B120, 0x1B122), (0x1B155, 0x1B155), (0x1B164, 0x1B167),
)  # fmt: skip
_BOPOMOFO: _Ranges = ((0x3105, 0x312F), (0x31A0, 0x31BF))
# Myanmar, Khmer, Buginese, Tai Tham, Balinese, Batak, Javanese, Myanmar extended, New Tai Lue, Makasar.
_AKSARAS: _Ranges = (
    (0x1000, 0x109F), (0x1780, 0x17DF), (0x1980, 0x19DF), (0x1A00, 0x1A1F), (0x1A20, 0x1AAF), (0x1B00, 0x1B4F),
    (0x1BC0, 0x1BFF), (0xA980, 0xA9DF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0x116D0, 0x116EF), (0x11EE0, 0x11EFF),
)  # fmt: skip
_TAI_LE_TONES: _Ranges = ((0x1970, 0x1974),)
# New Tai Lue writes vowels, finals and tones as letters.
_AKSARA_FOLLOWERS: _Ranges = ((0x19B0, 0x19B4), (0x19B8, 0x19B9), (0x19BB, 0x19C9))
_NEW_TAI_LUE_LEADS = (0x19B5, 0x19B6, 0x19B7, 0x19BA)
_STACKERS = (0x17D2, 0x1A60, 0x1B44, 0xA9C0)
_FINAL_STACKERS = (0x1039,)
_KILLERS = (0x17CB, 0x17CD, 0x103A, 0x1A7A, 0x1BF2, 0x1BF3)
_LEADS: _Ranges = ((0x0E40, 0x0E44), (0x0EC0, 0x0EC4))
_CONSONANTS: _Ranges = ((0x0E01, 0x0E2E), (0x0E81, 0x0EAE), (0x0EDC, 0x0EDF))
_FOLLOWERS: _Ranges = ((0x0E2F, 0x0E3A), (0x0E45, 0x0E4E), (0x0EAF, 0x0EBD), (0x0EC6, 0x0ECE))
_NEED_FINAL = (0x0E31, 0x0E37, 0x0E47, 0x0EB1, 0x0EBB)
_TONES = (*range(0x0E48, 0x0E4C), *range(0x0EC8, 0x0ECC))
_KARANS = (0x0E4C, 0x0ECC)
# Thai, Lao, Khmer: the word before is said twice. Dictionaries count the sign as a word.
_REPETITIONS = (0x0E46, 0x0EC6, 0x17D7)


@cache
def word_classes() -> NDArray[np.uint8]:
    """The class of each code point, uint8 [1114112].

    Example:
        >>> word_classes()[[ord(each) for each in "a7 '漢かกไ"]].tolist()
        [9, 10, 0, 1, 12, 13, 25, 24]
    """
    found = np.zeros(CODE_POINTS, dtype=np.uint8)
    found[of_categories("LN")] = LETTER
    found[of_categories("M")] = EXTEND
    for name, kind in (("Nd", DIGIT), ("Cf", FORMAT), ("Pc", CONNECTOR)):
        found[categories() == CATEGORIES.index(name)] = kind
    # Letters of scripts without spaces; digits and marks of these scripts stay what they are.
    for ranges, kind in (
        (_IDEOGRAPHS, IDEOGRAPH),
        (_HIRAGANA, HIRAGANA),
        (_KATAKANA, KATAKANA),
        (_BOPOMOFO, BOPOMOFO),
        (_AKSARAS, AKSARA),
        (_TAI_LE_TONES, SYLLABLE_TONE),
        (_CONSONANTS, CONSONANT),
    ):
        for first, last in ranges:
            part = found[first : last + 1]
            part[part == LETTER] = kind
    for first, last in _AKSARA_FOLLOWERS:
        found[first : last + 1] = EXTEND
    for ranges, kind in ((_LEADS, LEAD), (_FOLLOWERS, FOLLOW)):
        for first, last in ranges:
            part = found[first : last + 1]
            part[(part == LETTER) | (part == EXTEND)] = kind
    for codes, kind in (
        (_NEW_TAI_LUE_LEADS, LEAD),
        (_STACKERS, STACKER),
        (_FINAL_STACKERS, FINAL_STACKER),
        (_KILLERS, KILLER),
        (_NEED_FINAL, NEEDS_FINAL),
        (_TONES, TONE),
        (_KARANS, KARAN),
        (_REPETITIONS, IDEOGRAPH),
        (_JOINERS, EXTEND),
        ((_ZERO_WIDTH_SPACE,), OTHER),
        ((0x20E3,), KEYCAP),
    ):
        found[list(codes)] = kind
    for text, kind in (
        (_APOSTROPHES, APOSTROPHE),
        (_STOPS, STOP),
        (_QUOTES, QUOTE),
        (_NARROW, NARROW_SPACE),
        (_LONG, LONG),
    ):
        found[[ord(each) for each in text]] = kind
    found.setflags(write=False)
    return found
