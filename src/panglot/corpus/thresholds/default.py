"""The thresholds that come with the package."""

from functools import cache
from pathlib import Path

from panglot.corpus.thresholds.artifact import Thresholds

FOLDER = Path(__file__).parent / "packaged"


@cache
def shipped() -> Thresholds:
    """Thresholds and text of some 450 languages, from the Universal Declaration of Human Rights by `tools/build_thresholds.py`.

    One short text of law a language is little: the bounds are wide, and finding shuffled words is beyond many of them.
    Whoever has other clean text in a language should estimate with it (`panglot corpus thresholds`).

    Example:
        >>> found = shipped().of("swh_Latn")
        >>> found.origin, "na" in found.stop_words
        ('language', True)
    """
    return Thresholds(FOLDER)
