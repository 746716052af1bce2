"""`panglot vocabulary report`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.vocabulary.surgery import SeedOption
from panglot.cli.vocabulary.texts import TextOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report_command)


def report_command(
    model: Annotated[
        list[str],
        typer.Option("--model", help="A model or tokenizer: embedded:NAME, a folder, a hub id. Again: to be compared."),
    ],
    text: TextOption = None,
    more: Annotated[list[str] | None, typer.Argument(help="More texts for --text.", metavar="[TEXT]...")] = None,
    reference: Annotated[str, typer.Option("--reference", help="The language whose price is 1.")] = "eng",
    parallel: Annotated[
        bool | None,
        typer.Option(
            "--parallel/--not-parallel",
            help="Whether the n-th documents of all languages say the same (default: look).",
            show_default=False,
        ),
    ] = None,
    price_in: Annotated[float | None, typer.Option("--price-in", min=0, help="Money for a million tokens read.")] = None,
    price_out: Annotated[float | None, typer.Option("--price-out", min=0, help="Money for a million tokens written.")] = None,
    currency: Annotated[str, typer.Option("--currency", help="How the money is called.")] = "USD",
    context: Annotated[int | None, typer.Option("--context", min=1, help="Tokens that fit in the window.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many documents of each language.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/vocabulary-report).")] = None,
    seed: SeedOption = 17,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure what each language pays in a tokenizer: tokens per word, per character, against English, in money."""
    from panglot.cli.running import run_and_show
    from panglot.cli.vocabulary.texts import text_files
    from panglot.languages import Language
    from panglot.recipes.recipe import Recipe, StepRecipe

    files = text_files([*(text or []), *(more or [])])
    steps = {"text": StepRecipe("corpus.read_text", {"files": files, **({"limit": limit} if limit else {})})}
    names = _names(model)
    for number, each in enumerate(model, start=1):
        steps[f"tokenizer-{number}"] = StepRecipe("vocabulary.load", {"name": each})
    measured: dict[str, Any] = {"of": [f"${each}" for each in steps if each != "text"], "names": names, "text": "$text"}
    measured["reference"] = Language.parse(reference).tag
    if parallel is not None:
        measured["parallel"] = parallel
    price = {"input": price_in, "output": price_out, "context": context}
    if filled := {name: value for name, value in price.items() if value is not None}:
        measured["price"] = {**filled, "currency": currency}
    steps["measures"] = StepRecipe("vocabulary.measure", measured)
    title = f"What each language pays in {' and '.join(names)}"
    steps["report"] = StepRecipe("report.vocabulary_page", {"measures": "$measures", "title": title})
    recipe = Recipe(name="vocabulary-report", seed=seed, title=title, steps=steps)
    folder = out or Path("runs") / recipe.name
    run_and_show(recipe, folder, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=False)


def _names(models: list[str]) -> list[str]:
    """What tables show: a name as it is, a folder by its last part where that tells the folders apart.

    Example:
        >>> _names(["embedded:minilm", "/tmp/extended/model"])
        ['embedded:minilm', 'extended/model']
    """
    if not models:
        raise InputError("no model is given", where="--model", fix="for example --model embedded:e5-small")
    parts = [Path(each.rstrip("/")).parts[-2:] if "/" in each.rstrip("/") else (each,) for each in models]
    short = ["/".join(each).lstrip("/") for each in parts]
    return short if len(set(short)) == len(short) else models
