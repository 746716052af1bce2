"""Shares from small runs, as one of the strategies of a plan."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from panglot.artifacts import InputError
from panglot.corpus.balance.scaling_law import Fit, best_shares, fit, resampled
from panglot.corpus.balance.shares import SharesMethod, checked
from panglot.corpus.balance.small_runs import read_small_runs

RESAMPLES = 500
_SEED = 17
_FEW = 0.9


@dataclass(frozen=True)
class _Solved:
    """The fits, the shares of the groups, and 95 % intervals of both."""

    fits: dict[str, Fit]
    shares: dict[str, float]
    gamma: dict[str, tuple[float, float]]
    share: dict[str, tuple[float, float]]
    told: float


class Law(SharesMethod):
    """The shares that minimise Σ w_i L_i, with L_i = (E_i + A_i / N^α_i + B_i / D^β_i) · p_i^(−γ_i) fitted on small runs.

    He et al. 2024 (https://arxiv.org/abs/2410.12883) found that a family's loss hangs on its own share alone, and that γ stays
    what it is from 85 million to 1.2 billion parameters: so it is fitted on small models. See `scaling_law` for the fit and
    the minimum. Inside a group of several languages the share is divided as `within` says.

    The law knows nothing of repetition: it takes all text of a language as new. Bound the epochs beside it.

    Attributes:
        runs: the table of small runs: columns `language`, `share`, `loss`, and `parameters`, `data`, `run` where they differ.
        groups: language to the name under which the table has it, for languages that were trained as a group.
        weights: language or group to w_i; 1 where nothing is said.
        parameters: N of the model to come, where the runs differ in size.
        within: share ∝ size^within inside a group: 1 in proportion to the text, 0 equal.
    """

    method: Literal["law"] = "law"
    runs: str
    groups: dict[str, str] = {}
    weights: dict[str, Annotated[float, Field(ge=0)]] = {}
    parameters: Annotated[float, Field(gt=0)] | None = None
    within: Annotated[float, Field(ge=0, le=1)] = 1.0

    def files(self) -> list[str]:
        return [self.runs]

    def amounts(self, sizes: Mapping[str, float], budget: float | None = None) -> dict[str, float]:
        """See the class.

        Raises:
            InputError: a language is not in the table, or its loss does not fall with its share.
        """
        total = checked(sizes)
        found = self._solved(sizes, budget, resamples=0)
        wanted = total if budget is None else budget
        members: dict[str, list[str]] = {}
        for name in sizes:
            members.setdefault(self._group(name), []).append(name)
        shares: dict[str, float] = {}
        for group, names in members.items():
            powers = [sizes[name] ** self.within for name in names]
            for name, each in zip(names, powers, strict=True):
                shares[name] = found.shares[group] * each / math.fsum(powers)
        return {name: wanted * shares[name] for name in sizes}

    def account(self, sizes: Mapping[str, float], budget: float | None = None) -> tuple[dict[str, Any], list[str]]:
        """The fits with their intervals, and what they cannot say."""
        found = self._solved(sizes, budget, resamples=RESAMPLES)
        figures = {
            name: {
                "gamma": round(each.gamma, 5),
                "gamma_interval": [round(end, 5) for end in found.gamma[name]],
                "constant": round(each.constant, 5),
                "terms": {key: float(f"{value:.6g}") for key, value in each.terms.items()},
                "share": round(found.shares[name], 6),
                "share_interval": [round(end, 6) for end in found.share[name]],
                "shares_in_runs": list(each.shares),
                "rows": each.rows,
                "residual": round(each.residual, 5),
            }
            for name, each in found.fits.items()
        }
        return {"law": figures}, self._unknown(found)

    def _group(self, name: str) -> str:
        return self.groups.get(name, name)

    def _solved(self, sizes: Mapping[str, float], budget: float | None, *, resamples: int) -> _Solved:
        runs = read_small_runs(Path(self.runs))
        known = set(runs.language.tolist())
        missing = [name for name in sizes if self._group(name) not in known]
        if missing:
            shown = ", ".join(missing[:8]) + (", …" if len(missing) > 8 else "")
            raise InputError(
                f"the table of runs says nothing of {shown}",
                where=self.runs,
                fix="train small runs with them, or say with groups which rows stand for them",
            )
        names = list(dict.fromkeys(self._group(name) for name in sizes))
        unknown = [name for name in self.weights if name not in names]
        if unknown:
            raise InputError(f"a weight is given for {unknown[0]}, which is no language or group here", where="weights")
        weights = [self.weights.get(name, 1.0) for name in names]
        if not any(weights):
            raise InputError("all weights are 0", where="weights")
        data = budget if len(np.unique(runs.data)) > 1 else None
        fits = {name: fit(runs, name, parameters=self.parameters, data=data) for name in names}
        flat = [each.name for each in fits.values() if each.gamma <= 0]
        if flat:
            raise InputError(
                f"in the runs the loss of {flat[0]} does not fall with its share, so no share is best for it",
                where=self.runs,
                fix="check the table, train with shares that differ more, or use another strategy",
            )
        shares = best_shares([each.constant for each in fits.values()], [each.gamma for each in fits.values()], weights)
        found = dict(zip(names, shares.tolist(), strict=True))
        if not resamples:
            return _Solved(fits, found, {}, {}, 1.0)
        gammas, constants = resampled(runs, fits, seed=_SEED, resamples=resamples)
        usable = np.flatnonzero(np.isfinite(gammas).all(axis=1) & (gammas > 0).all(axis=1))
        drawn = np.array([best_shares(constants[at], gammas[at], weights) for at in usable]).reshape(len(usable), len(names))
        nothing = (math.nan, math.nan)
        gamma = {
            name: _interval(gammas[:, at]) if np.isfinite(gammas[:, at]).any() else nothing for at, name in enumerate(names)
        }
        share = {name: _interval(drawn[:, at]) if len(usable) else nothing for at, name in enumerate(names)}
        return _Solved(fits, found, gamma, share, len(usable) / resamples)

    def _unknown(self, found: _Solved) -> list[str]:
        said = []
        constant = [name for name, each in found.fits.items() if not each.scaled]
        if constant:
            said.append(
                "The runs do not differ enough in size and data to say how losses change with them: the constants are those "
                f"of the largest runs ({_some(constant)})."
            )
        outside = [name for name, each in found.fits.items() if not each.shares[0] <= found.shares[name] <= each.shares[1]]
        if outside:
            said.append(f"The best share lies outside the shares of the runs, where the law was not tested: {_some(outside)}.")
        unsure = [name for name, (low, _) in found.gamma.items() if not low > 0]
        if unsure:
            said.append(f"It is not certain that the loss falls with the share (interval of γ holds 0): {_some(unsure)}.")
        if found.told < _FEW:
            said.append(
                f"Only {found.told:.0%} of the bootstrap samples could be solved; the intervals of the shares are too narrow."
            )
        said.append("The law takes all text as new: it does not know what repetition costs.")
        return said


def _interval(values: Any) -> tuple[float, float]:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
