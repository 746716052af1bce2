"""From the values of a signal on reference documents to a bound: the published methods, and a bound for text of another
kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.signals import SIGNALS
from panglot.corpus.thresholds.rules import Rule

SURE, SUREST = 3.0, 5.0
NEAR, MARGIN = 0.3, 0.1
_PRIOR_DOCUMENTS = 50
_LEAST_SPREAD = 1e-4

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """What is known of a signal before a language is looked at; all on the transformed scale.

    Attributes:
        spread: standard deviation of documents of one source.
        shift: standard deviation of sources of one language around its mean.
        drop: how much worse the mean is on a source that the model has not seen than on unseen text of its only source.
        between: standard deviation of a language around the mean of its relatives.
        mean: mean of the relatives, or of all languages.
        english: mean, standard deviation, median and removed share of the English reference text, on the scale of the signal.
    """

    spread: float
    shift: float
    drop: float = 0.0
    between: float = np.inf
    mean: float = 0.0
    english: Mapping[str, float] = field(default_factory=dict)


def transformed(signal: str, values: Any) -> Values:
    """A signal on a scale where its spread depends little on its level: arcsin √share, log(1 + count), √ of what is per word.

    Example:
        >>> transformed("digit_share", [0.0, 1.0]).round(2).tolist(), transformed("words", [0]).tolist()
        ([0.0, 1.57], [0.0])
    """
    found = np.asarray(values, dtype=np.float64)
    about = SIGNALS[signal]
    if about.unit == "share":
        return np.asarray(np.arcsin(np.sqrt(np.clip(found, 0, 1))))
    if about.unit in ("count", "characters"):
        return np.asarray(np.log1p(np.maximum(found, 0)))
    return np.asarray(np.sqrt(np.maximum(found, 0))) if about.unit == "per word" else found


def restored(signal: str, value: float) -> float:
    """The value of a signal from its transformed one, inside the range of the signal."""
    about = SIGNALS[signal]
    if about.unit == "share":
        return float(np.sin(np.clip(value, 0, np.pi / 2)) ** 2)
    if about.unit in ("count", "characters"):
        return float(np.expm1(np.clip(value, 0, 50)))
    return float(max(value, 0.0) ** 2) if about.unit == "per word" else value


def method_bound(rule: Rule, values: Values, english: Mapping[str, float]) -> float | None:
    """The English bound carried to a language by the rule's method; None for the method `tail`, and where it cannot be said.

    - quantile: the value beyond which lies the share that the English bound removes of English reference text;
    - mean_sd: μ + σ (t_en − μ_en) / σ_en;
    - median_ratio: t_en · median / median_en;
    - fixed: t_en.

    Without English reference text it is the English bound.

    Example:
        >>> rule = Rule("mean_word_length", "max", "median_ratio", 10)
        >>> method_bound(rule, np.array([6.0, 8.0]), {"median": 5.0})
        14.0
    """
    if rule.english is None:
        return None
    if rule.method == "fixed" or not english:
        return rule.english
    if not len(values):
        return None
    if rule.method == "quantile":
        removed = english["removed"]
        return float(np.quantile(values, removed if rule.side == "min" else 1 - removed))
    if rule.method == "mean_sd":
        if english["sd"] <= 0:
            return rule.english
        return float(values.mean() + values.std() * (rule.english - english["mean"]) / english["sd"])
    return float(rule.english * np.median(values) / english["median"]) if english["median"] > 0 else rule.english


def english_facts(rule: Rule, values: Values) -> dict[str, float]:
    """What the methods need to know of English reference text."""
    english = np.nan if rule.english is None else rule.english
    beyond = values < english if rule.side == "min" else values > english
    return {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "median": float(np.median(values)),
        "removed": float(beyond.mean()),
    }


def expected(values: Values, source: NDArray[np.int64], prior: Prior, *, learned: bool) -> tuple[float, float]:
    """Mean and standard deviation of a document of a source not yet seen, on the transformed scale.

    The mean of the language is the mean of its sources, drawn towards its relatives as far as it is uncertain (empirical Bayes:
    weight between² / (between² + shift² / sources + spread² / documents)). The spread is that of its documents, drawn towards
    the prior's with the weight of 50 documents. A new source adds its own shift.
    """
    names = np.unique(source)
    count = len(values)
    if not count:
        return prior.mean, float(
            np.sqrt(prior.spread**2 + prior.shift**2 + (prior.between**2 if np.isfinite(prior.between) else 0))
        )
    means = np.array([values[source == each].mean() for each in names])
    inside = values - means[np.searchsorted(names, source)]
    spread = (float((inside**2).sum()) + _PRIOR_DOCUMENTS * prior.spread**2) / (max(count - len(names), 0) + _PRIOR_DOCUMENTS)
    mean = float(means.mean())
    if learned:
        mean -= prior.drop
    unsure = prior.shift**2 / len(names) + spread / count
    if np.isfinite(prior.between) and prior.between > 0:
        weight = prior.between**2 / (prior.between**2 + unsure)
        mean = weight * mean + (1 - weight) * prior.mean
    return mean, float(np.sqrt(max(spread + prior.shift**2 + unsure, _LEAST_SPREAD**2)))


def tail_bound(
    rule: Rule, mean: float, spread: float, noise: float | None, *, learned: bool = False, looser: float = 0.0
) -> float:
    """The bound beyond which next to no clean document of a new source lies, on the transformed scale.

    With noise that this signal is one of the best to find, ending at `noise`, the bound is as loose as that noise allows: a
    tenth of the way from it to the mean of clean text; for a signal that was learned, three standard deviations at least.
    Without noise to find, five.
    """
    sign = 1.0 if rule.side == "min" else -1.0
    steps = SUREST
    if noise is not None:
        steps = (1 - MARGIN) * sign * (mean - noise) / spread
        steps = max(steps, SURE) if learned else steps
    return mean - sign * (steps + looser) * spread


def bound(
    rule: Rule,
    raw: Values,
    source: NDArray[np.int64],
    prior: Prior,
    noise: float | None,
    *,
    learned: bool = False,
    looser: float = 0.0,
) -> tuple[float | None, float | None]:
    """The bound of a rule, clipped to the range of its signal, and what the published method alone would say.

    The bound is the loosest of the method's, the tail's and the rule's `tightest`; where the rule has noise to find, the
    noise says how loose it may be, and the method is only told. None where it is no bound any more.
    """
    known = ~np.isnan(raw)
    raw, source = raw[known], source[known]
    by_method = method_bound(rule, raw, prior.english)
    mean, spread = expected(transformed(rule.signal, raw), source, prior, learned=learned)
    tail = restored(rule.signal, tail_bound(rule, mean, spread, noise, learned=learned, looser=looser))
    choice = [each for each in (by_method if noise is None else None, tail, rule.tightest) if each is not None]
    if rule.method == "fixed" and rule.english is not None and noise is None:
        sign = 1.0 if rule.side == "min" else -1.0
        fixed = restored(rule.signal, float(transformed(rule.signal, rule.english)) - sign * looser * spread)
        choice = [fixed, tail] if rule.signal == "stop_words_present" else [fixed]
    value = min(choice) if rule.side == "min" else max(choice)
    return clipped(rule, value), by_method


def clipped(rule: Rule, value: float) -> float | None:
    """A bound inside its signal's range; None where it lies at the end of the range, and forbids nothing.

    Example:
        >>> clipped(Rule("digit_share", "max", "tail"), 1.4), clipped(Rule("mean_word_length", "max", "tail"), 3141.0)
        (None, 60.0)
    """
    about = SIGNALS[rule.signal]
    if rule.signal == "mean_word_length":
        # words of more than sixty characters on average are no words: what a published table has for some languages
        value = min(value, 60.0)
    if rule.side == "min":
        return None if value <= about.low else value
    return None if about.unit == "share" and value >= 1 else value


def pooled(values: Sequence[Values], sources: Sequence[NDArray[np.int64]]) -> tuple[float, float]:
    """Spread of documents inside a source, and shift of sources inside a language, over languages; transformed scale."""
    squares, freedom = 0.0, 0
    between: list[float] = []
    for found, source in zip(values, sources, strict=True):
        names = np.unique(source)
        means, sizes = [], []
        for each in names:
            part = found[source == each]
            part = part[~np.isnan(part)]
            if not len(part):
                continue
            means.append(part.mean())
            sizes.append(len(part))
            squares += float(((part - part.mean()) ** 2).sum())
            freedom += max(len(part) - 1, 0)
        if len(means) > 1:
            own = squares / max(freedom, 1)
            between.append(max(float(np.var(means, ddof=1)) - own * float(np.mean(1 / np.array(sizes))), 0.0))
    spread = float(np.sqrt(squares / max(freedom, 1)))
    return spread, float(np.sqrt(np.mean(between))) if between else spread


def spread_of_bound(draws: Sequence[float | None]) -> float | None:
    """Standard deviation of the bounds of resampled documents; None where most of them are none."""
    found = [each for each in draws if each is not None]
    return float(np.std(found)) if len(found) > len(draws) / 2 else None
