"""Which language a text is in: Panglot's own identifier, and others behind the same interface."""

from typing import TYPE_CHECKING

from panglot.artifacts import lazy_names

if TYPE_CHECKING:
    from panglot.corpus.identification.guessing import Guess, Guesses, Identifier, identifier

__all__ = ["Guess", "Guesses", "Identifier", "identifier"]

__getattr__ = lazy_names(
    __name__, {"Guess": "guessing", "Guesses": "guessing", "Identifier": "guessing", "identifier": "guessing"}
)
