"""`panglot run`, `panglot recipes`, `panglot components`."""

from pathlib import Path
from typing import Annotated

import typer

from panglot.artifacts import InputError, write_file
from panglot.cli.console import output, print_json
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, VerifyOption
from panglot.cli.running import AddressOption, EngineOption, WorkersOption, engine_of

recipes_app = typer.Typer(help="The built-in recipes: list, show, copy.", no_args_is_help=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run_command)
    app.add_typer(recipes_app, name="recipes")
    app.command("components")(components_command)


def run_command(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a built-in recipe.", metavar="RECIPE")],
    overrides: Annotated[list[str] | None, typer.Argument(help="Changes: step.parameter=value, or seed=N.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/NAME).")] = None,
    dry_run: DryRunOption = False,
    verify: VerifyOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in a browser, where there is a screen.")] = False,
) -> None:
    """Run a recipe. A step whose inputs and parameters have not changed is kept."""
    from panglot.cli.running import run_and_show
    from panglot.recipes.recipe import load, with_overrides

    found = with_overrides(load(recipe), overrides or [])
    folder = out or Path("runs") / found.name
    chosen = engine_of(engine, workers, address)
    run_and_show(found, folder, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify, engine=chosen)
    if open_report and not dry_run:
        _open(out or Path("runs") / found.name)


def _open(folder: Path) -> None:
    import os
    import sys
    import webbrowser

    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open((folder / "report.html").resolve().as_uri())


@recipes_app.callback(invoke_without_command=True)
def list_command(context: typer.Context) -> None:
    """List the built-in recipes."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table

    from panglot.recipes.recipe import builtin_names, load

    table = Table(box=None, pad_edge=False)
    table.add_column("recipe", no_wrap=True)
    table.add_column("what it does")
    for name in builtin_names():
        table.add_row(name, load(name).title)
    output().print(table)


@recipes_app.command("show")
def show_command(name: Annotated[str, typer.Argument(help="Name of a built-in recipe.")]) -> None:
    """Print a built-in recipe."""
    from panglot.recipes.recipe import builtin_text

    print(builtin_text(name), end="")


@recipes_app.command("copy")
def copy_command(
    name: Annotated[str, typer.Argument(help="Name of a built-in recipe.")],
    to: Annotated[Path | None, typer.Argument(help="Where to (default: NAME.yaml here).")] = None,
) -> None:
    """Copy a built-in recipe to a file that you can edit."""
    from panglot.recipes.recipe import builtin_text

    text = builtin_text(name)
    target = to or Path(f"{name}.yaml")
    if target.is_dir():
        target = target / f"{name}.yaml"
    if target.exists():
        raise InputError("this file exists already", where=target, fix="name another place")
    write_file(target, text)
    print(f"{target}\nrun it with: panglot run {target}")


def components_command(
    name: Annotated[str | None, typer.Argument(help="A component: shows its parameters.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the components that a recipe can use, or one component's parameters."""
    from rich.table import Table
    from rich.text import Text

    from panglot.recipes.components import component_names, find_component

    if name is None:
        found = {each: find_component(each).summary for each in component_names()}
        if as_json:
            print_json(found)
            return
        table = Table(box=None, pad_edge=False)
        table.add_column("component", no_wrap=True)
        table.add_column("what it does")
        for found_name, summary in found.items():
            table.add_row(found_name, Text(summary))
        output().print(table)
        return
    component = find_component(name)
    if as_json:
        print_json(
            {
                each.name: {
                    "type": each.type_name,
                    "required": each.required,
                    "default": None if each.required else repr(each.default),
                }
                for each in component.parameters.values()
            }
        )
        return
    console = output()
    console.print(Text(f"{component.name}: {component.summary}\nresult: {component.returns.__name__}\n"))
    table = Table(box=None, pad_edge=False)
    for heading in ("parameter", "type", "default", "meaning"):
        table.add_column(heading)
    for parameter in component.parameters.values():
        default = "must be given" if parameter.required else _shown(parameter.default)
        table.add_row(Text(parameter.name), Text(parameter.type_name), Text(default), Text(parameter.description))
    console.print(table)


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
