"""A data set of the hub by name: streamed, and none of its code is ever run."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from panglot.artifacts import InputError
from panglot.evaluation.tasks.columns import Columns, with_codes
from panglot.evaluation.tasks.files import Place
from panglot.evaluation.tasks.function_calls import nexus_rows
from panglot.evaluation.tasks.passages import Passage, judgements, passages_of, query_rows
from panglot.evaluation.tasks.rows import Row

_MOST_ROWS = 5_000_000
_MOST_BYTES = 2 << 30


class Hub(BaseModel):
    """Where a data set lies on the hub, and what its columns mean.

    Attributes:
        name: `owner/set`.
        config: name of the configuration, with `{code}` and `{pivot}`; empty where the set has none.
        languages: our tag to the set's code, where it is not the one in file names; the hub has only these then.
        splits: our split to the set's; the hub has only these.
        files: Parquet or JSON Lines files inside of the set, with `{code}` and `{split}`, where the set's loader is a script.
        revision: commit, tag or reference; the newest without it.
        join: the column by which rows of the language and of its pivot belong together.
        qrels: for retrieval, name of the configuration of the judgements, in BEIR's columns; `config` is that of the queries.
        functions: for calls of functions, name of the configuration of their definitions, in Nexus' columns; `config` is
            that of the questions.
        corpus: for retrieval, name of the configuration of the passages.
        corpus_split: split of the passages, where it is another than that of the queries.
        columns: what they mean. With `join`: `source` and `target` are made from the column that `text` names.
        text: column of the text, with `join`.
        terms: whether the hub asks that terms are accepted before it gives the data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    config: str = "{code}"
    languages: dict[str, str] = {}
    splits: dict[str, str]
    files: str | None = None
    revision: str | None = None
    join: str | None = None
    text: str = "text"
    qrels: str | None = None
    functions: str | None = None
    corpus: str | None = None
    corpus_split: str | None = None
    columns: Columns = Columns()
    terms: bool = False

    def rows(self, place: Place) -> Iterator[Row]:
        """The rows; `place.folder` plays no part.

        Raises:
            InputError: it cannot be reached or loaded.
        """
        for number, row in enumerate(self._found(place)):
            if number == _MOST_ROWS:
                raise InputError(f"more than {_MOST_ROWS:,} rows: this is no set for evaluation", where=f"hub:{self.name}")
            yield row

    def _found(self, place: Place) -> Iterator[Row]:
        if self.qrels is not None:
            yield from query_rows(self._rows(place), judgements(self._rows(place, config=self.qrels)))
            return
        if self.functions is not None:
            yield from nexus_rows(self._rows(place), self._rows(place, config=self.functions))
            return
        if self.join is None:
            yield from self._rows(place)
            return
        pivot = Place(place.folder, place.pivot, place.split)
        theirs = {str(row.values[self.join]): row.values[self.text] for row in self._rows(pivot)}
        for row in self._rows(place):
            key = str(row.values[self.join])
            yield Row(row.where, {"id": key, "source": row.values[self.text], "target": theirs.get(key)})

    def passages(self, place: Place) -> Iterator[Passage]:
        """The corpus, streamed.

        Raises:
            InputError: it cannot be reached or loaded, or an id stands twice.
        """
        there = replace(place, split=self.corpus_split or place.split)
        return passages_of(self._rows(there, config=self.corpus))

    def _rows(self, place: Place, config: str | None = None) -> Iterator[Row]:
        said = f"hub:{self.name}:{place.code}:{place.split}"
        source = self if config is None else self.model_copy(update={"config": config})
        for number, values in enumerate(source._stream(said, place), start=1):
            yield Row(f"{said}, row {number}", values)

    def _stream(self, said: str, place: Place) -> Iterator[Mapping[str, Any]]:
        from panglot.corpus.reading.hub import MIRROR, hub_rows
        from panglot.corpus.reading.hub import Place as HubPlace

        mirror = os.environ.get(MIRROR)
        if self.files is not None:
            inside = with_codes(self.files, place.codes)
            builder = "parquet" if inside.endswith(".parquet") else "json"
            revision = f"@{self.revision}" if self.revision else ""
            path = f"hf://datasets/{self.name}{revision}/{inside}" if mirror is None else str(Path(mirror) / self.name / inside)
            return hub_rows(said, HubPlace(builder, None, place.split, path), most_bytes=_MOST_BYTES)
        config = with_codes(self.config, place.codes) or None
        if mirror is not None:
            folder = Path(mirror) / self.name
            if not folder.is_dir():
                raise InputError("there is no such data set in the folder of copies", where=folder)
            return hub_rows(said, HubPlace(str(folder), config, place.split))
        options = {"revision": self.revision} if self.revision else {}
        return hub_rows(said, HubPlace(self.name, config, place.split, None, options), most_bytes=_MOST_BYTES)
