"""Khmer words with khmercut, a conditional random field."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "khmercut", "khmercut"
LANGUAGES = {"khm": ""}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Tokens of the packaged model."""
    import khmercut

    cut: Callable[[str], list[str]] = khmercut.tokenize
    return cut
