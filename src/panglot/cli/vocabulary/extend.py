"""`panglot vocabulary extend`."""

from typing import Annotated, Any

import typer

from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.vocabulary.surgery import InitialiseOption, ModelOption, OutOption, PadOption, SeedOption
from panglot.cli.vocabulary.texts import TextOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("extend")(extend_command)


def extend_command(
    model: ModelOption,
    out: OutOption,
    add: Annotated[int, typer.Option("--add", min=1, help="How many pieces.")],
    text: TextOption = None,
    retain: Annotated[
        list[str] | None,
        typer.Option("--retain", help="Text that should not notice, to be measured: eng=FILE; may be given again."),
    ] = None,
    initialise: InitialiseOption = None,
    minimum_count: Annotated[
        int, typer.Option("--minimum-count", min=1, help="How often a new piece must come up in the text.")
    ] = 2,
    any_script: Annotated[
        bool, typer.Option("--any-script", help="Pieces with letters of other scripts than the language's own too.")
    ] = False,
    pad_to: PadOption = None,
    seed: SeedOption = 17,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add pieces for a language to a model's vocabulary, with a row for each; every old id and row stays."""
    from panglot.cli.vocabulary.surgery import method_value, run_surgery
    from panglot.cli.vocabulary.texts import text_files
    from panglot.recipes.recipe import Recipe, StepRecipe

    steps = {
        "base": StepRecipe("models.load", {"name": model}),
        "text": StepRecipe("corpus.read_text", {"files": text_files(text)}),
    }
    extension: dict[str, Any] = {"model": "$base", "text": "$text", "add": add, **method_value(initialise)}
    if retain:
        steps["retained"] = StepRecipe("corpus.read_text", {"files": text_files(retain, "--retain")})
        extension["retain"] = "$retained"
    if minimum_count != 2:
        extension["minimum_count"] = minimum_count
    if any_script:
        extension["scripts"] = "any"
    if pad_to:
        extension["pad_to_multiple_of"] = pad_to
    steps["extended"] = StepRecipe("vocabulary.extend", extension)
    recipe = Recipe(name="extend-vocabulary", seed=seed, title=f"Add {add:,} pieces to {model}", steps=steps)
    run_surgery(recipe, out, dry_run=dry_run, quiet=quiet, as_json=as_json)
