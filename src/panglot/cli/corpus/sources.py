"""`panglot corpus sources`."""

from dataclasses import asdict
from typing import Annotated

import typer

from panglot.cli.console import output, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sources")(sources_command)


def sources_command(
    language: Annotated[str | None, typer.Option("--language", help="Show how each corpus writes this language.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the corpora that can be read by name: hub:NAME:LANGUAGE."""
    from rich.table import Table
    from rich.text import Text

    from panglot.corpus.reading.sources import SOURCES, language_name
    from panglot.languages import Language

    chosen = Language.parse(language) if language else None
    written = {
        name: language_name(each, chosen) if chosen and each.style != "no language" else "" for name, each in SOURCES.items()
    }
    if as_json:
        rows = {name: {**asdict(each), "codes": dict(each.codes)} for name, each in SOURCES.items()}
        print_json({name: {**row, "language": written[name] or None} for name, row in rows.items()})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "what", "kind", "languages", chosen.tag if chosen else "a language", "licence", "asks for"):
        table.add_column(heading, justify="right" if heading == "languages" else "left", overflow="fold")
    for name, each in SOURCES.items():
        asks = "a download" if not each.repository else "terms to accept" if each.terms else ""
        table.add_row(
            name + (" *" if each.unverified else ""),
            Text(each.title),
            "pairs" if each.pairs else "text",
            f"{each.languages:,}",
            written[name] or each.style,
            Text(each.licence),
            asks,
        )
    output().print(table)
    output().print("[dim]* something of it could not be checked against its public pages: --json says what[/]")
