"""Score texts with a model: by their words, and by all their n-grams where the words leave a doubt.

The words of a few lines of text are seldom those of another language, and cost a tenth of its n-grams. A text is answered
by its words alone when they are sure enough (`Quick`); every other text is scored by words and n-grams of one to five
characters.

N-grams that many languages know would cost a pass over hundreds of columns each. In a long text a sample of them, all other
n-grams and the words choose a short list, and the rest is added for the short list alone. Sums are of whole numbers and
exact: a text is scored alike in whatever batch it stands.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.identification.letters import Letters, scripts
from panglot.corpus.identification.model import Model
from panglot.corpus.identification.ngrams import BUCKETS, COLUMNS, ORDERS, find_ngrams, find_words

HOT = 32
"""N-grams of at least so many languages would cost too much for all of them."""
SHORT_LIST = 12
BEST = 8
"""Languages of each text that are told."""
_SAMPLE = 40
"""Hot n-grams of a text that the short list is chosen by; a text of no more is scored with them for all languages."""
_NOWHERE = -1e9
_ROWS = 4096


class Quick(NamedTuple):
    """When words are enough: the confidence that they must give, how many there must be, and the share that is known."""

    sure: float
    words: float
    known: float


@dataclass(frozen=True)
class Scores:
    """The best languages of texts.

    Attributes:
        languages: int32 [texts, 8], places in the tags, best first; -1 where there is no candidate.
        values: float64 [texts, 8], log-odds against the background, summed over n-grams; comparable inside a text.
        features: int64 [texts], n-grams and words counted.
        known: float64 [texts], share of the n-grams of three and more characters, and of the words, that the model knows.
        by_words: bool [texts], scored by words alone.
    """

    languages: NDArray[np.int32]
    values: NDArray[np.float64]
    features: NDArray[np.int64]
    known: NDArray[np.float64]
    by_words: NDArray[np.bool_]


class Scorer:
    """A model laid out for scoring: what is looked up together stands together.

    Args:
        model: weights; those of its n-grams are shared, the rest is not kept.
    """

    def __init__(self, model: Model) -> None:
        self.tags = model.tags
        self.calibration = model.calibration
        self._scale = model.scale
        self._backing_off = model.backing_off.astype(np.float64)
        self._prior = model.prior.astype(np.float64)
        self._languages, self._weights = model.languages, model.weights
        self._starts = np.zeros(BUCKETS + 2, np.int32)
        sizes = np.diff(model.bounds)
        hot = np.flatnonzero(sizes >= HOT)
        # no copy of what is large: memory at its peak is what counts
        self._starts[1:][model.buckets] = sizes
        del sizes
        np.cumsum(self._starts, out=self._starts)
        self._hot_places = np.full(BUCKETS + 1, -1, np.int16 if len(hot) < 1 << 15 else np.int32)
        self._hot_places[model.buckets[hot]] = np.arange(len(hot))
        self._table = np.zeros((len(hot), len(self.tags)), np.int8)
        for begin in range(0, len(hot), _ROWS):
            first = model.bounds[hot[begin : begin + _ROWS]]
            sizes = model.bounds[hot[begin : begin + _ROWS] + 1] - first
            taken = _spread(first, sizes)
            self._table[np.repeat(np.arange(begin, begin + len(first)), sizes), model.languages[taken]] = model.weights[taken]
        # the last row is that of a text without letters
        self._barred = np.ones((len(scripts()) + 1, len(self.tags)), bool)
        self._barred[model.groups, np.arange(len(self.tags))] = False

    def score(self, letters: Letters, among: NDArray[np.bool_] | None = None, quick: Quick | None = None) -> Scores:
        """Score texts.

        Args:
            letters: the texts.
            among: bool [tags], which languages there are to choose from; all without it.
            quick: when words are enough; never without it.
        """
        texts = len(letters.bounds) - 1
        script = letters.scripts[:, 1:].argmax(1) + 1
        script[letters.scripts[:, 1:].max(1, initial=0) == 0] = len(self._barred) - 1
        barred = self._barred[script]
        if among is not None:
            barred |= ~among
        starts, buckets = find_words(letters)
        first = self._starts[buckets]
        sizes = self._starts[buckets + 1] - first
        bounds = np.searchsorted(starts, letters.bounds)
        amounts = np.diff(bounds)
        sums = self._summed(first, sizes, np.repeat(np.arange(texts), amounts), texts)
        seen = np.diff(np.concatenate([[0], np.cumsum(sizes > 0)])[bounds])
        found = Scores(
            np.full((texts, BEST), -1, np.int32),
            np.full((texts, BEST), _NOWHERE),
            amounts.astype(np.int64),
            seen / np.maximum(amounts, 1),
            np.zeros(texts, bool),
        )
        doubtful = np.flatnonzero(amounts)
        if quick is not None:
            self._by_words(found, sums, barred, quick)
            doubtful = np.flatnonzero((amounts > 0) & ~found.by_words)
        if len(doubtful):
            self._by_ngrams(found, letters, doubtful, sums[doubtful], seen[doubtful], barred[doubtful])
        return found

    def _summed(
        self, first: NDArray[np.int32], sizes: NDArray[np.int32], text: NDArray[np.int64], texts: int
    ) -> NDArray[np.float64]:
        """Weights of rows, added up by text and language: whole numbers [texts, tags]."""
        taken = _spread(first, sizes)
        keys = np.repeat(text * len(self.tags), sizes)
        keys += self._languages.take(taken)
        sums = np.bincount(keys, self._weights.take(taken), texts * len(self.tags))
        return sums.astype(np.float64, copy=False).reshape(texts, len(self.tags))

    def _by_words(self, found: Scores, sums: NDArray[np.float64], barred: NDArray[np.bool_], quick: Quick) -> None:
        values = sums * self._scale
        values += found.features[:, None] * self._backing_off[COLUMNS - 1]
        values += self._prior
        values[barred] = _NOWHERE
        rows = np.arange(len(values))
        best = values.argmax(1)
        top = values[rows, best]
        values[rows, best] = _NOWHERE
        second = values.argmax(1)
        behind = values[rows, second]
        heat, stranger = heats(self.calibration, found.features, np.ones(len(values), bool))
        odds = np.exp(np.maximum(behind - top, _NOWHERE) / heat) + np.exp(np.minimum((stranger - top) / heat, 60))
        found.by_words[:] = (
            (1 / (1 + odds) >= quick.sure)
            & (found.features >= quick.words)
            & (found.known >= quick.known)
            & (top > _NOWHERE / 2)
        )
        at = np.flatnonzero(found.by_words)
        found.languages[at, 0], found.values[at, 0] = best[at], top[at]
        found.languages[at, 1], found.values[at, 1] = np.where(behind[at] > _NOWHERE / 2, second[at], -1), behind[at]

    def _by_ngrams(
        self,
        found: Scores,
        letters: Letters,
        which: NDArray[np.int64],
        words: NDArray[np.float64],
        seen: NDArray[np.int64],
        barred: NDArray[np.bool_],
    ) -> None:
        lengths = np.diff(letters.bounds)[which]
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        codes = np.append(letters.codes[_spread(letters.bounds[which], lengths)], np.uint32(0))
        texts, orders, positions = len(which), len(ORDERS), int(bounds[-1])
        grams = find_ngrams(Letters(codes, bounds, letters.scripts[which])).T[:orders].reshape(-1)
        first = self._starts.take(grams)
        sizes = self._starts.take(grams + 1) - first
        there, hot = sizes > 0, sizes >= HOT

        def by_text(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
            return np.add.reduceat(flags.reshape(orders, positions), bounds[:-1], axis=1, dtype=np.int64).T

        real = by_text(grams < BUCKETS)
        counts = np.concatenate([real, found.features[which, None]], axis=1)
        found.known[which] = (by_text(there)[:, 2:].sum(1) + seen) / np.maximum(counts[:, 2:].sum(1), 1)
        found.features[which] = counts.sum(1)
        number = np.tile(np.repeat(np.arange(texts), lengths), orders)
        cold = np.flatnonzero(there & ~hot)
        words += self._summed(first.take(cold), sizes.take(cold), number.take(cold), texts)
        hots = np.flatnonzero(hot)
        hots = hots[np.argsort(number.take(hots), kind="stable")]
        owner, table_rows = number.take(hots), self._hot_places.take(grams.take(hots)).astype(np.int64)
        ends = np.searchsorted(owner, np.arange(texts + 1))
        much = np.diff(ends)
        base = words * self._scale
        base += counts @ self._backing_off
        base += self._prior
        base[barred] = _NOWHERE
        values = base.copy()
        looked = np.minimum(much, _SAMPLE)
        for part in _parts(np.flatnonzero(much), looked):
            # evenly spaced over the text and the orders; all of them where there are few
            inside = _spread(np.zeros(len(part), np.int64), looked[part])
            inside = inside * np.repeat(much[part], looked[part]) // np.repeat(looked[part], looked[part])
            rows = self._table[table_rows[np.repeat(ends[part], looked[part]) + inside]]
            sums = np.add.reduceat(rows, np.cumsum(looked[part]) - looked[part], axis=0, dtype=np.int32)
            values[part] += sums * (self._scale * much[part] / looked[part])[:, None]
        short = min(SHORT_LIST, len(self.tags))
        chosen = np.argpartition(values, len(self.tags) - short, axis=1)[:, -short:]
        best = np.take_along_axis(values, chosen, 1)
        for each in np.flatnonzero(much > _SAMPLE):
            places = table_rows[ends[each] : ends[each + 1], None] * len(self.tags) + chosen[each]
            rows = self._table.reshape(-1).take(places)
            best[each] = base[each, chosen[each]] + rows.sum(0, dtype=np.int32) * self._scale
        best[np.take_along_axis(barred, chosen, 1)] = _NOWHERE
        # equal values: the first tag, whatever the batch
        order = np.lexsort((chosen, -best), axis=1)[:, :BEST]
        best = np.take_along_axis(best, order, 1)
        languages = np.take_along_axis(chosen, order, 1).astype(np.int32)
        languages[best <= _NOWHERE / 2] = -1
        found.languages[which, : order.shape[1]] = languages
        found.values[which, : order.shape[1]] = best


def heats(
    calibration: dict[str, float], features: NDArray[np.int64], by_words: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Temperature t · (n / 100)^a of each text, and the score of a language that the model does not know, s + r · n."""
    amount = np.maximum(features, 1)
    found = []
    for name in ("", "words_"):
        heat = calibration[f"{name}temperature"] * np.maximum(amount / 100, 0.02) ** calibration[f"{name}length"]
        found.append((heat, calibration[f"{name}stranger"] + calibration[f"{name}stranger_rate"] * amount))
    return np.where(by_words, found[1][0], found[0][0]), np.where(by_words, found[1][1], found[0][1])


def _spread(first: NDArray[np.integer], sizes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Places first, first + 1, … of each run, one run behind the other."""
    ends = np.cumsum(sizes, dtype=np.int64)
    if not len(ends):
        return ends
    found = np.repeat(first - (ends - sizes), sizes)
    found += np.arange(ends[-1])
    return found


def _parts(which: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Texts in groups of at most so many rows."""
    number = np.cumsum(sizes[which]) // _ROWS
    return [which[number == each] for each in np.unique(number)]
