"""What every method of initialisation must hold. A method that is added to the union must be made here too."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from initialise_tasks import NEW_TEXTS, TEXTS, extended, grown, task_of
from shapes import bert, gpt2, llama2, xlm_r
from surgery_models import write_model_of

from panglot.artifacts import step_folder
from panglot.models import Model
from panglot.models.tiny import write_tiny
from panglot.vocabulary.initialise.methods import Initialise, files_read
from panglot.vocabulary.initialise.random import Random
from panglot.vocabulary.initialise.task import Method, Task
from panglot.vocabulary.initialise_rows import apply, model_vocabulary
from panglot.vocabulary.matrices import read_matrices
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.rows import Change
from panglot.vocabulary.transliterate_tokenizer import transliterate_vocabulary

BUILDS = {"xlm_r": xlm_r, "gpt2": gpt2, "llama2": llama2, "bert": bert}
SMALL: Mapping[str, Mapping[str, Any]] = {
    "focus": {"minimum_count": 1, "dimension": 8},
    "wechsel": {"minimum_count": 1, "dimension": 2, "neighbours": 3},
    "ofa": {"minimum_count": 1, "dimension": 8, "neighbours": 3},
    "convex_hull": {"steps": 3, "batch": 32, "rank": 4, "candidates": 64},
    "omp": {"k": 4},
}
METHODS: dict[str, type[Method]] = {
    str(each.model_fields["method"].default): each for each in get_args(get_args(Initialise)[0])
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A donor that knows some of the new pieces, and text of the old language with words that the new text has too."""
    place = tmp_path_factory.mktemp("inputs")
    (place / "old.txt").write_text("\n".join([*TEXTS, "market markets wedro rjane 2024 wikowanje"] * 3), encoding="utf-8")
    write_tiny("tiny:llama", place / "donor")
    return place


def made(name: str, folder: Path) -> Method:
    more = dict(SMALL.get(name, {}))
    fields = METHODS[name].model_fields
    if "source_text" in fields:
        more["source_text"] = str(folder / "old.txt")
    if "donor" in fields:
        more["donor"] = folder / "donor"
    return METHODS[name](**more)


def change_for(name: str, build: Callable[[], Any], folder: Path) -> Change:
    if name == "transmi":
        return transliterate_vocabulary(xlm_r())
    if name == "omp":
        # the base lacks two pieces of the donor, and has a piece that the donor lacks
        donor = read_vocabulary(folder / "donor")
        return grown(donor, ["ab", "Ġthe"])
    return extended(build(), 20)


def cases() -> list[tuple[str, str]]:
    alone = {"transmi": ["xlm_r"], "omp": ["gpt2"]}
    return [(name, build) for name in METHODS for build in alone.get(name, list(BUILDS))]


def bent(task: Task, role: Any) -> Task:
    """The same task with other numbers in one matrix."""
    matrices = dict(task.matrices)
    matrices[role] = (matrices[role][:, ::-1] * 3 + 100).astype(np.float32)
    return Task(task.change, matrices, task.texts, task.seed)


@pytest.mark.parametrize(("name", "build"), cases())
def test_rows_are_finite_apart_and_the_old_ones_stay(name: str, build: str, folder: Path) -> None:
    change, method = change_for(name, BUILDS[build], folder), made(name, folder)
    task = task_of(change, padding=3)
    before = {role: each.copy() for role, each in task.matrices.items()}
    rows = method.rows(task)
    assert {role: each.shape for role, each in rows.items()} == {
        role: (len(change.added), 1 if role == "bias" else 12) for role in ("input", "output", "bias")
    }
    for role, found in rows.items():
        assert found.dtype == np.float32 and np.isfinite(found).all()
        assert np.abs(found).max() < 1e4, "rows that only pad a matrix were used"
        np.testing.assert_array_equal(task.matrices[role], before[role])
    again = method.rows(task_of(change, padding=3))
    assert all((found == again[role]).all() for role, found in rows.items())
    # other numbers in the head's matrix give other rows of the head, near them, and leave the input's rows
    other = method.rows(bent(task_of(change), "output"))
    assert name == "convex_hull" or (other["input"] == rows["input"]).all()  # there both matrices are learnt from together
    assert (other["output"] != rows["output"]).any(axis=1).all()
    if name != "omp":  # its coefficients do not sum to one
        assert 80 < other["output"].mean() < 125 and abs(rows["output"].mean()) < 5


@pytest.mark.parametrize("name", METHODS)
def test_tied_matrices_give_rows_of_the_input_only(name: str, folder: Path) -> None:
    change = change_for(name, gpt2, folder)
    rows = made(name, folder).rows(task_of(change, roles=("input",)))
    assert rows.keys() == {"input"} and np.isfinite(rows["input"]).all()


@pytest.mark.parametrize("name", [each for each in METHODS if each not in ("random", "mean", "noisy_mean", "multivariate")])
def test_tokens_that_nothing_is_known_of_are_counted(name: str, folder: Path) -> None:
    # a character that neither text nor tokenizer has; all methods but one draw its row like `random`
    old = xlm_r() if name != "omp" else read_vocabulary(folder / "donor")
    task = task_of(grown(old, ["ꔀꔁ"]), texts=["nothing of it market"] * 3)
    rows = made(name, folder).rows(task)
    if name == "convex_hull":
        assert task.figures["unseen"] == task.figures["unknown"] == 1
        return
    assert (task.figures["combined"], task.figures["drawn"]) == (0, 1)
    for role, found in Random().rows(task).items():
        np.testing.assert_array_equal(rows[role], found)


@pytest.mark.parametrize("kind", ["bert-masked", "llama-untied", "qwen-padded"])
@pytest.mark.parametrize("name", [each for each in METHODS if each not in ("transmi", "omp")])
def test_the_written_model_has_every_old_row_unchanged(name: str, kind: str, folder: Path, tmp_path: Path) -> None:
    model = write_model_of(kind, tmp_path / "before")
    change = extended(model_vocabulary(model), 8)
    with step_folder(tmp_path / "after") as step:
        apply(model, change, made(name, folder), step, texts=lambda: iter(NEW_TEXTS))
        assert step.figures["initialise"]["method"] == name
    before, found = read_matrices(model), read_matrices(Model.open(tmp_path / "after"))
    assert before.keys() == found.keys()
    for role, matrix in before.items():
        np.testing.assert_array_equal(found[role][: change.old.size], matrix[: change.old.size])
        assert np.isfinite(found[role]).all()


def test_the_digests_of_files_are_those_of_their_content(tmp_path: Path) -> None:
    path = tmp_path / "words.vec"
    path.write_text("dom 1 2\n", encoding="utf-8")
    method = METHODS["focus"](vectors=str(path))
    first = files_read(initialise=method, text=None)
    path.write_text("dom 1 3\n", encoding="utf-8")
    assert first.keys() == files_read(initialise=method).keys() == {str(path)}
    assert first != files_read(initialise=method)
    assert files_read(initialise=None) == files_read() == {}


@pytest.mark.parametrize("component", ["vocabulary.initialise", "vocabulary.extend", "vocabulary.merge", "evaluation.trial"])
def test_every_component_that_takes_a_method_says_what_it_reads(component: str) -> None:
    from panglot.artifacts import outside_of
    from panglot.recipes.components import find_component

    assert outside_of(find_component(component).function) is files_read
