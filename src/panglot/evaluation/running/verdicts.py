"""What came of a program and its tests."""

import ast
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal, get_args

from panglot.artifacts import InputError
from panglot.evaluation.running.limits import Limits
from panglot.evaluation.running.sandbox import WORK, Inside, Outcome, run
from panglot.evaluation.running.toolchains import PYTHON, Toolchain, numpy_folders, toolchain

Kind = Literal["passed", "failed", "error", "compile", "exited", "time", "memory", "output", "none"]
KINDS: tuple[str, ...] = get_args(Kind)
WORDS: dict[str, str] = {
    "passed": "passed",
    "failed": "a test failed",
    "error": "an error",
    "compile": "not compiled",
    "exited": "ended before its tests had",
    "time": "too slow",
    "memory": "too much memory",
    "output": "too much output",
    "none": "no program in the answer",
}
"""How a kind is called in reports."""
_CHECKER = Path(__file__).with_name("checker.py")
_TOKEN_BYTES = 16
_SIGNALS = {128 + 24: "time", 128 + 9: "time", 128 + 25: "output"}
_DETAIL = 200
_MOST_BUILT = 64 << 20
_BUILT = f"{WORK}/built.tar"


@dataclass(frozen=True)
class Case:
    """What a program reads, and what it may write for it."""

    input: str
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A program and how it is judged: by tests, which are Python and run in its module, or by cases of input and output.

    Attributes:
        source: what the model wrote, with what the task puts before it.
        language: of the source; Python where there are tests.
        tests: code that raises where the program is wrong.
        cases: all of them must be answered rightly.
    """

    source: str
    language: str = PYTHON
    tests: str = ""
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What came of it.

    Attributes:
        kind: one of `KINDS`.
        detail: a few words more, of the program's own making; empty for none.
    """

    kind: Kind
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Whether all tests passed."""
        return self.kind == "passed"


def judge(program: Program, limits: Limits, unwanted: Event | None = None) -> Verdict:
    """Run a program with its tests in a sandbox.

    Tests run in the process of the program, as the makers of HumanEval and MBPP have it. A pass is a secret that only the end
    of the tests lets the checker read; printing, exits, signals and replaced built-in functions give none. A program that is
    written to deceive this checker, or gives back objects which claim to equal everything, can still cheat. Where there are
    cases, what is right never enters the sandbox, and there is nothing to forge.

    Args:
        program: what is run.
        limits: of each of its runs.
        unwanted: ends it when it is set.

    Raises:
        InputError: the language is unknown or cannot be run here, or there is no sandbox.
        PanglotError: the sandbox could not be made.
        CancelledError: it was not wanted any more.
    """
    if not program.source.strip():
        return Verdict("none")
    found = toolchain(program.language)
    if program.cases:
        return _by_cases(program, found, limits, unwanted)
    if found.language.name != PYTHON:
        raise InputError(f"tests are Python, and this program is {found.language.name}", fix="give cases of input and output")
    return _by_tests(program, found, limits, unwanted)


def _by_tests(program: Program, python: Toolchain, limits: Limits, unwanted: Event | None) -> Verdict:
    token = secrets.token_hex(_TOKEN_BYTES).encode()
    inside = Inside(
        files={
            "/checker/checker.py": _CHECKER.read_bytes(),
            "/checker/solution.py": _bytes(program.source),
            "/checker/tests.py": _bytes(program.tests),
        },
        folders={**python.folders, **numpy_folders()},
        secret=token,
    )
    command = [python.tool, "-I", "-S", "-B", "-X", "utf8", "/checker/checker.py", "{secret}", "{report}"]
    outcome = run(command, inside, limits=limits, unwanted=unwanted)
    if outcome.report == token and outcome.status == 0 and not outcome.stopped:
        return Verdict("passed")
    if (ended := _ended(outcome, limits)) is not None:
        return ended
    kind, _, detail = outcome.report.decode("utf-8", "replace").partition(" ")
    if kind in ("failed", "error", "memory", "exited"):
        return Verdict(kind, _short(detail))  # type: ignore[arg-type]
    return Verdict("exited" if outcome.status == 0 else "error", _last_line(outcome.errors))


def _by_cases(program: Program, tools: Toolchain, limits: Limits, unwanted: Event | None) -> Verdict:
    file, building, command = tools.commands(program.source, limits.megabytes)
    folders, variables = tools.folders, dict(tools.language.variables)
    files = {f"{WORK}/{file}": _bytes(program.source)}
    if building:
        built = _built(building, Inside(files, folders, variables, address_space=False), limits, unwanted)
        if isinstance(built, Verdict):
            return built
        files = {_BUILT: built}
        command = ["sh", "-c", f'tar -xf {_BUILT} && rm {_BUILT} && exec "$@"', "sh", *command]
    for number, case in enumerate(program.cases, start=1):
        inside = Inside(files, folders, variables, _bytes(case.input), address_space=tools.language.address_space)
        outcome = run(command, inside, limits=limits, unwanted=unwanted)
        said = f"case {number} of {len(program.cases)}"
        if (ended := _ended(outcome, limits)) is not None:
            return Verdict(ended.kind, said)
        if outcome.status:
            return Verdict("error", _short(f"{said}: {_last_line(outcome.errors)}"))
        if not equal_output(outcome.output.decode("utf-8", "replace"), case.outputs):
            return Verdict("failed", said)
    return Verdict("passed")


def _built(command: Sequence[str], inside: Inside, limits: Limits, unwanted: Event | None) -> bytes | Verdict:
    """What a compiler made, as an archive that this machine never unpacks."""
    more = limits.model_copy(update={"seconds": limits.compiling, "output": _MOST_BUILT >> 20, "files": max(256, limits.files)})
    line = ["sh", "-c", '"$@" >&2 && exec tar -cf - *', "sh", *command]
    outcome = run(line, inside, limits=more, clock=limits.compiling, unwanted=unwanted)
    if outcome.stopped or outcome.status:
        return Verdict("compile", outcome.stopped or _first_line(outcome.errors))
    return outcome.output


def _ended(outcome: Outcome, limits: Limits) -> Verdict | None:
    """The verdict of a limit; None where it was none."""
    if outcome.stopped:
        return Verdict(outcome.stopped)
    kind = _SIGNALS.get(outcome.status)
    # the kernel kills for memory with the same signal as for time
    if kind == "time" and outcome.seconds < limits.seconds * 0.5:
        return Verdict("memory") if outcome.status == 128 + 9 else Verdict("error", "killed by itself")
    return None if kind is None else Verdict(kind)  # type: ignore[arg-type]


def equal_output(written: str, wanted: Sequence[str]) -> bool:
    r"""Whether an output is one of those wanted, line by line, without the blanks at the end of lines and of the text.

    Example:
        >>> equal_output("1 2 \r\nናይ\n", ["0", "1 2\nናይ"]), equal_output("12", ["1 2"])
        (True, False)
    """
    return _plain(written) in [_plain(each) for each in wanted]


def _plain(text: str) -> str:
    return "\n".join(each.rstrip() for each in text.replace("\r\n", "\n").rstrip().split("\n"))


def cases_of(said: str, where: str) -> tuple[Case, ...]:
    """Cases as data sets write them: a list of objects with `input` and `output`, as JSON or as a literal of Python.

    Raises:
        InputError: it is something else.

    Example:
        >>> cases_of("[{'input': '1', 'output': ['2', '02']}]", "item 0")
        (Case(input='1', outputs=('2', '02')),)
    """
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(said)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            found = None
    if (
        not isinstance(found, list)
        or not found
        or not all(isinstance(e, dict) and {"input", "output"} <= set(e) for e in found)
    ):
        raise InputError("the cases are no list of objects with input and output", where=where)
    return tuple(
        Case(str(each["input"]), tuple(map(str, each["output"] if isinstance(each["output"], list) else [each["output"]])))
        for each in found
    )


def _bytes(text: str) -> bytes:
    # half a character is no Python, which the interpreter says itself
    return text.encode("utf-8", "surrogatepass")


def _short(text: str) -> str:
    return " ".join(text.split())[:_DETAIL]


def _last_line(text: str) -> str:
    return _short(text.strip().split("\n")[-1])


def _first_line(text: str) -> str:
    return _short(text.strip().split("\n")[0])
