"""Suites in the recipe of `panglot evaluate`: which of their tasks can be run, where, and why the others cannot."""

from pathlib import Path
from typing import TYPE_CHECKING

from panglot.artifacts import InputError
from panglot.evaluation.asking.allowed import NOT_ALLOWED, runs_programs
from panglot.evaluation.tasks import choose_languages, find
from panglot.evaluation.tasks.suite import Member, Suite

if TYPE_CHECKING:
    from panglot.evaluation.tasks import Task


def members_to_run(
    suite: Suite, *, languages: str, split: str, data: str | None, model: str | None, run_code: bool = False
) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """The tasks of a suite that can be run, and the others.

    Args:
        suite: which.
        languages: as a person said.
        split: as a person said; a member's own goes before it.
        data: folder of the data.
        model: name or folder; None for an endpoint.
        run_code: whether programs that the model writes may be run.

    Returns:
        The languages and the split by task; and by task why it is left out.

    Raises:
        InputError: none can be run, or no task has a language that was named; says why.
    """
    known: set[str] = set()
    run: dict[str, tuple[str, str]] = {}
    left_out: dict[str, str] = {}
    for name, member in suite.tasks.items():
        task = find(name)
        terms = [each for each in _terms(languages) if _has(task, each)]
        known |= set(terms)
        asked, part = _languages(task, member, terms), member.split or split
        folder = None if data is None else Path(data).expanduser()
        if reason := _unfit(task, model, run_code) or _empty(task, asked, languages) or _absent(task, asked, part, folder):
            left_out[name] = reason
        else:
            all_of_it = len(asked) == len(task.languages)
            run[name] = ("all" if all_of_it else ",".join(f"all+{tag}" for tag in asked), part)
    unknown = [each for each in _terms(languages) if each not in known and not each.startswith("-")]
    if unknown:
        raise InputError(f"no task of the suite {suite.name} has items in {', '.join(unknown)}", where="--languages")
    if not run:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise InputError(f"no task of the suite {suite.name} can be run", where="--tasks", fix=reasons)
    return run, left_out | suite.absent


def _terms(languages: str) -> list[str]:
    terms = [each.strip() for each in languages.split(",") if each.strip()]
    return ["all", *terms] if terms and terms[0].startswith("-") else terms


def _has(task: "Task", term: str) -> bool:
    try:
        return bool(choose_languages(term.removeprefix("-"), task.languages))
    except InputError:
        return False


def _languages(task: "Task", member: Member, terms: list[str]) -> list[str]:
    counted = choose_languages(member.languages, task.languages, what=task.name)
    try:
        asked = choose_languages(",".join(terms), task.languages, what=task.name) if terms else ()
    except InputError:
        asked = ()
    return [tag for tag in counted if tag in asked]


def _unfit(task: "Task", model: str | None, run_code: bool) -> str:
    if runs_programs(task) and not run_code:
        return f"{NOT_ALLOWED} (--run-code)"
    if said := {"tagging": "tags", "parsing": "trees", "multilabel": "several labels an item"}.get(task.kind):
        return f"{said} need a head: panglot transfer"
    if task.kind in ("pairs", "similarity", "retrieval"):
        return "vectors need a model, and there is an endpoint" if model is None else ""
    writes = task.kind in ("generation", "extraction")
    return "answers are to be written, and the model is an encoder" if writes and model and _is_encoder(model) else ""


def _is_encoder(model: str) -> bool:
    """Whether a model at hand continues no text. Of one on the hub this is not known before it is fetched."""
    from panglot.models.embedded import PREFIX as EMBEDDED
    from panglot.models.embedded import embedded_folder
    from panglot.models.folder import inspect_folder
    from panglot.models.tiny import PREFIX as TINY
    from panglot.models.tiny_families import TINY_FAMILIES

    if model.startswith(TINY):
        family = TINY_FAMILIES.get(model.removeprefix(TINY))
        return family is not None and family.kind == "encoder"
    folder = embedded_folder(model) if model.startswith(EMBEDDED) else Path(model).expanduser()
    if not folder.is_dir():
        return False
    found = inspect_folder(folder)
    return not (found.generates or found.is_encoder_decoder)


def _empty(task: "Task", asked: list[str], languages: str) -> str:
    return "" if asked else f"it has no items in {languages}"


def _absent(task: "Task", asked: list[str], split: str, folder: Path | None) -> str:
    if split not in task.splits:
        return f"it has no split {split}"
    reasons = [task.missing(tag, split, folder) for tag in asked]
    return min(reasons, key=bool)
