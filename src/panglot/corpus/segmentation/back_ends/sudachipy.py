"""Japanese short units with Sudachi."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "sudachipy", "sudachipy sudachidict-small"
LANGUAGES = {"jpn": "small"}
# Sudachi takes at most 49,149 bytes at a time.
_LONGEST = 12_000


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Surfaces in the shortest mode (A)."""
    from sudachipy import Dictionary, SplitMode

    dictionary = Dictionary(dict=language)
    tokenizer = dictionary.create(mode=SplitMode.A)

    def cut(text: str) -> list[str]:
        parts = (text[first : first + _LONGEST] for first in range(0, len(text), _LONGEST))
        return [each.surface() for part in parts for each in tokenizer.tokenize(part)]

    return cut
