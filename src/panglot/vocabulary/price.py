"""What tokens cost, and how many fit: a provider's price list in three numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Price(BaseModel):
    """Price of a model that is paid by the token.

    With `input` p per million tokens and t tokens on c characters, a million characters cost p · t / c (Ahia et al. 2023, "Do
    All Languages Cost the Same? Tokenization in the Era of Commercial Language Models"); a window of `context` tokens holds
    context · c / t characters.

    Attributes:
        input: money for a million tokens that are read.
        output: money for a million tokens that are written.
        context: tokens that fit in the window.
        currency: how money is called.

    Example:
        >>> Price(input=0.5).of_characters(300, 1_000)
        0.15
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    output: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    context: Annotated[int, Field(ge=1)] | None = None
    currency: Annotated[str, Field(min_length=1, max_length=12)] = "USD"

    def of_characters(self, tokens: float, characters: float) -> float:
        """Money for reading a million characters of a text with so many tokens and characters."""
        return (self.input or 0.0) * tokens / characters

    @property
    def empty(self) -> bool:
        """Whether nothing is priced."""
        return self.input is None and self.output is None and self.context is None
