"""Linguistic entity masking: hide one token inside nouns, verbs and names, and nothing else."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr

from panglot.artifacts import InputError
from panglot.objectives.example import Row
from panglot.objectives.masking import Masking, row_languages

if TYPE_CHECKING:
    import torch

    from panglot.objectives.example import Architecture, Example, Materials, Tokens


class EntityMasking(Masking):
    """The loss of masked language modelling at one token of each of some nouns, verbs and named entities (Fernando and
    Ranathunga 2025, LEM).

    Spans come in random order; of each, one token is chosen evenly, until round(share · tokens of the row), at least one, are
    chosen. A span that overlaps one that was taken is passed over, as in the released code. Where a text has fewer spans than
    that, fewer tokens are predicted, and a text without spans teaches nothing. The released scripts choose 15 % of a row's
    tokens at most, and leave shares for each kind to their user.

    The spans come from `Materials.marked`: tagged texts ([`Marks`][panglot.objectives.marks.Marks]), or a
    tagger of one's own.

    Attributes:
        share: of the tokens of a row that are predicted, at most; 1 for one token in every span.
        masked: share of these that are replaced by the mask.
        random: share of these that are replaced by a random token.
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("encoder",)
    objective: Literal["entities"] = "entities"
    share: Annotated[float, Field(gt=0, le=1)] = 0.15
    _marked: Any = PrivateAttr(None)

    @property
    def needs_words(self) -> bool:
        return True

    def bound(self, materials: "Materials") -> Self:
        """With the tags.

        Raises:
            InputError: there are none.
        """
        if materials.marked is None:
            raise InputError(
                "entities hides tokens inside nouns, verbs and names, and nothing says where they are",
                where="objective",
                fix="give tagged text (CoNLL-U, or documents with spans in their meta), or take mlm with whole_words: true",
            )
        found = self.model_copy()
        found._marked = materials.marked
        return found

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> Row:
        """The text between start and end with tokens of entities hidden."""
        import torch

        assert self._marked is not None, "the objective must be bound to tags first"
        assert example.spans is not None, "the examples must say which characters each token stands for"
        ids = tokens.framed(example.ids)
        before = 0 if tokens.start is None else 1
        spans = list(self._marked(example.text, example.language))
        text = sum(each not in tokens.special for each in example.ids)
        count = max(1, round(self.share * text))
        taken: set[int] = set()
        found: list[int] = []
        for number in torch.randperm(len(spans), generator=generator).tolist():
            if len(found) >= count:
                break
            start, end = spans[number]
            places = [
                at
                for at, (first, last) in enumerate(example.spans)
                if first < end and last > start and example.ids[at] not in tokens.special
            ]
            if not places or taken & set(places):
                continue
            taken |= set(places)
            found.append(places[int(torch.randint(len(places), (1,), generator=generator))] + before)
        row, label = self.hide(ids, torch.tensor(sorted(found), dtype=torch.long), tokens, generator)
        return Row(row, label, languages=row_languages(example.language, len(row), tokens))
