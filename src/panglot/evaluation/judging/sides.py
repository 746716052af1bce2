"""The runs whose answers are judged: opened, checked against each other, and put beside what was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from panglot.artifacts import InputError
from panglot.evaluation.asking.questions import questions
from panglot.evaluation.asking.settings import Asking
from panglot.evaluation.asking.translations import TRANSLATIONS_FILE
from panglot.evaluation.results import Results
from panglot.evaluation.significance.systems import results_of
from panglot.evaluation.tasks.task_file import builtin, find

if TYPE_CHECKING:
    from panglot.evaluation.tasks.task import Task

ASKED = "evaluation.ask"
WRITTEN = ("generation", "extraction")
_FEW = 3


@dataclass(frozen=True)
class Side:
    """One run.

    Attributes:
        name: the model's, with the condition of its prompts or a number where that is needed to tell runs apart.
        answers: language to item to what was written.
        revisions: language to the digest of the data.
    """

    name: str
    answers: Mapping[str, Mapping[str, str]]
    revisions: Mapping[str, str]


def find_run(folder: Path, task: str | None) -> Results:
    """The step of a finished run that asked a model; of several tasks the one that is named.

    Raises:
        InputError: there is none, or there are several.
    """
    name = None if task is None else find(task).name
    asked = {each: _task_of(each) for each in results_of(folder) if each.manifest and each.manifest.component == ASKED}
    found = [each for each, its in asked.items() if name in (None, its)]
    if len(found) == 1:
        return found[0]
    if found:
        steps = ", ".join(each.folder.name for each in found)
        raise InputError(
            f"this run asked several times: {steps}", where=folder, fix="name the task, or one step, such as RUN/steps/NAME"
        )
    has = f"it has {', '.join(sorted({*asked.values()}))}" if asked else "take a run of panglot evaluate"
    raise InputError(f"nothing here asked a model {name or 'anything'}", where=folder, fix=has)


def parameters_of(run: Results) -> dict[str, Any]:
    """What the step was asked to do.

    Raises:
        InputError: it asked nobody.
    """
    if run.manifest is None or run.manifest.component != ASKED:
        raise InputError(f"these are no results of {ASKED}", where=run.folder)
    return run.manifest.parameters


def judged_task(run: Results) -> "Task":
    """The task of a run, whose answers must be texts.

    Raises:
        InputError: its answers are labels or choices.
    """
    task = find(parameters_of(run)["task"])
    if task.kind not in WRITTEN:
        fit = ", ".join(name for name, each in builtin().items() if each.kind in WRITTEN)
        raise InputError(
            f"the answers of {task.name} ({task.kind}) are known labels, which need no judge",
            where=run.folder,
            fix=f"judge texts that were written: {fit}, or translation (NAME:into, NAME:from)",
        )
    return task


def sides(runs: Sequence[Results]) -> tuple[Side, ...]:
    """Open runs of one task, in the order given.

    Raises:
        InputError: they are of different tasks, data, languages or items.
    """
    task = judged_task(runs[0])
    tables = [each.table().to_pylist() for each in runs]
    for run, rows in zip(runs, tables, strict=True):
        if (other := rows[0]["task"]) != task.name:
            raise InputError(f"these runs are of different tasks: {task.name} and {other}", where=run.folder)
    names = _names([(str(rows[0]["model"]), str(rows[0]["condition"])) for rows in tables])
    found = tuple(
        Side(name, _answers(run), {row["language"]: row["revision"] for row in rows})
        for name, run, rows in zip(names, runs, tables, strict=True)
    )
    for each in found[1:]:
        _must_match(found[0], each)
    return found


class Shown(NamedTuple):
    """Of an item: what was asked, and what is right; empty where the task does not say."""

    question: str
    reference: str


def asked_in(run: Results, language: str, revision: str, data: str | None) -> tuple[str, dict[str, Shown]]:
    """What a run asked in a language, without solved items before it: the language of the answers, and an entry an item.

    Args:
        run: of `evaluation.ask`.
        language: tag.
        revision: that the data must have.
        data: where it lies now; where the run found it by itself.

    Raises:
        InputError: the data is not there any more, or has changed.
    """
    said = parameters_of(run)
    task = find(said["task"])
    place, words = (None if each is None else Path(each).expanduser() for each in (data or said["data"], said["words"]))
    made = run.folder / TRANSLATIONS_FILE
    found = questions(
        task,
        language,
        Asking.model_validate({**said["how"], "shots": 0}),
        split=said["split"],
        data=place,
        limit=None,
        translations=str(made) if made.is_file() else said["translations"],
        words=words,
        seed=0,
    )
    if found.revision != revision:
        raise InputError(
            f"the data of {task.name} has changed since the models were asked", where=language, fix="ask the models again"
        )
    prompts = found.prompts(range(len(found.items)))
    shown = {
        item.id: Shown(prompt.context, next((each for each in item.references if each.strip()), ""))
        for item, prompt in zip(found.items, prompts, strict=True)
    }
    return str(found.template.target or language), shown


def _task_of(run: Results) -> str:
    return str(run.table()["task"][0])


def _answers(run: Results) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in run.items().select(["language", "item", "prediction"]).to_pylist():
        if row["prediction"] is not None:
            found.setdefault(row["language"], {})[row["item"]] = row["prediction"]
    return found


def _names(said: Sequence[tuple[str, str]]) -> list[str]:
    models = [model for model, _ in said]
    if len(set(models)) == len(models):
        return models
    full = [f"{model}, {condition}" for model, condition in said]
    return full if len(set(full)) == len(full) else [f"{name} ({at})" for at, name in enumerate(full, start=1)]


def _must_match(one: Side, other: Side) -> None:
    if lone := sorted(one.answers.keys() ^ other.answers.keys()):
        raise InputError(
            "these runs answered in different languages", where=", ".join(lone[:_FEW]), fix="ask both in the same languages"
        )
    for tag, answers in one.answers.items():
        lone = sorted(answers.keys() ^ other.answers[tag].keys())
        if lone or one.revisions[tag] != other.revisions[tag]:
            what = f"{len(lone)} only in one ({', '.join(lone[:_FEW])})" if lone else "their data differ"
            raise InputError(
                f"these runs answered different items: {what}", where=tag, fix="ask both models the same items of the same data"
            )
