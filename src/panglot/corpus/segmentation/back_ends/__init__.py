"""Segmenters of other packages, by name: the real words of scripts that put no space between words.

None is installed with Panglot. A back-end is a file here and a line in `BACK_ENDS`. The file names its `PACKAGE` (what is
imported), what to `INSTALL`, its `LANGUAGES` (ISO 639-3 code to what the package calls it; the empty code where the language
may stay unsaid), and has `cutter(language)`, which gives a function from a text to its pieces. Pieces that do not stand in the
text as they are (a package may leave out spaces, or normalise) are passed over. A back-end decides only inside runs of letters
of such scripts, and of Hangul; everything else is cut as always.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError, did_you_mean
from panglot.corpus.segmentation.classes import EXTEND, FIRST_UNSPACED, FOLLOW, word_classes
from panglot.corpus.segmentation.code_points import CodePoints
from panglot.languages import Language

BACK_ENDS: tuple[str, ...] = (
    "botok",
    "budoux",
    "fugashi",
    "icu",
    "jieba",
    "khmercut",
    "kiwipiepy",
    "laonlp",
    "pythainlp",
    "rjieba",
    "sudachipy",
)
"""Modules of this package."""
_HANGUL = (0x1100, 0xD7FB)


def back_ends(language: str | Language | None = None) -> dict[str, bool]:
    """The back-ends that know a language, or all of them, and whether their package is installed.

    Example:
        >>> sorted(back_ends("khm_Khmr"))
        ['icu', 'khmercut']
    """
    code = None if language is None else Language.parse(language).code
    found = {name: _module(name) for name in BACK_ENDS}
    return {
        name: find_spec(each.PACKAGE.split(".")[0]) is not None
        for name, each in found.items()
        if code is None or code in each.LANGUAGES
    }


def word_starts(points: CodePoints, name: str, language: str | Language | None) -> NDArray[np.bool_]:
    """Where a back-end starts a word, bool [characters]; True only inside runs of letters that it decides about."""
    cut = _cutter(name, None if language is None else Language.parse(language).code)
    starts = np.zeros(len(points.codes), dtype=bool)
    classes = word_classes()[points.codes]
    theirs = (classes >= FIRST_UNSPACED) | ((points.codes >= _HANGUL[0]) & (points.codes <= _HANGUL[1]) & (classes > EXTEND))
    texts = points.texts()
    totals = np.concatenate([[0], np.cumsum(theirs)])
    wanted = np.flatnonzero(totals[points.bounds[1:]] - totals[points.bounds[:-1]] > 1)
    for place in wanted.tolist():
        starts[np.array(_offsets(texts[place], cut(texts[place])), dtype=np.int64) + points.bounds[place]] = True
    theirs |= classes == EXTEND
    starts[1:] &= theirs[1:] & theirs[:-1]
    # No dictionary parts a letter from its marks.
    starts &= (classes != EXTEND) & (classes < FOLLOW)
    return starts


def _offsets(text: str, pieces: Iterable[str]) -> list[int]:
    found, place = [], 0
    for piece in pieces:
        here = place if text.startswith(piece, place) else text.find(piece, place)
        if piece and here >= 0:
            found.append(here)
            place = here + len(piece)
    return found


@cache
def _module(name: str) -> ModuleType:
    if name not in BACK_ENDS:
        fix = did_you_mean(name, BACK_ENDS) or f"choose from {', '.join(BACK_ENDS)}"
        raise InputError(f"there is no segmentation back-end {name!r}", fix=fix)
    return import_module(f"{__name__}.{name}")


@cache
def _cutter(name: str, code: str | None) -> Callable[[str], Sequence[str]]:
    module = _module(name)
    languages: dict[str, str] = module.LANGUAGES
    if code is None:
        code = "" if "" in languages or len(languages) > 1 else next(iter(languages))
    if code not in languages:
        knows = ", ".join(sorted(filter(None, languages)))
        said = f"does not know the language {code}" if code else "has to be told the language"
        raise InputError(f"the segmentation back-end {name} {said}", fix=f"it knows {knows}")
    try:
        found: Callable[[str], Sequence[str]] = module.cutter(languages[code])
    except ImportError as error:
        raise InputError(
            f"the segmentation back-end {name} needs the package {module.INSTALL}, which is not installed",
            fix=f"pip install {module.INSTALL}",
        ) from error
    return found
