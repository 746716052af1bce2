"""Component `corpus.known_thresholds`: the thresholds that come with Panglot, or a person's own, as part of a run."""

import shutil
from pathlib import Path

from panglot.artifacts import MANIFEST_FILE, InputError, Step, digest_folder, reads
from panglot.corpus.thresholds.artifact import FILE, Thresholds

PACKAGED = Path(__file__).parent / "thresholds" / "packaged"


def _place(folder: str | None) -> Path:
    if folder is None:
        return PACKAGED
    place = Path(folder).expanduser()
    # what `panglot corpus thresholds` wrote is a run folder
    inside = place / "steps" / "thresholds"
    return inside if inside.is_dir() else place


def outside_inputs(*, folder: str | None = None, **_: object) -> dict[str, str]:
    """What this depends on beside its parameter: the digest of the files."""
    place = _place(folder)
    return {"thresholds": digest_folder(place, without=(MANIFEST_FILE,))} if place.is_dir() else {}


@reads(outside_inputs)
def known_thresholds(*, folder: str | None = None, step: Step) -> Thresholds:
    """Take thresholds, stop words and reference models of languages into a run.

    Args:
        folder: what `panglot corpus thresholds` wrote; without it the thresholds that come with Panglot.
        step: where to copy them.

    Raises:
        InputError: there are none.
    """
    place = _place(folder)
    if not any((place / name).is_file() for name in (FILE, f"{FILE}.xz")):
        raise InputError("there are no thresholds here", where=place, fix="estimate them with `panglot corpus thresholds`")
    for each in sorted(place.rglob("*")):
        if each.is_file() and each.name != MANIFEST_FILE:
            target = step.out / each.relative_to(place)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(each, target)
    found = Thresholds(step.out)
    step.figures["languages"] = len(found.languages)
    return found
