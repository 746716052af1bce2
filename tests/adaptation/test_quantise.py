"""Weights rounded to few bits."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from panglot.adaptation.quantise import quantise, rounded
from panglot.artifacts import step_folder
from panglot.models.load import load
from panglot.models.model import Model


def test_by_hand():
    weights = torch.tensor([[0.0, 0.3, -0.7, 0.7], [0.0, 0.0, 0.0, 0.0]])
    # three bits: 2² − 1 = 3 steps to either side, of 0.7/3 each
    wanted = torch.tensor([[0.0, 0.7 / 3, -0.7, 0.7], [0.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(rounded(weights, bits=3), wanted)
    # in pairs the first has a scale of its own
    torch.testing.assert_close(rounded(weights, bits=3, group=2)[0], torch.tensor([0.0, 0.3, -0.7, 0.7]))


@given(st.integers(0, 10**6), st.integers(2, 8), st.sampled_from([None, 1, 3, 8]))
@settings(max_examples=40)
def test_the_error_is_half_a_step_signs_stay_and_twice_is_once(seed, bits, group):
    weights = torch.randn(5, 16, generator=torch.Generator().manual_seed(seed))
    found = rounded(weights, bits=bits, group=group)
    size = group or 16
    for begin in range(0, 16, size):
        part, made = weights[:, begin : begin + size], found[:, begin : begin + size]
        step = part.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
        assert ((part - made).abs() <= step / 2 + 1e-6).all()
        assert all(len(row.unique()) <= 2**bits - 1 for row in made)
    assert (found * weights >= 0).all()
    torch.testing.assert_close(rounded(found, bits=bits, group=group), found)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_equal_to_torchs_own_rounding(bits):
    weights = torch.randn(7, 33, generator=torch.Generator().manual_seed(1))
    most = 2 ** (bits - 1) - 1
    scale = weights.abs().amax(1) / most
    wanted = torch.fake_quantize_per_channel_affine(weights, scale, torch.zeros(7, dtype=torch.int32), 0, -most, most)
    torch.testing.assert_close(rounded(weights, bits=bits), wanted)


def model_of(name, folder):
    with step_folder(folder / "model", seed=17) as step:
        load(name=name, step=step)
    return Model.open(folder / "model")


@pytest.mark.parametrize("name", ["tiny:llama", "tiny:gpt2", "tiny:bert", "tiny:mt5", "tiny:mixtral"])
def test_layers_are_rounded_and_all_else_stays_bit_by_bit(name, tmp_path):
    from transformers import AutoModel

    model = model_of(name, tmp_path)
    with step_folder(tmp_path / "out", seed=17) as step:
        quantise(model=model, bits=4, step=step)
        figures = dict(step.figures["quantised"])
    made = Model.open(tmp_path / "out")
    before, after = (load_file(each.path / "model.safetensors") for each in (model, made))
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert len(changed) == figures["tensors"] and 0 < figures["share"] < 1
    assert all(before[name].dim() in (2, 3) and "embed" not in name and "wte" not in name for name in changed)
    for each in changed:
        values = after[each].mT if "gpt2" in name else after[each]
        assert all(len(row.unique()) <= 15 for row in values.reshape(-1, values.shape[-1]))
    assert figures["bytes"] < sum(each.numel() * each.element_size() for each in before.values())
    AutoModel.from_pretrained(made.path)


def test_more_bits_less_error_and_groups_less_than_rows(tmp_path):
    model, errors = model_of("tiny:llama", tmp_path), []
    for bits, group in ((3, None), (4, None), (4, 16), (8, None)):
        with step_folder(tmp_path / f"{bits}-{group}", seed=17) as step:
            quantise(model=model, bits=bits, group=group, step=step)
            errors.append(step.figures["quantised"]["relative_error"])
    assert errors == sorted(errors, reverse=True) and errors[0] > 10 * errors[-1] > 0
