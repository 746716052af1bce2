import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import (
    MANIFEST_FILE,
    QUARANTINE_FILE,
    Artifact,
    InputError,
    digest_folder,
    digest_value,
    is_whole,
    read_manifest,
    step_folder,
)


class Note(Artifact):
    @property
    def part(self) -> "Note":
        return Note(self.folder / "part")


def write(place: Path, text: str = "ތާނަ", seed: int = 1) -> None:
    with step_folder(place, component="toy.note", seed=seed, volatile=("when.txt",)) as step:
        (step.out / "part").mkdir()
        (step.out / "part" / "a.txt").write_text(text)
        (step.out / "when.txt").write_text("any time")
        step.quarantine("not UTF-8", where="a.tsv, line 3", excerpt="x" * 1000)
        step.figures["n"] = 3
        step.note("said once")
        step.note("said once")


def test_a_manifest_records_what_came_out(tmp_path: Path) -> None:
    write(tmp_path / "step")
    manifest = read_manifest(tmp_path / "step")
    assert manifest is not None
    assert set(manifest.outputs) == {"part/a.txt", "when.txt", QUARANTINE_FILE}
    assert manifest.figures == {"n": 3}
    assert manifest.quarantined == {"not UTF-8": 1}
    assert manifest.notes == ["said once"]
    assert manifest.wall_seconds >= 0
    assert manifest.peak_memory_bytes > 1 << 20
    assert manifest.versions["python"]
    record = json.loads((tmp_path / "step" / QUARANTINE_FILE).read_text())
    assert len(record["excerpt"]) == 200


def test_the_digest_covers_content_and_not_volatile_files(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two")
    write(tmp_path / "three", text="other")
    one, two, three = (read_manifest(tmp_path / name) for name in ("one", "two", "three"))
    assert one and two and three
    assert one.digest == two.digest != three.digest
    assert one.outputs["when.txt"].volatile


def test_a_part_of_an_artifact_has_the_digest_of_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "step")
    part = Note(tmp_path / "step").part
    assert part.manifest is not None
    assert part.digest == digest_folder(tmp_path / "step" / "part")


@pytest.mark.parametrize("damage", ["remove", "longer", "same length"])
def test_damage_is_seen(tmp_path: Path, damage: str) -> None:
    write(tmp_path / "step", text="whole")
    manifest = read_manifest(tmp_path / "step")
    assert manifest is not None
    assert is_whole(tmp_path / "step", manifest)
    file = tmp_path / "step" / "part" / "a.txt"
    if damage == "remove":
        file.unlink()
    else:
        file.write_text("whole!" if damage == "longer" else "whelo")
    assert not is_whole(tmp_path / "step", manifest)


def test_large_files_are_compared_byte_by_byte_on_request(tmp_path: Path) -> None:
    with step_folder(tmp_path / "step") as step:
        (step.out / "large").write_bytes(bytes(9 << 20))
    manifest = read_manifest(tmp_path / "step")
    assert manifest is not None
    with (tmp_path / "step" / "large").open("r+b") as stream:
        stream.seek(5 << 20)
        stream.write(b"\x01")
    assert is_whole(tmp_path / "step", manifest)
    assert not is_whole(tmp_path / "step", manifest, read_all=True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": "1"}', '{"format": 1, "outputs": []}'])
def test_a_manifest_that_makes_no_sense_is_not_trusted(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST_FILE).write_text(text)
    assert read_manifest(tmp_path) is None


def test_a_newer_manifest_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_FILE).write_text('{"format": 99}')
    with pytest.raises(InputError, match="newer Panglot.*upgrade"):
        read_manifest(tmp_path)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_a_value_has_one_digest_whatever_the_order_of_its_keys(value: dict[str, object]) -> None:
    assert digest_value(value) == digest_value(dict(reversed(value.items())))


def test_the_digest_of_a_folder_depends_on_names_and_bytes(tmp_path: Path) -> None:
    seen = set()
    for name, data in (("a", b"1"), ("b", b"1"), ("a", b"2")):
        folder = tmp_path / f"{name}{data!r}"
        folder.mkdir()
        (folder / name).write_bytes(data)
        seen.add(digest_folder(folder))
    assert len(seen) == 3
