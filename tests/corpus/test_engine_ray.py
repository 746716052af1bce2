"""The Ray engine gives the bytes of the local one. Skipped where Ray is not installed."""

import os
from pathlib import Path

import engine_tasks
import pytest
from test_engine import TEXTS, write_documents

from panglot.artifacts import Engine, InputError, MissingExtra, digest_folder, step_folder
from panglot.corpus.engine import close, on_ray, run_tasks, sieve
from panglot.corpus.engine.attempt import KILLED

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _no_ray_left():
    yield
    close()


def test_same_bytes_as_the_local_engine(tmp_path: Path) -> None:
    texts = [f"{number} {TEXTS[number % 8]}" for number in range(200)]
    texts[30] = "bad"
    texts[55] = "poison"
    given = write_documents(tmp_path / "given", texts, 20)
    found = {}
    for name, workers in (("local", 1), ("local", 3), ("ray", 2)):
        place = tmp_path / f"{name}-{workers}"
        with step_folder(place, engine=Engine(name, workers)) as step:
            sieve(given, engine_tasks.drop_odd, step=step, label="dropping")
        assert step.quarantined == {KILLED: 1, "ValueError": 1}
        found[place.name] = digest_folder(place, without=("manifest.json",)), step.figures
    assert found["ray-2"] == found["local-1"] == found["local-3"]


def test_order_deaths_and_errors(tmp_path: Path) -> None:
    with step_folder(tmp_path / "a", engine=Engine("ray", 2)) as step:
        numbers = run_tasks(engine_tasks.write_number, range(6), step=step, label="numbers")
        died = run_tasks(engine_tasks.die_once, [(number, str(tmp_path)) for number in range(4)], step=step, label="dying")
    assert [each["number"] for each in numbers] == list(range(6))
    assert os.getpid() not in {each["process"] for each in numbers}
    assert [each["number"] for each in died] == [0, 1, 2, 3]
    with pytest.raises(InputError, match="the tag is not known"), step_folder(tmp_path / "b", engine=Engine("ray", 2)) as step:
        run_tasks(engine_tasks.fail, ["input"], step=step, label="one")


def test_no_cluster_answers() -> None:
    close()
    with pytest.raises(InputError, match="no Ray cluster answers"):
        on_ray.connect(Engine("ray", address="ray://127.0.0.1:1"))


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_ray, "find_spec", lambda name: None)
    with pytest.raises(
        MissingExtra, match=r"--engine ray needs the package ray, which is not installed: pip install 'panglot\[ray\]'"
    ):
        on_ray.connect(Engine("ray"))
