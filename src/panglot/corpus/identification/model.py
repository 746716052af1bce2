"""The identifier's model: weights of hashed n-grams for languages.

A language l gives an n-gram g of order o the weight w = log(p(g|l) / p0(g)), relative to its backing-off weight b(l, o):
p(g|l) is a
Dirichlet-smoothed estimate, p0(g) the mean over the languages of the same script, and what is not stored falls to the
background.
The weights are then corrected by softmax regression on held-out snippets (`tools/train_identifier.py`). How texts are
scored with them is said in `scoring.py`.
"""

import json
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.corpus.identification.letters import script_group, scripts
from panglot.corpus.identification.ngrams import BUCKETS

FORMAT = 2
_ROWS = 1 << 16
_FINE = 1024
"""Backing-off weights and priors are multiples of one part in so many: sums of them are exact in whatever order."""


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
        calibration: temperatures, exponents of the length, and what `und` is decided by; `scoring.py` says which.
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
    calibration: dict[str, float]

    @cached_property
    def groups(self) -> NDArray[np.int32]:
        """Place in `scripts()` of each language's script, int32 [tags]."""
        names = scripts()
        return np.array([names.index(script_group(tag[4:])) for tag in self.tags], np.int32)

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
            if card.get("format") != FORMAT:
                raise InputError(
                    f"an identifier model of format {card.get('format')!r}",
                    where=folder,
                    fix=f"this version reads {FORMAT}: teach it again",
                )
            return cls._from(card, folder / "model.npz")
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(
                "no identifier model can be read here", where=folder, fix="name a folder of corpus.teach_identifier"
            ) from error

    @classmethod
    def _from(cls, card: dict[str, Any], path: Path) -> "Model":
        # one array at a time: memory at its peak is what counts
        with np.load(path, allow_pickle=False) as stored:
            sizes = stored["sizes"]
            bounds = np.zeros(len(sizes) + 1, np.int32)
            np.cumsum(sizes, out=bounds[1:])
            return cls(
                tags=tuple(card["tags"]),
                buckets=np.cumsum(stored["buckets"], dtype=np.int32),
                bounds=bounds,
                languages=_unfolded(stored["steps_low"], stored["steps_high"], bounds),
                weights=stored["weights"],
                scale=float(card["scale"]),
                backing_off=stored["backing_off"],
                prior=stored["prior"],
                background=stored["background"],
                calibration={name: float(each) for name, each in card["calibration"].items()},
            )


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
    """A model from (bucket, language, weight) triples, quantised.

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
    return Model(
        tags,
        buckets.astype(np.int32),
        bounds,
        languages.astype(np.uint16),
        small,
        scale,
        (np.rint(backing_off * _FINE) / _FINE).astype(np.float32),
        (np.rint(prior * _FINE) / _FINE).astype(np.float32),
        quiet,
        calibration,
    )


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
