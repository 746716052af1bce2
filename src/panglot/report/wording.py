"""Numbers and sentences: what may be said of a difference, and how."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

ALPHA = 0.05
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

Verdict = Literal["rose", "fell", "not shown"]


@dataclass(frozen=True)
class Difference:
    """A difference of two measurements on the same items.

    Attributes:
        value: second minus first, in the metric's unit.
        low: lower end of the 95 % interval; None where none was computed.
        high: upper end.
        p: p value, corrected for the number of languages (Holm) where several were tested; None where there is none.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None

    @property
    def verdict(self) -> Verdict:
        """`rose` or `fell` only where the interval leaves zero out and the corrected p value is below 0.05.

        Example:
            >>> Difference(0.2, 0.1, 0.3, 0.001).verdict, Difference(0.2, 0.1, 0.3, 0.06).verdict
            ('rose', 'not shown')
        """
        if self.low is None or self.high is None or (self.p is not None and not self.p < ALPHA):
            return "not shown"
        if self.low > 0:
            return "rose"
        return "fell" if self.high < 0 else "not shown"


def number(value: float | None, decimals: int = 3) -> str:
    """A measured value.

    Example:
        >>> number(0.95), number(None)
        ('0.950', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    shown = f"{value:.{decimals}f}"
    return shown.removeprefix("-") if float(shown) == 0 else shown.replace("-", "\N{MINUS SIGN}")


def signed(value: float | None, decimals: int = 3) -> str:
    """A difference, always with its sign; zero has none.

    Example:
        >>> signed(0.35, 2), signed(-0.004, 2), signed(-0.01, 2)
        ('+0.35', '0.00', '−0.01')
    """
    shown = number(value, decimals)
    return f"+{shown}" if value is not None and not math.isnan(value) and value > 0 and float(shown) > 0 else shown


def interval(low: float | None, high: float | None, decimals: int = 3, *, sign: bool = True) -> str:
    """The two ends of an interval, or a dash.

    Example:
        >>> interval(0.29, 0.41, 2)
        '+0.29 to +0.41'
    """
    if low is None or high is None:
        return "–"
    write = signed if sign else number
    return f"{write(low, decimals)} to {write(high, decimals)}"


def p_value(value: float | None) -> str:
    """A p value; very small ones as a bound.

    Example:
        >>> p_value(0.0002), p_value(0.031), p_value(None)
        ('< 0.001', '0.031', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: a word up to ten, then figures with a thin space in thousands.

    Example:
        >>> count(1, "seed"), count(1200, "pair")
        ('one seed', '1,200 pairs')
    """
    word = _NUMBERS[n] if 0 <= n < len(_NUMBERS) else f"{n:,}"
    return f"{word} {noun if n == 1 else plural or noun + 's'}"


def part(n: int, whole: int, noun: str) -> str:
    """How many of how many: both in words, or both in figures.

    Example:
        >>> part(0, 3, "pair"), part(2, 3, "pair"), part(7, 62, "language")
        ('none of three pairs', 'two of three pairs', '7 of 62 languages')
    """
    if n == 0 or whole >= len(_NUMBERS):
        return f"{'none' if n == 0 else f'{n:,}'} of {count(whole, noun)}"
    return f"{_NUMBERS[n]} of {count(whole, noun)}"


def capital(sentence: str) -> str:
    """A sentence with a capital at its beginning.

    Example:
        >>> capital("two models")
        'Two models'
    """
    return sentence[:1].upper() + sentence[1:]


def listed(words: Iterable[str]) -> str:
    """Words joined as in a sentence.

    Example:
        >>> listed(["German", "Czech", "Polish"])
        'German, Czech and Polish'
    """
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""


def duration(seconds: float) -> str:
    """A stretch of time for people.

    Example:
        >>> duration(0.42), duration(85), duration(4000)
        ('0.4 s', '1 min 25 s', '1 h 6 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(n: float) -> str:
    """Bytes for people.

    Example:
        >>> size(3_400_000_000)
        '3.4 GB'
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= scale:
            return f"{n / scale:.1f} {unit}"
    return f"{n:.0f} B"


def headline_decimals(before: float, after: float, change: float) -> int:
    """Two decimals, or three where rounding to two would make the difference look wrong.

    Example:
        >>> headline_decimals(0.6, 0.95, 0.35), headline_decimals(0.604, 0.946, 0.342)
        (2, 3)
    """
    return 2 if abs(round(after, 2) - round(before, 2) - round(change, 2)) < 0.001 else 3


def headline(
    language: str, measure: str, before: float, after: float, change: Difference, *, decimals: int | None = None
) -> str:
    """The first sentence of a report. It claims a change only where `change.verdict` allows it.

    Example:
        >>> headline("Upper Sorbian", "retrieval", 0.6, 0.95, Difference(0.35, 0.29, 0.41, 0.001))
        'Upper Sorbian retrieval rose from 0.60 to 0.95 (+0.35, 95 % interval +0.29 to +0.41).'
        >>> headline("Maori", "retrieval", 0.5, 0.51, Difference(0.01, -0.05, 0.06, 0.7))
        'No change in Maori retrieval was shown: 0.50 before, 0.51 after (+0.01, 95 % interval −0.05 to +0.06).'
    """
    d = headline_decimals(before, after, change.value) if decimals is None else decimals
    facts = signed(change.value, d)
    if change.low is not None:
        facts += f", 95 % interval {interval(change.low, change.high, d)}"
    if change.verdict == "not shown":
        what = "gain" if change.value > 0 and change.low is not None and change.low > 0 else "change"
        text = f"No {what} in {language} {measure} was shown: {number(before, d)} before, {number(after, d)} after ({facts})."
        if change.low is None:
            return text.replace("was shown:", "can be claimed, as no interval was computed:")
        if what == "gain":
            return text.removesuffix(".") + f"; p = {p_value(change.p)} after the correction for several languages."
        return text
    return f"{language} {measure} {change.verdict} from {number(before, d)} to {number(after, d)} ({facts})."


def over_control(change: Difference, over: Difference, control: str, decimals: int = 2) -> str:
    """The second sentence: how much of a change is over the control.

    Example:
        >>> over_control(Difference(0.35, 0.29, 0.41), Difference(0.17, 0.1, 0.24), "the same training on German")
        'Of this, +0.17 (95 % interval +0.10 to +0.24) is over the control, the same training on German.'
    """
    facts = f"95 % interval {interval(over.low, over.high, decimals)}"
    value = signed(over.value, decimals)
    if over.verdict == "fell":
        return f"It ends below the control, {control}, by {value} ({facts})."
    if over.verdict == "not shown":
        return f"No difference from the control, {control}, was shown ({value}, {facts})."
    if change.verdict == "rose" and over.value <= change.value:
        return f"Of this, {value} ({facts}) is over the control, {control}."
    return f"Over the control, {control}, the difference is {value} ({facts})."


def seeds_sentence(seeds: list[int]) -> str:
    """How many trainings stand behind the figures.

    Example:
        >>> seeds_sentence([17]), seeds_sentence([17, 18])
        ('one seed (17)', 'mean of two seeds (17, 18)')
    """
    if not seeds:
        return "seed not recorded"
    inside = ", ".join(str(each) for each in seeds)
    return f"one seed ({inside})" if len(seeds) == 1 else f"mean of {count(len(seeds), 'seed')} ({inside})"


def plain(value: Any) -> str:
    """A parameter's value as one short line.

    Example:
        >>> plain(["a", 1]), plain(True), plain(2e-05), plain(None)
        ('a, 1', 'yes', '2e-05', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(plain(each) for each in value) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(each)}" for key, each in sorted(value.items())) or "–"
    return str(value)
