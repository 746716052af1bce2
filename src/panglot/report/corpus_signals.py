"""How signals are spread in each language, against the bounds that a filter held them to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from panglot.corpus.rules import Side, reason_for
from panglot.corpus.signals.table import SIGNALS

BINS = 32
_SHOWN = 12
_TAIL = 0.5


def spreads(
    documents: Sequence[Path], signals: Sequence[Path], bounds: Mapping[str, Mapping[str, float]], most: int = _SHOWN
) -> dict[str, list[dict[str, Any]]]:
    """For each language the signals that reject most of its documents, each with a histogram and its bounds.

    One signal is read at a time: memory is four bytes a document.

    Args:
        documents: shards that were measured.
        signals: their tables, one a shard.
        bounds: language to `signal:min` or `signal:max` to the bound, as `corpus.filter` writes it.
        most: signals of each language.
    """
    if len(documents) != len(signals):
        return {}
    tags = np.concatenate([pq.read_table(each, columns=["language"])["language"].to_numpy() for each in documents])
    present = set(pq.read_schema(signals[0]).names) if signals else set()
    names = [each for each in SIGNALS if each in present and any(f"{each}:{side}" in of for of in bounds.values()
                                                                 for side in ("min", "max"))]  # fmt: skip
    order = np.argsort(tags, kind="stable")
    kinds, starts = np.unique(tags[order].astype(str), return_index=True)
    parts = dict(zip(kinds.tolist(), np.split(order, starts[1:]), strict=True))
    found: dict[str, list[dict[str, Any]]] = {tag: [] for tag in parts}
    for name in names:
        values = np.concatenate(
            [pq.read_table(each, columns=[name])[name].to_numpy(zero_copy_only=False) for each in signals]
        ).astype(np.float32)
        for tag, rows in parts.items():
            sides = {side: bounds.get(tag, {}).get(f"{name}:{side}") for side in ("min", "max")}
            if any(each is not None for each in sides.values()):
                said = _spread(name, values[rows], sides)
                if said:
                    found[tag].append(said)
    return {
        tag: sorted(each, key=lambda one: (-one["rejected"], -one["near"], one["signal"]))[:most] for tag, each in found.items()
    }


def _spread(name: str, values: NDArray[np.float32], sides: Mapping[str, float | None]) -> dict[str, Any] | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    below = 0 if sides["min"] is None else int((known < np.float32(sides["min"])).sum())
    above = 0 if sides["max"] is None else int((known > np.float32(sides["max"])).sum())
    low, high = (float(each) for each in np.percentile(known, [_TAIL, 100 - _TAIL]))
    drawn = [each for each in sides.values() if each is not None and np.isfinite(each)]
    spread = max(high - low, 1e-6)
    least = 1e-4 * max(1.0, abs(low), abs(high))
    # a bound far from all values is not drawn: it would press the histogram into one bar
    near = [each for each in drawn if low - 2 * spread <= each <= high + 2 * spread]
    low, high = min([low, *near]), max([high, *near])
    if high - low < least:
        low, high = low - least, high + least
    counts, _ = np.histogram(np.clip(known.astype(np.float64), low, high), bins=BINS, range=(low, high))
    signal = SIGNALS[name]
    said: dict[Side, Side] = {"min": "min", "max": "max"}
    worst = said["min"] if below >= above and sides["min"] is not None else said["max"]
    return {
        "signal": name,
        "what": signal.what,
        "unit": signal.unit,
        "low": low,
        "high": high,
        "counts": counts.tolist(),
        "min": sides["min"],
        "max": sides["max"],
        "rejected": below + above,
        "near": len(near),
        "documents": len(known),
        "median": float(np.median(known)),
        "reason": reason_for(name, worst),
    }
