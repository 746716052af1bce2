"""`panglot corpus thresholds`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.cli.console import Screen, output, print_json
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("thresholds")(thresholds_command)


def thresholds_command(
    reference: Annotated[
        list[str],
        typer.Option("--reference", help="Clean text: files and folders, language in front or in the name (hsb=notes.txt)."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Run folder; the thresholds are in OUT/steps/thresholds.")],
    language: Annotated[str | None, typer.Option("--language", help="Language of files that do not say theirs.")] = None,
    unit: Annotated[str, typer.Option("--unit", help="What a document is in a text file: line or paragraph.")] = "paragraph",
    rejection: Annotated[
        float, typer.Option("--rejection", min=0, max=1, help="Greatest share of clean held-out text that may be rejected.")
    ] = 0.01,
    documents: Annotated[int, typer.Option("--documents", min=2, help="Documents of 1,500 characters a source.")] = 120,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Where all randomness comes from.")] = 17,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Estimate filter thresholds, stop words and reference models from clean text, with a gate on false rejection."""
    from panglot.cli.running import show_plan
    from panglot.cli.vocabulary.surgery import check_folder
    from panglot.languages import Language
    from panglot.recipes.recipe import Recipe, StepRecipe
    from panglot.recipes.runner import preview, run

    reading: dict[str, Any] = {"files": reference, "unit": unit}
    if language:
        reading["language"] = Language.parse(language).tag
    estimating = {"reference": "$text", "rejection": rejection, "documents": documents}
    steps = {
        "text": StepRecipe("corpus.read_text", reading),
        "thresholds": StepRecipe("corpus.estimate_thresholds", estimating),
    }
    recipe = Recipe(name="thresholds", seed=seed, title="Thresholds from reference text", steps=steps)
    check_folder(out, recipe)
    if dry_run:
        show_plan(recipe, preview(recipe, out), as_json=as_json)
        return
    with Screen(quiet=quiet or as_json) as screen:
        screen.say(f"{recipe.title}\nrun folder: {out}")
        outcome = run(recipe, out, listener=screen.listener, on_step=screen.step)
        screen.summary(outcome.steps)
    artifact = outcome.artifacts["thresholds"]
    manifest = outcome.steps[-1].manifest
    notes = manifest.notes if manifest else []
    if as_json:
        figures = manifest.figures if manifest else {}
        print_json({"run": str(out), "thresholds": str(artifact.folder), "figures": figures, "notes": notes})
        return
    _show(artifact, notes)


def _show(artifact: Any, notes: list[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = output()
    for tag in artifact.languages:
        entry = artifact.content["languages"][tag]
        console.print()
        sources = ", ".join(entry["sources"][:6]) + (", …" if len(entry["sources"]) > 6 else "")
        console.print(
            Text(
                f"{tag}: {entry['documents']} documents of {len(entry['sources'])} sources ({sources}); "
                f"{entry['held_out_rejection']:.1%} of held-out text rejected"
            ),
            style="bold",
        )
        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, heading in enumerate(("signal", "bound", "method", "by the method alone", "threshold", "error", "relaxed")):
            table.add_column(heading, justify="left" if number in (0, 1, 2) else "right", no_wrap=True)
        for signal, rule in entry["rules"].items():
            for side in ("min", "max"):
                if f"{side}_method" in rule:
                    table.add_row(*_row(signal, side, rule))
        console.print(table)
        if entry["stop_words"]:
            console.print(Text("stop words: " + " ".join(entry["stop_words"])), soft_wrap=True)
        found = ", ".join(f"{kind} {share:.0%}" for kind, share in entry["noise_recall"].items())
        console.print(Text(f"planted noise found: {found}"), soft_wrap=True)
    console.print()
    for each in notes:
        console.print(Text(each), soft_wrap=True)
    console.print(f"thresholds  {artifact.folder}", soft_wrap=True)


def _row(signal: str, side: str, rule: dict[str, Any]) -> tuple[str, ...]:
    """The cells of one bound.

    Example:
        >>> _row("digit_share", "max", {"max": 0.2, "max_method": "tail", "max_error": 0.01, "max_relaxed": 0.5})
        ('digit_share', 'max', 'tail', '', '0.2', '±0.01', '0.5 sd')
    """

    def said(name: str, form: str = "{:.4g}") -> str:
        value = rule.get(f"{side}_{name}" if name else side)
        return "" if value is None else form.format(value)

    value = said("") or "off"
    return (
        signal,
        side,
        rule[f"{side}_method"],
        said("by_method"),
        value,
        said("error", "±{:.2g}"),
        said("relaxed", "{:g} sd"),
    )
