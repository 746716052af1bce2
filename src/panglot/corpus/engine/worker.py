"""A worker process of the local engine: `python -m panglot.corpus.engine.worker HANDLE`.

It is a fresh interpreter: nothing of the parent, no torch, one thread a library. It ends with its parent, also when that one is
killed: the handle on which it waits for work is then at its end.
"""

import ctypes
import gc
import json
import os
import pickle
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "ARROW_IO_THREADS",
)  # fmt: skip


def environment() -> dict[str, str]:
    """Variables of a worker: one thread a library, since every core has its worker; memory given back to the system."""
    found = dict.fromkeys(THREADS, "1")
    found |= {"TOKENIZERS_PARALLELISM": "false", "MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    found["PYTHONPATH"] = os.pathsep.join(each or str(Path.cwd()) for each in sys.path)
    return {**os.environ, **found}


def main(handle: int) -> None:
    """Do tasks until the parent closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _be_the_first_to_go()
    connection = Connection(handle)
    work: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # a thread waits for the parent, so that its end is seen in the middle of a task too
    threading.Thread(target=_listen, args=(connection, work), daemon=True).start()
    import pyarrow as pa

    from panglot.corpus.engine.attempt import attempt

    pa.set_cpu_count(1)
    function: Any = None
    while True:
        kind, *rest = pickle.loads(work.get())  # noqa: S301 - what the parent process wrote
        if kind == "function":
            (function,) = rest
            continue
        given, waiting, final, care = rest
        answer = attempt(function, given, Path(waiting), Path(final), care)
        connection.send_bytes(json.dumps(answer).encode())
        del given
        _give_memory_back()


def _listen(connection: Connection, work: "queue.SimpleQueue[bytes]") -> None:
    while True:
        try:
            work.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _be_the_first_to_go() -> None:
    """Where memory runs out, the kernel is to end a worker, whose task is tried again, and not the run."""
    try:
        Path("/proc/self/oom_score_adj").write_text("500")
    except OSError:
        pass


def _give_memory_back() -> None:
    gc.collect()
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (OSError, AttributeError):
            pass


if __name__ == "__main__":
    main(int(sys.argv[1]))
