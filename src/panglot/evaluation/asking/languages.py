"""The languages of a task that are measured, and the files that they are read from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from panglot.artifacts import InputError, Step, digest_file, digest_value
from panglot.evaluation.asking.allowed import runs_programs
from panglot.evaluation.running.toolchains import LANGUAGES, missing
from panglot.evaluation.tasks.languages_asked import choose_languages
from panglot.evaluation.tasks.task import DATA
from panglot.evaluation.tasks.task_file import find

if TYPE_CHECKING:
    from panglot.evaluation.tasks.task import Task


def outside(
    *,
    task: str | None,
    languages: str = "all",
    split: str = "test",
    data: str | None = None,
    words: str | None = None,
    translations: str | None = None,
    **_: object,
) -> dict[str, str]:
    """What a measurement of a task reads from outside: a person's words and translations; its files, what programs can be run.

    Nothing of a task that a step made.
    """
    own = {} if words is None else own_words(Path(words).expanduser())
    if translations is not None and (file := Path(translations).expanduser()).is_file():
        own["translations"] = digest_file(file)
    if task is None:
        return own
    found = find(task)
    folder = None if data is None else Path(data).expanduser()
    paths = [each for tag in choose_languages(languages, found.languages) for each in found.paths(tag, split, folder)]
    here: dict[str, str] = {}
    if runs_programs(found):
        here["programming languages"] = ",".join(name for name, each in LANGUAGES.items() if not missing(each))
    return {
        **own,
        **here,
        **{path.name: digest_file(path) for path in paths},
        found.name: digest_value(found.model_dump(mode="json")),
    }


def own_words(folder: Path, tags: Sequence[str] | None = None) -> dict[str, str]:
    """Digest of a person's own words, of all languages or of some; empty where there are none."""
    files = sorted(each for each in folder.glob("*.yaml") if tags is None or each.stem in tags)
    return {"words": digest_value([[each.name, digest_file(each)] for each in files])} if files else {}


def check_for(fits: Callable[["Task"], None] | None = None) -> Callable[..., None]:
    """What a measurement of a task checks before anything is run: the task itself, and that its items can be read.

    Args:
        fits: raises where the task is of a kind that is not measured so.

    Returns:
        Takes the component's parameters. It raises an `InputError` where there is no such task, split or language, where items
        of a language that was named are neither in files nor on a hub that may be asked, and where none of a group are.
    """

    def check(
        *, task: str | None = None, languages: str = "all", split: str = "test", data: str | None = None, **_: object
    ) -> None:
        if task is None:
            return
        found = find(task)
        if fits is not None:
            fits(found)
        folder = None if data is None else Path(data).expanduser()
        chosen = choose_languages(languages, found.languages, what=found.name)
        found.check_split(split)
        absent = {tag: reason for tag in chosen if (reason := found.missing(tag, split, folder))}
        if absent and (not is_group(languages) or len(absent) == len(chosen)):
            reason = next(iter(absent.values()))
            rest = [tag for tag in chosen if tag not in absent]
            fix = f"{', '.join(rest)} can be read" if rest else f"say where with --data or {DATA}"
            where = "any language" if is_group(languages) else ", ".join(absent)
            raise InputError(f"{found.name} has no {split} items in {where}: {reason}", where="languages", fix=fix)

    return check


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
