"""To what each character is folded before texts are compared: one table over all code points.

What is done to a character, in this order:

1. Compatibility decomposition (NFKD) and lower case, again and again until nothing changes. Hangul syllables stay whole.
2. Decimal digits of any script become ASCII digits; ς becomes σ.
3. Letters, marks and numbers are kept; all else becomes a space. Apostrophes are kept inside words, as one letter (U+02BC).
4. Nothing is left of format characters (joiners, direction, soft hyphens), of variation selectors, of Arabic tatweel, and of
   the marks that a writer may leave out: Arabic harakat, Hebrew points and accents, Syriac vowels. All other marks stay: to
   strip the Mn category merges different words of Vietnamese, Yoruba, Hindi, Thai, Burmese and many more.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CODE_POINTS
from panglot.corpus.segmentation.optional_marks import RANGES as OPTIONAL_MARKS

SEPARATOR, SPACED, IDEOGRAPHIC, UNSPACED = range(4)
"""Kinds of folded characters: between words; of scripts that part words by spaces; Han, kana and other scripts of which a
character is about a syllable or a word; other scripts without spaces (Thai, Khmer, Burmese, …)."""

CODE_BITS = np.uint32(0x1FFFFF)
KIND_SHIFT = np.uint32(24)
COMBINING, JAMO, APOSTROPHE, SPECIAL = (np.uint32(1 << bit) for bit in (27, 28, 29, 31))
"""Flags: the canonical combining class is not 0; a letter of which Hangul syllables are made; an apostrophe; a character that
becomes none or several (the lower bits are then its place among the expansions)."""
RARE = COMBINING
"""Folded characters from here on have a flag."""

_SPACE = 0x20
_APOSTROPHE = 0x2BC
_APOSTROPHES = frozenset(map(ord, "'ʼʻ‘’‛′＇׳"))
_ZERO_WIDTH_SPACE = 0x200B
_IDEOGRAPHIC_SCRIPTS = ("Hani", "Hira", "Kana", "Bopo", "Yiii", "Tang", "Nshu", "Kits", "Egyp", "Xsux")
# Tibetan and 'Phags-pa are not here: they part syllables by a mark of punctuation, which does for a space.
_UNSPACED_SCRIPTS = ("Thai", "Laoo", "Khmr", "Mymr", "Lana", "Tale", "Talu", "Java", "Bali", "Bugi", "Batk", "Maka")
_ALSO_IDEOGRAPHIC = (0x30FC, 0x3099, 0x309A, 0x3006, 0x303C)
# Kept as they are without asking: Han letters and Hangul syllables have no case, and these blocks hold most code points.
_WHOLE = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x17000, 0x18CFF), (0x20000, 0x2EBEF), (0x30000, 0x323AF))
_HANGUL_LETTERS = (0x3131, 0x318E)
_HALF_WIDTH_HANGUL = (0xFFA0, 0xFFDC)


@dataclass(frozen=True)
class Folding:
    """The table.

    Attributes:
        folded: uint32 [1114112]: for each code point the code it becomes with its kind and whether it combines; or `SPECIAL`
            and a place in the three arrays that follow.
        lengths: int64 [expansions]: how many characters it becomes; 0 for those of which nothing is left.
        starts: int64 [expansions]: where they begin in `expanded`.
        expanded: uint32: folded codes, in the form of `folded`.
        combining_class: uint8 [1114112].
    """

    folded: NDArray[np.uint32]
    lengths: NDArray[np.int64]
    starts: NDArray[np.int64]
    expanded: NDArray[np.uint32]
    combining_class: NDArray[np.uint8]


@cache
def folding() -> Folding:
    """The table, made once a process (about a third of a second)."""
    optional = frozenset(code for first, last in OPTIONAL_MARKS for code in range(first, last + 1))
    whole = np.zeros(CODE_POINTS, dtype=bool)
    for first, last in _WHOLE:
        whole[first : last + 1] = True
    folded = np.full(CODE_POINTS, _SPACE, dtype=np.uint32)
    combining = np.zeros(CODE_POINTS, dtype=np.uint8)
    kinds = _kinds(whole)
    codes = np.arange(CODE_POINTS, dtype=np.uint32)
    folded[whole] = codes[whole] | (kinds[whole].astype(np.uint32) << KIND_SHIFT)
    classes: dict[int, int] = {}
    expansions: dict[tuple[int, ...], int] = {}
    for code in np.flatnonzero(~whole & _may_be_assigned()).tolist():
        character = chr(code)
        if combining_class := unicodedata.combining(character):
            combining[code] = classes[code] = combining_class
        became = _became(character, optional)
        if became == (_SPACE,):
            continue
        if len(became) == 1:
            folded[code] = _packed(became[0], kinds)
        else:
            folded[code] = SPECIAL | np.uint32(expansions.setdefault(became, len(expansions)))
    lengths = np.array([len(each) for each in expansions], dtype=np.int64)
    expanded = np.array([_packed(code, kinds) for each in expansions for code in each], dtype=np.uint32)
    return Folding(folded, lengths, np.cumsum(lengths) - lengths, expanded, combining)


def _may_be_assigned() -> NDArray[np.bool_]:
    found = np.ones(CODE_POINTS, dtype=bool)
    for first, last in ((0xD800, 0xF8FF), (0x323B0, 0xE0000), (0xE0200, 0x10FFFF)):
        found[first : last + 1] = False
    return found


def _became(character: str, optional: frozenset[int]) -> tuple[int, ...]:
    """The codes that a character becomes; a space where it is no part of a word, none where nothing is left."""
    code = ord(character)
    if code in _APOSTROPHES:
        return (_APOSTROPHE,)
    category = unicodedata.category(character)
    if code == _ZERO_WIDTH_SPACE or category in ("Cn", "Co", "Cs", "Cc", "Zs", "Zl", "Zp"):
        return (_SPACE,)
    if category == "Cf" or code in optional:
        return ()
    said = _decomposed(character)
    while (again := "".join(map(_decomposed, said))) != said:
        said = again
    if category[0] not in "LMN" and said[:1] == " ":
        return (_SPACE,)  # a spacing accent is a space with a mark on it
    found = []
    for each in said:
        if ord(each) in optional or unicodedata.category(each) == "Cf":
            continue
        if ord(each) in _APOSTROPHES:
            found.append(_APOSTROPHE)
        else:
            found.append(ord(each) if unicodedata.category(each)[0] in "LMN" else _SPACE)
    return tuple(found)


def _decomposed(character: str) -> str:
    code = ord(character)
    if 0xAC00 <= code <= 0xD7A3 or _HANGUL_LETTERS[0] <= code <= _HANGUL_LETTERS[1]:
        return character
    if _HALF_WIDTH_HANGUL[0] <= code <= _HALF_WIDTH_HANGUL[1]:
        # NFKD would go on to the letters of which syllables are composed
        said = unicodedata.decomposition(character).split()
        return chr(int(said[1], 16)) if len(said) == 2 else character
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.decimal(character))
    said_of_it = unicodedata.normalize("NFKD", character)
    return unicodedata.normalize("NFKD", said_of_it.lower()).replace("ς", "σ")


def _packed(code: int, kinds: NDArray[np.uint8]) -> int:
    if code == _SPACE:
        return _SPACE
    flags = int(APOSTROPHE) if code == _APOSTROPHE else 0
    flags |= int(COMBINING) if unicodedata.combining(chr(code)) else 0
    flags |= int(JAMO) if 0x1100 <= code < 0x1200 else 0
    return code | (int(kinds[code]) << int(KIND_SHIFT)) | flags


def _kinds(whole: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The kind of each code point if it is part of a word, uint8 [1114112]."""
    found = np.full(CODE_POINTS, SPACED, dtype=np.uint8)
    wanted = np.flatnonzero(_may_be_assigned())
    everything = wanted.astype("<u4").tobytes().decode("utf-32-le")
    for kind, scripts in ((IDEOGRAPHIC, _IDEOGRAPHIC_SCRIPTS), (UNSPACED, _UNSPACED_SCRIPTS)):
        runs = regex.compile("[" + "".join(rf"\p{{Script={each}}}" for each in scripts) + "]+")
        for each in runs.finditer(everything):
            found[wanted[each.start() : each.end()]] = kind
    found[list(_ALSO_IDEOGRAPHIC)] = IDEOGRAPHIC
    return found
