"""Two systems on the same items: bootstrap interval, randomisation test, standard error.

For any metric of `panglot.evaluation.metrics`, through the statistics of items, for all languages of a task at once.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from panglot.evaluation.metrics.metric import Mean, Metric
from panglot.evaluation.significance.resampling import Sums, bootstrap_counts, signs
from panglot.evaluation.statistics import (
    CONFIDENCE,
    RESAMPLES,
    Difference,
    Floats,
    Interval,
    draw_error_of_runs,
    generator,
    paired_bootstrap,
    paired_randomisation,
    wilson,
)

K = TypeVar("K", bound=Hashable)
_NEARLY = 1e-9


class Finding(NamedTuple):
    """A paired difference of corpus values.

    Attributes:
        value: first − second.
        low: lower end of the 95 % interval.
        high: upper end.
        p_value: two-sided, uncorrected.
        standard_error: of the difference, over the bootstrap's samples and the runs.
        n: number of items.
    """

    value: float
    low: float
    high: float
    p_value: float
    standard_error: float
    n: int

    @property
    def effect(self) -> float:
        """Standardised paired difference, value / (standard error · √n): for means about Cohen's d_z, mean over spread."""
        return float(self.value / (self.standard_error * np.sqrt(self.n))) if self.standard_error else 0.0


def paired(
    metric: Metric, pairs: Mapping[K, tuple[ArrayLike, ArrayLike]], *, seed: int, resamples: int = RESAMPLES
) -> dict[K, Finding]:
    """Differences of corpus values, first − second, for each language.

    - Interval: paired bootstrap (Koehn 2004), 95 %, percentiles; it always holds the value. Two pseudo-items are added before
      resampling, on each of which one system is as right as can be and the other as wrong, so that it does not collapse where
      two systems agree on all of five items. For right and wrong this is the adjustment of Bonett and Price (2012). For other
      metrics a whole item is too much, as systems seldom differ by all of the range: there the pseudo-items weigh as much as
      the systems differ on a typical item (root mean square, of the range), and at least 2/√n of an item.
    - p-value: approximate randomisation (Noreen 1989; Riezler and Maxwell 2005): the systems swap their outputs on
      each item with chance ½. It is at least 1 / (resamples + 1). For right and wrong it is exact: McNemar's test.
      It is a test of outputs being exchangeable: between taggers of equal F1 of which one says few spans and the other many, it
      found a difference in 6.8 % of simulated comparisons at the level of 5 %, where the interval held 0 in 94 %.
    - Several runs (seeds) of a system: as in `panglot.evaluation.statistics.paired_bootstrap`.

    Swapping the systems negates value and interval and leaves the p-value.

    Args:
        metric: whose `statistics` the pairs are.
        pairs: by language (or any key) statistics of two systems on the same items in the same order, [n, d] or [runs, n, d].
        seed: of the draws.
        resamples: number of samples and of swaps.

    Raises:
        ValueError: two systems have statistics of different items or columns.

    Example:
        >>> from panglot.evaluation.metrics import find
        >>> metric, right = find("macro_f1", labels=2), [0, 1] * 30
        >>> one, other = (metric.statistics(said, right) for said in (right, [0] * 60))
        >>> found = paired(metric, {"hsb": (one, other), "same": (one, one)}, seed=0)
        >>> round(found["hsb"].value, 3), found["hsb"].p_value < 0.001, found["same"].low < 0 < found["same"].high
        (0.667, True, True)
    """
    found: dict[K, Finding] = {}
    alike: dict[int, dict[K, _Pair]] = defaultdict(dict)
    for key, (first, second) in pairs.items():
        pair = _Pair.of(metric, first, second)
        if pair.right_or_wrong(metric):
            found[key] = _exact(pair, seed, resamples)
        else:
            alike[pair.n][key] = pair
    for n, group in alike.items():
        found |= _sampled(metric, n, group, seed, resamples)
    return {key: found[key] for key in pairs}


def randomisation(
    metric: Metric, pairs: Mapping[K, tuple[ArrayLike, ArrayLike]], *, seed: int, resamples: int = RESAMPLES
) -> dict[K, float]:
    """The p-values of `paired` alone, for systems with one run each.

    Args:
        metric: whose statistics the pairs are.
        pairs: by language (or any key) the statistics of two systems, [n, d].
        seed: of the draws.
        resamples: number of swaps.

    Raises:
        ValueError: two systems have statistics of different items or columns, or several runs.

    Example:
        >>> from panglot.evaluation.metrics import find
        >>> metric = find("accuracy")
        >>> rows = [metric.statistics([right] * 5, [1] * 5) for right in (1, 0)]
        >>> randomisation(metric, {"hsb": (rows[0], rows[1])}, seed=0)
        {'hsb': 0.0625}
    """
    given = {key: _Pair.of(metric, *each) for key, each in pairs.items()}
    if not all(each.single for each in given.values()):
        raise ValueError("systems swap outputs of one run, and there are several")
    alike: dict[int, dict[K, _Pair]] = defaultdict(dict)
    found: dict[K, float] = {}
    for key, pair in given.items():
        if pair.right_or_wrong(metric):
            values = pair.first[0, :, 0] - pair.second[0, :, 0]
            found[key] = paired_randomisation(values, generator(seed, "right or wrong", str(pair.n)), resamples=resamples)
        else:
            alike[pair.n][key] = pair
    for n, group in alike.items():
        found |= zip(group, _p_values(metric, n, list(group.values()), seed, resamples), strict=True)
    return {key: found[key] for key in pairs}


def interval(metric: Metric, statistics: ArrayLike, *, seed: int, resamples: int = RESAMPLES) -> Interval:
    """95 % interval of one system's corpus value: Wilson's for right and wrong, else a bootstrap as in `paired`.

    Args:
        metric: whose statistics they are.
        statistics: [n, d], or [runs, n, d] for the mean over runs with different seeds.
        seed: of the draws.
        resamples: number of samples.

    Example:
        >>> from panglot.evaluation.metrics import find
        >>> metric = find("chrf++")
        >>> low, high = interval(metric, metric.statistics(["ja"] * 5, ["ja"] * 5), seed=0)
        >>> low < 90, high
        (True, 100.0)
    """
    runs = np.asarray(statistics, dtype=np.float64)
    runs = runs[None] if runs.ndim == 2 else runs
    values = metric.value(runs.sum(axis=1))
    first = runs[0, :, 0]
    if len(runs) == 1 and isinstance(metric, Mean) and metric.bounds == (0.0, 1.0) and np.isin(first, (0.0, 1.0)).all():
        return wilson(float(first.sum()), len(first))
    mean = runs.mean(axis=0)
    extremes = weighted_extremes(metric, mean, metric.value(mean) - values.mean())
    added = runs if extremes is None else np.concatenate([runs, np.stack([extremes] * len(runs))], axis=1)
    drawn = bootstrap_counts(added.shape[1], resamples, seed)
    sampled = np.concatenate([np.mean([metric.value_of_sample(rows, each) for rows in added], axis=0) for each in drawn])
    sampled = sampled + draw_error_of_runs(generator(seed, "runs", str(len(first))), resamples, values[:, None])
    return bounded(percentiles(sampled, float(values.mean())), metric.bounds)


@dataclass(frozen=True)
class _Pair:
    """Statistics of two systems, [runs, n, d]; the greater value comes first, so that no draw depends on the order given."""

    first: Floats
    second: Floats
    values: tuple[Floats, Floats]
    swapped: bool

    @classmethod
    def of(cls, metric: Metric, first: ArrayLike, second: ArrayLike) -> "_Pair":
        one, other = (np.asarray(each, dtype=np.float64) for each in (first, second))
        one, other = (each[None] if each.ndim == 2 else each for each in (one, other))
        if one.ndim != 3 or one.shape[1:] != other.shape[1:] or not one.shape[1]:
            raise ValueError(f"paired systems must have the same items, got statistics {one.shape[1:]} and {other.shape[1:]}")
        if not (np.isfinite(one).all() and np.isfinite(other).all()):
            raise ValueError("statistics must be finite")
        values = metric.value(one.sum(axis=1)), metric.value(other.sum(axis=1))
        means = values[0].mean(), values[1].mean()
        swapped = bool(means[0] < means[1] or (means[0] == means[1] and one.tobytes() < other.tobytes()))
        return cls(other, one, values[::-1], True) if swapped else cls(one, other, values, False)

    @property
    def n(self) -> int:
        return int(self.first.shape[1])

    @property
    def value(self) -> float:
        return float(self.values[0].mean() - self.values[1].mean())

    @property
    def single(self) -> bool:
        return len(self.first) == len(self.second) == 1

    def right_or_wrong(self, metric: Metric) -> bool:
        return (
            isinstance(metric, Mean)
            and metric.bounds == (0.0, 1.0)
            and self.single
            and all(np.isin(each[..., 0], (0.0, 0.5, 1.0)).all() for each in (self.first, self.second))
        )

    def finding(self, difference: Difference, standard_error: float) -> Finding:
        value, low, high, p_value = difference
        if abs(value) <= _NEARLY:
            low, high = (low - high) / 2, (high - low) / 2
        if self.swapped:
            value, low, high = -value, -high, -low
        return Finding(value, low, high, p_value, standard_error, self.n)


def _exact(pair: _Pair, seed: int, resamples: int) -> Finding:
    one, other = pair.first[0, :, 0], pair.second[0, :, 0]
    found = paired_bootstrap(one, other, generator(seed, "right or wrong", str(pair.n)), resamples=resamples)
    with_pseudo = np.concatenate([one - other, [1.0, -1.0]])
    return pair.finding(found, float(with_pseudo.std() / np.sqrt(len(with_pseudo))))


def _sampled(metric: Metric, n: int, group: Mapping[K, _Pair], seed: int, resamples: int) -> dict[K, Finding]:
    resampled = [_Resampled(metric, pair, resamples) for pair in group.values()]
    summed = is_sum(metric)
    sums = Sums([each.tables for each in resampled], [each.pseudo for each in resampled]) if summed else None
    # with or without pseudo-items is the metric's way, so it is one number for all languages
    more = len(resampled[0].pseudo)
    at = 0
    for counts in bootstrap_counts(n + more, resamples, seed):
        found = sums.of(counts) if sums else [None] * len(resampled)
        for each, block in zip(resampled, found, strict=True):
            each.draw(at, counts, block)
        at += len(counts)
    single = {key: pair for key, pair in group.items() if pair.single}
    p_values = dict(zip(single, _p_values(metric, n, list(single.values()), seed, resamples), strict=True)) if single else {}
    rng = generator(seed, "runs", str(n))
    return {key: each.finding(rng, p_values.get(key)) for key, each in zip(group, resampled, strict=True)}


def _p_values(metric: Metric, n: int, pairs: Sequence[_Pair], seed: int, resamples: int) -> list[float]:
    totals = [(each.first[0] + each.second[0]).sum(axis=0) for each in pairs]
    moved = Sums([[each.first[0] - each.second[0]] for each in pairs])
    as_extreme = np.zeros(len(pairs))
    for kept in signs(n, resamples, seed):
        for at, (pair, total, block) in enumerate(zip(pairs, totals, moved.of(kept), strict=True)):
            # half of what both have together, and half of what they differ by, with the sign of who keeps it
            values = metric.value(np.stack([total + block[:, 0], total - block[:, 0]]) / 2)
            as_extreme[at] += np.count_nonzero(np.abs(values[0] - values[1]) >= pair.value - _NEARLY)
    return [float(each) for each in (1 + as_extreme) / (1 + resamples)]


class _Resampled:
    """One pair while samples go by."""

    def __init__(self, metric: Metric, pair: _Pair, resamples: int) -> None:
        self.metric, self.pair = metric, pair
        self.tables = [*pair.first, *pair.second]
        apart = metric.value(pair.first.mean(axis=0)) - metric.value(pair.second.mean(axis=0))
        extremes = weighted_extremes(metric, np.mean(self.tables, axis=0), apart)
        ones, others = len(pair.first), len(pair.second)
        # on one pseudo-item the first system is right and the second wrong, on the other the reverse: [2, tables, d]
        self.pseudo = np.zeros((0, ones + others, pair.first.shape[2]))
        if extremes is not None:
            worst, best = extremes
            self.pseudo = np.stack([np.stack([a] * ones + [b] * others) for a, b in ((best, worst), (worst, best))])
        self.differences = np.empty(resamples)

    def draw(self, at: int, counts: NDArray[np.float32], sums: Floats | None) -> None:
        """A block of bootstrap samples: how often each item is in them, and the sums of the items where they decide."""
        if sums is not None:
            values = self.metric.value(sums)
        else:
            tables = [np.concatenate([each, self.pseudo[:, table]]) for table, each in enumerate(self.tables)]
            values = np.stack([self.metric.value_of_sample(each, counts) for each in tables], axis=1)
        split = len(self.pair.first)
        first, second = (values[:, 0], values[:, 1]) if self.pair.single else _means(values, split)
        self.differences[at : at + len(counts)] = first - second

    def finding(self, rng: np.random.Generator, p_value: float | None) -> Finding:
        pair, resamples = self.pair, len(self.differences)
        differences = self.differences + draw_error_of_runs(rng, resamples, *(each[:, None] for each in pair.values))
        if p_value is None:
            rarer = min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0))
            p_value = float(min(1.0, 2 * (rarer + 1) / (resamples + 1)))
        # not of the draws with the runs' error: with two or three runs Student's t has no variance
        of_runs = sum(float(each.var(ddof=1)) / len(each) for each in pair.values if len(each) > 1)
        standard_error = float(np.sqrt(self.differences.var() + of_runs))
        bounds = self.metric.bounds
        reach = None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0])
        low, high = bounded(percentiles(differences, pair.value), reach)
        return pair.finding(Difference(pair.value, low, high, p_value), standard_error)


def weighted_extremes(metric: Metric, rows: Floats, deviations: Floats) -> Floats | None:
    """The worst and the best pseudo-item, [2, d], weighed by the deviations of items, [n]."""
    extremes = metric.extremes(rows)
    if extremes is None:
        return None
    reach = float(np.ptp(metric.value(extremes))) or 1.0
    typical = float(np.sqrt(np.mean(deviations**2))) / reach
    weight = min(1.0, max(typical, 2 / float(np.sqrt(len(rows)))))
    return extremes * weight


def is_sum(metric: Metric) -> bool:
    """Whether the value of a sample is that of the sum of its rows; ranks are taken anew in each sample."""
    return type(metric).value_of_sample is Metric.value_of_sample


def _means(values: Floats, split: int) -> tuple[Floats, Floats]:
    return values[:, :split].mean(axis=1), values[:, split:].mean(axis=1)


def percentiles(values: Floats, value: float) -> Interval:
    """The middle 95 % of the draws, widened to hold the value."""
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(values, [tail, 100 - tail])
    return Interval(min(float(low), value), max(float(high), value))


def bounded(found: Interval, bounds: tuple[float, float] | None) -> Interval:
    """An interval within what is possible."""
    return found if bounds is None else Interval(max(found.low, bounds[0]), min(found.high, bounds[1]))
