"""All methods of initialisation. Adding one: its file, and one line in each of the two lists here."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from panglot.vocabulary.initialise.mean import Mean
from panglot.vocabulary.initialise.random import Random


def _spelled_out(said: Any) -> Any:
    return {"method": said} if isinstance(said, str) else said


Initialise = Annotated[
    Annotated[
        Random  # the order is that of the reference page
        | Mean,
        Field(discriminator="method"),
    ],
    BeforeValidator(_spelled_out),
]
"""A method by name (`focus`), or with its parameters (`{method: focus, dimension: 300}`)."""
