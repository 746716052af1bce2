"""Claims about encoders, transfer and scaling: what each arm is given, and verdicts from hand-made results."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from panglot.artifacts import Artifact
from panglot.evaluation import Results, write_results
from panglot.models.model import MODEL_FILE, Model
from panglot.recipes.claims import entity_masking, scaling_mix, transliteration, unshared
from panglot.recipes.claims.claim import Claim, Finding, find_claims, verdict
from panglot.recipes.claims.paired import HARVESTED, seeded
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.components import find_component

Folders = Callable[[], Path]
NAMES = ("translico", "entities", "scaling-mix", "unshared-vocabulary", "shared-layers")
AFTER = f"bits_per_byte_{unshared.STEPS}"


def claim(name: str) -> Claim:
    return find_claims("training", [name])[0]


def results(place: Path, rows: Mapping[tuple[str, str], list[float]]) -> Results:
    """(metric, language) to the value of each item."""
    found = [
        {"task": "t", "language": tag, "metric": metric, "item": f"{at:03}", "correct": value}
        for (metric, tag), values in rows.items()
        for at, value in enumerate(values)
    ]
    return write_results(place, [], pa.Table.from_pylist(found))


def measured(folders: Folders, metric: str, means: Mapping[str, float], tag: str = "deu_Latn") -> dict[str, Artifact]:
    """Forty items around the mean of each arm; seeds differ a little."""
    return {
        f"{arm}-{seed}": results(
            folders(), {(metric, tag): [mean + 0.1 * (at % 5) + 0.001 * ((seed * at) % 3) for at in range(40)]}
        )
        for arm, mean in means.items()
        for seed in SEEDS
    }


def judged(name: str, artifacts: Mapping[str, Artifact]) -> tuple[str, list[Finding]]:
    assert artifacts.keys() <= claim(name).steps().keys()
    found = claim(name).judge(artifacts)
    return verdict(found), found


# Arms


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_one_that_its_component_takes(name: str) -> None:
    steps = claim(name).steps()
    for step, each in steps.items():
        component = find_component(each.use)
        known = component.parameters
        assert each.parameters.keys() <= known.keys(), step
        for key, value in each.parameters.items():
            if isinstance(value, str) and value.startswith("$"):
                assert value[1:].partition(".")[0] in steps, (step, value)
            else:
                known[key].validated(value, step)


@pytest.mark.parametrize(
    ("name", "arms", "use", "own"),
    [
        ("translico", ("contrast", "no-contrast"), "training.language_model", {"objective"}),
        ("entities", ("entities", "any-tokens"), "training.language_model", {"objective", "marked"}),
        ("unshared-vocabulary", ("kept", "fresh", "shared-pieces"), "evaluation.trial", {"model"}),
        ("shared-layers", ("kept", "fresh", "upper", "lower"), "evaluation.trial", {"model"}),
    ],
)
def test_three_seeds_an_arm_and_arms_that_differ_in_what_they_are_about_alone(
    name: str, arms: tuple[str, ...], use: str, own: set[str]
) -> None:
    steps = claim(name).steps()
    prefix = "trained-" if use == "training.language_model" else ""
    trained = [steps[f"{prefix}{step}"] for arm in arms for step in seeded(arm)]
    assert [each.seed for each in trained] == [*SEEDS] * len(arms) and {each.use for each in trained} == {use}
    shared = [{key: value for key, value in each.parameters.items() if key not in own and key != "arm"} for each in trained]
    assert all(each == shared[0] for each in shared)


def test_the_arms_of_translico_differ_in_the_weight_alone() -> None:
    one, other = (transliteration.ARMS[each] for each in ("contrast", "no-contrast"))
    assert one["weight"] == 0.5 and other["weight"] == 0.0
    assert {**one, "weight": 0} == {**other, "weight": 0}


def test_layers_that_are_not_drawn_anew_are_those_that_the_arms_are_named_after() -> None:
    every = set(range(1, unshared.LAYERS + 1))
    kept = {arm: every - set(drawn) for arm, drawn in unshared.FRESH.items()}
    assert kept["fresh"] == set() and kept["upper"] | kept["lower"] == every
    assert min(kept["upper"]) > max(kept["lower"]) and len(kept["upper"]) == len(kept["lower"])


def test_the_mix_that_is_told_is_among_those_that_are_run_and_none_of_the_extremes() -> None:
    assert scaling_mix.HELD_OUT in scaling_mix.SHARES
    assert min(scaling_mix.SHARES) < scaling_mix.HELD_OUT < max(scaling_mix.SHARES)
    steps = claim("scaling-mix").steps()
    trials = [each for each in steps.values() if each.use == "evaluation.trial"]
    assert len(trials) == len(scaling_mix.SHARES) * len(scaling_mix.WIDTHS) * len(SEEDS)
    assert all(sum(each.parameters["shares"]["weights"].values()) == pytest.approx(1) for each in trials)


def test_text_that_is_measured_is_never_learnt_from() -> None:
    for name in NAMES:
        for step, each in claim(name).steps().items():
            said = str(each.parameters)
            assert not (".train" in said and ".test" in said), step


def test_all_that_is_learnt_is_harvested() -> None:
    tags = {*transliteration.LANGUAGES, *unshared.HARVESTED_FOR_ENGLISH, scaling_mix.FIRST, scaling_mix.SECOND}
    assert tags <= set(HARVESTED)


def test_the_claims_of_a_room_mean_the_same_by_a_step() -> None:
    from panglot.recipes.claims.claim import claims_recipe

    assert len(claims_recipe("training", find_claims("training", [])).steps) > 200


# Verdicts


@pytest.mark.parametrize(
    ("figures", "expected"), [((0.5, 0.3), "reproduced"), ((0.3, 0.3), "not shown"), ((0.2, 0.3), "contrary")]
)
@pytest.mark.parametrize(
    ("name", "arm", "control", "more"),
    [
        ("translico", "contrast", "no-contrast", {"contrast-own": 0.1, "no-contrast-own": 0.2, "scripts-start-own": 0.3}),
        ("entities", "entities", "any-tokens", {}),
    ],
)
def test_an_arm_must_find_more_translations_than_its_control(
    name: str, arm: str, control: str, more: dict[str, float], figures: tuple[float, float], expected: str, folders: Folders
) -> None:
    base = transliteration.BASE if name == "translico" else entity_masking.BASE
    means = {**dict(zip((arm, control), figures, strict=True)), base: 0.4, **more}
    said, found = judged(name, measured(folders, "accuracy_cosine", means))
    assert said == expected and [each.counts for each in found] == [True] + [False] * (len(found) - 1)


@pytest.mark.parametrize(
    ("kept", "fresh", "expected"), [(2.0, 2.2, "reproduced"), (2.2, 2.2, "not shown"), (2.3, 2.2, "contrary")]
)
def test_what_was_learnt_must_help_where_no_piece_is_shared(kept: float, fresh: float, expected: str, folders: Folders) -> None:
    # that shared pieces help more decides nothing
    means = {"kept": kept, "fresh": fresh, "shared-pieces": 1.0}
    assert judged("unshared-vocabulary", measured(folders, AFTER, means))[0] == expected


@pytest.mark.parametrize(
    ("kept", "upper", "expected"),
    [
        (2.0, 2.05, "reproduced"),
        (2.0, 2.15, "contrary"),  # it helps, by less than half of what all layers do
        (2.0, 2.1, "not shown"),
        (2.0, 2.3, "contrary"),
        (2.2, 2.05, "not shown"),  # all layers together transfer nothing
    ],
)
def test_the_upper_half_must_carry_more_than_half(kept: float, upper: float, expected: str, folders: Folders) -> None:
    means = {"kept": kept, "fresh": 2.2, "upper": upper, "lower": 2.2}
    assert judged("shared-layers", measured(folders, AFTER, means))[0] == expected


# The law


def law_of(share: float, parameters: float, data: float) -> float:
    return float((1.5 + 30 / parameters**0.4 + 60 / data**0.4) * share**-0.1)


def laid_out(folders: Folders, *, odd: float = 0.0) -> dict[str, Artifact]:
    """Runs that follow a law, seeds to both sides of it; in the mix that is told, moved by `odd`."""
    found: dict[str, Artifact] = {}
    for width in scaling_mix.WIDTHS:
        place = folders()
        facts = {"name": "new", "digest": "0", "source": "step", "parameters": 1100 * width}
        (place / MODEL_FILE).write_text(json.dumps(facts), encoding="utf-8")
        found[f"mix-untrained-{width}"] = Model(place)
        for share in scaling_mix.SHARES:
            for place_of_seed, seed in enumerate(SEEDS):
                rows: dict[tuple[str, str], list[float]] = {}
                for steps in scaling_mix.STEPS:
                    for tag, own in ((scaling_mix.FIRST, share), (scaling_mix.SECOND, 1 - share)):
                        mean = law_of(own, 1100 * width, steps * scaling_mix.STEP_BYTES)
                        mean += 0.01 * ((place_of_seed + steps + width) % 3 - 1)
                        mean += odd if share == scaling_mix.HELD_OUT else 0.0
                        rows[f"bits_per_byte_{steps}", tag] = [mean - 0.1, mean + 0.1]
                found[f"mix-{round(100 * share)}-{width}-{seed}"] = results(folders(), rows)
    return found


@pytest.mark.parametrize(("odd", "expected"), [(0.0, "reproduced"), (0.5, "contrary")])
def test_a_law_that_holds_is_found_and_one_that_does_not_is_not(
    odd: float, expected: str, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling_mix, "_RESAMPLES", 8)
    said, found = judged("scaling-mix", laid_out(folders, odd=odd))
    assert said == expected
    assert [each.counts for each in found] == [True] * 4


def test_the_law_never_sees_the_mix_that_it_tells(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling_mix, "_RESAMPLES", 2)
    told = [
        scaling_mix.held_out(
            scaling_mix.runs_of(laid_out(folders, odd=odd), scaling_mix.FIRST), scaling_mix.HELD_OUT, told=True
        ).loss
        for odd in (0.0, 0.5)
    ]
    assert told[0] == told[1]
