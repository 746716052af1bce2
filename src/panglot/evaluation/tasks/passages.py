"""Retrieval: queries, a corpus of passages, and judgements of which passages answer which query."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from panglot.artifacts import InputError, digest_bytes
from panglot.evaluation.tasks.columns import Columns, with_codes
from panglot.evaluation.tasks.files import FileLayout, Place, read_json_lines, read_lines, read_tsv
from panglot.evaluation.tasks.rows import Row, value_at

COLUMNS = Columns(id=("id",), fields={"query": "query"}, relevant="relevant")
_IDS = ("_id", "docid", "query_id", "id")
_TEXTS = ("text", "query", "contents", "context")

Judgements = Mapping[str, Mapping[str, int]]


class Passage(NamedTuple):
    """One passage of a corpus.

    Attributes:
        id: unique in the corpus.
        text: its title, where it has one, a blank, and its text, as BEIR joins them: what an encoder gets.
        body: its text without the title: where answers are looked for.
    """

    id: str
    text: str
    body: str = ""


class Beir(FileLayout):
    """Queries, passages and judgements in three files, as BEIR or TREC have them. Rows have `id`, `query` and `relevant`.

    `path` names the queries: JSON Lines (`_id` or `query_id`, `text` or `query`), or, where it ends in `.tsv`, an id and a
    text a line without names, as topics of TREC. In paths a `*` stands for the parts of one corpus.

    Attributes:
        corpus: JSON Lines of passages: `_id` or `docid`, `title` where there is one, `text`.
        qrels: query, passage and grade a line with a line of names (BEIR), or query, any word, passage and grade (TREC).
    """

    layout: Literal["beir"] = "beir"
    corpus: str
    qrels: str
    columns: Columns = COLUMNS

    def paths(self, place: Place) -> tuple[Path, ...]:
        return place.path(self.path), place.path(self.qrels), *self.corpus_paths(place)

    def corpus_paths(self, place: Place) -> tuple[Path, ...]:
        """The files that hold the passages."""
        return tuple(_files(place, self.corpus))

    def rows(self, place: Place) -> Iterator[Row]:
        path = place.path(self.path)
        tsv = path.name.removesuffix(".gz").endswith(".tsv")
        queries = read_tsv(path, ("_id", "text")) if tsv else read_json_lines(path)
        return query_rows(queries, judgements(_qrels(place.path(self.qrels))))

    def passages(self, place: Place) -> Iterator[Passage]:
        """The corpus."""
        return passages_of(row for path in self.corpus_paths(place) for row in read_json_lines(path))


class Answered(FileLayout):
    """JSON Lines of queries with their answers, and a corpus apart, as XOR-Retrieve has them. Rows have the keys of the line.

    What was found is judged by whether an answer stands in it, so that nobody has to have judged passages.

    Attributes:
        corpus: passages, in JSON Lines (see `Beir`) or, where the name ends in `.tsv`, with a line of names, as `id`, `text`,
            `title` of DPR's `psgs_w100.tsv`; cells may be quoted as in CSV. A `*` stands for the parts of one corpus.
        passage: key of the id of the one passage that answers the query, where the lines name it; gives `relevant`.
    """

    layout: Literal["answered"] = "answered"
    corpus: str
    passage: str | None = None

    def paths(self, place: Place) -> tuple[Path, ...]:
        return place.path(self.path), *self.corpus_paths(place)

    def corpus_paths(self, place: Place) -> tuple[Path, ...]:
        """The files that hold the passages."""
        return tuple(_files(place, self.corpus))

    def rows(self, place: Place) -> Iterator[Row]:
        for row in read_json_lines(place.path(self.path)):
            if self.passage is None:
                yield row
                continue
            answer = value_at(row, self.passage)
            yield Row(row.where, {**row.values, "relevant": {} if answer in (None, "") else {str(answer): 1}})

    def passages(self, place: Place) -> Iterator[Passage]:
        """The corpus."""
        return passages_of(row for path in self.corpus_paths(place) for row in _table(path))


def _table(path: Path) -> Iterator[Row]:
    if not path.name.removesuffix(".gz").endswith(".tsv"):
        yield from read_json_lines(path)
        return
    for row in read_tsv(path):
        yield Row(row.where, {name: _unquoted(cell) for name, cell in row.values.items()})


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


class WithPassage(FileLayout):
    """JSON Lines of queries that each name the passage that answers them; all passages of `pool` are the corpus.

    Rows have the keys of the line and `relevant`. A passage's id is a digest of its text, so that equal texts are one passage.

    Attributes:
        passage: key of the passage, in the lines of the queries and of the pool.
        pool: files whose passages are searched; a `*` stands for any.
    """

    layout: Literal["with_passage"] = "with_passage"
    passage: str
    pool: tuple[str, ...]

    def paths(self, place: Place) -> tuple[Path, ...]:
        return tuple(dict.fromkeys([place.path(self.path), *self.corpus_paths(place)]))

    def corpus_paths(self, place: Place) -> tuple[Path, ...]:
        """The files that hold the passages."""
        return tuple(dict.fromkeys(path for each in self.pool for path in _files(place, each)))

    def rows(self, place: Place) -> Iterator[Row]:
        for row in read_json_lines(place.path(self.path)):
            text = str(value_at(row, self.passage) or "").strip()
            yield Row(row.where, {**row.values, "relevant": {_digest(text): 1} if text else {}})

    def passages(self, place: Place) -> Iterator[Passage]:
        """The corpus."""
        rows = (row for path in self.corpus_paths(place) for row in read_json_lines(path))
        texts = (str(value_at(row, self.passage) or "").strip() for row in rows)
        return (Passage(_digest(text), text, text) for text in dict.fromkeys(texts) if text)


def _digest(text: str) -> str:
    return digest_bytes(text.encode(errors="surrogatepass"))[:16]


def _files(place: Place, pattern: str) -> list[Path]:
    """The files of a pattern, sorted; the pattern itself where there is none, so that it is named as missing."""
    if "*" not in pattern:
        return [place.path(pattern)]
    inside = with_codes(pattern, place.codes)
    # a folder that holds a part both plain and packed holds it once
    found = {path.name.removesuffix(".gz"): path for path in sorted(place.folder.glob(f"{inside}.gz"))}
    found |= {path.name.removesuffix(".gz"): path for path in sorted(place.folder.glob(inside))}
    return [path for _, path in sorted(found.items())] or [place.folder / inside]


def judgements(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """By query and passage the grade, of rows with `query-id`, `corpus-id` and `score`. A grade of 0 or less is irrelevant.

    Raises:
        InputError: a grade is no whole number, or a query has two for one passage.
    """
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        query, passage, grade = (str(value_at(row, name)) for name in ("query-id", "corpus-id", "score"))
        of_query = found.setdefault(query, {})
        if passage in of_query:
            raise InputError(f"the passage {passage!r} is judged twice for the query {query!r}", where=row.where)
        try:
            of_query[passage] = int(grade)
        except ValueError:
            raise InputError(f"the grade {grade!r} is no whole number", where=row.where) from None
    return found


def _qrels(path: Path) -> Iterator[Row]:
    for number, (where, line) in enumerate(read_lines(path)):
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) == 4:
            del cells[1]
        elif number == 0 and len(cells) == 3 and not cells[2].lstrip("-").isdecimal():
            continue
        if not cells:
            continue
        if len(cells) != 3:
            raise InputError(f"{len(cells)} columns in place of 3 (BEIR) or 4 (TREC)", where=where)
        yield Row(where, dict(zip(("query-id", "corpus-id", "score"), cells, strict=True)))


def query_rows(queries: Iterable[Row], judged: Judgements) -> Iterator[Row]:
    """The queries with their judgements; `relevant` is None where there is none.

    Raises:
        InputError: a judgement is of a query that is not among them.
    """
    unknown = dict.fromkeys(judged)
    for row in queries:
        identity = _first(row, _IDS, "id")
        unknown.pop(identity, None)
        yield Row(row.where, {"id": identity, "query": _first(row, _TEXTS, "text"), "relevant": judged.get(identity)})
    if unknown:
        raise InputError(
            f"{len(unknown)} judged queries are not among the queries, {next(iter(unknown))!r} among them",
            where="qrels",
            fix="are queries and judgements of the same set?",
        )


def passages_of(rows: Iterable[Row]) -> Iterator[Passage]:
    """The passages of rows.

    Raises:
        InputError: an id stands twice, or a row has no id or text.
    """
    seen: set[str] = set()
    for row in rows:
        identity = _first(row, _IDS, "id")
        if identity in seen:
            raise InputError(f"the passage {identity!r} stands twice in the corpus", where=row.where)
        seen.add(identity)
        title, body = str(row.values.get("title") or ""), _first(row, _TEXTS, "text")
        yield Passage(identity, f"{title} {body}".strip(), body)


def _first(row: Row, names: tuple[str, ...], what: str) -> str:
    for name in names:
        if row.values.get(name) is not None:
            return str(row.values[name])
    raise InputError(f"this row has no {what}", where=row.where, fix=f"one of the keys {', '.join(names)} holds it")
