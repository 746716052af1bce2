"""Component `evaluation.ask`: ask a model the items of a task, language by language."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from panglot import __version__
from panglot.artifacts import InputError, Step, reads, usable_cores
from panglot.evaluation.asking.allowed import require_running, runs_programs
from panglot.evaluation.asking.languages import at_hand, check_for, is_group, leave_out, outside, own_words
from panglot.evaluation.asking.settings import Asking, Endpoint
from panglot.evaluation.asking.translations import TRANSLATIONS_FILE, Translations, said_of
from panglot.evaluation.prompts.words import MissingWord
from panglot.evaluation.results import Measurement, Results, Units, write_results
from panglot.evaluation.signature import Signature
from panglot.evaluation.statistics import holm
from panglot.evaluation.tasks.task_file import find
from panglot.evaluation.tasks.task_of_pairs import MadeTask, named
from panglot.models.model import Model

if TYPE_CHECKING:
    from panglot.evaluation.asking.answers import Answer
    from panglot.evaluation.asking.questions import Questions
    from panglot.evaluation.asking.scores import Language
    from panglot.evaluation.engines.contract import Engine
    from panglot.evaluation.prompts import Template
    from panglot.evaluation.prompts.chat import Render
    from panglot.evaluation.results import UnitKey
    from panglot.evaluation.tasks.task import Task

LEVEL = 0.05
USUAL = Asking()
_ASKED = ("classification", "choice", "generation", "extraction")
_ELSEWHERE = {
    "tagging": "train a head for it: panglot transfer",
    "parsing": "train a head for it: panglot transfer",
    "multilabel": "train a head for it: panglot transfer",
    "pairs": "ask for translation (NAME:into, NAME:from), or measure vectors with evaluation.task_vectors",
    "similarity": "measure vectors with evaluation.task_vectors",
    "retrieval": "measure vectors with evaluation.task_vectors",
}


def _fitting(task: "Task") -> None:
    if task.kind not in _ASKED:
        raise InputError(f"{task.name} ({task.kind}) cannot be asked in words", where="task", fix=_ELSEWHERE[task.kind])


@reads(outside, check=check_for(_fitting))
def ask(
    *,
    task: str | None = None,
    made: MadeTask | None = None,
    model: Model | None = None,
    endpoint: Endpoint | None = None,
    languages: str = "all",
    split: str = "test",
    data: str | None = None,
    how: Asking = USUAL,
    limit: Annotated[int, Field(ge=1)] | None = None,
    translations: str | None = None,
    translated: Translations | None = None,
    words: str | None = None,
    condition: str = "",
    pivot: str | None = None,
    step: Step,
) -> Results:
    """Ask a language model every item of a task, and score the answers by language.

    A choice is the answer whose likelihood is greatest, under `how.normalisation`; what is to be written is generated, and the
    answer is read out of it. Answers are kept one by one: after an interruption the same command asks only what is missing.

    Each language has an interval of 95 % for each metric, and for labels and choices a p-value that the answers have nothing to
    do with what is right (a permutation test, `panglot.evaluation.chance`), corrected by Holm's method over the languages.
    Languages that are not above chance, models that always answer alike, prompts that were cut and written texts in which no
    answer stands are named.

    Of a parallel task it is also measured how often languages have the same answer, right or wrong, beside what chance would
    have it: see `panglot.evaluation.asking.consistency`. All pairs of languages are in `consistency.parquet`.

    Args:
        task: a name (`panglot tasks`), or a file of one's own.
        made: instead of a name, a task that a step made.
        model: which predicts tokens: a decoder, an encoder-decoder, or an encoder by pseudo-likelihood.
        endpoint: instead of a model.
        languages: `all`, tags, `tier:low`, `script:Arab`, … (`panglot tasks`). Of `all` and of groups those are asked whose
            items are at hand and which have words for prompts; the others are named.
        split: of the task.
        data: folder that holds one folder a task; `PANGLOT_DATA` without it, else the hub.
        how: the protocol.
        limit: most items a language, the same ones in every language of a parallel task.
        translations: for `translate-test` and `pivot:TAG`: a file of JSON lines with `language`, `id` and `fields`, or
            `parallel`, the task's own items in the other language, which says what a perfect translation would give.
        translated: instead of it, what `evaluation.translate_items` wrote.
        words: folder of files `TAG.yaml` with a person's own words for prompts.
        condition: a name for the rows; the condition of the prompts without it.
        pivot: language that the answers in the others are compared with, of a parallel task; English where it is asked.
        step: where to write.

    Returns:
        Results; items with predictions, and for metrics that are no means of items their statistics.

    Raises:
        InputError: no such task, language, word or data; the task cannot be asked; neither a model nor an endpoint is given.
    """
    import pyarrow as pa

    from panglot.evaluation.asking.agreement import choose_pivot, side_by_side
    from panglot.evaluation.asking.answers import ask as ask_items
    from panglot.evaluation.asking.consistency import Told, consistency_rows, write_agreements
    from panglot.evaluation.asking.programs import run_programs
    from panglot.evaluation.asking.questions import questions
    from panglot.evaluation.asking.scores import by_field, items_table, score, suspicions

    found = find(named(task, made))
    _fitting(found)
    programs = runs_programs(found)
    if programs:
        require_running(found.name, how.run_code)
    elif how.samples > 1:
        raise InputError(f"{found.name}: several answers are drawn for programs alone", where="samples", fix="leave it at 1")
    folder = None if data is None else Path(data).expanduser()
    own_words = None if words is None else Path(words).expanduser()
    asked: list[Questions] = []
    wordless: dict[str, MissingWord] = {}
    translations = _translations(translations, translated, step)
    render = renderer_of(model, endpoint, how)
    for tag in at_hand(found, languages, split, folder, step):
        try:
            each = questions(
                found,
                tag,
                how,
                split=split,
                data=folder,
                limit=limit,
                translations=translations,
                words=own_words,
                seed=step.seed,
                render=render,
            )
            each.prompts([0])
        except MissingWord as error:
            if not is_group(languages):
                raise
            wordless[tag] = error
        else:
            asked.append(each)
    if not asked:
        raise next(iter(wordless.values()))
    if wordless:
        leave_out("without_words", "prompts have no words", list(wordless), found, step)
    compared_with = choose_pivot(pivot, found, [each.language for each in asked])
    engine, trans = engine_of(model, endpoint, how, step), said_of(translations)
    rows: list[Measurement] = []
    parts: list[pa.Table] = []
    units: dict[UnitKey, Units] = {}
    languages_found: dict[str, Language] = {}
    answered: dict[str, list[Answer]] = {}
    protocols: dict[str, dict[str, str | int]] = {}
    for each in asked:
        normalisation = _normalisation(how, found, each)
        answers = ask_items(engine, each, normalisation=normalisation, step=step, name=each.language, how=how)
        verdicts = None
        if programs:
            verdicts = run_programs(each, answers, how.running, step=step, name=each.language, workers=usable_cores())
        language = score(found, each, answers, seed=step.seed, verdicts=verdicts)
        row_condition = condition or str(each.template.condition)
        answered[each.language], protocols[each.language] = (
            answers,
            _protocol(each, how, normalisation, split, step.seed, trans),
        )
        rows += _rows(found.name, each, language, model=engine.name, condition=row_condition, protocol=protocols[each.language])
        parts.append(items_table(found, each, answers, language))
        units |= {(found.name, each.language, one.metric): one.units for one in language.scores if one.units is not None}
        step.figures.setdefault("language", {})[each.language] = _figures(found, each, language)
        languages_found[each.language] = language
        if parts_of := by_field(found, each, language):
            step.figures.setdefault("breakdown", {})[each.language] = parts_of
    by_tag = {each.language: each for each in asked}
    for sentence in suspicions(found, languages_found, by_tag):
        step.note(sentence)
    rows = _corrected(rows, found, step)
    if (together := side_by_side(found, by_tag, answered)) is not None:
        row_condition = condition or str(asked[0].template.condition)
        told = Told(found, by_tag, answered, protocols, compared_with, engine.name, row_condition, step.seed)
        agreements = together.agreements(compared_with)
        more_rows, more_units = consistency_rows(together, agreements, told)
        rows, units = rows + more_rows, units | more_units
        write_agreements(step.out, agreements, told)
        step.figures["pivot"] = compared_with
    step.figures |= {"headline_metric": found.metrics[0], "chance": found.chance}
    step.figures["about"] = {"title": found.title, "translated": found.translated}
    return write_results(step.out, rows, pa.concat_tables(parts), units)


def _translations(said: str | None, made: Translations | None, step: Step) -> str | None:
    """The translations that one of two parameters says; a step's are kept with the answers, for a judge."""
    if made is None:
        return said
    if said is not None:
        raise InputError("translations and translated are both given", where="translations", fix="give one of them")
    shutil.copyfile(made.path, step.out / TRANSLATIONS_FILE)
    return str(step.out / TRANSLATIONS_FILE)


def _own_words(template: "Template") -> dict[str, str]:
    """What a signature says of a person's own words that a template shows."""
    shown = [template.words, template.label_words, *([template.chain] if template.chain else [])]
    found = {} if template.folder is None else own_words(template.folder, [str(each.language) for each in shown])
    return {"words": found["words"][:8]} if found else {}


def engine_of(model: Model | None, endpoint: Endpoint | None, how: Asking, step: Step) -> "Engine":
    """Who answers: a model that is opened here, or an endpoint.

    Raises:
        InputError: neither is given, or both are.
    """
    if (model is None) == (endpoint is None):
        raise InputError("one of model and endpoint is needed", where="model", fix="give one of them")
    if endpoint is not None:
        from panglot.evaluation.engines.endpoint import EndpointEngine

        return EndpointEngine(
            endpoint.address, endpoint.model, key_variable=endpoint.key_variable, chat=how.chat or endpoint.chat
        )
    assert model is not None
    from panglot.evaluation.engines.model_engine import open_engine

    with step.progress("opening the model"):
        return open_engine(model, batch_tokens=how.batch_tokens, over_length=how.over_length)


def renderer_of(model: Model | None, endpoint: Endpoint | None, how: Asking) -> "Render | None":
    """What writes the turns of a chat; None where there is none. A model without a template is told before it is opened."""
    from panglot.evaluation.prompts.chat import as_paragraphs, renderer

    if endpoint is not None:
        return as_paragraphs if how.chat or endpoint.chat else None
    if model is None or not how.chat:
        return None
    from transformers import AutoTokenizer

    return renderer(AutoTokenizer.from_pretrained(str(model.adapted_path), local_files_only=True), model=model.name)


def _normalisation(how: Asking, task: "Task", asked: "Questions") -> str:
    if how.normalisation != "auto":
        return how.normalisation
    return "bytes" if task.kind == "choice" and asked.template.formulation != "letters" else "none"


def _protocol(
    asked: "Questions", how: Asking, normalisation: str, split: str, seed: int, translations: dict[str, str]
) -> dict[str, str | int]:
    """What must be equal before two scores may be compared, beside the task and the metric."""
    return {
        "split": split,
        "n": len(asked.items),
        "rev": asked.revision,
        **asked.template.signature,
        **translations,
        **_own_words(asked.template),
        **({"chat": "1"} if asked.render is not None else {}),
        "shots": f"{how.shots},{how.shots_in}" if how.shots else "0",
        **({} if asked.template.generates else {"norm": normalisation}),
        **(
            {}
            if how.temperature is None or not asked.template.generates
            else {"drawn": f"t{how.temperature:g},p{how.top_p:g},n{how.samples}"}
        ),
        **_run_within(asked, how),
        "over": how.over_length,
        "seed": seed,
        "v": __version__,
    }


def _run_within(asked: "Questions", how: Asking) -> dict[str, str]:
    if asked.template.family.answer != "program":
        return {}
    return {"run": f"bubblewrap,{how.running.seconds}s,{how.running.megabytes}MB"}


def _rows(
    task: str, asked: "Questions", language: "Language", *, model: str, condition: str, protocol: dict[str, str | int]
) -> list[Measurement]:
    return [
        Measurement(
            model, task, asked.revision, asked.language, condition, each.metric, each.value, each.n, each.low,
            each.high, str(Signature.of(task=task, metric=each.metric, **each.signature, **protocol)),
            p_value=language.chance_p if number == 0 else None,
        )
        for number, each in enumerate(language.scores)
    ]  # fmt: skip


def _corrected(rows: Sequence[Measurement], task: "Task", step: Step) -> list[Measurement]:
    """P-values against chance corrected over the languages; those at chance are named."""
    from dataclasses import replace

    places = [at for at, row in enumerate(rows) if row.p_value is not None]
    adjusted = holm([p for at in places if (p := rows[at].p_value) is not None]).tolist() if places else []
    found = list(rows)
    for at, p in zip(places, adjusted, strict=True):
        found[at] = replace(rows[at], p_adjusted=p)
    weak = [found[at].language for at in places if not (found[at].p_adjusted or 0) < LEVEL]
    if weak:
        step.note(f"{task.name}: not above chance (corrected p ≥ {LEVEL}) in {', '.join(weak)}.")
        step.figures["not_above_chance"] = weak
    return found


def _figures(task: "Task", asked: "Questions", language: "Language") -> dict[str, Any]:
    """Of a language, for the report: scores with intervals, and what is odd."""
    found: dict[str, Any] = {
        each.metric: {"value": round(each.value, 6), "interval": [round(each.low, 6), round(each.high, 6)]}
        for each in language.scores
    }
    found |= {"n": len(asked.items), "cut": language.cut, "unread": language.unread}
    if task.kind == "generation":
        found["too_short_to_identify"] = language.short
    if language.not_applicable:
        found["not_applicable"] = dict(language.not_applicable)
    if language.verdicts is not None:
        found |= {"verdicts": language.verdicts.by_kind, "by_programming_language": language.verdicts.by_programming}
    if language.usual is not None:
        found["most_frequent_answer"] = {"label": language.usual[0], "share": round(language.usual[1], 6)}
    if task.kind == "classification":
        found["most_frequent_label"] = round(_most_frequent(asked), 6)
    return found


def _most_frequent(asked: "Questions") -> float:
    from collections import Counter

    return Counter(item.label for item in asked.items).most_common(1)[0][1] / len(asked.items)
