"""`panglot corpus decontaminate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.running import AddressOption, EngineOption, WorkersOption

if TYPE_CHECKING:
    from panglot.corpus.decontamination.decontaminate import Decontaminated

_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("decontaminate")(decontaminate_command)


def decontaminate_command(
    folder: Annotated[Path, typer.Argument(help="A corpus: a run folder of `corpus build`, a step's folder, or files.")],
    against: Annotated[
        list[str] | None, typer.Option("--against", help="Evaluation sets, files or folders; repeat it.")
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(help="More evaluation sets.")] = None,
    columns: Annotated[str | None, typer.Option("--columns", help="Take only these columns or keys: question,text.")] = None,
    words: Annotated[int, typer.Option("--words", min=5, max=100, help="The n of n-grams, in words.")] = 13,
    shortest: Annotated[int, typer.Option("--shortest", min=3, max=100, help="Texts of fewer words are passed over.")] = 8,
    least_share: Annotated[
        float, typer.Option("--least-share", min=0, max=1, help="Of a text's n-grams that must be there; 0 for one n-gram.")
    ] = 0.0,
    cut: Annotated[bool, typer.Option("--cut", help="Cut the passages out and keep the document.")] = False,
    margin: Annotated[int, typer.Option("--margin", min=0, help="With --cut: characters that go on each side.")] = 200,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/decontaminate).")] = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find texts of evaluation sets in a corpus, say what leaked from where, and take it out."""
    from panglot.cli.console import Screen, print_json
    from panglot.cli.corpus.folders import documents_step
    from panglot.cli.running import engine_of, show_plan
    from panglot.corpus.decontamination.decontaminate import Decontaminated
    from panglot.recipes.recipe import Recipe, StepRecipe
    from panglot.recipes.runner import preview, run

    sets = [*(against or []), *(more or [])]
    if not sets:
        raise InputError("no evaluation set is given", where="--against", fix="for example --against tasks/xnli.tsv")
    searching: dict[str, Any] = {
        "of": "$text", "files": sets, "words": words, "shortest": shortest, "least_share": least_share,
        "action": "cut" if cut else "drop", "margin": margin,
    }  # fmt: skip
    if columns:
        searching["columns"] = [each.strip() for each in columns.split(",") if each.strip()]
    steps = {"text": documents_step(folder), "clean": StepRecipe("corpus.decontaminate", searching)}
    recipe = Recipe(name="decontaminate", title=f"Take test data out of {folder}", steps=steps)
    place = out or Path("runs") / recipe.name
    if dry_run:
        show_plan(recipe, preview(recipe, place), as_json=as_json)
        return
    with Screen(quiet=quiet or as_json) as screen:
        screen.say(f"{recipe.title}\nrun folder: {place}")
        outcome = run(recipe, place, listener=screen.listener, on_step=screen.step, engine=engine_of(engine, workers, address))
        screen.summary(outcome.steps)
    found = outcome.artifacts["clean"]
    assert isinstance(found, Decontaminated)
    manifest = found.manifest
    if as_json:
        print_json({
            "run": str(place), "documents": str(found.folder), "leaks": found.leaks.num_rows,
            "figures": manifest.figures if manifest else {}, "notes": manifest.notes if manifest else [],
        })  # fmt: skip
        return
    _show(found)


def _show(found: "Decontaminated") -> None:
    from rich.table import Table
    from rich.text import Text

    from panglot.cli.console import output
    from panglot.report.text import shown

    console = output()
    figures = found.manifest.figures if found.manifest else {}
    documents = figures["documents"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(("evaluation set", "texts", "too short", "leaked", "in documents")):
        table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    for task, each in figures["tasks"].items():
        table.add_row(
            Text(shown(task, 60)),
            f"{each['items']:,}",
            f"{each['too_short']:,}",
            f"{each['leaked']:,}",
            f"{each['documents']:,}",
        )
    console.print()
    console.print(table)
    console.print()
    leaks = found.leaks.sort_by([("share", "descending"), ("id", "ascending")]).slice(0, _SHOWN).to_pylist()
    for each in leaks:
        place = f"{shown(each['task'], 30)} {shown(each['item'], 60)}"
        console.print(Text(f"{each['share']:.0%}  {place}  in {shown(each['url'] or each['source'], 60)}"))
        console.print(Text(f"      {shown(each['text'], 100)}", style="dim"))
    if found.leaks.num_rows > len(leaks):
        console.print(Text(f"and {found.leaks.num_rows - len(leaks):,} more in leaks/"))
    for note in found.manifest.notes if found.manifest else []:
        console.print(Text(note))
    dropped = sum(documents["dropped"].values())
    console.print(
        Text(f"{documents['in']:,} documents: {documents['kept']:,} kept ({documents['cut']:,} cut), {dropped:,} dropped")
    )
    console.print(f"documents  {found.folder}", soft_wrap=True)
