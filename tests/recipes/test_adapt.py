import pytest

from panglot.artifacts import InputError
from panglot.languages import Language
from panglot.recipes.adapt import Adaptation, adapt_recipe
from panglot.recipes.plan import plan

HSB, DEU, CES, SWH, ENG = (Language(each) for each in ("hsb_Latn", "deu_Latn", "ces_Latn", "swh_Latn", "eng_Latn"))


def test_a_control_is_trained_like_the_language_itself() -> None:
    steps = adapt_recipe(Adaptation(HSB, control=DEU, epochs=3)).steps
    mine, other = dict(steps["tuned"].parameters), dict(steps["control"].parameters)
    assert (mine.pop("pairs"), other.pop("pairs")) == ("$train", "$control_train")
    assert mine == other
    assert steps["control_train"].parameters["match"] == "$train"


def test_seeds_repeat_both_arms() -> None:
    steps = adapt_recipe(Adaptation(HSB, control=DEU, seed=5, seeds=3)).steps
    assert [steps[f"{arm}{suffix}"].seed for arm in ("tuned", "control") for suffix in ("", "-2", "-3")] == [None, 6, 7] * 2
    assert steps["change"].parameters["after"] == ["$after", "$after-2", "$after-3"]


def test_retention_holds_the_retained_languages_but_not_the_control_in_every_arm() -> None:
    wanted = Adaptation(HSB, retain=[DEU, CES, SWH], control=DEU, relative=CES, retention_weight=1.0)
    steps = adapt_recipe(wanted).steps
    assert steps["retained_train"].parameters["languages"] == ["swh_Latn"]
    assert all(steps[arm].parameters["retain"] == "$retained_train" for arm in ("tuned", "control", "relative"))


@pytest.mark.parametrize(
    "wanted",
    [
        Adaptation(HSB),
        Adaptation(HSB, pairs=["a.tsv"]),
        Adaptation(HSB, pairs=["a.tsv"], retain=[DEU, CES], control=SWH, retain_pairs={SWH: ["b.tsv"]}),
        Adaptation(HSB, retain=[DEU, HSB], control=DEU, relative=CES, seeds=2, retention_weight=0.5),
    ],
)
def test_what_is_written_can_be_planned(wanted: Adaptation) -> None:
    recipe = adapt_recipe(wanted)
    assert len(plan(recipe)) == len(recipe.steps)


@pytest.mark.parametrize(
    "wanted",
    [Adaptation(ENG), Adaptation(HSB, control=HSB), Adaptation(HSB, retain=[ENG]), Adaptation(HSB, control=ENG)],
)
def test_languages_that_cannot_play_their_part(wanted: Adaptation) -> None:
    with pytest.raises(InputError):
        adapt_recipe(wanted)
