"""Hoffmann et al.'s law of the loss over parameters and data, fitted on runs that exist, with intervals."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from panglot.artifacts import InputError
from panglot.corpus.balance.scaling_law import fit as fit_shares
from panglot.corpus.balance.scaling_law import share_exponent
from panglot.corpus.balance.small_runs import SmallRuns

Floats = NDArray[np.float64]
DELTA = 1e-3
_LEAST_RUNS, _LEAST_DIFFERENT = 6, 3
_STARTS = 24
_EXPONENTS = np.arange(0, 2.01, 0.5)
_LOG_ENTROPIES = np.arange(-1, 1.01, 0.5)
_LOG_FACTORS = np.arange(0, 25.01, 5)


@dataclass(frozen=True)
class LossLaw:
    """L(N, D) = E + A / N^α + B / D^β.

    Attributes:
        entropy: E, what no size and no data take away.
        parameters_factor: A.
        parameters_power: α.
        data_factor: B.
        data_power: β.
    """

    entropy: float
    parameters_factor: float
    parameters_power: float
    data_factor: float
    data_power: float

    def loss(self, parameters: float, data: float) -> float:
        """L at N and D.

        Example:
            >>> round(LossLaw(1.69, 406.4, 0.34, 410.7, 0.28).loss(70e9, 1.4e12), 3)
            1.937
        """
        # in logarithms: where two sizes end alike, a fit may give a power of hundreds
        size = _ratio(self.parameters_factor, parameters, self.parameters_power)
        return self.entropy + size + _ratio(self.data_factor, data, self.data_power)


def _ratio(factor: float, amount: float, power: float) -> float:
    return math.exp(min(math.log(factor) - power * math.log(amount), 700.0)) if factor else 0.0


@dataclass(frozen=True)
class LossForecast:
    """A law fitted on runs, and what it says of a training.

    Attributes:
        name: of the language or group.
        law: the fit, at the share `share`.
        intervals: 95 % intervals of E, A, α, B and β by name.
        loss: at the planned N and D.
        low: of the 95 % interval.
        high: of the 95 % interval.
        runs: rows that it was fitted on.
        resamples: bootstrap samples that could be fitted.
        residual: root of the mean square of what the fit leaves of log L.
        gamma: γ of p^(−γ) where the runs differ in the share p of this language (He et al. 2024); else None.
        share: p that the loss is forecast for.
        unknown: what it does not know.
    """

    name: str
    law: LossLaw
    intervals: dict[str, tuple[float, float]]
    loss: float
    low: float
    high: float
    runs: int
    resamples: int
    residual: float
    gamma: float | None
    share: float
    unknown: tuple[str, ...]


def fit_loss_law(parameters: Floats, data: Floats, loss: Floats, *, start: LossLaw | None = None) -> LossLaw:
    """Fit the law as Hoffmann et al. 2022 do (Training Compute-Optimal Large Language Models, https://arxiv.org/abs/2203.15556).

    Minimises Σ Huber_δ(logsumexp(a − α log N, b − β log D, e) − log L) with δ = 10⁻³ by L-BFGS, with A = exp(a), B = exp(b) and
    E = exp(e), from a grid of starts: α and β from 0 to 2 and e from −1 to 1 in steps of a half, a and b from 0 to 25 in steps
    of 5. Of its 4,500 starts the 24 best are followed to their end, not all.

    Args:
        parameters: N of each run.
        data: D of each run.
        loss: L of each run.
        start: a fit of nearly the same runs, to begin from instead of the grid.

    Raises:
        InputError: fewer than six runs, or fewer than three different sizes or amounts of data.
    """
    n, d, wanted = np.log(parameters), np.log(data), np.log(loss)
    _enough(n, d)
    starts = [_theta(start)] if start is not None else list(_best_starts(n, d, wanted))
    best = None
    for theta in starts:
        found = minimize(
            _objective, theta, args=(n, d, wanted), jac=True, method="L-BFGS-B",
            options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-14, "gtol": 1e-10},
        )  # fmt: skip
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None
    a, alpha, b, beta, e = best.x
    return LossLaw(math.exp(e), math.exp(min(a, 700)), float(alpha), math.exp(min(b, 700)), float(beta))


def forecast(
    runs: SmallRuns,
    name: str,
    *,
    parameters: float,
    data: float,
    share: float | None = None,
    resamples: int = 200,
    seed: int = 17,
) -> LossForecast:
    """What runs say of the loss of a training that is larger than they are.

    Where the runs differ in the language's share p of the text, L = (E + A/N^α + B/D^β) · p^(−γ) (He et al. 2024,
    https://arxiv.org/abs/2410.12883): γ is fitted first, within runs of equal N and D, and the law then on L · p^γ.

    Intervals are percentiles of bootstrap samples of whole runs, each fitted again, γ included.

    Args:
        runs: a table of runs.
        name: the language or group in it.
        parameters: N of the training.
        data: D of the training, in the unit of the table.
        share: p of the training; the mean of the runs' where nothing is said.
        resamples: how many.
        seed: of the samples.

    Raises:
        InputError: the table says nothing of the language, or too little for a fit.
    """
    rows = np.flatnonzero(runs.language == name)
    if not len(rows):
        known = ", ".join(sorted(set(runs.language.tolist()))[:8])
        raise InputError(f"the table of runs says nothing of {name}: there are {known}")
    n, d, p = runs.parameters[rows], runs.data[rows], runs.share[rows]
    differ = bool(np.ptp(p) > 0)
    gamma = fit_shares(runs, name).gamma if differ else None
    power = gamma or 0.0
    asked = float(p.mean()) if share is None else share
    loss = runs.loss[rows] * p**power
    law = fit_loss_law(n, d, loss)
    left = np.log([law.loss(each, other) for each, other in zip(n, d, strict=True)]) - np.log(loss)
    generator = np.random.default_rng(seed)
    names, number = np.unique(runs.run[rows], return_inverse=True)
    laws: list[LossLaw] = []
    told: list[float] = []
    for _ in range(resamples):
        drawn = np.concatenate([np.flatnonzero(number == each) for each in generator.integers(0, len(names), len(names))])
        own = share_exponent(n[drawn], d[drawn], p[drawn], runs.loss[rows][drawn]) if differ else 0.0
        if own is None:
            continue
        try:
            laws.append(fit_loss_law(n[drawn], d[drawn], runs.loss[rows][drawn] * p[drawn] ** own, start=law))
        except InputError:
            continue
        told.append(laws[-1].loss(parameters, data) * asked**-own)
    factor = asked**-power
    low, high = np.percentile(told, [2.5, 97.5]) if told else (math.nan, math.nan)
    return LossForecast(
        name=name,
        law=law,
        intervals={key: _interval(laws, key) for key in vars(law)} if laws else {},
        loss=law.loss(parameters, data) * factor,
        low=float(low),
        high=float(high),
        runs=len(rows),
        resamples=len(laws),
        residual=float(np.sqrt(np.mean(left**2))),
        gamma=gamma,
        share=asked,
        unknown=tuple(_unknown(n, d, p, parameters, data, asked, law, len(laws) / max(1, resamples))),
    )


def _unknown(
    n: Floats, d: Floats, p: Floats, parameters: float, data: float, share: float, law: LossLaw, told: float
) -> Iterator[str]:
    for what, asked, seen in (("parameters", parameters, n), ("data", data, d)):
        if asked > seen.max():
            times = f"{asked / seen.max():.3g} times the {what} of the largest run"
            yield f"The plan has {times}: beyond the runs the law is extrapolated."
        elif asked < seen.min():
            yield f"The plan has fewer {what} than the smallest run: there the law was not tested."
    if not p.min() * 0.999 <= share <= p.max() * 1.001:
        yield "The share lies outside the shares of the runs."
    if told < 0.9:
        yield f"Only {told:.0%} of the bootstrap samples could be fitted; the interval is too narrow."
    if law.parameters_power <= 0.01 or law.data_power <= 0.01:
        yield "In the runs the loss hardly falls with size or data: the fit tells nothing of larger ones."
    yield "The law takes all text as new: it does not know what repetition costs."


def _interval(laws: list[LossLaw], key: str) -> tuple[float, float]:
    low, high = np.percentile([getattr(each, key) for each in laws], [2.5, 97.5])
    return float(low), float(high)


def _enough(n: Floats, d: Floats) -> None:
    settings = len(np.unique(np.stack([n, d]), axis=1).T)
    sizes, amounts = len(np.unique(n)), len(np.unique(d))
    if settings < _LEAST_RUNS or min(sizes, amounts) < _LEAST_DIFFERENT:
        raise InputError(
            f"the law of the loss has five unknowns, and the runs have {sizes} sizes and {amounts} amounts of data in "
            f"{settings} combinations",
            fix=f"at least {_LEAST_RUNS} combinations of {_LEAST_DIFFERENT} sizes and {_LEAST_DIFFERENT} amounts are needed",
        )


def _theta(law: LossLaw) -> Floats:
    factors = [math.log(max(each, 1e-300)) for each in (law.parameters_factor, law.data_factor, law.entropy)]
    return np.array([factors[0], law.parameters_power, factors[1], law.data_power, factors[2]])


def _best_starts(n: Floats, d: Floats, wanted: Floats) -> Iterator[Floats]:
    grid = np.array(list(product(_LOG_FACTORS, _EXPONENTS, _LOG_FACTORS, _EXPONENTS, _LOG_ENTROPIES)))
    parts = np.stack(
        [grid[:, 0:1] - grid[:, 1:2] * n, grid[:, 2:3] - grid[:, 3:4] * d, np.repeat(grid[:, 4:5], len(n), axis=1)]
    )
    costs = _huber(np.logaddexp.reduce(parts, axis=0) - wanted).sum(axis=1)
    for at in np.argsort(costs, kind="stable")[:_STARTS]:
        yield grid[at]


def _huber(left: Floats) -> Floats:
    size = np.abs(left)
    found: Floats = np.where(size <= DELTA, 0.5 * left**2, DELTA * (size - 0.5 * DELTA))
    return found


def _objective(theta: Floats, n: Floats, d: Floats, wanted: Floats) -> tuple[float, Floats]:
    """The sum, scaled by 1/δ² so that L-BFGS does not stop at small numbers, and its gradient."""
    a, alpha, b, beta, e = theta
    parts = np.stack([a - alpha * n, b - beta * d, np.full(len(n), e)])
    expected = np.logaddexp.reduce(parts, axis=0)
    left = expected - wanted
    weights = np.exp(parts - expected) * np.clip(left, -DELTA, DELTA)
    slope = np.array([weights[0].sum(), -(weights[0] * n).sum(), weights[1].sum(), -(weights[1] * d).sum(), weights[2].sum()])
    return float(_huber(left).sum()) / DELTA**2, slope / DELTA**2
