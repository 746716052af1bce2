"""Families of tasks that are asked in the same words, and the templates of each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol, get_args

from panglot.artifacts import InputError, did_you_mean
from panglot.evaluation.prompts.words import DATA, MARKS, read_yaml

Formulation = Literal["cloze", "letters", "hybrid"]
FORMULATIONS: tuple[Formulation, ...] = get_args(Formulation)


class Asked(Protocol):
    """What prompts need to know of a task; it may also have `family`, the name of one."""

    @property
    def name(self) -> str:
        """Its name, for example `xnli`."""

    @property
    def kind(self) -> str:
        """Classification, choice, generation or extraction."""

    @property
    def labels(self) -> Sequence[str]:
        """Names of the labels, in the order of their numbers; empty where the kind has none."""


@dataclass(frozen=True)
class PlainTask:
    """A task in three words, for a family itself or a task that is not on file."""

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    family: str | None = None


@dataclass(frozen=True)
class TemplateText:
    """One wording of a family, before it meets a language.

    Attributes:
        name: unique in its family.
        source: where the wording is from.
        formulations: which of cloze, letters and hybrid it can be asked in.
        context: what comes before the answer; `data/templates.yaml` explains the notation.
        continuation: the answer as it goes on from there.
        options: label to the name of its word; a label that is not there is its own name.
        glue: whether a blank between context and continuation belongs to the item and not to the template.
        stop: texts that end an answer, in place of the usual ones.
    """

    name: str
    source: str
    context: str
    formulations: tuple[Formulation, ...] = FORMULATIONS
    continuation: str = " {option}"
    options: Mapping[str, str] | None = None
    glue: bool = False
    stop: tuple[str, ...] = ()

    def names(self) -> set[str]:
        """What stands in braces, without the trailing `-` and `,`."""
        return {each.rstrip("-,") for each in re.findall(r"\{([^}]*)\}", self.context + self.continuation)}


@dataclass(frozen=True)
class Family:
    """Tasks asked in the same words.

    Attributes:
        name: `nli`, `topic`, …
        kind: of its tasks.
        labels: those that a task of the family has, in the usual order; empty where they differ by task.
        subset: whether a task may have fewer of them, as sentiment without neutral.
        aliases: other spellings of labels.
        fields: field of the template to the names that items may have it under.
        switch: a word that depends on a field of the item: name to (field, value to word).
        templates: by name; the first is the default.
        max_new_tokens: how long a direct answer may be.
        answer: for generation: `number`, `text` (a line), `literal` (what stands behind "the answer is", sign by sign),
            `formula` (in a box, or there) `completion` (code that goes on), `calls` (of functions),
            `program`, or `whole` (all that is written).
    """

    name: str
    kind: str
    fields: Mapping[str, tuple[str, ...]]
    templates: Mapping[str, TemplateText]
    labels: tuple[str, ...] = ()
    subset: bool = False
    aliases: Mapping[str, tuple[str, ...]] | None = None
    switch: Mapping[str, tuple[str, Mapping[str, str]]] | None = None
    max_new_tokens: int = 32
    answer: str = "text"

    def template(self, name: str | None = None) -> TemplateText:
        """One of the templates, the first if none is named.

        Raises:
            InputError: no such template.
        """
        if name is None:
            return next(iter(self.templates.values()))
        if name not in self.templates:
            raise InputError(
                f"no template {name!r} of {self.name}",
                fix=did_you_mean(name, self.templates) or f"known: {', '.join(self.templates)}",
            )
        return self.templates[name]

    def canonical(self, label: str) -> str:
        """The label's name in the family: `not_paraphrase` is `different`."""
        for name, others in (self.aliases or {}).items():
            if label.casefold() in map(str.casefold, (name, *others)):
                return name
        return label

    def word_of(self, text: TemplateText, label: str) -> str:
        """Name of the word that a template has for a label."""
        canonical = self.canonical(label)
        return canonical if text.options is None else text.options.get(canonical, canonical)

    def words_of(self, text: TemplateText, labels: Sequence[str]) -> list[str]:
        """Names of all words that a template shows, those of labels last."""
        names: list[str] = []
        for each in sorted(text.names() - _SPECIAL - set(MARKS) - set(self.fields)):
            if each in (self.switch or {}):
                names += (self.switch or {})[each][1].values()
            else:
                names.append(each[:1].lower() + each[1:])
        if self.kind == "classification":
            names += [self.word_of(text, each) for each in labels]
        return list(dict.fromkeys(names))


_SPECIAL = {"options", "option", "Option", "listed", "source_name", "target_name"}
_FAMILIES = {
    "nli": "xnli americasnli afrixnli indicxnli ocnli mnli teca chinese-nli-probes",
    "entailment": "hans",
    "answered": "qnli",
    "paraphrase": "paws-x pawsx qqp",
    "topic": "sib200 sib-200 masakhanews",
    "sentiment": "afrisenti nusax wisesight sst2",
    "cause-effect": "xcopa copa",
    "story-ending": "xstorycloze m-hellaswag hellaswag",
    "pronoun": "xwinograd",
    "multiple-choice": (
        "belebele exams global-mmlu global_mmlu m-arc m-mmlu mmmlu mmlu mmlu-pro arc-challenge infinitebench-en-mc"
    ),
    "question-answering": "xquad mlqa tydiqa afriqa amqa xtreme-up-qa-in-language xtreme-up-qa-cross-language",
    "maths": "mgsm afrimgsm msvamp gsm8k",
    "translation": "xtreme-up-translation flores flores200 mafand ntrex wmt14 wmt16 wmt24pp",
    "summarisation": "xlsum xl-sum infinitebench-en-sum",
    "instruction-following": "multi-if ifeval",
    "by-example": "xtreme-up-transliteration xtreme-up-semantic-parsing xtreme-up-autocomplete",
    "open-questions": (
        "aya-human aya-dolly zeroscrolls-gov-report zeroscrolls-summ-screen-fd zeroscrolls-qmsum zeroscrolls-squality"
    ),
    "short-answers": (
        "zeroscrolls-qasper zeroscrolls-narrative-qa zeroscrolls-quality zeroscrolls-musique zeroscrolls-space-digest "
        "zeroscrolls-book-sum-sort"
    ),
    "long-text": (
        "infinitebench-passkey infinitebench-number-string infinitebench-kv-retrieval infinitebench-math-find "
        "infinitebench-en-qa infinitebench-zh-qa"
    ),
    "program-completion": "humaneval humaneval-plus humaneval-xl small-programs",
    "program-from-description": "mbpp mbpp-plus",
}


_TOPICS = {
    "sib200": "science/technology travel politics sports health entertainment geography",
    "masakhanews": "business entertainment health politics religion sports technology",
}


def known_task(name: str) -> PlainTask:
    """A task or a family by name, with its usual labels, for showing and checking prompts without the task's data.

    Raises:
        InputError: neither a known task nor a family.

    Example:
        >>> known_task("xnli")
        PlainTask(name='xnli', kind='classification', labels=('entailment', 'neutral', 'contradiction'), family='nli')
    """
    of_task = {task: each for each, tasks in _FAMILIES.items() for task in tasks.split()}
    if name not in of_task and name not in families():
        known = [*families(), *of_task]
        raise InputError(f"no prompts for {name!r}", fix=did_you_mean(name, known) or f"families: {', '.join(families())}")
    found = family(of_task.get(name, name))
    topics = tuple(_TOPICS.get(name, _TOPICS["sib200"]).split()) if found.name == "topic" else ()
    return PlainTask(name, found.kind, found.labels or topics, found.name)


@cache
def families() -> Mapping[str, Family]:
    """All families by name."""
    return {name: _family(name, entry) for name, entry in read_yaml(DATA / "templates.yaml").items()}


def family(name: str) -> Family:
    """A family by name.

    Raises:
        InputError: no such family.
    """
    if name not in families():
        raise InputError(
            f"no family of prompts is called {name!r}", fix=did_you_mean(name, families()) or f"known: {', '.join(families())}"
        )
    return families()[name]


def family_of(task: Asked) -> Family:
    """The family that a task says it is of, or is known to be of, or that has just its labels.

    Raises:
        InputError: none, for example for tagging, which is not asked by prompts here.

    Example:
        >>> family_of(PlainTask("my-nli", "classification", ("entailment", "neutral", "contradiction"))).name
        'nli'
    """
    named = getattr(task, "family", None)
    if isinstance(named, str) and named:
        return family(named)
    for name, tasks in _FAMILIES.items():
        if task.name.casefold() in tasks.split():
            return family(name)
    labels = set(map(str.casefold, task.labels or ()))
    for each in families().values():
        if labels and each.kind == task.kind and each.labels and labels == set(each.labels):
            return each
    default = {"classification": "label", "choice": "multiple-choice", "extraction": "question-answering"}.get(task.kind)
    if default is None:
        raise InputError(
            f"no prompts for the task {task.name!r} of the kind {task.kind}", fix=f"say family=, one of {', '.join(families())}"
        )
    return family(default)


def _family(name: str, entry: dict[str, Any]) -> Family:
    given = dict(entry)
    templates = {each: TemplateText(name=each, **_frozen(fields)) for each, fields in given.pop("templates").items()}
    switch = {each: (found["field"], found["words"]) for each, found in (given.pop("switch", None) or {}).items()}
    fields = {each: tuple(found) for each, found in given.pop("fields").items()}
    aliases = {each: tuple(found) for each, found in (given.pop("aliases", None) or {}).items()}
    return Family(name=name, templates=templates, switch=switch, fields=fields, aliases=aliases, **_frozen(given))


def _frozen(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
