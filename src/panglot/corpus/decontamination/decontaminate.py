"""Component `corpus.decontaminate`: training text without what evaluation sets hold, and a report of what was there."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from panglot.artifacts import InputError, Step, reads
from panglot.corpus.decontamination.index import Index
from panglot.corpus.decontamination.items import Item, items_of, items_of_file
from panglot.corpus.decontamination.search import LEAKS_FOLDER, LEAKS_SCHEMA, Action, Search, search_shard, write_index
from panglot.corpus.documents import Documents
from panglot.corpus.engine import run_tasks
from panglot.corpus.pairs import Pairs
from panglot.corpus.read_text import outside_inputs as files_read


class Decontaminated(Documents):
    """Documents without test data. What was found lies under `leaks/`, one row for each document and item.

    Columns of `leaks`: `id`, `language`, `source`, `url` of the document; `task`, `item` (where that stands in the evaluation
    set); `share` of the item's n-grams that the document holds (1 for one found whole); `start`, `end` of the longest
    stretch, in characters of the document in NFC; `text` of that stretch, up to 400 characters.
    """

    @cached_property
    def leaks(self) -> pa.Table:
        """What was found."""
        parts = sorted((self.folder / LEAKS_FOLDER).glob("*.parquet"))
        return pa.concat_tables([pq.read_table(each) for each in parts]) if parts else LEAKS_SCHEMA.empty_table()


@reads(files_read)
def decontaminate(
    *,
    of: Documents,
    files: list[str] = [],  # noqa: B006
    against: list[Documents | Pairs] = [],  # noqa: B006
    columns: list[str] = [],  # noqa: B006
    words: Annotated[int, Field(ge=5, le=100)] = 13,
    shortest: Annotated[int, Field(ge=3, le=100)] = 8,
    least_share: Annotated[float, Field(ge=0, le=1)] = 0.0,
    action: Action = "drop",
    margin: Annotated[int, Field(ge=0)] = 200,
    step: Step,
) -> Decontaminated:
    """Find texts of evaluation sets in documents, and drop these documents or cut the passages out.

    A document leaks an item where they share a run of n = 13 words (GPT-3, Brown et al. 2020,
    https://arxiv.org/abs/2005.14165), and, with `least_share`, at least that share of the item's n-grams. Where a script puts
    no spaces between words the run is of characters: 22 of Han and kana, 52 of Thai, Lao, Khmer, Burmese and their like, which
    is what 13 words take there. Punctuation, spaces, case, width and composition do not count; marks do. An item of fewer than
    n words, but at least `shortest` (GPT-3's 8), is looked for whole, and must stand alone in the document: between marks, line
    breaks or its ends. Still shorter items are passed over and counted. N-grams that stand in more than ten items are their
    template and are not looked for.

    Translations and paraphrases of test items are out of reach.

    Args:
        of: documents.
        files: evaluation sets: files and folders of text, TSV, CSV, JSON Lines or Parquet. All their texts are items.
        against: documents and pairs that are evaluation sets.
        columns: take only these columns or keys of the files.
        words: n, in words.
        shortest: items of fewer words are passed over.
        least_share: of an item's n-grams that a document must hold; 0 for one n-gram.
        action: `drop` the document, or `cut` the passages with a margin; of what is left, pieces below 200 characters go, and
            a document in more than ten pieces goes as a whole (GPT-3).
        margin: characters that are cut on each side.
        step: where to write.

    Raises:
        InputError: there is nothing to look for; a file cannot be read.
    """
    if not files and not against:
        raise InputError("no evaluation set is given", where="files", fix="name at least one")
    with step.progress("reading evaluation sets", total=len(files) + len(against)) as progress:
        index = Index.of(_items(files, against, columns, step, progress), words=words, shortest=min(shortest, words))
    if not index.tasks:
        raise InputError(
            f"no item is long enough to be looked for: {sum(index.passed_over.values())} have fewer than {shortest} words",
            where=", ".join(files[:8]),
        )
    folder = step.scratch / "index"
    folder.mkdir(exist_ok=True)
    write_index(index, folder)
    inputs = [
        (shard.relative_to(of.folder).as_posix(), str(shard.absolute()), number) for number, shard in enumerate(of.shards)
    ]
    total = sum(pq.read_metadata(shard).num_rows for shard in of.shards)
    search = partial(search_shard, Search(folder.absolute(), action, least_share, margin))
    found = run_tasks(search, inputs, step=step, label="looking for test data", documents=total)
    _tell(found, index, total, step)
    return Decontaminated(step.out)


def _items(
    files: Sequence[str], against: Sequence[Documents | Pairs], columns: Sequence[str], step: Step, progress: Any
) -> Iterator[Item]:
    for each in progress.track([*files, *against]):
        yield from items_of_file(each, columns, step) if isinstance(each, str) else items_of(each)


def _tell(found: Sequence[dict[str, Any]], index: Index, total: int, step: Step) -> None:
    accounts: dict[str, dict[str, Any]] = {}
    for tag, said in chain.from_iterable(each["accounts"].items() for each in found):
        place = accounts.setdefault(tag, {"in": 0, "kept": 0, "cut": 0, "dropped": Counter(), "quarantined": 0})
        for name, value in said.items():
            place[name] += Counter(value) if name == "dropped" else value
    whole = {name: sum(each[name] for each in accounts.values()) for name in ("in", "kept", "cut", "quarantined")}
    reasons = sum((each["dropped"] for each in accounts.values()), Counter[str]())
    if not whole["in"] == total == whole["kept"] + reasons.total() + whole["quarantined"]:
        raise AssertionError(f"{total} documents were given and {whole} are accounted for")
    documents = sum((Counter(each["tasks"]) for each in found), Counter[str]())
    looked = Counter(index.tasks)
    leaked = Counter(index.tasks[item] for item in set(chain.from_iterable(each["items"] for each in found)))
    step.figures.update(
        documents={**whole, "dropped": dict(sorted(reasons.items()))},
        by_language={tag: {**each, "dropped": dict(sorted(each["dropped"].items()))} for tag, each in sorted(accounts.items())},
        tasks={
            task: {
                "items": looked[task],
                "too_short": index.passed_over.get(task, 0),
                "leaked": leaked[task],
                "documents": documents[task],
            }
            for task in sorted({*looked, *index.passed_over})
        },
        templates=index.templates,
        n=list(index.lengths),
    )
    short = {task: count for task, count in index.passed_over.items() if count > looked[task]}
    if short:
        shown = ", ".join(f"{task} ({count:,})" for task, count in list(short.items())[:8])
        step.note(f"Most texts of these sets are too short to tell whether they leaked, and were not looked for: {shown}.")
