"""The Ray engine: the same attempts as Ray tasks, on this machine or on a cluster.

Tables do not go through Ray's object store: a task reads its shard and writes its files, so that the folder of the run must be
on a file system that all machines of the cluster see. What Ray does is to place the tasks and to say which of them died.
"""

import os
import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from panglot.artifacts import Engine, InputError, MissingExtra
from panglot.corpus.engine.attempt import Care, attempt
from panglot.corpus.engine.pool import Attempt, Ended
from panglot.corpus.engine.worker import THREADS, environment

_OBJECT_STORE_BYTES = 100 << 20
_QUEUE = 2


def _versions() -> str:
    import pyarrow as pa

    from panglot import __version__

    return f"panglot {__version__}, pyarrow {pa.__version__}, Python {platform.python_version()}"


def _work(function: Callable[..., Any], given: Any, waiting: str, final: str, care: Care) -> tuple[dict[str, Any], str]:
    return attempt(function, given, Path(waiting), Path(final), care), _versions()


def connect(engine: Engine) -> Any:
    """Ray, started on this machine or connected to a cluster.

    Raises:
        MissingExtra: Ray is not installed.
        InputError: no cluster answers at the address.
    """
    if find_spec("ray") is None:
        raise MissingExtra("ray", "ray", purpose="--engine ray")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        return ray
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": True}
    if engine.address is None:
        kept = {name: value for name, value in environment().items() if name in (*THREADS, "MALLOC_ARENA_MAX", "PYTHONPATH")}
        ray.init(
            num_cpus=engine.count,
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            runtime_env={"env_vars": kept},
            **quiet,
        )
        return ray
    try:
        ray.init(address=engine.address, runtime_env={"env_vars": dict.fromkeys(THREADS, "1")}, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(
            "no Ray cluster answers", where=engine.address, fix="start one with `ray start --head`, or leave --address out"
        ) from error
    return ray


def disconnect() -> None:
    """Leave the cluster, or end the Ray that was started here."""
    if "ray" in sys.modules and sys.modules["ray"].is_initialized():
        sys.modules["ray"].shutdown()


class RayPool:
    """Attempts as Ray tasks; as many under way as there are cores, and on a cluster as many again in its queue."""

    def __init__(self, function: Callable[..., Any], engine: Engine) -> None:
        self._ray = connect(engine)
        self._engine = engine
        self._function = self._ray.put(function)
        self._remote = self._ray.remote(num_cpus=1, max_retries=0)(_work)
        self._busy: dict[Any, Attempt] = {}
        self._ours = _versions()

    @property
    def free(self) -> int:
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        limit = self._engine.workers or (cores if self._engine.address is None else _QUEUE * cores)
        return max(1, limit) - len(self._busy)

    def submit(self, attempt: Attempt) -> None:
        found = self._remote.remote(self._function, attempt.given, str(attempt.waiting), str(attempt.final), attempt.care)
        self._busy[found] = attempt

    def wait(self) -> list[Ended]:
        ready, _ = self._ray.wait(list(self._busy), num_returns=1)
        return [self._ended(each, self._busy.pop(each)) for each in ready]

    def _ended(self, reference: Any, attempt: Attempt) -> Ended:
        try:
            answer, theirs = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError as error:
            return Ended(attempt, None, type(error).__name__)
        if theirs != self._ours:
            raise InputError(
                f"a machine of the cluster has {theirs}, and this one has {self._ours}",
                fix="install the same versions everywhere: the outputs must not depend on the machine",
            )
        if answer["state"] == "done" and not attempt.final.is_dir():
            raise InputError(
                "the machines of the cluster write where this one does not see it",
                where=attempt.final,
                fix="give with --out a folder on a file system that all of them share",
            )
        return Ended(attempt, answer)

    def close(self, *, kill: bool) -> None:
        if kill:
            for each in self._busy:
                self._ray.cancel(each, force=True)
        self._busy.clear()
