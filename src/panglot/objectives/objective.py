"""All objectives, and which one a model was made for. Adding one: its file, and one line in the list here."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from panglot.objectives.clm import CausalLM
from panglot.objectives.contract import LanguageObjective
from panglot.objectives.mlm import MaskedLM

if TYPE_CHECKING:
    from panglot.objectives.example import Architecture

OBJECTIVES: tuple[type[LanguageObjective], ...] = (
    CausalLM,  # the order is that of the reference page
    MaskedLM,
)


def _spelled_out(said: Any) -> Any:
    return {"objective": said} if isinstance(said, str) else said


Objective = Annotated[
    Annotated[
        CausalLM | MaskedLM,
        Field(discriminator="objective"),
    ],
    BeforeValidator(_spelled_out),
]
"""An objective by name (`mlm`), or with its parameters (`{objective: mlm, share: 0.3}`)."""


def usual_objective(architecture: "Architecture") -> LanguageObjective:
    """What models of an architecture are usually trained with."""
    return MaskedLM() if architecture == "encoder" else CausalLM()
