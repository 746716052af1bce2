"""The command line: parse, call, show."""

from panglot.cli.app import main

__all__ = ["main"]
