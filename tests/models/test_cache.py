import os
import subprocess
import sys

import pytest

from panglot.artifacts import StorageError
from panglot.models.cache import cache_folder, cached_model
from panglot.models.folder import digest_model


def _make(folder):
    (folder / "config.json").write_text("{}")


@pytest.fixture
def digest(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    _make(folder)
    return digest_model(folder)


def test_made_once_and_again_when_damaged(tmp_path, monkeypatch, digest):
    monkeypatch.setenv("PANGLOT_CACHE", str(tmp_path / "cache"))
    calls = []

    def make(folder):
        calls.append(folder)
        _make(folder)

    folder = cached_model("x", digest, make)
    assert cached_model("x", digest, make) == folder
    assert len(calls) == 1
    (folder / "config.json").write_text("{ }")
    assert cached_model("x", digest, make) == folder
    assert (folder / "config.json").read_text() == "{}"
    assert len(calls) == 2


def test_nothing_is_left_of_a_failure(tmp_path, monkeypatch, digest):
    monkeypatch.setenv("PANGLOT_CACHE", str(tmp_path / "cache"))

    def make(folder):
        (folder / "half").write_text("x")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        cached_model("x", digest, make)
    assert [each.name for each in (tmp_path / "cache" / "models").iterdir()] == [".lock"]
    assert cached_model("x", digest, _make).is_dir()


def test_two_processes_at_once(tmp_path, digest):
    program = f"""
import sys, time
from panglot.models.cache import cached_model
def make(folder):
    print("made")
    time.sleep(0.5)
    (folder / "config.json").write_text("{{}}")
print(cached_model("x", {digest!r}, make))
"""
    environment = {**os.environ, "PANGLOT_CACHE": str(tmp_path / "cache")}
    runs = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment) for _ in "ab"]
    said = [run.communicate()[0].split() for run in runs]
    assert all(run.returncode == 0 for run in runs)
    assert sorted(len(each) for each in said) == [1, 2]
    assert said[0][-1] == said[1][-1]


@pytest.mark.parametrize(("number", "message"), [(28, "no space left"), (13, "cannot be written"), (30, "cannot be written")])
def test_a_cache_that_cannot_be_filled(tmp_path, monkeypatch, digest, number, message):
    monkeypatch.setenv("PANGLOT_CACHE", str(tmp_path / "cache"))

    def make(folder):
        raise OSError(number, "refused", str(folder / "model.safetensors"))

    with pytest.raises(StorageError, match=f"{message}.*PANGLOT_CACHE"):
        cached_model("x", digest, make)


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv("PANGLOT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "panglot"
    monkeypatch.setenv("PANGLOT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
