"""Sentences of many texts at once, in any script."""

from collections.abc import Sequence
from functools import cache
from unicodedata import normalize

import numpy as np
import regex
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CATEGORIES, CODE_POINTS, CodePoints, Spans, categories
from panglot.corpus.segmentation.words import Words, find_words, mixed
from panglot.languages import Language

OTHER, STOP, MARK, CLOSING, SPACE, BREAK = range(6)
"""What a character is at the end of a sentence: a full stop that may mean something else, a mark that means nothing else."""
_STOPS = ".․﹒．"
# Marks that end sentences in a script although Unicode's Sentence_Terminal leaves them out, and the other way round.
_MORE_MARKS = "།༎…\u037e"
_NO_MARKS = "၊"
_CLOSING = "\"'»”’›)]}」』】〉》）］｝＂＇"
# These close a quotation in German, Danish or Polish, and open one elsewhere: they close where a space follows.
_EITHER_WAY = "“«‹‘"
# Marks that stand at the end of a word as they stand, with no space behind them.
_TIGHT = "。！？｡．।॥។៕။།༎።፧۔؟։᠃᠉꧈꧉᭞᭟᪨᪩᪪᪫߹᱾᱿꯫"
_INDIC, _ARMENIAN, _GREEK, _ETHIOPIC = (0x0900, 0x0DFF), (0x0531, 0x058F), (0x0370, 0x03FF), (0x1200, 0x139F)
_POLYTONIC, _GEORGIAN, _HIRAGANA = (0x1F00, 0x1FFF), (0x10D0, 0x10FF), (0x3041, 0x309F)
_FULL_STOP, _PIPE, _COLON, _SEMICOLON, _WORDSPACE = 0x2E, 0x7C, 0x3A, 0x3B, 0x1361
_BY_SPACES = ((0x0E01, 0x0E4E), (0x0E81, 0x0ECE))
"""Thai and Lao: no mark ends a sentence there, spaces part phrases and sentences."""
LEAST_PHRASE = 40
"""Characters from which on a space between Thai or Lao letters ends a sentence; chosen on half of Thai-PUD."""
_SHORT = 3
_ORDINAL_DIGITS = 2
_LONGEST_INITIAL = 4
_OFTEN, _LONGEST_TITLE = 3, 5
_VOWELS = frozenset("aeiouyæœøıаеёиоуыэюяєіїөүәαεηιουωաեէըիոօ")


class Sentences(Spans):
    """The sentences of texts, without the spaces around them."""


def find_sentences(
    texts: Sequence[str] | CodePoints, *, language: str | Language | None = None, apart: bool = False
) -> Sentences:
    """The sentences of each text, by marks, casing and line breaks; no list of any language is used.

    A line break ends a sentence. So does a mark with the property Sentence_Terminal (danda, ideographic stop, Ethiopic, Khmer
    and Arabic marks, …), with the quotation marks and brackets that close behind it. A full stop, and `!` and `?`, need a space
    behind them, and no word in lower case after that. Behind something that may be an abbreviation, a full stop ends a sentence
    only where the next word is known in lower case from the same texts ("the U.S. The …"): initials, `U.S`, words of two or
    three consonants (`Dr`, `Nr`), numbers of one or two digits (`19. Jahrhundert`), short capitalised words that these texts
    never write without a stop (`Prof`), and words that they follow with a stop and lower case, the idea of Kiss and Strunk
    (2006, https://aclanthology.org/J06-4003). Thai and Lao have no marks: a space between their letters ends a sentence of at
    least `LEAST_PHRASE` characters.

    Args:
        texts: any texts. What is in lower case, and what is abbreviated, is learned from all of them.
        language: what the texts are written in. Nothing depends on it yet: the script says what is needed.
        apart: learn from each text for itself alone, so that its sentences do not depend on which texts stand beside it.

    Example:
        >>> find_sentences(["Dr. No ran 3.5 miles. Then he hid!", "यह है। वह है॥", "他说：“走吧。”我走了。"]).lists()
        [['Dr. No ran 3.5 miles.', 'Then he hid!'], ['यह है।', 'वह है॥'], ['他说：“走吧。”', '我走了。']]
    """
    if language is not None:
        Language.parse(language)
    points = texts if isinstance(texts, CodePoints) else CodePoints.of(texts)
    codes = points.codes
    if not len(codes):
        nothing = np.zeros(0, dtype=np.int64)
        return Sentences(points, nothing, nothing, np.zeros(len(points) + 1, dtype=np.int64))
    kinds = _kinds()[codes]
    _odd_marks(points, kinds)
    cuts = np.concatenate([points.bounds, np.flatnonzero(kinds == BREAK) + 1, _ends_by_marks(points, kinds, apart)])
    cuts = np.unique(np.concatenate([cuts, _ends_by_spaces(codes, kinds, np.unique(cuts))]))
    starts, ends = _trimmed(kinds, cuts)
    return Sentences(points, starts, ends, np.searchsorted(starts, points.bounds))


def _trimmed(kinds: NDArray[np.uint8], cuts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stretches between cuts without spaces around them, and without those that hold nothing else."""
    ink = np.flatnonzero(kinds < SPACE)
    first, last = np.searchsorted(ink, cuts[:-1]), np.searchsorted(ink, cuts[1:])
    full = first < last
    return ink[first[full]], ink[last[full] - 1] + 1


def _odd_marks(points: CodePoints, kinds: NDArray[np.uint8]) -> None:
    """Marks that mean the end of a sentence only behind letters of a script, as people type them."""
    codes, bounds = points.codes, points.bounds
    places = np.flatnonzero((codes == _PIPE) | (codes == _COLON) | (codes == _SEMICOLON) | (codes == _WORDSPACE))
    # what stands in the text before is not behind them
    places = places[~np.isin(places, bounds)]
    before, here = codes[places - 1], codes[places]
    meant = (here == _PIPE) & _within(before, _INDIC)
    later = np.where(
        np.isin(places + 1, bounds) | np.isin(places + 2, bounds), 0, codes[np.minimum(places + 2, len(codes) - 1)]
    )
    meant |= (here == _COLON) & (_within(before, _ARMENIAN) | ((kinds[places - 1] == CLOSING) & _within(later, _ARMENIAN)))
    meant |= (here == _SEMICOLON) & (_within(before, _GREEK) | _within(before, _POLYTONIC))
    meant |= (here == _WORDSPACE) & (before == _WORDSPACE)
    meant |= (
        (here == _COLON)
        & (before == _COLON)
        & _within(codes[np.maximum(places - 2, 0)], _ETHIOPIC)
        & ~np.isin(places - 1, bounds)
    )
    kinds[places[meant]] = MARK


def _ends_by_marks(points: CodePoints, kinds: NDArray[np.uint8], apart: bool) -> NDArray[np.int64]:
    """Places behind the marks that end sentences, and behind what closes with them."""
    codes, size = points.codes, len(points.codes)
    ending = (kinds == STOP) | (kinds == MARK)
    # The last of a run of marks ("?!", "...").
    lasts = np.flatnonzero(ending & ~np.append(ending[1:], False))
    if not len(lasts):
        return lasts
    firsts = np.flatnonzero(ending & ~np.insert(ending[:-1], 0, False))
    text_ends = points.bounds[np.searchsorted(points.bounds, lasts, "right")]
    tight = _of(_TIGHT, codes[lasts])
    behind = _past(kinds, lasts + 1, text_ends, CLOSING)
    either = ~tight & (behind < text_ends) & _of(_EITHER_WAY, codes[np.minimum(behind, size - 1)])
    behind = behind + either
    spaced = _past(kinds, behind, text_ends, SPACE)
    at_end = (spaced >= text_ends) | (kinds[np.minimum(spaced, size - 1)] == BREAK)
    ends = at_end | (spaced > behind) | tight
    following = codes[np.minimum(spaced, size - 1)]
    words = find_words(points)
    if len(words):
        # a text of marks alone says nothing of how its sentences go on, whatever stands beside it
        worded = words.counts[np.searchsorted(points.bounds, lasts, "right") - 1] > 0
        ends &= at_end | ~(worded & _goes_on(_Casing(words, apart), kinds, lasts, firsts, spaced, following))
    # A Japanese particle behind a closing quotation mark: the quotation is part of a sentence.
    glued = tight & (behind > lasts + 1) & (spaced == behind) & ~at_end
    glued &= _within(following, _HIRAGANA) | ~_categories_in("LNPS", following)
    found: NDArray[np.int64] = behind[ends & ~glued]
    return found


def _goes_on(
    casing: "_Casing",
    kinds: NDArray[np.uint8],
    lasts: NDArray[np.int64],
    firsts: NDArray[np.int64],
    spaced: NDArray[np.int64],
    following: NDArray[np.uint32],
) -> NDArray[np.bool_]:
    """Whether the sentence goes on behind each mark, by the words before and after it."""
    words = casing.words
    codes = words.points.codes
    after = np.searchsorted(words.starts, spaced)
    after = np.minimum(after, len(words) - 1)
    next_lower = _small(following)
    go_on = next_lower & casing.has_capitals[np.searchsorted(words.points.bounds, lasts, "right") - 1]
    # A comma or the like behind the mark: the mark was part of something smaller.
    go_on |= _categories_in("P", following) & _of(",;:，；：、،؛)", following)
    # Only single full stops are taken for marks of abbreviation.
    single = (kinds[lasts] == STOP) & (firsts == lasts)
    before = np.searchsorted(words.ends, lasts, "right") - 1
    touching = single & (before >= 0) & (words.ends[np.maximum(before, 0)] == lasts)
    # a mark that opens a text touches no word of the text before it
    touching &= ~np.isin(lasts, words.points.bounds)
    texts = words.points.bounds[np.searchsorted(words.points.bounds, lasts, "right") - 1]
    follows = (before >= 0) & (words.starts[np.maximum(before, 0)] >= texts)
    before = np.maximum(before, 0)
    suspicious = touching & casing.suspicious(before, next_lower, follows)
    next_known = casing.known_in_lower[after] & (words.starts[after] == spaced) & ~next_lower
    opens_line = touching & _opens_line(kinds, words.starts[before], words.points.bounds) & _digits(codes, words, before)
    found: NDArray[np.bool_] = go_on | (suspicious & ~next_known) | opens_line
    return found


class _Casing:
    """What the words of texts show: what is written in lower case, and what is abbreviated."""

    def __init__(self, words: Words, apart: bool) -> None:
        self.words = words
        points = words.points
        self.category = categories()
        lowered = points.lowered()
        self.hashes = Words(lowered, words.starts, words.ends, words.bounds).hashes()
        if apart:
            self.hashes ^= np.repeat(mixed(np.arange(1, len(words.counts) + 1, dtype=np.uint64)), words.counts)
        first = self.category[points.codes[words.starts]] if len(words) else np.zeros(0, np.uint8)
        self.lower = _small(points.codes[words.starts]) if len(words) else np.zeros(0, dtype=bool)
        self.upper = first == CATEGORIES.index("Lu")
        self.known_in_lower = np.isin(self.hashes, np.unique(self.hashes[self.lower]))
        # A text that writes no capitals says nothing by a small letter.
        capitals = np.add.reduceat(np.append(self.upper, False), words.bounds[:-1]) * (words.counts > 0)
        self.has_capitals = capitals * 50 >= words.counts
        self.has_capitals &= capitals > 0

    def suspicious(
        self, before: NDArray[np.int64], next_lower: NDArray[np.bool_], follows: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Whether the word before each stop may be abbreviated with it; `follows` says where there is one in its text."""
        words, codes = self.words, self.words.points.codes
        starts, ends = words.starts[before], words.ends[before]
        lengths = ends - starts
        cased = self.lower[before] | self.upper[before]
        digits = self.category[codes[starts]] == CATEGORIES.index("Nd")
        initial = cased & (lengths == 1)
        initials = cased & (lengths > 2) & (codes[np.minimum(starts + 1, len(codes) - 1)] == _FULL_STOP)
        # ஐ.நா.: a stop without a space before the last part too.
        initials |= (starts > 1) & (codes[starts - 1] == _FULL_STOP) & ~digits & (lengths <= _LONGEST_INITIAL)
        ordinal = digits & (lengths <= _ORDINAL_DIGITS)
        short = np.flatnonzero(cased & (lengths > 1) & (lengths <= _SHORT))
        bare = np.zeros(len(before), dtype=bool)
        for place in short.tolist():
            said = codes[starts[place] : ends[place]].tobytes().decode("utf-32-le", "surrogatepass")
            bare[place] = not any(each in _VOWELS for each in normalize("NFD", said.lower()))
        found: NDArray[np.bool_] = initial | initials | ordinal | bare | self._abbreviated(before, next_lower, follows)
        return found

    def _abbreviated(
        self, before: NDArray[np.int64], next_lower: NDArray[np.bool_], follows: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Words that the texts follow with a stop and lower case at least as often as they write them without a stop."""
        hashes = self.hashes[before]
        found, inverse = np.unique(hashes, return_inverse=True)
        small = np.bincount(inverse, weights=next_lower & follows, minlength=len(found))
        everywhere = np.sort(self.hashes)
        total = np.searchsorted(everywhere, found, "right") - np.searchsorted(everywhere, found, "left")
        stopped = np.bincount(inverse, weights=follows, minlength=len(found))
        cased = self.lower[before] | self.upper[before]
        lower_case = ((small > 0) & (small >= total - stopped))[inverse] & cased
        # "Prof.": a short capitalised word that the texts never write without a stop.
        always = ((total >= _OFTEN) & (stopped == total))[inverse] & self.upper[before]
        always &= self.words.lengths[before] <= _LONGEST_TITLE
        is_one: NDArray[np.bool_] = lower_case | always
        return is_one


def _ends_by_spaces(codes: NDArray[np.uint32], kinds: NDArray[np.uint8], cuts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Spaces between Thai or Lao letters, each so far from the last end that a sentence fits between."""
    theirs = np.zeros(len(codes), dtype=bool)
    for bounds in _BY_SPACES:
        theirs |= _within(codes, bounds)
    if not theirs.any():
        return np.zeros(0, dtype=np.int64)
    space = kinds == SPACE
    places = np.flatnonzero(space[1:-1] & theirs[:-2] & theirs[2:]) + 1
    # ๆ and ฯ are written with spaces around them.
    places = places[~_of("ๆຯໆฯ", codes[places + 1])]
    found: list[int] = []
    last = 0
    for place, cut in zip(places.tolist(), cuts[np.searchsorted(cuts, places, "right") - 1].tolist(), strict=True):
        last = max(last, cut)
        if place - last >= LEAST_PHRASE:
            found.append(place)
            last = place
    return np.array(found, dtype=np.int64)


def _past(kinds: NDArray[np.uint8], places: NDArray[np.int64], limits: NDArray[np.int64], kind: int) -> NDArray[np.int64]:
    """The first place from each on that is not of a kind, or its limit."""
    others = np.append(np.flatnonzero(kinds != kind), len(kinds))
    reached: NDArray[np.int64] = np.minimum(others[np.searchsorted(others, places)], limits)
    return reached


def _opens_line(kinds: NDArray[np.uint8], starts: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether nothing but spaces stands before a word on its line."""
    opens = np.zeros(len(kinds) + 1, dtype=bool)
    opens[bounds] = True
    opens[1:] |= kinds == BREAK
    ink = np.flatnonzero((kinds < SPACE) | opens[:-1])
    found = ink[np.maximum(np.searchsorted(ink, starts, "right") - 1, 0)]
    result: NDArray[np.bool_] = opens[found] & ((found == starts) | (kinds[found] >= SPACE))
    return result


def _small(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Lower case that says something: Georgian letters have the property, and start sentences all the same."""
    found: NDArray[np.bool_] = (categories()[codes] == CATEGORIES.index("Ll")) & ~_within(codes, _GEORGIAN)
    return found


def _digits(codes: NDArray[np.uint32], words: Words, which: NDArray[np.int64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = categories()[codes[words.starts[which]]] == CATEGORIES.index("Nd")
    return found


def _within(codes: NDArray[np.uint32], bounds: tuple[int, int]) -> NDArray[np.bool_]:
    return (codes >= bounds[0]) & (codes <= bounds[1])


@cache
def _members(characters: str) -> NDArray[np.bool_]:
    found = np.zeros(CODE_POINTS, dtype=bool)
    found[[ord(each) for each in characters]] = True
    return found


def _of(characters: str, codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    return _members(characters)[codes]


def _categories_in(letters: str, codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    wanted = np.array([name[0] in letters for name in CATEGORIES])
    found: NDArray[np.bool_] = wanted[categories()[codes]]
    return found


@cache
def _kinds() -> NDArray[np.uint8]:
    found = np.zeros(CODE_POINTS, dtype=np.uint8)
    everything = "".join(map(chr, range(0x20000)))
    # 0xD800 and on cannot be matched, and hold no mark.
    for match in regex.finditer(
        r"\p{Sentence_Terminal}", everything.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    ):
        found[ord(match.group())] = MARK
    kind = categories()
    for name in ("Pe", "Pf"):
        found[kind == CATEGORIES.index(name)] = CLOSING
    for name in ("Zs", "Cf"):
        found[kind == CATEGORIES.index(name)] = SPACE
    for characters, value in (
        (_CLOSING, CLOSING),
        (_MORE_MARKS, MARK),
        (_NO_MARKS, OTHER),
        (_STOPS, STOP),
        ("\t", SPACE),
        ("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", BREAK),
    ):
        found[[ord(each) for each in characters]] = value
    found.setflags(write=False)
    return found
