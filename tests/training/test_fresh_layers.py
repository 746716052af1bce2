"""Layers drawn anew: those that were named, and no other weight."""

import pytest

from panglot.artifacts import InputError, step_folder
from panglot.models.model import Model
from panglot.training.fresh_layers import fresh_layers
from panglot.training.new_model import new_model
from panglot.vocabulary.load import load
from panglot.vocabulary.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    place = tmp_path_factory.mktemp("tokenizer") / "bytes"
    with step_folder(place) as step:
        load(name="tiny:bert", step=step)
    return Tokenizer.open(place)


def weights(model):
    from safetensors.torch import load_file

    return load_file(model.path / "model.safetensors")


def again(place, model, layers, seed=17):
    with step_folder(place, seed=seed) as step:
        fresh_layers(model=model, layers=layers, step=step)
    return Model.open(place)


@pytest.mark.parametrize(("architecture", "mark"), [("llama", ".layers.{}."), ("bert", ".layer.{}.")])
def test_only_the_layers_that_are_named_change(tokenizer, tmp_path, architecture, mark):
    with step_folder(tmp_path / "model", seed=3) as step:
        new_model(tokenizer=tokenizer, architecture=architecture, layers=3, width=16, heads=2, step=step)
    model = Model.open(tmp_path / "model")
    before, after = weights(model), weights(again(tmp_path / "fresh", model, [1, 3]))
    assert before.keys() == after.keys()
    changed = {name for name in before if not before[name].equal(after[name])}
    matrices = {name for name in before if before[name].ndim == 2}
    assert changed == {name for name in matrices if mark.format(0) in name or mark.format(2) in name}
    assert weights(again(tmp_path / "same", model, []))[min(changed)].equal(before[min(changed)])
    assert weights(again(tmp_path / "once", model, [1, 3]))[min(changed)].equal(after[min(changed)])
    assert not weights(again(tmp_path / "other", model, [1, 3], seed=18))[min(changed)].equal(after[min(changed)])
    for layers, said in (([4], "3 layers"), ([0], "3 layers"), ([1, 1], "twice")):
        with pytest.raises(InputError, match=said):
            again(tmp_path / "wrong", model, layers)


def test_fresh_weights_are_as_wide_as_those_of_a_new_model(tokenizer, tmp_path):
    with step_folder(tmp_path / "model", seed=3) as step:
        new_model(tokenizer=tokenizer, architecture="llama", layers=2, width=64, heads=2, step=step)
    model = Model.open(tmp_path / "model")
    fresh = weights(again(tmp_path / "fresh", model, [2]))
    name = next(each for each in fresh if each.endswith("layers.1.mlp.up_proj.weight"))
    assert float(fresh[name].std()) == pytest.approx(float(weights(model)[name].std()), rel=0.1)
