"""`panglot corpus build`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.artifacts import ERROR_BUDGET
from panglot.cli.console import Screen, output, print_json
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.running import AddressOption, EngineOption, WorkersOption, engine_of, show_plan
from panglot.cli.vocabulary.surgery import SeedOption, check_folder

if TYPE_CHECKING:
    from panglot.recipes.runner import RunOutcome

_MOST_LANGUAGES = 20
_MOST_REASONS = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("build")(build_command)


def build_command(
    raw: Annotated[list[str], typer.Argument(help="Files, folders, data sets; hsb=FILE says the language.", metavar="RAW…")],
    out: Annotated[Path, typer.Option("--out", help="The run folder; the documents are in OUT/documents.")],
    languages: Annotated[
        list[str] | None, typer.Option("--languages", help="Keep only these: hsb,deu.", show_default=False)
    ] = None,
    identify: Annotated[
        bool | None,
        typer.Option(
            "--identify/--no-identify",
            help="Find out each document's language. [default: where a file's name does not say it]",
            show_default=False,
        ),
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="A document of a text file: line, paragraph or file.")] = "paragraph",
    thresholds: Annotated[
        Path | None, typer.Option("--thresholds", help="What `panglot corpus thresholds` wrote.", show_default=False)
    ] = None,
    personal: Annotated[
        bool, typer.Option("--personal/--no-personal", help="Mask e-mail addresses, telephone numbers and their like.")
    ] = True,
    near: Annotated[bool, typer.Option("--near/--no-near", help="Look for near duplicates too.")] = True,
    error_budget: Annotated[
        float, typer.Option("--error-budget", min=0, max=1, help="Share of a step's documents that may be unusable.")
    ] = ERROR_BUDGET,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change the recipe: step.parameter=value.", show_default=False)
    ] = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    seed: SeedOption = 17,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Build a corpus: read, identify, clean, filter, mask personal data, take duplicates out; nothing is lost in silence."""
    from panglot.languages import Language
    from panglot.recipes.corpus_build import Build, build_recipe
    from panglot.recipes.recipe import with_overrides
    from panglot.recipes.runner import preview, run

    chosen = engine_of(engine, workers, address)
    asked = Build(
        files=raw,
        languages=[Language.parse(each) for said in languages or [] for each in said.split(",")],
        identify=identify,
        unit=unit,
        personal=personal,
        near=near,
        thresholds=None if thresholds is None else str(thresholds),
        error_budget=error_budget,
        seed=seed,
    )
    recipe = with_overrides(build_recipe(asked), changes or [])
    check_folder(out, recipe)
    if dry_run:
        show_plan(recipe, preview(recipe, out), as_json=as_json)
        return
    with Screen(quiet=quiet or as_json) as screen:
        screen.say(f"{recipe.title}\nrun folder: {out}")
        outcome = run(recipe, out, listener=screen.listener, on_step=screen.step, engine=chosen)
        screen.summary(outcome.steps)
    if as_json:
        print_json(_as_object(outcome))
    else:
        _show(outcome)


def _account(outcome: "RunOutcome") -> dict[str, Any]:
    from panglot.corpus.funnel import funnel

    return funnel(outcome.folder, [each.name for each in outcome.steps])


def _as_object(outcome: "RunOutcome") -> dict[str, Any]:
    return {
        "run": str(outcome.folder),
        "documents": str(outcome.folder / "documents"),
        "report": str(outcome.folder / "report.html"),
        "figures": _account(outcome),
        "notes": _notes(outcome),
        "steps": {
            each.name: {"component": each.component, "state": each.state, "digest": each.digest} for each in outcome.steps
        },
    }


def _notes(outcome: "RunOutcome") -> list[str]:
    identified = any(each.name == "labels" for each in outcome.steps)
    return [
        note
        for each in outcome.steps
        for note in (each.manifest.notes if each.manifest else [])
        # that reading does not know a language is no news where it is found out afterwards
        if not (identified and each.name == "read" and "(und)" in note)
    ]


def _show(outcome: "RunOutcome") -> None:
    from rich.table import Table
    from rich.text import Text

    console = output()
    said = _account(outcome)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(("step", "documents in", "kept", "dropped", "quarantined", "why")):
        table.add_column(heading, justify="left" if number in (0, 5) else "right", no_wrap=number != 5)
    for each in said["steps"]:
        reasons = sorted(each["dropped"].items(), key=lambda one: (-one[1], one[0]))
        why = ", ".join(f"{reason} {count:,}" for reason, count in reasons[:_MOST_REASONS])
        more = f" and {len(reasons) - _MOST_REASONS} more reasons" if len(reasons) > _MOST_REASONS else ""
        numbers = (each["in"], each["kept"], sum(each["dropped"].values()), each["quarantined"])
        table.add_row(Text(each["step"]), *(f"{number:,}" for number in numbers), Text(why + more))
    console.print()
    console.print(table)
    console.print()
    languages = list(said["languages"].items())
    for tag, size in languages[:_MOST_LANGUAGES]:
        console.print(Text(f"{tag:<12}{size['documents']:>12,} documents {size['bytes'] / 1e6:>12,.1f} MB"))
    if len(languages) > _MOST_LANGUAGES:
        console.print(Text(f"and {len(languages) - _MOST_LANGUAGES} more languages"))
    console.print(Text(f"{said['documents']:,} documents, {said['bytes'] / 1e6:,.1f} MB, {len(languages)} languages"))
    for note in _notes(outcome):
        console.print(Text(note))
    console.print(Text(f"documents  {outcome.folder / 'documents'}"), soft_wrap=True)
    console.print(Text(f"report     {outcome.folder / 'report.html'}"), soft_wrap=True)
    console.print(Text(f"what was dropped, and why: panglot corpus inspect {outcome.folder}", style="dim"), soft_wrap=True)
