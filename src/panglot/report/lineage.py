"""Which steps led to an artifact: found through the manifests, without the recipe."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from panglot.artifacts import MANIFEST_FILE, Artifact, Manifest, PanglotError, read_manifest

REFERENCE = re.compile(r"\$([A-Za-z_][\w-]*)((?:\.\w+)*)")


@dataclass(frozen=True)
class Ancestor:
    """One step that led to an artifact.

    Attributes:
        name: the step's name in the recipe, which is the name of its folder.
        folder: `RUN/steps/NAME`.
        manifest: what the step recorded.
    """

    name: str
    folder: Path
    manifest: Manifest


def step_of(artifact: Artifact) -> Ancestor | None:
    """The step that wrote an artifact; None for a folder that no step wrote."""
    for folder in (artifact.folder, *artifact.folder.parents[:2]):
        if (folder / MANIFEST_FILE).is_file():
            return _read(folder)
    return None


def lineage(artifacts: Iterable[Artifact]) -> dict[str, Ancestor]:
    """All the steps that led to some artifacts, their own steps included, each after the steps that it used.

    A manifest names what its step used as `$name` or `$name.property`; that step lies beside it as `../name`. What cannot be
    found or read is left out: a report of a moved folder is shorter, never wrong.

    Example:
        >>> import tempfile
        >>> from panglot.artifacts import step_folder
        >>> steps = Path(tempfile.mkdtemp()) / "steps"
        >>> with step_folder(steps / "split", component="corpus.split"): pass
        >>> with step_folder(steps / "after", inputs={"$split.test": "0"}): pass
        >>> list(lineage([Artifact.open(steps / "after")]))
        ['split', 'after']
    """
    found: dict[str, Ancestor] = {}
    visiting: set[Path] = set()

    def visit(step: Ancestor) -> None:
        if step.folder in visiting:
            return
        visiting.add(step.folder)
        for reference in step.manifest.inputs:
            match = REFERENCE.match(reference)
            used = _read(step.folder.parent / match[1]) if match else None
            if used is not None:
                visit(used)
        found.setdefault(step.name, step)

    for artifact in artifacts:
        step = step_of(artifact)
        if step is not None:
            visit(step)
    return found


def all_steps(run: Path) -> dict[str, Ancestor]:
    """Every step of a run folder, each after the steps that it used."""
    folders = sorted(each.parent for each in run.glob(f"steps/*/{MANIFEST_FILE}"))
    return lineage(Artifact(folder) for folder in folders)


def _read(folder: Path) -> Ancestor | None:
    try:
        manifest = read_manifest(folder)
    except PanglotError:
        return None
    return None if manifest is None else Ancestor(folder.name, folder, manifest)
