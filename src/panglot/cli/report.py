"""`panglot report`."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report_command)


def report_command(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.", metavar="RUN...")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The page to write (default: report.html in the run, or here).")
    ] = None,
) -> None:
    """Write the report of a run again, or one page that compares several runs."""
    from panglot.artifacts import write_file
    from panglot.report.overview import compare_runs, overview

    if len(runs) == 1:
        target = out or runs[0] / "report.html"
        write_file(target, overview(runs[0]))
    else:
        target = out or Path("report.html")
        write_file(target, compare_runs(runs))
    print(target)
