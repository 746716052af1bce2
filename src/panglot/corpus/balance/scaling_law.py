"""The law by which a language's loss falls with its share of the training text, fitted on small runs, and the best shares."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.corpus.balance.small_runs import SmallRuns

Floats = NDArray[np.float64]
_LEAST_ROWS = 3
_SETTINGS_FOR_ONE, _SETTINGS_FOR_BOTH = 4, 6


@dataclass(frozen=True)
class Fit:
    """What small runs say of one language, or of one group of languages.

    L = C(N, D) · p^(−γ), with C(N, D) = E + A / N^α + B / D^β.

    Attributes:
        name: of the language or group.
        gamma: γ.
        constant: C at the size and the data that were asked for, or, where `scaled` is false, at the largest of the runs.
        scaled: whether the runs differ enough in size or data to say how C changes with them.
        terms: E, A, α, B, β, those that could be told.
        shares: the least and the largest share in the runs: beyond them the law is extrapolated.
        rows: how many.
        residual: root of the mean square of what the fit leaves of log L.
    """

    name: str
    gamma: float
    constant: float
    scaled: bool
    terms: dict[str, float]
    shares: tuple[float, float]
    rows: int
    residual: float


def fit(runs: SmallRuns, name: str, *, parameters: float | None = None, data: float | None = None) -> Fit:
    """Fit the law of He et al. 2024 (Scaling Laws for Multilingual Language Models, https://arxiv.org/abs/2410.12883).

    In logarithms, log L = log C(N, D) − γ log p. γ is the slope within runs of equal N and D (least squares with one constant
    for each such setting), so that it does not hang on the form of C. Then E, A, α, B and β are fitted to the constants: one
    term where four settings differ in N or in D, both where six differ in both. With fewer, C is that of the largest setting.

    Args:
        runs: the table.
        name: the language or group.
        parameters: N of the model that is to be trained.
        data: D that it is to be trained on.

    Raises:
        InputError: fewer than three rows, or equal shares in all of them.
    """
    chosen = np.flatnonzero(runs.language == name)
    if len(chosen) < _LEAST_ROWS:
        raise InputError(f"{name} has {len(chosen)} runs; the law needs at least {_LEAST_ROWS}", fix="train with more shares")
    log_p, log_loss = np.log(runs.share[chosen]), np.log(runs.loss[chosen])
    settings, which = np.unique(np.stack([runs.parameters[chosen], runs.data[chosen]], axis=1), axis=0, return_inverse=True)
    which = which.reshape(-1)
    gamma = _slope(log_p, log_loss, which)
    if gamma is None:
        raise InputError(f"all runs of {name} of equal size have one share, so its exponent cannot be told")
    constants = _means(log_loss + gamma * log_p, which)
    left = log_loss + gamma * log_p - constants[which]
    terms = _scale(settings, constants)
    if terms:
        constant = _constant_at(terms, parameters or settings[:, 0].max(), data or settings[:, 1].max())
    else:
        constant = math.exp(constants[np.lexsort((settings[:, 1], settings[:, 0]))[-1]])
    shares = runs.share[chosen]
    residual = float(np.sqrt(np.mean(left**2)))
    return Fit(name, gamma, constant, bool(terms), terms, (float(shares.min()), float(shares.max())), len(chosen), residual)


def share_exponent(parameters: Floats, data: Floats, share: Floats, loss: Floats) -> float | None:
    """γ alone, as `fit` finds it: the slope within runs of equal N and D; None where no two of these differ in the share.

    Example:
        >>> one = np.ones(2)
        >>> round(share_exponent(one, one, np.array([0.1, 0.4]), np.array([4.0, 2.0])) or 0, 6)
        0.5
    """
    which = np.unique(np.stack([parameters, data], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    return _slope(np.log(share), np.log(loss), which)


def best_shares(constants: Sequence[float], gammas: Sequence[float], weights: Sequence[float]) -> Floats:
    """The shares p on the simplex that minimise Σ w_i C_i p_i^(−γ_i).

    The sum is convex; at its minimum all w_i C_i γ_i p_i^(−γ_i − 1) are one λ, which is found by Brent's method.

    Args:
        constants: C_i, above zero.
        gammas: γ_i, above zero.
        weights: w_i, at zero or above; not all zero.

    Example:
        >>> best_shares([2.0, 2.0], [0.1, 0.1], [1, 1]).round(3).tolist()
        [0.5, 0.5]
    """
    from scipy.optimize import brentq

    c, g, w = (np.asarray(each, dtype=np.float64) for each in (constants, gammas, weights))
    wanted = w > 0
    slopes, exponents = np.log((w * c * g)[wanted]), 1 / (1 + g[wanted])

    def excess(log_lambda: float) -> float:
        return float(np.exp((slopes - log_lambda) * exponents).sum() - 1)

    high = float(slopes.max() + 2 * math.log(len(slopes) + 1) / float(exponents.min()) + 1)
    low = float(slopes.min()) - 1
    found = np.zeros(len(c))
    found[wanted] = np.exp((slopes - brentq(excess, low, high, xtol=1e-14, rtol=1e-14)) * exponents)
    shares: Floats = found / found.sum()
    return shares


def resampled(runs: SmallRuns, fits: Mapping[str, Fit], *, seed: int, resamples: int) -> tuple[Floats, Floats]:
    """γ and C of each language in bootstrap samples of whole runs.

    In a sample C is the fitted one, moved by as much as the mean constant of the runs moves: the form of C(N, D) is not fitted
    again.

    Args:
        runs: the table.
        fits: name to fit.
        seed: of the samples.
        resamples: how many.

    Returns:
        float64 `[resamples, languages]` twice; NaN where a sample cannot tell.
    """
    generator = np.random.default_rng(seed)
    names, number = np.unique(runs.run, return_inverse=True)
    rows_of = [np.flatnonzero(number == each) for each in range(len(names))]
    gammas, constants = np.full((resamples, len(fits)), np.nan), np.full((resamples, len(fits)), np.nan)
    log_p, log_loss = np.log(runs.share), np.log(runs.loss)
    setting = np.unique(np.stack([runs.parameters, runs.data], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    for sample in range(resamples):
        drawn = np.concatenate([rows_of[each] for each in generator.integers(0, len(names), len(names))])
        for place, each in enumerate(fits.values()):
            rows = drawn[runs.language[drawn] == each.name]
            gamma = _slope(log_p[rows], log_loss[rows], setting[rows]) if len(rows) >= 2 else None
            if gamma is None:
                continue
            own = np.flatnonzero(runs.language == each.name)
            expected = _means(log_loss[own] + each.gamma * log_p[own], setting[own])
            kinds = np.unique(setting[own])
            shift = log_loss[rows] + gamma * log_p[rows] - expected[np.searchsorted(kinds, setting[rows])]
            gammas[sample, place] = gamma
            constants[sample, place] = each.constant * math.exp(float(shift.mean()))
    return gammas, constants


def _slope(log_p: Floats, log_loss: Floats, which: NDArray[np.intp]) -> float | None:
    """γ by least squares with a constant for each setting; None where no setting has two shares."""
    _, which = np.unique(which, return_inverse=True)
    x, y = log_p - _means(log_p, which)[which], log_loss - _means(log_loss, which)[which]
    spread = float(x @ x)
    return None if spread < 1e-12 else -float(x @ y) / spread


def _means(values: Floats, which: NDArray[np.intp]) -> Floats:
    _, which = np.unique(which, return_inverse=True)
    found: Floats = np.bincount(which, values) / np.bincount(which)
    return found


def _scale(settings: Floats, log_constants: Floats) -> dict[str, float]:
    """E, A, α, B, β as far as they can be told."""
    from scipy.optimize import least_squares

    n, d = settings[:, 0], settings[:, 1]
    many_n, many_d = len(np.unique(n)) >= 3, len(np.unique(d)) >= 3
    both = many_n and many_d and len(settings) >= _SETTINGS_FOR_BOTH
    if not both and (len(settings) < _SETTINGS_FOR_ONE or not (many_n or many_d)):
        return {}
    if not both and len(np.unique(n)) > 1 and len(np.unique(d)) > 1:
        # both change, and there are too few settings to tell which of them did it
        return {}
    columns = [n, d] if both else [n] if many_n else [d]
    scaled = [np.log(each / np.exp(np.log(each).mean())) for each in columns]
    start_value = float(log_constants.min())

    def residuals(theta: Floats) -> Floats:
        parts = [np.full(len(settings), theta[0])]
        parts += [theta[1 + 2 * at] - np.exp(theta[2 + 2 * at]) * x for at, x in enumerate(scaled)]
        found: Floats = np.logaddexp.reduce(np.stack(parts), axis=0) - log_constants
        return found

    best = None
    for share in (0.3, 0.6, 0.9):
        for exponent in (0.1, 0.3, 0.6):
            rest = start_value + math.log((1 - share) / len(scaled))
            theta = np.array([start_value + math.log(share)] + [rest, math.log(exponent)] * len(scaled))
            found = least_squares(residuals, theta, loss="soft_l1", f_scale=1e-2, max_nfev=2000)
            if best is None or found.cost < best.cost:
                best = found
    assert best is not None
    terms = {"E": math.exp(best.x[0])}
    names = [("A", "alpha"), ("B", "beta")] if both else [("A", "alpha")] if many_n else [("B", "beta")]
    for at, (factor, power) in enumerate(names):
        exponent = math.exp(best.x[2 + 2 * at])
        middle = float(np.log(columns[at]).mean())
        terms[power] = exponent
        terms[factor] = math.exp(min(best.x[1 + 2 * at] + exponent * middle, 700.0))
    return terms


def _constant_at(terms: Mapping[str, float], parameters: float, data: float) -> float:
    found = terms["E"]
    if "A" in terms:
        found += terms["A"] / parameters ** terms["alpha"]
    if "B" in terms:
        found += terms["B"] / data ** terms["beta"]
    return found
