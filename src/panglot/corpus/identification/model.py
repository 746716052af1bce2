"""The identifier's model: weights of hashed n-grams for languages, and how texts are scored with them.

A language l gives an n-gram g of order o the weight w = log(p(g|l) / p0(g)), relative to its backing-off weight b(l, o):
p(g|l) is a
Dirichlet-smoothed estimate, p0(g) the mean over the languages of the same script, and what is not stored falls to the
background.
The weights are then corrected by softmax regression on held-out snippets (`tools/train_identifier.py`). Only languages of
the script
that most letters of a text belong to are candidates.

N-grams that many languages know would cost a pass over hundreds of columns each. Their weights are approximated by a low
rank to find
a short list, and only the short list is scored with the weights themselves.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.corpus.identification.letters import Letters, script_group, scripts
from panglot.corpus.identification.ngrams import BUCKETS, COLUMNS, find_ngrams

HOT = 32
"""N-grams of at least so many languages are scored for the short list only."""
RANK = 64
SHORT_LIST = 12
_NOWHERE = -1e9
_ROWS = 1 << 16
_HOT_ROWS = 1 << 12
FORMAT = 1


@dataclass(frozen=True)
class Scores:
    """The best languages of texts.

    Attributes:
        languages: int32 [texts, k], places in `Model.tags`, best first; -1 where there is no candidate.
        values: float32 [texts, k], log-odds against the background, summed over n-grams; comparable inside a text.
        features: int32 [texts], n-grams and words counted.
        known: float32 [texts], share of the n-grams of three and more characters, and of the words, that the model knows.
    """

    languages: NDArray[np.int32]
    values: NDArray[np.float32]
    features: NDArray[np.int32]
    known: NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """Weights.

    Attributes:
        tags: canonical tags, sorted.
        buckets: int32 [rows], ascending: the n-grams that have a weight.
        bounds: int32 [rows + 1]: which weights are a row's.
        languages: uint16 [weights].
        weights: int8 [weights], in units of `scale`.
        scale: log-odds of one unit.
        backing_off: float32 [6, tags], weight of any n-gram of an order.
        prior: float32 [tags].
        background: uint8 [rows], -4 log p0 of the row's n-gram: what a new language is taught against.
        rows_low: int8 [hot rows, rank], and columns_low, float32 [rank, tags]: the low rank, with the units in the second.
        calibration: temperature, exponent of the length, and what `und` is decided by.
    """

    tags: tuple[str, ...]
    buckets: NDArray[np.int32]
    bounds: NDArray[np.int32]
    languages: NDArray[np.uint16]
    weights: NDArray[np.int8]
    scale: float
    backing_off: NDArray[np.float32]
    prior: NDArray[np.float32]
    background: NDArray[np.uint8]
    rows_low: NDArray[np.int8]
    columns_low: NDArray[np.float32]
    calibration: dict[str, float]

    @cached_property
    def groups(self) -> NDArray[np.int32]:
        """Place in `scripts()` of each language's script, int32 [tags]."""
        names = scripts()
        return np.array([names.index(script_group(tag[4:])) for tag in self.tags], np.int32)

    @cached_property
    def _hot(self) -> NDArray[np.bool_]:
        return np.diff(self.bounds) >= HOT

    @cached_property
    def _places(self) -> NDArray[np.int32]:
        """Of each bucket: a hot row, behind them a cold one, the last number where there is none; int32 [BUCKETS + 1]."""
        found = np.full(BUCKETS + 1, len(self.buckets), np.int32)
        hot = int(self._hot.sum())
        found[self.buckets[self._hot]] = np.arange(hot, dtype=np.int32)
        found[self.buckets[~self._hot]] = np.arange(hot, len(self.buckets), dtype=np.int32)
        return found

    @cached_property
    def _table(self) -> NDArray[np.int8]:
        """Weights of hot rows, int8 [hot, tags]."""
        sizes = np.diff(self.bounds)
        hot = np.flatnonzero(self._hot)
        found = np.zeros((len(hot), len(self.tags)), np.int8)
        for first in range(0, len(hot), _HOT_ROWS):
            some = hot[first : first + _HOT_ROWS]
            rows = np.repeat(np.arange(first, first + len(some)), sizes[some])
            inside = np.arange(len(rows)) - np.repeat(np.cumsum(sizes[some]) - sizes[some], sizes[some])
            taken = np.repeat(self.bounds[some], sizes[some]) + inside
            found[rows, self.languages[taken]] = self.weights[taken]
        return found

    @cached_property
    def _low(self) -> NDArray[np.float32]:
        return self.rows_low.astype(np.float32)

    @cached_property
    def _cold(self) -> "tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]":
        sizes = np.diff(self.bounds)
        taken = np.repeat(~self._hot, sizes)
        hot = int(self._hot.sum())
        bounds = np.zeros(len(self.buckets) + 2, np.int32)
        np.cumsum(sizes[~self._hot], out=bounds[hot + 1 : -1])
        bounds[-1] = bounds[-2]
        values = self.weights[taken].astype(np.float32)
        values *= np.float32(self.scale)
        return bounds, self.languages[taken].astype(np.int32), values

    def score(self, letters: Letters, k: int = 2, among: NDArray[np.bool_] | None = None) -> Scores:
        """Score texts.

        Args:
            letters: the texts.
            k: how many languages of each.
            among: bool [tags], which languages there are to choose from; all without it.
        """
        from scipy.sparse import csr_array

        texts = len(letters.bounds) - 1
        grams = find_ngrams(letters)
        real = grams != BUCKETS
        flat = real.reshape(-1)
        counts = np.zeros((texts, COLUMNS), np.int32)
        filled = np.flatnonzero(np.diff(letters.bounds))
        if len(filled):
            counts[filled] = np.add.reduceat(real, letters.bounds[filled], axis=0, dtype=np.int32)
        ends = np.zeros(texts + 1, np.int32)
        np.cumsum(counts.sum(1), out=ends[1:])
        places = self._places[grams.reshape(-1)[flat]]
        hot = len(self._table)
        exact = counts.astype(np.float32) @ self.backing_off
        exact += self.prior
        _add_products(exact, places, ends, self._cold)
        is_hot = places < hot
        hots = places[is_hot]
        before = np.concatenate([[0], np.cumsum(is_hot)])[ends]
        embedded = csr_array((np.ones(len(hots), np.float32), hots, before), shape=(texts, max(hot, 1))) @ self._low
        rough = exact + embedded @ self.columns_low
        script = letters.scripts[:, 1:].argmax(1) + 1
        script[letters.scripts[:, 1:].max(1, initial=0) == 0] = -1
        barred = self.groups[None, :] != script[:, None]
        if among is not None:
            barred |= ~among
        rough[barred] = _NOWHERE
        short = min(SHORT_LIST, len(self.tags))
        chosen = np.argpartition(rough, len(self.tags) - short, axis=1)[:, -short:].astype(np.int64)
        values = np.take_along_axis(exact, chosen, 1)
        if len(hots):
            number = np.repeat(np.arange(texts), np.diff(before))
            got = self._table[hots[:, None], chosen[number]]
            filled = np.flatnonzero(np.diff(before))
            sums = np.add.reduceat(got, before[filled], axis=0, dtype=np.int32)
            values[filled] += sums * np.float32(self.scale)
        absent = np.take_along_axis(barred, chosen, 1)
        values[absent] = _NOWHERE
        # equal values: the first tag, whatever the batch
        order = np.lexsort((chosen, -values), axis=1)[:, :k]
        best = np.take_along_axis(chosen, order, 1).astype(np.int32)
        values = np.take_along_axis(values, order, 1)
        best[values <= _NOWHERE / 2] = -1
        long = real.copy()
        long[:, :2] = False
        rare = long.reshape(-1)[flat]
        tally = np.zeros((2, len(places) + 1), np.int32)
        np.cumsum(rare & (places < len(self.buckets)), out=tally[0, 1:])
        np.cumsum(rare, out=tally[1, 1:])
        seen, there = np.diff(tally[:, ends], axis=1)
        known = seen / np.maximum(there, 1)
        return Scores(best, values.astype(np.float32), counts.sum(1).astype(np.int32), known.astype(np.float32))

    def without(self, tags: Collection[str]) -> "Model":
        """The same weights without some languages."""
        stay = np.array([tag not in tags for tag in self.tags])
        moved = np.cumsum(stay) - 1
        rows = np.repeat(self.buckets, np.diff(self.bounds))
        kept = stay[self.languages]
        background = np.zeros(BUCKETS)
        background[self.buckets] = p0_of(self.background)
        return pack(
            tuple(tag for tag in self.tags if tag not in tags),
            rows[kept].astype(np.int64),
            moved[self.languages[kept]].astype(np.int64),
            self.weights[kept] * np.float32(self.scale),
            self.backing_off[:, stay],
            self.prior[stay],
            background,
            self.calibration,
            scale=self.scale,
        )

    def write(self, folder: Path) -> None:
        """Write `model.npz` and `model.json` into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        sizes = np.diff(self.bounds)
        steps: NDArray[np.int32] = np.diff(self.languages.astype(np.int32), prepend=np.int32(0)).astype(np.int32)
        starts = self.bounds[:-1]
        steps[starts] = self.languages[starts]
        gaps = np.diff(self.buckets, prepend=0)
        arrays = {
            "buckets": gaps.astype(np.uint16 if gaps.max(initial=0) < 1 << 16 else np.uint32),
            "sizes": sizes.astype(np.uint16),
            "steps_low": (steps & 255).astype(np.uint8),
            "steps_high": (steps >> 8).astype(np.uint8),
            "weights": self.weights,
            "backing_off": self.backing_off,
            "prior": self.prior,
            "rows_low": self.rows_low,
            "columns_low": self.columns_low.astype(np.float16),
            "background": self.background,
        }
        np.savez_compressed(folder / "model.npz", **arrays)  # type: ignore[arg-type]
        card = {"format": FORMAT, "scale": self.scale, "calibration": self.calibration, "tags": list(self.tags)}
        (folder / "model.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Model":
        """Read what `write` wrote.

        Raises:
            InputError: there is no model in the folder, or one of another format.
        """
        try:
            card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            with np.load(folder / "model.npz", allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except (OSError, ValueError) as error:
            raise InputError(
                "no identifier model can be read here", where=folder, fix="name a folder of corpus.teach_identifier"
            ) from error
        if card.get("format") != FORMAT:
            raise InputError(
                f"an identifier model of format {card.get('format')!r}", where=folder, fix=f"this version reads {FORMAT}"
            )
        sizes = arrays["sizes"]
        bounds = np.zeros(len(sizes) + 1, np.int32)
        np.cumsum(sizes, out=bounds[1:])
        return cls(
            tags=tuple(card["tags"]),
            buckets=np.cumsum(arrays["buckets"], dtype=np.int32),
            bounds=bounds,
            languages=_unfolded(arrays["steps_low"], arrays["steps_high"], bounds),
            weights=arrays["weights"],
            scale=float(card["scale"]),
            backing_off=arrays["backing_off"],
            prior=arrays["prior"],
            background=arrays["background"],
            rows_low=arrays["rows_low"],
            columns_low=arrays["columns_low"].astype(np.float32),
            calibration={name: float(each) for name, each in card["calibration"].items()},
        )


def _add_products(
    onto: NDArray[np.float32],
    places: NDArray[np.int32],
    ends: NDArray[np.int32],
    weights: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]],
) -> None:
    """Add to `onto` [texts, tags] the sum of the weights of each text's rows."""
    from scipy.sparse import csr_array

    bounds, languages, values = weights
    shape = (len(ends) - 1, len(bounds) - 1)
    counts = csr_array((np.ones(len(places), np.float32), places, ends), shape=shape)
    product = counts @ csr_array((values, languages, bounds), shape=(shape[1], onto.shape[1]))
    onto[np.repeat(np.arange(shape[0]), np.diff(product.indptr)), product.indices] += product.data


def pack(
    tags: tuple[str, ...],
    rows: NDArray[np.int64],
    languages: NDArray[np.int64],
    values: NDArray[np.float32],
    backing_off: NDArray[np.float32],
    prior: NDArray[np.float32],
    background: NDArray[np.float64],
    calibration: dict[str, float],
    *,
    scale: float | None = None,
) -> Model:
    """A model from (bucket, language, weight) triples: quantised, with the low-rank approximation of its hot rows.

    Args:
        tags: languages, sorted.
        rows: buckets.
        languages: places in `tags`.
        values: weights, log-odds.
        backing_off: [6, tags].
        prior: [tags].
        background: float64 [BUCKETS], p0 of each n-gram.
        calibration: as `Model.calibration`.
        scale: log-odds of one unit; from the values without it.
    """
    if scale is None:
        scale = float(np.percentile(np.abs(values), 99.9) / 127) if len(values) else 1.0
    small = np.clip(np.rint(values / scale), -127, 127).astype(np.int8)
    kept = small != 0
    rows, languages, small = rows[kept], languages[kept], small[kept]
    order = np.lexsort((languages, rows))
    rows, languages, small = rows[order], languages[order], small[order]
    buckets, sizes = np.unique(rows, return_counts=True)
    bounds = np.zeros(len(buckets) + 1, np.int32)
    np.cumsum(sizes, out=bounds[1:])
    quiet = np.clip(np.rint(-4 * np.log(np.maximum(background[buckets], 1e-27))), 0, 255).astype(np.uint8)
    bare = Model(
        tags, buckets.astype(np.int32), bounds, languages.astype(np.uint16), small, scale, backing_off, prior,
        quiet, np.zeros((0, RANK), np.int8), np.zeros((RANK, len(tags)), np.float32), calibration,
    )  # fmt: skip
    rows_low, columns_low = _low_rank(bare)
    return replace(bare, rows_low=rows_low, columns_low=columns_low)


def _unfolded(low: NDArray[np.uint8], high: NDArray[np.uint8], bounds: NDArray[np.int32]) -> NDArray[np.uint16]:
    """Languages from the steps between them, some rows at a time: memory is what a model is chosen for."""
    found = np.zeros(len(low), np.uint16)
    rows = len(bounds) - 1
    for first in range(0, rows, _ROWS):
        last = min(first + _ROWS, rows)
        part = slice(int(bounds[first]), int(bounds[last]))
        running = np.cumsum(low[part].astype(np.int32) | high[part].astype(np.int32) << 8, dtype=np.int32)
        inside = bounds[first : last + 1] - bounds[first]
        before = np.concatenate([[0], running])[inside[:-1]]
        found[part] = running - np.repeat(before, np.diff(inside))
    return found


def p0_of(background: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Probabilities of stored backgrounds."""
    return np.exp(background / -4.0)


def _low_rank(model: Model) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    table = model._table.astype(np.float32) * np.float32(model.scale)
    # what all languages of a script share does not change their order
    for group in np.unique(model.groups):
        inside = np.flatnonzero(model.groups == group)
        part = table[:, inside]
        used = (part != 0).any(1)
        part[used] -= part[used].mean(1, keepdims=True)
        table[:, inside] = part
    weight = np.sqrt(p0_of(model.background[model._hot]))[:, None].astype(np.float32)
    scaled = table * weight
    _, vectors = np.linalg.eigh(scaled.T @ scaled)
    vectors = vectors[:, ::-1][:, :RANK]
    rows = table @ vectors
    unit = np.abs(rows).max(0) / 127 + 1e-12
    columns = np.zeros((RANK, len(model.tags)), np.float32)
    columns[: vectors.shape[1]] = (vectors * unit).T
    small = np.zeros((len(rows), RANK), np.int8)
    small[:, : vectors.shape[1]] = np.rint(rows / unit)
    return small, columns.astype(np.float16).astype(np.float32)
