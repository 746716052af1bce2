"""`panglot vocabulary`: one file a command."""

from importlib import import_module

import typer

_COMMANDS: tuple[str, ...] = ("report", "extend", "trim", "merge", "compare", "train")
"""Modules of this package, in the order in which the help lists them; each has `register(app)`."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Tokenizers and embeddings: measure, train, extend, trim, merge, compare.", no_args_is_help=True)
    for name in _COMMANDS:
        import_module(f"{__name__}.{name}").register(group)
    app.add_typer(group, name="vocabulary")
