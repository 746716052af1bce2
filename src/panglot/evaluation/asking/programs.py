"""The programs in the answers of a language, run one after another, and kept one by one as their verdicts come."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from threading import Event
from typing import TYPE_CHECKING

from panglot.artifacts import InputError, Step, digest_value
from panglot.evaluation.asking.answers import Answer
from panglot.evaluation.asking.journal import Journal
from panglot.evaluation.running.limits import Limits
from panglot.evaluation.running.sandbox import require
from panglot.evaluation.running.solutions import Judged
from panglot.evaluation.running.toolchains import missing, programming_language
from panglot.evaluation.running.verdicts import KINDS, Program, Verdict, judge

if TYPE_CHECKING:
    from panglot.evaluation.asking.questions import Questions
    from panglot.evaluation.tasks import Item


@dataclass(frozen=True)
class Verdicts:
    """What came of the programs of a language.

    Attributes:
        of_items: by item, in the order of the questions, a verdict for each program that was drawn.
        programming: programming language of each item.
    """

    of_items: tuple[tuple[Verdict, ...], ...]
    programming: tuple[str, ...]

    @property
    def counts(self) -> list[tuple[int, int]]:
        """Programs and those that passed, by item."""
        return [(len(each), sum(one.passed for one in each)) for each in self.of_items]

    @property
    def by_kind(self) -> dict[str, int]:
        """How many programs ended in which way."""
        found: Counter[str] = Counter(one.kind for each in self.of_items for one in each)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def by_programming(self) -> dict[str, dict[str, float]]:
        """Items of each programming language, and the mean share of their programs that passed."""
        shares: dict[str, list[float]] = {}
        for name, (n, passed) in zip(self.programming, self.counts, strict=True):
            shares.setdefault(name, []).append(passed / n)
        return {name: {"n": len(each), "pass@1": round(sum(each) / len(each), 6)} for name, each in sorted(shares.items())}


def runnable(items: Sequence["Item"]) -> tuple[list["Item"], Mapping[str, int]]:
    """The items whose programming language can be run here, and how many others there are by what is missing.

    Raises:
        InputError: none can be run, or what an item is judged by cannot be read.
    """
    kept, lacking = [], Counter[str]()
    for item in items:
        try:
            language = programming_language(Judged.of(item.fields, item.id).language)
            lacks = f"{language.name} needs {found}" if (found := missing(language)) else ""
        except InputError as error:
            if "cases" in error.what:
                raise
            lacks = error.what
        if lacks:
            lacking[lacks] += 1
        else:
            kept.append(item)
    if not kept:
        raise InputError(f"none of the programs can be run here: {'; '.join(lacking)}", fix="install a compiler or interpreter")
    return kept, dict(lacking)


def run_programs(
    questions: "Questions", answers: Sequence[Answer], limits: Limits, *, step: Step, name: str, workers: int
) -> Verdicts:
    """Judge each program that was not judged before.

    Args:
        questions: items in one language.
        answers: to them.
        limits: of each program.
        step: its scratch folder keeps the verdicts.
        name: of their journal.
        workers: programs that run at a time.

    Raises:
        InputError: there is no sandbox.
        PanglotError: a sandbox could not be made.
    """
    require()
    judged = [Judged.of(item.fields, item.id) for item in questions.items]
    programs = {
        (item.id, draw): how.program(written)
        for item, how, answer in zip(questions.items, judged, answers, strict=True)
        for draw, written in enumerate(answer.drawn)
    }
    asked = digest_value([[[*key], asdict(each)] for key, each in programs.items()] + [limits.model_dump()])
    with Journal(step.scratch / f"{name}.verdicts.jsonl", asked) as journal:
        wanted = {_key(*key): each for key, each in programs.items() if _key(*key) not in journal}
        with step.progress(f"running programs in {questions.language}", total=len(programs)) as progress:
            progress.advance(len(programs) - len(wanted))
            for key, verdict in _judged(wanted, limits, workers):
                journal.add(key, {"kind": verdict.kind, "detail": verdict.detail})
                progress.advance(1)
        found = dict(journal)
    verdicts = tuple(
        tuple(Verdict(**found[_key(item.id, draw)]) for draw in range(len(answer.drawn)))
        for item, answer in zip(questions.items, answers, strict=True)
    )
    return Verdicts(verdicts, tuple(programming_language(each.language).name for each in judged))


def _key(item: str, draw: int) -> str:
    return f"{item}\0{draw}"


def _judged(programs: Mapping[str, Program], limits: Limits, workers: int) -> Iterator[tuple[str, Verdict]]:
    """Verdicts as they come, some at a time: after an interruption nothing new is begun, and what runs is ended."""
    following = iter(programs.items())
    waiting: dict[Future[Verdict], str] = {}
    unwanted = Event()
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(waiting) < workers and (one := next(following, None)) is not None:
                    waiting[pool.submit(judge, one[1], limits, unwanted)] = one[0]
                if not waiting:
                    return
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for each in sorted(done, key=lambda future: waiting[future]):
                    yield waiting.pop(each), each.result()
        finally:
            unwanted.set()
            for each in waiting:
                each.cancel()
