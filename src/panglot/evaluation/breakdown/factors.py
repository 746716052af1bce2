"""What of a language goes with its score: a regression on text, script, kinship and distance."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from panglot.evaluation.breakdown.language_score import LanguageScore, student_interval
from panglot.evaluation.breakdown.regression import least_squares
from panglot.evaluation.breakdown.size_bins import CORPUS
from panglot.evaluation.statistics import Floats
from panglot.languages import Language
from panglot.languages.kinship import kilometres, shared_groups

FEWEST = 10
"""Languages below which nothing is fitted."""
FEWEST_DIFFERENT = 3
"""Languages that must differ from the rest in a factor: of fewer, each would decide its coefficient."""
COLLINEAR = 5.0
"""Variance inflation from which on two factors can hardly be told apart, as commonly used."""


@dataclass(frozen=True)
class Coefficient:
    """One factor.

    Attributes:
        factor: its name.
        value: standardised: so many standard deviations of the score for one of the factor, the other factors being equal.
        low: lower end of the 95 % interval.
        high: upper end.
        inflation: variance inflation factor, 1 where the factor has nothing in common with the others.
    """

    factor: str
    value: float
    low: float
    high: float
    inflation: float


@dataclass(frozen=True)
class Factors:
    """A regression of scores on factors of their languages.

    Attributes:
        languages: how many are in it.
        coefficients: empty where nothing was fitted.
        r2: share of the variance that the factors explain together; None where nothing was fitted.
        adjusted_r2: the same, less what so many factors explain by chance.
        refused: why nothing was fitted.
        left_out: factors that could not be told, with the reason.
        missing: tags of languages about which a fact is not known.
        collinear: names of factors above `COLLINEAR`.
    """

    languages: int
    coefficients: tuple[Coefficient, ...] = ()
    r2: float | None = None
    adjusted_r2: float | None = None
    refused: str | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    collinear: tuple[str, ...] = ()


Fact = Callable[[Language, Sequence[Language]], float | None]


def _resources(language: Language, _: Sequence[Language]) -> float | None:
    return None if language.resource_class is None else float(language.resource_class)


def _script(language: Language, reference: Sequence[Language]) -> float | None:
    return float(any(language.script == each.script for each in reference))


def _kinship(language: Language, reference: Sequence[Language]) -> float | None:
    return float(max(shared_groups(language, each) for each in reference))


def _distance(language: Language, reference: Sequence[Language]) -> float | None:
    known = [found for each in reference if (found := kilometres(language, each)) is not None]
    return min(known) if known else None


FACTS: dict[str, Fact] = {
    "resource class": _resources,
    "same script": _script,
    "shared groups of the family tree": _kinship,
    "distance on the globe": _distance,
}
"""The factors. Script, kinship and distance are to the nearest of the reference languages."""


def facts_with(sizes: Mapping[str, float] | None) -> dict[str, Fact]:
    """`FACTS`, and before them log₂ of the megabytes of text where sizes are given by tag."""
    if not sizes:
        return FACTS
    known = dict(sizes)

    def of_size(language: Language, _: Sequence[Language]) -> float | None:
        return log2(known[str(language)]) if str(language) in known else None

    return {CORPUS: of_size, **FACTS}


def factors(
    scores: Sequence[LanguageScore],
    *,
    reference: Sequence[str] = ("eng_Latn",),
    sizes: Mapping[str, float] | None = None,
) -> Factors:
    """Regress scores on factors of languages: least squares, standardised, HC3 intervals of 95 %.

    The resource class (Joshi et al. 2020) stands for the amount of text, on a scale of 0 to 5. Kinship and distance are
    Glottolog's. Languages of the reference are left out: nothing is nearer to English than English. The languages of a task
    are no random sample, so that coefficients say what goes together and not what causes what.

    Args:
        scores: of one model on one task.
        reference: tags; English, or what was learnt.
        sizes: megabytes of text by tag, whose logarithm is then a factor too. Languages without a size are left out.
    """
    every = facts_with(sizes)
    others = [each for each in scores if each.language not in reference]
    nearest = [Language(each) for each in reference]
    facts = {each.language: [fact(Language(each.language), nearest) for fact in every.values()] for each in others}
    missing = tuple(tag for tag, found in facts.items() if None in found)
    used = [each for each in others if each.language not in missing]
    if len(used) < FEWEST:
        beside = f" beside {', '.join(each.name for each in nearest)}" if len(others) < len(scores) else ""
        noun, verb = ("language", "is") if len(used) == 1 else ("languages", "are")
        why = f"{len(used)} {noun}{beside} {verb} too few for a regression: {FEWEST} are needed"
        return Factors(len(used), refused=why, missing=missing)
    table = np.array([facts[each.language] for each in used], dtype=np.float64)
    values = np.array([each.value for each in used])
    if np.ptp(values) <= 1e-12:
        return Factors(len(used), refused="all languages have the same score", missing=missing)
    names, columns, left_out = _usable(table, list(every))
    if not names:
        why = "the languages hardly differ in any factor"
        return Factors(len(used), refused=why, left_out=tuple(left_out), missing=missing)
    fit = least_squares(_standardised(columns), _standardised(values))
    if not np.isfinite(fit.errors).all():
        return Factors(len(used), refused="one language alone decides a coefficient", left_out=tuple(left_out), missing=missing)
    found = []
    for number, name in enumerate(names):
        value, error = float(fit.coefficients[number]), float(fit.errors[number])
        low, high = student_interval(value, error**2, fit.freedom)
        found.append(Coefficient(name, value, low, high, float(fit.inflation[number])))
    return Factors(
        languages=len(used),
        coefficients=tuple(found),
        r2=fit.r2,
        adjusted_r2=1 - (1 - fit.r2) * (len(used) - 1) / fit.freedom,
        left_out=tuple(left_out),
        missing=missing,
        collinear=tuple(each.factor for each in found if each.inflation >= COLLINEAR),
    )


def _usable(table: Floats, every: Sequence[str]) -> tuple[list[str], Floats, list[tuple[str, str]]]:
    """The factors that vary enough and are no sum of those before them."""
    names: list[str] = []
    left_out: list[tuple[str, str]] = []
    columns = np.zeros((len(table), 0))
    for name, column in zip(every, table.T, strict=True):
        common = Counter(column.tolist()).most_common(1)[0][1]
        wider = np.column_stack([columns, _standardised(column)]) if common < len(column) else columns
        if len(column) - common < FEWEST_DIFFERENT:
            left_out.append((name, "almost the same in all languages"))
        elif np.linalg.matrix_rank(wider, tol=1e-6 * len(table) ** 0.5) <= columns.shape[1]:
            left_out.append((name, "follows from the other factors"))
        else:
            names.append(name)
            columns = wider
    return names, columns, left_out


def _standardised(values: Floats) -> Floats:
    centred = values - values.mean(axis=0)
    return np.asarray(centred / values.std(axis=0, ddof=1), dtype=np.float64)
