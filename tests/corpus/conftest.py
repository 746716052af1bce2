"""A bench to run one component on, and small tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from panglot.artifacts import QUARANTINE_FILE, Step, step_folder
from panglot.corpus.pairs import Pairs, write_pairs


class Ran:
    """What a component gave, and what its step says."""

    def __init__(self, artifact: Any, step: Step, folder: Path) -> None:
        self.artifact, self.step, self.folder = artifact, step, folder

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(row["source_text"], row["target_text"]) for row in self.artifact.rows()]

    @property
    def quarantine(self) -> list[dict[str, str]]:
        path = self.folder / QUARANTINE_FILE
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    made = [0]

    def run(component: Callable[..., Any], *, seed: int = 17, **parameters: Any) -> Ran:
        made[0] += 1
        final = tmp_path / f"run-{made[0]}" / "step"
        with step_folder(final, component=component.__name__, seed=seed) as step:
            artifact = component(**parameters, step=step)
        return Ran(type(artifact).open(final), step, final)

    return run


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Pairs]:
    made = [0]

    def table(*rows: tuple[str, ...], language: str = "hsb_Latn", pivot: str = "eng_Latn", origin: str = "test") -> Pairs:
        """Rows of (source, target) or (source, target, language)."""
        made[0] += 1
        columns = {
            "source_text": [row[0] for row in rows],
            "target_text": [row[1] for row in rows],
            "source_language": [row[2] if len(row) > 2 else language for row in rows],
            "target_language": [pivot] * len(rows),
            "origin": [origin] * len(rows),
        }
        types = dict.fromkeys(columns, pa.string())
        return write_pairs(tmp_path / f"table-{made[0]}", pa.table(columns, schema=pa.schema(list(types.items()))))

    return table
