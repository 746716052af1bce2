"""Layouts of SuperGLUE's files that hold several questions in an object."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Literal

from panglot.artifacts import InputError
from panglot.evaluation.tasks.files import FileLayout, Place, read_json_lines
from panglot.evaluation.tasks.rows import Row


class _Nested(FileLayout):
    """A passage with its questions on each line."""

    def rows(self, place: Place) -> Iterator[Row]:
        for row in read_json_lines(place.path(self.path)):
            try:
                yield from self._unfolded(row.where, row.values)
            except (KeyError, TypeError, AttributeError) as error:
                raise InputError(f"this line is not as SuperGLUE has it: {error} is missing", where=row.where) from None

    @abstractmethod
    def _unfolded(self, where: str, line: Any) -> Iterator[Row]:
        """The rows of a line."""


class MultiRC(_Nested):
    """MultiRC as SuperGLUE has it: a row an answer, with `paragraph`, `question`, `answer`, `label` and `idx` as on the hub."""

    layout: Literal["multirc"] = "multirc"

    def _unfolded(self, where: str, line: Any) -> Iterator[Row]:
        passage = line["passage"]
        for asked in passage["questions"]:
            for answer in asked["answers"]:
                numbers = {"paragraph": line["idx"], "question": asked["idx"], "answer": answer["idx"]}
                values = {"paragraph": passage["text"], "question": asked["question"], "answer": answer["text"]}
                yield Row(f"{where}, answer {numbers}", {**values, "label": answer.get("label", -1), "idx": numbers})


class Record(_Nested):
    """ReCoRD as SuperGLUE has it: a row a query, with `passage`, `query`, `entities`, `answers` and `idx` as on the hub.

    Entities are the different texts at the offsets of the passage, whose ends are those of the last character, sorted.
    """

    layout: Literal["record"] = "record"

    def _unfolded(self, where: str, line: Any) -> Iterator[Row]:
        text = line["passage"]["text"]
        entities = sorted({text[each["start"] : each["end"] + 1] for each in line["passage"]["entities"]})
        for asked in line["qas"]:
            answers = sorted({each["text"] for each in asked.get("answers", ())})
            values = {"passage": text, "query": asked["query"], "entities": entities, "answers": answers}
            numbers = {"passage": line["idx"], "query": asked["idx"]}
            yield Row(f"{where}, query {json.dumps(asked['idx'])}", {**values, "idx": numbers})
