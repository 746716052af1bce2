"""`panglot corpus inspect`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.artifacts import QUARANTINE_FILE, InputError, did_you_mean, read_manifest
from panglot.cli.console import output, print_json

if TYPE_CHECKING:
    from panglot.corpus.documents import Documents

_SHOWN_CHARACTERS = 400
QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Place:
    """A folder of documents, and the step that wrote it."""

    step: str
    documents: "Documents"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inspect")(inspect_command)


def inspect_command(
    folder: Annotated[Path, typer.Argument(help="A run folder, or a folder of documents.", metavar="DIR")],
    dropped: Annotated[
        str | None,
        typer.Option(
            "--dropped", help="Show what was dropped for this reason; `all` for any, `quarantined` for the unreadable."
        ),
    ] = None,
    language: Annotated[str | None, typer.Option("--language", help="Only documents of this language.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="Only what this step of the run did.")] = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many documents to show.")] = 5,
    full: Annotated[bool, typer.Option("--full", help="Show whole texts.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read what was kept, and with --dropped what was dropped, and why."""
    from panglot.languages import Language

    tag = None if language is None else Language.parse(language).tag
    places = _places(folder, step)
    reasons = _reasons(places)
    if dropped is not None and dropped not in ("all", *reasons):
        known = ", ".join(reasons) or "nothing was dropped"
        raise InputError(f"nothing was dropped for {dropped!r}", fix=did_you_mean(dropped, reasons) or f"reasons: {known}")
    found = []
    for row in _rows(places, dropped, tag):
        found.append(row)
        if len(found) == count:
            break
    if as_json:
        print_json({"folder": str(folder), "reasons": reasons, "documents": found})
        return
    _show(found, reasons, dropped, full=full)


def _places(folder: Path, step: str | None) -> list[Place]:
    from panglot.corpus.documents import SHARDS_FOLDER, Documents

    if not folder.is_dir():
        raise InputError("there is no such folder", where=folder)
    if not (folder / "steps").is_dir():
        if step is not None:
            raise InputError("this is no run folder, and has no steps", where=folder)
        return [Place(folder.resolve().name, Documents(folder))]
    found = [
        Place(each.name, Documents(each))
        for each in _steps(folder)
        if (each / SHARDS_FOLDER).is_dir() or Documents(each).path.is_file() or (each / QUARANTINE_FILE).is_file()
    ]
    if not found:
        raise InputError("no step of this run wrote documents", where=folder, fix="run `panglot corpus build` first")
    if step is not None:
        names = [each.step for each in found]
        if step not in names:
            raise InputError(f"no step {step!r} wrote documents", fix=did_you_mean(step, names) or f"steps: {', '.join(names)}")
        found = [each for each in found if each.step == step]
    return found


def _steps(run: Path) -> list[Path]:
    """The folders of a run's steps, in the order of its recipe."""
    from panglot.recipes.recipe import load

    try:
        order = list(load(str(run / "recipe.yaml")).steps)
    except InputError:
        order = []
    found = [each for each in sorted((run / "steps").iterdir()) if each.is_dir() and not each.name.startswith(".")]
    return sorted(found, key=lambda each: order.index(each.name) if each.name in order else len(order))


def _reasons(places: list[Place]) -> dict[str, int]:
    """Reason to number of documents, over all steps, from the manifests, or counted where there is none."""
    found: dict[str, int] = {}
    for place in places:
        manifest = read_manifest(place.documents.folder)
        said = manifest.figures.get("documents") if manifest else None
        if manifest is not None and isinstance(said, dict) and isinstance(said.get("dropped"), dict):
            counts = said["dropped"]
        else:
            counts = {}
            for row in _dropped_rows(place):
                counts[row["reason"]] = counts.get(row["reason"], 0) + 1
        for reason, number in counts.items():
            found[reason] = found.get(reason, 0) + number
        aside = sum(manifest.quarantined.values()) if manifest else 0
        if aside:
            found[QUARANTINED] = found.get(QUARANTINED, 0) + aside
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _dropped_rows(place: Place) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    dropped = place.documents.dropped
    for shard in dropped.shards if dropped is not None else []:
        for batch in pq.ParquetFile(shard).iter_batches(batch_size=1024):
            yield from batch.to_pylist()


def _quarantined_rows(place: Place) -> Iterator[dict[str, Any]]:
    import json

    path = place.documents.folder / QUARANTINE_FILE
    if path.is_file():
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                said = json.loads(line)
                detail = said.get("detail") or said["reason"]
                yield {"id": said["where"], "text": said["excerpt"], "language": "", "source": "", "reason": detail}


def _rows(places: list[Place], dropped: str | None, tag: str | None) -> Iterator[dict[str, Any]]:
    if dropped is None:
        last = next((each for each in reversed(places) if not (each.documents.folder / "clusters").is_dir()), places[-1])
        for row in last.documents.rows():
            if tag is None or row["language"] == tag:
                yield {"step": last.step, **row}
        return
    for place in places:
        if dropped in ("all", QUARANTINED) and tag is None:
            for row in _quarantined_rows(place):
                yield {"step": place.step, **row}
        if dropped != QUARANTINED:
            for row in _dropped_rows(place):
                if dropped in ("all", row["reason"]) and (tag is None or row["language"] == tag):
                    yield {"step": place.step, **row}


def _show(found: list[dict[str, Any]], reasons: dict[str, int], dropped: str | None, *, full: bool) -> None:
    from rich.text import Text

    console = output()
    for row in found:
        why = f"dropped by {row['step']}: {row['reason']}" if "reason" in row else f"kept by {row['step']}"
        head = "  ".join(each for each in (row["language"], why, row["source"], row.get("url") or "", row["id"]) if each)
        console.print(Text(head, style="bold"), soft_wrap=True)
        console.print(Text(_printable(row["text"] if full else _shortened(row["text"]))), soft_wrap=True)
        console.print()
    if not found:
        console.print(Text("no such document"))
    if dropped is None and reasons:
        console.print(Text("dropped:", style="bold"))
        for reason, number in reasons.items():
            console.print(Text(f"{number:>12,}  {_printable(reason)}"))
        console.print(Text("read them with --dropped REASON", style="dim"))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS].rstrip() + " …"


def _printable(text: str) -> str:
    """Text that cannot command the terminal: control characters are shown as their codes."""
    return "".join(each if each.isprintable() or each == "\n" or _is_joiner(each) else f"\\x{ord(each):02x}" for each in text)


def _is_joiner(character: str) -> bool:
    return character in "\u200b\u200c\u200d\u3000\xa0"
