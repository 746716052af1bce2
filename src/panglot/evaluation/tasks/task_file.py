"""Reading a task file. Every scalar of its YAML is text, and the schema says what becomes of it: `no` is Norwegian."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from panglot.artifacts import InputError, did_you_mean
from panglot.evaluation.tasks.task import Task

_MOST_BYTES = 1 << 20
_SAID = re.compile(r"(.*\.ya?ml|[^@:/]+?)(?:@([^@:/]+))?(?::(into|from))?")
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Loader(_LOADER):  # type: ignore[misc]
    """Makes text, lists and mappings, and nothing else."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def read(path: Path) -> Task:
    """A person's own task file. Its files are looked for beside it.

    Raises:
        InputError: it is missing, no YAML, or not a task; names the line and the field.
    """
    from panglot.languages import Language

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError("a task file of more than 1 MiB", where=path, fix="is this the right file?")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("there is no such task file", where=path) from None
    except IsADirectoryError:
        raise InputError("this is a folder, not a task file", where=path) from None
    except UnicodeDecodeError as error:
        raise InputError("the file is not UTF-8", where=f"{path}, byte {error.start}") from None
    except PermissionError:
        raise InputError("the file cannot be read: permission denied", where=path) from None
    task = parse(text, str(path))
    for tag in (*task.languages, *task.pivots):
        try:
            Language(tag)
        except InputError as error:
            raise InputError(error.what, where=f"{path}, languages", fix=error.fix) from None
    return task.at(path.parent)


def parse(text: str, source: str, *, trusted: bool = False) -> Task:
    """The task of a YAML text.

    Args:
        text: of at most 1 MiB.
        source: what to call it in errors.
        trusted: leave out the search for anchors and aliases, which can make a small file endless.

    Raises:
        InputError: no YAML, or not a task; names the line and the field.
    """
    value = mapping(text, source, what="a task file is a mapping with the keys name, kind, languages, …", trusted=trusted)
    try:
        return Task.model_validate(value)
    except ValidationError as error:
        raise explained(error, text, source, Task) from None


def mapping(text: str, source: str, *, what: str, trusted: bool = False) -> dict[str, Any]:
    """The mapping of a YAML text, its scalars as text; `what` it should be, for errors. The rest is as in `parse`."""
    try:
        if not trusted and any(isinstance(each, yaml.AliasEvent) for each in yaml.parse(text, Loader=_LOADER)):
            raise InputError("aliases have no place in this file", where=source)
        value = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}, line {mark.line + 1}" if mark else source
        raise InputError(f"this is not YAML: {error.problem or error.context}", where=place) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"this is not YAML: {str(error).splitlines()[0]}", where=source) from None
    if not isinstance(value, dict):
        raise InputError(what, where=source)
    return value


def explained(error: ValidationError, text: str, source: str, model: type[BaseModel]) -> InputError:
    """The first thing that is wrong with a file, with its line."""
    first = error.errors()[0]
    path = [str(each) for each in first["loc"] if each not in _LAYOUTS]
    where = f"{source}, line {_line(text, path)}"
    field = ".".join(path)
    if first["type"] == "missing":
        return InputError(f"the field {field!r} is missing", where=where, fix=_HELP.get(path[-1]))
    if first["type"] == "extra_forbidden":
        return InputError(f"there is no field {field!r}", where=where, fix=did_you_mean(path[-1], model.model_fields) or None)
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return InputError(f"{field}: {message}" if field else message, where=where)


_LAYOUTS = (
    "json_lines",
    "json_lists",
    "json_files",
    "multirc",
    "record",
    "cross_code",
    "bfcl",
    "big_bench",
    "cot_prompt",
    "tsv",
    "conll",
    "conllu",
    "xsid",
    "aligned",
    "joined",
    "squad",
    "beir",
    "answered",
    "with_passage",
)
_HELP = {
    "licence": "write what the data's page says, or 'not stated'",
    "citation": "one line: who made the data, and when",
    "translated": "human, machine, native or mixed",
    "languages": "for example {swh_Latn: swh}",
    "splits": "for example [test]",
    "metrics": "for example [accuracy]",
}


def _line(text: str, path: list[str]) -> int:
    """Line of the nearest part of a path that the text has."""
    node: Any = yaml.compose(text, Loader=_LOADER)
    line = node.start_mark.line
    for key in path:
        if isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
            node = node.value[int(key)]
        elif isinstance(node, yaml.MappingNode) and any(each.value == key for each, _ in node.value):
            node = next(value for each, value in node.value if each.value == key)
        else:
            break
        line = node.start_mark.line
    return int(line) + 1


@cache
def builtin() -> dict[str, Task]:
    """The tasks that come with Panglot, by name."""
    folder = Path(__file__).with_name("data")
    found = (_packaged(each) for each in folder.glob("*.yaml"))
    return {task.name: task for task in sorted(found, key=lambda task: task.name)}


def builtin_names() -> list[str]:
    """Names of the built-in tasks, without reading them."""
    return sorted(each.stem for each in Path(__file__).with_name("data").glob("*.yaml"))


def _builtin(name: str) -> Task:
    names = builtin_names()
    if name not in names:
        hint = _near(name, names)
        raise InputError(
            f"there is no task {name!r}", fix=hint or "`panglot tasks` lists them; your own is a path that ends in .yaml"
        )
    return _packaged(Path(__file__).with_name("data") / f"{name}.yaml")


def _packaged(path: Path) -> Task:
    task = parse(path.read_text(encoding="utf-8"), path.name, trusted=True)
    return task.at(path.parent) if task.shipped else task


def _near(name: str, names: Iterable[str]) -> str:
    low = name.lower().replace("_", "-")
    return did_you_mean(low, names) or did_you_mean(low.replace("-", ""), names)


def find(name: str) -> Task:
    """A task by name, or a person's own by the path of its file.

    For pairs two things may be said after the name: another pivot, `quran@swh`, and that the pairs are asked as translation,
    `mafand:into` (from the pivot into the language) or `mafand:from`. A path may be followed by them as well.

    Args:
        name: a built-in name, or a path that ends in `.yaml`.

    Raises:
        InputError: there is no such task; names near ones. Or the task has no such pivot, or no pairs.

    Example:
        >>> find("mafand:into").kind, find("bible@swh_Latn").pivot("zul_Latn")
        ('generation', 'swh_Latn')
    """
    said = _SAID.fullmatch(name)
    base, pivot, direction = said.groups() if said else (name, None, None)
    own = base.endswith((".yaml", ".yml"))
    task = read(Path(base)) if own else _builtin(base)
    if (pivot or direction) and task.kind != "pairs":
        raise InputError(f"{task.name} has no pairs, so neither a pivot nor a direction", where=name, fix=f"write {base}")
    if pivot:
        task = _with_pivot(task, pivot)
    if direction:
        update = {"kind": "generation", "direction": direction, "metrics": task.translation_metrics, "chance": None}
        task = task.model_copy(update=update)
    return task


def _with_pivot(task: Task, said: str) -> Task:
    from panglot.languages import Language

    tag = said if said in task.pivots else Language.parse(said).tag
    if tag not in task.pivots:
        raise InputError(f"{task.name} has no pairs with {said!r}", fix=f"it has them with {', '.join(task.pivots)}")
    pivots = {tag: task.pivots[tag], **task.pivots}
    every = {**task.languages, **(task.pivots if task.parallel else {})}
    languages = {each: code for each, code in sorted(every.items()) if each != tag}
    return task.model_copy(update={"pivots": pivots, "languages": languages, "pivot_of": {}})
