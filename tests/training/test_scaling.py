"""The law of the loss: planted laws are found again within their intervals, and what the runs cannot say is said."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from panglot.artifacts import InputError
from panglot.corpus.balance.small_runs import SmallRuns, read_small_runs
from panglot.training.scaling import DELTA, LossLaw, _huber, _objective, fit_loss_law, forecast

PLANTED = LossLaw(1.69, 406.4, 0.34, 410.7, 0.28)
SIZES, RATIOS = (1e6, 3e6, 1e7, 3e7, 1e8, 3e8), (5, 20, 80, 300)


def runs(noise=0.0, seed=1, gamma=0.0, shares=(1.0,), sizes=SIZES, ratios=RATIOS):
    generator = np.random.default_rng(seed)
    rows = [(n, n * r, p) for n in sizes for r in ratios for p in shares]
    n, d, p = np.array(rows).T
    loss = np.array([PLANTED.loss(each, other) for each, other in zip(n, d, strict=True)]) * p**-gamma
    loss = loss * np.exp(noise * generator.standard_normal(len(n)))
    return SmallRuns(np.array(["hsb"] * len(n)), p, loss, n, d, np.arange(len(n)).astype(str))


def test_a_planted_law_without_noise_is_found_exactly():
    table = runs()
    found = fit_loss_law(table.parameters, table.data, table.loss)
    assert vars(found) == pytest.approx(vars(PLANTED), rel=1e-4)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_law_lies_within_the_intervals(seed):
    found = forecast(runs(noise=0.003, seed=seed), "hsb", parameters=1e9, data=2e10)
    truth = PLANTED.loss(1e9, 2e10)
    assert found.loss == pytest.approx(truth, rel=0.02)
    # 95 % intervals of 24 runs are a little too narrow: half their width is added at each end
    for key, (low, high) in {**found.intervals, "loss": (found.low, found.high)}.items():
        planted = truth if key == "loss" else getattr(PLANTED, key)
        assert low - (high - low) / 2 <= planted <= high + (high - low) / 2, key
    assert found.resamples == 200 and found.gamma is None
    assert found.residual == pytest.approx(0.003, rel=0.5)
    assert any("3.33 times the parameters of the largest run" in each for each in found.unknown)


def test_the_interval_knows_that_the_exponent_of_the_share_is_fitted_too():
    """With few different runs and a share far from theirs, γ is what is least certain."""
    table = runs(noise=0.01, gamma=0.1, shares=(0.4, 0.6), sizes=SIZES[::2], ratios=RATIOS[::2])
    near, far = (
        forecast(table, "hsb", parameters=1e8, data=3e10, share=share, resamples=60) for share in (0.5, 0.005)
    )  # fmt: skip
    assert (far.high - far.low) / far.loss > 2 * (near.high - near.low) / near.loss


def test_powers_beyond_all_numbers_are_no_error():
    """A bootstrap sample in which the two larger sizes end alike fits α without bound."""
    assert LossLaw(2.0, 1e300, 200.0, 0.0, 900.0).loss(1e5, 1e5) == pytest.approx(2.0)
    assert LossLaw(2.0, 8.0, 1.5, 0.0, 0.0).loss(4.0, 1e5) == pytest.approx(3.0)


def test_an_outlier_moves_the_fit_little():
    table = runs()
    loss = table.loss.copy()
    loss[5] *= 1.3
    found = fit_loss_law(table.parameters, table.data, loss)
    assert found.loss(1e9, 2e10) == pytest.approx(PLANTED.loss(1e9, 2e10), rel=0.01)


def test_shares_are_taken_out_first():
    """He et al. 2024: the loss of a language falls with its share too."""
    table = runs(gamma=0.1, shares=(0.1, 0.3, 0.9))
    found = forecast(table, "hsb", parameters=3e8, data=3e8 * 20, share=0.5)
    assert found.gamma == pytest.approx(0.1, abs=1e-6)
    assert found.loss == pytest.approx(PLANTED.loss(3e8, 6e9) * 0.5**-0.1, rel=1e-3)
    outside = forecast(table, "hsb", parameters=3e8, data=3e8 * 20, share=0.01, resamples=5)
    assert any("outside the shares" in each for each in outside.unknown)


def test_the_gradient_and_the_penalty_by_hand():
    n, d = np.log([1e6, 1e7, 1e8]), np.log([1e7, 1e8, 2e9])
    wanted = np.log([4.0, 3.5, 2.9])
    theta = np.array([6.0, 0.34, 6.0, 0.28, 0.5])
    scale = np.abs(_objective(theta, n, d, wanted)[1]).max()
    assert check_grad(lambda x: _objective(x, n, d, wanted)[0], lambda x: _objective(x, n, d, wanted)[1], theta) < 1e-4 * scale
    assert _huber(np.array([DELTA / 2])) == pytest.approx([DELTA**2 / 8])
    assert _huber(np.array([-3 * DELTA])) == pytest.approx([2.5 * DELTA**2])


@pytest.mark.parametrize(("sizes", "ratios"), [((1e6, 2e6), RATIOS), ((1e6,), (5, 20, 80, 300, 900, 1800))])
def test_too_little_to_tell(sizes, ratios):
    table = runs(sizes=sizes, ratios=ratios)
    with pytest.raises(InputError, match="five unknowns"):
        fit_loss_law(table.parameters, table.data, table.loss)


def test_a_language_that_is_not_there():
    with pytest.raises(InputError, match="says nothing of dsb: there are hsb"):
        forecast(runs(), "dsb", parameters=1e9, data=1e10)


def test_equal_seeds_give_equal_intervals():
    one, again = (forecast(runs(noise=0.01), "hsb", parameters=1e9, data=2e10, resamples=20) for _ in range(2))
    assert one == again


def test_tables_without_language_and_share(tmp_path):
    place = tmp_path / "runs.csv"
    place.write_text("parameters,data,loss\n1e6,1e7,3.0\n2e6,1e7,2.9\n")
    found = read_small_runs(place, required=("loss", "parameters", "data"))
    assert found.language.tolist() == ["all", "all"] and found.share.tolist() == [1, 1]
    with pytest.raises(InputError, match="no column 'language'"):
        read_small_runs(place)
    (tmp_path / "bad.csv").write_text("parameters,loss\n1e6,3.0\n")
    with pytest.raises(InputError, match="no column 'data'.*name them loss, parameters, data"):
        read_small_runs(tmp_path / "bad.csv", required=("loss", "parameters", "data"))
