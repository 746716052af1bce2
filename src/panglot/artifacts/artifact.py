"""What one step gives and another takes: a folder with a type."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from panglot.artifacts.digest import digest_folder
from panglot.artifacts.errors import InputError
from panglot.artifacts.manifest import MANIFEST_FILE, Manifest, read_manifest


@dataclass(frozen=True)
class Artifact:
    """A folder that a step wrote. Subclasses add properties that read it; a property may return a part as an artifact.

    In a recipe `$split` is the artifact and `$split.test` its property `test`. A subclass holds no state beside the folder,
    so that it can be opened again at any time.

    Attributes:
        volatile: names of files that may differ between equal runs (a page that shows times); they are kept out of digests.
    """

    folder: Path
    volatile: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Open a folder that a step wrote."""
        folder = Path(folder)
        if not folder.is_dir():
            raise InputError("there is no such folder", where=folder)
        return cls(folder)

    @cached_property
    def manifest(self) -> Manifest | None:
        """The manifest of the step that wrote this; None for a folder that no step wrote."""
        return self._found[0]

    @cached_property
    def _found(self) -> tuple[Manifest | None, str]:
        for parent in (self.folder, *self.folder.parents[:2]):
            if (parent / MANIFEST_FILE).is_file():
                relative = self.folder.relative_to(parent).as_posix()
                return read_manifest(parent), "" if relative == "." else relative
        return None, ""

    @cached_property
    def digest(self) -> str:
        """Digest of the content, taken from the manifest where there is one."""
        manifest, prefix = self._found
        if manifest is not None:
            return manifest.digest_under(prefix)
        return digest_folder(self.folder, without=(MANIFEST_FILE, *self.volatile))
