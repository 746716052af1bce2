"""Component `evaluation.transfer`: learn a task in some languages, test it in all, and say what is lost on the way."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from panglot import __version__
from panglot.artifacts import InputError, Step, did_you_mean, digest_value, reads, write_file
from panglot.evaluation.metrics.attachment import arcs
from panglot.evaluation.results import Measurement, Results, write_results
from panglot.evaluation.signature import Signature
from panglot.evaluation.statistics import generator, holm
from panglot.evaluation.tasks.item import Item
from panglot.evaluation.tasks.task_of_pairs import MadeTask, named
from panglot.evaluation.transfer.choosing import passages_of, without_tested, write_judgements
from panglot.evaluation.transfer.gaps import gap_rows, groups_of
from panglot.evaluation.transfer.learners import FinetuneLearner, Items, Learner, ProbeLearner
from panglot.evaluation.transfer.plan import Part, Plan, Test, plan_of
from panglot.evaluation.transfer.readings import Prediction
from panglot.evaluation.transfer.scores import Score, chance_p_value, constant_value, metrics_of, score
from panglot.evaluation.transfer.settings import Kinds, Method, Probe, Synthetic
from panglot.evaluation.transfer.source import ItemsFolder, Source, open_source
from panglot.evaluation.transfer.sources import source_rows, summary_of
from panglot.evaluation.transfer.write_questions import WrittenQuestions
from panglot.languages import Language
from panglot.models.model import Model

CONSTANT = "constant answer"
ALPHA = 0.05
_FEW = 30
ALL = "all"


def _outside(
    *, task: str | None = None, data: str | None = None, kinds: Kinds | None = None, train_split: str = "train",
    test_split: str = "test", **_: object,
) -> dict[str, str]:  # fmt: skip
    """Digests of all files that may be read; what a step made is among its inputs."""
    if task is None:
        return {}
    source = open_source(task, data)
    found = {
        f"{tag}.{split}": source.revision(tag, split) for split in (train_split, test_split) for tag in source.languages(split)
    }
    for name, folder in _given(kinds or Kinds(), source).items():
        for split in (train_split, test_split):
            found |= {f"{name} {tag}.{split}": folder.revision(tag, split) for tag in folder.languages(split)}
    return found


def _given(kinds: Kinds, source: Source, written: WrittenQuestions | None = None) -> dict[str, ItemsFolder]:
    """The folders of items beside those of the task, by what `Part.origin` calls them."""
    synthetic = kinds.synthetic.folder if kinds.synthetic else None
    if written is not None:
        synthetic = str(written.folder)
    said = {"translated": kinds.translated, "unlabelled": kinds.unlabelled, "synthetic": synthetic}
    return {name: ItemsFolder(Path(each), like=source) for name, each in said.items() if each is not None}


@reads(_outside)
def transfer(
    *,
    model: Model,
    task: str | None = None,
    made: MadeTask | None = None,
    train: list[str],
    test: list[str] = [ALL],  # noqa: B006
    data: str | None = None,
    method: Method = Probe(),  # noqa: B008
    kinds: Kinds = Kinds(),  # noqa: B008
    written: WrittenQuestions | None = None,
    seeds: Annotated[int, Field(ge=1, le=50)] = 1,
    fields: list[str] = [],  # noqa: B006
    train_split: str = "train",
    test_split: str = "test",
    most_train: Annotated[int, Field(ge=2)] | None = None,
    most_test: Annotated[int, Field(ge=2)] | None = None,
    seen: list[Language] = [],  # noqa: B006
    step: Step,
) -> Results:
    """Learn a task in some languages, test it in many, and compare: the matrix of source and target languages.

    Each set of languages to learn, and each kind of transfer, is a condition: `train eng_Latn`, `train in-language`,
    `train eng_Latn, 10 shots joint`, `train eng_Latn, translate-test`, … Metrics are accuracy for classification, micro and
    macro F1 where several labels may hold of an item, F1 of spans for tags B-X and I-X and accuracy a word for others,
    attachment scores for trees, F1 and exact match for questions, Pearson's correlation for similarity.
    `METRIC_gap_to_source` is the figure in the languages learnt minus that in the language tested,
    `METRIC_gap_to_in_language` what training in the language itself gives more, `METRIC_gain_over_zero_shot` what another
    kind of transfer gives more than zero-shot. Where English and other languages are learnt one by one,
    `METRIC_gain_over_english` is what another source gives more than English in a language that is neither, and `sources`
    among the figures says in how many languages English is the best one. Where items share their ids over languages, gaps are
    paired by item.

    The p-value of a figure says whether predictions could have nothing to do with the right answers: these are permuted
    (10,000 times), and Holm's correction is over the languages of a condition. Languages that are not above chance are named.
    The condition `constant answer` is what the most frequent answer of the test set would get: a label, or an arc of one
    length and relation.

    Predictions of each run and language are kept as soon as they are there, and trainings have checkpoints: the same command
    goes on where it was interrupted.

    Args:
        model: any model that `AutoModel` opens; an encoder for the probe.
        task: name of a task, a task file, or a folder with files LANGUAGE.SPLIT.jsonl, an item a line.
        made: instead of a name, a task that a step made.
        train: languages to learn; `eng_Latn+swh_Latn` learns two together. `all` is each of them, one by one.
        test: languages to test; `all` is all of the task.
        data: where the data of named tasks lies.
        method: `probe`, or `finetune`, with their settings.
        kinds: of transfer beside zero-shot.
        written: questions that a step wrote, for `kinds.synthetic`, in place of its folder.
        seeds: runs of each training that differ by their seed; the figure is their mean. A probe has one, as nothing in it is
            drawn but shots.
        fields: the one or two texts of an item that are read, in their order; all of it where it has one or two.
        train_split: name of the split to learn.
        test_split: name of the split to test.
        most_train: learn so many items of each language, drawn by their ids: the same in all languages of a parallel task.
        most_test: test so many.
        seen: languages that the model saw in pretraining, for the figures by group; not grouped so where none is named.
        step: where to write.

    Raises:
        InputError: there is no such task, language or field; an item's label is not among the task's.
        PanglotError: a loss or prediction is not finite.
    """
    source = open_source(named(task, made), data)
    kinds = _with_written(kinds, written)
    origins: dict[str, Source] = {"task": source, **_given(kinds, source, written)}
    there = {split: source.languages(split) for split in (train_split, test_split)}
    tested = _languages(test, there[test_split], f"test items of {source.name}", "test")
    plan = plan_of(
        _sets(train, there[train_split], source.name),
        tested,
        kinds,
        trainable=there[train_split],
        translated_train=origins["translated"].languages(train_split) if "translated" in origins else (),
        translated_test=origins["translated"].languages(test_split) if "translated" in origins else (),
        unlabelled=origins["unlabelled"].languages(train_split) if "unlabelled" in origins else (),
        synthetic=origins["synthetic"].languages(train_split) if "synthetic" in origins else (),
    )
    chosen = {fit: tests[0].condition for fit, tests in plan.tests.items() if fit.synthetic is not None}
    passages = passages_of([each for tag in tested for each in source.items(tag, test_split)]) if chosen else set()
    for tag in dict.fromkeys(part.language for fit in chosen for part in fit.before):
        written_items = origins["synthetic"].items(tag, train_split)
        if known := len(written_items) - len(without_tested(written_items, passages)):
            step.note(f"{known:,} written questions in {tag} are of passages that are tested, and were left out.")
            step.figures.setdefault("written_of_tested_passages", {})[tag] = known

    def items(of: Part | Test, run: int) -> Sequence[Item]:
        origin = origins[of.origin]
        if isinstance(of, Test):
            found = tuple(each for each in origin.items(of.language, test_split) if _answered(each, source.kind))
            return _drawn(found, most_test, f"{step.seed}")
        found = origin.items(of.language, train_split)
        if of.origin == "synthetic":
            found = without_tested(found, passages)
        if of.shots is not None:
            return _drawn(found, of.shots, f"{step.seed + run} shots")
        return _drawn(found, most_train, f"{step.seed}")

    for each in dict.fromkeys(test for tests in plan.tests.values() for test in tests):
        whole = origins[each.origin].items(each.language, test_split)
        if lacking := sum(not _answered(item, source.kind) for item in whole):
            step.note(f"{lacking:,} test items in {each.language} name no right answer and were left out.")
        if lacking == len(whole):
            raise InputError(f"there are no test items with a right answer in {each.language}", where="test")
    learner = _learner(model, source, method, items, fields, step)
    runs = _predicted(plan, learner, seeds, step)
    if chosen:
        write_judgements(step, chosen, seeds)
    for condition, languages in plan.skipped.items():
        step.note(f"{condition}: no items for {', '.join(languages)}.")
    pairs = {
        test: digest_value([fit.synthetic.model_dump(mode="json", exclude={"folder"}), *revisions])[:8]
        for fit, tests in plan.tests.items()
        if fit.synthetic is not None
        for revisions in [[origins["synthetic"].revision(part.language, train_split) for part in fit.before]]
        for test in tests
    }
    return _write(plan, runs, source, items, model, method, step, test_split, {each.tag for each in seen}, pairs)


def _with_written(kinds: Kinds, written: WrittenQuestions | None) -> Kinds:
    """The kinds, with the usual settings for questions that a step wrote; a kind without its questions is an error."""
    if written is not None and kinds.synthetic is None:
        return kinds.model_copy(update={"synthetic": Synthetic()})
    if kinds.synthetic is not None and kinds.synthetic.folder is None and written is None:
        raise InputError("there are no written questions", where="kinds.synthetic", fix="name their folder, or give written")
    return kinds


def _learner(model: Model, source: Source, method: Method, items: Items, fields: Sequence[str], step: Step) -> Learner:
    if isinstance(method, Probe):
        return ProbeLearner(model, source, method, items, fields, step)
    return FinetuneLearner(model, source, method, items, fields, step)


def _predicted(plan: Plan, learner: Learner, seeds: int, step: Step) -> dict[Test, list[list[Prediction]]]:
    """Predictions of each test, a list a run; each is kept as a file of its own as soon as it is there."""
    journal = step.scratch / "predictions"
    journal.mkdir(exist_ok=True)
    found: dict[Test, list[list[Prediction]]] = {}
    counts: dict[str, dict[str, int]] = {"cut": {}, "unread": {}}
    strengths: dict[str, set[float]] = {}
    for number, (fit, tests) in enumerate(plan.tests.items(), start=1):
        for run in range(learner.runs(fit, seeds)):
            places = {test: journal / f"{digest_value([repr(fit), repr(test), run])[:24]}.json" for test in tests}
            missing = [test for test, place in places.items() if not place.is_file()]
            if missing:
                with step.progress(f"testing, fit {number} of {len(plan.tests)}", total=len(missing)) as progress:
                    for test, said in learner.predictions(fit, run, missing):
                        kept = {"predictions": said, **learner.account()}
                        write_file(places[test], json.dumps(kept, ensure_ascii=False))
                        progress.advance()
            for test, place in places.items():
                known = json.loads(place.read_bytes())
                said = [tuple(each) if isinstance(each, list) else each for each in known["predictions"]]
                found.setdefault(test, []).append(said)
                for name, of in counts.items():
                    of[test.language] = max(of.get(test.language, 0), int(known.get(name, 0)))
                if "strength" in known:
                    strengths.setdefault(test.condition, set()).add(known["strength"])
    if many := sum(counts["cut"].values()):
        step.note(f"{many:,} test texts were longer than the model reads and lost their end.")
    if many := sum(counts["unread"].values()):
        step.note(f"The tokenizer made nothing of {many:,} words of test items; they count as predicted without a tag.")
    if strengths:
        step.figures["strengths"] = {condition: sorted(each) for condition, each in strengths.items()}
    return found


def _write(
    plan: Plan, runs: Mapping[Test, list[list[Prediction]]], source: Source, items: Items, model: Model, method: Method,
    step: Step, split: str, seen: set[str], pairs: Mapping[Test, str],
) -> Results:  # fmt: skip
    from panglot.models.precision import best_device, best_precision

    kind, labels = source.kind, source.labels
    metrics = metrics_of(kind, labels)
    precision = best_precision(best_device()) if method.precision == "auto" else method.precision
    rows: list[Measurement] = []
    tables: list[pa.Table] = []
    scores: dict[tuple[str, str], tuple[Score, tuple[str, ...]]] = {}
    constants: dict[str, Measurement] = {}
    for test, said in runs.items():
        own = list(items(test, 0))
        revision = source.revision(test.language, split)
        if len(own) < _FEW:
            step.note(f"{test.language} has only {len(own)} test items: its figures are coarse.")
        for metric in metrics:
            found = score(metric, kind, own, said, labels)
            written = {"written": pairs[test]} if test in pairs else {}
            signature = Signature.of(
                task=source.name, split=split, metric=metric, method=method.method, n=len(own), rev=revision,
                settings=digest_value(method.model_dump(mode="json"))[:8], **written, prec=precision, runs=len(said),
                seed=step.seed, v=__version__,
            )  # fmt: skip

            def row(condition: str, value: float, low: Any, high: Any, p: float | None = None) -> Measurement:
                return Measurement(
                    model.name, source.name, revision, test.language, condition, metric, value, len(own), low, high,  # noqa: B023
                    str(signature), p,  # noqa: B023
                )  # fmt: skip

            low, high = found.interval(generator(step.seed, test.condition, test.language, metric))
            p = None
            if metric == metrics[0]:
                scores[test.condition, test.language] = found, tuple(each.id for each in own)
                p = chance_p_value(kind, own, said, labels, generator(step.seed, "chance", test.condition, test.language))
                always = constant_value(kind, own, labels)
                if always is not None and test.origin == "task":
                    constants.setdefault(test.language, row(CONSTANT, always, None, None))
            rows.append(row(test.condition, found.value(), low, high, p))
            tables.append(_items_table(source.name, test, metric, own, said, found, labels))
    rows = _corrected(rows, metrics[0], step)
    learnt: dict[str, list[str]] = {}
    for fit, tests in plan.tests.items():
        for test in tests:
            known = learnt.setdefault(test.condition, [])
            known += [
                each.language
                for each in fit.parts
                if each.origin == "task" and each.shots is None and each.language not in known
            ]
    measured = list(rows)
    rows += gap_rows(measured, scores, learnt, metrics[0], step.seed)
    rows += (compared := source_rows(measured, scores, learnt, metrics[0], step.seed))
    if sources := summary_of([vars(each) for each in compared]):
        step.figures["sources"] = sources
    step.figures |= {
        "metric": metrics[0],
        "about": dict(source.about),
        "train": learnt,
        "groups": groups_of(rows, learnt, metrics[0], seen, step.seed),
        "matrix": {},
    }
    for each in rows:
        if each.metric == metrics[0]:
            step.figures["matrix"].setdefault(each.condition, {})[each.language] = round(each.value, 6)
    return write_results(step.out, [*rows, *constants.values()], pa.concat_tables(tables))


def _items_table(
    task: str, test: Test, metric: str, items: Sequence[Item], runs: Sequence[Sequence[Prediction]], found: Score,
    labels: Sequence[str],
) -> pa.Table:  # fmt: skip
    """The items of one test and metric, a row a run."""

    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, tuple) else str(value)

    several = metric in ("micro_f1", "macro_f1")

    def target(item: Item) -> str:
        if several:
            return text(tuple(labels[each] for each in item.labels))
        if item.label is not None:
            return labels[item.label]
        if item.heads:
            return text(arcs(item.heads, item.tags))
        return text(item.tags or item.references) if item.score is None else str(item.score)

    count, total = len(items), len(items) * len(runs)
    return pa.table(
        {
            "task": [task] * total,
            "language": [test.language] * total,
            "metric": [metric] * total,
            "item": [each.id for each in items] * len(runs),
            "correct": found.items.ravel(),
            "condition": [test.condition] * total,
            "run": pa.array([run for run in range(len(runs)) for _ in range(count)], pa.int32()),
            "prediction": [text(each) for run in runs for each in run],
            "target": [target(each) for each in items] * len(runs),
        }
    )


def _corrected(rows: Sequence[Measurement], metric: str, step: Step) -> list[Measurement]:
    """The rows with p-values corrected over the languages of their condition; those at chance are named."""
    from dataclasses import replace

    found, weak = list(rows), {}
    for condition in dict.fromkeys(each.condition for each in rows):
        own = [at for at, each in enumerate(rows) if each.condition == condition and each.p_value is not None]
        for at, adjusted in zip(own, holm(np.array([rows[at].p_value for at in own], dtype=np.float64)), strict=True):
            found[at] = replace(rows[at], p_adjusted=float(adjusted))
        at_chance = [rows[at].language for at in own if not (found[at].p_adjusted or 0) < ALPHA]
        if at_chance:
            weak[condition] = at_chance
            step.note(f"{condition}: not above chance ({metric}, corrected p ≥ {ALPHA}) in {', '.join(at_chance)}.")
    step.figures["not_above_chance"] = weak
    return found


def _answered(item: Item, kind: str) -> bool:
    """Whether an item says what is right."""
    if kind == "classification":
        return item.label is not None
    if kind == "multilabel":
        return True
    return item.score is not None if kind == "similarity" else bool(item.references if kind == "extraction" else item.tags)


def _drawn(items: Sequence[Item], most: int | None, label: str) -> Sequence[Item]:
    """So many items, by the digests of their ids, in the order in which they stand."""
    if most is None or len(items) <= most:
        return items
    order = sorted(range(len(items)), key=lambda at: digest_value([label, items[at].id]))
    return [items[at] for at in sorted(order[:most])]


def _languages(said: Sequence[str], there: Sequence[str], what: str, where: str) -> list[str]:
    found: list[str] = []
    for each in said:
        tags = list(there) if each.strip() == ALL else [Language.parse(each.strip()).tag]
        for tag in tags:
            if tag not in there:
                fix = did_you_mean(tag, there) or f"there are {', '.join(there[:12])}{' …' if len(there) > 12 else ''}"
                raise InputError(f"there are no {what} in {tag}", where=where, fix=fix)
            if tag not in found:
                found.append(tag)
    if not found:
        raise InputError(f"there are no {what}", where=where)
    return found


def _sets(train: Sequence[str], there: Sequence[str], name: str) -> list[list[str]]:
    what = f"training items of {name}"
    found: list[list[str]] = []
    for each in train:
        if each.strip() == ALL:
            found += [[tag] for tag in _languages([ALL], there, what, "train")]
        else:
            found.append(_languages(each.split("+"), there, what, "train"))
    unique = list(dict.fromkeys(tuple(each) for each in found))
    if not unique:
        raise InputError("no language to learn is named", where="train", fix="for example train: [eng]")
    return [list(each) for each in unique]
