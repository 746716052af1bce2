"""The local engine: worker processes of this machine."""

import atexit
import json
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from panglot.corpus.engine.pool import Attempt, Ended
from panglot.corpus.engine.worker import environment

_PATIENCE_SECONDS = 5.0


class Worker:
    """A process and the line to it."""

    def __init__(self) -> None:
        self.folder = Path.cwd()
        mine, its = socket.socketpair()
        with its:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.worker", str(its.fileno())],
                pass_fds=(its.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a library prints must not get into a result on standard output
                env=environment(),
                start_new_session=True,  # Ctrl-C is for the parent, which ends its workers
            )
        self.line = Connection(mine.detach())

    def send(self, *message: Any) -> None:
        try:
            self.line.send_bytes(pickle.dumps(message))
        except OSError:
            pass  # it died; the end of the line says so when it is waited for

    def end(self, *, kill: bool) -> None:
        self.line.close()
        if kill:
            self.process.kill()
        try:
            self.process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """How the process ended, for people."""
        try:
            code = self.process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if code == -signal.SIGKILL:
            return "killed by signal 9, as the system does when memory runs out"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


_idle: list[Worker] = []


def close_idle() -> None:
    """End the workers that wait for the next step."""
    while _idle:
        _idle.pop().end(kill=True)


atexit.register(close_idle)


class LocalPool:
    """So many worker processes, started when there is work for them and kept for the next step."""

    def __init__(self, function: Callable[..., Any], workers: int) -> None:
        self._function, self._limit = function, workers
        self._workers: list[Worker] = []
        self._busy: dict[Connection, tuple[Worker, Attempt]] = {}
        self._resting: list[Worker] = []

    @property
    def free(self) -> int:
        return self._limit - len(self._busy)

    def submit(self, attempt: Attempt) -> None:
        worker = self._resting.pop() if self._resting else self._engage()
        self._busy[worker.line] = worker, attempt
        worker.send("task", attempt.given, str(attempt.waiting), str(attempt.final), attempt.care)

    def _engage(self) -> Worker:
        worker = None
        while _idle and worker is None:
            worker = _idle.pop()
            # relative paths in a task mean the folder that the parent is in now
            if worker.process.poll() is not None or worker.folder != Path.cwd():
                worker.end(kill=True)
                worker = None
        worker = worker or Worker()
        worker.send("function", self._function)
        return worker

    def wait(self) -> list[Ended]:
        found = []
        for line in wait(list(self._busy)):
            assert isinstance(line, Connection)
            worker, attempt = self._busy.pop(line)
            try:
                answer = json.loads(line.recv_bytes())
            except (EOFError, OSError):
                found.append(Ended(attempt, None, worker.last_words()))
                worker.end(kill=True)
            else:
                found.append(Ended(attempt, answer))
                self._resting.append(worker)
        return found

    def close(self, *, kill: bool) -> None:
        for worker, _ in self._busy.values():
            worker.process.kill()
        for worker, _ in self._busy.values():
            worker.end(kill=True)
        self._busy.clear()
        while self._resting:
            worker = self._resting.pop()
            if kill:
                worker.end(kill=True)
            else:
                _idle.append(worker)
