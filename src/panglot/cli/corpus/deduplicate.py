"""`panglot corpus deduplicate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.artifacts import InputError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("deduplicate")(deduplicate_command)


def deduplicate_command(
    documents: Annotated[Path, typer.Argument(help="Folder of documents, or a file or folder of text.")],
    out: Annotated[Path, typer.Option("--out", help="Run folder; the result is OUT/steps/deduplicated.")],
    exact: Annotated[bool, typer.Option("--exact", help="Only equal texts, case, spaces and punctuation apart.")] = False,
    against: Annotated[list[Path] | None, typer.Option("--against", help="Index of older documents; may be repeated.")] = None,
    index: Annotated[str | None, typer.Option("--index", help="Make an index of what is kept, of this name.")] = None,
    keep: Annotated[str, typer.Option("--keep", help="Of each cluster: first, or longest.")] = "first",
    across: Annotated[bool, typer.Option("--across", help="Across languages too.")] = False,
    threshold: Annotated[float, typer.Option("--threshold", min=0, max=1, help="Least Jaccard similarity.")] = 0.75,
    passages: Annotated[
        int | None, typer.Option("--passages", min=2, help="First take lines out that stand in so many documents.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes (default: every core).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Keep one document of each cluster of near duplicates; what is dropped is kept beside, with the reason."""
    from panglot.cli.console import Screen, output, print_json
    from panglot.cli.running import show_plan
    from panglot.recipes.recipe import Recipe, StepRecipe
    from panglot.recipes.runner import preview, run

    if keep not in ("first", "longest"):
        raise InputError(f"keep must be first or longest, not {keep!r}", where="--keep")
    kind: dict[str, Any] = {"across": True} if across else {}
    steps = {"documents": StepRecipe("corpus.open_documents", {"folder": str(documents)})}
    last = "$documents"
    if passages:
        steps["passages"] = StepRecipe("corpus.repeated_passages", {"of": last, "documents": passages, **kind})
        last = "$passages"
    given: dict[str, Any] = {"of": last, **kind}
    if not exact:
        given["threshold"] = threshold
    for number, each in enumerate(against or []):
        steps[f"index_{number}"] = StepRecipe("corpus.open_index", {"folder": str(each)})
        given.setdefault("against", []).append(f"$index_{number}")
    steps["duplicates"] = StepRecipe("corpus.exact_duplicates" if exact else "corpus.near_duplicates", given)
    steps["deduplicated"] = StepRecipe("corpus.deduplicate", {"of": last, "clusters": "$duplicates", "keep": keep})
    if index:
        making = {"of": "$deduplicated", "name": index, "kind": "exact" if exact else "near", **kind}
        steps["index"] = StepRecipe("corpus.duplicate_index", making)
    recipe = Recipe(name="deduplicate", title=f"Deduplicate {documents}", steps=steps)
    _ = (workers, Screen, output, print_json, show_plan, preview, run, out, dry_run, quiet, as_json, recipe)
