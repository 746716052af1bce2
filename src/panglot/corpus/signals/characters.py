"""What the signals ask of a character, answered for all characters at once by one table."""

from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CATEGORIES, CODE_POINTS, categories, of_categories

LETTER, MARK, DIGIT, PUNCTUATION, SPACE, BREAK, TERMINAL, CLOSER = (1 << each for each in range(8))
UPPER, LOWER, TECHNICAL, HASH, LEFT_CURLY, ELLIPSIS, REPLACEMENT, CONTROL = (1 << each for each in range(8, 16))
PLAIN, BULLET, MOJIBAKE_LEAD, MOJIBAKE_REST, ASCII_TERMINAL = (1 << each for each in range(16, 21))

# What str.splitlines takes for the end of a line.
_BREAKS = (0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029)
_BULLETS = "•-‣◦▪●■–*·"
_QUOTES = "\"'`’”»«“‘„›‹*_"
_CP1252 = bytes(each for each in range(0x80, 0xA0) if each not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)).decode("cp1252")


@cache
def properties() -> NDArray[np.uint32]:
    """The properties of each code point as bits, uint32 [1114112].

    `SPACE` is what `str.isspace` says and all separators; `BREAK` what `str.splitlines` splits at; `TERMINAL` is Unicode's
    Sentence_Terminal, of all scripts, with the ellipsis; `PLAIN` is what running text is made of: letters, marks, white space,
    joiners and other format characters. Marks count as plain: an Indic vowel sign is no special character.
    """
    found = np.zeros(CODE_POINTS, dtype=np.uint32)
    category = categories()
    for name, bits in _CATEGORY_BITS.items():
        wanted = np.array([each.startswith(name) for each in CATEGORIES])
        found[wanted[category]] |= bits
    for bits, characters in _CHARACTER_BITS.items():
        found[[ord(each) for each in characters]] |= bits
    found[[each for each in np.flatnonzero(of_categories("ZC")).tolist() if chr(each).isspace()]] |= SPACE | PLAIN
    found[list(_BREAKS)] |= BREAK | SPACE | PLAIN
    found[terminals()] |= TERMINAL
    found[0xC2:0xF5] |= MOJIBAKE_LEAD
    found[0x80:0xC0] |= MOJIBAKE_REST
    found[(found & SPACE) > 0] &= ~np.uint32(CONTROL)
    found.setflags(write=False)
    return found


_CATEGORY_BITS = {
    "L": LETTER | PLAIN,
    "M": MARK | PLAIN,
    "Lu": UPPER,
    "Lt": UPPER,
    "Ll": LOWER,
    "Nd": DIGIT,
    "P": PUNCTUATION,
    "Pe": CLOSER,
    "Pf": CLOSER,
    "Z": SPACE | PLAIN,
    "Cc": CONTROL,
    "Cs": CONTROL,
    "Cf": PLAIN,
}
_CHARACTER_BITS = {
    CLOSER: _QUOTES,
    TECHNICAL: "0123456789{}+/()>",
    HASH: "#",
    LEFT_CURLY: "{",
    ELLIPSIS: "…",
    TERMINAL: "…།༎\u037e",
    REPLACEMENT: "\ufffd",
    BULLET: _BULLETS,
    MOJIBAKE_REST: _CP1252,
    ASCII_TERMINAL: ".!?…",
}


@cache
def terminals() -> NDArray[np.int64]:
    """Code points that end a sentence in some script (Unicode's Sentence_Terminal), int64.

    Example:
        >>> set(map(ord, ".?!。।؟።။")) <= set(terminals().tolist())
        True
    """
    punctuation = np.flatnonzero(of_categories("P"))
    found = regex.findall(r"\p{Sentence_Terminal}", "".join(map(chr, punctuation.tolist())))
    return np.array([ord(each) for each in found], dtype=np.int64)


@cache
def classes() -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Class of each code point, uint8 [1114112], and the properties of each class, uint32 [classes].

    Characters of equal properties are one class, so that one count of classes answers all questions of number.

    Example:
        >>> of, bits = classes()
        >>> bool(bits[of[ord("ক")]] & LETTER), bool(bits[of[0x09BF]] & PLAIN), len(bits) < 64
        (True, True, True)
    """
    bits, of = np.unique(properties(), return_inverse=True)
    found = of.astype(np.uint8)
    found.setflags(write=False)
    return found, bits


@cache
def has(wanted: int) -> NDArray[np.bool_]:
    """Whether each class has one of these properties, bool [classes]."""
    found: NDArray[np.bool_] = (classes()[1] & np.uint32(wanted)) > 0
    return found


@cache
def letters_of(script: str) -> NDArray[np.bool_]:
    """Whether each code point is a letter of a script of a language tag, bool [1114112]; `Jpan` takes in Han and kana."""
    from panglot.corpus.scripts import _PARTS

    letters = np.flatnonzero(properties() & LETTER)
    found = np.zeros(CODE_POINTS, dtype=bool)
    parts = "".join(rf"\p{{scx={part}}}" for part in _PARTS.get(script, (script,)))
    try:
        pattern = regex.compile(f"[{parts}]")
    except regex.error:
        found[letters] = True  # Unicode does not know the script, so nothing can be said against a letter
    else:
        found[[ord(each) for each in pattern.findall("".join(map(chr, letters.tolist())))]] = True
    found.setflags(write=False)
    return found
