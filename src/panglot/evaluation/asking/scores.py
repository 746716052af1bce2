"""Answers against what is right: the rows of a language, with intervals, and what should make a reader suspicious."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from panglot.evaluation import metrics
from panglot.evaluation.asking.answers import Answer
from panglot.evaluation.asking.programs import Verdicts
from panglot.evaluation.chance import chance_p_value
from panglot.evaluation.metrics.instructions_followed import not_applicable
from panglot.evaluation.metrics.metric import Floats, Mean, Ratio
from panglot.evaluation.results import Units
from panglot.evaluation.running.verdicts import WORDS
from panglot.evaluation.significance import interval
from panglot.evaluation.statements import first_statement
from panglot.evaluation.statistics import generator

if TYPE_CHECKING:
    from panglot.evaluation.asking.questions import Questions
    from panglot.evaluation.metrics import Metric
    from panglot.evaluation.tasks import Item, Task

ALMOST_ALL = 0.95
"""Share of one and the same answer from which on a model is said to answer always the same."""


_OF_TEXTS = ("token_f1", "exact_match")


@dataclass(frozen=True)
class Scored:
    """One metric in one language.

    Attributes:
        metric: its name.
        signature: its own fields.
        value: of all items.
        low: lower end of the 95 % interval; where no item counts, the interval is all that is possible.
        high: upper end.
        units: rows of statistics by item; None where the mean of `values` is the value.
        values: one number an item; not a number where the item does not count.
        n: items that count.
    """

    metric: str
    signature: dict[str, str]
    value: float
    low: float
    high: float
    units: Units | None
    values: Floats
    n: int


@dataclass(frozen=True)
class Language:
    """What is known of the answers in one language.

    Attributes:
        scores: by metric, the task's main one first.
        chance_p: p-value that labels have nothing to do with what is right; None where nothing is chosen.
        usual: the most frequent label among the answers, and its share.
        unread: written answers in which no answer stands.
        cut: items whose prompt was cut.
        short: answers too short to tell their language.
        not_applicable: instructions that there is no following, by name.
        verdicts: of programs; None where the answers are something else.
    """

    scores: tuple[Scored, ...]
    chance_p: float | None
    usual: tuple[int, float] | None
    unread: int
    cut: int
    short: int = 0
    not_applicable: Mapping[str, int] = field(default_factory=dict)
    verdicts: Verdicts | None = None


def score(
    task: "Task", questions: "Questions", answers: Sequence[Answer], *, seed: int, verdicts: Verdicts | None = None
) -> Language:
    """Score the answers of a language by the task's metrics; written texts also by the language that they are in.

    Of programs it is their `verdicts` that are scored: by pass@1, and by pass@k for k = 10, 100 and as many as there are.
    """
    outputs: Sequence[Any]
    targets: Sequence[Any]
    chance = usual = None
    if task.kind in ("classification", "choice"):
        labels = [_with_equals(each.label, item) for each, item in zip(answers, questions.items, strict=True)]
        outputs, targets = labels, [int(item.label or 0) for item in questions.items]
        chance = chance_p_value(outputs, targets, generator(seed, "chance", task.name, questions.language))
        label, count = Counter(labels).most_common(1)[0]
        usual = (label, count / len(labels))
    elif verdicts is not None:
        outputs, targets = verdicts.counts, [None] * len(questions.items)
    elif questions.conversations:
        outputs, targets = [each.turns for each in answers], questions.conversations
    else:
        outputs, targets = written_and_right(questions, answers)
    found = []
    for metric in _metrics(task, questions, verdicts):
        if task.kind == "choice" and metric.name in _OF_TEXTS:
            # "norm" is what the likelihoods of choices are divided by
            said = _scored(metric, questions, *_texts(questions, answers), seed)
            found.append(replace(said, signature={f"answer-{name}": value for name, value in said.signature.items()}))
        else:
            found.append(_scored(metric, questions, outputs, targets, seed))
    unread = sum(each.parsed is None for each in answers) if questions.template.generates else 0
    short = 0
    if task.kind == "generation" and (asked := _languages_asked(questions)):
        fidelity = _scored(metrics.find("language_fidelity"), questions, [each.text for each in answers], asked, seed)
        found, short = [*found, fidelity], len(answers) - fidelity.n
    told = questions.conversations
    missing = not_applicable([each.turns for each in answers], told) if told else {}
    return Language(tuple(found), chance, usual, unread, sum(each.cut > 0 for each in answers), short, missing, verdicts)


def _with_equals(label: int, item: "Item") -> int:
    """The label; the right one where several choices are right and one of them was taken."""
    right = item.label is not None and 0 <= label < len(item.choices) and item.choices[label] in item.references
    return int(item.label or 0) if right else label


def _texts(questions: "Questions", answers: Sequence[Answer]) -> tuple[list[str], list[tuple[str, ...]]]:
    """The texts of the choices that were taken, and those of the right ones."""
    said = [
        item.choices[answer.label] if answer.label >= 0 else "" for answer, item in zip(answers, questions.items, strict=True)
    ]
    return said, [item.references or (item.choices[int(item.label or 0)],) for item in questions.items]


def _languages_asked(questions: "Questions") -> list[str]:
    """The language that each answer is to be in; empty where it is no sentence, or where the identifier does not know it."""
    from panglot.corpus.identification import identifier

    template = questions.template
    if template.family.answer in ("number", "literal", "formula") and template.chain is None:
        return []
    if template.family.answer in ("completion", "calls", "program"):
        return []
    one = str(template.target or (template.chain.language if template.chain else questions.language))
    asked = [each.answer_language for each in questions.conversations] or [one] * len(questions.items)
    return asked if set(asked) <= set(identifier().languages) else []


def written_and_right(questions: "Questions", answers: Sequence[Answer]) -> tuple[list[str], list[tuple[str, ...]]]:
    """What was written, "" where no answer stands in it, and what would be right."""
    outputs = [each.parsed or "" for each in answers]
    if questions.template.family.answer == "completion":
        outputs = [
            first_statement(item.fields["prompt"], said, item.fields["code"])
            for item, said in zip(questions.items, outputs, strict=True)
        ]
    if questions.template.family.answer != "number":
        return outputs, [item.references for item in questions.items]
    # "1,500.0" and "1500" are one number; what is right is written by the data set, not in the language's own way
    return outputs, [tuple(f"{_plain(each)}" for each in item.references) for item in questions.items]


def _plain(text: str) -> str:
    from decimal import Decimal, InvalidOperation

    try:
        number = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        return text
    return str(number.to_integral_value() if number == number.to_integral_value() else number.normalize())


def _metrics(task: "Task", questions: "Questions", verdicts: Verdicts | None) -> list["Metric"]:
    target = str(questions.template.target or questions.language)
    if verdicts is not None:
        drawn = len(verdicts.of_items[0])
        return [metrics.find(f"pass@{k}") for k in sorted({1, 10, 100, drawn}) if k <= drawn]
    found = []
    for name in task.metrics:
        options: dict[str, Any] = {}
        if name == "macro_f1":
            options["labels"] = len(task.labels)
        if name in _OF_TEXTS:
            options["language"] = target
        if name in ("completion_match", "edit_similarity", "identifier_match", "identifier_f1"):
            options["code"] = questions.items[0].fields["code"]
        if name == "group_match":
            options["groups"] = [tuple(item.fields[each] for each in task.group) for item in questions.items]
        found.append(metrics.find(name, **options))
    return found


def _scored(metric: "Metric", questions: "Questions", outputs: Sequence[Any], targets: Sequence[Any], seed: int) -> Scored:
    statistics = metric.statistics(outputs, targets)
    low, high = interval(metric, statistics, seed=seed)
    order = sorted(range(len(questions.items)), key=lambda at: questions.items[at].id)
    plain = isinstance(metric, Mean) and bool((statistics[:, 1] == 1).all())
    values = np.where(_counts(metric, statistics), metric.value(statistics), np.nan)
    units = None if plain else Units(tuple(questions.items[at].id for at in order), statistics[order])
    if not (n := int(_counts(metric, statistics).sum())):
        low, high = metric.bounds or (low, high)
    value = float(metric.value(statistics.sum(axis=0)))
    return Scored(metric.name, metric.signature, value, low, high, units, values, n)


def _counts(metric: "Metric", statistics: Floats) -> NDArray[np.bool_]:
    """Which items count: all, but for those that a share leaves out."""
    return statistics[:, 1] > 0 if isinstance(metric, Ratio) else np.ones(len(statistics), dtype=bool)


def by_field(task: "Task", questions: "Questions", language: Language) -> dict[str, dict[str, dict[str, float]]]:
    """The mean of the main metric over the items of each value of a field, for each field that the task is broken down by.

    Programs are broken down by programming language too, where there are several. Empty for a metric that is no mean of items.
    """
    main = language.scores[0]
    if main.units is not None:
        return {}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name in task.breakdown:
        said = [item.fields.get(name, "") for item in questions.items]
        found[name] = {}
        for each in sorted(set(said)):
            values = main.values[[one == each for one in said]]
            found[name][each] = {"value": round(float(values.mean()), 6), "n": len(values)}
    shares = language.verdicts.by_programming if language.verdicts is not None else {}
    if len(shares) > 1:
        found["programming language"] = {each: {"value": one["pass@1"], "n": int(one["n"])} for each, one in shares.items()}
    return found


def items_table(task: "Task", questions: "Questions", answers: Sequence[Answer], language: Language) -> pa.Table:
    """A row an item and metric. Texts stand in the rows of the main metric alone."""
    n = len(questions.items)
    shown: dict[str, list[str | None]] = {"prediction": [_said(task, each) for each in answers]}
    shown["target"] = [_right(task, item) for item in questions.items]
    parts = []
    for number, each in enumerate(language.scores):
        texts = shown if number == 0 else {name: [None] * n for name in shown}
        margins = [one.margin for one in answers] if number == 0 else [None] * n
        parts.append(
            pa.table(
                {
                    "task": pa.array([task.name] * n),
                    "language": pa.array([questions.language] * n),
                    "metric": pa.array([each.metric] * n),
                    "item": pa.array([item.id for item in questions.items]),
                    "correct": pa.array(each.values, pa.float64(), from_pandas=True),
                    "margin": pa.array(margins, pa.float64()),
                    **{name: pa.array(column, pa.string()) for name, column in texts.items()},
                    **_ended(language.verdicts),
                }
            )
        )
    return pa.concat_tables(parts)


def _ended(verdicts: Verdicts | None) -> dict[str, pa.Array]:
    """How the programs of each item ended; nothing where there are none."""
    if verdicts is None:
        return {}
    said = [", ".join(f"{one.kind} ({one.detail})" if one.detail else one.kind for one in each) for each in verdicts.of_items]
    return {"verdict": pa.array(said, pa.string()), "programming": pa.array(verdicts.programming, pa.string())}


def _said(task: "Task", answer: Answer) -> str:
    if answer.label >= 0 and task.kind == "classification":
        return task.labels[answer.label]
    return "\n\n".join(answer.turns) or answer.text


def _right(task: "Task", item: "Item") -> str | None:
    if item.label is not None:
        return task.labels[item.label] if task.kind == "classification" else item.choices[item.label]
    return item.references[0] if item.references else None


def suspicions(task: "Task", found: Mapping[str, Language], asked: Mapping[str, "Questions"]) -> list[str]:
    """Sentences for a reader who would otherwise trust a figure too much. Languages are named in the order given."""

    def named(counts: Mapping[str, str]) -> str:
        return ", ".join(f"{tag} ({count})" for tag, count in counts.items())

    said = []
    same = {
        tag: f"{each.usual[1]:.0%} {_label(task, each.usual[0])}"
        for tag, each in found.items()
        if each.usual is not None and each.usual[1] >= ALMOST_ALL and len(asked[tag].items) > 1
    }
    if same:
        said.append(f"{task.name}: almost all answers are the same one in {named(same)}.")
    if cut := {tag: str(each.cut) for tag, each in found.items() if each.cut}:
        said.append(f"{task.name}: prompts longer than the model reads lost their beginning in {named(cut)}.")
    if unread := {tag: str(each.unread) for tag, each in found.items() if each.unread}:
        said.append(f"{task.name}: written texts have no answer in them, and count as wrong, in {named(unread)}.")
    if short := {tag: str(each.short) for tag, each in found.items() if each.short}:
        said.append(
            f"{task.name}: answers too short to tell their language are left out of language_fidelity in {named(short)}."
        )
    if missing := {tag: _counted(each.not_applicable) for tag, each in found.items() if each.not_applicable}:
        said.append(f"{task.name}: instructions that do not apply, and count neither way, in {named(missing)}.")
    if stopped := {tag: how for tag, each in found.items() if each.verdicts is not None and (how := _kinds(each.verdicts))}:
        said.append(f"{task.name}: programs that did not pass, by how they ended, in {named(stopped)}.")
    if several := {tag: shares for tag, each in found.items() if (shares := _by_programming(each.verdicts))}:
        said.append(f"{task.name}: pass@1 by programming language in {named(several)}.")
    if left := {tag: str(sum(each.left_out.values())) for tag, each in asked.items() if each.left_out}:
        reasons = sorted({reason for each in asked.values() for reason in each.left_out})
        said.append(f"{task.name}: rows of the data are left out ({', '.join(reasons)}) in {named(left)}.")
    return said


def _by_programming(verdicts: Verdicts | None) -> str:
    shares = verdicts.by_programming if verdicts is not None else {}
    return ", ".join(f"{name} {each['pass@1']:.3f} of {each['n']}" for name, each in shares.items()) if len(shares) > 1 else ""


def _kinds(verdicts: Verdicts) -> str:
    return ", ".join(f"{WORDS[kind]} {count}" for kind, count in verdicts.by_kind.items() if kind != "passed")


def _counted(by_name: Mapping[str, int]) -> str:
    return ", ".join(f"{name.rpartition(':')[2]} {count}" for name, count in sorted(by_name.items()))


def _label(task: "Task", label: int) -> str:
    if label < 0:
        return "none"
    return task.labels[label] if task.kind == "classification" else f"number {label + 1}"
