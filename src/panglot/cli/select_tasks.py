"""`panglot tasks select`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import JsonOption, QuietOption, ShowRecipeOption


def register(app: typer.Typer) -> None:
    """Add the command to those of `panglot tasks`."""
    from panglot.cli.tasks import tasks_app

    tasks_app.command("select")(select_command)


def select_command(
    runs: Annotated[
        list[str], typer.Argument(help="Finished runs of panglot evaluate, one a model or checkpoint.", metavar="RUN…")
    ],
    systems: Annotated[str | None, typer.Option("--systems", help="What each run is of: a,b,b. [default: its model]")] = None,
    trained: Annotated[
        str | None, typer.Option("--trained", help="Steps or tokens of each run, for checkpoints: 1000,2000,4000.")
    ] = None,
    agreement: Annotated[
        float, typer.Option("--agreement", min=0.01, max=1, help="How well the chosen tasks must keep the order (Spearman).")
    ] = 0.95,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the recipe.")] = 17,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/select).")] = None,
    show_recipe: ShowRecipeOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Which tasks tell models or checkpoints apart, and how few of them keep the order of all."""
    from panglot.cli.running import run_and_show
    from panglot.recipes.recipe import Recipe, StepRecipe

    given: dict[str, Any] = {"runs": runs}
    given |= {"systems": [each.strip() for each in systems.split(",")]} if systems else {}
    given |= {"trained": [_amount(each) for each in trained.split(",")]} if trained else {}
    given |= {"agreement": agreement} if agreement != 0.95 else {}
    recipe = Recipe(
        name="select",
        seed=seed,
        title=f"Tasks that tell {len(runs)} runs apart",
        description="Say which tasks give signal, and how few of them would do.",
        steps={
            "selection": StepRecipe("evaluation.select_tasks", given),
            "report": StepRecipe("report.selection_page", {"results": "$selection"}),
        },
    )
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    run_and_show(recipe, out or Path("runs") / recipe.name, dry_run=False, quiet=quiet, as_json=as_json, verify=False)


def _amount(said: str) -> float:
    """Steps or tokens.

    Example:
        >>> _amount(" 2000"), _amount("1e9")
        (2000.0, 1000000000.0)
    """
    try:
        return float(said)
    except ValueError:
        raise InputError(f"{said!r} is no amount of training", where="--trained", fix="numbers, one a run: 1000,2000") from None
