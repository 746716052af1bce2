"""Fixtures for the tests of measurements."""

from collections.abc import Callable
from pathlib import Path

import pytest

from panglot.artifacts import Step


@pytest.fixture
def new_step(tmp_path: Path) -> Callable[..., Step]:
    """Makes a step with a fresh folder."""
    made = 0

    def make(seed: int = 17) -> Step:
        nonlocal made
        made += 1
        folder = tmp_path / f"step-{made}"
        folder.mkdir()
        return Step(folder, seed=seed)

    return make
