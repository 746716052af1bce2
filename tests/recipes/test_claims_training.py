"""Claims about training: what each arm is given, and verdicts from hand-made results."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from panglot.artifacts import Artifact
from panglot.evaluation import Results, write_results
from panglot.recipes.claims import multilinguality, muon, paired, replay, translation_pairs
from panglot.recipes.claims.claim import Claim, Finding, find_claims, verdict
from panglot.recipes.claims.paired import compared, finding, seeded, values_of
from panglot.recipes.claims.small_model import SEEDS

Folders = Callable[[], Path]
AFTER = {"replay": replay.STEPS, "multilinguality": multilinguality.STEPS, "relatives": multilinguality.STEPS}


def claim(name: str) -> Claim:
    return find_claims("training", [name])[0]


def results(place: Path, metric: str, values: Mapping[str, list[float]]) -> Results:
    rows = [
        {"task": "t", "language": tag, "metric": metric, "item": f"{at:03}", "correct": value}
        for tag, found in values.items()
        for at, value in enumerate(found)
    ]
    return write_results(place, [], pa.Table.from_pylist(rows))


def measured(folders: Folders, metric: str, arms: Mapping[str, Mapping[str, float]]) -> dict[str, Artifact]:
    """Forty items a language around the mean of each arm; seeds differ a little."""
    return {
        f"{arm}-{seed}": results(
            folders(),
            metric,
            {tag: [mean + 0.1 * (at % 5) + 0.001 * ((seed * at) % 3) for at in range(40)] for tag, mean in means.items()},
        )
        for arm, means in arms.items()
        for seed in SEEDS
    }


def judged(name: str, artifacts: Mapping[str, Artifact]) -> tuple[str, list[Finding]]:
    assert artifacts.keys() <= claim(name).steps().keys()
    found = claim(name).judge(artifacts)
    return verdict(found), found


# Paired differences


def test_items_of_languages_come_in_one_order_and_only_those_asked_for(folders: Folders) -> None:
    artifacts: dict[str, Artifact] = {"a-17": results(folders(), "m", {"tur_Latn": [3.0], "ces_Latn": [1.0, 2.0]})}
    assert values_of(artifacts, ["a-17"], "m").tolist() == [[1.0, 2.0, 3.0]]
    assert values_of(artifacts, ["a-17"], "m", ["tur_Latn", "ces_Latn"]).tolist() == [[1.0, 2.0, 3.0]]
    assert values_of(artifacts, ["a-17"], "m", ["tur_Latn"]).tolist() == [[3.0]]


def test_differences_are_taken_seed_by_seed(folders: Folders) -> None:
    """Seeds that differ much in the same way in both arms widen no interval."""
    artifacts: dict[str, Artifact] = {}
    for number, seed in enumerate(SEEDS):
        for arm, shift in (("arm", -0.1), ("control", 0.0)):
            values = [2.0 + number + shift + 0.01 * (at % 3) for at in range(30)]
            artifacts[f"{arm}-{seed}"] = results(folders(), "m", {"deu_Latn": values})
    (value, low, high, _), figures = compared(artifacts, "arm", "control", "m")
    assert value == pytest.approx(-0.1) and low == pytest.approx(-0.1) and high == pytest.approx(-0.1)
    assert figures == {"arm": pytest.approx(2.91, abs=0.01), "control": pytest.approx(3.01, abs=0.01)}


def test_above_is_the_mirror_of_below(folders: Folders) -> None:
    artifacts = measured(folders, "m", {"arm": {"deu_Latn": 2.0}, "control": {"deu_Latn": 2.5}})
    assert finding(artifacts, "arm", "control", "m", what="").outcome == "as claimed"
    assert finding(artifacts, "arm", "control", "m", what="", above=True).outcome == "contrary"
    assert finding(artifacts, "control", "arm", "m", what="", above=True).outcome == "as claimed"


# Arms


@pytest.mark.parametrize("name", ["replay", "tlm", "multilinguality", "relatives"])
def test_three_seeds_an_arm_and_arms_that_differ_in_what_they_are_about_alone(name: str) -> None:
    own = {
        "replay": {"replay", "replay_shares"},
        "tlm": {"objective", "pairs"},
        "multilinguality": {"text", "shares", "batch_bytes"},
        "relatives": {"replay", "replay_shares", "batch_bytes"},
    }[name]
    use = "training.language_model" if name == "tlm" else "evaluation.trial"
    trained = {step: each for step, each in claim(name).steps().items() if each.use == use and each.seed in SEEDS}
    arms = {step.rpartition("-")[0] for step in trained}
    assert {step for arm in arms for step in seeded(arm)} == trained.keys() and len(arms) > 1
    shared = [
        {key: value for key, value in each.parameters.items() if key not in own and key != "arm"} for each in trained.values()
    ]
    assert all(each == shared[0] for each in shared)


def test_shares_are_those_that_the_arms_are_named_after() -> None:
    steps = claim("replay").steps()
    for percent in (10, 25, 50):
        shares = steps[f"replay-{percent}-17"].parameters["replay_shares"]
        assert sum(shares.values()) == pytest.approx(percent / 100, abs=1e-5) and shares.keys() == set(replay.KNOWN)
    assert "replay" not in steps["replay-0-17"].parameters


def test_each_arm_sees_as_many_bytes_of_the_language_that_is_measured() -> None:
    many, helped = claim("multilinguality").steps(), claim("relatives").steps()
    for arm, tags in multilinguality.LANGUAGES.items():
        weights = many[f"{arm}-17"].parameters["shares"]["weights"]
        assert many[f"{arm}-17"].parameters["batch_bytes"] / len(weights) == multilinguality.BYTES
        assert len(set(weights.values())) == 1 and multilinguality.HIGH in weights and weights.keys() == set(tags)
    for arm in multilinguality.HELPERS:
        said = helped[f"{arm}-17"].parameters
        own = said["batch_bytes"] * (1 - sum(said.get("replay_shares", {}).values()))
        assert own == pytest.approx(multilinguality.LOW_BYTES)
    assert helped["low-pairs"].parameters["limit"] == multilinguality.LOW_SENTENCES


def test_text_that_is_measured_is_never_learnt_from() -> None:
    for name in ("replay", "tlm", "multilinguality", "relatives"):
        for step, each in claim(name).steps().items():
            said = str(each.parameters)
            assert not (".train" in said and ".test" in said), step


# Verdicts


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((2.4, 2.3, 2.2, 2.1), "reproduced"),
        ((2.4, 2.4, 2.2, 2.1), "not shown"),
        ((2.4, 2.3, 2.2, 2.25), "contrary"),
    ],
)
def test_forgetting_must_fall_with_every_share(known: tuple[float, ...], expected: str, folders: Folders) -> None:
    # what the new language pays decides nothing, and does not hide in the pool of languages
    means = {
        arm: {**dict.fromkeys(replay.KNOWN, each), replay.NEW: 9.0 - each} for arm, each in zip(replay.ARMS, known, strict=True)
    }
    said, found = judged("replay", measured(folders, f"bits_per_byte_{AFTER['replay']}", means))
    assert said == expected
    assert [each.counts for each in found] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("figures", "expected"), [((0.5, 0.3), "reproduced"), ((0.3, 0.3), "not shown"), ((0.2, 0.3), "contrary")]
)
def test_pairs_must_find_more_translations(figures: tuple[float, float], expected: str, folders: Folders) -> None:
    values = dict(zip(("mlm-tlm", "mlm"), figures, strict=True)) | {translation_pairs.BASE: 0.4}
    means = {arm: {translation_pairs.LANGUAGE: each} for arm, each in values.items()}
    said, found = judged("tlm", measured(folders, "accuracy_cosine", means))
    assert said == expected and [each.counts for each in found] == [True, False, False]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [((2.0, 2.1, 2.2), "reproduced"), ((2.0, 2.1, 2.1), "not shown"), ((2.0, 1.9, 2.2), "contrary")],
)
def test_every_further_language_must_cost(figures: tuple[float, ...], expected: str, folders: Folders) -> None:
    means = {arm: {multilinguality.HIGH: each} for arm, each in zip(multilinguality.LANGUAGES, figures, strict=True)}
    assert judged("multilinguality", measured(folders, f"bits_per_byte_{AFTER['multilinguality']}", means))[0] == expected


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ((2.0, 2.2, 2.2), "reproduced"),
        ((2.0, 2.2, 1.9), "contrary"),  # better than the other language's text, worse than none
        ((2.0, 2.0, 2.2), "not shown"),  # any text would have done
    ],
)
def test_a_relative_must_help_and_more_than_another(figures: tuple[float, ...], expected: str, folders: Folders) -> None:
    means = {arm: {multilinguality.LOW: each} for arm, each in zip(multilinguality.HELPERS, figures, strict=True)}
    assert judged("relatives", measured(folders, f"bits_per_byte_{AFTER['relatives']}", means))[0] == expected


def test_all_that_is_learnt_is_harvested() -> None:
    tags = {*replay.KNOWN, replay.NEW, translation_pairs.LANGUAGE, *multilinguality.LANGUAGES["languages-10"]}
    tags |= {multilinguality.LOW, multilinguality.RELATED, multilinguality.UNRELATED}
    assert tags <= set(paired.HARVESTED)


# Muon


def test_muon_is_compared_at_the_best_rate_of_each(folders: Folders) -> None:
    rates = {("adamw", 3): 2.6, ("adamw", 10): 2.5, ("adamw", 30): 2.7, ("muon", 3): 2.4, ("muon", 10): 2.3, ("muon", 30): 2.2}
    metric = f"bits_per_byte_{muon.STEPS}"
    means = {f"{optimizer}-{rate}": {"deu_Latn": bits} for (optimizer, rate), bits in rates.items()}
    found = judged("muon", measured(folders, metric, means))
    assert found[0] == "reproduced"
    assert [each.contrast.partition(",")[0] for each in found[1] if each.counts] == ["muon-30 − adamw-10"]
    worse = measured(folders, metric, {arm: {"deu_Latn": 5 - each["deu_Latn"]} for arm, each in means.items()})
    assert judged("muon", worse)[0] == "contrary"
