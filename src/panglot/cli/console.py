"""What the terminal shows: progress with time left on standard error, results on standard output."""

import json
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from panglot.artifacts import Listener, Silent, Task

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from panglot.recipes.plan import PlannedStep
    from panglot.recipes.runner import StepOutcome


def output() -> "Console":
    """Standard output; as wide as the terminal, or 120 columns in a pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


class Screen:
    """Shows a run as it goes: the steps done, and a bar with the time left for the work inside a step.

    On a terminal the bars move in place; in a pipe there is one line a step, so that a log stays readable.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        from rich.console import Console

        self.quiet = quiet
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._bars: Bars | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self.quiet:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )

            self._bars = Progress(
                TextColumn("  {task.description}"),
                BarColumn(bar_width=28),
                MofNCompleteColumn(),
                TextColumn("[dim]{task.fields[note]}"),
                TimeElapsedColumn(),
                TextColumn("[dim]left"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    @property
    def listener(self) -> Listener:
        """What steps report to."""
        return _BarListener(self._bars) if self._bars is not None else Silent()

    def step(self, number: int, count: int, step: "PlannedStep") -> None:
        """A step begins."""
        self._console.print(f"[bold]{number:>2}/{count}[/] {step.name}  [dim]{step.component.name}[/]")

    def say(self, text: str) -> None:
        """A line for the person, between bars."""
        self._console.print(text, markup=False)

    def summary(self, steps: "list[StepOutcome]") -> None:
        """How many steps ran, and how many were kept."""
        ran = [each for each in steps if each.state == "ran"]
        seconds = sum(each.manifest.wall_seconds for each in ran if each.manifest)
        kept = len(steps) - len(ran)
        self._console.print(f"[dim]{len(ran)} steps run in {seconds:.0f} s, {kept} kept as they were[/]")


class _BarTask:
    def __init__(self, bars: "Bars", task: "TaskID") -> None:
        self._bars, self._task = bars, task

    def advance(self, count: float = 1, note: str | None = None) -> None:
        if note is not None:
            self._bars.update(self._task, advance=count, note=note)
        else:
            self._bars.update(self._task, advance=count)

    def done(self) -> None:
        self._bars.remove_task(self._task)


class _BarListener:
    def __init__(self, bars: "Bars") -> None:
        self._bars = bars

    def task(self, label: str, total: float | None) -> Task:
        return _BarTask(self._bars, self._bars.add_task(label, total=total, note=""))
