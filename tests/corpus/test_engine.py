"""The engine: order, isolation, workers that die, budgets, accounts."""

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import engine_tasks
import pyarrow.parquet as pq
import pytest

from panglot.artifacts import Engine, InputError, Step, StorageError, digest_folder, step_folder
from panglot.corpus.documents import Documents, DocumentWriter
from panglot.corpus.engine import by_document, close, run_tasks, sieve
from panglot.corpus.engine.attempt import KILLED
from panglot.corpus.engine.tasks import LostWorkers, TaskError

TEXTS = ["အားလုံး", "كلهم", "ทั้งหมด", "everyone", "všykno", "全部", "𞤲𞤶𞤢𞥄𞤥", "ସମସ୍ତେ"]


def write_documents(folder: Path, texts: list[str], size: int, language: str = "und") -> Documents:
    for number, start in enumerate(range(0, len(texts), size)):
        with DocumentWriter(folder / "documents" / f"{number:05}.parquet") as writer:
            for each in texts[start : start + size]:
                writer.document(each, language, source="a test")
    return Documents(folder)


@pytest.fixture(autouse=True, scope="module")
def _no_workers_left():
    yield
    close()


@pytest.fixture
def step(tmp_path: Path) -> Step:
    (tmp_path / "out").mkdir()
    return Step(tmp_path / "out", engine=Engine(workers=2))


def test_results_stand_in_the_order_of_inputs(step: Step) -> None:
    found = run_tasks(engine_tasks.write_number, range(7), step=step, label="numbers")
    assert [each["number"] for each in found] == list(range(7))
    assert len({each["process"] for each in found}) == 2
    assert os.getpid() not in {each["process"] for each in found}
    assert sorted(each.name for each in (step.out / "numbers").iterdir()) == [f"{number:03}.txt" for number in range(7)]
    assert [each.name for each in step.out.rglob(".*")] == []


def test_no_inputs(step: Step) -> None:
    assert run_tasks(engine_tasks.write_number, [], step=step, label="numbers") == []


def test_workers_are_clean(step: Step) -> None:
    assert run_tasks(engine_tasks.modules, [1], step=step, label="clean") == [{"torch": False, "threads": "1"}]


def test_relative_paths_are_of_the_folder_where_the_parent_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was kept from a step before stands in another folder."""
    for name in ("first", "second"):
        (tmp_path / name / "out").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / name)
        run_tasks(engine_tasks.write_number, [3], step=Step(Path("out"), engine=Engine(workers=1)), label="numbers")
        assert (tmp_path / name / "out" / "numbers" / "003.txt").read_text() == "9"


def test_a_function_that_no_worker_can_find(step: Step) -> None:
    with pytest.raises(TypeError, match="top of a module"):
        run_tasks(lambda given, out: {}, [1], step=step, label="nothing")
    with pytest.raises(TypeError, match="top of a module"):
        run_tasks(partial(engine_tasks.fail, key=lambda: 1), [1], step=step, label="nothing")


def test_a_killed_worker_is_no_matter(step: Step, tmp_path: Path) -> None:
    found = run_tasks(engine_tasks.die_once, [(number, str(tmp_path)) for number in range(4)], step=step, label="dying")
    assert [each["number"] for each in found] == [0, 1, 2, 3]
    assert (tmp_path / "2").read_text() == "xxx"
    assert not step.quarantined


def test_a_task_that_always_dies(step: Step) -> None:
    with pytest.raises(LostWorkers, match="3 workers in turn died on the same task: killed by signal 9"):
        run_tasks(engine_tasks.always_die, [1], step=step, label="dying")


def test_errors_come_back_as_they_were(step: Step) -> None:
    with pytest.raises(InputError, match=r"the tag is not known \(a.txt\): give another"):
        run_tasks(engine_tasks.fail, ["", "input"], step=step, label="one")
    with pytest.raises(StorageError, match="no space left"):
        run_tasks(engine_tasks.fail, ["disk"], step=step, label="two")
    with pytest.raises(StorageError, match="no space left"):
        run_tasks(engine_tasks.fail, ["full"], step=step, label="full")
    with pytest.raises(TaskError, match="ZeroDivisionError: a defect(?s:.)*engine_tasks.py"):
        run_tasks(engine_tasks.fail, ["defect"], step=step, label="three")


def test_finished_tasks_are_not_done_again(tmp_path: Path) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    inputs = [(number, str(traces)) for number in range(6)]
    place = tmp_path / "run" / "step"
    for tried in ("broken", "whole"):
        try:
            with step_folder(place, key="a" * 32, engine=Engine(workers=1)) as step:
                run_tasks(engine_tasks.leave_a_trace, inputs[: 4 if tried == "broken" else 6], step=step, label="traces")
                if tried == "broken":
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            assert not place.exists()
    assert [(traces / f"{number}").read_text() for number in range(6)] == ["begun\n"] * 6
    assert sorted(each.name for each in place.glob("*.txt")) == [f"{number:03}.txt" for number in range(6)]
    assert sorted(each.name for each in place.parent.iterdir()) == ["step"]


def test_another_key_begins_anew(tmp_path: Path) -> None:
    place = tmp_path / "step"
    for key in ("a" * 32, "b" * 32):
        with pytest.raises(KeyboardInterrupt), step_folder(place, key=key) as step:
            assert not list(step.scratch.iterdir())
            (step.scratch / "left").write_text(key)
            raise KeyboardInterrupt
    assert [each.name for each in (tmp_path / ".scratch").iterdir()] == [f"step-{'b' * 16}"]
    with step_folder(place, key="b" * 32) as step:
        assert (step.scratch / "left").read_text() == "b" * 32
    assert not (tmp_path / ".scratch").exists()


def test_a_document_that_raises_is_set_aside(step: Step, tmp_path: Path) -> None:
    texts = TEXTS * 3
    texts[5] = "bad\ud7ff"
    texts[17] = "bad text"
    given = write_documents(tmp_path / "given", texts, 10)
    found = sieve(given, engine_tasks.drop_odd, step=step, label="dropping")
    figures = step.figures["documents"]
    assert figures["in"] == 24 == figures["kept"] + sum(figures["dropped"].values()) + figures["quarantined"]
    assert figures["quarantined"] == 2 == step.quarantined["ValueError"]
    assert [row["text"] for row in found.rows()] == [
        each for each in texts if len(each) % 2 == 0 and not each.startswith("bad")
    ]
    assert found.dropped is not None
    reasons = [row for shard in found.dropped.shards for row in pq.read_table(shard).to_pylist()]
    assert {row["reason"] for row in reasons} == {"odd"}
    assert [row["text"] for row in reasons] == [each for each in texts if len(each) % 2 and not each.startswith("bad")]
    aside = [json.loads(line) for line in (step.out / "quarantine.jsonl").read_text().splitlines()]
    assert [each["excerpt"] for each in aside] == [texts[5], texts[17]]
    assert "engine_tasks.py" in aside[1]["detail"]


def test_a_document_that_kills_is_found(step: Step, tmp_path: Path) -> None:
    texts = [f"{number} {TEXTS[number % 8]}" for number in range(300)]
    texts[123] = "poison"
    texts[124] = "poison too"
    given = write_documents(tmp_path / "given", texts, 200)
    sieve(given, engine_tasks.drop_odd, step=step, label="dropping")
    assert step.quarantined == {KILLED: 2}
    assert step.figures["documents"]["quarantined"] == 2
    aside = [json.loads(line)["excerpt"] for line in (step.out / "quarantine.jsonl").read_text().splitlines()]
    assert aside == ["poison", "poison too"]


def test_one_bad_document_in_ten_is_no_matter(step: Step, tmp_path: Path) -> None:
    texts = ["bad" if number % 10 == 3 else f"text {number}" for number in range(200)]
    sieve(write_documents(tmp_path / "given", texts, 30), engine_tasks.drop_odd, step=step, label="dropping")
    assert step.figures["documents"]["quarantined"] == 20
    assert step.worker_seconds > 0
    assert step.worker_memory_bytes > 1 << 20


def test_above_the_budget_the_run_stops(step: Step, tmp_path: Path) -> None:
    texts = ["bad" if number % 10 in (3, 4) else f"text {number}" for number in range(200)]
    words = r"of 200 documents were quarantined, more than the error budget of 10% \(ValueError.*no good: bad \(engine_tasks.py"
    with pytest.raises(InputError, match=words):
        sieve(write_documents(tmp_path / "given", texts, 30), engine_tasks.drop_odd, step=step, label="dropping")


def test_a_sidecar_is_joined_by_its_ids(tmp_path: Path) -> None:
    texts = [f"{number} {TEXTS[number % 8]}" for number in range(50)]
    texts[7] = "bad one"
    given = write_documents(tmp_path / "given", texts, 20)
    with step_folder(tmp_path / "lengths") as step:
        run_tasks(engine_tasks.lengths, list(enumerate(map(str, given.shards))), step=step, label="measuring")
    assert step.quarantined == {"ValueError": 1}
    from panglot.artifacts import Artifact

    sidecar = (Artifact(tmp_path / "lengths"), "lengths")
    with step_folder(tmp_path / "sieved") as step:
        sieve(given, engine_tasks.drop_odd, step=step, label="dropping", sidecars=[sidecar])
    # the text that could not be measured is set aside again, and not judged by a hole
    assert step.figures["documents"]["quarantined"] == 1 == step.quarantined["not measured"]
    other = write_documents(tmp_path / "other", [*texts[:-1], "another"], 20)
    with pytest.raises(InputError, match="other documents"), step_folder(tmp_path / "wrong") as step:
        sieve(other, engine_tasks.drop_odd, step=step, label="dropping", sidecars=[sidecar])
    few = write_documents(tmp_path / "few", texts, 50)
    with (
        pytest.raises(InputError, match="there are 3 tables here, and the documents have 1"),
        step_folder(tmp_path / "x") as step,
    ):
        sieve(few, engine_tasks.drop_odd, step=step, label="dropping", sidecars=[sidecar])


def test_figures_by_language(step: Step, tmp_path: Path) -> None:
    with DocumentWriter(tmp_path / "given" / "documents.parquet") as writer:
        for number, language in enumerate(["hsb_Latn", "tha_Thai", "tha_Thai"]):
            writer.document("x" * number, language, source="")
    found = sieve(Documents(tmp_path / "given"), engine_tasks.drop_odd, step=step, label="dropping")
    assert found.path.is_file()
    assert step.figures["by_language"] == {
        "hsb_Latn": {"in": 1, "kept": 1, "dropped": {}, "quarantined": 0},
        "tha_Thai": {"in": 2, "kept": 1, "dropped": {"odd": 1}, "quarantined": 0},
    }


def test_by_document_outside_a_worker() -> None:
    import pyarrow as pa

    nothing = pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())})
    assert by_document(nothing, lambda some: some["text"].to_pylist()).values == []
    some = pa.table({"id": ["1", "2"], "text": ["bad", "bad"]})
    found = by_document(some, engine_tasks._lengths)
    assert found.values.to_pylist() == [{"id": None, "length": None}] * 2
    assert found.faults == {0: "ValueError", 1: "ValueError"}


def workers_of(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(each) for each in found if b"engine.worker" in Path(f"/proc/{each}/cmdline").read_bytes()]


def start(folder: Path, engine: str = "local", workers: int = 2) -> "subprocess.Popen[bytes]":
    command = [sys.executable, engine_tasks.__file__, str(folder), engine, str(workers)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "import sys, engine_tasks; engine_tasks.interrupted(sys.argv[1], sys.argv[2], int(sys.argv[3]))"
    return subprocess.Popen([command[0], "-c", code, *command[2:]], env=env)


def gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads /proc")
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    write_documents(tmp_path / "given", TEXTS * 20, 5)
    process = start(tmp_path)
    workers: list[int] = []
    for _ in range(200):
        time.sleep(0.05)
        workers = workers_of(process.pid)
        if len(workers) == 2:
            break
    process.kill()
    process.wait()
    for _ in range(100):
        if all(gone(each) for each in workers):
            break
        time.sleep(0.05)
    assert len(workers) == 2
    assert all(gone(each) for each in workers)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads /proc")
def test_killed_at_any_instant_the_bytes_are_the_same(tmp_path: Path) -> None:
    import random
    import signal

    texts = [f"{number} {TEXTS[number % 8]}" for number in range(240)]
    for name in ("calm", "disturbed"):
        write_documents(tmp_path / name / "given", texts, 10)
    process = start(tmp_path / "calm")
    assert process.wait(60) == 0
    draw = random.Random(17)
    for number in range(5):
        process = start(tmp_path / "disturbed", workers=1 + number % 3)
        time.sleep(draw.uniform(0.3, 1.6))
        if number % 2 and process.poll() is None:
            for each in workers_of(process.pid)[:1]:
                os.kill(each, signal.SIGKILL)
            time.sleep(0.2)
        process.kill()
        process.wait()
    assert start(tmp_path / "disturbed").wait(60) == 0
    calm, disturbed = tmp_path / "calm" / "run" / "sieved", tmp_path / "disturbed" / "run" / "sieved"
    skipped = ("manifest.json",)
    assert digest_folder(calm, without=skipped) == digest_folder(disturbed, without=skipped)
    first, second = (json.loads((each / "manifest.json").read_bytes()) for each in (calm, disturbed))
    assert first["figures"] == second["figures"]
    assert first["digest"] == second["digest"]
    assert not (tmp_path / "disturbed" / "run" / ".scratch").exists()
