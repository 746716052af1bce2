"""A mean of corpus values over tasks and languages: its interval, and its difference between two systems."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from panglot.artifacts import digest_value
from panglot.evaluation.metrics.metric import Metric
from panglot.evaluation.significance.differences import Finding, bounded, is_sum, percentiles, weighted_extremes
from panglot.evaluation.significance.resampling import Sums, bootstrap_counts, signs
from panglot.evaluation.statistics import RESAMPLES, Floats, Interval

METHOD = "items-in-task-and-language"
"""What is resampled, for signatures."""
_NEARLY = 1e-9


@dataclass(frozen=True)
class Part:
    """A task in a language.

    Attributes:
        metric: whose value it is.
        items: names of the items.
        tables: their statistics of one system, or of two, [n, d] each.
        weight: of the value in the mean; a value from 0 to 100 that is averaged with others from 0 to 1 has a hundredth.
    """

    metric: Metric
    items: tuple[str, ...]
    tables: tuple[Floats, ...]
    weight: float

    def values(self) -> Floats:
        """Of each system, [systems]."""
        once = np.ones((1, len(self.items)))
        return np.array([self.metric.value_of_sample(each, once)[0] for each in self.tables])


def mean_of_parts(parts: Sequence[Part]) -> Floats:
    """Σ weight · value of each system, [systems]."""
    return np.asarray(sum(part.weight * part.values() for part in parts), dtype=np.float64)


def interval_of_mean(parts: Sequence[Part], *, seed: int, resamples: int = RESAMPLES) -> Interval:
    """95 % interval of a mean of corpus values of one system.

    In each of the samples the items of every part are drawn anew with replacement, and the mean is taken of the values. Parts
    with the same items, as the languages of a parallel task, are drawn together: an item that is hard is hard in all of
    them, and taken for independent they would give too narrow an interval. Tasks and languages are not drawn: the interval is
    of these tasks in these languages.

    As in `panglot.evaluation.significance.paired`, two pseudo-items keep a part whose items are all right from having no
    spread. They also pull its value towards the middle, by little in one part; but in a mean of many the pull stays while
    the spread falls, so it is taken off each part.

    Args:
        parts: of one system.
        seed: of the draws.
        resamples: number of samples.

    Example:
        >>> from panglot.evaluation.metrics import find
        >>> metric = find("accuracy")
        >>> rows = metric.statistics([1] * 80 + [0] * 20, [1] * 100)
        >>> names = tuple(map(str, range(100)))
        >>> apart = [Part(metric, (tag, *names[1:]), (rows,), 0.25) for tag in ("a", "b", "c", "d")]
        >>> together = [Part(metric, names, (rows,), 0.25) for _ in range(4)]
        >>> low, high = interval_of_mean(apart, seed=0)
        >>> wide_low, wide_high = interval_of_mean(together, seed=0)
        >>> 0.75 < low < 0.77, 1.8 < (wide_high - wide_low) / (high - low) < 2.2
        (True, True)
    """
    drawn = np.zeros(resamples)
    for group, chosen in _alike(parts, seed):
        drawn += _samples(group, chosen, resamples)[0]
    value = float(mean_of_parts(parts)[0])
    return bounded(percentiles(drawn, value), _bounds(parts))


def difference_of_means(parts: Sequence[Part], *, seed: int, resamples: int = RESAMPLES) -> Finding:
    """The mean of the first system less that of the second, with a 95 % interval and a two-sided p-value.

    Interval: the bootstrap of `interval_of_mean`, with the same items of both systems. p-value: approximate randomisation; the
    systems swap their outputs on each item with chance ½, in all parts with the same items at once.

    Args:
        parts: each with the tables of two systems.
        seed: of the draws.
        resamples: number of samples and of swaps.

    Example:
        >>> from panglot.evaluation.metrics import find
        >>> metric = find("accuracy")
        >>> one, other = (metric.statistics([1] * k + [0] * (40 - k), [1] * 40) for k in (36, 20))
        >>> parts = [Part(metric, tuple(f"{tag}{at}" for at in range(40)), (one, other), 0.5) for tag in "ab"]
        >>> found = difference_of_means(parts, seed=0)
        >>> round(found.value, 6), 0.2 < found.low < 0.4 < found.high < 0.6, found.p_value < 0.001, found.n
        (0.4, True, True, 80)
    """
    means = mean_of_parts(parts)
    # the better system first, so that swapping them negates the interval and leaves the p-value
    swapped = bool(means[0] < means[1])
    ordered = [Part(each.metric, each.items, each.tables[::-1] if swapped else each.tables, each.weight) for each in parts]
    value = abs(float(means[0] - means[1]))
    drawn, tossed = np.zeros(resamples), np.zeros(resamples)
    for group, chosen in _alike(ordered, seed):
        first, second = _samples(group, chosen, resamples)
        drawn += first - second
        tossed += _swapped(group, chosen, resamples)
    p_value = float((1 + np.count_nonzero(np.abs(tossed) >= value - _NEARLY)) / (1 + resamples))
    reach = _bounds(ordered)
    low, high = bounded(percentiles(drawn, value), None if reach is None else (reach[0] - reach[1], reach[1] - reach[0]))
    if value <= _NEARLY:
        low, high = (low - high) / 2, (high - low) / 2
    n, error = sum(len(each.items) for each in parts), float(drawn.std())
    return Finding(-value, -high, -low, p_value, error, n) if swapped else Finding(value, low, high, p_value, error, n)


def _alike(parts: Sequence[Part], seed: int) -> Iterator[tuple[list[Part], int]]:
    """Parts that are drawn together, and the seed of their draws."""
    found: dict[tuple[tuple[str, ...], bool], list[Part]] = {}
    for each in parts:
        with_extremes = each.metric.extremes(each.tables[0]) is not None
        found.setdefault((each.items, with_extremes), []).append(each)
    for (items, _), group in found.items():
        yield group, int(digest_value([seed, list(items)])[:12], 16)


def _samples(group: Sequence[Part], seed: int, resamples: int) -> Floats:
    """Weighted sums of the values of a group in each sample: [systems, resamples]."""
    n, systems = len(group[0].items), len(group[0].tables)
    pseudo = [_pseudo_items(each) for each in group]
    more = pseudo[0].shape[1]
    tables = [
        [np.concatenate([table, added]) for table, added in zip(each.tables, few, strict=True)]
        for each, few in zip(group, pseudo, strict=True)
    ]
    once = np.ones((1, n + more))
    # how far the pseudo-items alone move each value
    moved = [
        np.array([each.metric.value_of_sample(one, once)[0] for one in both]) - each.values()
        for each, both in zip(group, tables, strict=True)
    ]
    summed = [is_sum(each.metric) for each in group]
    kept = [(each.tables, few.swapaxes(0, 1)) for each, few, yes in zip(group, pseudo, summed, strict=True) if yes]
    sums = Sums([both for both, _ in kept], [few for _, few in kept]) if kept else None
    drawn, at = np.zeros((systems, resamples)), 0
    for counts in bootstrap_counts(n + more, resamples, seed):
        blocks = sums.of(counts) if sums else iter(())
        for each, both, pull, yes in zip(group, tables, moved, summed, strict=True):
            values = (
                each.metric.value(next(blocks))
                if yes
                else np.stack([each.metric.value_of_sample(one, counts) for one in both], axis=1)
            )
            drawn[:, at : at + len(counts)] += each.weight * (values - pull).T
        at += len(counts)
    return drawn


def _pseudo_items(part: Part) -> Floats:
    """Rows that are added to the items of each system, [systems, 2, d]; none where a metric knows no worst and best."""
    rows = np.mean(part.tables, axis=0)
    values = [part.metric.value(each) for each in part.tables]
    own = part.values()
    deviations = values[0] - own[0] if len(values) == 1 else values[0] - values[1]
    extremes = weighted_extremes(part.metric, rows, deviations)
    if extremes is None:
        return np.zeros((len(part.tables), 0, rows.shape[1]))
    # of two systems one is right and the other wrong on the first, and the reverse on the second
    return np.stack([extremes, extremes[::-1]][: len(part.tables)])


def _swapped(group: Sequence[Part], seed: int, resamples: int) -> Floats:
    """Weighted sums of the differences where systems swap outputs, [resamples]."""
    totals = [(each.tables[0] + each.tables[1]).sum(axis=0) for each in group]
    apart = Sums([[each.tables[0] - each.tables[1]] for each in group])
    found, at = np.zeros(resamples), 0
    for kept in signs(len(group[0].items), resamples, seed):
        for each, total, block in zip(group, totals, apart.of(kept), strict=True):
            values = each.metric.value(np.stack([total + block[:, 0], total - block[:, 0]]) / 2)
            found[at : at + len(kept)] += each.weight * (values[0] - values[1])
        at += len(kept)
    return found


def _bounds(parts: Sequence[Part]) -> tuple[float, float] | None:
    known = [(each.weight * each.metric.bounds[0], each.weight * each.metric.bounds[1]) for each in parts if each.metric.bounds]
    if len(known) < len(parts):
        return None
    return sum(low for low, _ in known), sum(high for _, high in known)
