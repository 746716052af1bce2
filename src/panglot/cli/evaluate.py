"""`panglot evaluate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, ShowRecipeOption, VerifyOption
from panglot.cli.training_options import settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate_command)


def evaluate_command(
    tasks: Annotated[
        str,
        typer.Option("--tasks", help="Names (panglot tasks), .yaml files, suites, MEXA: xcopa,mafand:into,suite:xtreme,mexa."),
    ],
    model: Annotated[str | None, typer.Option("--model", help="embedded:NAME, a folder, or a hub id.")] = None,
    languages: Annotated[
        str, typer.Option("--languages", help="all, swh,yor, tier:low, script:Arab, family:…; -X takes away.")
    ] = "all",
    data: Annotated[
        str | None, typer.Option("--data", help="Folder with one folder a task (or PANGLOT_DATA; else the hub).")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Of the tasks.")] = "test",
    condition: Annotated[
        str,
        typer.Option(
            "--condition",
            help="native, english, mixed, translate-test, pivot:TAG; +native-cot, +english-cot, +xlt, +program. Several: a,b.",
        ),
    ] = "native",
    shots: Annotated[int, typer.Option("--shots", min=0, help="Solved items that are shown first.")] = 0,
    shots_in: Annotated[str, typer.Option("--shots-in", help="Their language: same, a tag, or mixed.")] = "same",
    formulation: Annotated[
        str | None, typer.Option("--formulation", help="How choices are asked: cloze, letters or hybrid.")
    ] = None,
    normalisation: Annotated[
        str, typer.Option("--normalisation", help="Of likelihoods: none, bytes, characters, tokens or pmi.")
    ] = "auto",
    translations: Annotated[
        str | None,
        typer.Option("--translations", help="For translate-test and pivot: a JSON Lines file, parallel, self, self:PAIRS."),
    ] = None,
    words: Annotated[
        str | None, typer.Option("--words", help="Folder with your own words for prompts, a TAG.yaml each.")
    ] = None,
    pivot: Annotated[
        str | None, typer.Option("--pivot", help="Language whose answers the others are compared with (English, where asked).")
    ] = None,
    training_text: Annotated[
        list[str] | None,
        typer.Option("--training-text", help="Look the items up here: a corpus, a file or folder of text; repeat it."),
    ] = None,
    query_prompt: Annotated[
        str | None, typer.Option("--query-prompt", help="Of retrieval: what stands before a query (else as the model says).")
    ] = None,
    passage_prompt: Annotated[str | None, typer.Option("--passage-prompt", help="The same before a passage.")] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            "--sizes", help="Text of each language, to group scores by: CSV or TSV (language, MB), corpus, embedded:NAME."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Most items a language and task.")] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Instead of --model: NAME@http://127.0.0.1:8000/v1.")
    ] = None,
    templates: Annotated[
        str | None, typer.Option("--templates", help="Ask in several wordings: all, or names (panglot prompts show TASK).")
    ] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="Ask in a chat: the model's own template, or /chat/completions.")
    ] = False,
    run_code: Annotated[
        bool,
        typer.Option("--run-code", help="Let programs that the model writes be run, each in a sandbox, where a task needs it."),
    ] = False,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="More of the protocol: over_length=refuse, template=…, max_new_tokens=…")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Where all randomness comes from.")] = 17,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/evaluate).")] = None,
    dry_run: DryRunOption = False,
    show_recipe: ShowRecipeOption = False,
    verify: VerifyOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ask a language model the items of tasks, language by language: scores with intervals, and what is at chance."""
    from dataclasses import replace

    from panglot.cli.corpus.folders import documents_steps, sizes_place
    from panglot.cli.running import run_and_show
    from panglot.recipes.evaluate import Evaluation, evaluation_recipe

    if (model is None) == (endpoint is None):
        raise InputError("one of --model and --endpoint is needed", fix="give one of them")
    how: dict[str, Any] = {
        name: value
        for name, value, usual in (
            ("shots", shots, 0), ("shots_in", shots_in, "same"), ("formulation", formulation, None),
            ("normalisation", normalisation, "auto"), ("chat", chat and endpoint is None, False), ("run_code", run_code, False),
        )
        if value != usual
    } | settings_of(changes)  # fmt: skip
    given = (("data", data), ("limit", limit), ("translations", translations), ("words", words), ("pivot", pivot))
    settings: dict[str, Any] = {name: value for name, value in given if value is not None}
    before = {"query_prompt": query_prompt, "passage_prompt": passage_prompt}
    settings |= {
        name: value for name, value, usual in (("languages", languages, "all"), ("split", split, "test")) if value != usual
    }
    text = documents_steps(training_text, "training-text", option="--training-text") if training_text else {}
    wanted = Evaluation(_listed(tasks), model, endpoint_of(endpoint, chat), _listed(condition), how, settings, seed, text)
    prefixes = {name: value for name, value in before.items() if value is not None}
    more: dict[str, Any] = {"templates": _listed(templates or ""), "sizes": sizes_place(sizes), "prefixes": prefixes}
    recipe = evaluation_recipe(replace(wanted, **more))
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    run_and_show(recipe, out or Path("runs") / recipe.name, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)


def _listed(said: str) -> list[str]:
    return [each.strip() for each in said.split(",") if each.strip()]


def endpoint_of(said: str | None, chat: bool) -> dict[str, Any] | None:
    """The endpoint of `NAME@ADDRESS`.

    Example:
        >>> endpoint_of("small@http://127.0.0.1:8000/v1", False)
        {'address': 'http://127.0.0.1:8000/v1', 'model': 'small'}
    """
    if said is None:
        return None
    name, at, address = said.rpartition("@")
    if not at or not name or "://" not in address:
        raise InputError(f"{said!r} is no endpoint", where="--endpoint", fix="write NAME@ADDRESS, the address up to /v1")
    return {"address": address, "model": name, **({"chat": True} if chat else {})}
