"""Several objectives in one run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from panglot.artifacts import InputError
from panglot.objectives.contract import LanguageObjective, objectives_for
from panglot.objectives.single import SingleObjective

if TYPE_CHECKING:
    from panglot.objectives.example import Architecture, Materials, Tokens


class Part(BaseModel):
    """One objective of a mixture.

    Attributes:
        objective: what is learnt.
        weight: how much of the text learns it, relative to the other parts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    objective: SingleObjective
    weight: Annotated[float, Field(gt=0)] = 1.0


def _part(said: Any) -> Any:
    """`mlm` or `{objective: mlm, share: 0.3, weight: 2}` as a part."""
    if isinstance(said, str):
        return {"objective": said}
    if isinstance(said, dict) and isinstance(said.get("objective"), str) and set(said) - {"objective", "weight"}:
        rest = {name: value for name, value in said.items() if name != "weight"}
        return {"objective": rest, **({"weight": said["weight"]} if "weight" in said else {})}
    return said


class Mixture(LanguageObjective):
    """Several objectives in one run; all must train a common architecture.

    A passage learns one of them, `Passage.objective` says which: what makes the passages deals them out by `number_of`, or, for
    parts that read pairs, by what there is. The loss of a step is that of all labels of all parts. What only a part knows, such
    as whether its batches are `divisible`, is asked of the part.

    Attributes:
        parts: the objectives with their weights.

    Example:
        >>> found = Mixture(parts=["mlm", {"objective": "tlm", "weight": 3}])
        >>> [each.objective for each in found.objectives], found.weights, found.kinds
        (['mlm', 'tlm'], (0.25, 0.75), ('text', 'pairs'))
        >>> found.number_of(0.2), found.number_of(0.9)
        (0, 1)
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("encoder", "decoder", "seq2seq")
    objective: Literal["mixture"] = "mixture"
    parts: Annotated[tuple[Annotated[Part, BeforeValidator(_part)], ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _common(self) -> Self:
        if not self.architectures:
            raise ValueError(f"no model can learn {', '.join(self._names)} together: they train different architectures")
        return self

    @property
    def _names(self) -> list[str]:
        return [each.objective for each in self.objectives]

    @property
    def objectives(self) -> tuple[LanguageObjective, ...]:
        """The objectives, in their order: `Passage.objective` is a number in it."""
        return tuple(each.objective for each in self.parts)

    @property
    def weights(self) -> tuple[float, ...]:
        """Share of the text for each part."""
        total = sum(each.weight for each in self.parts)
        return tuple(each.weight / total for each in self.parts)

    @property
    def kinds(self) -> tuple[Literal["text", "pairs"], ...]:
        """What each part reads."""
        return tuple(each.reads for each in self.objectives)

    @property
    def architectures(self) -> "tuple[Architecture, ...]":
        """What all parts can train."""
        return tuple(each for each in self.takes if all(each in part.takes for part in self.objectives))

    @property
    def needs_words(self) -> bool:
        return any(each.needs_words for each in self.objectives)

    def part_for(self, number: int) -> LanguageObjective:
        """The objective of a passage.

        Args:
            number: `Passage.objective`.
        """
        return self.objectives[number]

    def number_of(self, lot: float) -> int:
        """The part that a number from [0, 1) falls to, by the weights."""
        reached = 0.0
        for number, weight in enumerate(self.weights[:-1]):
            reached += weight
            if lot < reached:
                return number
        return len(self.parts) - 1

    def check(self, tokens: "Tokens", name: str) -> None:
        """Refuse what any part refuses."""
        if tokens.architecture not in self.architectures:
            refusing = [each.objective for each in self.objectives if tokens.architecture not in each.takes]
            raise InputError(
                f"{name} cannot learn {', '.join(refusing)}, of the mixture {', '.join(self._names)}",
                where="objective",
                fix=f"it can learn {', '.join(objectives_for(tokens.architecture))}",
            )
        for each in self.objectives:
            each.check(tokens, name)

    def bound(self, materials: "Materials") -> Self:
        """Every part with what it needs."""
        parts = tuple(each.model_copy(update={"objective": each.objective.bound(materials)}) for each in self.parts)
        return self.model_copy(update={"parts": parts})


def mixed(objectives: Sequence[LanguageObjective], weights: Sequence[float]) -> LanguageObjective:
    """One objective, or a mixture of several."""
    if len(objectives) == 1:
        return objectives[0]
    parts = [{"objective": each, "weight": weight} for each, weight in zip(objectives, weights, strict=True)]
    return Mixture.model_validate({"parts": parts})
