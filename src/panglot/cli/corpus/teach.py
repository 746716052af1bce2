"""`panglot corpus teach`."""

from pathlib import Path
from typing import Annotated

import typer

from panglot.cli.console import Screen, print_json
from panglot.cli.run_options import QuietOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("teach")(teach)


def teach(
    files: Annotated[list[str], typer.Argument(metavar="FILE=LANGUAGE...", help="Text, a sentence a line: hsb.txt=hsb.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write: the back-end of identify.")],
    base: Annotated[Path | None, typer.Option("--base", help="A folder taught before, to add to.")] = None,
    quiet: QuietOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Teach the identifier a language from a few hundred sentences. Then: identify FILE --back-end OUT."""
    from panglot.artifacts import InputError
    from panglot.languages import Language
    from panglot.recipes.recipe import Recipe, StepRecipe
    from panglot.recipes.runner import run_step_alone

    said = {}
    for each in files:
        path, equals, language = each.rpartition("=")
        if not equals or not path:
            raise InputError(f"{each}: which language is it in?", where="FILE", fix="write FILE=LANGUAGE, such as hsb.txt=hsb")
        said[path] = Language.parse(language).tag
    step = StepRecipe("corpus.teach_identifier_files", {"files": said, "base": None if base is None else str(base)})
    with Screen(quiet=quiet or as_json) as screen:
        outcome = run_step_alone(Recipe(name="teach", steps={"teach": step}), out, listener=screen.listener)
    figures = outcome.manifest.figures if outcome.manifest else {}
    if as_json:
        print_json({"folder": str(out), "state": outcome.state, "figures": figures})
        return
    for tag, count in figures.get("sentences", {}).items():
        print(f"{Language(tag).name}: {count:,} sentences")
    print(f"panglot corpus identify FILE --back-end {out}")
