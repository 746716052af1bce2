"""Checking a recipe against the components, before anything is spent."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from panglot.artifacts import Artifact, InputError, did_you_mean
from panglot.recipes.components import Component, Parameter, find_component
from panglot.recipes.recipe import Recipe
from panglot.recipes.references import Reference, is_reference, references_in


@dataclass(frozen=True)
class PlannedStep:
    """A step whose parameters have been checked.

    Attributes:
        values: parameter to validated value; a reference, or a list of them, stays a `Reference`.
        seed: the step's seed.
    """

    name: str
    component: Component
    values: dict[str, Any]
    seed: int

    @property
    def references(self) -> list[Reference]:
        found: list[Reference] = []
        for value in self.values.values():
            items = value if isinstance(value, list) else [value]
            found.extend(each for each in items if isinstance(each, Reference))
        return found

    @property
    def plain(self) -> dict[str, Any]:
        """The parameters as JSON values, references as text."""
        return {name: self._plain(name, value) for name, value in self.values.items()}

    def arguments(self, artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
        """The parameters with the artifacts that references lead to."""
        return {name: _resolved(value, artifacts) for name, value in self.values.items()}

    def _plain(self, name: str, value: Any) -> Any:
        parameter = self.component.parameters[name]
        if not parameter.artifact_types:
            return parameter.plain(value)
        if isinstance(value, list):
            return [str(each) for each in value]
        return None if value is None else str(value)


def _resolved(value: Any, artifacts: Mapping[str, Artifact]) -> Any:
    if isinstance(value, list):
        return [_resolved(each, artifacts) for each in value]
    return value.resolve(artifacts) if isinstance(value, Reference) else value


def plan(recipe: Recipe) -> list[PlannedStep]:
    """Check names, parameters, types and references of all steps.

    Raises:
        InputError: the first thing that cannot work, with its line and a suggestion.
    """
    steps: list[PlannedStep] = []
    results: dict[str, type[Artifact]] = {}
    for name, written in recipe.steps.items():
        component = find_component(written.use, recipe.where("steps", name, "use"))
        known = component.parameters
        for key in written.parameters:
            if key not in known:
                raise InputError(
                    f"{written.use} has no parameter {key!r}",
                    where=f"step {name}; {recipe.where('steps', name, key)}",
                    fix=did_you_mean(key, known) or f"it has {', '.join(known)}",
                )
        values: dict[str, Any] = {}
        for key, parameter in known.items():
            where = f"step {name}; {recipe.where('steps', name, key)}"
            if key in written.parameters:
                values[key] = _value(parameter, written.parameters[key], results, where)
            elif parameter.required:
                raise InputError(f"{written.use} needs the parameter {key}", where=where, fix=f"{key}: {parameter.description}")
            else:
                values[key] = _default(parameter, where)
        steps.append(PlannedStep(name, component, values, recipe.seed if written.seed is None else written.seed))
        results[name] = component.returns
    return steps


def _default(parameter: Parameter, where: str) -> Any:
    if parameter.artifact_types or parameter.default is inspect.Parameter.empty:
        return parameter.default
    return parameter.validated(parameter.default, where)


def _value(parameter: Parameter, value: Any, results: dict[str, type[Artifact]], where: str) -> Any:
    if not parameter.artifact_types:
        if any(True for _ in references_in(value)):
            raise InputError(f"{parameter.name} takes {parameter.type_name}, not a reference", where=where)
        return parameter.validated(value, where)
    expected = " or ".join(each.__name__ for each in parameter.artifact_types)
    if value is None and type(None) in getattr(parameter.annotation, "__args__", ()):
        return None
    items = value if isinstance(value, list) else [value]
    if not items or not all(is_reference(each) for each in items):
        raise InputError(
            f"{parameter.name} takes the result of an earlier step ({expected}), not {value!r}", where=where, fix="write $name"
        )
    if isinstance(value, list) and not parameter.takes_list:
        raise InputError(f"{parameter.name} takes one {expected}, not a list", where=where)
    if not isinstance(value, list) and not parameter.takes_one:
        raise InputError(f"{parameter.name} takes a list of {expected}", where=where, fix=f"write [{value}]")
    references = [Reference.parse(each) for each in items]
    for each in references:
        found = each.type_in(results, where)
        if not issubclass(found, parameter.artifact_types):
            raise InputError(f"{parameter.name} takes {expected}, but {each} is {found.__name__}", where=where)
    return references if isinstance(value, list) else references[0]
