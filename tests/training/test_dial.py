"""The training that follows from a size and a text: the formulas by hand, what is given, what hangs together."""

import math

import pytest

from panglot.artifacts import InputError
from panglot.training.dial import training_dial
from panglot.training.settings import Training


def test_half_a_billion_by_hand():
    found = training_dial(500_000_000)
    compute = 6 * 5e8 * 1e10
    assert found.tokens == 10_000_000_000
    assert found.compute == pytest.approx(compute)
    assert found.learning_rate == pytest.approx(0.3118 * compute**-0.125)
    assert found.learning_rate == pytest.approx(1.15e-3, rel=0.01)
    assert found.batch_tokens == pytest.approx(0.2920 * compute**0.3271, rel=1e-4)
    assert found.batch_bytes == pytest.approx(4 * found.batch_tokens, rel=1e-4)
    assert found.steps == pytest.approx(1e10 / found.batch_tokens, rel=1e-3)
    assert found.warmup_share == pytest.approx(min(0.1, 2000 / found.steps))
    assert found.epochs is None


def test_little_text_is_repeated_four_times_at_most():
    found = training_dial(6_000_000, text_bytes=4_000_000, bytes_a_token=2.5)
    assert found.tokens == 4 * 4_000_000 / 2.5
    assert found.epochs == pytest.approx(4)
    plenty = training_dial(6_000_000, text_bytes=10**12, bytes_a_token=2.5)
    assert plenty.tokens == 120_000_000 and plenty.epochs < 1
    assert found.batch_tokens < plenty.batch_tokens and found.learning_rate > plenty.learning_rate


def test_larger_models_learn_more_slowly_in_larger_batches():
    found = [training_dial(each) for each in (10**6, 10**7, 10**8, 10**9)]
    rates, batches = [each.learning_rate for each in found], [each.batch_tokens for each in found]
    assert rates == sorted(rates, reverse=True) and batches == sorted(batches)
    assert all(each.steps >= 100 for each in found)


@pytest.mark.parametrize(
    "given",
    [
        {"tokens": 10**6}, {"steps": 50}, {"batch_bytes": 4096}, {"learning_rate": 1e-4}, {"warmup_share": 0.0},
        {"schedule": "constant"}, {"weight_decay": 0.0}, {"steps": 50, "batch_bytes": 4096}, {"tokens": 10**6, "steps": 10},
    ],
)  # fmt: skip
def test_every_field_can_be_given(given):
    found = training_dial(6_000_000, **given)
    assert {name: getattr(found, name) for name in given} == given
    assert set(found.overridden) == set(given)
    assert found.steps * found.batch_bytes / found.bytes_a_token == pytest.approx(found.tokens, rel=0.01)
    assert all(name in str(found) for name in given)


def test_what_is_derived_is_what_the_trainer_takes():
    arguments = training_dial(6_000_000, text_bytes=50_000).arguments()
    assert Training(**arguments).steps == arguments["steps"]
    assert math.isfinite(training_dial(1_000, text_bytes=10).learning_rate)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tokens": 10**6, "steps": 50, "batch_bytes": 4096}, "hang together"),
        ({"steps": 0}, "steps is 0; it must be above 0"),
        ({"text_bytes": 0}, "text_bytes is 0"),
        ({"learning_rate": -1e-4}, "learning_rate is -0.0001"),
        ({"bytes_a_token": math.nan}, "bytes_a_token is nan"),
    ],
)
def test_what_cannot_be(given, message):
    with pytest.raises(InputError, match=message):
        training_dial(6_000_000, **given)
