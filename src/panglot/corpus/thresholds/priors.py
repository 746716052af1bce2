"""What all languages of a reference teach about each signal: spreads, shifts between sources, English, and relatives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from panglot.corpus.thresholds.artifact import Thresholds, relatives_of
from panglot.corpus.thresholds.measuring import Measured
from panglot.corpus.thresholds.rules import Rule
from panglot.corpus.thresholds.statistics import Prior, english_facts, pooled, transformed
from panglot.corpus.thresholds.unseen import Loss

ENGLISH = "eng_Latn"
_SEVERAL = 6


@dataclass(frozen=True)
class Pool:
    """Priors by signal.

    Attributes:
        signals: signal to spread, shift and between, on the transformed scale.
        means: language to signal to mean, on the transformed scale.
        english: rule name to the facts of the English reference text.
        losses: language to learned signal to what it loses on an unseen source.
    """

    signals: dict[str, dict[str, float]]
    means: dict[str, dict[str, float]]
    english: dict[str, dict[str, float]]
    losses: dict[str, dict[str, Loss]]

    @classmethod
    def of(cls, measured: Mapping[str, Measured], rules: Sequence[Rule], prior: Thresholds | None) -> "Pool":
        """From what was measured; where few languages have several sources, from an earlier pool."""
        earlier: Mapping[str, Any] = prior.content.get("prior", {}) if prior else {}
        several = [tag for tag, each in measured.items() if len(each.reference.sources) > 1]
        signals: dict[str, dict[str, float]] = {}
        means: dict[str, dict[str, float]] = {tag: dict(found) for tag, found in earlier.get("means", {}).items()}
        for name in dict.fromkeys(rule.signal for rule in rules):
            values = {tag: transformed(name, each.clean[name]) for tag, each in measured.items()}
            for tag, each in measured.items():
                found = values[tag][~np.isnan(values[tag])]
                if len(found):
                    source = each.source[~np.isnan(values[tag])]
                    means.setdefault(tag, {})[name] = float(np.mean([found[source == one].mean() for one in np.unique(source)]))
            spread, shift = pooled(list(values.values()), [each.source for each in measured.values()])
            known = {"spread": spread, "shift": shift}
            if len(several) < _SEVERAL and name in earlier.get("signals", {}):
                known = {**earlier["signals"][name]}
            elif len(several) < _SEVERAL:
                known["shift"] = max(known["shift"], spread)
            signals[name] = known
        pool = cls(signals, means, dict(earlier.get("english", {})), {tag: each.losses for tag, each in measured.items()})
        if ENGLISH in measured:
            for rule in rules:
                found = measured[ENGLISH].clean[rule.signal]
                if rule.english is not None and not np.isnan(found).all():
                    pool.english[rule.name] = english_facts(rule, found[~np.isnan(found)])
        for name, known in pool.signals.items():
            known["between"] = pool._between(name)
        return pool

    def _between(self, name: str) -> float:
        """Standard deviation of languages around the mean of their relatives; infinite with fewer than six."""
        found = []
        for tag, mine in self.means.items():
            near = self._near(tag, name)
            if name in mine and near:
                found.append(mine[name] - float(np.mean(near)))
        return float(np.sqrt(np.mean(np.square(found)))) if len(found) >= _SEVERAL else float("inf")

    def _near(self, tag: str, name: str) -> list[float]:
        near = _relatives(tag, tuple(self.means))
        return [self.means[each][name] for each in near if name in self.means[each]]

    def prior(self, tag: str, rule: Rule) -> Prior:
        """The prior of a rule for a language."""
        known = self.signals[rule.signal]
        near = self._near(tag, rule.signal)
        drop, shift = 0.0, known["shift"]
        if rule.signal in self.losses.get(tag, {}):
            # what a model says of an unseen source was measured for this language
            drop, shift = self.losses[tag][rule.signal].drop, self.losses[tag][rule.signal].doubt
        return Prior(
            known["spread"],
            shift,
            drop,
            known["between"] if near else float("inf"),
            float(np.mean(near)) if near else 0.0,
            self.english.get(rule.name, {}),
        )

    def as_json(self) -> dict[str, Any]:
        """For the file; infinite values are left out."""

        def short(found: Mapping[str, float]) -> dict[str, float]:
            return {name: float(f"{value:.4g}") for name, value in found.items() if np.isfinite(value)}

        return {
            "signals": {name: short(found) for name, found in self.signals.items()},
            "means": {tag: short(found) for tag, found in self.means.items()},
            "english": {name: short(found) for name, found in self.english.items()},
        }


_CACHE: dict[tuple[str, tuple[str, ...]], list[str]] = {}


def _relatives(tag: str, among: tuple[str, ...]) -> list[str]:
    if (tag, among) not in _CACHE:
        _CACHE[tag, among] = relatives_of(tag, among)
    return _CACHE[tag, among]
