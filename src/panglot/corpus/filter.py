"""Component `corpus.filter`: decisions over signals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from panglot.artifacts import InputError, Step, did_you_mean
from panglot.corpus.documents import Documents
from panglot.corpus.engine import sieve
from panglot.corpus.rules import RULES, RuleSet, Side, reason_for
from panglot.corpus.signals.component import Signals
from panglot.corpus.signals.table import SIGNALS
from panglot.corpus.thresholds.artifact import Thresholds

Interval = tuple[float | None, float | None]
SIDES: tuple[Side, ...] = ("min", "max")
WITHOUT_THRESHOLDS: tuple[RuleSet, ...] = ("gopher_repetition", "fineweb", "gopher_quality")


class Bound(BaseModel):
    """What a signal may be. A side that is not said stays what it is; `off` takes both away."""

    model_config = ConfigDict(extra="forbid")

    min: float | None = None
    max: float | None = None
    off: bool = False


@dataclass(frozen=True)
class Limit:
    """One bound on one signal, by language.

    Attributes:
        values: language tag to the bound; a language that is not in it has none.
    """

    signal: str
    side: Side
    reason: str
    values: Mapping[str, float]


def filter(
    *,
    of: Documents,
    signals: Signals,
    rules: list[RuleSet] | None = None,
    thresholds: Thresholds | None = None,
    bounds: dict[str, Bound] | None = None,
    step: Step,
) -> Documents:
    """Keep the documents whose signals are within bounds; the others go to `dropped/` with the first reason that holds.

    A bound is what `bounds` says of the signal; else what the thresholds of the document's language say; else the value of the
    paper, which is that for English. A bound of 0 is a bound. A value that cannot be said (NaN: no stop words are known, no
    letter is there) drops nothing.

    The texts are not measured again: another threshold costs the copying of the rows.

    Args:
        of: documents.
        signals: what `corpus.signals` measured of them.
        rules: sets of published rules, in the order in which reasons are looked for. Without it: every bound of the thresholds;
            and without thresholds Gopher's and FineWeb's.
        thresholds: bounds by language.
        bounds: signal to `{min: …, max: …}` or `{off: true}`, for all languages.
        step: where to write.

    Raises:
        InputError: a signal is not known, was not measured, or the signals belong to other documents.
    """
    limits = limits_of(of.languages, rules=rules, thresholds=thresholds, bounds=bounds)
    absent = sorted({each.signal for each in limits} - set(signals.names))
    if absent:
        raise InputError(
            f"these signals are decided over and were not measured: {', '.join(absent)}", fix="measure them, or set them off"
        )
    step.figures["bounds"] = {
        tag: {f"{each.signal}:{each.side}": each.values[tag] for each in limits if tag in each.values} for tag in of.languages
    }
    return sieve(of, partial(decide, limits), step=step, label="filtering documents", sidecars=[signals])


def limits_of(
    languages: Iterable[str],
    *,
    rules: Iterable[RuleSet] | None = None,
    thresholds: Thresholds | None = None,
    bounds: Mapping[str, Bound] | None = None,
) -> list[Limit]:
    """The bounds that hold for some languages, in the order in which reasons are looked for.

    Raises:
        InputError: there is no such signal.

    Example:
        >>> first, *_ = limits_of(["hsb_Latn"], rules=["c4"])
        >>> first.signal, first.side, first.reason, dict(first.values)
        ('curly_brackets', 'max', 'curly_brackets', {'hsb_Latn': 0.0})
    """
    tags = list(languages)
    for name in bounds or {}:
        if name not in SIGNALS:
            raise InputError(f"there is no signal {name!r}", where="bounds", fix=did_you_mean(name, SIGNALS) or None)
    estimated: dict[str, Mapping[str, Interval]] = (
        {} if thresholds is None else {tag: thresholds.of(tag).bounds for tag in tags}
    )
    found: dict[tuple[str, Side], Limit] = {}
    sets = rules if rules is not None else () if thresholds is not None else WITHOUT_THRESHOLDS
    for name in sets:
        for rule in RULES[name]:
            values = {tag: _bound(estimated.get(tag, {}), rule.signal, rule.side, rule.value) for tag in tags}
            _add(found, rule.signal, rule.side, rule.reason, values)
    if rules is None:
        named = dict.fromkeys(signal for each in estimated.values() for signal in each)
        order = {name: place for place, name in enumerate(SIGNALS)}
        for signal in sorted((each for each in named if each in order), key=order.__getitem__):
            for side in SIDES:
                values = {tag: _bound(estimated[tag], signal, side, None) for tag in tags}
                _add(found, signal, side, reason_for(signal, side), values)
    for signal, bound in (bounds or {}).items():
        sides: dict[Side, float | None] = {"min": bound.min, "max": bound.max}
        for changed, value in sides.items():
            if bound.off:
                found.pop((signal, changed), None)
            elif value is not None:
                found[(signal, changed)] = Limit(signal, changed, reason_for(signal, changed), dict.fromkeys(tags, value))
    return [each for each in found.values() if each.values]


def _bound(estimated: Mapping[str, Interval], signal: str, side: Side, published: float | None) -> float | None:
    if signal not in estimated:
        return published
    return estimated[signal][0 if side == "min" else 1]


def _add(
    found: dict[tuple[str, Side], Limit], signal: str, side: Side, reason: str, values: Mapping[str, float | None]
) -> None:
    known = {tag: float(value) for tag, value in values.items() if value is not None}
    earlier = found.get((signal, side))
    if earlier is not None:  # two sets have a rule for the same thing: the stricter value holds
        stricter = min if side == "max" else max
        known = {tag: stricter(value, earlier.values.get(tag, value)) for tag, value in known.items()}
        known = {**earlier.values, **known}
        reason = earlier.reason
    found[(signal, side)] = Limit(signal, side, reason, known)


def decide(limits: list[Limit], documents: pa.Table, signals: pa.Table) -> pa.Array:
    """The first reason to drop each document, or null.

    Bounds are compared as float32, as the signals are kept: 3 of 10 is not above 0.3.
    """
    languages = documents["language"].combine_chunks().dictionary_encode()
    tags, rows = languages.dictionary.to_pylist(), languages.indices.to_numpy()
    found = np.zeros(len(documents), dtype=np.int32)
    for number, limit in enumerate(limits, start=1):
        by_language = np.array([limit.values.get(tag, np.nan) for tag in tags], dtype=np.float32)
        values = signals[limit.signal].to_numpy()
        if values.dtype != np.float32:
            by_language, values = by_language.astype(np.float64), values.astype(np.float64)
        bad = values < by_language[rows] if limit.side == "min" else values > by_language[rows]
        found[bad & (found == 0)] = number
    names = pa.array([None, *(each.reason for each in limits)], type=pa.string())
    return names.take(pa.array(found))
