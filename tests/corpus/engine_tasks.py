"""Tasks and decisions that the tests of the engine send to workers: a worker finds them by their name."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import InputError
from panglot.corpus.engine import by_document


def write_number(given: int, out: Path) -> dict[str, Any]:
    """Write one file, slower for the first inputs, so that the tasks end out of order."""
    time.sleep(max(0.0, 0.05 - 0.01 * given))
    (out / "numbers").mkdir()
    (out / "numbers" / f"{given:03}.txt").write_text(str(given * given))
    return {"number": given, "process": os.getpid()}


def leave_a_trace(given: tuple[int, str], out: Path) -> dict[str, Any]:
    """Write one file, and say in a folder outside that the task was begun."""
    number, traces = given
    with (Path(traces) / f"{number}").open("a") as stream:
        stream.write("begun\n")
    time.sleep(0.15)
    (out / f"{number:03}.txt").write_text(str(number))
    return {"number": number}


def die_once(given: tuple[int, str], out: Path) -> dict[str, Any]:
    """The first attempts at number 2 kill their worker."""
    number, traces = given
    trace = Path(traces) / f"{number}"
    begun = trace.read_text() if trace.exists() else ""
    trace.write_text(begun + "x")
    if number == 2 and len(begun) < 2:
        os.kill(os.getpid(), signal.SIGKILL)
    (out / f"{number}.txt").write_text("done")
    return {"number": number}


def always_die(given: int, out: Path) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def fail(given: str, out: Path) -> dict[str, Any]:
    """Raise what the input says."""
    if given == "input":
        raise InputError("the tag is not known", where="a.txt", fix="give another")
    if given == "disk":
        raise OSError(28, "No space left on device", str(out / "x"))
    if given == "full":
        (out / "x.parquet").symlink_to("/dev/full")
        pq.write_table(pa.table({"number": list(range(100_000))}), out / "x.parquet")
    if given == "defect":
        raise ZeroDivisionError("a defect")
    return {}


def modules(given: int, out: Path) -> dict[str, Any]:
    import sys

    return {"torch": "torch" in sys.modules, "threads": os.environ["OMP_NUM_THREADS"]}


def lengths(given: tuple[int, str], out: Path) -> dict[str, Any]:
    """A sidecar of lengths; texts that begin with `poison` end the process, with `bad` they raise an error."""
    number, shard = given
    documents = pq.read_table(shard)
    judged = by_document(documents, _lengths)
    (out / "lengths").mkdir()
    table = judged.values.set_column(0, "id", documents["id"])
    pq.write_table(table, out / "lengths" / f"{number:05}.parquet")
    return {"faults": {str(row): reason for row, reason in judged.faults.items()}}


def _lengths(documents: pa.Table) -> pa.Table:
    texts = documents["text"].to_pylist()
    for each in texts:
        _be_bad(each)
    return pa.table({"id": documents["id"], "length": pa.array([len(each) for each in texts], pa.int32())})


def _be_bad(text: str) -> None:
    if text.startswith("poison"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if text.startswith("bad"):
        raise ValueError(f"no good: {text}")


def drop_odd(documents: pa.Table, *beside: pa.Table) -> list[str | None]:
    """Drop texts of odd length, with a sidecar by what it says."""
    texts = documents["text"].to_pylist()
    for each in texts:
        _be_bad(each)
    sizes = beside[0]["length"].to_pylist() if beside else [len(each) for each in texts]
    return ["odd" if size % 2 else None for size in sizes]


def slowly_drop_odd(documents: pa.Table) -> list[str | None]:
    """The same, slow enough to be interrupted."""
    time.sleep(0.12)
    return drop_odd(documents)


def interrupted(folder: str, engine: str, workers: int) -> None:
    """A whole step with a key: what the tests of interruption start in a process of its own."""
    from panglot.artifacts import Engine, step_folder
    from panglot.corpus.documents import Documents
    from panglot.corpus.engine import close, sieve

    place = Path(folder)
    with step_folder(place / "run" / "sieved", key="k" * 32, engine=Engine.parse({"name": engine, "workers": workers})) as step:
        sieve(Documents(place / "given"), slowly_drop_odd, step=step, label="dropping")
    close()


if __name__ == "__main__":
    import sys

    interrupted(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(json.dumps({"done": True}))
