"""`panglot corpus identify`."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

_LINES = 1024
_LONGEST = 1 << 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("identify")(identify)


def identify(
    file: Annotated[str, typer.Argument(help="A text file, or - for standard input.")] = "-",
    languages: Annotated[list[str] | None, typer.Option("--languages", help="Choose among these: hsb or hsb,deu.")] = None,
    back_end: Annotated[
        str, typer.Option("--back-end", help="panglot, another one by name, or a folder of a taught one.")
    ] = "panglot",
) -> None:
    """A line in, a line out: tag, confidence, text, with tabs between. `und` is said where nothing is sure."""
    from panglot.artifacts import InputError
    from panglot.corpus.identification import identifier
    from panglot.languages import Language

    among = [Language.parse(each).tag for said in languages or [] for each in said.split(",")]
    judge = identifier(back_end, languages=among or None)
    if file != "-" and not Path(file).is_file():
        raise InputError("there is no such file", where=file)
    out = sys.stdout
    try:
        for batch in _batches(file):
            for text, guess in zip(batch, judge.identify(batch), strict=True):
                out.write(f"{guess.tag}\t{guess.confidence:.4f}\t{text}\n")
            out.flush()
    except BrokenPipeError:
        sys.stderr.close()


def _batches(file: str) -> Iterator[list[str]]:
    stream = sys.stdin.buffer if file == "-" else Path(file).open("rb")  # noqa: SIM115 - closed below
    try:
        # a longer line comes as several, so that one line of a gigabyte is no matter
        lines = iter(lambda: stream.readline(_LONGEST), b"")
        while batch := list(islice(lines, _LINES if file != "-" else 64)):
            yield [line.decode("utf-8", "replace").rstrip("\r\n") for line in batch]
    finally:
        if file != "-":
            stream.close()
