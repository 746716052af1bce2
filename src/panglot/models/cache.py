"""The user's cache folder: what is expensive to make and can be made again."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from panglot.artifacts import BusyError, StorageError, discard_partial, locked, staged_folder
from panglot.models.folder import digest_model

_WAIT_SECONDS = 0.2


def cache_folder() -> Path:
    """`$PANGLOT_CACHE`, else `$XDG_CACHE_HOME/panglot`, else `~/.cache/panglot`; it need not exist."""
    if chosen := os.environ.get("PANGLOT_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "panglot"


def cached_model(name: str, digest: str, make: Callable[[Path], None]) -> Path:
    """The folder of a converted model, made on first use, whole or absent, and checked against its digest on every use.

    Processes that want the same model at once wait for the first. A damaged copy is made again.

    Args:
        name: of the folder, less the digest.
        digest: of the files that `make` writes.
        make: writes the model into a folder.

    Raises:
        StorageError: the cache cannot be written, or the disk is full.
    """
    shelf = cache_folder() / "models"
    final = shelf / f"{name}-{digest[:8]}"
    if _holds(final, digest):
        return final
    try:
        while True:
            try:
                with locked(shelf):
                    if not _holds(final, digest):
                        discard_partial(shelf)
                        _fill(final, digest, make)
                    return final
            except BusyError:
                time.sleep(_WAIT_SECONDS)
    except StorageError as error:
        fix = "free some space, or name another folder with the environment variable PANGLOT_CACHE"
        raise StorageError(error.what, where=error.where, fix=fix) from error


def _holds(folder: Path, digest: str) -> bool:
    return folder.is_dir() and digest_model(folder) == digest


def _fill(final: Path, digest: str, make: Callable[[Path], None]) -> None:
    with staged_folder(final) as folder:
        make(folder)
        if (found := digest_model(folder)) != digest:
            raise AssertionError(f"the conversion of {final.name} wrote other bytes than it should: {found}")
