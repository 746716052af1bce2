"""A person's folder that changes while a process lives."""

import json
from pathlib import Path

import pytest

from panglot.artifacts import InputError, step_folder
from panglot.models import Model
from panglot.models.load import load
from panglot.models.tiny import write_tiny


def loaded(folder: Path, place: Path) -> Model:
    with step_folder(place) as step:
        load(name=str(folder), step=step)
    return Model.open(place)


def test_a_folder_that_changed_is_loaded_anew(tmp_path: Path) -> None:
    own = tmp_path / "own"
    write_tiny("tiny:bert", own)
    first = loaded(own, tmp_path / "first")
    assert first.path == own
    said = json.loads((own / "config.json").read_bytes())
    (own / "config.json").write_text(json.dumps({**said, "initializer_range": 0.5}))
    second = loaded(own, tmp_path / "second")
    assert second.path == own
    assert second.digest != first.digest


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    write_tiny("tiny:bert", own)
    model = loaded(own, tmp_path / "first")
    own.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is gone"):
        _ = model.path
