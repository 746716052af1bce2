"""`panglot prompts`: what models are asked, and whether it is sound."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panglot.cli.console import output, print_json

if TYPE_CHECKING:
    from panglot.evaluation.prompts.check_words import Encode
    from panglot.evaluation.prompts.families import Asked

TaskArgument = Annotated[
    str, typer.Argument(help="A task (xnli), or a family of tasks (nli, topic, maths, …).", metavar="TASK", show_default=False)
]
WordsOption = Annotated[
    Path | None, typer.Option("--words", help="A folder with your own words, one file TAG.yaml a language.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_WORDLESS = ("no-words", "missing-word")
WORDS_WANTED = "Words that are missing are written into WORDS/TAG.yaml, as docs/prompts.md shows, and given with --words WORDS."

prompts_app = typer.Typer(
    help="Prompts: show them, and find wrong, missing or unfair ones before they cost a run.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(prompts_app, name="prompts")


@prompts_app.command("check")
def check_command(
    task: TaskArgument,
    language: Annotated[
        list[str] | None, typer.Option("--language", help="Only this language. Again: another.", show_default=False)
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option("--tokenizer", help="Count tokens with this model's or folder's tokenizer.", show_default=False),
    ] = None,
    words: WordsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the prompts of a task; exit code 1 if there is an error among the findings."""
    from dataclasses import asdict

    from rich.text import Text

    from panglot.evaluation.prompts import check
    from panglot.report.wording import count

    encode = None if tokenizer is None else _encoder(tokenizer)
    found = check(_task(task), languages=language, encode=encode, folder=words)
    errors = sum(each.severity == "error" for each in found)
    if as_json:
        print_json({"task": task, "errors": errors, "findings": [asdict(each) for each in found]})
    else:
        for each in found:
            place = f"{each.language} {each.template}".strip()
            output().print(Text(f"{each.severity:8}{place}: {each.what} [{each.code}]"), soft_wrap=True)
        kinds = [each.severity for each in found]
        counts = [count(kinds.count(kind), kind) for kind in ("error", "warning", "note")]
        output().print(Text(f"{task}: {', '.join(counts)}"))
        if any(each.severity == "error" and each.code in _WORDLESS for each in found):
            output().print(Text(WORDS_WANTED), soft_wrap=True)
    if errors:
        raise typer.Exit(1)


@prompts_app.command("show")
def show_command(
    task: TaskArgument,
    language: Annotated[str, typer.Option("--language", help="The language, in any common way to write it.")],
    template: Annotated[
        str | None, typer.Option("--template", help="Only this template (default: all of the family).", show_default=False)
    ] = None,
    formulation: Annotated[
        str | None, typer.Option("--formulation", help="cloze, letters or hybrid (default: each).", show_default=False)
    ] = None,
    condition: Annotated[
        str, typer.Option("--condition", help="native, english, mixed, …; with +native-cot, +english-cot or +xlt.")
    ] = "native",
    words: WordsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every template of a task in a language, with names in angle brackets for what an item gives."""
    from dataclasses import asdict

    from rich.text import Text

    from panglot.artifacts import InputError
    from panglot.evaluation.prompts.families import FORMULATIONS, family_of
    from panglot.evaluation.prompts.specimen import specimens

    if formulation is not None and formulation not in FORMULATIONS:
        raise InputError(f"no formulation {formulation!r}", fix=f"one of {', '.join(FORMULATIONS)}")
    asked = _task(task)
    if template is not None:
        family_of(asked).template(template)
    shown, refused = [], ""
    for one in specimens(asked, language=language, condition=condition, folder=words):
        if template in (None, one.template) and formulation in (None, one.formulation):
            shown += [one] if one.prompt else []
            refused = refused or one.why
    if not shown:
        raise InputError(refused or "no template is asked like that", where=f"{task}, {condition}")
    if as_json:
        print_json([{**asdict(one), "name": f"{one.family}/{one.template}"} for one in shown])
        return
    for one in shown:
        output().print(Text(f"── {one.family}/{one.template}, {one.formulation}", style="bold"), soft_wrap=True)
        output().print(Text(one.prompt.context if one.prompt else ""), soft_wrap=True)
        for each in one.prompt.continuations if one.prompt else ():
            output().print(Text(f"  → {each}"), soft_wrap=True)
        output().print()


def _task(name: str) -> "Asked":
    from panglot.evaluation.prompts.families import families, known_task
    from panglot.evaluation.tasks import find

    return known_task(name) if name in families() else find(name)


def _encoder(name: str) -> "Encode":
    from tempfile import TemporaryDirectory

    from panglot.artifacts import step_folder
    from panglot.vocabulary.load import load

    with TemporaryDirectory() as place, step_folder(Path(place) / "tokenizer") as step:
        return load(name=name, step=step).vocabulary.encode
