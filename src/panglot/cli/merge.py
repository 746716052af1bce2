"""`panglot merge`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.artifacts import InputError, did_you_mean
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, ShowRecipeOption, VerifyOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("merge")(merge_command)


def merge_command(
    models: Annotated[list[str], typer.Argument(help="Models: folders, or names as panglot takes them everywhere.")],
    method: Annotated[
        str, typer.Option("--method", help="linear, slerp, arithmetic, ties or dare; the last three need --base.")
    ] = "linear",
    weights: Annotated[
        str | None, typer.Option("--weights", help="One a model: 1,0.5. 1 each without; arithmetic takes negative ones.")
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="The model that all others began as.")] = None,
    density: Annotated[
        float | None, typer.Option("--density", help="ties, dare: share of what changed that stays (0.2, 0.1).")
    ] = None,
    then: Annotated[str | None, typer.Option("--then", help="dare: linear or ties with what stays.")] = None,
    vocabulary: Annotated[
        str,
        typer.Option("--vocabulary", help="same, or shared: merge rows of common tokens, the others are the first model's."),
    ] = "same",
    corpus: Annotated[
        list[str] | None,
        typer.Option("--corpus", help="Held-out text to measure all models with: FOLDER, files, hsb=FILE; may be given again."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="What dare draws from.")] = 17,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/NAME).")] = None,
    dry_run: DryRunOption = False,
    show_recipe: ShowRecipeOption = False,
    verify: VerifyOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Merge models of one architecture without training, and say how far apart they lie."""
    from panglot.adaptation.merging.methods import METHODS
    from panglot.cli.corpus.folders import documents_steps
    from panglot.cli.running import run_and_show
    from panglot.recipes.merge import Merge, merge_recipe

    if method not in METHODS:
        fix = did_you_mean(method, METHODS) or f"there are {', '.join(METHODS)}"
        raise InputError(f"there is no method {method!r}", where="--method", fix=fix)
    if vocabulary not in ("same", "shared"):
        raise InputError(f"there is no {vocabulary!r}", where="--vocabulary", fix="there are same and shared")
    recipe = merge_recipe(
        Merge(
            models=models,
            method=_method(method, density, then),
            base=base,
            weights=parse_weights(weights),
            vocabulary=vocabulary,
            text=documents_steps(corpus, "corpus", option="--corpus") if corpus else {},
            seed=seed,
        )
    )
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    run_and_show(recipe, out or Path("runs") / recipe.name, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)


def parse_weights(said: str | None) -> list[float]:
    """Numbers with commas between them.

    Example:
        >>> parse_weights("1,-0.5"), parse_weights(None)
        ([1.0, -0.5], [])
    """
    try:
        return [float(each) for each in said.split(",")] if said else []
    except ValueError:
        raise InputError(f"these are no weights: {said}", where="--weights", fix="for example --weights 1,0.5") from None


def _method(name: str, density: float | None, then: str | None) -> Any:
    said = {"density": density, "then": then}
    known = {"ties": ("density",), "dare": ("density", "then")}.get(name, ())
    for each, value in said.items():
        if value is not None and each not in known:
            raise InputError(f"{name} has no {each}", where=f"--{each}", fix="leave it out, or take another --method")
    given = {each: value for each, value in said.items() if value is not None}
    return {"method": name, **given} if given else name
