"""The gate: what thresholds reject of held-out reference text, and which of them are relaxed until that is little enough."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.noise import Kind
from panglot.corpus.thresholds.measuring import Measured, Table
from panglot.corpus.thresholds.priors import Pool
from panglot.corpus.thresholds.rules import LEARNED, Rule
from panglot.corpus.thresholds.statistics import MARGIN, NEAR, SUREST, bound, expected, transformed

STEP = 0.5
_ROUNDS = 200
_DEVIATIONS = 2.3
_FINDERS = 3
# noise of words of the language itself, whole or in part, is found by its form: a model may not be strict for its sake
_OTHER: tuple[Kind, ...] = ("gibberish", "wrong_language")
_ENOUGH = 0.95


class Gate:
    """Rejection and recall of one language's rules, each some standard deviations looser than estimated.

    Attributes:
        noise: rule name to the value, on the transformed scale, at which the noise ends that the rule is the best to find;
            None where it is the best for none.
    """

    def __init__(self, measured: Measured, pool: Pool, rules: Sequence[Rule], rejection: float) -> None:
        self.measured, self.pool, self.rules, self.rejection = measured, pool, list(rules), rejection
        self._fold = np.array(measured.reference.fold, dtype=np.int64)
        self.noise = self._responsible()
        self._whole: dict[tuple[int, float], float | None] = {}
        self._held: dict[tuple[int, float], NDArray[np.bool_]] = {}

    def _responsible(self) -> dict[str, float | None]:
        """Each kind of noise is given to the three rules that tell it best from clean text, in standard deviations; and to the
        signals of the model gibberish and other languages that they tell so well that their bound becomes the looser for it.
        """
        found: dict[str, float | None] = {rule.name: None for rule in self.rules}
        for kind, table in self.measured.noise.items():
            order: list[tuple[float, Rule, float]] = []
            for rule in self.rules:
                clean = transformed(rule.signal, self.measured.clean[rule.signal])
                known = ~np.isnan(clean)
                noisy = transformed(rule.signal, table[rule.signal])
                noisy = noisy[~np.isnan(noisy)]
                if not rule.finds or rule.method == "fixed" or not known.any() or not len(noisy):
                    continue
                if rule.signal in LEARNED and kind not in _OTHER:
                    continue
                prior = self.pool.prior(self.measured.reference.tag, rule)
                mean, spread = expected(clean[known], self.measured.source[known], prior, learned=rule.signal in LEARNED)
                sign = 1 if rule.side == "min" else -1
                end = float(np.mean(noisy) + sign * _DEVIATIONS * np.std(noisy))
                distance = sign * (mean - end) / spread
                order.append((distance, rule, end))
            order.sort(key=lambda each: -each[0])
            for place, (distance, rule, end) in enumerate(order):
                easy = rule.signal in LEARNED and (1 - MARGIN) * distance >= SUREST
                if distance <= NEAR or (place >= _FINDERS and not easy):
                    continue
                before = found[rule.name]
                worse = max if rule.side == "min" else min
                found[rule.name] = end if before is None else worse(before, end)
        return found

    def bound(self, place: int, looser: float) -> float | None:
        """The bound of a rule from all documents."""
        if (place, looser) not in self._whole:
            rule = self.rules[place]
            self._whole[place, looser] = self._bound(rule, np.arange(len(self._fold)), looser)
        return self._whole[place, looser]

    def _bound(self, rule: Rule, some: NDArray[np.int64], looser: float) -> float | None:
        values, source = self.measured.clean[rule.signal][some], self.measured.source[some]
        prior = self.pool.prior(self.measured.reference.tag, rule)
        learned = rule.signal in LEARNED
        return bound(rule, values, source, prior, self.noise[rule.name], learned=learned, looser=looser)[0]

    def _rejects(self, place: int, looser: float) -> NDArray[np.bool_]:
        """Which documents the rule rejects whose bound was estimated without their fold."""
        if (place, looser) not in self._held:
            rule = self.rules[place]
            found = np.zeros(len(self._fold), dtype=bool)
            for each in np.unique(self._fold):
                inside, others = np.flatnonzero(self._fold == each), np.flatnonzero(self._fold != each)
                value = self._bound(rule, others if len(others) else inside, looser)
                found[inside] = beyond(rule, self.measured.clean[rule.signal][inside], value)
            self._held[place, looser] = found
        return self._held[place, looser]

    def rejected(self, looser: Sequence[float]) -> float:
        """Share of the held-out reference documents that some rule rejects."""
        return float(np.any([self._rejects(place, each) for place, each in enumerate(looser)], axis=0).mean())

    def recall(self, looser: Sequence[float]) -> dict[Kind, float]:
        """Share of each kind of planted noise that some rule rejects."""
        return {kind: self._found(table, looser) for kind, table in self.measured.noise.items()}

    def _found(self, table: Table, looser: Sequence[float]) -> float:
        hits = [
            beyond(rule, table[rule.signal], self.bound(place, each))
            for place, (rule, each) in enumerate(zip(self.rules, looser, strict=True))
        ]
        return float(np.any(hits, axis=0).mean())

    def relax(self) -> list[float]:
        """How many standard deviations each rule has to be relaxed, the least harmful first, till the gate holds.

        Harm is the recall of planted noise that is lost, up to 95 % of each kind; of rules that do equal harm the one goes
        first that rejects most.
        """
        looser = [0.0] * len(self.rules)
        for _ in range(_ROUNDS):
            if self.rejected(looser) <= self.rejection:
                break
            now = self._worth(looser)
            choice = []
            for place, each in enumerate(looser):
                rejected = int(self._rejects(place, each).sum())
                if rejected:
                    trial = [*looser[:place], each + STEP, *looser[place + 1 :]]
                    choice.append((round(now - self._worth(trial), 6), -rejected, place))
            place = min(choice)[2]
            looser[place] += STEP
        return looser

    def _worth(self, looser: Sequence[float]) -> float:
        return sum(min(share, _ENOUGH) for share in self.recall(looser).values())


def beyond(rule: Rule, values: NDArray[np.float64], value: float | None) -> NDArray[np.bool_]:
    """Which values a bound rejects; an unknown value never is, and no bound rejects nothing."""
    if value is None:
        return np.zeros(len(values), dtype=bool)
    with np.errstate(invalid="ignore"):
        return np.asarray(values < value if rule.side == "min" else values > value)
