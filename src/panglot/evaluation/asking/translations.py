"""Items in another language, for the conditions that show them there: whose translations they are, and how they are read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from panglot.artifacts import Artifact, InputError, digest_file

if TYPE_CHECKING:
    from panglot.evaluation.prompts.condition import Condition
    from panglot.evaluation.tasks import Task

PARALLEL = "parallel"
"""In place of a file of translations: the task's own items in the other language."""
TRANSLATIONS_FILE = "translations.jsonl"
_SHORT = 8


class Translations(Artifact):
    """Items of a task in another language, `translations.jsonl`: objects with `language`, `id`, `fields` and `choices`."""

    @property
    def path(self) -> Path:
        """The file, as `evaluation.ask` takes one of a person's own."""
        return self.folder / TRANSLATIONS_FILE


def said_of(translations: str | None) -> dict[str, str]:
    """What a signature says of translations: `parallel`, or the beginning of the file's digest."""
    if translations is None:
        return {}
    return {"trans": PARALLEL if translations == PARALLEL else digest_file(Path(translations).expanduser())[:_SHORT]}


def translated(
    task: "Task", language: str, condition: "Condition", translations: str | None, split: str, data: Path | None
) -> dict[str, dict[str, Any]]:
    """Fields and choices in the pivot of a condition, by the id of the item; empty where nothing is translated.

    Raises:
        InputError: the condition needs translations and there are none, or a file is not as it should be.
    """
    if condition.pivot is None or language == condition.pivot:
        return {}
    if translations is None:
        raise InputError(
            f"the condition {condition} shows items in {condition.pivot}",
            where="translations",
            fix="give a file of JSON lines with language, id and fields; parallel for the task's own translations; "
            "or self, and the model translates",
        )
    if translations == PARALLEL:
        if not task.parallel:
            raise InputError(f"{task.name} is not parallel, so it has no translations of its own", where="translations")
        found = task.items(condition.pivot, split, data).items
        return {each.id: {**each.fields, "choices": each.choices} for each in found}
    return _from_file(Path(translations).expanduser(), language)


def _from_file(path: Path, language: str) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        raise InputError("there is no such file of translations", where=path)
    found: dict[str, dict[str, Any]] = {}
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                said = json.loads(line)
                tag, key, fields = said["language"], str(said["id"]), dict(said["fields"])
            except (ValueError, KeyError, TypeError):
                raise InputError("this line has no language, id and fields", where=f"{path}:{number}") from None
            if tag == language:
                found[key] = {**fields, "choices": tuple(said.get("choices", ()))}
    return found
