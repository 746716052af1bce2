"""Rows transplanted from another model by orthogonal matching pursuit."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from initialise_tasks import grown, task_of
from sklearn.linear_model import orthogonal_mp
from surgery_models import write_model_of

from panglot.artifacts import InputError, step_folder
from panglot.models.tiny import write_tiny
from panglot.vocabulary.initialise.omp import OMP, matching_pursuit
from panglot.vocabulary.initialise.random import Random, draw
from panglot.vocabulary.initialise_rows import apply, model_vocabulary
from panglot.vocabulary.matrices import find_tensors
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.surface import surfaces


def spread(count: int, width: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def test_by_hand():
    atoms = np.array([[1, 0, 0], [0, 2, 0], [0, 0, 1]], np.float32)
    chosen, coefficients = matching_pursuit(np.array([[5, 4, 0.5]], np.float32), atoms, 2)
    assert chosen.tolist() == [[1, 0]]  # the inner product counts, so the longer atom comes first: 8 before 5
    np.testing.assert_allclose(coefficients, [[2, 5]], atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10_000))
def test_agrees_with_scikit_learn(k, seed):
    atoms = spread(40, 16, seed)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    targets = spread(5, 16, seed + 1)
    chosen, coefficients = matching_pursuit(targets, atoms, k)
    expected = orthogonal_mp(atoms.T.astype(float), targets.T.astype(float), n_nonzero_coefs=k).T.reshape(5, -1)
    found = np.zeros((5, 40))
    np.put_along_axis(found, np.maximum(chosen, 0), coefficients, axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_sparse_sum_is_found_again():
    atoms = spread(300, 64)
    places = np.array([[3, 70, 200], [5, 6, 299]])
    weights = np.array([[2.0, -1.5, 1.0], [1.0, 3.0, -2.0]])
    targets = (weights[:, :, None] * atoms[places]).sum(axis=1).astype(np.float32)
    chosen, coefficients = matching_pursuit(targets, atoms, 10)
    for row in range(2):
        taken = {int(each): value for each, value in zip(chosen[row], coefficients[row], strict=True) if abs(value) > 1e-3}
        assert taken.keys() == set(places[row].tolist())
        np.testing.assert_allclose([taken[each] for each in places[row]], weights[row], atol=1e-4)


def test_it_stops_where_nothing_is_left_or_atoms_depend_on_each_other():
    # without a stop, equal atoms (untrained rows often are) would get coefficients without bound
    atoms = np.array([[1, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]], np.float32)
    chosen, coefficients = matching_pursuit(np.array([[2, 0, 0], [1, 1, 7], [0, 0, 0]], np.float32), atoms, 4)
    assert (chosen[0] >= 0).sum() == 1 and (chosen[1] >= 0).sum() == 2 and (chosen[2] == -1).all()
    assert np.abs(coefficients).max() <= 2 and np.isfinite(coefficients).all()


def test_more_atoms_never_fit_worse_and_none_is_taken_twice():
    atoms, targets = spread(500, 48), spread(40, 48, 9)
    last = np.inf
    for k in (1, 4, 16, 40):
        chosen, coefficients = matching_pursuit(targets, atoms, k)
        error = np.linalg.norm(targets - np.einsum("tk,tkd->td", coefficients, atoms[chosen]))
        assert error < last and all(len(set(row)) == k for row in chosen.tolist())
        last = error


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    """`tiny:llama` with three pieces more."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path_factory.mktemp("donor")
    write_tiny("tiny:llama", folder)
    change = grown(read_vocabulary(folder), PIECES)
    change.new.save(folder)
    path = next(folder.glob("*.safetensors"))
    tensors = load_file(path)
    for name, each in tensors.items():
        if each.shape == (change.old.size, 32):
            tensors[name] = np.concatenate([each, spread(len(PIECES), 32, 7)])
            tensors[name][-3] = each[40] + 2 * each[50] - each[60]
    save_file(tensors, path, {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": change.new.size}))
    return folder


PIECES = ["áŀĲáŀĲ", "ab", "Ġthe"]


def base_task(tmp_path, pieces, **more):
    write_tiny("tiny:llama", tmp_path)
    return task_of(grown(read_vocabulary(tmp_path), pieces), **more)


def test_a_token_is_made_of_the_same_shared_tokens_as_in_the_donor(donor, tmp_path):
    task = base_task(tmp_path, [*PIECES, "Ġnowhere"])
    rows = OMP(donor=donor, k=3).rows(task)
    old = task.old("input")
    np.testing.assert_allclose(rows["input"][0], old[40] + 2 * old[50] - old[60], atol=1e-3)
    assert task.figures == {"shared": 256, "combined": 3, "drawn": 1}
    assert all(np.isfinite(each).all() for each in rows.values())


def pursued(target, atoms, k):
    """The definition, for one target: float64, one least-squares problem a step."""
    rest, taken = target, []
    for _ in range(k):
        products = np.abs(atoms @ rest)
        products[taken] = -1
        taken.append(int(products.argmax()))
        solved = np.linalg.lstsq(atoms[taken].T, target, rcond=None)[0]
        rest = target - atoms[taken].T @ solved
    return taken, solved


def test_the_head_is_solved_with_the_head_of_the_donor(tmp_path):
    model = write_model_of("llama-untied", tmp_path / "base")
    change = grown(model_vocabulary(model), ["ab", "Ġthe the"])
    with step_folder(tmp_path / "donor") as step:
        apply(model, change, Random(), step)
    folder = tmp_path / "donor" / "model"
    task = task_of(change, roles=("input", "output"), seed=5)
    rows = OMP(donor=folder, k=3, shared=10_000).rows(task)
    shared = [number for number, text in enumerate(surfaces(change.old)) if text is not None]
    for role in ("input", "output"):
        donor = find_tensors(folder).matrix(role).astype(float)
        for row, target in enumerate(change.added):
            taken, solved = pursued(donor[target], donor[shared], 3)
            expected = solved @ task.old(role)[np.array(shared)[taken]]
            np.testing.assert_allclose(rows[role][row], expected, atol=1e-3)


def test_a_row_of_zeros_in_the_head_of_the_donor_is_drawn_and_not_zero(donor, tmp_path, monkeypatch):
    task = base_task(tmp_path, PIECES)
    weights = OMP._weights
    turns = iter(["input", "output"])
    monkeypatch.setattr(OMP, "_weights", lambda *given: weights(*given) * (next(turns) == "input"))
    rows = OMP(donor=donor, k=2).rows(task)
    assert task.figures["drawn"] == 0
    assert (rows["output"] == draw(task.old("output"), 3, task.seed_of("output"))).all()


def test_a_bias_is_a_mean_of_biases(donor, tmp_path):
    task = base_task(tmp_path, PIECES)
    rows = OMP(donor=donor).rows(task)
    assert (rows["bias"] >= task.old("bias").min() - 1e-5).all() and (rows["bias"] <= task.old("bias").max() + 1e-5).all()


def test_equal_tasks_give_equal_rows(donor, tmp_path):
    write_tiny("tiny:llama", tmp_path)
    first, second = (OMP(donor=donor, k=8).rows(task_of(grown(read_vocabulary(tmp_path), PIECES))) for _ in range(2))
    np.testing.assert_array_equal(first["input"], second["input"])


def test_the_number_of_shared_tokens_is_bounded(donor, tmp_path):
    task = base_task(tmp_path, PIECES)
    OMP(donor=donor, shared=10).rows(task)
    assert task.figures["shared"] == 10


def test_the_donor_counts_for_the_cache(donor):
    assert OMP(donor=donor).files() == [donor]
    assert find_tensors(donor).rows == 264


def test_a_donor_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="donor"):
        OMP(donor=tmp_path / "none").rows(base_task(tmp_path, PIECES))
