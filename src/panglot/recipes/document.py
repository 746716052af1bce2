"""Reading a recipe file: YAML, less its traps, with the line of every value.

Plain scalars follow YAML 1.2: `no` is Norwegian and not false, `1e-4` is a number, `12:30` is text. Anchors, tags and
repeated keys are refused, so a recipe means what it shows and cannot grow when it is read.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from panglot.artifacts import InputError

Path_ = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?[0-9][0-9_]*")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS = {"null": None, "~": None, "": None, "true": True, "True": True, "false": False, "False": False}
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: plain values, and where each stands.

    Attributes:
        source: file name, or another name of where it came from.
        value: dicts, lists and scalars.
        lines: path of keys and indexes to line number, from 1.
    """

    source: str
    value: Any
    lines: dict[Path_, int] = field(default_factory=dict)

    def where(self, *path: str | int) -> str:
        """`file, line N` of a value, or of the nearest thing around it that is known."""
        for length in range(len(path), -1, -1):
            if (line := self.lines.get(path[:length])) is not None:
                return f"{self.source}, line {line}"
        return self.source


def scalar(text: str) -> Any:
    """The value of a plain scalar.

    Example:
        >>> [scalar(each) for each in ("17", "1e-4", "no", "true", "12:30", "null")]
        [17, 0.0001, 'no', True, '12:30', None]
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def parse(text: str, source: str) -> Document:
    """Parse YAML text.

    Raises:
        InputError: not YAML, or one of the refused parts of YAML; names the line.
    """
    lines: dict[Path_, int] = {}
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise InputError("anchors and aliases have no place in a recipe", where=_at(source, event.start_mark))
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _at(source, mark) if mark else source
        raise InputError(f"this is not YAML: {error.problem or error.context}", where=place) from None
    except yaml.YAMLError as error:
        raise InputError(f"this is not YAML: {str(error).splitlines()[0]}", where=source) from None
    except RecursionError:
        raise InputError("the lists and mappings are nested too deeply", where=source) from None
    return Document(source, None if node is None else _value(node, (), lines, source), lines)


def read(path: Path) -> Document:
    """Parse a YAML file of at most 1 MiB."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError("a recipe of more than 1 MiB", where=path, fix="is this the right file?")
        return parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise InputError("there is no such file", where=path) from None
    except IsADirectoryError:
        raise InputError("this is a folder, not a recipe file", where=path) from None
    except UnicodeDecodeError as error:
        raise InputError("the file is not UTF-8", where=f"{path}, byte {error.start}") from None
    except PermissionError:
        raise InputError("the file cannot be read: permission denied", where=path) from None


def dump(value: Any) -> str:
    """YAML text that `parse` reads back to the same value: keys in order, one line a step where it fits."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=118)


def _at(source: str, mark: Any) -> str:
    return f"{source}, line {mark.line + 1}" if mark is not None else source


def _value(node: yaml.Node, path: Path_, lines: dict[Path_, int], source: str) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return scalar(node.value) if node.style is None else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, (*path, index), lines, source) for index, each in enumerate(node.value)]
    assert isinstance(node, yaml.MappingNode)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise InputError("a key must be a plain word", where=_at(source, key_node.start_mark))
        key = key_node.value
        if key in found:
            raise InputError(f"the key {key!r} stands twice", where=_at(source, key_node.start_mark))
        found[key] = _value(value_node, (*path, key), lines, source)
        lines[(*path, key)] = key_node.start_mark.line + 1
    return found


class _Dumper(yaml.SafeDumper):
    """Quotes text that would be read as something else, and nothing more."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = isinstance(scalar(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


def _represent_list(dumper: _Dumper, items: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(list, _represent_list)
