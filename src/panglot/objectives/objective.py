"""All objectives, and which one a model was made for."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from panglot.artifacts import InputError, did_you_mean
from panglot.objectives.clm import CausalLM
from panglot.objectives.contract import LanguageObjective
from panglot.objectives.mbart import MultilingualDenoising
from panglot.objectives.mixture import Mixture
from panglot.objectives.mlm import MaskedLM
from panglot.objectives.single import SINGLE, OneOf
from panglot.objectives.span import SpanCorruption

if TYPE_CHECKING:
    from panglot.objectives.example import Architecture, Tokens

OBJECTIVES: tuple[type[LanguageObjective], ...] = (*SINGLE, Mixture)


def _spelled_out(said: Any) -> Any:
    return _parts_of(said) if isinstance(said, str) else said


def _parts_of(text: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for each in text.split(","):
        name, colon, weight = each.strip().partition(":")
        if not name.strip():
            raise ValueError(f"a name is missing in {text!r}")
        try:
            parts.append({"objective": name.strip(), **({"weight": float(weight)} if colon else {})})
        except ValueError:
            raise ValueError(f"{weight.strip()!r} is no weight, in {text!r}") from None
    if len(parts) == 1:
        return {"objective": parts[0]["objective"]}
    return {"objective": "mixture", "parts": parts}


Objective = Annotated[Annotated[OneOf | Mixture, Field(discriminator="objective")], BeforeValidator(_spelled_out)]
"""An objective by name (`mlm`), with its parameters (`{objective: mlm, share: 0.3}`), or several (`mlm:0.7,tlm:0.3`)."""


def parse_objectives(text: str) -> LanguageObjective:
    """What people type: `mlm`, or `mlm,tlm` (evenly mixed), or `mlm:0.7,tlm:0.3`.

    Args:
        text: names of objectives, with their weights.

    Raises:
        InputError: a name is unknown, a weight is none, or no model can learn them together.

    Example:
        >>> parse_objectives("mlm").objective, parse_objectives("mlm:0.7, tlm:0.3").weights
        ('mlm', (0.7, 0.3))
    """
    names = [str(each.model_fields["objective"].default) for each in SINGLE]
    try:
        said = _parts_of(text)
        for each in [part["objective"] for part in said.get("parts", [said])]:
            if each not in names:
                fix = did_you_mean(each, names) or f"there are {', '.join(names)}"
                raise InputError(f"no objective is called {each}", where="objective", fix=fix)
        found: LanguageObjective = TypeAdapter[Any](Objective).validate_python(said)
    except ValidationError as error:
        raise InputError(error.errors()[0]["msg"].removeprefix("Value error, "), where="objective") from None
    except ValueError as error:
        raise InputError(str(error), where="objective") from None
    return found


def usual_objective(architecture: "Architecture", tokens: "Tokens | None" = None) -> LanguageObjective:
    """What models of an architecture are usually trained with.

    Args:
        architecture: how the model reads.
        tokens: facts of its tokenizer; an encoder-decoder without sentinels denoises as mBART does.
    """
    if architecture == "seq2seq":
        return MultilingualDenoising() if tokens is not None and not tokens.sentinels else SpanCorruption()
    return MaskedLM() if architecture == "encoder" else CausalLM()
