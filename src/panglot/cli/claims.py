"""`panglot claims`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.cli.run_options import DryRunOption, QuietOption

if TYPE_CHECKING:
    from panglot.recipes.claims.claim import Claim
    from panglot.recipes.recipe import StepRecipe
    from panglot.recipes.runner import RunOutcome


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("claims")(claims_command)


def claims_command(
    room: Annotated[
        str, typer.Argument(help="What the claims are about: corpus, vocabulary, training, adaptation or evaluation.")
    ],
    only: Annotated[list[str] | None, typer.Option("--only", help="One claim by its name; may be given again.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/claims-ROOM).")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all that has no seed of its own.")] = 17,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check published claims on small models, with seeds and controls, and print what came out, null results too."""
    from panglot.cli.console import Screen, print_json
    from panglot.cli.running import show_plan
    from panglot.recipes.claims.claim import as_object, claims_recipe, find_claims
    from panglot.recipes.runner import preview, run

    claims = find_claims(room, only or [])
    recipe = claims_recipe(room, claims, seed)
    folder = out or Path("runs") / recipe.name
    if dry_run:
        show_plan(recipe, preview(recipe, folder), as_json=as_json)
        return
    with Screen(quiet=quiet or as_json) as screen:
        screen.say(f"{recipe.title}\nrun folder: {folder}")
        outcome = run(recipe, folder, listener=screen.listener, on_step=screen.step)
        screen.summary(outcome.steps)
    found = []
    for each in claims:
        own = each.steps()
        found.append(as_object(each, each.judge(outcome.artifacts), _seconds(outcome, own)))
    if as_json:
        print_json({"run": str(folder), "seconds": round(sum(_all_seconds(outcome).values()), 1), "claims": found})
        return
    _show(found, claims)


def _all_seconds(outcome: "RunOutcome") -> dict[str, float]:
    return {each.name: each.manifest.wall_seconds for each in outcome.steps if each.manifest}


def _seconds(outcome: "RunOutcome", own: "dict[str, StepRecipe]") -> float:
    """What the claim's steps took, those that it shares with others included."""
    taken = _all_seconds(outcome)
    return sum(taken.get(name, 0.0) for name in own)


def _show(found: list[dict[str, Any]], claims: "list[Claim]") -> None:
    from rich.table import Table
    from rich.text import Text

    from panglot.cli.console import output
    from panglot.report.wording import duration, interval, signed

    console = output()
    styles = {"reproduced": "green", "not shown": "yellow", "contrary": "red"}
    for each in found:
        console.print()
        console.print(Text(each["claim"], style="bold"), Text(each["verdict"], style=styles[each["verdict"]]))
        console.print(Text(f"{each['says']} ({each['source']})"))
        console.print(Text(each["measure"], style="dim"))
        table = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("comparison", "figures", "difference", "95 % interval", "outcome"):
            table.add_column(heading, justify="right" if heading in ("difference", "95 % interval") else "left")
        for one in each["findings"]:
            arms = ", ".join(f"{value:,.0f}" if value > 100 else f"{value:.3f}" for value in one["arms"].values())
            outcome = one["outcome"] if one["counts"] else f"({one['outcome']})"
            cells = (one["contrast"], arms, signed(one["value"]), interval(one["low"], one["high"]), outcome)
            table.add_row(*(Text(cell) for cell in cells))
        console.print(table)
        console.print(Text(f"{duration(each['seconds'])}, shared steps included", style="dim"))
    counts = {name: sum(each["verdict"] == name for each in found) for name in styles}
    console.print()
    console.print(
        Text(
            f"{len(claims)} {'claim' if len(claims) == 1 else 'claims'}: "
            + ", ".join(f"{count} {name}" for name, count in counts.items())
        )
    )
