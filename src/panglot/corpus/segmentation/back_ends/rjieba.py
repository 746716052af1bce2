"""Chinese words with jieba-rs, the same dictionary as jieba's, quicker."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "rjieba", "rjieba"
LANGUAGES = {"cmn": "", "zho": ""}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Words of the accurate mode, with the model for unknown words."""
    import rjieba

    cut: Callable[[str], list[str]] = rjieba.cut
    return cut
