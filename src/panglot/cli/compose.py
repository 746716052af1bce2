"""`panglot compose`."""

from pathlib import Path
from typing import Annotated

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, ShowRecipeOption, VerifyOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compose")(compose_command)


def compose_command(
    base: Annotated[str, typer.Option("--base", help="The model that the adapters were trained in: a folder or a name.")],
    language_adapter: Annotated[
        list[str] | None,
        typer.Option("--language-adapter", help="A folder with a language's adapter; given again, several become one."),
    ] = None,
    task_adapter: Annotated[
        list[str] | None,
        typer.Option("--task-adapter", help="A folder with a task's adapter, put above; given again, the next one up."),
    ] = None,
    how: Annotated[str, typer.Option("--how", help="Several language adapters: average, ensemble, or stack.")] = "average",
    weights: Annotated[str | None, typer.Option("--weights", help="Of several language adapters: 0.7,0.3.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/composed).")] = None,
    dry_run: DryRunOption = False,
    show_recipe: ShowRecipeOption = False,
    verify: VerifyOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put adapters that were trained apart into one model: the language below, the task above.

    Zero-shot transfer is the adapter of the target language below the adapter that was trained above another one's.
    """
    from panglot.cli.running import run_and_show
    from panglot.recipes.compose import compose_recipe

    if how not in ("average", "ensemble", "stack"):
        raise InputError(f"nothing is called {how!r}", where="--how", fix="there are average, ensemble and stack")
    recipe = compose_recipe(base, language_adapter or [], task_adapter or [], how=how, weights=_numbers(weights))
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    folder = out or Path("runs") / "composed"
    run_and_show(recipe, folder, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)


def _numbers(said: str | None) -> list[float] | None:
    if said is None:
        return None
    try:
        return [float(each) for each in said.split(",")]
    except ValueError:
        raise InputError(f"{said!r} are no numbers", where="--weights", fix="for example --weights 0.7,0.3") from None
