"""What a claim is: who says what, what is run, and how it is judged."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from panglot.artifacts import Artifact, InputError, did_you_mean
from panglot.recipes.claims import CLAIMS
from panglot.recipes.recipe import Recipe, StepRecipe

Verdict = Literal["reproduced", "not shown", "contrary"]
Outcome = Literal["as claimed", "not shown", "contrary"]
Artifacts = Mapping[str, Artifact]
RESULT_STEPS = "steps"


@dataclass(frozen=True)
class Finding:
    """One comparison behind a claim.

    Attributes:
        contrast: what is compared, in words.
        value: the difference, or the figure.
        low: lower end of its 95 % interval; None where nothing is random.
        high: upper end.
        arms: the figure of each side, by name.
        outcome: what it says of the claim.
        counts: whether it decides the verdict; the others are shown beside it.
    """

    contrast: str
    value: float
    low: float | None
    high: float | None
    arms: dict[str, float]
    outcome: Outcome
    counts: bool = True


@dataclass(frozen=True)
class Claim:
    """A published claim.

    Attributes:
        name: as `--only` takes it.
        says: the claim, a sentence.
        source: the paper.
        measure: what is measured, on what, with how many seeds.
        steps: the steps to run, those that it shares with other claims included.
        judge: from the results to the findings.
    """

    name: str
    says: str
    source: str
    measure: str
    steps: Callable[[], dict[str, StepRecipe]]
    judge: Callable[[Artifacts], list[Finding]]


def find_claims(room: str, only: list[str]) -> list[Claim]:
    """The claims of a room, all or some.

    Raises:
        InputError: there is no such room or claim.
    """
    if room not in CLAIMS:
        raise InputError(
            f"there are no claims about {room!r}", fix=did_you_mean(room, CLAIMS) or f"there are {', '.join(CLAIMS)}"
        )
    known = CLAIMS[room]
    for each in only:
        if each not in known:
            fix = did_you_mean(each, known) or f"there are {', '.join(known)}"
            raise InputError(f"there is no claim {each!r}", where="--only", fix=fix)
    found = []
    for name in known:
        if not only or name in only:
            module, _, attribute = known[name].partition(":")
            found.append(getattr(importlib.import_module(module), attribute))
    return found


def claims_recipe(room: str, claims: list[Claim], seed: int = 17) -> Recipe:
    """One recipe for some claims: steps that several need are run once."""
    steps: dict[str, StepRecipe] = {}
    for each in claims:
        for name, step in each.steps().items():
            if steps.setdefault(name, step) != step:
                raise ValueError(f"two claims mean different things by the step {name}")
    return Recipe(name=f"claims-{room}", seed=seed, title=f"Claims about {room}", steps=steps)


def verdict(findings: list[Finding]) -> Verdict:
    """`reproduced` where every finding that counts is as claimed, `contrary` where one is the contrary."""
    outcomes = {each.outcome for each in findings if each.counts}
    if "contrary" in outcomes:
        return "contrary"
    return "reproduced" if outcomes == {"as claimed"} else "not shown"


def outcome_below(low: float, high: float, *, bound: float = 0.0) -> Outcome:
    """What an interval says of the claim that a value lies below a bound.

    Example:
        >>> outcome_below(-0.3, -0.1), outcome_below(-0.1, 0.2), outcome_below(0.1, 0.2)
        ('as claimed', 'not shown', 'contrary')
    """
    return "as claimed" if high < bound else "contrary" if low > bound else "not shown"


def as_object(claim: Claim, findings: list[Finding], seconds: float) -> dict[str, Any]:
    """A claim's result as a JSON object."""
    return {
        "claim": claim.name,
        "says": claim.says,
        "source": claim.source,
        "measure": claim.measure,
        "verdict": verdict(findings),
        "seconds": round(seconds, 1),
        "findings": [vars(each) for each in findings],
    }
