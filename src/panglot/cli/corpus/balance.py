"""`panglot corpus balance`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.running import AddressOption, EngineOption, WorkersOption

if TYPE_CHECKING:
    from panglot.artifacts import Manifest
    from panglot.corpus.balance.plan import Plan

_NUMBER = re.compile(r"(\d+(?:[_,]\d{3})*(?:\.\d+)?|\d*\.\d+)\s*([kKmMgGbBtT]?)")
_SCALE = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
_NAMES = {"alpha": "temperature", "temperature": "temperature", "unimax": "unimax", "law": "law", "fixed": "fixed"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("balance")(balance_command)


def balance_command(
    folder: Annotated[Path, typer.Argument(help="A corpus: a run folder of `corpus build`, a step's folder, or files.")],
    strategy: Annotated[str, typer.Option("--strategy", help="alpha, unimax, law or fixed.")] = "alpha",
    budget: Annotated[
        str | None, typer.Option("--budget", help="2B, 500M, 10k: how much in all (default: all there is).")
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="characters, bytes or documents.")] = "characters",
    alpha: Annotated[float | None, typer.Option("--alpha", min=0, max=1, help="Share ∝ size^alpha. [default: 0.3]")] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Of unimax: no language more often. [default: 5]")] = None,
    weights: Annotated[str | None, typer.Option("--weights", help="Of fixed: eng=3,hsb=1; of law: w of each language.")] = None,
    runs: Annotated[
        Path | None, typer.Option("--runs", help="Of law: a table of small runs (language, share, loss, …).")
    ] = None,
    most_epochs: Annotated[
        float | None, typer.Option("--most-epochs", help="With any strategy: no language more often.")
    ] = None,
    most_shares: Annotated[str | None, typer.Option("--most-shares", help="Largest shares: eng=0.4,deu=0.2.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Write the corpus that the plan asks for, too.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/balance).")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which documents a sample takes.")] = 17,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan how much of each language to train on; print shares and epochs, and warn above four epochs."""
    from panglot.cli.console import Screen, print_json
    from panglot.cli.corpus.folders import documents_step
    from panglot.cli.running import engine_of, show_plan
    from panglot.corpus.balance.plan import Plan
    from panglot.recipes.recipe import Recipe, StepRecipe
    from panglot.recipes.runner import preview, run

    rule = strategy_value(strategy, alpha=alpha, epochs=epochs, weights=weights, runs=runs)
    planning: dict[str, Any] = {"of": "$text", "strategy": rule, "unit": unit}
    given = {
        "budget": amount(budget) if budget else None,
        "most_epochs": most_epochs,
        "most_shares": _by_language(most_shares, "--most-shares") or None,
    }
    planning |= {name: value for name, value in given.items() if value is not None}
    steps = {
        "text": documents_step(folder),
        "plan": StepRecipe("corpus.balance", planning),
    }
    if sample:
        steps["sample"] = StepRecipe("corpus.sample", {"of": "$text", "plan": "$plan"})
    title = f"Balance {folder} ({rule['method']})"
    steps["report"] = StepRecipe("report.balance_page", {"plan": "$plan", "title": title})
    recipe = Recipe(name="balance", seed=seed, title=title, steps=steps)
    place = out or Path("runs") / recipe.name
    if dry_run:
        show_plan(recipe, preview(recipe, place), as_json=as_json)
        return
    with Screen(quiet=quiet or as_json) as screen:
        screen.say(f"{recipe.title}\nrun folder: {place}")
        outcome = run(recipe, place, listener=screen.listener, on_step=screen.step, engine=engine_of(engine, workers, address))
        screen.summary(outcome.steps)
    plan = outcome.artifacts["plan"]
    assert isinstance(plan, Plan)
    written = outcome.artifacts["sample"].folder if sample else None
    if as_json:
        figures = plan.manifest.figures if plan.manifest else {}
        notes = plan.manifest.notes if plan.manifest else []
        print_json({"run": str(place), "plan": plan.rows, "figures": figures, "notes": notes,
                    "sample": str(written) if written else None})  # fmt: skip
        return
    _show(plan, plan.manifest)
    from panglot.cli.console import output

    console = output()
    console.print(f"plan    {plan.path}", soft_wrap=True)
    console.print(f"report  {place / 'report.html'}", soft_wrap=True)
    if written:
        console.print(f"sample  {written}", soft_wrap=True)


def amount(said: str) -> float:
    """A number as people write it.

    Example:
        >>> amount("2B"), amount("1.5M"), amount("10_000")
        (2000000000.0, 1500000.0, 10000.0)
    """
    found = _NUMBER.fullmatch(said.strip())
    if found is None:
        raise InputError(f"{said!r} is no amount", where="--budget", fix="write 2B, 500M, 10k or 2000000")
    value = float(re.sub("[_,]", "", found[1])) * _SCALE[found[2].lower()]
    if not value:
        raise InputError("the budget is 0", where="--budget")
    return value


def strategy_value(
    name: str, *, alpha: float | None = None, epochs: float | None = None, weights: str | None = None, runs: Path | None = None
) -> dict[str, Any]:
    """The parameter `strategy` of a recipe.

    Raises:
        InputError: there is no such strategy, or an option belongs to another one.

    Example:
        >>> strategy_value("alpha", alpha=0.5), strategy_value("unimax")
        ({'method': 'temperature', 'alpha': 0.5}, {'method': 'unimax'})
    """
    from panglot.artifacts import did_you_mean

    if name not in _NAMES:
        raise InputError(
            f"there is no strategy {name!r}",
            where="--strategy",
            fix=did_you_mean(name, _NAMES) or "alpha, unimax, law or fixed",
        )
    method = _NAMES[name]
    options = {
        "--alpha": (alpha, "alpha", ("temperature",)),
        "--epochs": (epochs, "epochs", ("unimax",)),
        "--weights": (_by_language(weights, "--weights") or None, "weights", ("fixed", "law")),
        "--runs": (str(runs) if runs else None, "runs", ("law",)),
    }
    found: dict[str, Any] = {"method": method}
    for option, (value, key, methods) in options.items():
        if value is None:
            continue
        if method not in methods:
            raise InputError(f"{option} belongs to the strategy {' or '.join(methods)}, not to {name}", where=option)
        found[key] = value
    for needed, option in (("weights", "fixed"), ("runs", "law")):
        if method == option and needed not in found:
            raise InputError(f"the strategy {name} needs --{needed}", where="--strategy")
    return found


def _by_language(said: str | None, where: str) -> dict[str, float]:
    from panglot.languages import Language

    found: dict[str, float] = {}
    for each in (said or "").split(","):
        if not each.strip():
            continue
        name, equals, value = each.partition("=")
        try:
            number = float(value)
        except ValueError:
            raise InputError(f"{each.strip()!r} is no language=number", where=where, fix="write eng=3,hsb=1") from None
        found[name.strip() if name.strip() == "und" else Language.parse(name.strip()).tag] = number
        if not equals:
            raise InputError(f"{each.strip()!r} is no language=number", where=where, fix="write eng=3,hsb=1")
    return found


def _show(plan: "Plan", manifest: "Manifest | None") -> None:
    from rich.table import Table
    from rich.text import Text

    from panglot.cli.console import output
    from panglot.corpus.documents import UNDETERMINED
    from panglot.languages import Language

    console = output()
    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = ("language", "", "documents", f"{plan.unit} there are", "share now", "share planned", "target", "epochs", "")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number in (0, 1, 8) else "right", no_wrap=True)
    for each in sorted(plan.rows, key=lambda row: (-round(row["share"], 9), row["language"])):
        tag = each["language"]
        table.add_row(
            tag,
            Text("unknown" if tag == UNDETERMINED else Language(tag).name[:28]),
            f"{each['documents']:,}",
            f"{each[plan.unit]:,}",
            f"{each['share_available']:.2%}",
            f"{each['share']:.2%}",
            f"{each['target']:,.0f}",
            f"{each['epochs']:.2f}",
            Text(each["warning"] or "", style="yellow"),
        )
    console.print()
    console.print(table)
    console.print()
    for note in manifest.notes if manifest else []:
        console.print(Text(note))
