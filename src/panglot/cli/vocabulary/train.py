"""`panglot vocabulary train`."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption
from panglot.cli.vocabulary.surgery import SeedOption, check_folder
from panglot.cli.vocabulary.texts import TextOption

if TYPE_CHECKING:
    from panglot.artifacts import Manifest


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train_command)


def train_command(
    out: Annotated[Path, typer.Option("--out", help="The run folder; the tokenizer is in OUT/tokenizer.")],
    text: TextOption = None,
    size: Annotated[int, typer.Option("--size", min=1, help="Tokens in all.")] = 32_000,
    algorithm: Annotated[str, typer.Option("--algorithm", help="bpe, unigram, wordpiece or byte.")] = "bpe",
    alpha: Annotated[
        float | None, typer.Option("--alpha", min=0, max=1, help="Shares ∝ size^alpha: 1 as they are, 0 equal. [default: 0.3]")
    ] = None,
    unimax: Annotated[
        float | None, typer.Option("--unimax", help="Equal shares instead, no language more than so many times over.")
    ] = None,
    clusters: Annotated[
        int | None, typer.Option("--clusters", min=2, help="One vocabulary for each of so many clusters, joined.")
    ] = None,
    symbols: Annotated[str, typer.Option("--symbols", help="What bpe begins with: bytes or characters.")] = "bytes",
    digits: Annotated[str | None, typer.Option("--digits", help="single, triples or together.")] = None,
    whitespace: Annotated[str | None, typer.Option("--whitespace", help="keep or collapse.")] = None,
    normalisation: Annotated[str | None, typer.Option("--normalisation", help="nfc, nfkc or none.")] = None,
    lowercase: Annotated[bool, typer.Option("--lowercase", help="Fold letters to lower case.")] = False,
    special_tokens: Annotated[str | None, typer.Option("--special-tokens", help="bert, roberta, llama or t5.")] = None,
    byte_fallback: Annotated[
        bool | None, typer.Option("--byte-fallback/--no-byte-fallback", help="Write rare characters in bytes.")
    ] = None,
    minimum_count: Annotated[int, typer.Option("--minimum-count", min=1, help="A piece must come up so often.")] = 2,
    seed: SeedOption = 17,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train a tokenizer on text of one or many languages."""
    from panglot.cli.console import Screen
    from panglot.cli.running import show_plan
    from panglot.cli.vocabulary.texts import text_files
    from panglot.recipes.recipe import Recipe, StepRecipe
    from panglot.recipes.runner import preview, run
    from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER

    if alpha is not None and unimax is not None:
        raise InputError("--alpha and --unimax are two rules of the same thing", fix="give one of them")
    shares: dict[str, Any] = {"method": "temperature", "alpha": 0.3 if alpha is None else alpha}
    if unimax is not None:
        shares = {"method": "unimax", "epochs": unimax}
    training: dict[str, Any] = {"algorithm": algorithm}
    steps = {}
    if algorithm != "byte" or text:
        steps["text"] = StepRecipe("corpus.read_text", {"files": text_files(text)})
        training |= {"text": "$text", "size": size, "shares": shares, "minimum_count": minimum_count}
    given = {
        "clusters": clusters,
        "symbols": symbols if symbols != "bytes" else None,
        "digits": digits,
        "whitespace": whitespace,
        "normalisation": normalisation,
        "lowercase": lowercase or None,
        "special_tokens": special_tokens,
        "byte_fallback": byte_fallback,
    }
    training |= {name: value for name, value in given.items() if value is not None}
    steps["tokenizer"] = StepRecipe("vocabulary.train", training)
    recipe = Recipe(name="train-vocabulary", seed=seed, title=f"Train a tokenizer ({algorithm})", steps=steps)
    check_folder(out, recipe)
    if dry_run:
        show_plan(recipe, preview(recipe, out), as_json=as_json)
        return
    with Screen(quiet=quiet or as_json) as screen:
        screen.say(f"{recipe.title}\nrun folder: {out}")
        if any(each.state != "kept" for each in preview(recipe, out).steps):
            # what lies at the top is from a whole run or absent
            shutil.rmtree(out / TOKENIZER_FOLDER, ignore_errors=True)
        outcome = run(recipe, out, listener=screen.listener, on_step=screen.step)
        screen.summary(outcome.steps)
    last = outcome.steps[-1]
    published = publish(outcome.artifacts["tokenizer"].folder, out)
    if as_json:
        _print_object(out, published, last.state, last.manifest)
    else:
        _show(published, last.manifest)


def publish(step: Path, out: Path) -> Path:
    """Copy the tokenizer to the top of the run folder, whole or not at all."""
    from panglot.artifacts import staged_folder
    from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER

    target = out / TOKENIZER_FOLDER
    with staged_folder(target) as staging:
        shutil.copytree(step / TOKENIZER_FOLDER, staging, dirs_exist_ok=True)
    return target


def _print_object(out: Path, published: Path, state: str, manifest: "Manifest | None") -> None:
    from panglot.cli.console import print_json

    print_json(
        {
            "run": str(out),
            "tokenizer": str(published),
            "state": state,
            "figures": manifest.figures if manifest else {},
            "notes": manifest.notes if manifest else [],
        }
    )


def _show(published: Path, manifest: "Manifest | None") -> None:
    from rich.table import Table
    from rich.text import Text

    from panglot.cli.console import output

    console = output()
    figures = manifest.figures if manifest else {}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(("language", "characters", "share asked", "share got", "times", "bytes per token")):
        table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    for tag, said in figures.get("languages", {}).items():
        table.add_row(
            tag,
            f"{said['characters']:,}",
            f"{said['share_asked']:.2%}",
            f"{said['share_realised']:.2%}",
            f"{said['times']:.2f}",
            f"{said['bytes_per_token']:.2f}",
        )
    if table.row_count:
        console.print()
        console.print(table)
        unknown = sum(each["unknown"] for each in figures["languages"].values())
        console.print()
        console.print(Text(f"{unknown} unknown tokens in the texts that were measured"))
    for number, said in enumerate(figures.get("clusters", []), 1):
        console.print(Text(f"cluster {number}: {said['pieces']:,} pieces for {', '.join(said['languages'])}"))
    for each in manifest.notes if manifest else []:
        console.print(Text(each))
    console.print(Text(f"{figures.get('size', 0):,} tokens"))
    console.print(f"tokenizer  {published}", soft_wrap=True)
