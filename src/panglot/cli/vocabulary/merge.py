"""`panglot vocabulary merge`."""

from typing import Annotated, Any

import typer

from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.vocabulary.surgery import InitialiseOption, ModelOption, OutOption, PadOption, SeedOption
from panglot.cli.vocabulary.texts import TextOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("merge")(merge_command)


def merge_command(
    model: ModelOption,
    out: OutOption,
    other: Annotated[str, typer.Option("--with", help="The other tokenizer: a folder, a model's name, or a hub id.")],
    text: TextOption = None,
    initialise: InitialiseOption = None,
    pad_to: PadOption = None,
    seed: SeedOption = 17,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add the pieces of another tokenizer to a model's vocabulary, with a row for each; every old id and row stays."""
    from panglot.cli.vocabulary.surgery import method_value, run_surgery
    from panglot.cli.vocabulary.texts import text_files
    from panglot.recipes.recipe import Recipe, StepRecipe

    steps = {
        "base": StepRecipe("models.load", {"name": model}),
        "other": StepRecipe("vocabulary.load", {"name": other}),
    }
    merging: dict[str, Any] = {"model": "$base", "other": "$other", **method_value(initialise)}
    if text:
        steps["text"] = StepRecipe("corpus.read_text", {"files": text_files(text)})
        merging["text"] = "$text"
    if pad_to:
        merging["pad_to_multiple_of"] = pad_to
    steps["merged"] = StepRecipe("vocabulary.merge", merging)
    recipe = Recipe(name="merge-vocabularies", seed=seed, title=f"Merge the pieces of {other} into {model}", steps=steps)
    run_surgery(recipe, out, dry_run=dry_run, quiet=quiet, as_json=as_json)
