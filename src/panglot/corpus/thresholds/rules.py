"""Which signals are held against a threshold, what the threshold is for English, and how it is carried to another language."""

from dataclasses import dataclass
from typing import Literal

Side = Literal["min", "max"]
Method = Literal["quantile", "mean_sd", "tail", "median_ratio", "fixed"]


SHUFFLED = 2.3
"""Standard errors by which the order of a text has to beat that of its words shuffled: 99 of 100 shuffled texts stay below."""


@dataclass(frozen=True)
class Rule:
    """One bound on one signal.

    Attributes:
        signal: column of the signals table.
        side: whether the bound is a least or a greatest value.
        method: how it is carried from English to another language; `tail` takes no English value.
        english: the published value for English.
        tightest: a bound is never tighter than this, whatever the reference text says; None for no such limit.
        tightest_of_units: the same where words are not written apart, and units of one or a few signs are counted as words.
        finds: whether planted noise may set the bound; not where clean text of another matter differs as much.
    """

    signal: str
    side: Side
    method: Method
    english: float | None = None
    tightest: float | None = None
    tightest_of_units: float | None = None
    finds: bool = True

    @property
    def name(self) -> str:
        """Signal and side."""
        return f"{self.signal}:{self.side}"


# English values: Gopher (Rae et al. 2021) and FineWeb (Penedo et al. 2024), as FineWeb2 uses them. Which method goes with
# which: FineWeb2's published numbers are quantiles of observed values for lines and letters, and affine maps for repetition.
# Clean reference text repeats next to nothing, and the affine map alone would forbid all repetition: hence `tightest`.
RULES: tuple[Rule, ...] = (
    Rule("duplicate_line_share", "max", "mean_sd", 0.30, 0.30),
    Rule("repeated_line_characters", "max", "fixed", 0.10),
    *(Rule(f"top_{n}_gram_characters", "max", "mean_sd", t, t) for n, t in ((2, 0.20), (3, 0.18), (4, 0.16))),
    *(
        Rule(f"duplicate_{n}_gram_characters", "max", "mean_sd", t, t)
        for n, t in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    ),
    Rule("punctuated_line_share", "min", "quantile", 0.12, 0.5),
    # how long lines are is a matter of the page: verses and short sentences may each have one
    Rule("newlines_per_word", "max", "quantile", 0.30, 0.12, 0.06),
    Rule("mean_word_length", "min", "quantile", 3, finds=False),
    Rule("mean_word_length", "max", "quantile", 10, finds=False),
    Rule("alphabetic_word_share", "min", "quantile", 0.80, 0.8, finds=False),
    Rule("stop_words_present", "min", "fixed", 2, finds=False),
    Rule("words", "min", "median_ratio", 50, 50, finds=False),
    Rule("hashes_per_word", "max", "fixed", 0.1),
    Rule("ellipses_per_word", "max", "fixed", 0.1),
    Rule("bullet_line_share", "max", "fixed", 0.9),
    Rule("ellipsis_line_share", "max", "fixed", 0.3),
    Rule("character_repetition", "max", "tail", None, 0.1),
    Rule("digit_share", "max", "tail", None, 0.1, finds=False),
    Rule("special_characters", "max", "tail", None, 0.15, finds=False),
    Rule("tabular_line_share", "max", "tail", None, 0.7),
    Rule("short_line_share", "max", "tail", None, 0.3),
    Rule("mojibake_share", "max", "tail", None, 0.05),
    Rule("control_characters", "max", "fixed", 5),
    Rule("replacement_characters", "max", "fixed", 5),
    Rule("script_share", "min", "tail", None, 0.7),
    Rule("character_fit", "min", "tail"),
    Rule("known_characters", "min", "tail", None, 0.8),
    Rule("known_words", "min", "tail"),
    Rule("word_order", "min", "fixed", SHUFFLED, finds=False),
)
LEARNED = ("character_fit", "known_characters", "known_words", "word_order")
"""Signals of the reference model: held-out text is scored by a model that has not seen its source."""
