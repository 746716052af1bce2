"""Running a surgery on a model in a run folder, and showing what came of it: shared by `extend`, `trim` and `merge`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.console import Screen, output, print_json

if TYPE_CHECKING:
    from panglot.recipes.recipe import Recipe
    from panglot.recipes.runner import RunOutcome

ModelOption = Annotated[str, typer.Option("--model", help="A folder, embedded:e5-small, or a hub id.")]
InitialiseOption = Annotated[
    str | None,
    typer.Option(
        "--initialise",
        help="How new rows are made: subword_mean (the default), mean, focus, wechsel, ofa, …, or {method: focus, …}.",
    ),
]
PadOption = Annotated[
    int | None,
    typer.Option("--pad-to", min=1, help="Round the number of rows up to a multiple of this: 64 for tensor parallelism."),
]
OutOption = Annotated[Path, typer.Option("--out", help="The run folder; the model is in OUT/model.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Where all randomness comes from.")]

_MOST_LANGUAGES = 12


def method_value(said: str | None) -> dict[str, Any]:
    """The parameter `initialise` of a recipe: nothing where nothing is said.

    Example:
        >>> method_value("focus"), method_value("{method: focus, dimension: 300}")
        ({'initialise': 'focus'}, {'initialise': {'method': 'focus', 'dimension': 300}})
    """
    if said is None:
        return {}
    from panglot.recipes.document import parse

    return {"initialise": parse(said, "--initialise").value}


def run_surgery(recipe: "Recipe", folder: Path, *, dry_run: bool, quiet: bool, as_json: bool) -> None:
    """Run a recipe whose last step gives the model; print a table and the paths, or one JSON object.

    Raises:
        InputError: the folder holds something else.
    """
    from panglot.cli.running import show_plan
    from panglot.recipes.runner import preview, run

    check_folder(folder, recipe)
    _check_apart(folder, str(recipe.steps["base"].parameters["name"]))
    if dry_run:
        show_plan(recipe, preview(recipe, folder), as_json=as_json)
        return
    with Screen(quiet=quiet or as_json) as screen:
        screen.say(f"{recipe.title}\nrun folder: {folder}")
        outcome = run(recipe, folder, listener=screen.listener, on_step=screen.step)
        screen.summary(outcome.steps)
    if as_json:
        print_json(_as_object(outcome))
    else:
        _show(outcome)


def check_folder(folder: Path, recipe: "Recipe") -> None:
    """Refuse a folder that holds something else than a run of this recipe.

    Raises:
        InputError: it is a file, or it holds other files.
    """
    if folder.is_file():
        raise InputError("this is a file, not a folder", where=f"--out {folder}")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    try:
        held = json.loads((folder / "run.json").read_bytes())["recipe"]
    except (OSError, ValueError, KeyError, TypeError):
        # a run that was interrupted has its recipe and steps, and no summary yet
        held = _recipe_in(folder) or (recipe.name if (folder / ".lock").is_file() else None)
    if held != recipe.name:
        what = "files of another kind" if held is None else f"a run of {held}"
        raise InputError(
            f"the folder is in use: it holds {what}", where=f"--out {folder}", fix="choose another folder with --out"
        )


def _recipe_in(folder: Path) -> str | None:
    from panglot.recipes.recipe import load

    try:
        return load(str(folder / "recipe.yaml")).name
    except InputError:
        return None


def _check_apart(folder: Path, model: str) -> None:
    """A run inside the model's folder would change the model that it reads."""
    place = Path(model).expanduser()
    if place.is_dir() and folder.resolve().is_relative_to(place.resolve()):
        raise InputError(
            "the run folder lies inside the model's folder", where=f"--out {folder}", fix="choose another folder with --out"
        )


def _as_object(outcome: "RunOutcome") -> dict[str, Any]:
    last = outcome.steps[-1]
    return {
        "run": str(outcome.folder),
        "model": str(outcome.folder / "model"),
        "figures": last.manifest.figures if last.manifest else {},
        "notes": last.manifest.notes if last.manifest else [],
        "steps": {
            each.name: {"component": each.component, "state": each.state, "digest": each.digest} for each in outcome.steps
        },
    }


def _show(outcome: "RunOutcome") -> None:
    from rich.table import Table
    from rich.text import Text

    manifest = outcome.steps[-1].manifest
    figures = manifest.figures if manifest else {}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(("", "before", "after", "change", "")):
        table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    for name, label, form in (
        ("pieces", "pieces", ",d"),
        ("parameters", "parameters", ",d"),
        ("disk_mib", "MiB on disk", ",.1f"),
    ):
        if name in figures:
            _row(table, label, figures[name], form)
    for group, label in (("languages", "tokens per character"), ("retained", "retained")):
        for tag, said in list(figures.get(group, {}).items())[:_MOST_LANGUAGES]:
            _row(table, f"{label}, {tag}", said["tokens_per_character"], ".3f", more=f"{said['changed']:.1%} of texts change")
            if "unknown" in said:
                _row(table, f"unknown tokens, {tag}", said["unknown"], ".1%", change=False)
    console = output()
    console.print()
    console.print(table)
    if (made := figures.get("initialise")) and (added := figures.get("tokens", {}).get("added")):
        console.print(Text(f"{added:,} new rows, made by {made['method']}"))
    if agreement := figures.get("agreement"):
        said = f"cosine {agreement['mean']:.4f} on average, {agreement['worst']:.4f} at worst, {agreement['texts']} texts"
        console.print(Text(f"sentence vectors against those of the model before: {said}"))
    for each in manifest.notes if manifest else []:
        console.print(Text(each))
    console.print()
    console.print(f"model    {outcome.folder / 'model'}", soft_wrap=True)
    console.print(f"recipe   {outcome.folder / 'recipe.yaml'}", soft_wrap=True)


def _row(table: Any, label: str, said: dict[str, float], form: str, more: str = "", *, change: bool = True) -> None:
    before, after = said["before"], said["after"]
    relative = f"{after / before - 1:+.1%}" if before and change else ""
    table.add_row(label, format(before, form), format(after, form), relative, *([more] if more else []))
