"""One process at a time in a run folder."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from panglot.artifacts.errors import BusyError
from panglot.artifacts.storage import translated_storage_errors

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; the kernel frees it when the process ends, also after `kill -9`.

    Raises:
        BusyError: another process holds it.
        StorageError: the folder cannot be made or written.
    """
    with translated_storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / LOCK_FILE).open("a+", encoding="utf-8")
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"another process is working in this folder{_holder(stream)}",
                where=folder,
                fix="wait until it has ended, or choose another folder with --out",
            ) from None
        stream.seek(0)
        stream.truncate()
        json.dump({"process": os.getpid(), "since": datetime.now().isoformat(timespec="seconds")}, stream)
        stream.flush()
        yield


def _holder(stream: TextIO) -> str:
    try:
        stream.seek(0)
        said = json.load(stream)
        return f": process {said['process']}, since {said['since']}"
    except (ValueError, KeyError, TypeError):
        return ""
