"""Questions that calls of functions answer: BFCL's two files, and Nexus' two tables."""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from panglot.artifacts import InputError
from panglot.evaluation.tasks.columns import Columns
from panglot.evaluation.tasks.files import FileLayout, Place, read_json_lines
from panglot.evaluation.tasks.rows import Row


class Bfcl(FileLayout):
    """The Berkeley Function-Calling Leaderboard: questions with their functions, and in `answers` the calls that are right.

    Rows have `id`, `question` (what is said in the first turn), `functions` (a line of JSON each) and `calls`, the list of
    right values that the metric `calls_match` reads. A question without an answer has no `calls`.
    """

    layout: Literal["bfcl"] = "bfcl"
    answers: str
    columns: Columns = Columns(id=("id",), fields={"question": "question", "functions": "functions"}, references=("calls",))

    def paths(self, place: Place) -> tuple[Path, ...]:
        return place.path(self.path), place.path(self.answers)

    def rows(self, place: Place) -> Iterator[Row]:
        questions, answers = self.paths(place)
        right = {str(row.values.get("id")): row.values.get("ground_truth") for row in read_json_lines(answers)}
        for where, values in read_json_lines(questions):
            try:
                said = "\n\n".join(each["content"] for each in values["question"][0])
                row = {"id": values["id"], "question": said, "functions": _lines(values["function"])}
            except (KeyError, IndexError, TypeError) as error:
                raise InputError(f"this line is not as BFCL has it: {error} is missing", where=where) from None
            found = right.get(str(values["id"]))
            yield Row(where, {**row, "calls": json.dumps(found, ensure_ascii=False) if found else ""})


def nexus_rows(queries: Iterable[Row], functions: Iterable[Row]) -> Iterator[Row]:
    """Rows of Nexus' queries with the definitions of the functions that each may call.

    Rows have `question`, `functions` and `calls` as those of BFCL, and `part`, the set that they are from. An argument that
    the right call leaves out may be given its default, since there the call is made and both are then the same.

    Args:
        queries: with `dataset`, `prompt`, `python_function_name`, `python_args_dict` (JSON), `context_functions`.
        functions: with `dataset`, `name`, `description`, `args_dicts`.

    Raises:
        InputError: a function is not defined, or a column is missing.
    """
    known = {(row.values.get("dataset"), row.values.get("name")): row.values for row in functions}
    for where, values in queries:
        try:
            names = [values["python_function_name"], *values["context_functions"]]
            defined = {name: known[values["dataset"], name] for name in dict.fromkeys(names)}
            given = json.loads(values["python_args_dict"])
            right: dict[str, list[Any]] = {name: [value] for name, value in given.items()}
            for each in defined[names[0]]["args_dicts"]:
                right.setdefault(each["name"], [_default(each.get("default")), ""])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this row is not as Nexus has it: {error}", where=where) from None
        shown = [{"name": each, **_definition(defined[each])} for each in sorted(defined)]
        calls = json.dumps([{names[0]: right}], ensure_ascii=False)
        yield Row(where, {"question": values["prompt"], "part": values["dataset"], "functions": _lines(shown), "calls": calls})


def _definition(function: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": function["description"], "parameters": list(function["args_dicts"])}


def _lines(functions: Iterable[Any]) -> str:
    return "\n".join(json.dumps(each, ensure_ascii=False) for each in functions)


def _default(said: object) -> object:
    if not isinstance(said, str):
        return said
    try:
        found = ast.literal_eval(said)
        json.dumps(found)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return said
    return found
