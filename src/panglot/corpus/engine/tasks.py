"""The loop over the tasks of a step: bounded, ordered, safe to interrupt, patient with workers that die."""

import json
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import regex

from panglot.artifacts import (
    QUARANTINE_FILE,
    BusyError,
    Engine,
    InputError,
    MissingExtra,
    PanglotError,
    Step,
    StorageError,
)
from panglot.artifacts.errors import storage_error
from panglot.corpus.engine.attempt import (
    FAULTS_FILE,
    MARK_FILE,
    RESULT_FILE,
    Care,
    Row,
    check_function,
    read_mark,
)
from panglot.corpus.engine.pool import Attempt, Ended, Pool

TRIES = 3
"""How often a task is tried whose worker dies, before the document at fault is looked for."""
_CERTAIN = 2
_OWN_FILES = (RESULT_FILE, FAULTS_FILE, MARK_FILE)
_KINDS: dict[str, type[PanglotError]] = {each.__name__: each for each in (PanglotError, InputError, BusyError, StorageError)}


class TaskError(RuntimeError):
    """An error in a task that no person caused: the worker's traceback is in it."""


class LostWorkers(PanglotError):
    """Worker processes die on a task, whatever is left out of it."""


@dataclass
class _Task:
    """What the loop knows of a task that is not done."""

    index: int
    given: Any
    deaths: int = 0
    condemned: set[Row] = field(default_factory=set)
    suspect: tuple[int, int, int] | None = None
    certain: Counter[Row] = field(default_factory=Counter)

    @property
    def care(self) -> Care:
        return Care(frozenset(self.condemned), self.suspect)


def run_tasks(
    function: Callable[[Any, Path], dict[str, Any]],
    inputs: Sequence[Any],
    *,
    step: Step,
    label: str,
    out: Path | None = None,
    documents: int | None = None,
) -> list[dict[str, Any]]:
    """Call `function(input, out)` for every input, in worker processes or on a Ray cluster (`step.engine`).

    A finished task is kept in `step.scratch`: after `kill -9` the same step does only the others. When all are done, their
    files are linked into `out`. A task whose worker is killed is tried again, three times in all; then the documents on which
    it dies are looked for, alone and in ever smaller pieces, and set aside, as far as the function judges them with
    [`by_document`][panglot.corpus.engine.by_document].

    Args:
        function: stands at the top of a module, or is a `functools.partial` of such a one. It gets an input and a folder,
            writes files there under names that no other input has, and gives figures that JSON can hold. It must not depend
            on anything but its input: it may be called twice.
        inputs: what can be pickled; small (paths and numbers, not tables).
        step: the step; its engine, scratch, error budget, progress and quarantine are used.
        label: what is done, for the progress; no two calls of a step have the same.
        out: folder that gets the files; by default `step.out`.
        documents: how many documents the inputs hold, where known: a run that is above its error budget stops early.

    Returns:
        The figures, in the order of the inputs.

    Raises:
        InputError: more than `step.error_budget` of the documents were set aside.
        PanglotError: what the function raised.
        TaskError: the function raised an error that no person caused.
        LostWorkers: workers die on a task whatever is left out of it.
        StorageError: the disk is full.
    """
    check_function(function)
    place = step.scratch / (regex.sub(r"[^\w-]+", "-", label).strip("-") or "tasks")
    place.mkdir(parents=True, exist_ok=True)
    for each in place.glob("*.*"):
        shutil.rmtree(each, ignore_errors=True)
    finals = [place / f"{index:07}" for index in range(len(inputs))]
    todo = deque(_Task(index, inputs[index]) for index, final in enumerate(finals) if not (final / RESULT_FILE).is_file())
    budget = _Budget(step.error_budget, documents)
    with step.progress(label, total=len(inputs)) as progress:
        for final in finals:
            if (final / RESULT_FILE).is_file():
                budget.add(final)
                progress.advance()
        if todo:
            pool = _open(step.engine, function, len(todo))
            whole = False
            try:
                _loop(pool, todo, finals, budget, progress.advance)
                whole = True
            finally:
                pool.close(kill=not whole)
    budget.check(last=True)
    return _gather(finals, out or step.out, step)


def _open(engine: Engine, function: Callable[..., Any], count: int) -> Pool:
    if engine.name == "ray":
        from panglot.corpus.engine.on_ray import RayPool

        return RayPool(function, engine)
    from panglot.corpus.engine.local import LocalPool

    return LocalPool(function, min(engine.count, count))


def _loop(pool: Pool, todo: deque[_Task], finals: list[Path], budget: "_Budget", advance: Callable[[], None]) -> None:
    under_way: dict[int, _Task] = {}
    doubtful: deque[_Task] = deque()
    while todo or under_way or doubtful:
        while todo and pool.free > 0:
            task = todo.popleft()
            under_way[task.index] = task
            pool.submit(_attempt(task, finals))
        # a task on which workers die runs alone, so that it is not blamed for the memory that others took
        if doubtful and not under_way and not todo:
            task = doubtful.popleft()
            under_way[task.index] = task
            pool.submit(_attempt(task, finals))
        for ended in pool.wait():
            task = under_way.pop(ended.attempt.index)
            answer = ended.answer
            if answer is not None and answer["state"] == "done":
                budget.add(ended.attempt.final)
                budget.check()
                advance()
            elif answer is None or answer["kind"] == "memory":
                _after_a_death(task, ended, budget)
                (doubtful if task.deaths >= TRIES else todo).append(task)
            else:
                _raise(answer, ended.attempt.final)


def _attempt(task: _Task, finals: list[Path]) -> Attempt:
    final = finals[task.index]
    return Attempt(task.index, task.given, final.with_name(f"{final.name}.{os.getpid()}-{task.deaths}"), final, task.care)


def _after_a_death(task: _Task, ended: Ended, budget: "_Budget") -> None:
    mark = read_mark(ended.attempt.waiting)
    shutil.rmtree(ended.attempt.waiting, ignore_errors=True)
    task.deaths += 1
    if task.deaths < TRIES:
        return
    if mark is None:
        raise LostWorkers(
            f"{task.deaths} workers in turn died on the same task: {ended.death or 'no memory was left'}",
            where=str(task.given)[:200],
            fix="where memory ran out, give each more with fewer --workers; the same command goes on from here",
        )
    table, start, end, rows = mark
    if end - start > 1:
        task.suspect = (table, start, end)
        return
    task.certain[(table, start)] += 1
    if task.certain[(table, start)] >= _CERTAIN:
        task.condemned.add((table, start))
        task.suspect = None
        if len(task.condemned) > max(1.0, budget.share * (budget.documents or rows)):
            raise InputError(
                f"{len(task.condemned)} of {rows:,} documents kill the worker, and the error budget is {budget.share:.0%}",
                where=str(task.given)[:200],
            )


class _Budget:
    """Counts the documents that were set aside, and stops a run that has too many of them."""

    def __init__(self, share: float, documents: int | None) -> None:
        self.share, self.documents = share, documents
        self._seen = 0
        self._reasons: Counter[str] = Counter()
        self._example: tuple[Path, str] | None = None

    def add(self, final: Path) -> None:
        said = json.loads((final / RESULT_FILE).read_bytes())
        self._seen += said["documents"]
        self._reasons.update(said["quarantined"])
        if said["quarantined"] and (self._example is None or final < self._example[0]):
            with (final / FAULTS_FILE).open(encoding="utf-8") as stream:
                first = json.loads(stream.readline())
            self._example = final, f"document {first['where']}: {first['detail'] or first['reason']}"

    def check(self, *, last: bool = False) -> None:
        whole = self._seen if last else self.documents
        bad = self._reasons.total()
        if whole is None or bad <= self.share * whole:
            return
        said = ", ".join(f"{reason}: {count:,}" for reason, count in self._reasons.most_common(5))
        raise InputError(
            f"{bad:,} of {whole:,} documents were quarantined, more than the error budget of {self.share:.0%} ({said})",
            where=self._example[1] if self._example else None,
            fix="see what they have in common, or leave their file out",
        )


def _gather(finals: list[Path], out: Path, step: Step) -> list[dict[str, Any]]:
    results = []
    for final in finals:
        said = json.loads((final / RESULT_FILE).read_bytes())
        results.append(said["figures"])
        for each in sorted(final.rglob("*")):
            if each.is_file() and not (each.parent == final and each.name in _OWN_FILES):
                _link(each, out / each.relative_to(final))
        step.worker_seconds += said["core_seconds"]
        step.worker_memory_bytes = max(step.worker_memory_bytes, said["memory_bytes"])
        step.quarantined.update(said["quarantined"])
        if said["quarantined"]:
            step.out.mkdir(parents=True, exist_ok=True)
            with (final / FAULTS_FILE).open("rb") as source, (step.out / QUARANTINE_FILE).open("ab") as target:
                shutil.copyfileobj(source, target)
    return results


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise TaskError(f"two tasks wrote {target.name}: names must be unique for each input")
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _raise(answer: dict[str, Any], final: Path) -> None:
    kind, message = answer["kind"], answer["message"]
    if kind == "MissingExtra":
        missing = MissingExtra("", "", purpose="")
        PanglotError.__init__(missing, answer["what"], where=answer["where"], fix=answer["fix"])
        raise missing
    if kind in _KINDS:
        raise _KINDS[kind](answer["what"], where=answer["where"], fix=answer["fix"])
    if kind == "os":
        error = OSError(answer["errno"], message)
        known = storage_error(error, Path(answer["where"] or final))
        if known is not None:
            raise known
    raise TaskError(f"{kind}: {message}\n\nin the worker:\n{answer['trace']}")
