"""The items of a task in one language, as they are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash

from panglot.artifacts import InputError
from panglot.evaluation.asking.allowed import runs_programs
from panglot.evaluation.asking.programs import runnable
from panglot.evaluation.asking.translations import translated
from panglot.evaluation.instructions.instruction import Conversation
from panglot.evaluation.prompts import chat_prompt, choose_demonstrations, for_task
from panglot.evaluation.prompts.answers import parse_number
from panglot.evaluation.prompts.chat import as_paragraphs
from panglot.evaluation.prompts.condition import Condition
from panglot.evaluation.prompts.words import Words

if TYPE_CHECKING:
    from panglot.evaluation.asking.settings import Asking
    from panglot.evaluation.prompts import Prompt, Template
    from panglot.evaluation.prompts.chat import Render
    from panglot.evaluation.tasks import Item, Task

_SHOT_SPLITS = ("train", "exemplars", "dev")


@dataclass(frozen=True)
class Questions:
    """Items, and what is needed to ask them.

    Attributes:
        language: tag.
        items: in the order of their files; of `limit` items those whose ids come first by a hash of seed and id, so that a
            parallel task asks the same ones in every language.
        revision: of the data.
        template: how they are put into words.
        demonstrations: for each item what is shown before it.
        left_out: rows of the files that are no item, by reason.
        render: what writes the turns of a chat; None where there is no chat.
        conversations: of each item what a program checks in which turn; empty where a task has no such instructions.
    """

    language: str
    items: tuple["Item", ...]
    revision: str
    template: "Template"
    demonstrations: tuple[tuple["Item", ...], ...]
    left_out: Mapping[str, int]
    render: "Render | None" = None
    conversations: tuple[Conversation, ...] = ()

    def prompts(self, wanted: Sequence[int]) -> list["Prompt"]:
        """Prompts of some of the items, by number; of a conversation the first one."""
        return [self._prompt(self.items[at], self.demonstrations[at]) for at in wanted]

    def _prompt(self, item: "Item", shown: Sequence["Item"]) -> "Prompt":
        if self.render is None:
            return self.template.prompt(item, shown)
        return chat_prompt(self.template, item, self.render, demonstrations=shown)

    def later_turns(self, at: int) -> tuple[str, ...]:
        """What the user says in the second turn of an item, in the third, …: its fields `prompt_2`, `prompt_3`, …"""
        fields = self.items[at].fields
        found: list[str] = []
        while self.template.generates and (said := fields.get(f"prompt_{len(found) + 2}")):
            found.append(said.strip())
        return tuple(found)


def questions(
    task: "Task",
    language: str,
    asking: "Asking",
    *,
    split: str,
    data: Path | None,
    limit: int | None,
    translations: str | None,
    words: Path | None,
    seed: int,
    render: "Render | None" = None,
) -> Questions:
    """Read the items of a language and make their template.

    Args:
        task: which.
        language: a tag of it.
        asking: how.
        split: of the task.
        data: folder of the data; see `Task.items`.
        limit: most items.
        translations: for `translate-test` and `pivot:TAG`: a file of JSON lines with language, id and fields, or `parallel`.
        words: folder with a person's own words for prompts.
        seed: of the choice of items and demonstrations.
        render: what writes the turns of a chat; None where there is no chat.

    Raises:
        InputError: no items, no words for the language, or no translations where the condition needs them.
    """
    read = task.items(language, split, data)
    condition = Condition.parse(asking.condition)
    if condition.pivot is None and translations is not None:
        raise InputError(f"the condition {condition} needs no translations", fix="take translate-test or pivot:TAG")
    usable, lacking = runnable(read.items) if runs_programs(task) else (read.items, {})
    shown = usable if limit is None or limit >= len(usable) else drawn(usable, limit, seed)
    template = for_task(
        task,
        language=language,
        template=asking.template,
        formulation=asking.formulation,
        condition=condition,
        source=task.pivot(language) if task.direction == "into" else None,
        target=task.pivot(language) if task.direction == "from" else (language if task.direction == "into" else None),
        translated=translated(task, language, condition, translations, split, data),
        folder=words,
        max_new_tokens=asking.max_new_tokens,
        rule=asking.rule,
    )
    shots = tuple(tuple(worked(one, template) for one in each) for each in _shots(task, shown, asking, data, seed))
    conversations: tuple[Conversation, ...] = ()
    if template.family.answer == "whole" and any("instructions" in each.fields for each in shown):
        conversations = tuple(Conversation.of(each.fields, language, item=each.id) for each in shown)
    # an endpoint scores plain texts alone
    turns = None if render is as_paragraphs and not template.generates else render
    left_out = {**read.left_out, **lacking}
    return Questions(language, tuple(shown), read.revision, template, shots, left_out, turns, conversations)


def drawn(items: Sequence["Item"], limit: int, seed: int) -> tuple["Item", ...]:
    """So many of the items, in their order: those whose ids come first by a hash of seed and id."""
    ranked = sorted(items, key=lambda one: (xxhash.xxh64_intdigest(f"{seed}\0{one.id}".encode()), one.id))
    chosen = {one.id for one in ranked[:limit]}
    return tuple(one for one in items if one.id in chosen)


def _shots(
    task: "Task", items: Sequence["Item"], asking: "Asking", data: Path | None, seed: int
) -> tuple[tuple["Item", ...], ...]:
    if not asking.shots:
        return ((),) * len(items)
    language = items[0].language
    known = [each for each in _SHOT_SPLITS if each in task.splits]
    if not (asking.shots_from or known):
        raise InputError(f"{task.name} has no split to show solved items from", where="shots", fix="ask without them")
    split = asking.shots_from or next((each for each in known if task.paths(language, each, data)), known[0])
    wanted = [language] if asking.shots_in == "same" else [*task.languages]
    if asking.shots_in not in ("same", "mixed"):
        wanted = [task.tag(asking.shots_in)]
    pools: dict[str, tuple[Item, ...]] = {}
    for each in wanted:
        # of mixed languages those are shown that have items at hand
        if asking.shots_in != "mixed" or task.paths(each, split, data):
            pools[each] = task.items(each, split, data).items
    languages = wanted[0] if asking.shots_in not in ("same", "mixed") else asking.shots_in
    return tuple(choose_demonstrations(each, pools, k=asking.shots, seed=seed, languages=languages) for each in items)


def worked(item: "Item", template: "Template") -> "Item":
    """A solved item as it is shown: where a number was worked out, it is the answer, and the steps are the reasoning."""
    if template.family.answer != "number" or not item.references:
        return item
    words = Words.of(item.language, template.folder)
    steps = item.fields.get("reasoning", item.references[0])
    number = parse_number(steps, words, chain=words)
    if number is None:
        raise InputError("a solved item has no number in its answer", where=f"item {item.id} of {template.task}")
    return replace(item, fields={**item.fields, "reasoning": steps}, references=(str(number),))
