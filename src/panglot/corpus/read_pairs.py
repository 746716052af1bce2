"""Component `corpus.read_pairs`: parallel text of any known format to one table."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from panglot.artifacts import InputError, Step, did_you_mean, digest_file, digest_value, reads
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter
from panglot.corpus.reading import READERS
from panglot.corpus.reading.aligned import names_language, read_aligned
from panglot.corpus.reading.bounded import Account, Entry, Sides, Source
from panglot.corpus.reading.columns import named_language, same_language
from panglot.corpus.reading.conceptnet import FILE_NAME
from panglot.corpus.reading.hub import read_hub
from panglot.corpus.scripts import script_share
from panglot.languages import Language

ENGLISH = Language.parse("eng_Latn")
MAX_TEXT_CHARACTERS = 100_000
_SAMPLE_ROWS = 200


class Reading(NamedTuple):
    """One thing to read: how it is called, the name that stands in the table, and what reads it."""

    label: str
    origin: str
    read: Callable[[Sides, Account], Iterator[Entry]]


def outside_inputs(*, files: Sequence[str], **_: object) -> dict[str, str]:
    """What reading depends on beside its parameters: digest of each file; of a hub data set only the name is known."""
    found: dict[str, str] = {}
    for said in files:
        parts = [said] if said.startswith("hub:") or os.path.lexists(Path(said).expanduser()) else said.split(",")
        for part in parts:
            path = Path(part.strip()).expanduser()
            if path.is_dir():
                inside = (Path(place) / name for place, _, names in os.walk(path) for name in names)
                readable = sorted(each for each in inside if each.is_file() and os.access(each, os.R_OK))
                found[part] = digest_value([[each.relative_to(path).as_posix(), digest_file(each)] for each in readable])
            elif path.is_file() and os.access(path, os.R_OK):
                found[part] = digest_file(path)
    return found


@reads(outside_inputs)
def read_pairs(*, files: list[str], language: Language, pivot: Language = ENGLISH, step: Step) -> Pairs:
    """Read sentence pairs from files, folders or a hub data set.

    Formats: TSV, CSV, JSON Lines, Parquet, TMX, PO and MO, XLIFF 1.2 and 2.0, two aligned text files written as one entry
    `a.hsb,a.en`, each also packed as `.gz`; a folder of these; `hub:NAME[:config][:split]`. In a table without a header the
    first column is the language, the second the pivot.

    Args:
        files: files, folders, pairs of aligned files, hub data sets.
        language: the language being taught; it becomes the source side.
        pivot: the other language; it becomes the target side.
        step: where to write.

    Raises:
        InputError: a named file is missing or cannot be used, or no pair was found.
    """
    if language == pivot:
        raise InputError(f"the language and the pivot are both {language.name} ({language.tag})", fix="choose two languages")
    if not files:
        raise InputError("no file is given", where="files", fix="name at least one file with pairs")
    sides = Sides(language, pivot)
    readings = [each for said in files for each in plan(said, sides)]
    counts: dict[str, int] = {}
    failures: list[InputError] = []
    with (
        PairWriter(step.out / PAIRS_FILE) as writer,
        step.progress(f"reading {language.name} pairs", total=len(readings)) as progress,
    ):
        for reading in progress.track(readings):
            before = writer.count
            try:
                _copy(reading, sides, writer, step)
            except InputError as error:
                if len(readings) == 1:
                    raise
                failures.append(error)
                kept = f", after {writer.count - before} pairs" if writer.count > before else ""
                step.quarantine(error.what, where=f"{error.where or reading.label}{kept}")
            counts[reading.origin] = counts.get(reading.origin, 0) + writer.count - before
    if not writer.count:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in sorted(step.quarantined.items()))
        raise InputError(
            f"no {language.name}–{pivot.name} pair was found ({reasons or 'nothing to read'})",
            where=", ".join(files),
            fix="see the reasons; both sides of a pair must hold text",
        )
    step.figures.update(pairs=writer.count, files=dict(sorted(counts.items())))
    return Pairs(step.out)


def _copy(reading: Reading, sides: Sides, writer: PairWriter, step: Step) -> None:
    account = Account(step)
    sample: list[Entry] = []
    for entry in reading.read(sides, account):
        reason = _unusable(entry)
        if reason:
            account.set_aside(reason, where=entry.where, excerpt=f"{entry.source_text[:100]} | {entry.target_text[:100]}")
        elif entry.source_text.strip() or entry.target_text.strip():
            writer.pair(
                entry.source_text,
                entry.target_text,
                sides.language.tag,
                sides.pivot.tag,
                origin=reading.origin,
                score=entry.score,
            )
            if len(sample) < _SAMPLE_ROWS:
                sample.append(entry)
    if account.sides_assumed and _seem_swapped(sample, sides):
        step.note(
            f"{reading.origin}: nothing says which side is which, so the first is taken as {sides.language.name}; by their "
            f"scripts the two seem to be swapped. Name the columns {sides.language.tag} and {sides.pivot.tag}."
        )


def _unusable(entry: Entry) -> str:
    blank = (not entry.source_text.strip(), not entry.target_text.strip())
    if any(blank) and not all(blank):
        return "one side is empty"
    if max(len(entry.source_text), len(entry.target_text)) > MAX_TEXT_CHARACTERS:
        return f"text longer than {MAX_TEXT_CHARACTERS:,} characters"
    try:
        entry.source_text.encode()
        entry.target_text.encode()
    except UnicodeEncodeError:
        return "lone surrogate"
    return ""


def _seem_swapped(sample: Sequence[Entry], sides: Sides) -> bool:
    first = " ".join(each.source_text for each in sample)
    second = " ".join(each.target_text for each in sample)
    scripts = sides.language.script, sides.pivot.script
    if scripts[0] == scripts[1]:
        return False
    here = script_share(first, scripts[0]), script_share(second, scripts[1])
    other = script_share(first, scripts[1]), script_share(second, scripts[0])
    return max(here) < 0.2 and min(other) > 0.8


def plan(said: str, sides: Sides) -> list[Reading]:
    """What one entry of `files` stands for.

    Raises:
        InputError: it is missing, of an unknown format, or a folder without usable files.
    """
    if said.startswith("hub:"):
        return [Reading(said, said, lambda sides, account: read_hub(said, sides, account))]
    path = Path(said).expanduser()
    if not os.path.lexists(path) and "," in said:
        parts = [Source(Path(part.strip()).expanduser()) for part in said.split(",")]
        if len(parts) != 2:
            raise InputError(
                f"{len(parts)} files are joined by commas", where=said, fix="aligned files come in twos: a.hsb,a.en"
            )
        for part in parts:
            _must_exist(part.path)
        return [_aligned(parts[0], parts[1])]
    _must_exist(path)
    if path.is_dir():
        return _folder(path, sides)
    source = Source(path)
    if source.suffix not in READERS:
        suffix = f".{source.suffix}" if source.suffix else "no suffix"
        raise InputError(
            f"unknown format: {suffix}",
            where=path,
            fix=did_you_mean(source.suffix, READERS)
            or f"known are {', '.join(sorted(READERS))}, each also as .gz, and two aligned text files written as a.hsb,a.en",
        )
    return [_single(source)]


def _must_exist(path: Path) -> None:
    if not os.path.lexists(path):
        near = did_you_mean(path.name, (each.name for each in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise InputError("there is no such file", where=path, fix=near or "check the path")
    if not path.exists():
        raise InputError("the link leads nowhere, or in a circle", where=path)


def _single(source: Source, origin: str = "") -> Reading:
    assertions = source.path.name.startswith(FILE_NAME)
    module, _, name = ("panglot.corpus.reading.conceptnet:read_conceptnet" if assertions else READERS[source.suffix]).partition(
        ":"
    )

    def read(sides: Sides, account: Account) -> Iterator[Entry]:
        reader: Callable[[Source, Sides, Account], Iterator[Entry]] = getattr(import_module(module), name)
        return reader(source, sides, account)

    return Reading(str(source), origin or source.path.name, read)


def _aligned(first: Source, second: Source, origin: str = "") -> Reading:
    return Reading(
        f"{first},{second}",
        origin or f"{first.path.name},{second.path.name}",
        lambda sides, account: read_aligned(first, second, sides, account),
    )


def _folder(folder: Path, sides: Sides) -> list[Reading]:
    """All files of known formats under a folder, without following links to folders; `a.hsb` beside `a.en` is a pair."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(place) / name for name in sorted(names) if (Path(place) / name).is_file()]
    readings: list[Reading] = []
    texts: dict[Path, dict[str, Source]] = {}
    for path in found:
        source, origin = Source(path), path.relative_to(folder).as_posix()
        if source.suffix in READERS:
            if not (source.suffix in ("po", "mo") and _of_another_language(path, folder, sides)):
                readings.append(_single(source, origin))
        else:
            side = names_language(Source(Path(f"x.{source.suffix}")), sides) if source.suffix else None
            if side:
                texts.setdefault(path.parent / Path(source.unpacked_name).stem, {}).setdefault(side, source)
    for stem, pair in texts.items():
        if len(pair) == 2:
            origin = stem.relative_to(folder).as_posix()
            readings.append(_aligned(pair["language"], pair["pivot"], f"{origin}.{pair['language'].suffix}"))
    if not readings:
        seen = Counter(Source(path).suffix or "no suffix" for path in found)
        said = ", ".join(f"{suffix} ({count})" for suffix, count in sorted(seen.items())[:8]) or "no file"
        raise InputError(
            f"the folder holds no usable file: {said}", where=folder, fix=f"known formats are {', '.join(sorted(READERS))}"
        )
    return sorted(readings)


def _of_another_language(path: Path, folder: Path, sides: Sides) -> bool:
    """Whether a catalogue in a folder belongs to another language by its name (`de.po`) or its locale folder."""
    parts = path.relative_to(folder).parts
    said = parts[parts.index("LC_MESSAGES") - 1] if "LC_MESSAGES" in parts[1:] else path.stem
    return named_language(said) is not None and not same_language(said, sides.language)
