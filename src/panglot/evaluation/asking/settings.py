"""How the items of a task are asked."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from panglot.evaluation.engines.contract import Normalisation, OverLength, Sampling
from panglot.evaluation.running.limits import Limits

_APART = 1_000_003
"""Between the seeds of draws, so that two seeds near one another have none in common."""


class Asking(BaseModel):
    """The protocol of an evaluation by prompts. All of it is in the signature of every score.

    Attributes:
        template: a wording of the task's family; the first that fits where none is named (`panglot prompts show TASK`).
        formulation: `cloze`, `letters` or `hybrid`.
        condition: `native`, `english`, `mixed`, `translate-test` or `pivot:TAG`, and `+native-cot`,
            `+english-cot`, `+xlt` or `+program`.
        shots: solved items that are shown first.
        shots_from: split that they are from; the first of train, dev and exemplars that the task has, where none is named.
        shots_in: `same`, a language, or `mixed`.
        normalisation: what log-likelihoods are divided by or compared with before the best answer is chosen; `auto`: by bytes
            where each item has choices of its own that are written out, else by nothing.
        over_length: what becomes of an item that is longer than the model reads: `cut` drops the beginning of its prompt and
            counts it, `refuse` stops.
        max_new_tokens: of an answer that is written; the template's where none is given.
        rule: which number or letter of a written answer counts where no marker stands before it.
        batch_tokens: most tokens that are read at once.
        chat: whether the model is asked in a chat: its tokenizer's template writes prompts, demonstrations are earlier turns.
        temperature: of tokens that are drawn in place of the most probable ones, in answers that are written.
        top_p: they are drawn from the most probable ones that have this much of the probability together.
        samples: answers drawn for each item; more than one of programs alone, for `pass@k`.
        run_code: whether programs in answers may be run; a task that needs it is refused without.
        running: what such a program may take.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str | None = None
    formulation: Literal["cloze", "letters", "hybrid"] | None = None
    condition: str = "native"
    shots: Annotated[int, Field(ge=0)] = 0
    shots_from: str | None = None
    shots_in: str = "same"
    normalisation: Normalisation | Literal["auto"] = "auto"
    over_length: OverLength = "cut"
    max_new_tokens: Annotated[int, Field(ge=1)] | None = None
    rule: Literal["first", "last"] = "last"
    batch_tokens: Annotated[int, Field(ge=1)] = 4096
    chat: bool = False
    temperature: Annotated[float, Field(gt=0)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    samples: Annotated[int, Field(ge=1)] = 1
    run_code: bool = False
    running: Limits = Limits()

    @model_validator(mode="after")
    def _draws(self) -> Self:
        if self.samples > 1 and self.temperature is None:
            raise ValueError("several samples are all alike without a temperature")
        return self

    def sampling(self, seed: int, draw: int) -> Sampling | None:
        """How the tokens of a draw are drawn; None where the most probable ones are taken."""
        if self.temperature is None:
            return None
        return Sampling(temperature=self.temperature, top_p=self.top_p, seed=seed + _APART * draw)


class Endpoint(BaseModel):
    """A model behind an OpenAI-compatible endpoint.

    Attributes:
        address: up to and without `/completions`, for example `http://127.0.0.1:8000/v1`.
        model: the name that the endpoint knows it by.
        key_variable: environment variable that holds the key.
        chat: whether to generate by `/chat/completions`, as `how.chat` does too. Likelihoods need the other one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    model: str
    key_variable: str = "OPENAI_API_KEY"
    chat: bool = False
