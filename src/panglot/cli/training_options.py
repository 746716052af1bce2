"""Options that the commands which train share."""

from typing import Annotated, Any

import typer
import yaml

from panglot.artifacts import InputError

ObjectiveOption = Annotated[
    str | None,
    typer.Option(
        "--objective", help="mlm, clm, span, ul2, tlm, …; several, with weights: mlm:0.7,tlm:0.3.", show_default=False
    ),
]
BudgetOption = Annotated[
    str | None, typer.Option("--budget", help="2h, 50M-tokens, 3-epochs or 1000-steps; derived without it.", show_default=False)
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="A parameter of training.language_model: learning_rate=3e-4; may be given again."),
]


def objective_of(said: str | None) -> str | None:
    """The value of `--objective` as a recipe takes it.

    Raises:
        InputError: a name is unknown, or no model can learn them together.

    Example:
        >>> objective_of("mlm:0.7, tlm:0.3"), objective_of(None)
        ('mlm:0.7,tlm:0.3', None)
    """
    if said is None:
        return None
    from panglot.objectives.objective import parse_objectives

    parse_objectives(said)
    return "".join(said.split())


def settings_of(said: list[str] | None) -> dict[str, Any]:
    """The values of `--set` by name.

    Raises:
        InputError: one is not of the form NAME=VALUE.

    Example:
        >>> settings_of(["steps=300", "schedule=cosine"])
        {'steps': 300, 'schedule': 'cosine'}
    """
    found: dict[str, Any] = {}
    for each in said or []:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise InputError(
                f"{each!r} is not of the form NAME=VALUE", where="--set", fix="for example --set learning_rate=3e-4"
            )
        try:
            found[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(f"{value!r} is no value of YAML", where=f"--set {name}") from None
    return found
