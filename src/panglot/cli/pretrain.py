"""`panglot pretrain`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, ShowRecipeOption, VerifyOption
from panglot.cli.training_options import BudgetOption, ObjectiveOption, SetOption, objective_of, settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pretrain")(pretrain_command)


def pretrain_command(
    corpus: Annotated[
        list[str] | None,
        typer.Option("--corpus", help="Text: a run folder of corpus build, documents, files, hsb=FILE; may be given again."),
    ] = None,
    architecture: Annotated[
        str, typer.Option("--architecture", help="encoder, decoder, seq2seq, or a family: modernbert, bert, llama, t5, …")
    ] = "decoder",
    size: Annotated[str, typer.Option("--size", help="Parameters, embeddings counted: 6M, 60M, 0.5B.")] = "6M",
    objective: ObjectiveOption = None,
    alpha: Annotated[
        float | None,
        typer.Option("--alpha", min=0, max=1, help="Languages by share to this power (0.3 where nothing is said)."),
    ] = None,
    strategy: Annotated[str | None, typer.Option("--strategy", help="Instead of --alpha: unimax, or natural.")] = None,
    pairs: Annotated[
        list[str] | None, typer.Option("--pairs", help="Sentence pairs for objectives that read them (tlm, translation).")
    ] = None,
    pair_languages: Annotated[str, typer.Option("--pair-languages", help="Of --pairs: hsb-eng.", show_default=False)] = "",
    tokenizer: Annotated[
        str | None, typer.Option("--tokenizer", help="A folder with tokenizer.json; else one is trained.")
    ] = None,
    vocabulary: Annotated[
        int | None,
        typer.Option("--vocabulary", min=300, help="Tokens of the tokenizer that is trained; by the size without it."),
    ] = None,
    budget: BudgetOption = None,
    test: Annotated[float, typer.Option("--test", help="Held-out texts of each language: a share, or a number.")] = 0.02,
    changes: SetOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Where all randomness comes from.")] = 17,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/NAME).")] = None,
    dry_run: DryRunOption = False,
    show_recipe: ShowRecipeOption = False,
    verify: VerifyOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train a language model from scratch: tokenizer, model of a size, bits per byte by language."""
    from panglot.cli.corpus.folders import documents_steps
    from panglot.cli.running import run_and_show
    from panglot.recipes.pretrain import Pretraining, pretrain_recipe
    from panglot.training.families import FAMILIES, family_of
    from panglot.training.size import parse_size

    if not corpus:
        raise InputError("there is no text to learn from", where="--corpus", fix="give --corpus FOLDER, or --corpus hsb=FILE")
    recipe = pretrain_recipe(
        Pretraining(
            text=documents_steps(corpus, "corpus", option="--corpus"),
            kind=FAMILIES[family_of(architecture)].kind,
            architecture=architecture,
            size=size,
            parameters=parse_size(size),
            objective=objective_of(
                objective, pairs=bool(pairs), fix="give --pairs FILE and their languages, --pair-languages hsb-eng"
            ),
            pairs=pairs or [],
            pair_languages=_pair_languages(pair_languages) if pairs else ("", ""),
            shares=_shares(alpha, strategy),
            tokenizer=tokenizer,
            vocabulary=vocabulary,
            test=test,
            budget=budget,
            settings=settings_of(changes),
            seed=seed,
        )
    )
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    run_and_show(recipe, out or Path("runs") / recipe.name, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)


def _shares(alpha: float | None, strategy: str | None) -> dict[str, Any]:
    if strategy in (None, "alpha", "temperature"):
        return {"method": "temperature", "alpha": 0.3 if alpha is None else alpha}
    if alpha is not None:
        raise InputError("--alpha is the exponent of --strategy temperature", where="--strategy", fix="give one of the two")
    if strategy == "natural":
        return {"method": "temperature", "alpha": 1.0}
    if strategy == "unimax":
        return {"method": "unimax"}
    raise InputError(f"there is no strategy {strategy!r}", where="--strategy", fix="there are temperature, unimax and natural")


def _pair_languages(said: str) -> tuple[str, str]:
    from panglot.languages import Language

    first, dash, second = said.partition("-")
    if not dash:
        raise InputError(
            "the languages of the pairs are not said", where="--pair-languages", fix="for example --pair-languages hsb-eng"
        )
    return Language.parse(first).tag, Language.parse(second).tag
