"""Component `corpus.read_text`: text of any known format to one table of documents."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from panglot.artifacts import InputError, Step, did_you_mean, digest_file, digest_value, reads
from panglot.corpus.documents import DOCUMENTS_FILE, UNDETERMINED, Documents, DocumentWriter
from panglot.corpus.reading.bounded import Account, Source
from panglot.corpus.reading.columns import is_code
from panglot.corpus.reading.texts import TEXT_READERS, Found, Unit, Wanted
from panglot.corpus.text import without_controls
from panglot.languages import Language

_TAG = re.compile(r"[A-Za-z]{2,3}[_-][A-Z][a-z]{3}")
# words that stand in names of files and are also ISO 639-3 codes
_WORDS = (
    "all aux bin bpe csv dev doc fig gen git lm log mix new nlp old out raw ref run set spm src sub tab tar tgt tmp tok top "
    "tra trn tsv tst txt val web zip"
)
_NO_CODES = frozenset(_WORDS.split())


class Reading(NamedTuple):
    """One thing to read: its file, the name that stands in the column `source`, and the language that is known of it."""

    path: Path
    origin: str
    language: str | None
    whole: bool = False


def outside_inputs(*, files: Sequence[str], **_: object) -> dict[str, str]:
    """What reading depends on beside its parameters: the digest of each file."""
    found: dict[str, str] = {}
    for said in files:
        path = _parted(said)[1]
        if path.is_dir():
            inside = [each for each in _files_of(path) if os.access(each, os.R_OK)]
            found[said] = digest_value([[each.relative_to(path).as_posix(), digest_file(each)] for each in inside])
        elif path.is_file() and os.access(path, os.R_OK):
            found[said] = digest_file(path)
    return found


@reads(outside_inputs)
def read_text(
    *,
    files: list[str],
    language: Language | None = None,
    column: str | None = None,
    unit: Unit = "line",
    limit: Annotated[int, Field(ge=1)] | None = None,
    step: Step,
) -> Documents:
    """Read documents from files and folders.

    Formats: text (`.txt`, `.text`, `.md`), JSON Lines, TSV, CSV, Parquet, each but the last also packed as `.gz`; a folder of
    these; a folder that an earlier step wrote. The text is under the column `text` (or `content`, `sentence`, `document`,
    `body`), under the language's name, or under the only column.

    The language of a document is, in this order: what the entry says (`hsb=FILE`), what its row says (column `language`), what
    the name of its file or folder says (`hsb.txt`, `hsb_Latn.train.jsonl.gz`, `eng_Latn/part-1.txt`), the parameter
    `language`, or `und`.

    The text stays as it is, marks, joiners and spaces included; only control characters, byte-order marks, soft hyphens and
    direction overrides are taken out, and documents without any character that can be seen are left out.

    Args:
        files: files and folders, each with its language in front if its name does not say it: `hsb=notes.txt`.
        language: the language of files that do not say theirs.
        column: the column or key that holds the text, where its name is none of the usual ones.
        unit: what a document is in a plain text file: a line or a paragraph.
        limit: read at most so many documents of each language, the first ones.
        step: where to write.

    Raises:
        InputError: a named file is missing or cannot be used, or no document was found.
    """
    if not files:
        raise InputError("no file is given", where="files", fix="name at least one file with text")
    readings = list(dict.fromkeys(each for said in files for each in plan(said)))
    counts: dict[str, int] = {}
    found: Counter[str] = Counter()
    with (
        DocumentWriter(step.out / DOCUMENTS_FILE) as writer,
        step.progress("reading text", total=len(readings)) as progress,
    ):
        for reading in progress.track(readings):
            before = writer.count
            try:
                _copy(reading, language, column, unit, limit, found, writer, step)
            except InputError as error:
                if len(readings) == 1:
                    raise
                kept = f", after {writer.count - before} documents" if writer.count > before else ""
                step.quarantine(error.what, where=f"{error.where or reading.path}{kept}")
            counts[reading.origin] = counts.get(reading.origin, 0) + writer.count - before
    if not writer.count:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in sorted(step.quarantined.items()))
        raise InputError(
            f"no document was found ({reasons or 'nothing to read'})",
            where=", ".join(files[:8]) + (", …" if len(files) > 8 else ""),
            fix="see the reasons; a document must hold text",
        )
    if language is None:
        _tell_undetermined(readings, counts, found, step)
    step.figures.update(documents=dict(sorted(found.items())), files=dict(sorted(counts.items())))
    return Documents(step.out)


def _copy(
    reading: Reading,
    fallback: Language | None,
    column: str | None,
    unit: Unit,
    limit: int | None,
    found: Counter[str],
    writer: DocumentWriter,
    step: Step,
) -> None:
    """Write the documents of one file; a document is set aside where its language is another one than the entry says."""
    account = Account(step)
    known = None if reading.language in (None, UNDETERMINED) else Language(reading.language or "")
    for each in _documents(reading, Wanted(column, known or fallback, unit), account):
        tag = reading.language
        if each.language and each.language != UNDETERMINED:
            said = _language_of(each.language)
            if reading.whole and tag is not None and said is not None and said != tag:
                account.set_aside("of another language than the file is said to be", where=each.where, excerpt=each.language)
                continue
            if said is None and not (reading.whole and tag is not None):
                account.set_aside("a language that nothing knows", where=each.where, excerpt=each.language)
                continue
            tag = said or tag
        tag = tag or (fallback.tag if fallback else UNDETERMINED)
        text = without_controls(each.text)
        if not text or text.isspace() or (limit is not None and found[tag] >= limit):
            continue
        try:
            text.encode()
        except UnicodeEncodeError:
            account.set_aside("lone surrogate", where=each.where, excerpt=text)
            continue
        found[tag] += 1
        writer.document(text, tag, source=reading.origin, url=each.url, meta=each.meta)


def _documents(reading: Reading, wanted: Wanted, account: Account) -> Iterator[Found]:
    if reading.path.name == DOCUMENTS_FILE and wanted.column is None:
        wanted = Wanted("text")
    source = Source(reading.path)
    return TEXT_READERS[source.suffix](source, wanted, account)


def _tell_undetermined(readings: Sequence[Reading], counts: dict[str, int], found: Counter[str], step: Step) -> None:
    silent = [each.origin for each in readings if each.language is None and counts.get(each.origin)]
    if found[UNDETERMINED] and silent:
        shown = ", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if len(silent) > 5 else "")
        step.note(
            f"{found[UNDETERMINED]} documents are of no known language (und): nothing says the language of {shown}. "
            "Write hsb=FILE, or name the file hsb.txt."
        )


def plan(said: str) -> list[Reading]:
    """What one entry of `files` stands for.

    Raises:
        InputError: it is missing, of an unknown format, of an unknown language, or a folder without usable files.
    """
    language, path = _parted(said)
    _must_exist(path)
    if not path.is_dir():
        source = Source(path)
        if source.suffix not in TEXT_READERS:
            suffix = f".{source.suffix}" if source.suffix else "no suffix"
            near = did_you_mean(source.suffix, TEXT_READERS)
            raise InputError(
                f"unknown format: {suffix}",
                where=path,
                fix=near or f"known are {', '.join(sorted(TEXT_READERS))}, each also as .gz",
            )
        said_by_name = language or language_in_name((source.unpacked_name,), where=path)
        return [Reading(path, path.name, said_by_name, language is not None)]
    if (path / DOCUMENTS_FILE).is_file():
        return [Reading(path / DOCUMENTS_FILE, path.name or DOCUMENTS_FILE, language, language is not None)]
    return _folder(path, language)


def _folder(folder: Path, language: str | None) -> list[Reading]:
    found = _files_of(folder)
    usable = [each for each in found if Source(each).suffix in TEXT_READERS]
    if not usable:
        seen = Counter(Source(each).suffix or "no suffix" for each in found)
        shown = ", ".join(f"{suffix} ({count})" for suffix, count in sorted(seen.items())[:8]) or "no file"
        raise InputError(
            f"the folder holds no usable file: {shown}",
            where=folder,
            fix=f"known formats are {', '.join(sorted(TEXT_READERS))}",
        )
    readings = []
    for path in usable:
        relative = path.relative_to(folder)
        names = (Source(path).unpacked_name, *reversed(relative.parts[:-1]))
        said = language or language_in_name(names, where=path)
        readings.append(Reading(path, relative.as_posix(), said, language is not None))
    return readings


def _files_of(folder: Path) -> list[Path]:
    """Files under a folder, by name, without hidden ones and without following links to folders."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        visible = (Path(place) / name for name in sorted(names) if not name.startswith("."))
        found += [each for each in visible if each.is_file()]
    return sorted(found, key=lambda each: each.relative_to(folder).parts)


def _must_exist(path: Path) -> None:
    if not os.path.lexists(path):
        near = did_you_mean(path.name, (each.name for each in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise InputError("there is no such file", where=path, fix=near or "check the path")
    if not path.exists():
        raise InputError("the link leads nowhere, or in a circle", where=path)


def _parted(said: str) -> tuple[str | None, Path]:
    """Language and path of an entry.

    Raises:
        InputError: what stands in front of `=` is no language.
    """
    path = Path(said).expanduser()
    language, equals, rest = said.partition("=")
    if not equals or os.path.lexists(path) or "/" in language:
        return None, path
    if language == UNDETERMINED:
        return UNDETERMINED, Path(rest).expanduser()
    try:
        return Language.parse(language).tag, Path(rest).expanduser()
    except InputError as error:
        raise InputError(error.what, where=said, fix=error.fix) from None


def language_in_name(names: Sequence[str], *, where: object = None) -> str | None:
    """The tag that the name of a file or, after it, of one of its folders says; None where they say nothing.

    A code counts where it stands alone between dots, first or last (`hsb.train.tsv`, `news.hsb.txt`); words such as `dev` and
    `raw`, which are codes of languages too, do not.

    Args:
        names: name of the file, of its folder, of that one's folder, and so on.
        where: the file, for the error.

    Raises:
        InputError: something has the form of a tag (`hsb_Latm`), and there is no such language or script.

    Example:
        >>> language_in_name(["hsb.train.tsv"]), language_in_name(["part-1.txt", "eng_Latn"]), language_in_name(["dev.txt"])
        ('hsb_Latn', 'eng_Latn', None)
    """
    for number, name in enumerate(names):
        stem = name.rpartition(".")[0] if number == 0 and "." in name else name
        pieces = stem.split(".")
        for piece in dict.fromkeys((stem, pieces[0], pieces[-1])):
            if piece.lower() in _NO_CODES or not is_code(piece):
                continue
            tag = _language_of(piece)
            if tag is not None:
                return tag
            if _TAG.fullmatch(piece):
                try:
                    Language.parse(piece)
                except InputError as error:
                    raise InputError(f"the name says {piece!r}: {error.what}", where=where, fix=error.fix) from None
    return None


@cache
def _language_of(said: str) -> str | None:
    try:
        return Language.parse(said).tag
    except InputError:
        return None
