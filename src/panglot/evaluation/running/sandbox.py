"""The sandbox: bubblewrap, with namespaces of its own, folders that can only be read, and limits.

What a program sees: `/usr` and the folders of its language, to read; `/box`, in memory, bounded; a minimal `/dev`, and a
`/proc` of its own processes. It sees no home folder, of `/etc` settings of its language alone, no data, no network, no other
process, and no variable of this environment.

A person's own bubblewrap runs in a user namespace. Root's does not, since the limit of processes does not hold for root: the
program then runs under a number of its own that no user of the machine has.
"""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Event
from typing import IO, Literal

from panglot.artifacts import InputError, PanglotError
from panglot.evaluation.running.limits import Limits
from panglot.evaluation.running.watching import Watched, watch

WORK = "/box"
_TEMPORARY = "/tmp"  # noqa: S108
_NEEDED = {"bwrap": "bubblewrap", "prlimit": "util-linux", "setpriv": "util-linux"}
_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_FIRST_UID, _LAST_UID = 1_700_000_000, 2_000_000_000
_ALTERNATIVES = ("--ro-bind-try", "/etc/alternatives", "/etc/alternatives")
"""Links by which Debian chooses between programs of /usr."""
_FILE_HANDLES = 256
_COMMAND_LINE = "/usr/bin:/bin"
_SAID = 200
_FIRST = ("sh", "-c", '"$@"; exit $?', "sh")
"""The first process of the namespace, for which bubblewrap waits. Its own would be left to the machine's init, which not every
container has."""


@dataclass(frozen=True)
class Inside:
    """What a command finds in its sandbox.

    Attributes:
        files: path to content, all of it below `/box` or `/checker`; those below `/checker` cannot be written.
        folders: folders of this machine that can be read there, by their path there.
        variables: of the environment, beside `PATH`, `HOME` and the like.
        stdin: what it reads.
        secret: what it reads from the file handle whose number stands for `{secret}` in the command.
        address_space: whether the limit of memory is one of addresses too; off for runtimes that reserve much and use little.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    secret: bytes = b""
    address_space: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of a command.

    Attributes:
        status: exit status; 128 and the signal's number where a signal ended it; −1 where it was stopped.
        stopped: which limit it was stopped at; empty where it ended by itself.
        output: what it wrote to its output.
        errors: the beginning of what it wrote to its error output.
        report: what it wrote to the file handle whose number stands for `{report}` in the command.
        seconds: by the clock.
    """

    status: int
    stopped: Literal["", "time", "memory", "output"]
    output: bytes
    errors: str
    report: bytes
    seconds: float


def run(
    command: Sequence[str],
    inside: Inside = Inside(),
    *,
    limits: Limits,
    clock: float | None = None,
    unwanted: Event | None = None,
) -> Outcome:
    """Run a command in a sandbox, and wait until nothing of it is left.

    Args:
        command: program and arguments, as the sandbox knows them. `{secret}` and `{report}` are numbers of file handles.
        inside: what it finds there.
        limits: what it may take.
        clock: seconds by the clock; those of `limits` without it.
        unwanted: ends it, and all that it started, when it is set.

    Raises:
        InputError: bubblewrap, or something that it needs, is not there.
        PanglotError: the sandbox could not be made.
        CancelledError: it was not wanted any more.

    Example:
        >>> from panglot.evaluation.running.sandbox import problem
        >>> problem() is not None or run(["echo", "ሰላም"], limits=Limits()).output.decode().strip() == "ሰላም"
        True
    """
    _require_tools()
    with ExitStack() as stack:
        handle = stack.enter_context
        given = {path: handle(_holding(content)) for path, content in inside.files.items()}
        stdin, secret = handle(_holding(inside.stdin)), handle(_holding(inside.secret))
        pipes = {name: _pipe(stack) for name in ("report", "status")}
        numbers = {"secret": secret.fileno(), "report": pipes["report"][1].fileno()}
        asked = [each.format(**numbers) if each in ("{secret}", "{report}") else each for each in command]
        status = pipes["status"][1].fileno()
        line = _bubblewrap(inside, {path: each.fileno() for path, each in given.items()}, status, limits) + asked
        kept = [*(each.fileno() for each in given.values()), *numbers.values(), status]
        process = subprocess.Popen(
            line,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=kept,
            env={},
            cwd="/",
            start_new_session=True,
        )
        for _, written in pipes.values():
            written.close()
        found = watch(
            process, {name: read for name, (read, _) in pipes.items()},
            clock=limits.clock if clock is None else clock, memory=limits.memory_bytes, output=limits.output_bytes,
            unwanted=unwanted,
        )  # fmt: skip
    return _outcome(found)


def _outcome(found: Watched) -> Outcome:
    errors = found.errors.decode("utf-8", "replace")
    if found.stopped:
        return Outcome(-1, found.stopped, found.output, errors, found.pipes["report"], found.seconds)
    said = [json.loads(each) for each in found.pipes["status"].splitlines() if each.strip()]
    codes = [each["exit-code"] for each in said if "exit-code" in each]
    if not codes:
        raise PanglotError(f"the sandbox could not be made: {errors.strip()[:_SAID] or 'bubblewrap says nothing'}")
    return Outcome(int(codes[0]), "", found.output, errors, found.pipes["report"], found.seconds)


def _bubblewrap(inside: Inside, given: Mapping[str, int], status: int, limits: Limits) -> list[str]:
    apart = ["--unshare-all"]
    if _root():
        apart = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        apart += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    line = [
        "bwrap",
        *apart,
        "--die-with-parent",
        "--new-session",
        "--as-pid-1",
        "--hostname",
        "sandbox",
        "--json-status-fd",
        str(status),
    ]
    line += ["--ro-bind", "/usr", "/usr", *_links(), "--proc", "/proc", "--dev", "/dev"]
    line += ["--perms", "0777", "--size", str(limits.file_bytes), "--tmpfs", WORK, "--symlink", WORK.lstrip("/"), _TEMPORARY]
    for path in _above([_ALTERNATIVES[1], *inside.folders, *given]):
        line += ["--perms", "0755", "--dir", path]
    line += _ALTERNATIVES
    for path, folder in inside.folders.items():
        line += ["--ro-bind", str(folder), path]
    for path, handle in given.items():
        line += ["--perms", "0444", "--ro-bind-data"] if path.startswith("/checker/") else ["--perms", "0666", "--file"]
        line += [str(handle), path]
    # the root and /dev are in memory without a bound
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK, "--clearenv"]
    usual = {"PATH": _COMMAND_LINE, "HOME": WORK, "TMPDIR": WORK, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
    for name, value in {**usual, **inside.variables}.items():
        line += ["--setenv", name, value]
    return [*line, "--", *_FIRST, *_as_nobody(), *_limited(limits, address_space=inside.address_space)]


def _above(paths: Iterable[str]) -> list[str]:
    """The folders above, from the root on; without this bubblewrap makes some that only root may enter."""
    every = {str(each) for path in paths for each in Path(path).parents}
    return sorted(each for each in every if each not in ("/", WORK) and not each.startswith("/usr"))


def _links() -> list[str]:
    """What lies at the root and belongs to /usr."""
    found: list[str] = []
    for name in _LINKS:
        path = Path("/", name)
        if path.is_symlink():
            found += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            found += ["--ro-bind", str(path), str(path)]
    return found


def _as_nobody() -> list[str]:
    if not _root():
        return []
    # a number for each sandbox: the limit of processes is one of all processes of a user
    number = str(random.SystemRandom().randrange(_FIRST_UID, _LAST_UID))
    return ["setpriv", "--reuid", number, "--regid", number, "--clear-groups", "--"]


def _limited(limits: Limits, *, address_space: bool) -> list[str]:
    # SIGXCPU comes first, and can be ignored; what comes a second later cannot
    bounds = {
        "cpu": f"{limits.seconds}:{limits.seconds + 1}",
        "nproc": limits.processes,
        "fsize": limits.file_bytes,
        "nofile": _FILE_HANDLES,
        "core": 0,
        **({"as": limits.memory_bytes} if address_space else {}),
    }
    return ["prlimit", *(f"--{name}={value}" for name, value in bounds.items()), "--"]


def _holding(content: bytes) -> IO[bytes]:
    """A file without a name, at its beginning."""
    found = os.fdopen(os.memfd_create("panglot"), "r+b")
    found.write(content)
    found.flush()
    found.seek(0)
    return found


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    read, written = os.pipe()
    return stack.enter_context(os.fdopen(read, "rb", 0)), stack.enter_context(os.fdopen(written, "wb", 0))


def _root() -> bool:
    return os.geteuid() == 0


def _require_tools() -> None:
    needed = [name for name in _NEEDED if name != "setpriv" or _root()] if os.name == "posix" else ["bwrap"]
    if missing := [name for name in needed if shutil.which(name) is None]:
        raise InputError(
            f"{missing[0]} is not installed, and programs that a model wrote are run in its sandbox alone",
            fix=f"on Linux: apt install {_NEEDED[missing[0]]}",
        )


@cache
def problem() -> InputError | None:
    """Why no sandbox can be made on this machine; None where one can. It is tried once."""
    try:
        _require_tools()
        found = run(["true"], limits=Limits())
    except InputError as error:
        return error
    except (PanglotError, OSError) as error:
        return InputError(
            str(error).splitlines()[0],
            fix="allow user namespaces without privileges (kernel.unprivileged_userns_clone), or run as root",
        )
    if found.status:
        return InputError(f"nothing runs in the sandbox: {found.errors.strip()[:_SAID]}", fix="see whether `bwrap` works")
    return None


def require() -> None:
    """Raise where no sandbox can be made.

    Raises:
        InputError: with what to do.
    """
    if (found := problem()) is not None:
        raise found
