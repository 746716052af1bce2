"""`panglot vocabulary trim`."""

from typing import Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.vocabulary.surgery import ModelOption, OutOption, PadOption, SeedOption
from panglot.cli.vocabulary.texts import TextOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("trim")(trim_command)


def trim_command(
    model: ModelOption,
    out: OutOption,
    keep: Annotated[
        str | None, typer.Option("--keep", help="Languages: eng,swh,hin. Without --text: what their scripts write.")
    ] = None,
    text: TextOption = None,
    size: Annotated[
        int | None, typer.Option("--size", min=1, help="How many tokens may stay; the frequent ones first.")
    ] = None,
    minimum_count: Annotated[int, typer.Option("--minimum-count", min=1, help="A piece must come up so often.")] = 2,
    scripts: Annotated[str | None, typer.Option("--scripts", help="Scripts to keep: Latn,Deva.")] = None,
    pad_to: PadOption = None,
    seed: SeedOption = 17,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Keep the pieces and rows that some languages, a text or a size ask for; no row changes."""
    from panglot.cli.vocabulary.surgery import run_surgery
    from panglot.cli.vocabulary.texts import text_files
    from panglot.languages import Language
    from panglot.recipes.recipe import Recipe, StepRecipe

    if not (keep or text or size or scripts):
        raise InputError("nothing says what to keep", fix="give --keep, --text, --size or --scripts")
    tags = [Language.parse(each).tag for each in (keep or "").split(",") if each.strip()]
    steps = {"base": StepRecipe("models.load", {"name": model})}
    trimming: dict[str, Any] = {"model": "$base"}
    if text:
        steps["text"] = StepRecipe("corpus.read_text", {"files": text_files(text)})
        trimming["text"] = "$text"
    if tags:
        trimming["languages"] = tags
    if scripts:
        trimming["scripts"] = [each.strip().title() for each in scripts.split(",") if each.strip()]
    if minimum_count != 2:
        trimming["minimum_count"] = minimum_count
    if size:
        trimming["size"] = size
    if pad_to:
        trimming["pad_to_multiple_of"] = pad_to
    steps["trimmed"] = StepRecipe("vocabulary.trim", trimming)
    for_what = _described([Language(each).name for each in tags], trimming.get("scripts", []), size, text=bool(text))
    recipe = Recipe(name="trim-vocabulary", seed=seed, title=f"Trim {model} to {for_what}", steps=steps)
    run_surgery(recipe, out, dry_run=dry_run, quiet=quiet, as_json=as_json)


def _described(languages: list[str], scripts: list[str], size: int | None, *, text: bool) -> str:
    """What is kept, in words.

    Example:
        >>> _described(["Swahili"], ["Latn"], 9000, text=True), _described([], [], None, text=True)
        ('Swahili, what is written in Latn, at most 9,000 tokens', 'what the text holds')
    """
    said = [", ".join(languages) or ("what the text holds" if text else "")]
    said += [f"what is written in {', '.join(scripts)}" if scripts else "", f"at most {size:,} tokens" if size else ""]
    return ", ".join(each for each in said if each)
