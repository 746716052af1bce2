"""`panglot corpus`: one file a command."""

from importlib import import_module

import typer

_COMMANDS: tuple[str, ...] = (
    "build",
    "thresholds",
    "inspect",
    "audit",
    "balance",
    "deduplicate",
    "decontaminate",
    "identify",
    "teach",
    "harvest",
    "sources",
)
"""Modules of this package, in the order in which the help lists them; each has `register(app)`."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Raw text to clean, deduplicated, balanced training data.", no_args_is_help=True)
    for name in _COMMANDS:
        import_module(f"{__name__}.{name}").register(group)
    app.add_typer(group, name="corpus")
