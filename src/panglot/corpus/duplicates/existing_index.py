"""Component `corpus.existing_index`: an index of duplicates that another run made, taken into this one."""

import os
import shutil
from pathlib import Path

from panglot.artifacts import InputError, Step, digest_value, read_manifest, reads
from panglot.artifacts.digest import digest_folder
from panglot.corpus.duplicates.clusters import INDEX_FILE, DuplicateIndex


def outside_inputs(*, folder: str, **_: object) -> dict[str, str]:
    """What this depends on beside its parameter: the digest of the index, from its manifest where there is one."""
    place = Path(folder)
    if not (place / INDEX_FILE).is_file():
        return {}
    manifest = read_manifest(place)
    return {folder: manifest.digest if manifest else digest_value(digest_folder(place))}


@reads(outside_inputs)
def existing_index(*, folder: str, step: Step) -> DuplicateIndex:
    """Take an index that lies in a folder; its files are linked where the file system can, else copied.

    Args:
        folder: the folder that `corpus.duplicate_index` wrote.
        step: where to put the links.

    Raises:
        InputError: there is no index, or a file of it is missing.
    """
    found = DuplicateIndex.open(folder)
    step.figures["documents"] = len(found)
    files = [INDEX_FILE]
    for run, _ in found.runs:
        files += sorted(each.relative_to(found.folder).as_posix() for each in run.parent.glob(f"{run.name}.*.npy"))
    if len(files) == 1 and len(found):
        raise InputError("files of this index are missing", where=found.folder)
    for name in files:
        place = step.out / name
        place.parent.mkdir(exist_ok=True)
        try:
            os.link(found.folder / name, place)
        except OSError:
            shutil.copyfile(found.folder / name, place)
    return DuplicateIndex(step.out)
