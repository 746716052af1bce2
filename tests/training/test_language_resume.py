"""A training that was interrupted goes on to the same weights; what cannot be used is not used, and that is said."""

import errno
import json
import shutil

import pytest
from language_cases import LINES, curve_of, documents, tiny

from panglot.artifacts import StorageError, step_folder
from panglot.models.model import Model
from panglot.training import checkpoint
from panglot.training.language_model import language_model
from panglot.training.language_trainer import LanguageTrainer

SETTINGS = {
    "steps": 8, "batch_bytes": 256, "sequence_length": 64, "learning_rate": 3e-3, "precision": "fp32",
    "checkpoint_every": "2 steps",
}  # fmt: skip


class Interrupted(BaseException):
    pass


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return {name: tiny(tmp_path_factory.mktemp("models") / name[5:], name) for name in ("tiny:bert", "tiny:llama")}


@pytest.fixture
def text(tmp_path):
    return documents(tmp_path / "text", LINES)


def _train(place, model, text, **more):
    with step_folder(place, seed=17, key="k", volatile=Model.volatile) as step:
        language_model(model=model, text=text, step=step, **{**SETTINGS, **more})
    return Model.open(place).manifest


def _interrupted(monkeypatch, place, model, text, before, **more):
    """Train until a step begins, and be gone as after a kill: the scratch stays."""
    own = LanguageTrainer.training_step

    def training_step(self, model, inputs, num_items_in_batch=None):
        if inputs["at"] + 1 == before:
            raise Interrupted
        return own(self, model, inputs, num_items_in_batch)

    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(LanguageTrainer, "training_step", training_step)
        _train(place, model, text, **more)


def _scratch(place):
    (found,) = (place.parent / ".scratch").glob(f"{place.name}-*")
    return found


# tiny:bert has dropout: its masks must be drawn again as they were
@pytest.mark.parametrize("name", ["tiny:bert", "tiny:llama"])
def test_an_interrupted_training_ends_with_the_same_bytes(models, text, tmp_path, monkeypatch, name):
    calm = _train(tmp_path / "calm", models[name], text)
    place = tmp_path / "disturbed"
    for before in (4, 4, 7, 8):
        _interrupted(monkeypatch, place, models[name], text, before)
    assert sorted(each.name for each in _scratch(place).glob("checkpoint-*")) == ["checkpoint-4", "checkpoint-6"]
    disturbed = _train(place, models[name], text)
    assert disturbed.digest == calm.digest
    assert disturbed.notes == calm.notes
    assert json.loads((place / "speed.json").read_text())["steps_of_this_run"] == 2
    assert not (tmp_path / ".scratch").exists()


@pytest.mark.slow
def test_how_often_checkpoints_are_written_changes_nothing(models, text, tmp_path):
    found = {
        every: _train(tmp_path / str(number), models["tiny:bert"], text, checkpoint_every=every).digest
        for number, every in enumerate((None, "1 step", "0.001s", "10min"))
    }
    assert len(set(found.values())) == 1


def test_nothing_in_a_checkpoint_is_a_pickle(models, text, tmp_path, monkeypatch):
    place = tmp_path / "out"
    _interrupted(monkeypatch, place, models["tiny:llama"], text, 4)
    files = {each.name for each in _scratch(place).glob("checkpoint-*/*")}
    assert files == {"state.json", "weights.safetensors", "optimizer.safetensors"}


def test_a_damaged_checkpoint_is_not_used_and_the_one_before_it_is(models, text, tmp_path, monkeypatch):
    calm = _train(tmp_path / "calm", models["tiny:llama"], text)
    place = tmp_path / "out"
    _interrupted(monkeypatch, place, models["tiny:llama"], text, 7)
    last = _scratch(place) / "checkpoint-6" / "optimizer.safetensors"
    last.write_bytes(last.read_bytes()[:40])
    found = _train(place, models["tiny:llama"], text)
    assert found.digest == calm.digest
    assert [each for each in found.notes if "checkpoint" in each] == ["The checkpoint of step 6 is damaged and was not used."]
    assert json.loads((place / "speed.json").read_text())["steps_of_this_run"] == 4


def test_a_checkpoint_of_other_code_is_not_used(models, text, tmp_path, monkeypatch):
    place = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "code_digest", lambda: "other")
        _interrupted(monkeypatch, place, models["tiny:llama"], text, 6)
    found = _train(place, models["tiny:llama"], text)
    assert "The checkpoint of step 4 is of another configuration, or of other code, and was not used." in found.notes
    assert json.loads((place / "speed.json").read_text())["steps_of_this_run"] == 8


def test_a_checkpoint_of_another_configuration_is_not_used(models, text, tmp_path, monkeypatch):
    place = tmp_path / "out"
    _interrupted(monkeypatch, place, models["tiny:llama"], text, 6)
    found = _train(place, models["tiny:llama"], text, learning_rate=1e-3)
    assert any("another configuration" in each for each in found.notes)


def test_a_full_disk_leaves_the_last_whole_checkpoint_and_the_training_goes_on(models, text, tmp_path, monkeypatch):
    calm = _train(tmp_path / "calm", models["tiny:llama"], text)
    place = tmp_path / "out"
    own, calls = checkpoint.save_file, []

    def full(tensors, path):
        calls.append(path)
        if len(calls) > 2:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        own(tensors, path)

    monkeypatch.setattr(checkpoint, "save_file", full)
    _interrupted(monkeypatch, place, models["tiny:llama"], text, 8)
    assert sorted(each.name for each in _scratch(place).glob("checkpoint-*")) == ["checkpoint-2"]
    assert not (_scratch(place) / ".partial").exists()
    found = _train(place, models["tiny:llama"], text)
    assert found.digest == calm.digest
    assert "The disk was too full for a checkpoint while training; the checkpoints before it stayed." in found.notes


def test_a_disk_that_is_full_at_the_end_is_an_error_and_the_checkpoint_stays(models, text, tmp_path, monkeypatch):
    from panglot.training import language_model as component

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    place = tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(StorageError, match="no space left"):
        patch.setattr(component, "save_language_model", full)
        _train(place, models["tiny:llama"], text)
    assert not place.exists()
    assert (_scratch(place) / "checkpoint-6" / "state.json").is_file()


@pytest.mark.slow
def test_what_memory_allowed_is_known_again(models, text, tmp_path, monkeypatch):
    import torch

    from panglot.objectives.clm import CausalLM

    own = CausalLM.loss

    def loss(self, model, batch, *, total=None, progress=0.0):
        if batch["input_ids"].numel() > 200:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return own(self, model, batch, total=total)

    monkeypatch.setattr(CausalLM, "loss", loss)
    calm = _train(tmp_path / "calm", models["tiny:llama"], text, batch_bytes=600)
    place = tmp_path / "out"
    _interrupted(monkeypatch, place, models["tiny:llama"], text, 6, batch_bytes=600)
    found = _train(place, models["tiny:llama"], text, batch_bytes=600)
    assert found.digest == calm.digest
    assert found.notes == calm.notes
    assert any("Memory was too small" in each for each in found.notes)


def test_a_step_without_a_key_begins_anew(models, text, tmp_path, monkeypatch):
    place = tmp_path / "out"
    _interrupted(monkeypatch, place, models["tiny:llama"], text, 6)
    shutil.rmtree(tmp_path / ".scratch")
    _train(place, models["tiny:llama"], text)
    assert len(curve_of(place)) == 8
