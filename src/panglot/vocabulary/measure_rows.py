"""From counts to the rows of the long table: ratios of sums, their intervals, and differences between tokenizers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from panglot import __version__
from panglot.vocabulary.distributions import average_rank, effective_pieces, renyi_efficiency
from panglot.vocabulary.intervals import RESAMPLES, Floats, interval, resampled_sums
from panglot.vocabulary.measures import KINDS, TASK, against, signature
from panglot.vocabulary.price import Price
from panglot.vocabulary.tallies import OF_TEXT, OF_TOKENS, TokenTally


@dataclass
class Counted:
    """Counts of one language.

    Attributes:
        of_text: the columns `OF_TEXT`, float64 `[documents, 5]`.
        of_tokens: for each tokenizer the columns `OF_TOKENS`, float64 `[documents, 10]`.
        no_words: why words are not counted; None where they are.
    """

    of_text: Floats
    of_tokens: list[Floats]
    no_words: str | None

    @property
    def sums(self) -> list[float]:
        """Sums of the columns of the text."""
        found: list[float] = self.of_text.sum(axis=0).tolist()
        return found


class Rows:
    """Makes the rows of the long table, language by language."""

    def __init__(
        self,
        tallies: Sequence[TokenTally],
        counted: Mapping[str, Counted],
        reasons: Mapping[str, str | None],
        reference: str,
        price: Price | None,
        revision: str,
        seed: int,
    ) -> None:
        self.tallies, self.counted, self.reasons, self.reference = tallies, counted, reasons, reference
        self.price, self.revision, self.seed = price or Price(), revision, seed
        self.absent: dict[str, dict[str, str]] = {}
        self._of_reference = self._sums(reference) if reference in counted else None

    def of_language(self, tag: str) -> Iterator[dict[str, Any]]:
        counted = self.counted[tag]
        sums, samples = self._sums(tag)
        n = len(counted.of_text)
        first: dict[str, tuple[float, Floats]] = {}
        for place, tally in enumerate(self.tallies):
            found = self._ratios(tag, place, sums, samples)
            for metric, (value, spread) in found.items():
                yield self._row(tally.name, tag, metric, n, value, spread)
            for metric, value in self._distribution(tally, tag, float(sums[_column("unknown", place)])).items():
                yield self._row(tally.name, tag, metric, n, value, None)
            if place == 0:
                first = found
                continue
            condition = against(self.tallies[0].name)
            for metric, (value, spread) in found.items():
                if metric not in first:
                    continue
                before, earlier = first[metric]
                yield self._row(tally.name, tag, metric, n, value - before, spread - earlier, condition)
            for metric, (value, spread) in self._changes(place, sums, samples).items():
                yield self._row(tally.name, tag, metric, n, value, spread, condition)

    def _sums(self, tag: str) -> tuple[Floats, Floats]:
        """Sums over the documents of a language, and over each resample, of: documents … words, then the tokens' columns."""
        counted = self.counted[tag]
        columns = [counted.of_text, *counted.of_tokens]
        reference = self.counted.get(self.reference)
        if reference is not None and self.reasons[tag] is None:
            # the ratio of every document to its translation, and whether there is one: two columns a tokenizer
            for mine, theirs in zip(counted.of_tokens, reference.of_tokens, strict=True):
                some = theirs[:, :1] > 0
                columns += [np.where(some, mine[:, :1] / np.maximum(theirs[:, :1], 1), 0.0), some.astype(np.float64)]
        whole = np.concatenate(columns, axis=1)
        return whole.sum(axis=0), resampled_sums(whole, self.seed)

    def _ratios(self, tag: str, place: int, sums: Floats, samples: Floats) -> dict[str, tuple[float, Floats]]:
        found: dict[str, tuple[float, Floats]] = {}
        scales = self._scales()
        for metric, kind in KINDS.items():
            scale = scales.get(metric, 1.0)
            if kind.ratio is None or metric in _CHANGES or scale is None:
                continue
            above, below = (_column(name, place) for name in kind.ratio)
            whole = _divided(sums[above], sums[below])
            if not np.isfinite(whole):
                self.absent.setdefault(tag, {})[metric] = self._why_not(tag, kind.ratio[1])
                continue
            found[metric] = (float(whole) * scale, _divided(samples[:, above], samples[:, below]) * scale)
        if self.price.input is not None:
            spent = self.price.input / 1e6
            tokens = _column("tokens", place)
            found["cost_of_text"] = (float(sums[tokens]) * spent, samples[:, tokens] * spent)
        reason = self.reasons[tag]
        if reason is not None or self._of_reference is None:
            for metric in ("premium", "premium_mean"):
                self.absent.setdefault(tag, {})[metric] = reason or "there is no reference"
            return found
        tokens = _column("tokens", place)
        mean = len(OF_TEXT) + len(self.tallies) * len(OF_TOKENS) + 2 * place
        base, base_samples = self._of_reference
        if not base[tokens]:
            for metric in ("premium", "premium_mean"):
                self.absent.setdefault(tag, {})[metric] = "the reference has no tokens"
            return found
        found["premium"] = (float(_divided(sums[tokens], base[tokens])), _divided(samples[:, tokens], base_samples[:, tokens]))
        found["premium_mean"] = (
            float(_divided(sums[mean], sums[mean + 1])), _divided(samples[:, mean], samples[:, mean + 1]),
        )  # fmt: skip
        return found

    def _why_not(self, tag: str, divisor: str) -> str:
        """Why there is nothing to divide by."""
        if divisor == "words":
            return self.counted[tag].no_words or "the text holds no words"
        return f"the text holds no {divisor}"

    def _scales(self) -> dict[str, float | None]:
        """What a ratio is multiplied by; None for what is not priced."""
        price = self.price
        return {
            "cost_of_characters": price.input,
            "cost_of_characters_written": price.output,
            "context_characters": price.context,
            "context_documents": price.context,
        }

    def _changes(self, place: int, sums: Floats, samples: Floats) -> dict[str, tuple[float, Floats]]:
        mine, theirs = _column("tokens", place), _column("tokens", 0)
        changed, documents = _column("changed", place), _column("documents", place)
        found = {
            "tokens_change": (
                float(_divided(sums[mine], sums[theirs]) - 1), _divided(samples[:, mine], samples[:, theirs]) - 1,
            ),
            "texts_changed": (
                float(_divided(sums[changed], sums[documents])), _divided(samples[:, changed], samples[:, documents]),
            ),
        }  # fmt: skip
        # the first tokenizer may drop all of a text, which leaves nothing to compare with
        return {metric: each for metric, each in found.items() if np.isfinite(each[0])}

    def _distribution(self, tally: TokenTally, tag: str, unknown: float) -> dict[str, float]:
        counts = tally.used[tag].total()[1]
        found = {
            "renyi_efficiency": renyi_efficiency([*counts.tolist(), unknown]),
            "pieces": float(len(counts)),
            "effective_pieces": effective_pieces(counts),
            "average_rank": average_rank(counts),
        }
        for metric, value in found.items():
            if value is None:
                self.absent.setdefault(tag, {})[metric] = (
                    "fewer than two different pieces occur" if metric == "renyi_efficiency" else "no piece occurs"
                )
        return {metric: value for metric, value in found.items() if value is not None}

    def _row(
        self, name: str, tag: str, metric: str, n: int, value: float, samples: Floats | None, condition: str = ""
    ) -> dict[str, Any]:
        low, high = (None, None) if samples is None else interval(samples, value)
        more: dict[str, str | int] = (
            {"reference": self.reference, "aligned": "by order"} if metric.startswith("premium") else {}
        )
        if metric in ("fertility", "continued"):
            more["words"] = "runs of letters, marks and digits"
        if metric.startswith(("cost", "context")):
            price = self.price
            more |= {"price": f"{price.input}/{price.output} {price.currency}", "context": str(price.context)}
        return {
            "model": name,
            "task": TASK,
            "revision": self.revision,
            "language": tag,
            "condition": condition,
            "metric": metric,
            "value": round(value, 12) + 0.0,
            "n": n,
            "ci_low": low,
            "ci_high": high,
            "signature": signature(
                task=TASK, metric=metric, specials="no", n=n, text=self.revision[:12], **more,
                **({"resamples": RESAMPLES} if low is not None else {}), panglot=__version__,
            ),
        }  # fmt: skip


_CHANGES = ("tokens_change", "texts_changed")


def _column(name: str, place: int) -> int:
    """Where a count stands in the row of sums."""
    return OF_TEXT.index(name) if name in OF_TEXT else len(OF_TEXT) + place * len(OF_TOKENS) + OF_TOKENS.index(name)


def _divided(above: Any, below: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(below) == 0, np.nan, np.asarray(above) / np.asarray(below))
