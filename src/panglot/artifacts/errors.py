"""Errors for people: what was wrong, where, and what to do.

Every error that a person can cause or mend is a [`PanglotError`][panglot.artifacts.PanglotError]; the command line prints
it as one line and exits with code 2. Anything else that escapes is a defect of Panglot and keeps its traceback.
"""

import errno
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class PanglotError(Exception):
    """An error with three parts: what was wrong, where, and what to do.

    Args:
        what: what was wrong, a short sentence without a full stop.
        where: file, line, key or step, as precise as is known.
        fix: what the person can do.

    Example:
        >>> str(InputError("the file is empty", where="pairs.tsv", fix="give a file with two columns"))
        'the file is empty (pairs.tsv): give a file with two columns'
    """

    exit_code = EXIT_BAD_INPUT

    def __init__(self, what: str, *, where: object = None, fix: str | None = None) -> None:
        self.what, self.where, self.fix = what, None if where is None else str(where), fix
        place = f" ({self.where})" if self.where else ""
        remedy = f": {fix}" if fix else ""
        super().__init__(f"{what}{place}{remedy}")


class InputError(PanglotError):
    """Something that a person gave cannot be used: a file, a value, a language, a recipe."""


class BusyError(PanglotError):
    """Another process is working in the same run folder."""


class StorageError(PanglotError):
    """The disk is full, or a folder cannot be written."""


class MissingExtra(PanglotError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, extra: str, *, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            fix=f"pip install 'panglot[{extra}]'",
        )


def storage_error(error: OSError, path: Path) -> StorageError | None:
    """Translate a full disk, a read-only folder or a refused permission; None for any other `OSError`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError("no space left on the disk", where=path, fix="free some space, then run the same command again")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StorageError("this folder cannot be written", where=path, fix="choose another folder with --out")
    return None


def did_you_mean(word: str, options: Iterable[str], limit: int = 3) -> str:
    """A hint such as `did you mean 'epochs'?`, or the empty string when nothing is near.

    Example:
        >>> did_you_mean("epocs", ["epochs", "seed"])
        "did you mean 'epochs'?"
    """
    near = get_close_matches(word, list(options), n=limit, cutoff=0.6)
    if not near:
        return ""
    return "did you mean " + " or ".join(repr(each) for each in near) + "?"
