"""Published filters as data: which signal may be how large, and what is said of a document for which it is not so.

The values are those of the papers, for English. Another language has its own (`corpus.thresholds`); a value that is not given
there is the paper's.
"""

from dataclasses import dataclass
from typing import Literal

RuleSet = Literal["gopher_quality", "gopher_repetition", "fineweb", "fineweb2", "c4", "roots", "glot500", "madlad", "damage"]
Side = Literal["min", "max"]


@dataclass(frozen=True)
class Rule:
    """One bound on one signal.

    Attributes:
        signal: name of the signal.
        side: whether the value is the least or the greatest that is allowed.
        value: the published value, for English where it depends on the language; 0 is a value like any other.
        reason: why a document is dropped, in the words of what it is.
    """

    signal: str
    side: Side
    value: float
    reason: str


def _most(signal: str, value: float, reason: str) -> Rule:
    return Rule(signal, "max", value, reason)


def _least(signal: str, value: float, reason: str) -> Rule:
    return Rule(signal, "min", value, reason)


# Gopher: Rae et al. 2021, table A1. FineWeb: Penedo et al. 2024. FineWeb2 (2025) leaves short lines and paragraphs out and
# allows ten times the repeated characters. C4: Raffel et al. 2020. ROOTS: Laurençon et al. 2022, the values for all languages
# without their own. Glot500: SF1 to SF4 with the values of ROOTS, SF5 inside a document. MADLAD: Kudugunta et al. 2023.
_GRAMS = [
    *(_most(f"top_{n}_gram_characters", value, f"frequent_{n}_gram") for n, value in ((2, 0.20), (3, 0.18), (4, 0.16))),
    *(
        _most(f"duplicate_{n}_gram_characters", value, f"duplicate_{n}_grams")
        for n, value in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    ),
]
_DUPLICATE_LINES = _most("duplicate_line_share", 0.3, "duplicate_lines")
_FEW_PUNCTUATED_LINES = _least("punctuated_line_share", 0.12, "few_punctuated_lines")
_MANY_LINE_BREAKS = _most("newlines_per_word", 0.3, "many_line_breaks")
_GOPHER_QUALITY = [
    _least("words", 50, "few_words"),
    _most("words", 100_000, "many_words"),
    _least("mean_word_length", 3, "short_words"),
    _most("mean_word_length", 10, "long_words"),
    _most("hashes_per_word", 0.1, "many_hashes"),
    _most("ellipses_per_word", 0.1, "many_ellipses"),
    _most("bullet_line_share", 0.9, "bullet_lines"),
    _most("ellipsis_line_share", 0.3, "ellipsis_lines"),
    _least("alphabetic_word_share", 0.8, "few_alphabetic_words"),
    _least("stop_words_present", 2, "few_stop_words"),
]

RULES: dict[str, list[Rule]] = {
    "gopher_repetition": [
        _most("duplicate_paragraph_share", 0.3, "duplicate_paragraphs"),
        _most("duplicate_paragraph_characters", 0.2, "duplicate_paragraph_characters"),
        _DUPLICATE_LINES,
        _most("duplicate_line_characters", 0.2, "duplicate_line_characters"),
        *_GRAMS,
    ],
    "fineweb": [
        _FEW_PUNCTUATED_LINES,
        _most("short_line_share", 0.67, "short_lines"),
        _most("repeated_line_characters", 0.01, "repeated_line_characters"),
        _MANY_LINE_BREAKS,
    ],
    "gopher_quality": _GOPHER_QUALITY,
    "fineweb2": [
        _DUPLICATE_LINES,
        *_GRAMS,
        _FEW_PUNCTUATED_LINES,
        _most("repeated_line_characters", 0.1, "repeated_line_characters"),
        _MANY_LINE_BREAKS,
        *_GOPHER_QUALITY,
    ],
    "c4": [
        _most("curly_brackets", 0, "curly_brackets"),
        _most("lorem_ipsum", 0, "lorem_ipsum"),
        _least("c4_sentences", 5, "few_sentences"),
    ],
    "roots": [
        _least("words", 10, "few_words"),
        _most("character_repetition", 0.2, "repeated_characters"),
        _most("word_repetition", 0.3, "repeated_words"),
        _most("special_characters", 0.4, "special_characters"),
        _least("stop_word_share", 0.1, "small_share_of_stop_words"),
        _most("flagged_word_share", 0.1, "flagged_words"),
    ],
    "glot500": [
        _most("character_repetition", 0.2, "repeated_characters"),
        _most("word_repetition", 0.3, "repeated_words"),
        _most("special_characters", 0.4, "special_characters"),
        _least("words", 10, "few_words"),
        _most("duplicate_bare_line_share", 0.3, "duplicate_bare_lines"),
    ],
    "madlad": [
        _least("sentences", 5, "few_sentences"),
        _most("questionable_sentence_share", 0.2, "questionable_sentences"),
    ],
    "damage": [
        _most("replacement_characters", 5, "replacement_characters"),
        _most("control_characters", 5, "control_characters"),
        _most("mojibake_share", 0.05, "mojibake"),
        _least("script_share", 0.5, "other_script"),
    ],
}


def reason_for(signal: str, side: Side) -> str:
    """The published reason for a bound, or one made of the signal's name.

    Example:
        >>> reason_for("stop_words_present", "min"), reason_for("word_order", "min")
        ('few_stop_words', 'word_order_low')
    """
    known = (each.reason for rules in RULES.values() for each in rules if (each.signal, each.side) == (signal, side))
    return next(known, f"{signal}_{'low' if side == 'min' else 'high'}")
