"""A task as data: what is asked, in which languages, from which files, under which licence."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, field_validator, model_validator

from panglot.artifacts import InputError, did_you_mean, digest_bytes, digest_file, digest_value
from panglot.evaluation.tasks.columns import Columns, with_codes
from panglot.evaluation.tasks.files import Place
from panglot.evaluation.tasks.hub import Hub
from panglot.evaluation.tasks.item import Item, Kind
from panglot.evaluation.tasks.layouts import Layout
from panglot.evaluation.tasks.passages import Answered, Beir, Passage, WithPassage
from panglot.evaluation.tasks.rows import Account, Row, items_of

DATA = "PANGLOT_DATA"
"""Environment variable: the folder that holds one folder a task."""


def _by_itself(value: object) -> object:
    """A list of names is a mapping of each name to itself."""
    return {each: each for each in value} if isinstance(value, list | tuple) else value


Codes = Annotated[dict[str, str], BeforeValidator(_by_itself)]


@dataclass(frozen=True)
class Items:
    """The items of one language and split.

    Attributes:
        items: in the order of the file.
        revision: digest of the bytes of the files that were read; of the rows, where they came from the hub.
        left_out: rows that are no item, counted by reason. Items and these are all the rows of the split.
        mended: items for which something was put right, counted by what was.
    """

    items: tuple[Item, ...]
    revision: str
    left_out: Mapping[str, int] = field(default_factory=dict)
    mended: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)


class Task(BaseModel):
    """One task.

    Attributes:
        name: letters, digits and hyphens.
        title: a line for people.
        kind: see [`Item`][panglot.evaluation.tasks.item.Item].
        languages: our tag to the code in the set's file names. Where a list is given, the tags themselves are the codes.
        labels: names of the labels, or the tag set.
        licence: of the data, in words.
        commercial: whether the licence allows commercial use; None where it says nothing of it.
        source: owner and name of the repository or data set; no address.
        revision: of the source, where it is known.
        translated: who made the text in the languages: `human` translators, `machine`, `native` writers, or `mixed`.
        parallel: whether an id means the same item in every language.
        chance: expected accuracy of answers drawn at random.
        citation: one line.
        metrics: names, the main one first.
        splits: our name of a split to the name in file names.
        files: how local files are laid out.
        split_files: layouts of single splits that differ from `files`.
        hub: the data set on the hub.
        range: lowest and highest score, for similarity.
        pivots: for pairs, tag to code of the languages that may stand on the other side; by itself the first does.
        pivot_of: languages that have another pivot than the first.
        translation_metrics: for pairs, the metrics where they are asked as translation.
        direction: for pairs asked as translation: `into` the language, or `from` it.
        note: what a person should know before using a score.
        shipped: whether its files come with Panglot.
        family: family of prompts that asks for it; known tasks, and tasks with the labels of a family, need not say.
        group: fields that together name what an item belongs to, as answers to a question, for the metric `group_match`.
        breakdown: fields by whose values the main metric is told as well, such as the subject of a question.

    Example:
        >>> from panglot.evaluation import tasks
        >>> task = tasks.find("sib200")
        >>> task.kind, len(task.languages), task.labels[:2]
        ('classification', 62, ('science/technology', 'travel'))
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    kind: Kind
    languages: Codes
    labels: tuple[str, ...] = ()
    licence: str
    commercial: bool | None = None
    source: str
    revision: str = ""
    translated: Literal["human", "machine", "native", "mixed"]
    parallel: bool = False
    chance: float | None = None
    citation: str
    metrics: tuple[str, ...]
    splits: Codes
    files: Layout | None = None
    split_files: dict[str, Layout] = {}
    hub: Hub | None = None
    range: tuple[float, float] | None = None
    pivots: Codes = {}
    pivot_of: dict[str, str] = {}
    translation_metrics: tuple[str, ...] = ("chrf++", "bleu")
    direction: Literal["into", "from"] | None = None
    note: str = ""
    shipped: bool = False
    family: str | None = None
    breakdown: tuple[str, ...] = ()
    group: tuple[str, ...] = ()

    _home: Path | None = PrivateAttr(default=None)

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            raise ValueError(f"{name!r} is not usable: letters a-z, digits and hyphens are")
        return name

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.files or self.hub):
            raise ValueError("neither files nor hub says where the items are")
        if not (self.languages and self.splits and self.metrics):
            raise ValueError("languages, splits and metrics each need at least one entry")
        if self.kind in ("classification", "tagging", "parsing", "multilabel") and not self.labels:
            raise ValueError(f"a task of kind {self.kind} needs labels")
        if self.kind == "similarity" and self.range is None:
            raise ValueError("a task of kind similarity needs the range of its scores")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label stands twice")
        if self.kind == "pairs" and not self.pivots:
            raise ValueError("a task of kind pairs needs pivots: the languages on the other side")
        if self.kind == "retrieval":
            self._has_corpus()
        for columns in [each.columns for each in (self.files, self.hub, *self.split_files.values()) if each is not None]:
            self._has_parts(columns)
            for name, said in (("breakdown", self.breakdown), ("group", self.group)):
                if unknown := [each for each in said if each not in columns.fields]:
                    raise ValueError(f"{name} names {unknown[0]!r}, which is no field")
        return self

    def _has_parts(self, columns: Columns) -> None:
        needed = {
            "classification": columns.label and columns.fields,
            "choice": columns.label and columns.choices,
            "generation": columns.fields,
            "extraction": columns.references and {"context", "question"} <= set(columns.fields),
            "tagging": columns.slots or (columns.words and columns.tags),
            "parsing": columns.words and columns.tags and columns.heads,
            "pairs": {"source", "target"} <= set(columns.fields) or (self.hub is not None and self.hub.join),
            "similarity": columns.score and {"first", "second"} <= set(columns.fields),
            "multilabel": columns.labels and columns.fields,
            "retrieval": (columns.relevant or columns.references) and "query" in columns.fields,
        }
        asked = {
            "classification": "fields and label",
            "choice": "choices and label",
            "generation": "fields",
            "extraction": "the fields context and question, and references",
            "tagging": "words and tags, or slots",
            "parsing": "words, tags and heads",
            "pairs": "the fields source and target",
            "similarity": "the fields first and second, and score",
            "multilabel": "fields and labels",
            "retrieval": "the field query, and relevant or references",
        }
        kind = "pairs" if self.direction else self.kind
        if not needed[kind]:
            raise ValueError(f"the columns of a task of kind {kind} name {asked[kind]}")

    def _has_corpus(self) -> None:
        layouts = [each for each in (self.files, *self.split_files.values()) if each is not None]
        if not all(isinstance(each, Beir | Answered | WithPassage) for each in layouts):
            raise ValueError("a task of kind retrieval needs the layout beir, answered or with_passage")
        for columns in [each.columns for each in layouts]:
            for metric in self.metrics:
                by_text = metric.endswith("kt")
                if not (columns.references if by_text else columns.relevant):
                    raise ValueError(f"the metric {metric} needs {'references' if by_text else 'relevant'} among the columns")
        if self.hub is not None and not (self.hub.corpus and self.hub.qrels):
            raise ValueError("a task of kind retrieval needs corpus and qrels under hub")

    def at(self, home: Path) -> Self:
        """The same task, its files looked for under this folder where no other is said: that of a person's own task file."""
        found = self.model_copy()
        found._home = home
        return found

    def tag(self, language: str) -> str:
        """The task's own tag for a language as people write it.

        Raises:
            InputError: the task has no such language; says which it has.
        """
        from panglot.languages import Language

        if language in self.languages:
            return language
        try:
            tag = Language.parse(language).tag
        except InputError:
            tag = ""
        if tag not in self.languages:
            has = ", ".join(sorted(self.languages))
            near = did_you_mean(language, self.languages)
            raise InputError(f"{self.name} has no items in {language!r}", fix=f"{near + '; ' if near else ''}it has {has}")
        return tag

    def pivot(self, language: str) -> str | None:
        """Tag of the language on the other side of a pair; None where the task has no pairs."""
        return self.pivot_of.get(language, next(iter(self.pivots))) if self.pivots else None

    def items(self, language: str, split: str = "test", folder: Path | None = None) -> Items:
        """Read the items of one language.

        Args:
            language: a tag of the task, or any way to write that language.
            split: a key of `splits`.
            folder: holds one folder a task; without it `PANGLOT_DATA` says where. A person's own task is also looked for
                beside its file. What is in none of them comes from the hub.

        Raises:
            InputError: no such language or split; the data is nowhere; or a file is not what the task says, with its line.
        """
        tag = self.tag(language)
        self.check_split(split)
        account, layout = Account(), self._layout(split)
        looked: list[Path] = []
        if layout is not None:
            for root in self._roots(folder):
                place = self._place(tag, split, root)
                paths = layout.paths(place)
                missing = [each for each in paths if not each.is_file()]
                if not missing:
                    found = self._read(layout.rows(place), layout.columns, place, tag, account)
                    revision = digest_value([digest_file(each) for each in paths]) if len(paths) > 1 else digest_file(paths[0])
                    return self._outcome(found, revision, account, paths[0])
                looked += missing
        return self._from_hub(tag, split, looked, account)

    def passages(self, language: str, split: str = "test", folder: Path | None = None) -> Iterator[Passage]:
        """The passages among which the queries of a language are answered, as they are read; nothing is held.

        Args:
            language: as in `items`.
            split: as there.
            folder: as there.

        Raises:
            InputError: the task is of another kind, an id stands twice, or as `items`.
        """
        return self.corpus(language, split, folder)[1]

    def corpus(self, language: str, split: str = "test", folder: Path | None = None) -> tuple[object, Iterator[Passage]]:
        """What names the corpus of a language, equal where two languages have the same one, and its passages.

        Args and Raises as in `passages`.
        """
        tag, layout = self.tag(language), self._layout(split)
        if self.kind != "retrieval":
            raise InputError(f"{self.name} ({self.kind}) has no passages", where="task")
        self.check_split(split)
        for root in self._roots(folder):
            place = self._place(tag, split, root)
            if isinstance(layout, Beir | Answered | WithPassage) and all(path.is_file() for path in layout.paths(place)):
                return layout.corpus_paths(place), layout.passages(place)
        hub, place = self._on_hub(tag, split, [])
        return with_codes(hub.corpus or "", place.codes), hub.passages(place)

    def paths(self, language: str, split: str = "test", folder: Path | None = None) -> tuple[Path, ...]:
        """The files of a language and split that are at hand; none where one of them is missing. The hub is left aside."""
        layout = self._layout(split)
        for root in self._roots(folder) if layout is not None else []:
            found = layout.paths(self._place(language, split, root)) if layout else ()
            if all(path.is_file() for path in found):
                return found
        return ()

    def missing(self, language: str, split: str = "test", folder: Path | None = None) -> str:
        """Why a language and split cannot be read: neither in files nor on a hub that may be asked; empty where they can be.

        Whether the hub answers, and has what it should have, is not tried.
        """
        from panglot.corpus.reading.hub import MIRROR, hub_is_off

        if self.paths(language, split, folder):
            return ""
        hub = self.hub
        if hub is None or split not in hub.splits or (hub.languages and language not in hub.languages):
            return "its data is not at hand"
        copies, offline = os.environ.get(MIRROR), hub_is_off()
        if copies is not None:
            return "" if (Path(copies) / hub.name).is_dir() else f"its data is not at hand, nor in {MIRROR}"
        return f"its data is not at hand, and {offline} says that the hub is not to be asked" if offline else ""

    def _layout(self, split: str) -> Layout | None:
        return self.split_files.get(split, self.files)

    def check_split(self, split: str) -> None:
        """Raise where the task has no such split; say which it has."""
        if split not in self.splits:
            raise InputError(f"{self.name} has no split {split!r}", fix=f"it has {', '.join(self.splits)}")

    def _roots(self, folder: Path | None) -> list[Path]:
        said = os.environ.get(DATA)
        first = [Path(folder)] if folder is not None else []
        home = [self._home] if self._home is not None else []
        return [*first, *home, *([Path(said)] if said and folder is None else [])]

    def _place(self, tag: str, split: str, root: Path) -> Place:
        pivot = self.pivot(tag)
        return Place(root, self.languages[tag], self.splits[split], self.pivots[pivot] if pivot else "")

    def _read(self, rows: Iterator[Row], columns: Columns, place: Place, tag: str, account: Account) -> tuple[Item, ...]:
        filled = columns.filled(**place.codes)
        found = items_of(rows, filled, language=tag, labels=self.labels, account=account, bounds=self.range)
        return tuple(self._asked(each, tag) for each in found)

    def _asked(self, item: Item, tag: str) -> Item:
        """A pair as translation, where that is asked."""
        if self.direction is None:
            return item
        source, target = item.fields["source"], item.fields["target"]
        shown, wanted = (target, source) if self.direction == "into" else (source, target)
        return Item(item.id, tag, {"source": shown}, references=(wanted,))

    def _outcome(self, items: tuple[Item, ...], revision: str, account: Account, where: object) -> Items:
        if not items:
            reasons = "; ".join(f"{count} rows: {reason}" for reason, count in account.left_out.items())
            raise InputError(f"{self.name}: no items", where=where, fix=reasons or "the file has no row that the task asks for")
        assert len(items) + account.left_out.total() == account.rows
        return Items(items, revision, dict(account.left_out), dict(account.mended))

    def _on_hub(self, tag: str, split: str, looked: list[Path]) -> tuple[Hub, Place]:
        hub = self.hub
        if hub is None or split not in hub.splits or (hub.languages and tag not in hub.languages):
            raise InputError(f"{self.name} has no {split} items in {tag} here", fix=_absent(looked))
        codes = hub.languages or self.languages
        pivot = self.pivot(tag)
        other = (hub.languages or self.pivots).get(pivot, pivot) if pivot else ""
        return hub, Place(Path(), codes[tag], hub.splits[split], other)

    def _from_hub(self, tag: str, split: str, looked: list[Path], account: Account) -> Items:
        hub, place = self._on_hub(tag, split, looked)
        columns = hub.columns if hub.join is None else Columns(id=("id",), fields={"source": "source", "target": "target"})
        try:
            rows = list(hub.rows(place))
        except InputError as error:
            terms = "; its terms have to be accepted on its page first" if hub.terms else ""
            raise InputError(
                f"{self.name} in {tag}: {error.what}", where=error.where, fix=f"{_absent(looked)}{terms}"
            ) from error
        found = self._read(iter(rows), columns, place, tag, account)
        return self._outcome(found, _digest(rows), account, f"hub:{hub.name}")


def _absent(looked: list[Path]) -> str:
    return f"not among the files: {looked[0]}" if looked else f"say where with --data or {DATA}"


def _digest(rows: list[Row]) -> str:
    return digest_bytes("\n".join(repr(sorted(row.values.items())) for row in rows).encode(errors="surrogatepass"))
