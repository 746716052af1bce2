"""Tibetan words with botok."""

from collections.abc import Callable, Sequence
from pathlib import Path

from panglot.artifacts import InputError

PACKAGE, INSTALL = "botok", "botok"
LANGUAGES = {"bod": "general"}
_DIALECTS = Path("~/Documents/pybo/dialect_packs").expanduser()


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Tokens of the dialect pack; botok would fetch the pack by itself, so it has to be there."""
    import botok

    if not (_DIALECTS / language).is_dir():
        raise InputError("botok has no dialect pack yet", where=_DIALECTS, fix="run botok once with a network")
    tokenizer = botok.WordTokenizer()
    return lambda text: [each.text for each in tokenizer.tokenize(text)]
