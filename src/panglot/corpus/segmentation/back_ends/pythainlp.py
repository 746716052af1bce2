"""Thai words with PyThaiNLP's maximal matching inside character clusters (newmm)."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "pythainlp", "pythainlp"
LANGUAGES = {"tha": "newmm"}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Words of an engine, spaces kept, so that places are those of the text."""
    from pythainlp.tokenize import word_tokenize

    return lambda text: word_tokenize(text, engine=language, keep_whitespace=True)
