"""The languages of a task that are measured, and the files that they are read from."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from panglot.artifacts import Step, digest_file, digest_value
from panglot.evaluation.asking.allowed import runs_programs
from panglot.evaluation.running.toolchains import LANGUAGES, missing
from panglot.evaluation.tasks.languages_asked import choose_languages
from panglot.evaluation.tasks.task_file import find

if TYPE_CHECKING:
    from panglot.evaluation.tasks.task import Task


def outside(
    *, task: str | None, languages: str = "all", split: str = "test", data: str | None = None, **_: object
) -> dict[str, str]:
    """What a measurement of a task reads from outside: its files, what describes it, and what programs can be run.

    Nothing of a task that a step made.
    """
    if task is None:
        return {}
    found = find(task)
    folder = None if data is None else Path(data).expanduser()
    paths = [each for tag in choose_languages(languages, found.languages) for each in found.paths(tag, split, folder)]
    here: dict[str, str] = {}
    if runs_programs(found):
        here["programming languages"] = ",".join(name for name, each in LANGUAGES.items() if not missing(each))
    return {
        **here,
        **{path.name: digest_file(path) for path in paths},
        found.name: digest_value(found.model_dump(mode="json")),
    }


def at_hand(task: "Task", languages: str, split: str, folder: Path | None, step: Step) -> list[str]:
    """The languages to ask. Of a group those are left out, and named, whose items are not at hand."""
    chosen = list(choose_languages(languages, task.languages, what=task.name))
    task.check_split(split)
    here = [tag for tag in chosen if task.paths(tag, split, folder)] if is_group(languages) else chosen
    # where none is at hand the first one says best what is missing
    if not here or len(here) == len(chosen):
        return chosen
    leave_out("absent", f"no {split} items at hand", [tag for tag in chosen if tag not in here], task, step)
    return here


def is_group(languages: str) -> bool:
    """Whether languages were asked for as a group, and not by name.

    Example:
        >>> [is_group(each) for each in ("all,-eng", "script:Arab", "swh,zh-Hans,alt")]
        [True, True, False]
        >>> is_group("all+swh,all+yor")  # those of all that are named
        True
    """
    terms = [each.strip() for each in languages.split(",")]
    return any("all" in each.split("+") or each.startswith("-") or ":" in each for each in terms)


def leave_out(figure: str, why: str, tags: Sequence[str], task: "Task", step: Step) -> None:
    """Name languages that are not measured."""
    step.note(f"{task.name}: {why} in {', '.join(tags)}; they were not asked.")
    step.figures[figure] = list(tags)
