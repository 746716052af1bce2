"""`panglot corpus deduplicate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.running import AddressOption, EngineOption, WorkersOption, engine_of

if TYPE_CHECKING:
    from panglot.recipes.recipe import Recipe
    from panglot.recipes.runner import RunOutcome


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("deduplicate")(deduplicate_command)


def deduplicate_command(
    folder: Annotated[Path, typer.Argument(help="A corpus: a run folder, a step's folder, or files.")],
    out: Annotated[Path, typer.Option("--out", help="The run folder; what is kept is in OUT/steps/deduplicated.")],
    exact: Annotated[bool, typer.Option("--exact", help="Only equal texts, case, spaces and punctuation apart.")] = False,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0, max=1, help="Least Jaccard similarity. [default: 0.75]")
    ] = None,
    keep: Annotated[str, typer.Option("--keep", help="Which of each cluster: first or longest.")] = "first",
    across: Annotated[bool, typer.Option("--across", help="Across languages too.")] = False,
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="Index of older documents; may be given several times.")
    ] = None,
    index: Annotated[str | None, typer.Option("--index", help="Make an index of what is kept, of this name.")] = None,
    passages: Annotated[
        int | None, typer.Option("--passages", min=2, help="First take lines out that stand in so many documents.")
    ] = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Keep one document of each cluster of near duplicates; what is dropped stays beside it, with the reason."""
    from panglot.cli.console import Screen
    from panglot.cli.running import show_plan
    from panglot.recipes.runner import preview, run

    if exact and threshold is not None:
        raise InputError("equal texts have no threshold", where="--threshold", fix="leave out --exact or --threshold")
    finding: dict[str, Any] = {"across": True} if across else {}
    if threshold is not None:
        finding["threshold"] = threshold
    recipe = recipe_of(folder, finding, exact=exact, keep=keep, against=against or [], index=index, passages=passages)
    if dry_run:
        show_plan(recipe, preview(recipe, out), as_json=as_json)
        return
    with Screen(quiet=quiet or as_json) as screen:
        screen.say(f"{recipe.title}\nrun folder: {out}")
        chosen = engine_of(engine, workers, address)
        outcome = run(recipe, out, listener=screen.listener, on_step=screen.step, engine=chosen)
        screen.summary(outcome.steps)
    _show(outcome, as_json=as_json)


def recipe_of(
    folder: Path,
    finding: dict[str, Any],
    *,
    exact: bool,
    keep: str,
    against: list[Path],
    index: str | None,
    passages: int | None,
) -> "Recipe":
    """The recipe that the flags say.

    Raises:
        InputError: the folder holds no documents, or a flag says something impossible.
    """
    from panglot.cli.corpus.folders import documents_step
    from panglot.recipes.recipe import Recipe, StepRecipe

    if keep not in ("first", "longest"):
        raise InputError(f"of a cluster the first or the longest is kept, not {keep!r}", where="--keep")
    kind = "exact" if exact else "near"
    across = {"across": True} if finding.get("across") else {}
    steps = {"text": documents_step(folder)}
    last = "$text"
    if passages:
        steps["passages"] = StepRecipe("corpus.repeated_passages", {"of": last, "documents": passages, **across})
        last = "$passages"
    given: dict[str, Any] = {"of": last, **finding}
    for number, each in enumerate(against, start=1):
        steps[f"index_{number}"] = StepRecipe("corpus.existing_index", {"folder": str(each)})
        given.setdefault("against", []).append(f"$index_{number}")
    steps["duplicates"] = StepRecipe(f"corpus.{kind}_duplicates", given)
    steps["deduplicated"] = StepRecipe("corpus.deduplicate", {"of": last, "clusters": "$duplicates", "keep": keep})
    if index:
        making = {"of": "$deduplicated", "name": index, "kind": kind, **across}
        steps["index"] = StepRecipe("corpus.duplicate_index", making)
    return Recipe(name="deduplicate", title=f"Deduplicate {folder}", steps=steps)


def _show(outcome: "RunOutcome", *, as_json: bool) -> None:
    from panglot.cli.console import output, print_json

    figures = {each.name: each.manifest.figures if each.manifest else {} for each in outcome.steps}
    kept = outcome.artifacts["deduplicated"].folder
    made = outcome.artifacts["index"].folder if "index" in outcome.artifacts else None
    if as_json:
        print_json(
            {"run": str(outcome.folder), "documents": str(kept), "index": str(made) if made else None, "figures": figures}
        )
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("language")
    for heading in ("documents", "repeated", "kept"):
        table.add_column(heading, justify="right")
    found = figures["deduplicated"]["by_language"]
    for tag, said in found.items():
        table.add_row(tag, f"{said['in']:,}", f"{sum(said['dropped'].values()):,}", f"{said['kept']:,}")
    console = output()
    console.print(table)
    said = figures["duplicates"]["documents"]
    console.print(f"{said['clusters']:,} clusters of several documents, the largest of {said['largest_cluster']:,}")
    console.print(f"documents  {kept}", soft_wrap=True)
    console.print(f"dropped    {kept / 'dropped'}", soft_wrap=True)
    if made:
        console.print(f"index      {made}", soft_wrap=True)
