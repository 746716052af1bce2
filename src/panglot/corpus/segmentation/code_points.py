"""Many texts as one array of code points, so that what is asked of each character is asked of all at once."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

CODE_POINTS = 0x110000
_CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn"
CATEGORIES = tuple(_CATEGORIES.split())
# Behind the ideographs Unicode has assigned nothing but tags, variation selectors and private use.
_END_OF_LETTERS, _TAGS, _PRIVATE = 0x34000, range(0xE0000, 0xE0200), 0xF0000


@dataclass(frozen=True)
class CodePoints:
    """Texts, one behind the other.

    Attributes:
        codes: uint32 [characters].
        bounds: int64 [texts + 1]; text i is `codes[bounds[i]:bounds[i + 1]]`.

    Example:
        >>> points = CodePoints.of(["aé", "", "ދި"])
        >>> points.bounds.tolist(), points.texts()
        ([0, 2, 2, 4], ['aé', '', 'ދި'])
    """

    codes: NDArray[np.uint32]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "CodePoints":
        """Texts as code points; lone surrogates stay what they are."""
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
        bounds = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
        return cls(codes, bounds)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Characters of each text, int64 [texts]."""
        return np.diff(self.bounds)

    @property
    def text_of(self) -> NDArray[np.int64]:
        """Which text each character stands in, int64 [characters]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def whole(self) -> str:
        """All texts in one."""
        return self.codes.tobytes().decode("utf-32-le", "surrogatepass")

    def texts(self) -> list[str]:
        """The texts again."""
        whole = self.whole()
        return [whole[first:last] for first, last in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True)]

    def lowered(self) -> "CodePoints":
        """The texts in lower case, character by character; a letter whose lower case is longer stays what it is.

        Example:
            >>> CodePoints.of(["ÉTÉ Ʃ ßİ"]).lowered().texts()
            ['été ʃ ßİ']
        """
        return CodePoints(lower_case()[self.codes], self.bounds)


@dataclass(frozen=True)
class Spans:
    """Stretches of texts, in their order.

    Attributes:
        points: the texts.
        starts, ends: int64 [spans]; span i is `points.codes[starts[i]:ends[i]]`.
        bounds: int64 [texts + 1]; the spans of text i are those from `bounds[i]` to `bounds[i + 1]`.
    """

    points: CodePoints
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Spans of each text, int64 [texts]."""
        return np.diff(self.bounds)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Characters of each span, int64 [spans]."""
        return self.ends - self.starts

    def lists(self) -> list[list[str]]:
        """The spans of each text as strings."""
        whole = self.points.whole()
        spans = [whole[first:last] for first, last in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]
        return [spans[first:last] for first, last in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True)]


@cache
def categories() -> NDArray[np.uint8]:
    """Place in `CATEGORIES` of each code point's general category, uint8 [1114112].

    Example:
        >>> CATEGORIES[categories()[ord("ක")]], CATEGORIES[categories()[0x200D]]
        ('Lo', 'Cf')
    """
    number = {name: place for place, name in enumerate(CATEGORIES)}
    found = np.full(CODE_POINTS, number["Cn"], dtype=np.uint8)
    found[_PRIVATE:] = number["Co"]
    for codes in (range(_END_OF_LETTERS), _TAGS, *(range(end - 2, end) for end in (0x100000, CODE_POINTS))):
        found[codes.start : codes.stop] = [number[unicodedata.category(chr(each))] for each in codes]
    found.setflags(write=False)
    return found


@cache
def of_categories(first_letters: str) -> NDArray[np.bool_]:
    """Whether each code point is of one of these major categories, such as `"LM"` for letters and marks; bool [1114112].

    Example:
        >>> of_categories("LM")[[ord("a"), 0x0947, ord("7")]].tolist()
        [True, True, False]
    """
    wanted = np.array([name[0] in first_letters for name in CATEGORIES])
    found: NDArray[np.bool_] = wanted[categories()]
    found.setflags(write=False)
    return found


@cache
def lower_case() -> NDArray[np.uint32]:
    """The lower case of each code point that is one code point too, else itself; uint32 [1114112]."""
    found = np.arange(CODE_POINTS, dtype=np.uint32)
    upper = np.flatnonzero(categories()[:_END_OF_LETTERS] <= CATEGORIES.index("Lt"))
    lowered = [chr(each).lower() for each in upper.tolist()]
    found[upper] = [ord(each) if len(each) == 1 else code for code, each in zip(upper.tolist(), lowered, strict=True)]
    found.setflags(write=False)
    return found
