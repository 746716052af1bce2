"""Phrases of Japanese, Chinese and Thai with BudouX, small models without a dictionary."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "budoux", "budoux"
LANGUAGES = {"jpn": "japanese", "cmn": "simplified_chinese", "zho": "simplified_chinese", "tha": "thai"}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Pieces of the model of a language."""
    import budoux

    parse: Callable[[str], list[str]] = getattr(budoux, f"load_default_{language}_parser")().parse
    return parse
