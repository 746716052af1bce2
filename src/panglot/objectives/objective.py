"""All objectives, and which one a model was made for. Adding one: its file, and one line in the list here."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from panglot.models.folder import ModelFolder
from panglot.objectives.clm import CausalLM
from panglot.objectives.mlm import MaskedLM


def _spelled_out(said: Any) -> Any:
    return {"objective": said} if isinstance(said, str) else said


Objective = Annotated[
    Annotated[
        CausalLM  # the order is that of the reference page
        | MaskedLM,
        Field(discriminator="objective"),
    ],
    BeforeValidator(_spelled_out),
]
"""An objective by name (`mlm`), or with its parameters (`{objective: mlm, share: 0.3}`)."""


def objective_for(folder: ModelFolder) -> CausalLM | MaskedLM:
    """What a model was made for, as its configuration says: text is continued, or hidden tokens are predicted."""
    return CausalLM() if folder.generates else MaskedLM()
