"""A recipe: a name, a seed, and steps in order, each a component with its parameters."""

import re
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from panglot.artifacts import ERROR_BUDGET, Engine, InputError, did_you_mean
from panglot.recipes import document
from panglot.recipes.document import Document

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_KEYS = ("name", "title", "description", "seed", "engine", "error_budget", "steps")


@dataclass(frozen=True)
class StepRecipe:
    """One step as written: the component's name, its parameters, and a seed of its own if it has one."""

    use: str
    parameters: dict[str, Any]
    seed: int | None = None


@dataclass(frozen=True)
class Recipe:
    """A recipe as written; [`plan`][panglot.recipes.plan.plan] checks it against the components.

    Attributes:
        name: letters, digits and hyphens; names the run folder.
        title: a line for people.
        description: what it does and why.
        seed: the one seed from which every step draws.
        steps: name to step, in order.
        document: where each value stands in the file.
        engine: who does the heavy work; no part of any step's key.
        error_budget: share of the documents of a step that may be quarantined before the run stops; no part of any key.
    """

    name: str
    steps: dict[str, StepRecipe]
    seed: int = 17
    title: str = ""
    description: str = ""
    document: Document = field(default_factory=lambda: Document("recipe", None), compare=False, repr=False)
    engine: Engine | None = None
    error_budget: float = ERROR_BUDGET

    def to_yaml(self) -> str:
        """The recipe as a file."""
        head: dict[str, Any] = {"name": self.name, "title": self.title, "description": self.description}
        steps = {
            name: {"use": step.use, **step.parameters, **({"seed": step.seed} if step.seed is not None else {})}
            for name, step in self.steps.items()
        }
        filled = {key: value for key, value in head.items() if value}
        if self.engine is not None:
            filled["engine"] = self.engine.as_value()
        if self.error_budget != ERROR_BUDGET:
            filled["error_budget"] = self.error_budget
        return document.dump({**filled, "seed": self.seed}) + "steps:\n" + _indented(steps)

    def where(self, *path: str | int) -> str:
        return self.document.where(*path)


def _indented(steps: dict[str, dict[str, Any]]) -> str:
    text = "".join(document.dump({name: body}) for name, body in steps.items())
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())


def from_document(found: Document) -> Recipe:
    """Check the outer form of a recipe.

    Raises:
        InputError: an unknown or missing key, a wrong type; names the line.
    """
    value = found.value
    if not isinstance(value, dict):
        raise InputError("a recipe is a mapping with the keys name, seed and steps", where=found.source)
    for key in value:
        if key not in _KEYS:
            raise InputError(
                f"unknown key {key!r}", where=found.where(key), fix=did_you_mean(key, _KEYS) or f"known: {', '.join(_KEYS)}"
            )
    name = value.get("name") or re.sub(r"[^a-z0-9]+", "-", Path(found.source).stem.lower()).strip("-") or "recipe"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"the name {name!r} is not usable", where=found.where("name"), fix="use letters a-z, digits and hyphens"
        )
    seed = value.get("seed", 17)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise InputError(f"seed must be a whole number from 0 to 2^32 - 1, not {seed!r}", where=found.where("seed"))
    budget = value.get("error_budget", ERROR_BUDGET)
    if not isinstance(budget, int | float) or isinstance(budget, bool) or not 0 <= budget <= 1:
        raise InputError(f"error_budget must be a share from 0 to 1, not {budget!r}", where=found.where("error_budget"))
    for key in ("title", "description"):
        if not isinstance(value.get(key, ""), str):
            raise InputError(f"{key} must be text", where=found.where(key))
    steps = value.get("steps")
    if not isinstance(steps, dict) or not steps:
        raise InputError("a recipe needs at least one step under the key steps", where=found.where("steps"))
    return Recipe(
        name=name,
        seed=seed,
        title=value.get("title", ""),
        description=value.get("description", "").strip(),
        steps={each: _step(found, each, body) for each, body in steps.items()},
        document=found,
        engine=None if value.get("engine") is None else Engine.parse(value["engine"], where=found.where("engine")),
        error_budget=float(budget),
    )


def _step(found: Document, name: str, body: Any) -> StepRecipe:
    where = found.where("steps", name)
    if not _NAME.fullmatch(name):
        raise InputError(f"the step name {name!r} is not usable", where=where, fix="use letters a-z, digits, _ and -")
    if not isinstance(body, dict) or not isinstance(body.get("use"), str):
        raise InputError(
            f"step {name} must be a mapping with the key use", where=where, fix=f"{name}: {{use: room.component, ...}}"
        )
    seed = body.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32):
        raise InputError(f"seed must be a whole number, not {seed!r}", where=found.where("steps", name, "seed"))
    parameters = {key: value for key, value in body.items() if key not in ("use", "seed")}
    return StepRecipe(body["use"], parameters, seed)


def load(name_or_path: str) -> Recipe:
    """A recipe from a file, or a built-in one by its name."""
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or path.exists():
        return from_document(document.read(path))
    return from_document(document.parse(builtin_text(name_or_path), f"built-in recipe {name_or_path}"))


def builtin_names() -> list[str]:
    """Names of the built-in recipes."""
    folder = resources.files("panglot.recipes") / "builtin"
    return sorted(each.name.removesuffix(".yaml") for each in folder.iterdir() if each.name.endswith(".yaml"))


def builtin_text(name: str) -> str:
    """The text of a built-in recipe.

    Raises:
        InputError: there is none of that name; suggests near ones.
    """
    names = builtin_names()
    if name not in names:
        hint = did_you_mean(name, names)
        raise InputError(
            f"{name!r} is neither a recipe file nor a built-in recipe", fix=hint or f"built in: {', '.join(names)}"
        )
    return (resources.files("panglot.recipes") / "builtin" / f"{name}.yaml").read_text(encoding="utf-8")


def with_overrides(recipe: Recipe, overrides: list[str]) -> Recipe:
    """Apply `step.parameter=value` (values as in the file), or `seed=N`.

    Raises:
        InputError: not of that form, or no such step.
    """
    steps, seed = dict(recipe.steps), recipe.seed
    for each in overrides:
        target, equals, text = each.partition("=")
        path = target.split(".", 1)
        value = document.parse(text, f"override {target}").value if equals else None
        if equals and path == ["seed"] and isinstance(value, int):
            seed = value
            continue
        if not equals or len(path) != 2:
            raise InputError(
                f"{each!r} is no override", fix="write step.parameter=value, for example tuned.epochs=3, or seed=18"
            )
        name, parameter = path
        if name not in steps:
            hint = did_you_mean(name, steps)
            raise InputError(f"the recipe has no step {name!r}", where=each, fix=hint or f"it has {', '.join(steps)}")
        old = steps[name]
        if parameter == "seed" and isinstance(value, int):
            steps[name] = StepRecipe(old.use, old.parameters, value)
        else:
            steps[name] = StepRecipe(old.use, {**old.parameters, parameter: value}, old.seed)
    return Recipe(
        recipe.name, steps, seed, recipe.title, recipe.description, recipe.document, recipe.engine, recipe.error_budget
    )
