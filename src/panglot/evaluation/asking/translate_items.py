"""Component `evaluation.translate_items`: a language model translates the items of a task, to be asked in the translation."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from panglot.artifacts import InputError, Step, digest_file, reads, write_file
from panglot.evaluation.asking.component import engine_of, renderer_of
from panglot.evaluation.asking.languages import at_hand, check_for, outside
from panglot.evaluation.asking.settings import Asking, Endpoint
from panglot.evaluation.asking.translations import TRANSLATIONS_FILE, Translations
from panglot.evaluation.engines.contract import OverLength
from panglot.evaluation.tasks.task_file import find
from panglot.evaluation.tasks.task_of_pairs import MadeTask, named
from panglot.languages import Language
from panglot.models.model import Model

if TYPE_CHECKING:
    from panglot.evaluation.asking.questions import Questions
    from panglot.evaluation.prompts.chat import Render
    from panglot.evaluation.tasks.item import Item
    from panglot.evaluation.tasks.task import Task

_ENGLISH = Language("eng_Latn")
_GAP_FIELDS = ("before", "pronoun", "after")


class Translating(BaseModel):
    """How a model is asked to translate.

    Attributes:
        template: a wording of the family `translation`; `names`, which writes the own names of both languages before their
            sentences, and `target` for languages whose own name is not on file, where none is named.
        examples: a task of pairs (`flores`, `sib200-pairs`, a file) whose pairs are shown first.
        examples_split: of it.
        shots: how many of them.
        max_new_tokens: of a line.
        batch_tokens: most tokens that are read at once.
        over_length: as `evaluation.ask` has it.
        chat: whether the model is asked in a chat.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str | None = None
    examples: str | None = None
    examples_split: str = "train"
    shots: Annotated[int, Field(ge=1)] = 4
    max_new_tokens: Annotated[int, Field(ge=1)] = 256
    batch_tokens: Annotated[int, Field(ge=1)] = 4096
    over_length: OverLength = "cut"
    chat: bool = False


USUAL = Translating()


def _outside(*, how: Translating = USUAL, data: str | None = None, **given: Any) -> dict[str, str]:
    found = outside(data=data, **given)
    if how.examples is not None:
        pairs, folder = find(how.examples), None if data is None else Path(data).expanduser()
        for tag in pairs.languages:
            found |= {f"{pairs.name} {each.name}": digest_file(each) for each in pairs.paths(tag, how.examples_split, folder)}
    return found


def _fitting(task: "Task") -> None:
    if task.kind not in ("classification", "choice", "generation", "extraction"):
        raise InputError(f"{task.name} ({task.kind}) is not asked in words, so its items need no translation", where="task")


@reads(_outside, check=check_for(_fitting))
def translate_items(
    *,
    task: str | None = None,
    made: MadeTask | None = None,
    model: Model | None = None,
    endpoint: Endpoint | None = None,
    into: Language = _ENGLISH,
    languages: str = "all",
    split: str = "test",
    data: str | None = None,
    how: Translating = USUAL,
    limit: Annotated[int, Field(ge=1)] | None = None,
    step: Step,
) -> Translations:
    """Let a language model translate the items of a task, to be asked in the translation.

    Where the same model is then asked it is self-translate (Etxaniz et al. 2023, https://arxiv.org/abs/2308.01223): each text
    of an item that a prompt shows, and each choice, is translated by itself, after `shots` pairs of `examples` (the paper
    shows a few pairs too; without `examples` nothing is shown first). Texts of several lines are translated line by line, and a
    text that several items share is translated once.

    What is right stays as it is, so that written answers and spans of a translated text are compared with words of the
    original language. Where the model writes nothing, the text stays untranslated, and is counted. Answers are kept one by
    one: an interruption loses none.

    Args:
        task: a name (`panglot tasks`), or a file of one's own.
        made: instead of a name, a task that a step made.
        model: which writes: a decoder or an encoder-decoder.
        endpoint: instead of a model.
        into: language of the translations: English for the condition `translate-test`, TAG for `pivot:TAG`.
        languages: as `evaluation.ask` has them.
        split: of the task.
        data: folder that holds one folder a task.
        how: the prompts.
        limit: most items a language; with the same seed the same ones as `evaluation.ask` takes.
        step: where to write. Its figures count, by language, texts, those for which nothing was written, and those whose
            translation is what they were.

    Raises:
        InputError: no such task, language or data; no examples in a language; a sentence with a gap, which a translation would
            not keep; neither a model nor an endpoint is given.
    """
    found = find(named(task, made))
    _fitting(found)
    folder = None if data is None else Path(data).expanduser()
    asking = Asking(batch_tokens=how.batch_tokens, over_length=how.over_length, chat=how.chat)
    render = renderer_of(model, endpoint, asking)
    tags = [tag for tag in at_hand(found, languages, split, folder, step) if tag != into.tag]
    read = {tag: _chosen(found, tag, split, folder, limit, step.seed) for tag in tags}
    asked = {
        tag: _questions(list(_texts(found, items)), tag, into, how, folder, step.seed, render) for tag, items in read.items()
    }
    engine = engine_of(model, endpoint, asking, step)
    lines: list[str] = []
    for tag, items in read.items():
        known = _translated(asked[tag], engine, step)
        empty = sorted(text for text, said in known.items() if not said)
        step.figures.setdefault("translated", {})[tag] = {
            "texts": len(known), "nothing_written": len(empty), "as_it_was": sum(text == said for text, said in known.items()),
        }  # fmt: skip
        if empty:
            step.note(f"{tag}: the model wrote nothing for {len(empty):,} of {len(known):,} texts, which stay as they were.")
        lines += [json.dumps(_line(found, item, known), ensure_ascii=False) + "\n" for item in items]
    write_file(step.out / TRANSLATIONS_FILE, "".join(lines))
    return Translations(step.out)


def _chosen(task: "Task", tag: str, split: str, folder: Path | None, limit: int | None, seed: int) -> tuple["Item", ...]:
    from panglot.evaluation.asking.questions import drawn

    items = task.items(tag, split, folder).items
    for each in items:
        if any(name in each.fields for name in _GAP_FIELDS) or each.fields.get("sentence", "").count("_") == 1:
            raise InputError(
                f"{task.name} asks about a gap in a sentence, which a translation would not keep",
                where=f"item {each.id} in {tag}",
            )
    return items if limit is None else drawn(items, limit, seed)


def _shown(task: "Task", item: "Item") -> dict[str, str]:
    """The fields of an item that a prompt may show."""
    from panglot.evaluation.prompts.families import family_of

    wanted = {part for each in family_of(task).fields.values() for names in each for part in names.split("+")}
    return {name: text for name, text in item.fields.items() if name in wanted and isinstance(text, str)}


def _texts(task: "Task", items: Sequence["Item"]) -> dict[str, None]:
    """The lines of all texts that are translated, each once, in their order."""
    return dict.fromkeys(
        line.strip()
        for item in items
        for text in (*_shown(task, item).values(), *item.choices)
        for line in text.split("\n")
        if line.strip()
    )


def _questions(
    texts: Sequence[str], tag: str, into: Language, how: Translating, data: Path | None, seed: int, render: "Render | None"
) -> "Questions":
    from panglot.evaluation.asking.questions import Questions
    from panglot.evaluation.prompts import choose_demonstrations, for_task
    from panglot.evaluation.prompts.families import PlainTask
    from panglot.evaluation.tasks.item import Item

    template = how.template or ("names" if Language(tag).autonym and into.autonym else "target")
    asked = for_task(
        PlainTask("translation", "generation"), family_name="translation", language=tag, template=template,
        condition="english", source=tag, target=into, max_new_tokens=how.max_new_tokens,
    )  # fmt: skip
    items = tuple(Item(str(number), tag, {"source": text}) for number, text in enumerate(texts))
    pool = _examples(how, tag, into, data)
    shots = tuple(choose_demonstrations(each, {tag: pool}, k=how.shots if pool else 0, seed=seed) for each in items)
    return Questions(tag, items, "", asked, shots, {}, render)


def _examples(how: Translating, tag: str, into: Language, data: Path | None) -> tuple["Item", ...]:
    if how.examples is None:
        return ()
    # an id of the task is no id of a text to translate, of which demonstrations keep clear
    from dataclasses import replace

    pairs = find(f"{how.examples}@{into.tag}:from")
    if tag not in pairs.languages:
        raise InputError(
            f"{pairs.name} has no pairs of {Language(tag).name} and {into.name} to show", where="how.examples",
            fix=f"it has {', '.join(pairs.languages)}",
        )  # fmt: skip
    found = pairs.items(tag, how.examples_split, data).items
    return tuple(replace(each, id=f"example {each.id}") for each in found)


def _translated(questions: "Questions", engine: Any, step: Step) -> dict[str, str]:
    from panglot.evaluation.asking.answers import ask

    answers = ask(engine, questions, normalisation="none", step=step, name=questions.language)
    return {
        item.fields["source"]: " ".join((each.parsed or "").split())
        for item, each in zip(questions.items, answers, strict=True)
    }


def _line(task: "Task", item: "Item", known: dict[str, str]) -> dict[str, Any]:
    def of(text: str) -> str:
        return "\n".join(_lines(text, known))

    fields = {name: of(text) for name, text in _shown(task, item).items()}
    return {"language": item.language, "id": item.id, "fields": fields, "choices": [of(each) for each in item.choices]}


def _lines(text: str, known: dict[str, str]) -> Iterator[str]:
    for line in text.split("\n"):
        yield known.get(line.strip(), "") or line
