"""The layout of CrossCodeEval's files: code to go on with, and what other files of the project say."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import PositiveInt

from panglot.artifacts import InputError
from panglot.evaluation.cross_file import Chunk, Ranking, as_comments, chunks, retrieve
from panglot.evaluation.statements import known
from panglot.evaluation.tasks.columns import Columns
from panglot.evaluation.tasks.files import FileLayout, Place, read_json_lines
from panglot.evaluation.tasks.rows import Row


class CrossCode(FileLayout):
    """JSON lines of CrossCodeEval (Ding et al. 2023): `prompt`, `groundtruth`, `metadata`, `crossfile_context`.

    Rows have `id` (the task's), `prompt`, `groundtruth`, `code` (the programming language, which is the task's code) and
    `retrieved`: as comments the chunks that the release found, or that are found here in the `files` (path to text) that
    a line of one's own may have. A line without either has no `retrieved`.

    Attributes:
        ranking: how chunks of `files` are ranked.
        most: chunks that are shown.
    """

    layout: Literal["cross_code"] = "cross_code"
    ranking: Ranking = "bm25"
    most: PositiveInt = 5
    columns: Columns = Columns(
        id=("id",),
        fields={"prompt": "prompt", "retrieved": "retrieved", "code": "code"},
        optional=("retrieved",),
        references=("groundtruth",),
    )

    def rows(self, place: Place) -> Iterator[Row]:
        known(place.code)
        for where, values in read_json_lines(place.path(self.path)):
            try:
                about = values["metadata"]
                row = {"id": about["task_id"], "prompt": values["prompt"], "groundtruth": values["groundtruth"]}
                found = self._found(values, about)
            except (KeyError, TypeError, AttributeError) as error:
                raise InputError(f"this line is not as CrossCodeEval has it: {error} is missing", where=where) from None
            yield Row(where, {**row, "code": place.code, "retrieved": as_comments(found, place.code) or None})

    def _found(self, values: Mapping[str, Any], about: Mapping[str, Any]) -> list[Chunk]:
        if "files" in values:
            every = chunks(values["files"], but=about.get("file", ""))
            return retrieve(values["prompt"], every, by=self.ranking, most=self.most)
        listed = (values.get("crossfile_context") or {}).get("list") or ()
        return [Chunk(each["filename"], each["retrieved_chunk"]) for each in listed][: self.most]
