import pytest

from panglot.artifacts import InputError
from panglot.recipes.components import component_names, find_component
from panglot.recipes.document import parse
from panglot.recipes.plan import plan
from panglot.recipes.recipe import Recipe, builtin_names, from_document, load, with_overrides


def recipe(steps: str) -> Recipe:
    return from_document(parse("name: toy\nsteps:\n" + steps, "toy.yaml"))


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("  a: {use: toy.sai}", "no component 'toy.sai'.*line 3.*did you mean 'toy.say'"),
        ("  a: {use: toy.say, texd: hi}", "no parameter 'texd'.*line 3.*did you mean 'text'"),
        ("  a: {use: toy.say}", "needs the parameter text.*what to say"),
        ("  a: {use: toy.say, text: hi, times: 0}", "times: .*greater than or equal to 1, not 0"),
        ("  a: {use: toy.say, text: hi, times: many}", "times: .*integer.*'many'"),
        ("  a: {use: toy.say, text: hi, style: {method: quiet}}", "style"),
        ("  a: {use: toy.say, text: hi, style: {method: plain, marks: 3}}", "style.*marks"),
        ("  a: {use: toy.count, of: $b}", "refers to no earlier step"),
        ("  alpha: {use: toy.say, text: hi}\n  b: {use: toy.count, of: $alpa}", "did you mean 'alpha'"),
        ("  a: {use: toy.say, text: hi}\n  b: {use: toy.count, of: $a.cpy}", "no part 'cpy'.*did you mean 'copy'"),
        (
            "  a: {use: toy.say, text: hi}\n  b: {use: toy.count, of: $a}\n  c: {use: toy.count, of: $b}",
            "takes Text, but .b is Number",
        ),
        ("  a: {use: toy.say, text: hi}\n  b: {use: toy.count, of: hi}", "result of an earlier step"),
        ("  a: {use: toy.say, text: hi}\n  b: {use: toy.fail, of: [$a]}", "takes one Text, not a list"),
        ("  a: {use: toy.say, text: hi}\n  b: {use: toy.say, text: $a}", "not a reference"),
        ("  a: {text: hi}", "key use"),
        ("  A b: {use: toy.say}", "step name"),
    ],
)
def test_what_cannot_work_is_said_before_anything_runs(steps: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        plan(recipe(steps))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps: {}", "at least one step"),
        ("step: {}", "unknown key 'step'.*did you mean 'steps'"),
        ("name: ../up\nsteps: {a: {use: toy.say}}", "not usable"),
        ("seed: -1\nsteps: {a: {use: toy.say}}", "seed"),
        ("- a", "mapping"),
        ("", "mapping"),
    ],
)
def test_outer_form(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        from_document(parse(text, "toy.yaml"))


def test_overrides() -> None:
    found = with_overrides(recipe("  a: {use: toy.say, text: hi}"), ["a.times=3", "a.text=no", "seed=5", "a.seed=6"])
    (step,) = plan(found)
    assert (step.values["times"], step.values["text"], found.seed, step.seed) == (3, "no", 5, 6)


@pytest.mark.parametrize("override", ["a", "a=1", "b.times=1", "a.times", "seed=x"])
def test_bad_overrides(override: str) -> None:
    with pytest.raises(InputError):
        with_overrides(recipe("  a: {use: toy.say, text: hi}"), [override])


def test_a_recipe_survives_its_own_yaml() -> None:
    found = recipe(
        "  a: {use: toy.say, text: 'no: 17', style: {method: loud, marks: 2}}\n  b: {use: toy.count, of: [$a, $a.copy]}"
    )
    again = from_document(parse(found.to_yaml(), "again"))
    assert again == found


@pytest.mark.parametrize("name", builtin_names())
def test_built_in_recipes_can_work(name: str) -> None:
    assert plan(load(name))


@pytest.mark.parametrize("name", component_names())
def test_every_parameter_of_every_component_is_described(name: str) -> None:
    component = find_component(name)
    assert component.summary
    assert component.returns
    undescribed = [each.name for each in component.parameters.values() if not each.description]
    assert not undescribed
