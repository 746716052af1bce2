"""Component `corpus.read_text`: raw text of any known format to a table of documents."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from panglot.artifacts import InputError, Step, digest_file, digest_value, reads
from panglot.corpus.documents import UNDETERMINED, Documents
from panglot.corpus.engine import run_tasks
from panglot.corpus.reading.bounded import Source
from panglot.corpus.reading.extraction import Extractor, Resiliparse
from panglot.corpus.reading.hub import named_corpus
from panglot.corpus.reading.plan import PAGES, Reading, cut, files_of, language_in_name, left_alone, parted, plan
from panglot.corpus.reading.task import ReadingTask, read_task
from panglot.corpus.reading.texts import LARGEST_DOCUMENT, Unit
from panglot.corpus.shards import number_shards
from panglot.languages import Language

__all__ = ["language_in_name", "plan", "read_text"]

_FEW = 10
_FAILURES_SHOWN = 3
_SMALL_BYTES = 16 << 20


def outside_inputs(*, files: Sequence[str], extractor: Any = None, **_: object) -> dict[str, str]:
    """What reading depends on beside its parameters: the digest of each file, the extractor's version. Of a hub data set only
    the name is known."""
    found: dict[str, str] = {}
    pages = False
    for said in files:
        path = parted(said)[1]
        if path.is_dir():
            inside = [each for each in files_of(path) if os.access(each, os.R_OK)]
            found[said] = digest_value([[each.relative_to(path).as_posix(), digest_file(each)] for each in inside])
            pages = pages or any(Source(each).suffix in PAGES for each in inside)
        elif path.is_file() and os.access(path, os.R_OK):
            found[said] = digest_file(path)
            pages = pages or Source(path).suffix in PAGES
    if pages:
        method = extractor if hasattr(extractor, "version") else Resiliparse()
        found["extractor"] = method.version
    return found


@reads(outside_inputs)
def read_text(
    *,
    files: list[str],
    language: Language | None = None,
    column: str | None = None,
    unit: Unit = "line",
    extractor: Extractor = Resiliparse(),  # noqa: B008 - it is frozen
    largest: Annotated[int, Field(ge=1024)] = LARGEST_DOCUMENT,
    limit: Annotated[int, Field(ge=1)] | None = None,
    step: Step,
) -> Documents:
    """Read documents from files, folders and hub data sets.

    Formats: text (`.txt`, `.text`, `.md`), JSON Lines, TSV, CSV, Parquet, WARC and WET, HTML, dumps of wikis (`.xml`), gettext
    catalogues (`.po`, `.mo`: the translations), TMX (one side), each also packed as `.gz`, `.bz2`, `.xz`, `.zst`; a folder of
    these; a folder that an earlier step wrote; `hub:NAME[:LANGUAGE]` for the data sets that `panglot corpus sources` lists, and
    `hub:OWNER/NAME[:config][:split]` for any other. In a table the text is under the column `text` (or `content`, `sentence`,
    `document`, `body`), under the language's name, or under the only column.

    The language of a document is, in this order: what the entry says (`hsb=FILE`), what its row says (column `language`; the
    wiki of a dump, the header of a catalogue), what the name of its file or folder says (`hsb.txt`, `hsb_Latn.train.jsonl.gz`,
    `eng_Latn/part-1.txt`), the parameter `language`, or `und`. What a page says of itself is kept in `meta`, not believed.

    The text stays as it is, marks, joiners and spaces included; only control characters, byte-order marks, soft hyphens and
    direction overrides are taken out, and documents without any character that can be seen are left out. What cannot be read is
    set aside with its reason, file and place; what is no document (a redirect, a picture) is counted by kind. The figures add
    up: of `read`, `in` = `kept` + `quarantined` + `passed_over`.

    Files are read in parallel, large ones in pieces. Tables are cut by their content, so that any number of workers gives the
    same bytes.

    Args:
        files: files, folders and hub data sets, each with its language in front if its name does not say it: `hsb=notes.txt`.
        language: the language of files that do not say theirs.
        column: the column or key that holds the text, where its name is none of the usual ones.
        unit: what a document is in a plain text file: a line, a paragraph, the whole file.
        extractor: how the text of HTML pages is found: resiliparse, trafilatura or plain.
        largest: bytes of UTF-8 text that a document may have; a larger one is set aside.
        limit: read at most so many documents of each language, the first ones.
        step: where to write.

    Raises:
        InputError: a named file is missing or cannot be used, no document was found, or more of them were set aside than the
            error budget allows.
        MissingExtra: there are HTML pages, and the extractor is not installed.
    """
    if not files:
        raise InputError("no file is given", where="files", fix="name at least one file with text")
    readings = list(dict.fromkeys(each for said in files for each in plan(said)))
    if any(not each.hub and Source(each.path).suffix in PAGES for each in readings):
        extractor.must_be_installed()
    _tell_unverified(readings, step)
    pieces = cut(readings, unit)
    if limit is not None:
        # The first documents of a language can be known only in the order of the files.
        pieces = [tuple(part for piece in pieces for part in piece)]
    tag = language.tag if language else None
    here = str(Path.cwd())
    tasks = [
        ReadingTask(index, parts, tag, column, unit, largest, extractor, limit, here) for index, parts in enumerate(pieces)
    ]
    results = _run(tasks, step)
    _tell_failures(results, readings, step)
    found = _summed(results, "documents")
    if not found:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in sorted(step.quarantined.items()))
        raise InputError(
            f"no document was found ({reasons or 'nothing to read'})",
            where=", ".join(files[:8]) + (", …" if len(files) > 8 else ""),
            fix="see the reasons; a document must hold text",
        )
    _keep_accounts(results, found, step)
    if language is None:
        _tell_undetermined(readings, _summed(results, "undetermined"), found, step)
    if others := left_alone(files, readings):
        step.figures["files_of_other_formats"] = others
    number_shards(step.out, [name for each in results for name in each["shards"]])
    return Documents(step.out)


def _run(tasks: Sequence[ReadingTask], step: Step) -> list[dict[str, Any]]:
    if len(tasks) == 1 and tasks[0].weight <= _SMALL_BYTES:
        # Starting a worker would take longer than the work.
        with step.progress("reading text", total=1) as progress:
            return [read_task(task, step.out) for task in progress.track(tasks)]
    return run_tasks(read_task, tasks, step=step, label="reading text")


def _tell_unverified(readings: Sequence[Reading], step: Step) -> None:
    """Check the names of hub data sets before anything is read, and say what is not certain of them."""
    for each in readings:
        if each.hub and (named := named_corpus(str(each.path))) and named[0].unverified:
            step.note(f"{each.path}: not checked against the corpus's public pages: {named[0].unverified}.")


def _summed(results: Sequence[dict[str, Any]], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in results:
        total.update(each[name])
    return total


def _tell_failures(results: Sequence[dict[str, Any]], readings: Sequence[Reading], step: Step) -> None:
    """Put what the tasks set aside into the step's quarantine.

    Raises:
        InputError: the only file cannot be read whole.
    """
    for result in results:
        written: Counter[str] = Counter()
        for reason, where, excerpt in result["records"]:
            step.quarantine(reason, where=where, excerpt=excerpt)
            written[reason] += 1
        step.quarantined.update(Counter(result["quarantined"]) - written)
        for what, where, fix in result["failures"]:
            if len(readings) == 1:
                raise InputError(what, where=where, fix=fix)
            step.quarantine(what, where=where)
    failed = [f"{where}: {what}" for result in results for what, where, _ in result["failures"]]
    if failed:
        files = "1 file" if len(failed) == 1 else f"{len(failed)} files"
        more = f"; and {len(failed) - _FAILURES_SHOWN} more" if len(failed) > _FAILURES_SHOWN else ""
        step.note(f"{files} of {len(readings)} could not be read to the end: {'; '.join(failed[:_FAILURES_SHOWN])}{more}")


def _keep_accounts(results: Sequence[dict[str, Any]], found: Counter[str], step: Step) -> None:
    passed = _summed(results, "passed")
    seen, kept, aside = (sum(each[name] for each in results) for name in ("seen", "kept", "skipped"))
    if seen != kept + aside + passed.total() or kept != found.total():
        raise AssertionError(f"{seen} documents came in, {kept} were kept, {aside} set aside, {passed.total()} passed over")
    repeated = sum(each["repeated_ids"] for each in results)
    if repeated:
        step.note(
            f"{repeated:,} documents have an identifier that an earlier one of the same file has. All are kept: `id` is made "
            "from the content, and the file's own identifier is in `meta`."
        )
    budget = step.error_budget
    judged = kept + aside
    if aside > max(_FEW, budget * judged):
        reasons = ", ".join(f"{reason}: {count:,}" for reason, count in step.quarantined.most_common(5))
        raise InputError(
            f"{aside:,} of {judged:,} documents were set aside, more than the error budget of {budget:.0%} ({reasons})",
            fix="see what they have in common, or leave their file out",
        )
    step.figures.update(
        documents=dict(sorted(found.items())),
        files=dict(sorted(_summed(results, "files").items())),
        read={"in": seen, "kept": kept, "quarantined": aside, "passed_over": dict(sorted(passed.items()))},
    )


def _tell_undetermined(readings: Sequence[Reading], counts: Counter[str], found: Counter[str], step: Step) -> None:
    silent = [each.origin for each in readings if each.language is None and counts.get(each.origin)]
    if found[UNDETERMINED] and silent:
        shown = ", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if len(silent) > 5 else "")
        step.note(
            f"{found[UNDETERMINED]} documents are of no known language (und): nothing says the language of {shown}. "
            "Write hsb=FILE, or name the file hsb.txt."
        )
