"""`engine:` in a recipe: understood, refused, and no part of any key."""

from pathlib import Path

import pytest

from panglot.artifacts import Engine, InputError, read_manifest, usable_cores
from panglot.recipes import document
from panglot.recipes.recipe import from_document
from panglot.recipes.runner import run

STEPS = "steps:\n  read: {use: corpus.read_text, files: [%s]}\n  clean: {use: corpus.clean_text, of: $read}\n"


def recipe(head: str, place: Path = Path("a.txt")):
    return from_document(document.parse(f"name: x\n{head}{STEPS % place}", "x.yaml"))


@pytest.mark.parametrize(
    ("head", "engine"),
    [
        ("", None),
        ("engine: ray\n", Engine("ray")),
        ("engine: {name: local, workers: 8}\n", Engine("local", 8)),
        ("engine: {name: ray, address: auto}\n", Engine("ray", None, "auto")),
    ],
)
def test_understood_and_written_again(head: str, engine: Engine | None) -> None:
    found = recipe(head)
    assert found.engine == engine
    assert from_document(document.parse(found.to_yaml(), "y.yaml")).engine == engine


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("engine: rai\n", "did you mean 'ray'"),
        ("engine: {name: local, worker: 8}\n", "did you mean 'workers'"),
        ("engine: {workers: 0}\n", "workers must be a whole number from 1"),
        ("engine: {workers: true}\n", "workers must be a whole number from 1"),
        ("engine: {address: auto}\n", "only the engine ray has an address"),
        ("engine: 3\n", "a name or a mapping"),
        ("error_budget: 2\n", "error_budget must be a share from 0 to 1"),
    ],
)
def test_refused(head: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        recipe(head)
    assert "x.yaml" in str(caught.value)


def test_no_part_of_a_key(tmp_path: Path) -> None:
    text = tmp_path / "hsb.txt"
    text.write_text("Dobry dźeń\nWitajće k nam\n", encoding="utf-8")
    first = run(recipe("engine: {workers: 1}\n", text), tmp_path / "run")
    assert {each.state for each in first.steps} == {"ran"}
    again = run(recipe("engine: {workers: 2}\n", text), tmp_path / "run", engine=Engine(workers=3))
    assert {each.state for each in again.steps} == {"kept"}
    other = run(recipe("", text), tmp_path / "other")
    for one, two in zip(first.steps, other.steps, strict=True):
        assert one.manifest is not None
        assert two.manifest is not None
        assert (one.manifest.key, one.digest) == (two.manifest.key, two.digest)


def test_error_budget(tmp_path: Path) -> None:
    found = recipe("error_budget: 0.25\n")
    assert found.error_budget == 0.25
    assert from_document(document.parse(found.to_yaml(), "y.yaml")).error_budget == 0.25
    assert "error_budget" not in recipe("").to_yaml()


def test_what_interrupted_runs_left_goes(tmp_path: Path) -> None:
    text = tmp_path / "hsb.txt"
    text.write_text("Dobry dźeń\n", encoding="utf-8")
    place = tmp_path / "run"
    scratch = place / "steps" / ".scratch"
    for name in (f"read-{'a' * 16}", f"gone-{'b' * 16}"):
        (scratch / name).mkdir(parents=True)
    run(recipe("", text), place)
    assert not scratch.exists()
    (scratch / f"clean-{'c' * 16}").mkdir(parents=True)
    run(recipe("", text), place)
    assert not scratch.exists()
    manifest = read_manifest(place / "steps" / "clean")
    assert manifest is not None
    assert not any(".scratch" in name for name in manifest.outputs)


def test_usable_cores() -> None:
    assert Engine().count == usable_cores() >= 1
    assert Engine(workers=3).count == 3
