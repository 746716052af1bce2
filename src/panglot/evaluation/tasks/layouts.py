"""How the files of a task are laid out. Adding a layout is one class, and one name in `Layout`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Source
from panglot.evaluation.tasks.big_bench import BigBench, CotPrompt
from panglot.evaluation.tasks.columns import Columns, with_codes
from panglot.evaluation.tasks.cross_code import CrossCode
from panglot.evaluation.tasks.files import (
    MOST_JSON_BYTES,
    FileLayout,
    Place,
    read_blocks,
    read_json,
    read_json_lines,
    read_lines,
    read_tsv,
)
from panglot.evaluation.tasks.function_calls import Bfcl
from panglot.evaluation.tasks.nested import MultiRC, Record
from panglot.evaluation.tasks.passages import Answered, Beir, WithPassage
from panglot.evaluation.tasks.rows import Row, value_at


class JsonLines(FileLayout):
    """One JSON object a line."""

    layout: Literal["json_lines"] = "json_lines"

    def rows(self, place: Place) -> Iterator[Row]:
        yield from read_json_lines(place.path(self.path))


class JsonLists(FileLayout):
    """Files that each hold one JSON list of objects, read one behind the other.

    Attributes:
        parts: of each split (its name in file names), what stands for `{part}` in the path.
    """

    layout: Literal["json_lists"] = "json_lists"
    parts: dict[str, tuple[str, ...]]

    def paths(self, place: Place) -> tuple[Path, ...]:
        return tuple(place.path(self.path.replace("{part}", each)) for each in self.parts.get(place.split, ()))

    def rows(self, place: Place) -> Iterator[Row]:
        for path in self.paths(place):
            found = read_json(path)
            if not (isinstance(found, list) and all(isinstance(each, dict) for each in found)):
                raise InputError("the file is not a JSON list of objects", where=path)
            yield from (Row(f"{path}, entry {number}", each) for number, each in enumerate(found, start=1))


class JsonFiles(FileLayout):
    """Files that each hold one JSON object; a `*` in the path stands for any name. Rows have `file` too: folder and name."""

    layout: Literal["json_files"] = "json_files"

    def paths(self, place: Place) -> tuple[Path, ...]:
        pattern = with_codes(self.path, place.codes)
        found = sorted(place.folder.glob(pattern), key=lambda path: [(len(part), part) for part in path.parts])
        return tuple(found) or (place.folder / pattern,)

    def rows(self, place: Place) -> Iterator[Row]:
        for path in self.paths(place):
            found = read_json(path)
            if not isinstance(found, dict):
                raise InputError("the file is not a JSON object", where=path)
            yield Row(str(path), {"file": f"{path.parent.name}/{path.stem}", **found})


class Tsv(FileLayout):
    """Tab-separated values without quoting.

    Attributes:
        header: names of the columns, where the file has no line that names them.
    """

    layout: Literal["tsv"] = "tsv"
    header: tuple[str, ...] = ()

    def rows(self, place: Place) -> Iterator[Row]:
        yield from read_tsv(place.path(self.path), self.header)


class Conll(FileLayout):
    """A word and its tag a line, sentences between blank lines. Rows have `words` and `tags`."""

    layout: Literal["conll"] = "conll"
    columns: Columns = Columns(words="words", tags="tags")

    def rows(self, place: Place) -> Iterator[Row]:
        for where, block in read_blocks(place.path(self.path)):
            pairs = [line.rstrip().replace("\t", " ").rsplit(" ", 1) for line in block]
            for pair, line in zip(pairs, block, strict=True):
                if len(pair) != 2 or not pair[0].strip():
                    raise InputError(f"not a word and a tag: {line!r}", where=f"sentence at {where}")
            yield Row(where, {"words": [word for word, _ in pairs], "tags": [tag for _, tag in pairs]})


class Conllu(FileLayout):
    """CoNLL-U. Rows have `id`, `text`, `words`, `tags` (UPOS), `heads` and `relations`.

    Words are syntactic words: the ranges of multiword tokens (`1-3`) and empty nodes (`8.1`) have no tag and no head, and are
    no words. As no word's number counts them, heads need no change.
    """

    layout: Literal["conllu"] = "conllu"
    columns: Columns = Columns(id=("id",), words="words", tags="tags")

    def rows(self, place: Place) -> Iterator[Row]:
        for where, block in read_blocks(place.path(self.path)):
            comments, cells = _comments(block)
            for each in cells:
                if len(each) != 10:
                    raise InputError(f"{len(each)} columns in place of 10", where=f"sentence at {where}")
            words = [each for each in cells if each[0].isdecimal()]
            yield Row(
                where,
                {
                    "id": comments.get("sent_id", where),
                    "text": comments.get("text", ""),
                    "words": [each[1] for each in words],
                    "tags": [each[3] for each in words],
                    "heads": [each[6] for each in words],
                    "relations": [each[7] for each in words],
                },
            )


def _comments(block: list[str]) -> tuple[dict[str, str], list[list[str]]]:
    said: dict[str, str] = {}
    cells = []
    for line in block:
        if line.startswith("#") and ("=" in line or ":" in line) and "\t" not in line:
            name, _, value = line[1:].partition("=" if "=" in line else ":")
            said[name.strip()] = value.strip()
        elif not line.startswith("#"):
            cells.append(line.split("\t"))
    return said, cells


class Xsid(FileLayout):
    """Intents and slots as xSID writes them. Rows have `id`, `text`, `intent`, `words` and `tags`.

    The English files name no ids; their sentences are numbered from 1, as the other files number theirs.
    """

    layout: Literal["xsid"] = "xsid"

    def rows(self, place: Place) -> Iterator[Row]:
        for number, (where, block) in enumerate(read_blocks(place.path(self.path)), start=1):
            said, cells = _comments(block)
            for name in ("text", "intent"):
                if name not in said:
                    raise InputError(f"the sentence has no line '# {name} = …'", where=where)
            words, tags = [each[1] for each in cells], [each[-1] for each in cells]
            yield Row(
                where,
                {
                    "id": said.get("id", str(number)),
                    "text": said["text"],
                    "intent": said["intent"],
                    "words": words,
                    "tags": tags,
                },
            )


class Aligned(FileLayout):
    """Two files of as many lines: line N of one means what line N of the other does. Rows have `id`, `source`, `target`."""

    layout: Literal["aligned"] = "aligned"
    pivot_path: str
    columns: Columns = Columns(id=("id",), fields={"source": "source", "target": "target"})

    def paths(self, place: Place) -> tuple[Path, ...]:
        return place.path(self.path), place.path(self.pivot_path)

    def rows(self, place: Place) -> Iterator[Row]:
        path, other = self.paths(place)
        ours, theirs = list(read_lines(path)), list(read_lines(other))
        if len(ours) != len(theirs):
            raise InputError(f"{len(ours)} lines here and {len(theirs)} in {other}", where=path)
        for number, ((where, source), (_, target)) in enumerate(zip(ours, theirs, strict=True), start=1):
            yield Row(where, {"id": str(number), "source": source, "target": target})


class Joined(FileLayout):
    """A file a language, TSV or JSON Lines, joined by a key. Rows have `id`, `source` and `target` (null where it is missing).

    Attributes:
        key: column that names a text in every language.
        text: column of the text.
        only: columns that must hold this value, as `where` of columns.
    """

    layout: Literal["joined"] = "joined"
    key: str
    text: str = "text"
    only: dict[str, str] = {}
    columns: Columns = Columns(id=("id",), fields={"source": "source", "target": "target"})

    def paths(self, place: Place) -> tuple[Path, ...]:
        return place.path(self.path), self._other(place)

    def _other(self, place: Place) -> Path:
        return Place(place.folder, place.pivot, place.split).path(self.path)

    def rows(self, place: Place) -> Iterator[Row]:
        theirs = {key: text for _, key, text in self._texts(self._other(place), place)}
        for where, key, text in self._texts(place.path(self.path), place):
            yield Row(where, {"id": key, "source": text, "target": theirs.get(key)})

    def _texts(self, path: Path, place: Place) -> Iterator[tuple[str, str, str]]:
        wanted = {name: with_codes(value, place.codes) for name, value in self.only.items()}
        rows = read_json_lines(path) if path.name.removesuffix(".gz").endswith(".jsonl") else read_tsv(path)
        for row in rows:
            if all(str(value_at(row, name)) == value for name, value in wanted.items()):
                yield row.where, str(value_at(row, self.key)), str(value_at(row, self.text))


class Squad(FileLayout):
    """The JSON of SQuAD: articles, paragraphs, questions. Rows have `id`, `context`, `question`, `answers`, `starts`."""

    layout: Literal["squad"] = "squad"
    columns: Columns = Columns(
        id=("id",), fields={"context": "context", "question": "question"}, references=("answers",), starts="starts"
    )

    def rows(self, place: Place) -> Iterator[Row]:
        path = place.path(self.path)
        try:
            articles = json.loads(Source(path).content(MOST_JSON_BYTES))["data"]
            for paragraph in (each for article in articles for each in article["paragraphs"]):
                for asked in paragraph["qas"]:
                    yield Row(f"{path}, question {asked['id']}", _flat(paragraph["context"], asked))
        except (ValueError, RecursionError):
            raise InputError("the file is not JSON", where=path) from None
        except (KeyError, TypeError) as error:
            raise InputError(f"the file is not in SQuAD's form: {error} is missing", where=path) from None


def _flat(context: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    answers = asked["answers"]
    return {
        "id": asked["id"],
        "context": context,
        "question": asked["question"],
        "answers": [each["text"] for each in answers],
        "starts": [each["answer_start"] for each in answers],
    }


Layout = Annotated[
    JsonLines
    | JsonLists
    | JsonFiles
    | MultiRC
    | Record
    | CrossCode
    | Bfcl
    | BigBench
    | CotPrompt
    | Tsv
    | Conll
    | Conllu
    | Xsid
    | Aligned
    | Joined
    | Squad
    | Beir
    | Answered
    | WithPassage,
    Field(discriminator="layout"),
]
