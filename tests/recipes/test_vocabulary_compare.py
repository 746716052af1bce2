"""The recipe of a comparison: valid against the components, fair to every arm, and early with what cannot work."""

import pytest

from panglot.artifacts import InputError
from panglot.languages import Language
from panglot.recipes.document import parse
from panglot.recipes.plan import plan
from panglot.recipes.recipe import from_document
from panglot.recipes.vocabulary_compare import NONE, Comparison, all_methods, comparison_recipe

KHMER = Language("khm_Khmr")


def wanted(**more):
    return Comparison("tiny:llama", ["khm=a.txt"], **more)


def trials(recipe):
    return {name: each for name, each in recipe.steps.items() if each.use == "evaluation.trial"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"methods": ["random", "mean", "focus"], "seeds": 1, "measure_after": [10, 30, 10]},
        {"retain": ["eng=b.txt"], "dictionary": "words.tsv", "language": KHMER, "test": 0.1},
        {"methods": ["subword_mean"], "extension": False, "seeds": 5, "seed": 3},
        {"methods": ["ofa", "wechsel"], "retain": ["b"], "steps": 1, "measure_after": [0, 1]},
    ],
)
def test_what_is_written_can_be_planned_and_read_again(more):
    recipe = comparison_recipe(wanted(**more))
    steps = plan(recipe)
    assert len(steps) == len(recipe.steps)
    again = from_document(parse(recipe.to_yaml(), "recipe.yaml"))
    assert {name: (each.use, each.parameters, each.seed) for name, each in again.steps.items()} == {
        name: (each.use, each.parameters, each.seed) for name, each in recipe.steps.items()
    }
    assert (again.name, again.seed) == (recipe.name, recipe.seed)


def test_every_arm_has_the_same_seeds_text_and_settings():
    recipe = comparison_recipe(wanted(methods=["random", "focus"], seeds=3, seed=5, retain=["eng=b.txt"]))
    planned = {each.name: each for each in plan(recipe)}
    arms = {}
    for name, each in trials(recipe).items():
        arms.setdefault(each.parameters["arm"], []).append(planned[name].seed)
    assert arms == {"random": [5, 6, 7], "focus": [5, 6, 7], NONE: [5, 6, 7]}
    shared = []
    for each in trials(recipe).values():
        shared.append({key: value for key, value in each.parameters.items() if key not in ("arm", "initialise")})
    of_none = {key: value for key, value in shared[0].items() if key not in ("tokenizer", "source")}
    assert all(each in (shared[0], of_none) for each in shared)
    assert of_none["heldout"] == ["$split.test", "$retained_split.test"]
    assert of_none["text"] == "$split.train"
    # no arm, and no new piece, has seen the text that is measured with
    assert recipe.steps["extended"].parameters["text"] == "$split.train"
    assert shared[0]["source"] == "$retained_split.train"


def test_the_control_arm():
    recipe = comparison_recipe(wanted(methods=["focus"], seeds=1))
    control = recipe.steps["none-1"].parameters
    assert not {"tokenizer", "initialise", "source"} & set(control)
    assert recipe.steps["compared"].parameters == {"trials": ["$focus-1", "$none-1"], "controls": [NONE]}
    without = comparison_recipe(wanted(methods=["focus", "mean", "random"], seeds=1, extension=False))
    assert not any(name.startswith(NONE) for name in without.steps)
    assert without.steps["compared"].parameters["controls"] == ["random", "mean"]
    assert without.steps["report"].parameters["trials"] == ["$focus-1", "$mean-1", "$random-1"]


def test_all_is_what_can_make_rows_of_the_text_that_is_given():
    plain, full = (comparison_recipe(wanted(retain=each)) for each in ([], ["eng=b.txt"]))
    arms = [{each.parameters["arm"] for each in trials(recipe).values()} for recipe in (plain, full)]
    assert arms[1] - arms[0] == {"wechsel"}
    assert {"random", "mean", "subword_mean", "focus", "ofa", "convex_hull", NONE} <= arms[0]
    # rows for a romanised tokenizer, and rows from a donor model, are another question
    assert not {"transmi", "omp"} & arms[1]
    assert set(all_methods(with_old_text=True)) == arms[1] - {NONE}


def test_methods_that_may_refuse_the_text_come_first():
    names = [each.parameters["arm"] for each in trials(comparison_recipe(wanted(retain=["eng=b.txt"], seeds=1))).values()]
    assert set(names[:2]) == {"wechsel", "ofa"}
    assert names[2:4] == ["random", "mean"] and names[-1] == NONE


def test_a_dictionary_reaches_wechsel_alone():
    recipe = comparison_recipe(wanted(retain=["eng=b.txt"], dictionary="words.tsv", seeds=1))
    assert recipe.steps["wechsel-1"].parameters["initialise"] == {"method": "wechsel", "dictionary": "words.tsv"}
    assert recipe.steps["focus-1"].parameters["initialise"] == "focus"


def test_a_method_named_twice_is_run_once():
    recipe = comparison_recipe(wanted(methods=["mean", "mean"], seeds=1))
    assert list(trials(recipe)) == ["mean-1", "none-1"]
    assert "one initialisation, each measured before training and after 100 steps, with one seed" in recipe.description


def test_the_language_is_that_of_texts_that_do_not_say_theirs():
    recipe = comparison_recipe(wanted(language=KHMER))
    assert recipe.steps["text"].parameters["language"] == "khm_Khmr"
    assert recipe.steps["report"].parameters["language"] == "khm_Khmr"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"methods": ["fokus"]}, ["no method is called 'fokus'", "--methods", "focus"]),
        ({"methods": ["qqqqqq"]}, ["there are random, mean"]),
        ({"methods": ["none"]}, ["no method is called 'none'"]),
        ({"methods": ["transmi"]}, ["romanised", "transliterate_tokenizer"]),
        ({"methods": ["omp"]}, ["omp needs donor"]),
        ({"methods": ["wechsel"]}, ["--retain"]),
        ({"dictionary": "words.tsv"}, ["--dictionary", "--retain"]),
        ({"dictionary": "words.tsv", "retain": ["b"], "methods": ["focus"]}, ["--dictionary", "name it in --methods"]),
        ({"measure_after": [10, 101]}, ["step 101", "a training of 100", "--measure-after"]),
        ({"measure_after": [-1]}, ["step -1"]),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_run(more, words):
    with pytest.raises(InputError) as error:
        comparison_recipe(wanted(**more))
    assert "\n" not in str(error.value)
    for each in words:
        assert each in str(error.value)
