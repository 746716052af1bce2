"""Japanese short units with fugashi (MeCab) and UniDic."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "fugashi", "fugashi unidic-lite"
LANGUAGES = {"jpn": ""}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Surfaces of MeCab's best path."""
    import fugashi
    import unidic_lite  # noqa: F401

    tagger = fugashi.Tagger(language)
    return lambda text: [each.surface for each in tagger(text)]
