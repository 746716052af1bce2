"""Data sets of the Hugging Face hub, read only when a person names one: `hub:NAME[:config][:split]`, always as a stream."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from panglot.artifacts import InputError, PanglotError
from panglot.corpus.reading.bounded import Account, Entry, Sides
from panglot.corpus.reading.columns import named_language
from panglot.corpus.reading.json_lines import RecordReader
from panglot.corpus.reading.sources import NamedCorpus, find_source, language_name
from panglot.corpus.reading.texts import Found, RecordTexts, Wanted
from panglot.languages import Language

MIRROR = "PANGLOT_HUB_FOLDER"
"""Environment variable: a folder that holds copies of data sets as `OWNER/NAME`, read in place of the hub."""
_OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
_SPLITS = {"train", "validation", "test", "dev", "devtest", "valid"}
_MADLAD_PARTS = ("clean", "noisy")
COPIES = "refs/convert/parquet"
"""Where the hub keeps Parquet copies of a data set, `CONFIGURATION/SPLIT/0000.parquet`."""
_SCRIPT = "scripts are no longer supported"
_WITH_LINES = ("json", "csv", "text")


class Place(NamedTuple):
    """What `datasets.load_dataset` is asked for."""

    path: str
    config: str | None
    split: str
    files: str | None = None
    options: Mapping[str, Any] = {}


def hub_is_off() -> str:
    """The environment variable that says that the hub is not to be asked; empty where none does."""
    said = (name for name in _OFFLINE if os.environ.get(name, "").lower() in ("1", "true", "yes", "on"))
    return next(said, "")


def parse_hub_name(said: str) -> tuple[str, str | None, str]:
    """Name, configuration and split. One part after the name is a split where it is named like one, else a configuration.

    Example:
        >>> parse_hub_name("hub:owner/set:hsb-eng"), parse_hub_name("hub:owner/set:test")
        (('owner/set', 'hsb-eng', 'train'), ('owner/set', None, 'test'))
    """
    parts = said.removeprefix("hub:").split(":")
    name, rest = parts[0], [part for part in parts[1:] if part]
    if not name or len(rest) > 2:
        raise InputError("a hub data set is written hub:NAME[:config][:split]", where=said)
    if len(rest) == 2:
        return name, rest[0], rest[1]
    if rest and rest[0] not in _SPLITS:
        return name, rest[0], "train"
    return name, None, rest[0] if rest else "train"


def named_corpus(said: str) -> tuple[NamedCorpus, list[str]] | None:
    """The row of a named corpus and what is said after its name; None for `hub:OWNER/NAME`, which is no such name.

    Raises:
        InputError: there is no corpus of that name.
    """
    name, *rest = said.removeprefix("hub:").split(":")
    return None if "/" in name else (find_source(name), rest)


def place_of(said: str, corpus: NamedCorpus, rest: list[str], language: Language | None) -> tuple[Place, str | None]:
    """Where the text of a language stands in a named corpus, and the tag of that language.

    Raises:
        InputError: no language is said, or the corpus is not on the hub, or its terms have to be accepted first.
    """
    if not corpus.repository:
        raise InputError(f"{corpus.title} cannot be streamed", where=said, fix=corpus.note)
    code, tag = "", "eng_Latn" if corpus.style == "no language" else None
    if corpus.style != "no language":
        first = rest.pop(0) if rest else ""
        chosen = named_language(first) if first else language
        if chosen is None and not first:
            raise InputError("no language is said", where=said, fix=f"write {said}:yor, or give the language")
        code = language_name(corpus, chosen) if chosen else first
        tag = chosen.tag if chosen else (language.tag if language else None)
    part = rest.pop(0) if rest else ""
    return _place(said, corpus, code, part), tag


def _place(said: str, corpus: NamedCorpus, code: str, part: str) -> Place:
    mirror = os.environ.get(MIRROR)
    if corpus.terms and not mirror and not _has_token():
        raise InputError(
            f"{corpus.repository} asks that its terms are accepted",
            where=said,
            fix="accept them on its page on the hub, then `hf auth login`",
        )
    if corpus.files:
        pattern = corpus.files.replace("{language}", code)
        if part in _MADLAD_PARTS:
            pattern = pattern.replace("_clean_", f"_{part}_")
        builder, options = (corpus.builder, {}) if corpus.builder != "paragraphs" else ("text", {"sample_by": "paragraph"})
        files = (
            pattern if mirror is None else str(Path(mirror) / pattern.removeprefix("hf://datasets/").removeprefix("https://"))
        )
        return Place(builder, None, corpus.split, files, options)
    repository = corpus.repository.replace("{language}", code).replace("{part}", part or "wikipedia")
    split = part if part and "{part}" not in corpus.repository else corpus.split
    config = corpus.config.replace("{language}", code) or None
    return Place(repository if mirror is None else str(Path(mirror) / repository), config, split)


def _has_token() -> bool:
    from huggingface_hub import get_token

    return get_token() is not None


def hub_rows(said: str, place: Place, *, most_bytes: int | None = None) -> Iterator[Mapping[str, Any]]:
    """The rows, streamed. No code of the data set is ever run: of one that is a script the hub's Parquet copies are read.

    Args:
        said: what errors call it.
        place: what is read.
        most_bytes: size of the largest file of JSON, CSV or text that is read. Such a file is held whole by the reader where
            a line of it is broken, or has no end.

    Raises:
        InputError: it cannot be reached or loaded, or a file is too large.
    """
    try:
        yield from _stream(said, place, most_bytes)
    except PanglotError:
        raise
    except Exception as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        if "gated" in first_line.lower() or type(error).__name__ == "GatedRepoError":
            raise InputError(
                f"{place.path} asks that its terms are accepted",
                where=said,
                fix="accept them on its page on the hub, then `hf auth login`",
            ) from error
        raise InputError(
            f"the hub data set cannot be loaded: {first_line}",
            where=said,
            fix="check its name, its configuration and the network, or download it and give the files",
        ) from error


def _stream(said: str, place: Place, most_bytes: int | None) -> Iterable[Mapping[str, Any]]:
    try:
        return _loaded(said, place, most_bytes)
    except RuntimeError as error:
        if place.files is not None or _SCRIPT not in str(error):
            raise
    inside = f"{place.config or 'default'}/{place.split}"
    try:
        return _loaded(
            said, Place("parquet", None, place.split, f"hf://datasets/{place.path}@{COPIES}/{inside}/*.parquet"), None
        )
    except (FileNotFoundError, ValueError):
        raise InputError(
            f"{place.path} is a script, which is not run, and the hub has no Parquet copies of {inside}",
            where=said,
            fix="check the configuration and the split, or download it and give the files",
        ) from None


def _loaded(said: str, place: Place, most_bytes: int | None) -> Iterable[Mapping[str, Any]]:
    import datasets

    options: dict[str, Any] = dict(place.options)
    if place.files is not None:
        options["data_files"] = {place.split: place.files}
    if most_bytes is None:
        rows: Iterable[Mapping[str, Any]] = datasets.load_dataset(
            place.path, place.config, split=place.split, streaming=True, **options
        )
        return rows
    builder = datasets.load_dataset_builder(place.path, place.config, **options)
    if builder.name in _WITH_LINES:
        _check_sizes(said, builder, place.split, most_bytes)
    rows = builder.as_streaming_dataset(split=place.split)
    return rows


def _check_sizes(said: str, builder: Any, split: str, most: int) -> None:
    from fsspec.core import url_to_fs

    for each in (builder.config.data_files or {}).get(split, ()):
        system, path = url_to_fs(each)
        if (size := system.size(path) or 0) > most:
            raise InputError(
                f"a file of {size:,} bytes is more than the {most:,} that are read of JSON, CSV and text: {Path(path).name}",
                where=said,
                fix="download it, and give what is wanted of it as files",
            )


def read_hub(said: str, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of a hub data set, streamed. No code of the data set is ever run.

    Raises:
        InputError: it cannot be reached or loaded, or its columns do not name the two sides.
    """
    named = named_corpus(said)
    if named is None:
        name, config, split = parse_hub_name(said)
        place = Place(name, config, split)
    else:
        corpus, rest = named
        if not corpus.pairs:
            raise InputError(f"{corpus.title} holds no pairs", where=said, fix="read it with corpus.read_text")
        if not corpus.repository:
            raise InputError(f"{corpus.title} cannot be streamed", where=said, fix=corpus.note)
        codes = "-".join(sorted(language_name(corpus, each) for each in (sides.language, sides.pivot)))
        place = _place(said, corpus, codes, rest[0] if rest else "")
    reader = RecordReader(sides, account)
    for number, record in enumerate(hub_rows(said, place)):
        entry = reader.entry(record, f"{said}, row {number + 1}")
        if entry is not None:
            yield entry


def read_hub_texts(said: str, wanted: Wanted, account: Account) -> Iterator[Found]:
    """Documents of a hub data set, streamed.

    Raises:
        InputError: it cannot be reached or loaded, it holds pairs, or no column holds the text.
    """
    named = named_corpus(said)
    if named is None:
        name, config, split = parse_hub_name(said)
        reader = RecordTexts(wanted, account)
        for number, record in enumerate(hub_rows(said, Place(name, config, split))):
            yield from reader.found(record, f"{said}, row {number + 1}")
        return
    corpus, rest = named
    if corpus.pairs:
        raise InputError(f"{corpus.title} holds pairs", where=said, fix="read it with corpus.read_pairs")
    place, tag = place_of(said, corpus, rest, wanted.language)
    reader = RecordTexts(wanted, account)
    reader.known_column(wanted.column or corpus.text)
    for number, record in enumerate(hub_rows(said, place)):
        row = record if corpus.url in (None, "url") else {**record, "url": record.get(corpus.url or "")}
        for found in reader.found(row, f"{said}, row {number + 1}"):
            text = found.text.replace("\\n", "\n") if corpus.escaped_lines else found.text
            yield found._replace(text=text, language=tag or found.language)
