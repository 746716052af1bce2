"""The recipe of a comparison of initialisations: what is run, and what is refused before anything is."""

from pathlib import Path
from typing import Any, get_args

import pytest

from panglot.artifacts import InputError
from panglot.recipes.document import parse
from panglot.recipes.plan import plan
from panglot.recipes.recipe import from_document
from panglot.recipes.vocabulary_compare import NONE, UNFIT, Comparison, all_methods, comparison_recipe
from panglot.vocabulary.initialise.methods import Initialise


@pytest.fixture
def asked(tmp_path: Path) -> dict[str, Any]:
    for name in ("khm.txt", "eng.txt"):
        (tmp_path / name).write_text("ខ្ញុំ\n", encoding="utf-8")
    return {"model": "tiny:llama", "texts": [f"khm={tmp_path / 'khm.txt'}"], "retain": [f"eng={tmp_path / 'eng.txt'}"]}


def arms(wanted: Comparison) -> dict[str, list[int | None]]:
    found: dict[str, list[int | None]] = {}
    for each in comparison_recipe(wanted).steps.values():
        if each.use == "evaluation.trial":
            found.setdefault(str(each.parameters["arm"]), []).append(each.seed)
    return found


def test_all_methods_are_those_that_text_is_enough_for(asked: dict[str, Any]) -> None:
    # TransMI refuses tokenizers without scores, after all arms before it were trained, and draws every row of others
    every = {str(each.model_fields["method"].default) for each in get_args(get_args(Initialise)[0])}
    assert set(all_methods(with_old_text=True)) == every - {"transmi", "omp"}
    assert set(all_methods(with_old_text=False)) == every - {"transmi", "omp", "wechsel"}
    assert set(arms(Comparison(**asked))) == {*every, NONE} - {"transmi", "omp"}
    assert "wechsel" not in arms(Comparison(**{**asked, "retain": []}))


@pytest.mark.parametrize("more", [{}, {"retain": []}, {"measure_after": [10, 30]}, {"extension": False}, {"seeds": 1}])
def test_the_recipe_can_be_run_as_it_is_written(asked: dict[str, Any], more: dict[str, Any]) -> None:
    recipe = comparison_recipe(Comparison(**{**asked, **more}))
    assert [each.name for each in plan(recipe)] == list(recipe.steps)
    assert from_document(parse(recipe.to_yaml(), "recipe.yaml")).steps == recipe.steps


def test_every_arm_has_the_same_seeds_and_settings(asked: dict[str, Any]) -> None:
    wanted = Comparison(**asked, methods=["focus", "random", "mean"], seeds=3, seed=5)
    assert arms(wanted) == {each: [None, 6, 7] for each in ("focus", "random", "mean", NONE)}
    recipe = comparison_recipe(wanted)
    assert {each.seed for each in plan(recipe) if each.component.name == "evaluation.trial"} == {5, 6, 7}
    compared = recipe.steps["compared"].parameters
    assert compared["controls"] == ["random", "mean", NONE] and len(compared["trials"]) == 12
    assert "tokenizer" not in recipe.steps[f"{NONE}-1"].parameters


def test_a_method_that_is_named_twice_is_run_once(asked: dict[str, Any]) -> None:
    assert list(arms(Comparison(**asked, methods=["mean", "focus", "mean"]))) == ["mean", "focus", NONE]


@pytest.mark.parametrize("name", UNFIT)
def test_methods_that_need_more_than_text_are_refused_before_anything_is_run(asked: dict[str, Any], name: str) -> None:
    with pytest.raises(InputError, match=f"{name} cannot be compared here"):
        comparison_recipe(Comparison(**asked, methods=["mean", name]))


def test_wechsel_needs_text_to_compare_with(asked: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--retain"):
        comparison_recipe(Comparison(**{**asked, "retain": []}, methods=["wechsel"]))
    steps = comparison_recipe(Comparison(**asked, methods=["wechsel"], dictionary="d.tsv")).steps
    assert steps["wechsel-1"].parameters["initialise"] == {"method": "wechsel", "dictionary": "d.tsv"}
    assert steps["wechsel-1"].parameters["source"] == "$retained_split.train"


def test_an_unknown_method_gets_a_suggestion(asked: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="did you mean 'focus'"):
        comparison_recipe(Comparison(**asked, methods=["focsu"]))
