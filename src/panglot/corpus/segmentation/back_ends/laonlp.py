"""Lao words with LaoNLP."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "laonlp", "laonlp"
LANGUAGES = {"lao": ""}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Words by maximal matching with LaoNLP's dictionary."""
    from laonlp.tokenize import word_tokenize

    cut: Callable[[str], list[str]] = word_tokenize
    return cut
