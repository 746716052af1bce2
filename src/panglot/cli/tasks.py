"""`panglot tasks`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from panglot.cli.console import output, print_json
from panglot.cli.suites import show_suite, suite_summary
from panglot.cli.tasks_shown import (
    MANY,
    corpus_counts,
    counts_of,
    say,
    show_counts,
    show_first,
    show_head,
    shown_item,
    told,
    warnings,
)

if TYPE_CHECKING:
    from panglot.evaluation.tasks import Task


class _SearchFirst(TyperGroup):
    """`panglot tasks WORD` searches, unless the word is a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


tasks_app = typer.Typer(
    cls=_SearchFirst,
    help="The evaluation tasks: list, search (panglot tasks WORD), show; describe and check your own.",
)

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder that holds one folder a task (default: what PANGLOT_DATA says).")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(tasks_app, name="tasks")


@tasks_app.command("list", hidden=True)
def list_command(
    search: Annotated[str | None, typer.Argument(help="A word of a name, title or kind, or a language.")] = None,
    data: Data = None,
    count: Annotated[bool, typer.Option("--count", help="Read the data that is at hand and count the test items.")] = False,
    as_json: Json = False,
) -> None:
    """List the tasks, or those that match a word."""
    from rich.table import Table
    from rich.text import Text

    from panglot.artifacts import InputError, did_you_mean
    from panglot.evaluation import tasks
    from panglot.evaluation.tasks.suite import suites

    every = tasks.all()
    chosen = every if search is None else _matching(every, search)
    word = (search or "").casefold()
    grouped = [each for each in suites().values() if word in f"suite:{each.name} suite {each.title}".casefold()]
    if not (chosen or grouped):
        hint = did_you_mean(search or "", every)
        raise InputError(f"no task matches {search!r}", fix=hint or "`panglot tasks` lists them all")
    rows = [_summary(task, data, count=count) for task in chosen.values()]
    rows += [suite_summary(each) for each in grouped]
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("task", "kind", "languages", "here", *(["items"] if count else []), "", "licence", "what"):
        table.add_column(heading, no_wrap=heading != "what", justify="right" if heading in _NUMBERS else "left")
    for row in rows:
        cells = [row["name"], row["kind"], str(len(row["languages"])), str(row["here"] or "")]
        cells += [f"{row['items']:,}" if row["items"] else ""] if count else []
        marks = [mark for mark, holds in (("NC", row["commercial"] is False), ("MT", row["translated"] == "machine")) if holds]
        table.add_row(*(Text(cell) for cell in (*cells, " ".join(marks), _short(row["licence"]), row["title"])))
    output().print(table)
    said = "here: languages whose files are at hand; NC: no commercial use; MT: machine translated. panglot tasks show NAME"
    output().print(Text(said, style="dim"))


_NUMBERS = ("languages", "here", "items")


@tasks_app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(help="A task, or the path of your own task file.")],
    data: Data = None,
    languages: Annotated[str, typer.Option("--languages", help="all, swh,yor, tier:low, script:Arab, family:…")] = "all",
    split: Annotated[str | None, typer.Option("--split", help="Which split (default: test, else the last).")] = None,
    first: Annotated[int, typer.Option("--first", min=0, help="How many items to show of each language.")] = 1,
    hub: Annotated[bool, typer.Option("--hub", help="Read from the hub what is not at hand.")] = False,
    as_json: Json = False,
) -> None:
    """What a task is, its first items, and its label shares by language; or what a suite is."""
    from panglot.evaluation import tasks

    if name.startswith("suite:"):
        show_suite(name, as_json=as_json)
        return
    task = tasks.find(name)
    part = split or ("test" if "test" in task.splits else list(task.splits)[-1])
    task.check_split(part)
    asked = tasks.choose_languages(languages, task.languages, what=task.name)
    here = [tag for tag in asked if hub or task.paths(tag, part, data)]
    shown = here if languages != "all" else here[:MANY]
    read = {tag: task.items(tag, part, data) for tag in here}
    if as_json:
        found = {
            tag: {
                **counts_of(task, items),
                "revision": items.revision,
                "first": [shown_item(each) for each in items.items[:first]],
            }
            for tag, items in read.items()
        }
        print_json(
            {**task.model_dump(mode="json", exclude_unset=True), "split": part, "warnings": warnings(task), "items": found}
        )
        return
    show_head(task, part)
    if not read:
        say(
            "no files of this task are at hand: say where with --data or PANGLOT_DATA"
            + (", or read it from the hub with --hub" if task.hub else "")
        )
        return
    show_counts(task, read)
    for tag in shown if first else []:
        show_first(task, tag, read[tag], first)
    if len(shown) < len(here) and first:
        say(f"… and {len(here) - len(shown)} more languages: --languages says which to show")


@tasks_app.command("new")
def new_command(
    name: Annotated[str, typer.Argument(help="Name of your task: letters, digits, hyphens.")],
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="classification, choice, generation, extraction, tagging, parsing, pairs, similarity, multilabel, retrieval.",
        ),
    ],
    data: Annotated[
        Path,
        typer.Option(
            "--from",
            help="Your data: .jsonl, .tsv, .conll, .conllu or SQuAD's .json, plain or .gz; for retrieval a folder like BEIR's.",
        ),
    ],
    language: Annotated[str, typer.Option("--language", help="What it is written in.")],
    column: Annotated[
        list[str] | None, typer.Option("--column", help="PART=COLUMN, for example label=mood; may be given again.")
    ] = None,
    pivot: Annotated[str | None, typer.Option("--pivot", help="For pairs: the language on the other side.")] = None,
    licence: Annotated[str, typer.Option("--licence", help="Of the data.")] = "not stated",
    title: Annotated[str, typer.Option("--title", help="A line for people.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="The task file (default: NAME.yaml beside the data).")] = None,
    as_json: Json = False,
) -> None:
    """Write a task file for your own data, and read both back."""
    from panglot.artifacts import InputError
    from panglot.evaluation.tasks.new_task import new_task

    columns = {}
    for each in column or []:
        part, equals, of = each.partition("=")
        if not (part and equals and of):
            raise InputError(f"{each!r} names no column", where="--column", fix="write PART=COLUMN, for example label=mood")
        columns[part] = of
    target = out or data.parent / f"{name}.yaml"
    task, items = new_task(
        name, kind=kind, data=data, language=language, out=target, columns=columns, pivot=pivot, licence=licence, title=title
    )
    tag = next(iter(task.languages))
    if as_json:
        print_json({"file": str(target), tag: counts_of(task, items)})
        return
    say(f"{target}: {len(items):,} items in {tag}")
    show_counts(task, {tag: items})
    show_first(task, tag, items, 1)
    if task.kind == "classification":
        _say_missing_words(task, tag)
    say(f"a complete task; edit its title, licence and citation. Check it with: panglot tasks check {target}")


def _say_missing_words(task: "Task", tag: str) -> None:
    from panglot.cli.prompts import WORDS_WANTED
    from panglot.evaluation.prompts import check

    wanted = [each.what for each in check(task, languages=[tag]) if each.severity == "error" and each.code == "missing-word"]
    if wanted:
        say(f"to ask it in words (panglot evaluate) prompts have {wanted[0].split(';')[0]}. {WORDS_WANTED}")


@tasks_app.command("needle")
def needle_command(
    text: Annotated[list[str], typer.Option("--from", help="LANGUAGE=TEXT: a .txt file or a folder of them; may be repeated.")],
    model: Annotated[str, typer.Option("--model", help="Whose tokens are counted: embedded:NAME, a folder, or a hub id.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write.")],
    lengths: Annotated[str, typer.Option("--lengths", help="In tokens.")] = "1024,2048,4096",
    depths: Annotated[str, typer.Option("--depths", help="Of the needle, in per cent.")] = "0,25,50,75,100",
    samples: Annotated[int, typer.Option("--samples", min=1, help="Items for each length and depth.")] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of places and numbers.")] = 17,
    words: Annotated[Path | None, typer.Option("--words", help="Folder with your own words, a TAG.yaml each.")] = None,
    as_json: Json = False,
) -> None:
    """Write a task from texts of your own: a sentence with a number is planted in a long text, and asked for."""
    from tempfile import TemporaryDirectory

    from panglot.artifacts import InputError, step_folder
    from panglot.evaluation.needle import write_needle_task
    from panglot.evaluation.transfer.head import open_tokenizer
    from panglot.models.load import load
    from panglot.models.model import Model

    texts: dict[str, Path] = {}
    for each in text:
        language, equals, path = each.partition("=")
        if not (language and equals and path):
            raise InputError(f"{each!r} names no text", where="--from", fix="write LANGUAGE=TEXT, for example swh=texts/")
        texts[language] = Path(path).expanduser()
    try:
        many, deep = [int(each) for each in lengths.split(",")], [float(each) for each in depths.split(",")]
    except ValueError:
        raise InputError("lengths and depths are numbers between commas", where="--lengths, --depths") from None
    with TemporaryDirectory() as folder:
        with step_folder(Path(folder) / "model") as step:
            load(name=model, step=step)
        tokenizer = open_tokenizer(Model.open(Path(folder) / "model"))
    task = write_needle_task(
        texts,
        count=lambda said: len(tokenizer(said, add_special_tokens=False, verbose=False)["input_ids"]),
        out=out, lengths=many, depths=deep, samples=samples, seed=seed, words=words, tokenizer=model,
    )  # fmt: skip
    read = {tag: task.items(tag) for tag in task.languages}
    if as_json:
        print_json({"file": str(out / "needle.yaml"), **{tag: counts_of(task, items) for tag, items in read.items()}})
        return
    show_counts(task, read)
    say(f"ask it with: panglot evaluate --tasks {out / 'needle.yaml'} --model {model}")


@tasks_app.command("check")
def check_command(
    file: Annotated[str, typer.Argument(help="A task file, or a task's name.")], data: Data = None, as_json: Json = False
) -> None:
    """Read every language and split of a task, and say what is in it; the first defect ends it with its line."""
    from panglot.artifacts import InputError
    from panglot.evaluation import tasks

    task = tasks.find(file)
    found: dict[str, dict[str, Any]] = {}
    absent = []
    for tag in task.languages:
        for split in task.splits:
            if task.paths(tag, split, data):
                items = task.items(tag, split, data)
                corpus = corpus_counts(task, tag, split, data, items) if task.kind == "retrieval" else {}
                found.setdefault(tag, {})[split] = counts_of(task, items) | corpus
            else:
                absent.append(f"{tag} {split}")
    if not found:
        raise InputError(f"{task.name}: no files are at hand", where=file, fix="say where with --data")
    if as_json:
        print_json({"task": task.name, "found": found, "absent": absent, "warnings": warnings(task)})
        return
    for tag, splits in found.items():
        say(f"{tag}  " + ", ".join(f"{split} {told(counts)}" for split, counts in splits.items()))
    if absent:
        say(f"no files: {', '.join(absent[:MANY])}" + (f" and {len(absent) - MANY} more" if len(absent) > MANY else ""))
    for each in warnings(task):
        say(f"note: {each}")


def _matching(every: "dict[str, Task]", search: str) -> "dict[str, Task]":
    """Tasks with the word in name, kind or title, or with items in the language that it names."""
    from panglot.artifacts import InputError
    from panglot.languages import Language

    word, tag = search.casefold(), None
    if not any(word in name or word == task.kind for name, task in every.items()):
        try:
            tag = Language.parse(search).tag
        except InputError:
            pass
    said = {name: f"{name} {task.kind} {task.title}".casefold() for name, task in every.items()}
    return {name: task for name, task in every.items() if word in said[name] or tag in task.languages}


def _summary(task: "Task", data: Path | None, *, count: bool) -> dict[str, Any]:
    split = "test" if "test" in task.splits else list(task.splits)[-1]
    here = [tag for tag in task.languages if task.paths(tag, split, data)]
    names = ("name", "title", "kind", "translated", "parallel", "licence", "commercial", "source", "chance")
    known = {name: getattr(task, name) for name in names}
    items = sum(len(task.items(tag, split, data)) for tag in here) if count else None
    return {**known, "languages": list(task.languages), "splits": list(task.splits), "here": len(here), "items": items}


def _short(licence: str) -> str:
    return licence if len(licence) <= 18 else licence[:17].rstrip(" ,;:(") + "…"
