"""Letters of many texts at a time: folded to lower case, everything else one space, and which script they are in."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from panglot.corpus.segmentation.optional_marks import optional_vowels

_TABLE = 0x20000
"""From here on there are only Han letters and what is not text."""
_APOSTROPHES = "'’ʼʻ`´‘ʹꞌ"
SPACE = 0
_SAME = {"Hira": "Hani", "Kana": "Hani", "Bopo": "Hani"}
"""Scripts that one language writes together, and that are therefore one choice."""
_OF_TAG = {
    "Hans": "Hani",
    "Hant": "Hani",
    "Hanb": "Hani",
    "Jpan": "Hani",
    "Hrkt": "Hani",
    "Kore": "Hang",
    "Aran": "Arab",
    "Latf": "Latn",
    "Latg": "Latn",
    "Cyrs": "Cyrl",
    "Geok": "Geor",
    "Syre": "Syrc",
    "Syrj": "Syrc",
    "Syrn": "Syrc",
}


def script_group(script: str) -> str:
    """The Unicode script that a tag's script is told by: `Hani` for Chinese and Japanese.

    Example:
        >>> [script_group(each) for each in ("Hant", "Jpan", "Kore", "Cyrl")]
        ['Hani', 'Hani', 'Hang', 'Cyrl']
    """
    return _SAME.get(script, _OF_TAG.get(script, script))


@dataclass(frozen=True)
class Letters:
    """Texts as letters, with one space (0) before each word and behind the last.

    Attributes:
        codes: uint32 [characters]; position `bounds[i]` is the space before text i.
        bounds: int64 [texts + 1].
        scripts: int32 [texts, len(SCRIPTS)], letters by script.
    """

    codes: NDArray[np.uint32]
    bounds: NDArray[np.int64]
    scripts: NDArray[np.int32]


@cache
def scripts() -> tuple[str, ...]:
    """Names of the scripts that Unicode knows, ISO 15924, the empty name (no script of its own) first."""
    from panglot.languages.tables import script_names

    known = []
    for code in sorted(script_names()):
        try:
            regex.compile(rf"\p{{Script={code}}}")
        except regex.error:
            continue
        if code not in _SAME and code not in ("Zyyy", "Zinh", "Zzzz", "Qaai", "Qaac", "Hrkt"):
            known.append(code)
    return ("", *known)


@cache
def tables() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """What each code point below 0x20000 is folded to (0 where it is no letter), and its place in `scripts()`."""
    every = "".join(chr(each) if not 0xD800 <= each < 0xE000 else " " for each in range(_TABLE))
    folded = np.zeros(_TABLE, np.uint32)
    for each in range(_TABLE):
        character = every[each]
        # Me are circles and boxes round anything; Mc and Mn are part of the word they stand in
        if unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"):
            folded[each] = ord(character.lower()[0])
    for mark in _APOSTROPHES:
        folded[ord(mark)] = ord("'")
    folded[ord("ٱ")] = ord("ا")  # alef wasla goes with harakat
    script = np.zeros(_TABLE, np.uint8)
    for number, name in enumerate(scripts()):
        if name:
            for part in (name, *(other for other, whole in _SAME.items() if whole == name)):
                for found in regex.finditer(rf"\p{{Script={part}}}+", every):
                    script[found.start() : found.end()] = number
    # marks alone are no letters: they do not make a text be of a script
    marks = np.array([unicodedata.category(each)[0] != "L" for each in every])
    script[marks] = 0
    for table in (folded, script):
        table.setflags(write=False)
    return folded, script


def find_letters(texts: Sequence[str]) -> Letters:
    """The letters of texts, NFC, lower case, apostrophes inside words as one letter, without harakat and niqqud.

    Example:
        >>> found = find_letters(["Dobry dźeń!", "", "ទៅ 12"])
        >>> "".join(chr(each) if each else "·" for each in found.codes.tolist()), found.bounds.tolist()
        ('·dobry·dźeń·ទៅ·', [0, 11, 11, 14])
    """
    folded, script = tables()
    normal = [each if unicodedata.is_normalized("NFC", each) else unicodedata.normalize("NFC", each) for each in texts]
    raw = np.frombuffer(("\n".join(["", *normal, ""])).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    ends = np.zeros(len(normal) + 1, np.int64)
    np.cumsum([len(each) + 1 for each in normal], out=ends[1:])
    vowels = optional_vowels(raw)
    if len(vowels):
        # what a text is written in does not hang on whether its writer put them
        raw, ends = np.delete(raw, vowels), ends - np.searchsorted(vowels, ends)
    far = raw >= _TABLE
    if far.any():
        near = np.where(far, 0, raw)
        codes, kinds = folded[near], script[near]
        han = far & (raw < 0x40000)
        codes[han] = raw[han]
        kinds[han] = scripts().index("Hani")
    else:
        codes, kinds = folded[raw], script[raw]
    quotes = codes == ord("'")
    if quotes.any():
        # an apostrophe is a letter only between letters
        inside = np.zeros(len(codes), bool)
        inside[1:-1] = quotes[1:-1] & (codes[:-2] != SPACE) & (codes[2:] != SPACE) & ~quotes[:-2] & ~quotes[2:]
        codes[quotes & ~inside] = SPACE
    keep = codes != SPACE
    keep[1:] |= keep[:-1]
    keep[0] = True
    places = np.cumsum(keep)
    bounds = places[ends] - 1
    number = np.repeat(np.arange(len(normal)), np.diff(ends))
    counts = np.bincount(number * len(scripts()) + kinds[1:], minlength=len(normal) * len(scripts()))
    return Letters(codes[keep], bounds, counts.reshape(len(normal), -1).astype(np.int32))
