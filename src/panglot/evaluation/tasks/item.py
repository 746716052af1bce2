"""One item of a task, whatever the kind of task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal[
    "classification",
    "choice",
    "generation",
    "extraction",
    "tagging",
    "parsing",
    "pairs",
    "similarity",
    "multilabel",
    "retrieval",
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Item:
    """One question and its answer.

    What is filled depends on the kind of the task:

    | kind | parts |
    | --- | --- |
    | classification | `fields` (text, or premise and hypothesis, …); `label`: number of the right label among the task's |
    | choice | `fields`; `choices`; `label`: number of the right choice |
    | generation | `fields`; `references`: one or more right answers |
    | extraction | `fields` (context, question); `references`: spellings of the answer, each a part of the context |
    | tagging | `words` and `tags`, equally many |
    | parsing | `words`, `heads` and `tags` (relations without subtypes), equally many |
    | pairs | `fields` (source, target): texts that mean the same, for retrieval, mining and lexicon induction |
    | similarity | `fields` (first, second); `score` |
    | multilabel | `fields`; `labels`: numbers of all right labels, none of them perhaps |
    | retrieval | `fields` (query); `relevant`: grade of each judged passage; or `references`: answers to be found |

    Attributes:
        id: unique among the items of one task, language and split; the same in every language where the task is parallel.
        language: the tag of the language that the item is in, for example `swh_Latn`.
        fields: named texts, which a prompt shows.
        choices: the answers to choose from.
        label: number (from 0) of the right label or choice; None where it is not known.
        references: texts of right answers.
        words: the words of a sentence.
        tags: the tag of each word.
        heads: number, from 1, of the word that each word hangs on; 0 is the root.
        labels: numbers (from 0) of the labels that hold, where several may.
        relevant: grade of each judged passage by its id; 0 or less where it does not answer the query.
        score: what two texts are rated, in the task's own range.
    """

    id: str
    language: str
    fields: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    label: int | None = None
    references: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    heads: tuple[int, ...] = ()
    labels: tuple[int, ...] = ()
    relevant: Mapping[str, int] = field(default_factory=dict)
    score: float | None = None
