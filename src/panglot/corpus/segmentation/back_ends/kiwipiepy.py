"""Korean morphemes with Kiwi."""

from collections.abc import Callable, Sequence
from itertools import pairwise

PACKAGE, INSTALL = "kiwipiepy", "kiwipiepy"
LANGUAGES = {"kor": ""}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """The text cut where a morpheme starts; morphemes that share a syllable stay together."""
    import kiwipiepy

    kiwi = kiwipiepy.Kiwi(num_workers=1)

    def cut(text: str) -> list[str]:
        places = sorted({0, *(each.start for each in kiwi.tokenize(text)), len(text)})
        return [text[first:last] for first, last in pairwise(places)]

    return cut
