"""Chinese words with jieba."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "jieba", "jieba"
LANGUAGES = {"cmn": "", "zho": ""}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Words of the accurate mode, with the model for unknown words."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    cut: Callable[[str], list[str]] = jieba.lcut
    return cut
