"""`panglot judge`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.evaluate import endpoint_of
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, ShowRecipeOption, VerifyOption
from panglot.cli.training_options import settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("judge")(judge_command)


def judge_command(
    runs: Annotated[
        list[str], typer.Argument(help="Finished runs of panglot evaluate on the same items, or their steps.", metavar="RUN…")
    ],
    model: Annotated[str | None, typer.Option("--model", help="The judge: embedded:NAME, a folder, or a hub id.")] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Instead of --model: NAME@http://127.0.0.1:8000/v1.")
    ] = None,
    chat: Annotated[bool, typer.Option("--chat", help="With --endpoint: ask by /chat/completions.")] = False,
    scores: Annotated[bool, typer.Option("--scores", help="Score each answer from 1 to 5, one run or more.")] = False,
    references: Annotated[bool, typer.Option("--references", help="Show the judge the task's right answer as well.")] = False,
    labels: Annotated[
        str | None, typer.Option("--labels", help="What people said of the same answers: a JSON Lines file.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Which, where a run has several.")] = None,
    data: Annotated[str | None, typer.Option("--data", help="Where the task's data is now, if it was moved.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="More of the protocol: template=FILE, max_new_tokens=…")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")] = 17,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/judge).")] = None,
    dry_run: DryRunOption = False,
    show_recipe: ShowRecipeOption = False,
    verify: VerifyOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let a language model judge written answers: two runs head to head in both orders, or scores; and how far people agree."""
    from panglot.cli.running import run_and_show
    from panglot.recipes.judge import Judgement, judgement_recipe

    if (model is None) == (endpoint is None):
        raise InputError("one of --model and --endpoint is needed", fix="give one of them")
    how = {**({"references": True} if references else {}), **settings_of(changes)}
    given = (("labels", labels), ("task", task), ("data", data), ("how", how or None))
    settings: dict[str, Any] = {name: value for name, value in given if value is not None}
    recipe = judgement_recipe(Judgement(runs, model, endpoint_of(endpoint, chat), scores, settings, seed))
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    run_and_show(recipe, out or Path("runs") / recipe.name, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)
