"""The units of scripts that put no space between words: what is never cut by any dictionary, found by rules alone.

| script | unit |
| --- | --- |
| Han, Tangut, Yi, cuneiform, hieroglyphs | one sign; selectors and iteration marks go with the sign before |
| Hiragana, Katakana | a run of one of the two; the long-vowel mark goes with what it lengthens |
| Bopomofo | a run |
| Thai, Lao | a character cluster: what cannot be parted inside a syllable (Theeramunkong et al. 2000), with silenced letters |
| Myanmar | a syllable: base, stacked and medial letters, vowels, tones, and the final letter that a killer (asat) closes |
| Khmer, Javanese, Balinese, Tai Tham, Batak | an orthographic syllable: base, letters stacked on it, marks |
| Buginese, Makasar, New Tai Lue | the same |
| Tai Le | what a tone letter closes |

Tibetan, Phags-pa and Marchen mark the end of a syllable, so their syllables are the runs between marks, as everywhere else.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation import classes as of
from panglot.corpus.segmentation.code_points import CODE_POINTS

_ATTACHED = (of.EXTEND, of.STACKER, of.FINAL_STACKER, of.KILLER, of.FOLLOW, of.NEEDS_FINAL, of.TONE, of.KARAN, of.LONG)
_SPACED = (of.LETTER, of.DIGIT)
_SOUTH_EAST = (of.LEAD, of.CONSONANT, of.FOLLOW, of.NEEDS_FINAL, of.TONE, of.KARAN)
_E, _O_ANG, _YO_YAK, _II, _KO_KAI = 0x0E40, 0x0E2D, 0x0E22, 0x0E35, 0x0E01
_MAITAIKHU, _DOT_BELOW = 0x0E47, 0x1037
# What may stand between a silenced letter and the sign that silences it.
_UNDER_KARAN = (0x0E34, 0x0E38)
# Letters that stand together at the head of a syllable: stops before ร ล ว, and ห before a sonorant.
_CLUSTER_HEADS, _CLUSTER_TAILS = "กขคตปผพ", "รลว"
_LED_TAILS = "งญนมยรลว"
_MARGIN = 8
"""More than any rule looks back or ahead."""


@cache
def _pairs() -> NDArray[np.bool_]:
    """Whether a unit may end between a character of one class and the next of another, bool [classes · classes]."""
    may = np.ones((of.CLASSES, of.CLASSES), dtype=bool)
    may[:, list(_ATTACHED)] = False
    may[np.ix_(_SPACED, _SPACED)] = False
    may[list(_SPACED), of.LONG] = True
    for kind in (of.HIRAGANA, of.KATAKANA, of.BOPOMOFO):
        may[kind, kind] = False
    may[[of.STACKER, of.FINAL_STACKER], of.AKSARA] = False
    may[[of.LEAD, of.NEEDS_FINAL], of.CONSONANT] = False
    may[of.LEAD, [of.LEAD, of.AKSARA]] = False
    may[of.LETTER, of.SYLLABLE_TONE] = False
    return may.ravel()


def unit_starts(
    codes: NDArray[np.uint32], classes: NDArray[np.uint8], inside: NDArray[np.bool_], borders: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Where a new unit starts although the character before is inside a word too.

    Args:
        codes: uint32 [characters].
        classes: their word classes, uint8 [characters].
        inside: whether they are inside words, bool [characters].
        borders: where a new text starts, sorted, int64.

    Returns:
        bool [characters].
    """
    # Something that is in no word is put between texts and around them, so that no rule looks into another text.
    real = np.zeros(_MARGIN + len(codes) + len(borders) + _MARGIN, dtype=bool)
    real[_MARGIN:-_MARGIN] = True
    real[_MARGIN + borders + np.arange(len(borders))] = False
    padded = [np.zeros(len(real), dtype=each.dtype) for each in (codes, classes, inside)]
    for each, values in zip(padded, (codes, classes, inside), strict=True):
        each[real] = values
    return _unit_starts(*padded)[real]


def _unit_starts(codes: NDArray[np.uint32], classes: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    classes = np.where(inside & (classes < of.FIRST_INSIDE), np.uint8(of.EXTEND), classes)
    before = _carried(classes, (classes == of.EXTEND) | (classes == of.LONG))
    # A tone stands between a vowel sign and the final letter that the sign calls for.
    tone = classes == of.TONE
    tone[1:] &= before[:-1] == of.NEEDS_FINAL
    before = _carried(before, tone)
    maitaikhu = np.flatnonzero(codes == _MAITAIKHU)
    before[maitaikhu[(codes[maitaikhu - 1] == _KO_KAI) & (classes[maitaikhu - 2] != of.LEAD)]] = of.FOLLOW
    starts = np.zeros(len(codes), dtype=bool)
    starts[1:] = _pairs()[before[:-1].astype(np.uint16) * of.CLASSES + classes[1:]]
    starts[1:] &= inside[:-1] & inside[1:]
    # Letters that follow a killer and a stacker (kinzi) are of one unit with them.
    starts[np.flatnonzero(classes == of.FINAL_STACKER) + 1] = False
    if (classes == of.LEAD).any():
        _close_leads(codes, classes, starts)
    _close_killed(codes, classes, before, starts)
    return starts


def family_starts(codes: NDArray[np.uint32], classes: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where scripts with and without spaces meet inside a run of letters, bool [characters]."""
    before = _carried(classes, (classes == of.EXTEND) | (classes < of.FIRST_INSIDE)) >= of.FIRST_UNSPACED
    starts = np.zeros(len(codes), dtype=bool)
    starts[1:] = (before[1:] != before[:-1]) & inside[1:] & inside[:-1] & (classes[1:] >= of.LETTER)
    return starts


def _carried(classes: NDArray[np.uint8], leaning: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give characters that lean on the one before them its class, and a run of them the class of what stands before the run."""
    places = np.flatnonzero(leaning)
    if not len(places):
        return classes.copy()
    first = np.ones(len(places), dtype=bool)
    first[1:] = np.diff(places) != 1
    bases = places[first] - 1
    found = classes.copy()
    given = np.where(bases >= 0, classes[bases], classes[places[first]])
    found[places] = given[np.cumsum(first) - 1]
    # A mark that leads its run means itself.
    lost = found[places] < of.FIRST_INSIDE
    found[places[lost]] = classes[places[lost]]
    return found


def _close_killed(
    codes: NDArray[np.uint32], classes: NDArray[np.uint8], before: NDArray[np.uint8], starts: NDArray[np.bool_]
) -> None:
    """A letter that is silenced, or that closes a syllable, belongs to the letters before it."""
    for signs, under in (
        ((of.KARAN,), _UNDER_KARAN),
        ((of.KILLER, of.FINAL_STACKER), (_DOT_BELOW,)),
    ):
        places = np.flatnonzero(np.logical_or.reduce([classes == sign for sign in signs]))
        if not len(places):
            continue
        letter = places - 1
        letter = letter - np.isin(codes[letter], under)
        same = (before[letter - 1] >= of.LEAD) == (classes[letter] >= of.LEAD)
        same &= before[letter - 1] >= of.FIRST_UNSPACED
        starts[letter[same]] = False


def _close_leads(codes: NDArray[np.uint32], classes: NDArray[np.uint8], starts: NDArray[np.bool_]) -> None:
    """Thai syllables that a vowel before the consonant opens: consonants that stand together, and เ◌ีย, เ◌อ, เ◌ย."""
    leads = np.flatnonzero(classes == of.LEAD)
    lead, head, tail = codes[leads], codes[leads + 1], codes[leads + 2]
    together = _letters(_CLUSTER_HEADS)[head] & _letters(_CLUSTER_TAILS)[tail]
    together |= (head == ord("ห")) & _letters(_LED_TAILS)[tail]
    # ไป and โห are whole syllables far more often than heads of one.
    together &= ~(((lead == ord("ไ")) & (head == ord("ป"))) | ((lead == ord("โ")) & (head == ord("ห"))))
    starts[leads[together] + 2] = False
    # The place behind the consonants, and behind a tone.
    e = lead == _E
    rest = (leads + 2 + together)[e]
    with_ii = codes[rest] == _II
    rest += with_ii
    rest += classes[rest] == of.TONE
    closing = codes[rest]
    wanted = (closing == _YO_YAK) | ((closing == _O_ANG) & ~with_ii)
    # A letter with a vowel sign of its own opens a syllable and closes none.
    following = classes[rest + 1]
    wanted &= (following < of.FOLLOW) | (following > of.TONE)
    starts[rest[wanted]] = False


@cache
def _letters(text: str) -> NDArray[np.bool_]:
    found = np.zeros(CODE_POINTS, dtype=bool)
    found[[ord(each) for each in text]] = True
    return found
