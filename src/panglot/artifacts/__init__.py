"""Folders with a manifest: digests, atomic writes, provenance, errors. Imports no other room."""

from panglot.artifacts.artifact import Artifact
from panglot.artifacts.digest import digest_bytes, digest_file, digest_folder, digest_value
from panglot.artifacts.engine import Engine, usable_cores
from panglot.artifacts.errors import (
    EXIT_BAD_INPUT,
    EXIT_INTERRUPTED,
    BusyError,
    InputError,
    MissingExtra,
    PanglotError,
    StorageError,
    did_you_mean,
)
from panglot.artifacts.lazy import lazy_names
from panglot.artifacts.lock import locked
from panglot.artifacts.manifest import MANIFEST_FILE, Manifest, is_whole, package_versions, read_manifest
from panglot.artifacts.outside import check_outside_of, outside_of, reads
from panglot.artifacts.progress import Listener, Progress, Silent, Task
from panglot.artifacts.step import ERROR_BUDGET, QUARANTINE_FILE, Step, step_folder
from panglot.artifacts.storage import (
    discard_partial,
    discard_scratch,
    staged_file,
    staged_folder,
    translated_storage_errors,
    write_file,
)
from panglot.artifacts.together import is_done_together, runs_together, without_effect_of

__all__ = [
    "ERROR_BUDGET",
    "EXIT_BAD_INPUT",
    "EXIT_INTERRUPTED",
    "MANIFEST_FILE",
    "QUARANTINE_FILE",
    "Artifact",
    "BusyError",
    "Engine",
    "InputError",
    "Listener",
    "Manifest",
    "MissingExtra",
    "PanglotError",
    "Progress",
    "Silent",
    "Step",
    "StorageError",
    "Task",
    "check_outside_of",
    "did_you_mean",
    "digest_bytes",
    "digest_file",
    "digest_folder",
    "digest_value",
    "discard_partial",
    "discard_scratch",
    "is_done_together",
    "is_whole",
    "lazy_names",
    "locked",
    "outside_of",
    "package_versions",
    "read_manifest",
    "reads",
    "runs_together",
    "staged_file",
    "staged_folder",
    "step_folder",
    "translated_storage_errors",
    "usable_cores",
    "without_effect_of",
    "write_file",
]
