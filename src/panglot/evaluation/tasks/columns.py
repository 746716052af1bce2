"""What the columns of a table, or the keys of objects, mean: a schema."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator


def with_codes(pattern: str, codes: Mapping[str, str]) -> str:
    """A pattern with `{code}`, `{split}` and `{pivot}` put in; other braces stay as they are.

    Example:
        >>> with_codes("{code}/{split}.{x}", {"code": "swh", "split": "test"})
        'swh/test.{x}'
    """
    for name, code in codes.items():
        pattern = pattern.replace("{" + name + "}", code)
    return pattern


class Label(BaseModel):
    """How a row writes the right answer.

    Attributes:
        column: where it stands.
        by: `name`: one of the task's labels; `number`: from 0; `number from 1`; `letter`: A is the first choice; `text`: the
            column holds the right choice itself, or a list of right ones.
        names: what a data set writes, to what the task calls it.
        unknown: what is written where nobody knows the answer; such rows are left out and counted.
        letters: column of the list of what the choices are called, where they are not called A, B, C, … in every row.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    by: Literal["name", "number", "number from 1", "letter", "text"] = "name"
    names: dict[str, str] = {}
    unknown: tuple[str, ...] = ()
    letters: str | None = None


class Gap(BaseModel):
    """A sentence in which some tokens are asked for: gives the fields `before` and `after`.

    Attributes:
        sentence: column of the sentence as people write it.
        tokens: column of its tokens.
        span: column of the first and the last-but-one token that are asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: str
    tokens: str
    span: str


class Blank(BaseModel):
    """A sentence in which a sign stands for what is asked for: gives the fields `before` and `after`.

    Attributes:
        sentence: column of the sentence; a row whose sentence does not hold the sign just once is left out.
        sign: for example `@placeholder`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: str
    sign: str


class Marked(BaseModel):
    """A text in which one word is asked about: the field `text` gets it with `*` on both sides of that word.

    Attributes:
        text: column of the text.
        word: column of the word.
        at: column of its number, from 0, among the words between blanks; a row in which it is not there is left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    word: str
    at: str


class Slots(BaseModel):
    """An utterance in whose text slots are marked by offsets: gives words and tags, see `slots.tagged`.

    Attributes:
        text: column of the utterance.
        column: column of an object: name of a slot to its `text` and `span`; a row without it has no slots, as in NLU++.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    column: str


def _named(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Several = Annotated[tuple[str, ...], BeforeValidator(_several)]


class Columns(BaseModel):
    """Columns of a table, or keys of objects, to the parts of an item. `a.b` is key `b` inside of `a`.

    Attributes:
        fields: named texts.
        optional: those of them that a row may leave empty.
        lines: those of them whose column holds a list of texts, which are put together line by line.
        id: column or columns that together name the item; without it the number of the row does, from 0.
        label: the right answer.
        labels: column of a list of names of all labels that hold; a row without it has none, as in NLU++.
        choices: one column that holds a list or an object of choices, or several columns of one choice each.
        lettered: whether choices begin with their letters, which are no part of them: "(A)140", "A．狗".
        shuffled: whether choices are put into an order drawn by the item's id, where the set has the right one first; the label
            is then told by its text.
        references: columns of right answers, each a text or a list of texts.
        no_answers: texts that are no right answer where they stand among them, as `yes` where a passage has to hold the answer.
        after: a mark in right answers; only what stands behind its last occurrence is one.
        together: whether rows of one id are one item, whose right answers are those of all of them.
        boxed: whether a right answer is what stands in the last `\\boxed{…}` of its column, as in MATH's solutions.
        starts: column of the offsets (code points) at which the references stand in the field `context`.
        words: column of a list of words.
        tags: column of a list of as many tags, by name or by number.
        heads: column of a list of as many heads, numbers of words from 1; tags are then relations, and lose their subtypes.
        slots: see `Slots`; in place of words and tags.
        relevant: column of an object: id of a judged passage to its grade.
        score: column of a number.
        gap: see `Gap`.
        blank: see `Blank`.
        marked: see `Marked`.
        replaced: texts inside of fields to what stands in their place, for marks of a data set that are no part of its text.
        where: columns that must hold this value for a row to count; a trailing `*` means any ending.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, str] = {}
    optional: Several = ()
    lines: Several = ()
    id: Several = ()
    label: Annotated[Label | None, BeforeValidator(_named)] = None
    labels: str | None = None
    choices: Several = ()
    lettered: bool = False
    shuffled: bool = False
    references: Several = ()
    no_answers: Several = ()
    after: str | None = None
    together: bool = False
    boxed: bool = False
    starts: str | None = None
    words: str | None = None
    tags: str | None = None
    heads: str | None = None
    slots: Slots | None = None
    relevant: str | None = None
    score: str | None = None
    gap: Gap | None = None
    blank: Blank | None = None
    marked: Marked | None = None
    replaced: dict[str, str] = {}
    where: dict[str, str] = {}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if missing := [each for each in self.lines if each not in self.fields]:
            raise ValueError(f"lines names {missing[0]}, which is none of the fields")
        if self.shuffled and (self.label is None or self.label.by != "text"):
            raise ValueError("choices that are shuffled need a label by text")
        return self

    def filled(self, **codes: str) -> "Columns":
        """These columns with `{code}`, `{split}` and `{pivot}` put in."""

        def put(value: Any) -> Any:
            if isinstance(value, str):
                return with_codes(value, codes)
            if isinstance(value, dict):
                return {key: put(each) for key, each in value.items()}
            return tuple(put(each) for each in value) if isinstance(value, list | tuple) else value

        return Columns.model_validate({key: put(value) for key, value in self.model_dump(exclude_unset=True).items()})
