"""What is measured of a document: the table of signals. A filter is a decision over these columns and never reads the text."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["above", "below", "outside"]
Group = Literal[
    "size", "gopher_quality", "gopher_repetition", "fineweb", "c4", "roots", "madlad", "damage", "reference", "language_model"
]

GOPHER = "Rae et al. 2021, https://arxiv.org/abs/2112.11446"
FINEWEB = "Penedo et al. 2024, https://arxiv.org/abs/2406.17557"
C4 = "Raffel et al. 2020, https://jmlr.org/papers/v21/20-074.html"
ROOTS = "Laurençon et al. 2022, https://arxiv.org/abs/2303.03915"
MADLAD = "Kudugunta et al. 2023, https://arxiv.org/abs/2309.04662"
GLOT500 = "ImaniGooghari et al. 2023, https://aclanthology.org/2023.acl-long.61"
CCNET = "Wenzek et al. 2020, https://aclanthology.org/2020.lrec-1.494"
NLLB = "NLLB Team 2022, https://arxiv.org/abs/2207.04672"
PANGLOT = "Panglot"


@dataclass(frozen=True)
class Signal:
    """One column of the sidecar.

    Attributes:
        what: what is measured.
        unit: `share` (of 1), `count`, `characters`, `per word`, `bits per character`, `log-odds`.
        direction: a document is bad when the value is `above` a maximum, `below` a minimum, or `outside` both.
        low, high: the metric's range; a threshold outside it is no threshold. None where it has no end.
        whole: whether it is a whole number (int32 in the sidecar; else float32, where NaN means that it cannot be said).
        group: what has to be computed together.
        source: paper.
    """

    what: str
    unit: str
    direction: Direction
    low: float
    high: float | None
    group: Group
    source: str
    whole: bool = False


def _share(what: str, direction: Direction, group: Group, source: str) -> Signal:
    return Signal(what, "share", direction, 0, 1, group, source)


def _count(what: str, direction: Direction, group: Group, source: str, unit: str = "count") -> Signal:
    return Signal(what, unit, direction, 0, None, group, source, whole=True)


def _top(n: int) -> Signal:
    return Signal(
        f"characters of the most frequent word {n}-gram, blanks between its words counted, times its count if "
        "that is above 1, over characters",
        "share",
        "above",
        0,
        None,
        "gopher_repetition",
        GOPHER,
    )


def _duplicate(n: int) -> Signal:
    what = f"characters of word {n}-grams that stood earlier in the text, none counted twice, over characters"
    return _share(what, "above", "gopher_repetition", GOPHER)


def _known(what: str) -> Signal:
    # an upper bound of a share may pass 1
    return Signal(f"{what}, upper bound; NaN without a model", "share", "below", 0, 2, "reference", PANGLOT)


SIGNALS: dict[str, Signal] = {
    "characters": _count("code points", "outside", "size", PANGLOT, "characters"),
    "words": _count("words", "outside", "size", GOPHER),
    "lines": _count("lines that hold more than white space", "outside", "size", PANGLOT),
    "paragraphs": _count("blocks of lines between empty lines", "outside", "size", PANGLOT),
    "mean_word_length": Signal(
        "characters a word, harakat and niqqud aside, mean", "characters", "outside", 0, None, "size", GOPHER
    ),
    "median_word_length": Signal(
        "characters a word, harakat and niqqud aside, median", "characters", "outside", 0, None, "size", PANGLOT
    ),
    "longest_word": _count("characters of the longest word, harakat and niqqud aside", "above", "size", PANGLOT, "characters"),
    "longest_run": _count("longest run of one character, white space apart", "above", "size", NLLB, "characters"),
    "hashes_per_word": Signal("number signs over words", "per word", "above", 0, None, "gopher_quality", GOPHER),
    "ellipses_per_word": Signal("ellipses (… or ...) over words", "per word", "above", 0, None, "gopher_quality", GOPHER),
    "bullet_line_share": _share("lines that begin with a bullet or a hyphen", "above", "gopher_quality", GOPHER),
    "ellipsis_line_share": _share("lines that end with an ellipsis", "above", "gopher_quality", GOPHER),
    "alphabetic_word_share": _share("words that hold a letter", "below", "gopher_quality", GOPHER),
    "stop_words_present": Signal(
        "different stop words of the language that occur; NaN without a list",
        "count",
        "below",
        0,
        None,
        "gopher_quality",
        GOPHER,
    ),
    "duplicate_line_share": _share("lines that stood earlier in the text", "above", "gopher_repetition", GOPHER),
    "duplicate_line_characters": _share(
        "characters of lines that stood earlier, over characters", "above", "gopher_repetition", GOPHER
    ),
    "duplicate_paragraph_share": _share("paragraphs that stood earlier in the text", "above", "gopher_repetition", GOPHER),
    "duplicate_paragraph_characters": _share(
        "characters of paragraphs that stood earlier, over characters", "above", "gopher_repetition", GOPHER
    ),
    **{f"top_{n}_gram_characters": _top(n) for n in (2, 3, 4)},
    **{f"duplicate_{n}_gram_characters": _duplicate(n) for n in (5, 6, 7, 8, 9, 10)},
    "punctuated_line_share": _share("lines that end with a sentence terminal of any script", "below", "fineweb", FINEWEB),
    "short_line_share": _share("lines of at most 30 characters", "above", "fineweb", FINEWEB),
    "repeated_line_characters": _share(
        "characters of lines that stood earlier, over characters that are no line breaks", "above", "fineweb", FINEWEB
    ),
    "newlines_per_word": Signal("line breaks over words", "per word", "above", 0, None, "fineweb", FINEWEB),
    "c4_line_share": _share("lines that C4 keeps: a terminal at the end, at least 3 words", "below", "c4", C4),
    "c4_sentences": _count("sentences on the lines that C4 keeps", "below", "c4", C4),
    "curly_brackets": _count("curly brackets, left ones", "above", "c4", C4),
    "lorem_ipsum": _count("occurrences of “lorem ipsum”", "above", "c4", C4),
    "javascript_line_share": _share("lines that hold “javascript”", "above", "c4", C4),
    "policy_line_share": _share(
        "lines that hold a phrase of the language's list of policy phrases; NaN without a list", "above", "c4", C4
    ),
    "character_repetition": _share(
        "occurrences of the min(√different, repeated) most frequent character 10-grams, over all", "above", "roots", ROOTS
    ),
    "word_repetition": _share("occurrences of word 5-grams that occur more than once, over all", "above", "roots", ROOTS),
    "special_characters": _share(
        "characters that are neither letters, marks, joiners nor white space, over characters", "above", "roots", ROOTS
    ),
    "stop_word_share": _share("words that are stop words of the language; NaN without a list", "below", "roots", ROOTS),
    "flagged_word_share": _share("words on the language's list of flagged words; NaN without a list", "above", "roots", ROOTS),
    "duplicate_bare_line_share": _share(
        "lines that stood earlier once punctuation and white space are left out", "above", "roots", GLOT500
    ),
    "sentences": _count("sentences", "outside", "madlad", MADLAD),
    "questionable_sentence_share": _share(
        "sentences that are lists of capitalised words, technical, too short, too long or cursed", "above", "madlad", MADLAD
    ),
    "technical_characters": _share("characters of 0-9 {}+/()> , over characters", "above", "madlad", MADLAD),
    "script_share": _share("letters of the language's script, over letters; NaN without a letter", "below", "damage", GLOT500),
    "digit_share": _share("digits of any script over characters", "above", "damage", NLLB),
    "punctuation_share": _share("punctuation over characters", "above", "damage", NLLB),
    "whitespace_share": _share("white space over characters", "outside", "damage", NLLB),
    "uppercase_share": _share("upper-case letters over letters that have case; NaN without any", "above", "damage", PANGLOT),
    "tabular_line_share": _share(
        "lines of at least three cells (short, parted by tabs, bars or wide gaps), or of which more than half is digits",
        "above",
        "damage",
        PANGLOT,
    ),
    "replacement_characters": _count("U+FFFD", "above", "damage", PANGLOT),
    "control_characters": _count(
        "control characters but tabs and line breaks, and lone surrogates", "above", "damage", PANGLOT
    ),
    "mojibake_share": _share(
        "characters inside runs that read as UTF-8 taken for CP1252 or Latin-1, over characters", "above", "damage", PANGLOT
    ),
    "character_fit": Signal(
        "gain of the language's character model over the same characters unordered, upper bound; NaN without a model",
        "bits per character",
        "below",
        -20,
        20,
        "reference",
        PANGLOT,
    ),
    "known_characters": _known("letters that the language's reference text knows"),
    "known_words": _known("words that the language's reference text knows"),
    "word_order": Signal(
        "log-odds of the order of the words against the same words shuffled, upper bound; NaN without a model",
        "log-odds",
        "below",
        -4,
        8,
        "reference",
        PANGLOT,
    ),
    "bits_per_byte": Signal(
        "log2 of the perplexity of a language model, by byte of UTF-8 (evaluation.document_bits)",
        "bits per byte",
        "above",
        0,
        None,
        "language_model",
        CCNET,
    ),
}
GROUPS: tuple[Group, ...] = tuple(dict.fromkeys(each.group for each in SIGNALS.values() if each.group != "language_model"))
"""What `corpus.signals` measures; `language_model` needs one, and is measured by `evaluation.document_bits`."""


def columns(groups: tuple[Group, ...] | None = None) -> list[str]:
    """Names of the signals of some groups, in the order of the table.

    Example:
        >>> columns(("fineweb",))
        ['punctuated_line_share', 'short_line_share', 'repeated_line_characters', 'newlines_per_word']
    """
    return [name for name, each in SIGNALS.items() if each.group in (GROUPS if groups is None else groups)]
