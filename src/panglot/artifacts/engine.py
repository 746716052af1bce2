"""Where the heavy work of a step is done: no part of what a step is, so no part of its key."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from panglot.artifacts.errors import InputError, did_you_mean

_NAMES = ("local", "ray")
_KEYS = ("name", "workers", "address")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True)
class Engine:
    """Which machine or machines do a step's tasks. The outputs are the same bytes for every engine and number of workers.

    Attributes:
        name: `local`, processes of this machine; `ray`, a Ray cluster, or Ray on this machine.
        workers: tasks at a time; nothing means every usable core (with Ray: every core of the cluster).
        address: of a running Ray cluster, `auto` or `ray://HOST:PORT`; nothing starts Ray on this machine.

    Example:
        >>> Engine.parse({"name": "local", "workers": 8}).count, Engine.parse("ray").name
        (8, 'ray')
    """

    name: Literal["local", "ray"] = "local"
    workers: int | None = None
    address: str | None = None

    @property
    def count(self) -> int:
        """Worker processes on this machine."""
        return self.workers or usable_cores()

    @classmethod
    def parse(cls, said: Any, *, where: object = None) -> Self:
        """An engine as a recipe writes it: its name, or a mapping with name, workers and address.

        Raises:
            InputError: no such engine or key, or a value that cannot be.
        """
        given = {"name": said} if isinstance(said, str) else said
        if not isinstance(given, dict):
            raise InputError("engine must be a name or a mapping", where=where, fix="engine: {name: local, workers: 4}")
        for key in given:
            if key not in _KEYS:
                fix = did_you_mean(str(key), _KEYS) or f"known: {', '.join(_KEYS)}"
                raise InputError(f"an engine has no key {key!r}", where=where, fix=fix)
        name, workers, address = given.get("name", "local"), given.get("workers"), given.get("address")
        if name not in _NAMES:
            fix = did_you_mean(str(name), _NAMES) or f"known: {', '.join(_NAMES)}"
            raise InputError(f"there is no engine {name!r}", where=where, fix=fix)
        if workers is not None and (not isinstance(workers, int) or isinstance(workers, bool) or workers < 1):
            raise InputError(f"workers must be a whole number from 1, not {workers!r}", where=where)
        if address is not None and (not isinstance(address, str) or name != "ray"):
            raise InputError("only the engine ray has an address, such as auto", where=where)
        return cls(name, workers, address)

    def as_value(self) -> str | dict[str, Any]:
        """The engine as a recipe writes it."""
        said = {"name": self.name, "workers": self.workers, "address": self.address}
        found = {key: value for key, value in said.items() if value is not None}
        return self.name if len(found) == 1 else found


def usable_cores() -> int:
    """Cores that this process may use: what the scheduler allows, less where a container has a smaller share."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text().split()
        found = min(found, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return found
