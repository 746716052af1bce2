"""Component `corpus.existing`: documents that another run wrote, taken into this one without copying them."""

import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from panglot.artifacts import InputError, Step, digest_file, digest_value, read_manifest, reads
from panglot.corpus.documents import DOCUMENTS_FILE, SCHEMA, SHARDS_FOLDER, Documents


def outside_inputs(*, folder: str, **_: object) -> dict[str, str]:
    """What this depends on beside its parameter: the digests of the files, from the manifest where there is one."""
    place = Path(folder)
    try:
        shards = Documents(place).shards
    except InputError:
        return {}
    manifest = read_manifest(place)
    known = manifest.outputs if manifest else {}
    found = {}
    for shard in shards:
        name = shard.relative_to(place).as_posix()
        found[name] = known[name].digest if name in known else digest_file(shard)
    return {folder: digest_value(found)}


@reads(outside_inputs)
def existing(*, folder: str, step: Step) -> Documents:
    """Take documents that lie in a folder: that of another run's step, or any with `documents.parquet` or `documents/`.

    The files are linked where the file system can, else copied; what the folder says of dropped documents is left there.

    Args:
        folder: the folder.
        step: where to put the links.

    Raises:
        InputError: there are no documents, or a file lacks one of their columns.
    """
    found = Documents.open(folder)
    for shard in found.shards:
        names = pq.read_schema(shard).names
        missing = [name for name in SCHEMA.names if name not in names]
        if missing:
            raise InputError(f"this is no file of documents: it has no column {missing[0]!r}", where=shard)
        place = step.out / DOCUMENTS_FILE if shard == found.path else step.out / SHARDS_FOLDER / shard.name
        place.parent.mkdir(exist_ok=True)
        try:
            os.link(shard, place)
        except OSError:
            shutil.copyfile(shard, place)
    taken = Documents(step.out)
    step.figures["documents"] = taken.counts
    return taken
