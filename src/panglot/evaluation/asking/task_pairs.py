"""Component `evaluation.task_pairs`: solved items of a task as prompts with answers, so that a model can learn to answer."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from panglot.artifacts import InputError, Step, reads
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter
from panglot.evaluation.asking.component import USUAL
from panglot.evaluation.asking.languages import at_hand, check_for, is_group, leave_out, outside
from panglot.evaluation.asking.questions import questions, worked
from panglot.evaluation.asking.settings import Asking
from panglot.evaluation.prompts.words import MissingWord
from panglot.evaluation.tasks.task_file import find
from panglot.evaluation.tasks.task_of_pairs import MadeTask, named


@reads(outside, check=check_for())
def task_pairs(
    *,
    task: str | None = None,
    made: MadeTask | None = None,
    languages: str = "all",
    split: str = "train",
    data: str | None = None,
    how: Asking = USUAL,
    limit: Annotated[int, Field(ge=1)] | None = None,
    words: str | None = None,
    step: Step,
) -> Pairs:
    """Write the items of a task as pairs of a prompt and its right answer.

    The prompt is what `evaluation.ask` shows with the same `how`, and the answer what it scores or expects, with the blank that
    it begins with: a decoder learns the answers alone with `training.language_model` and

        objective: {objective: translation, direction: forward, template: "{source}{target}"}

    which is supervised fine-tuning on single turns, of one task or of several (`corpus.merge`). With a condition of chains of
    thought (`native+native-cot`) the answer is the item's reasoning and what follows from it. Both sides have the language of
    the item.

    Args:
        task: a name (`panglot tasks`), or a file of one's own.
        made: instead of a name, a task that a step made.
        languages: as `evaluation.ask` has them.
        split: whose items; not the one that is measured.
        data: folder that holds one folder a task.
        how: the protocol; demonstrations stand in the prompt.
        limit: most items a language.
        words: folder of files `TAG.yaml` with a person's own words for prompts.
        step: where to write. Its figures count items by language, and those without an answer.

    Raises:
        InputError: no such task, language, word or data; a chat; no item has an answer.
    """
    if how.chat:
        raise InputError("pairs of a prompt and an answer are plain text", where="how.chat", fix="leave it away")
    found = find(named(task, made))
    folder = None if data is None else Path(data).expanduser()
    own_words = None if words is None else Path(words).expanduser()
    wordless: dict[str, MissingWord] = {}
    counts: dict[str, int] = {}
    bare = 0
    with PairWriter(step.out / PAIRS_FILE) as writer:
        for tag in at_hand(found, languages, split, folder, step):
            try:
                asked = questions(
                    found, tag, how, split=split, data=folder, limit=limit, translations=None, words=own_words, seed=step.seed
                )
                solved = []
                for item, shown in zip(asked.items, asked.demonstrations, strict=True):
                    if item.label is None and not item.references:
                        bare += 1
                        continue
                    solved.append((item.id, *asked.template.solved(worked(item, asked.template), shown)))
            except MissingWord as error:
                if not is_group(languages):
                    raise
                wordless[tag] = error
                continue
            for name, prompt, answer in solved:
                writer.pair(prompt, answer, tag, tag, origin=f"{found.name}:{name}")
            counts[tag] = len(solved)
    if not counts and wordless:
        raise next(iter(wordless.values()))
    if not any(counts.values()):
        raise InputError("no item has an answer", where=f"{found.name}, {split}", fix="name a split that has")
    if wordless:
        leave_out("without_words", "prompts have no words", list(wordless), found, step)
    step.figures["items"] = counts
    if bare:
        step.figures["without_answer"] = bare
        step.note(f"{found.name}: {bare:,} items without an answer were left out.")
    return Pairs(step.out)
