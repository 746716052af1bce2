"""Runs a recipe: steps in order, each kept when nothing that it depends on has changed."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from panglot import __version__
from panglot.artifacts import (
    ERROR_BUDGET,
    Artifact,
    Engine,
    InputError,
    Listener,
    Manifest,
    Silent,
    check_outside_of,
    digest_value,
    discard_partial,
    discard_scratch,
    interruption,
    is_whole,
    locked,
    outside_of,
    read_manifest,
    step_folder,
    translated_storage_errors,
    without_effect_of,
    write_file,
)
from panglot.recipes.plan import PlannedStep, plan
from panglot.recipes.processes import several, together_with_the_others
from panglot.recipes.publish import publish, unpublish
from panglot.recipes.recipe import Recipe
from panglot.recipes.references import Reference
from panglot.recipes.step_error import StepError as StepError
from panglot.recipes.step_error import naming

State = Literal["kept", "ran", "to run", "after a change"]
RUN_FILE = "run.json"
FORMAT = 1


@dataclass(frozen=True)
class StepOutcome:
    """What became of a step: kept as it was, run, or (in a dry run) to be run."""

    name: str
    component: str
    state: State
    manifest: Manifest | None = None

    @property
    def digest(self) -> str:
        return self.manifest.digest if self.manifest else ""


@dataclass
class RunOutcome:
    """A finished run: its folder, its steps, and the artifacts that they gave."""

    folder: Path
    steps: list[StepOutcome] = field(default_factory=list)
    artifacts: dict[str, Artifact] = field(default_factory=dict)

    @property
    def ran(self) -> list[StepOutcome]:
        return [each for each in self.steps if each.state == "ran"]


def run(
    recipe: Recipe,
    folder: Path,
    *,
    listener: Listener | None = None,
    on_step: "OnStep | None" = None,
    verify: bool = False,
    engine: Engine | None = None,
) -> RunOutcome:
    """Run a recipe in a folder. Safe to interrupt at any moment: the same call completes it.

    A step is kept when its manifest carries the same key (component, parameters, digests of inputs, what it reads from
    outside, seed, version) and its outputs are whole; else it is run, into a folder beside, which takes the step's place in
    one rename.

    Args:
        recipe: what to run.
        folder: the run folder; made if absent.
        listener: shows progress.
        on_step: called before each step with its number, the count of steps and the step.
        verify: read every byte of the kept steps again, not just sizes and small files.
        engine: who does the heavy work, instead of the recipe's engine; the outputs are the same for each.

    Of several processes (`torchrun`) the first does this; the others do their part of the steps that are done together, and
    end here.

    Raises:
        InputError: the recipe cannot work, or a newer Panglot wrote the folder.
        BusyError: another process works in this folder.
        StepError: a step cannot use its input.
    """
    planned = plan(recipe)
    check_outside(planned)
    with several(planned, folder), locked(folder), translated_storage_errors(folder), _workers():
        steps_folder = folder / "steps"
        discard_partial(steps_folder)
        discard_partial(folder)
        discard_scratch(steps_folder, names={step.name for step in planned})
        _check_format(folder)
        write_file(folder / "recipe.yaml", recipe.to_yaml())
        outcome = RunOutcome(folder)
        for number, step in enumerate(planned, start=1):
            interruption.end_if_asked()
            if on_step is not None:
                on_step(number, len(planned), step)
            outcome.steps.append(
                _run_step(
                    step,
                    steps_folder / step.name,
                    outcome.artifacts,
                    listener or Silent(),
                    verify=verify,
                    engine=engine or recipe.engine,
                    error_budget=recipe.error_budget,
                    before_running=partial(unpublish, folder),
                )
            )
            outcome.artifacts[step.name] = step.component.returns(steps_folder / step.name)
        interruption.end_if_asked()
        publish(outcome.folder, planned, outcome.artifacts, changed=bool(outcome.ran))
        if outcome.ran or not (folder / RUN_FILE).is_file():
            write_file(folder / RUN_FILE, _summary(recipe, outcome))
    return outcome


def preview(recipe: Recipe, folder: Path) -> RunOutcome:
    """What `run` would do, step by step, without doing it. A step behind one that will run is marked `after a change`."""
    planned = plan(recipe)
    check_outside(planned)
    _check_format(folder)
    outcome = RunOutcome(folder)
    changed: set[str] = set()
    for step in planned:
        place = folder / "steps" / step.name
        if any(each.step in changed for each in step.references):
            state: State = "after a change"
            manifest = None
        else:
            manifest = _kept(step, place, outcome.artifacts, _outside(step), verify=False)
            state = "kept" if manifest else "to run"
        if state == "kept":
            outcome.artifacts[step.name] = step.component.returns(place)
        else:
            changed.add(step.name)
        outcome.steps.append(StepOutcome(step.name, step.component.name, state, manifest))
    return outcome


def run_step_alone(
    recipe: Recipe, place: Path, *, listener: Listener | None = None, engine: Engine | None = None
) -> StepOutcome:
    """Run a recipe of one step whose folder is `place` itself: what single commands are made of."""
    (step,) = plan(recipe)
    with several([step], place.parent, alone=place), locked(place.parent), _workers():
        chosen = engine or recipe.engine
        return _run_step(step, place, {}, listener or Silent(), engine=chosen, error_budget=recipe.error_budget)


class OnStep(Protocol):
    """Called before each step."""

    def __call__(self, number: int, count: int, step: PlannedStep) -> None: ...


def _run_step(
    step: PlannedStep,
    place: Path,
    artifacts: dict[str, Artifact],
    listener: Listener,
    *,
    verify: bool = False,
    engine: Engine | None = None,
    error_budget: float = ERROR_BUDGET,
    before_running: Callable[[], None] = lambda: None,
) -> StepOutcome:
    with naming(step.name):
        outside = _outside(step)
        manifest = _kept(step, place, artifacts, outside, verify=verify)
        if manifest is not None:
            discard_scratch(place.parent, name=place.name)
            return StepOutcome(step.name, step.component.name, "kept", manifest)
        before_running()
        arguments = step.arguments(artifacts)
        kind = step.component.returns
        with (
            step_folder(
                place,
                component=step.component.name,
                kind=f"{kind.__module__}:{kind.__qualname__}",
                parameters=step.plain,
                inputs={str(each): each.resolve(artifacts).digest for each in step.references} | outside,
                key=_key(step, artifacts, outside),
                seed=step.seed,
                listener=listener,
                volatile=kind.volatile,
                engine=engine,
                error_budget=error_budget,
            ) as handle,
            together_with_the_others(step, handle),
        ):
            step.component.function(**arguments, step=handle)
    return StepOutcome(step.name, step.component.name, "ran", read_manifest(place))


@contextmanager
def _workers() -> Iterator[None]:
    """Workers are kept from step to step, and end with the run."""
    try:
        yield
    finally:
        if "panglot.corpus.engine" in sys.modules:
            sys.modules["panglot.corpus.engine"].close()


def _kept(
    step: PlannedStep, place: Path, artifacts: dict[str, Artifact], outside: dict[str, str], *, verify: bool
) -> Manifest | None:
    manifest = read_manifest(place)
    if manifest is None or manifest.key != _key(step, artifacts, outside):
        return None
    return manifest if is_whole(place, manifest, read_all=verify) else None


def check_outside(planned: list[PlannedStep]) -> None:
    """Raise where a step is going to miss something outside of the run, before any step is run."""
    for step in planned:
        check = check_outside_of(step.component.function)
        if check is not None:
            with naming(step.name):
                check(**step.values)


def _outside(step: PlannedStep) -> dict[str, str]:
    found = outside_of(step.component.function)
    return dict(found(**step.values)) if found else {}


def _key(step: PlannedStep, artifacts: dict[str, Artifact], outside: dict[str, str]) -> str:
    unimportant = without_effect_of(step.component.function)
    parameters = {
        name: _digests(value, artifacts) if step.component.parameters[name].artifact_types else step.plain[name]
        for name, value in step.values.items()
        if name not in unimportant
    }
    return digest_value(
        {
            "component": step.component.name,
            "parameters": parameters,
            "outside": outside,
            "seed": step.seed,
            "panglot": __version__,
        }
    )


def _digests(value: Any, artifacts: dict[str, Artifact]) -> Any:
    if isinstance(value, list):
        return [_digests(each, artifacts) for each in value]
    return value.resolve(artifacts).digest if isinstance(value, Reference) else value


def _check_format(folder: Path) -> None:
    try:
        said = json.loads((folder / RUN_FILE).read_bytes())
    except (OSError, ValueError):
        return
    number = said.get("format") if isinstance(said, dict) else None
    if isinstance(number, int) and number > FORMAT:
        raise InputError(
            f"a newer Panglot wrote this run (format {number}, this one knows {FORMAT})",
            where=folder,
            fix="upgrade panglot, or choose another folder with --out",
        )


def _summary(recipe: Recipe, outcome: RunOutcome) -> str:
    said = {
        "format": FORMAT,
        "panglot": __version__,
        "recipe": recipe.name,
        "seed": recipe.seed,
        "steps": {each.name: {"component": each.component, "digest": each.digest} for each in outcome.steps},
    }
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"
