"""Watching a process that is not trusted: what it writes is bounded while it is read, and its time and memory are looked at."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, Literal

Stop = Literal["", "time", "memory", "output"]

_EVERY = 0.05
_ENDING = 10.0
_BLOCK = 1 << 16
_ERRORS = 1 << 14
_PIPE = 1 << 14
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True)
class Watched:
    """What was seen: which limit stopped it, what it wrote, the beginning of its errors, what came through pipes, seconds."""

    stopped: Stop
    output: bytes
    errors: bytes
    pipes: dict[str, bytes]
    seconds: float


def watch(
    process: "subprocess.Popen[bytes]",
    pipes: Mapping[str, IO[bytes]],
    *,
    clock: float,
    memory: int,
    output: int,
    unwanted: Event | None = None,
) -> Watched:
    """Read what a process writes until it has ended, or kill it at a limit. Nothing of it is left when this returns.

    Args:
        process: leader of a session, with pipes for output and errors.
        pipes: more to read, by name; 16 kB of each are kept.
        clock: seconds.
        memory: bytes, of it and all below it.
        output: bytes, of its output and errors together.
        unwanted: set by who no longer waits for it.

    Raises:
        CancelledError: it was killed because nobody waits for it.
    """
    begun = time.monotonic()
    assert process.stdout is not None
    assert process.stderr is not None
    kept: dict[str, bytearray] = {name: bytearray() for name in ("output", "errors", *pipes)}
    most = {"output": output, "errors": _ERRORS, **dict.fromkeys(pipes, _PIPE)}
    stopped: Stop = ""
    written, looked = 0, begun
    with selectors.DefaultSelector() as waiting:
        for name, stream in {"output": process.stdout, "errors": process.stderr, **pipes}.items():
            waiting.register(stream, selectors.EVENT_READ, name)
        try:
            while waiting.get_map():
                for key, _ in waiting.select(_EVERY):
                    block = os.read(key.fd, _BLOCK)
                    if not block:
                        waiting.unregister(key.fileobj)
                    room = most[key.data] - len(kept[key.data])
                    kept[key.data] += block[: max(0, room)]
                    written += len(block)
                if unwanted is not None and unwanted.is_set():
                    raise CancelledError
                now = time.monotonic()
                if written > output:
                    stopped = "output"
                elif now - begun > clock:
                    stopped = "time"
                elif now - looked > _EVERY:
                    stopped, looked = ("memory" if _memory_of(process.pid) > memory else ""), now
                if stopped:
                    break
        finally:
            if waiting.get_map():
                _end(process, waiting)
            process.wait()
            process.stdout.close()
            process.stderr.close()
    named = {name: bytes(kept[name]) for name in pipes}
    return Watched(stopped, bytes(kept["output"]), bytes(kept["errors"]), named, time.monotonic() - begun)


def _end(process: "subprocess.Popen[bytes]", waiting: selectors.BaseSelector) -> None:
    """Kill bubblewrap, whose end is the end of all in its namespace, and wait until nobody is left who could write."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    until = time.monotonic() + _ENDING
    while waiting.get_map() and time.monotonic() < until:
        for key, _ in waiting.select(_EVERY):
            if not os.read(key.fd, _BLOCK):
                waiting.unregister(key.fileobj)


def _memory_of(pid: int) -> int:
    """Bytes in memory of a process and all below it."""
    total, waiting = 0, [pid]
    while waiting:
        place = Path("/proc", str(waiting.pop()))
        # a process may end while it is looked at
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int((place / "statm").read_text().split()[1]) * _PAGE
            for task in (place / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return total
