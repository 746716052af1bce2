"""How much of each language: shares from sizes. Sizes may be of any unit: documents, characters, tokens."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from panglot.artifacts import InputError, did_you_mean


class SharesMethod(BaseModel):
    """A rule that turns sizes into shares. A subclass names itself in `method`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def amounts(self, sizes: Mapping[str, float], budget: float | None = None) -> dict[str, float]:
        """How much to take of each language, in the unit of the sizes; above a language's size it is repeated.

        Args:
            sizes: language to size, above zero.
            budget: how much in all; the size of all the text without it.

        Returns:
            Language to amount, in the order of `sizes`.

        Raises:
            InputError: nothing is given, or a size is not above zero.
        """
        raise NotImplementedError

    def shares(self, sizes: Mapping[str, float], budget: float | None = None) -> dict[str, float]:
        """Amounts divided by their sum.

        Example:
            >>> UniMax(epochs=2).shares({"deu_Latn": 900, "hsb_Latn": 100})
            {'deu_Latn': 0.8, 'hsb_Latn': 0.2}
        """
        found = self.amounts(sizes, budget)
        total = math.fsum(found.values())
        return {name: each / total for name, each in found.items()}

    def files(self) -> list[str]:
        """Files that the rule reads."""
        return []

    def account(self, sizes: Mapping[str, float], budget: float | None = None) -> tuple[dict[str, Any], list[str]]:
        """What a reader should know of how the shares came about: figures, and sentences about what is not known."""
        return {}, []


class Temperature(SharesMethod):
    """q_l ∝ p_l^α with p_l the share of the text: 1 leaves the shares as they are, 0 makes them equal.

    α = 0.3 is XLM-R's (Conneau et al. 2020, https://aclanthology.org/2020.acl-main.747) and, as temperature 1/0.3, mT5's; XLM
    (Conneau and Lample 2019) took 0.5 for its vocabulary, multilingual BERT 0.7. The sum of the amounts is the budget, so that
    small languages are repeated as often as it takes.

    Attributes:
        alpha: the exponent, from 0 to 1.
    """

    method: Literal["temperature"] = "temperature"
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.3

    def amounts(self, sizes: Mapping[str, float], budget: float | None = None) -> dict[str, float]:
        total = checked(sizes)
        wanted = total if budget is None else budget
        powers = {name: (size / total) ** self.alpha for name, size in sizes.items()}
        sum_of_powers = math.fsum(powers.values())
        return {name: wanted * each / sum_of_powers for name, each in powers.items()}


class UniMax(SharesMethod):
    """Equal amounts, but no language more than N times over (Chung et al. 2023, https://openreview.net/forum?id=kXwdL1cWOAi).

    From the smallest language to the largest: U_l = min(B / L, N · c_l), then B −= U_l and L −= 1, with c_l the size, B what is
    left of the budget and L the number of languages that are left.

    Attributes:
        epochs: N. The paper tried 1, 5 and 10. With a budget of all the text, 1 is all the text once.
        budget: B, in the unit of the sizes; the size of all the text without it. Where even N times everything is less, that.
    """

    method: Literal["unimax"] = "unimax"
    epochs: Annotated[float, Field(gt=0)] = 5.0
    budget: Annotated[float, Field(gt=0)] | None = None

    def amounts(self, sizes: Mapping[str, float], budget: float | None = None) -> dict[str, float]:
        """See the class.

        Example:
            >>> UniMax(epochs=2, budget=100).amounts({"deu_Latn": 1000, "hsb_Latn": 10, "gla_Latn": 100})
            {'deu_Latn': 40.0, 'hsb_Latn': 20.0, 'gla_Latn': 40.0}
        """
        total = checked(sizes)
        if budget is not None and self.budget is not None and budget != self.budget:
            raise InputError(f"two budgets are given, {self.budget:g} and {budget:g}", where="budget", fix="give one of them")
        left = next(each for each in (budget, self.budget, total) if each is not None)
        found: dict[str, float] = {}
        ascending = sorted(sizes, key=lambda name: (sizes[name], name))
        for position, name in enumerate(ascending):
            found[name] = min(left / (len(ascending) - position), self.epochs * sizes[name])
            left -= found[name]
        return {name: found[name] for name in sizes}


class Fixed(SharesMethod):
    """Shares in a given proportion.

    Attributes:
        weights: language to weight, for every language of the text; they need not sum to one.
    """

    method: Literal["fixed"] = "fixed"
    weights: dict[str, Annotated[float, Field(ge=0)]]

    def amounts(self, sizes: Mapping[str, float], budget: float | None = None) -> dict[str, float]:
        total = checked(sizes)
        wanted = total if budget is None else budget
        for name in self.weights:
            if name not in sizes:
                raise InputError(f"there is no text of {name}", where="weights", fix=did_you_mean(name, sizes) or None)
        missing = [name for name in sizes if name not in self.weights]
        if missing:
            shown = ", ".join(missing[:8]) + (", …" if len(missing) > 8 else "")
            raise InputError(f"no weight is given for {shown}", where="weights", fix="give 0 to leave a language out")
        sum_of_weights = math.fsum(self.weights.values())
        if not sum_of_weights:
            raise InputError("all weights are 0", where="weights")
        return {name: wanted * self.weights[name] / sum_of_weights for name in sizes}


def checked(sizes: Mapping[str, float]) -> float:
    """The sum of the sizes.

    Raises:
        InputError: nothing is given, or a size is not above zero.
    """
    if not sizes:
        raise InputError("there is no language to take text from")
    for name, size in sizes.items():
        if not (size > 0 and math.isfinite(size)):
            raise InputError(f"the size of {name} is {size}", fix="leave out languages without text")
    return math.fsum(sizes.values())


def spelled_out(said: Any) -> Any:
    """A rule's parameters where only its name is given."""
    return {"method": said} if isinstance(said, str) else said


Shares = Annotated[
    Annotated[Temperature | UniMax | Fixed, Field(discriminator="method")],
    BeforeValidator(spelled_out),
]
"""A rule by name (`temperature`), or with its parameters (`{method: unimax, epochs: 5}`)."""
