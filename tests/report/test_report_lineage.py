"""Steps are found through manifests, and nothing outside the run is read."""

import json
from pathlib import Path

import pytest

from panglot.artifacts import Artifact, step_folder
from panglot.report.lineage import all_steps, lineage, step_of


def make(steps: Path, name: str, *used: str) -> Artifact:
    with step_folder(steps / name, component=f"example.{name}", inputs=dict.fromkeys(used, "0")) as step:
        (step.out / "part").mkdir()
        (step.out / "part" / "file.txt").write_text(name)
    return Artifact.open(steps / name)


def test_transitive_and_in_order(tmp_path: Path) -> None:
    make(tmp_path, "pairs")
    make(tmp_path, "split", "$pairs")
    make(tmp_path, "base")
    make(tmp_path, "tuned", "$base", "$split.train")
    last = make(tmp_path, "after", "$tuned", "$split.test")
    make(tmp_path, "other", "$base")
    names = list(lineage([last]))
    assert sorted(names) == ["after", "base", "pairs", "split", "tuned"]
    for earlier, later in (("pairs", "split"), ("split", "tuned"), ("base", "tuned"), ("tuned", "after")):
        assert names.index(earlier) < names.index(later)


def test_a_part_of_a_step_leads_to_the_step(tmp_path: Path) -> None:
    make(tmp_path, "split")
    found = step_of(Artifact.open(tmp_path / "split" / "part"))
    assert found is not None
    assert found.name == "split"


def test_cycles_end(tmp_path: Path) -> None:
    make(tmp_path, "one", "$two")
    make(tmp_path, "two", "$one")
    assert sorted(lineage([Artifact.open(tmp_path / "one")])) == ["one", "two"]


@pytest.mark.parametrize("reference", ["$../outside", "$/etc", "$..", "outside", "$", "$a/../../outside"])
def test_references_cannot_leave_the_run(tmp_path: Path, reference: str) -> None:
    make(tmp_path, "outside")
    (tmp_path / "steps").mkdir()
    last = make(tmp_path / "steps", "last", reference)
    assert list(lineage([last])) == ["last"]


def test_damaged_newer_and_missing_manifests_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "damaged")
    make(tmp_path, "newer")
    last = make(tmp_path, "last", "$damaged", "$newer", "$gone")
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    said = json.loads((tmp_path / "newer" / "manifest.json").read_text())
    (tmp_path / "newer" / "manifest.json").write_text(json.dumps({**said, "format": 99}))
    assert list(lineage([last])) == ["last"]


def test_a_folder_that_no_step_wrote(tmp_path: Path) -> None:
    assert lineage([Artifact.open(tmp_path)]) == {}


def test_all_steps_of_a_run(run_of: Path) -> None:
    names = list(all_steps(run_of))
    assert {"pairs", "clean", "split", "base", "tuned", "german", "before", "after", "control", "change", "report"} == {*names}
    assert names.index("clean") < names.index("split") < names.index("tuned") < names.index("after")
