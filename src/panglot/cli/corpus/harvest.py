"""`panglot corpus harvest`."""

from pathlib import Path
from typing import Annotated

import typer

from panglot.cli.console import Screen, output, print_json
from panglot.cli.run_options import QuietOption

harvest_app = typer.Typer(help="Collect sentence pairs from what is installed.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(harvest_app, name="harvest")


@harvest_app.command("gettext")
def gettext_command(
    language: Annotated[list[str] | None, typer.Option("--language", help="Languages: hsb or hsb,deu.")] = None,
    pivot: Annotated[str, typer.Option("--pivot", help="The language of the source strings.")] = "eng_Latn",
    catalogues: Annotated[
        list[Path] | None, typer.Option("--from", help="Folders with LANG/LC_MESSAGES (default: installed packages).")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write (default: corpus/LANGUAGE).")] = None,
    quiet: QuietOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Harvest translated strings from gettext catalogues. Without --language: list the languages that there are."""
    from panglot.corpus.gettext_harvest import available_languages
    from panglot.languages import Language

    folders = [str(each) for each in catalogues or []]
    if not language:
        _list(available_languages(folders), as_json=as_json)
        return
    from panglot.recipes.recipe import Recipe, StepRecipe
    from panglot.recipes.runner import run_step_alone

    tags = [Language.parse(each).tag for said in language for each in said.split(",")]
    target = out or Path("corpus") / "-".join(tags)
    step = StepRecipe("corpus.harvest_gettext", {"languages": tags, "pivot": Language.parse(pivot).tag, "catalogues": folders})
    with Screen(quiet=quiet or as_json) as screen:
        outcome = run_step_alone(Recipe(name="harvest", steps={"harvest": step}), target, listener=screen.listener)
    manifest = outcome.manifest
    figures = manifest.figures if manifest else {}
    if as_json:
        print_json({"folder": str(target), "state": outcome.state, "figures": figures})
        return
    pairs = figures.get("pairs", {})
    for tag in tags:
        print(f"{Language(tag).name}: {pairs.get(tag, 0):,} pairs")
    print(f"{target}/pairs.parquet")


def _list(found: dict[str, int], *, as_json: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from panglot.languages import Language

    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("tag", "language", "own name"):
        table.add_column(heading)
    table.add_column("messages", justify="right")
    for tag, count in found.items():
        language = Language(tag)
        table.add_row(tag, Text(language.name), Text(language.autonym or ""), f"{count:,}")
    output().print(table)
    output().print(f"[dim]{len(found)} languages[/]")
