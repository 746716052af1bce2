"""Options that name texts: `--text FILE`, `--text hsb=FILE`, `--text DIR`, as often as wanted."""

from pathlib import Path
from typing import Annotated

import typer

from panglot.artifacts import InputError

TextOption = Annotated[
    list[str] | None,
    typer.Option("--text", help="Text: FILE, hsb=FILE or a folder; may be given again.", show_default=False),
]


def text_files(said: list[str] | None, option: str = "--text") -> list[str]:
    """The value of such an option as `corpus.read_text` takes it: each file that is named exists.

    Args:
        said: what was given.
        option: its name, for the error.

    Raises:
        InputError: nothing is given, or a file is missing.

    Example:
        >>> text_files(["hsb=absent.txt"])
        Traceback (most recent call last):
        ...
        panglot.artifacts.errors.InputError: there is no such file or folder (--text hsb=absent.txt)
    """
    if not said:
        raise InputError("no text is given", where=option, fix=f"for example {option} hsb=notes.txt, or {option} FOLDER")
    for each in said:
        _, equals, place = each.partition("=")
        if not (Path(each).expanduser().exists() or (equals and Path(place).expanduser().exists())):
            raise InputError("there is no such file or folder", where=f"{option} {each}")
    return list(said)
