"""`panglot vocabulary compare`."""

from pathlib import Path
from typing import Annotated

import typer

from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, ShowRecipeOption
from panglot.cli.vocabulary.surgery import ModelOption, SeedOption, check_folder
from panglot.cli.vocabulary.texts import TextOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(compare_command)


def compare_command(
    model: ModelOption,
    text: TextOption = None,
    methods: Annotated[str, typer.Option("--methods", help="all, or names: random,mean,subword_mean,focus.")] = "all",
    retain: Annotated[
        list[str] | None,
        typer.Option("--retain", help="Text of languages that the model knows: measured, and compared with by WECHSEL, OFA."),
    ] = None,
    dictionary: Annotated[Path | None, typer.Option("--dictionary", help="Word pairs for WECHSEL: old TAB new.")] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="The language of the report, and of texts that do not say theirs.")
    ] = None,
    add: Annotated[int, typer.Option("--add", min=1, help="How many pieces to add.")] = 1000,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Training steps of each arm.")] = 100,
    measure_after: Annotated[str, typer.Option("--measure-after", help="Further steps to measure after: 10,30.")] = "",
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=20, help="Trainings of each arm.")] = 3,
    test: Annotated[float, typer.Option("--test", min=0, help="Documents of each language held out, or their share.")] = 200,
    batch_bytes: Annotated[int, typer.Option("--batch-bytes", min=64, help="Bytes of text in a step.")] = 16384,
    sequence_length: Annotated[int, typer.Option("--sequence-length", min=8, help="Most tokens in a row.")] = 128,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="Peak learning rate.")] = 1e-4,
    no_control: Annotated[
        bool, typer.Option("--no-control", help="Leave out the arm without extension, which shows what extension is worth.")
    ] = False,
    seed: SeedOption = 17,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/compare-vocabulary).")] = None,
    dry_run: DryRunOption = False,
    show_recipe: ShowRecipeOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare initialisations on one model and text: bits per byte before any step and after training, with seeds."""
    from panglot.artifacts import InputError
    from panglot.cli.running import run_and_show
    from panglot.cli.vocabulary.texts import text_files
    from panglot.languages import Language
    from panglot.recipes.vocabulary_compare import Comparison, comparison_recipe

    try:
        further = [int(each) for each in measure_after.split(",") if each.strip()]
    except ValueError:
        raise InputError(f"{measure_after!r} is no list of numbers", where="--measure-after", fix="for example 10,30") from None
    named = [each.strip() for each in methods.split(",") if each.strip()]
    if not named:
        raise InputError("no method is named", where="--methods", fix="for example --methods random,mean,focus, or all")
    if dictionary is not None and not dictionary.expanduser().is_file():
        raise InputError("there is no such file", where=f"--dictionary {dictionary}")
    wanted = Comparison(
        model=model,
        texts=text_files(text),
        methods=[] if named == ["all"] else named,
        retain=text_files(retain, "--retain") if retain else [],
        dictionary=str(dictionary) if dictionary else None,
        language=Language.parse(language) if language else None,
        add=add,
        steps=steps,
        measure_after=further,
        seeds=seeds,
        test=test,
        batch_bytes=batch_bytes,
        sequence_length=sequence_length,
        learning_rate=learning_rate,
        seed=seed,
        extension=not no_control,
    )
    recipe = comparison_recipe(wanted)
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    folder = out or Path("runs") / recipe.name
    check_folder(folder, recipe)
    run_and_show(recipe, folder, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=False)
