"""Batches without a remainder, and everything from one seed."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from panglot.training.seeding import seeded
from panglot.training.trainer import EvenBatches, training_arguments


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 5))
def test_batches_are_even_and_hold_everything_once(count, size, epoch):
    batches = EvenBatches(range(count), batch_size=size, drop_last=False, seed=17)
    batches.set_epoch(epoch)
    found = list(batches)
    assert len(found) == len(batches) == -(-count // size)
    assert sorted(each for batch in found for each in batch) == list(range(count))
    sizes = {len(each) for each in found}
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert list(batches) == found


def test_each_epoch_and_each_seed_has_an_order_of_its_own():
    def order(seed, epoch):
        batches = EvenBatches(range(100), batch_size=10, drop_last=False, seed=seed)
        batches.set_epoch(epoch)
        return [each for batch in batches for each in batch]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def draw():
    return random.random(), float(np.random.rand()), float(torch.rand(1))


@pytest.mark.parametrize("seed", [0, 17, 2**40 + 1])
def test_seeded_repeats_and_puts_back(seed):
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    expected = draw()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    with seeded(seed):
        one = draw()
        assert torch.are_deterministic_algorithms_enabled()
    assert draw() == expected
    with seeded(seed):
        assert draw() == one
    assert not torch.are_deterministic_algorithms_enabled()


def test_seeded_puts_back_after_an_error():
    with pytest.raises(KeyboardInterrupt), seeded(3):
        raise KeyboardInterrupt
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_both_precisions_are_allowed_on_any_processor(tmp_path, precision):
    arguments = training_arguments(
        tmp_path, epochs=1, batch_size=8, learning_rate=1e-4, warmup_share=0.1, precision=precision, seed=17
    )
    assert arguments.bf16 == (precision == "bf16")
    if not torch.cuda.is_available():
        assert arguments.device.type == "cpu"
