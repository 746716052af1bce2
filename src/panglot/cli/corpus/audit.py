"""`panglot corpus audit`."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit_command)


def audit_command(
    folder: Annotated[Path, typer.Argument(help="The run folder that `panglot corpus build` wrote.")],
    out: Annotated[Path, typer.Option("--out", help="The page to write.")] = Path("audit.html"),
    title: Annotated[str, typer.Option("--title", help="Title of the page.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure of the page as JSON.")] = False,
) -> None:
    """Write one page that shows what is in a corpus, where it is from, and what was dropped and why."""
    from panglot.artifacts import InputError, write_file
    from panglot.cli.console import output, print_json
    from panglot.report.corpus_audit import audit_run, draw_audit

    if not folder.is_dir():
        raise InputError("there is no such folder", where=folder)
    facts, cost = audit_run(folder, title)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_file(out, draw_audit(facts, cost))
    if as_json:
        print_json({"page": str(out), **facts})
        return
    output().print(facts["headline"], soft_wrap=True)
    output().print(f"page  {out}", soft_wrap=True)
