"""Claims: each can be run as it is written, and is judged by its numbers alone."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import Artifact, InputError
from panglot.evaluation import Measurement, Results, write_results
from panglot.evaluation.compare_trials import OVER
from panglot.models import Model
from panglot.recipes.claims import CLAIMS
from panglot.recipes.claims.claim import Claim, Finding, as_object, claims_recipe, find_claims, outcome_below, verdict
from panglot.recipes.claims.retrieval import ITEMS
from panglot.recipes.claims.small_model import NEW, NONE, STEPS, compared_steps
from panglot.recipes.document import parse
from panglot.recipes.plan import plan
from panglot.recipes.recipe import StepRecipe, from_document

ALL = [(room, name) for room, names in CLAIMS.items() for name in names]
BELOW, NOTHING, ABOVE = (-0.5, -0.6, -0.4), (-0.1, -0.3, 0.1), (0.5, 0.4, 0.6)
Interval = tuple[float, float, float]
Folders = Callable[[], Path]


def claim(name: str, room: str = "vocabulary") -> Claim:
    (found,) = find_claims(room, [name])
    return found


def finding(outcome: str, *, counts: bool = True) -> Finding:
    return Finding("a − b", 0.0, None, None, {}, outcome, counts)  # type: ignore[arg-type]


# Verdicts


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["as claimed", "as claimed"], "reproduced"),
        (["as claimed", "not shown"], "not shown"),
        (["as claimed", "contrary"], "contrary"),
        (["not shown", "contrary"], "contrary"),
        (["not shown"], "not shown"),
        ([], "not shown"),
    ],
)
def test_the_verdict_is_that_of_the_worst_finding(outcomes: list[str], expected: str) -> None:
    assert verdict([finding(each) for each in outcomes]) == expected


def test_findings_that_do_not_count_decide_nothing() -> None:
    assert verdict([finding("as claimed"), finding("contrary", counts=False)]) == "reproduced"
    assert verdict([finding("not shown"), finding("as claimed", counts=False)]) == "not shown"
    assert verdict([finding("contrary", counts=False)]) == "not shown"


@pytest.mark.parametrize(
    ("low", "high", "bound", "expected"),
    [
        (-0.3, -0.1, 0.0, "as claimed"),
        (-0.1, 0.2, 0.0, "not shown"),
        (0.1, 0.2, 0.0, "contrary"),
        (-0.1, 0.0, 0.0, "not shown"),  # an end that touches the bound is not below it
        (0.0, 0.1, 0.0, "not shown"),
        (0.01, 0.04, 0.05, "as claimed"),
        (0.06, 0.09, 0.05, "contrary"),
        (0.0, 0.0, 0.0, "not shown"),
    ],
)
def test_an_interval_against_a_bound(low: float, high: float, bound: float, expected: str) -> None:
    assert outcome_below(low, high, bound=bound) == expected


@given(st.floats(-9, 9), st.floats(0, 9), st.floats(-9, 9))
def test_one_side_claims_what_the_other_finds_contrary(low: float, width: float, bound: float) -> None:
    swapped = {"as claimed": "contrary", "contrary": "as claimed", "not shown": "not shown"}
    mirrored = outcome_below(-(low + width), -low, bound=-bound)
    assert outcome_below(low, low + width, bound=bound) == swapped[mirrored]


# Steps


@pytest.mark.parametrize(("room", "name"), ALL)
def test_every_claim_can_be_run_alone(room: str, name: str) -> None:
    found = claim(name, room)
    assert found.name == name
    recipe = claims_recipe(room, [found])
    assert [each.name for each in plan(recipe)] == list(recipe.steps)
    # the file that a run leaves behind is the same recipe
    assert from_document(parse(recipe.to_yaml(), "recipe.yaml")).steps == recipe.steps
    assert found.says.endswith(".") and found.source and found.measure


@pytest.mark.parametrize("room", CLAIMS)
def test_all_claims_of_a_room_share_their_steps(room: str) -> None:
    claims = find_claims(room, [])
    assert [each.name for each in claims] == list(CLAIMS[room])
    together = claims_recipe(room, claims)
    assert len(plan(together)) == len({name for each in claims for name in each.steps()})
    assert len(together.steps) < sum(len(each.steps()) for each in claims)


@pytest.mark.parametrize("name", ["subword-mean", "focus", "ofa", "wechsel"])
def test_initialisations_are_run_with_three_seeds_against_both_controls(name: str) -> None:
    trials = {name: each for name, each in claim(name).steps().items() if each.use == "evaluation.trial"}
    arms: dict[str, set[int | None]] = {}
    for each in trials.values():
        arms.setdefault(str(each.parameters["arm"]), set()).add(each.seed)
    assert len(arms) == 3 and {"random", "mean"} < arms.keys()
    assert all(len(seeds) == 3 and None not in seeds for seeds in arms.values())
    # but for the method and what it reads, all arms are one
    same = [{key: value for key, value in each.parameters.items() if key not in ("arm", "initialise", "source", "dictionary")}
            for each in trials.values()]  # fmt: skip
    assert all(each == same[0] for each in same) and same[0]["steps"] == STEPS == 100


def test_the_control_without_extension_keeps_its_tokenizer() -> None:
    steps = claim("extension").steps()
    kept = [each for each in steps.values() if each.use == "evaluation.trial" and each.parameters["arm"] == NONE]
    assert len(kept) == 3 and not any("tokenizer" in each.parameters for each in kept)


def test_two_claims_that_mean_different_things_by_one_step_are_refused() -> None:
    def other(name: str) -> Claim:
        return Claim(name, "", "", "", lambda: {"base": StepRecipe("models.load", {"name": name})}, lambda _: [])

    with pytest.raises(ValueError, match="base"):
        claims_recipe("vocabulary", [other("one"), other("two")])


@pytest.mark.parametrize(
    ("room", "only", "match"),
    [
        ("vocabulry", [], "vocabulary"),
        ("astrology", [], "there are"),
        ("vocabulary", ["focsu"], "focus"),
        ("vocabulary", ["x"], "wechsel"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(room: str, only: list[str], match: str) -> None:
    with pytest.raises(InputError, match=match):
        find_claims(room, only)


def test_claims_come_in_their_own_order_whatever_was_asked_first() -> None:
    assert [each.name for each in find_claims("vocabulary", ["ofa", "focus", "ofa"])] == ["focus", "ofa"]


# Judging, on results by hand


def compared(
    place: Path,
    arms: Iterable[str],
    differences: dict[tuple[str, str, int], Interval],
    languages: Iterable[str] = (NEW, "eng_Latn"),
) -> Results:
    """The table of `evaluation.compare_trials`: each arm at 2 bits a byte, and differences as they are given, else none."""
    rows = []

    def row(condition: str, language: str, steps: int, said: Interval) -> None:
        metric = f"bits_per_byte_{steps}"
        rows.append(Measurement("m", "t", "r", language, condition, metric, said[0], 9, said[1], said[2], "s"))

    for language in languages:
        for steps in (0, STEPS):
            for arm in arms:
                row(arm, language, steps, (2.0, 1.9, 2.1))
                for other in arms:
                    if arm != other:
                        row(f"{arm}{OVER}{other}", language, steps, differences.get((arm, other, steps), NOTHING))
    return write_results(place, rows)


def judged(name: str, artifacts: dict[str, Artifact]) -> tuple[str, list[Finding]]:
    found = claim(name).judge(artifacts)
    said = as_object(claim(name), found, 1.26)
    assert json.loads(json.dumps(said))["verdict"] == verdict(found)
    assert said["seconds"] == 1.3 and len(said["findings"]) == len(found)
    return verdict(found), found


@pytest.mark.parametrize(
    ("name", "arm"), [("subword-mean", "subword_mean"), ("focus", "focus"), ("ofa", "ofa"), ("wechsel", "wechsel")]
)
def test_an_initialisation_must_be_below_both_controls_before_and_after(name: str, arm: str, folders: Folders) -> None:
    places = [(arm, control, steps) for control in ("random", "mean") for steps in (0, STEPS)]
    step = f"compared-{name}"
    assert claim(name).steps().keys() >= {step}

    def of(differences: dict[tuple[str, str, int], Interval]) -> tuple[str, list[Finding]]:
        return judged(name, {step: compared(folders(), [arm, "random", "mean"], differences)})

    said, found = of(dict.fromkeys(places, BELOW))
    assert said == "reproduced" and len(found) == 4
    assert all(each.value == -0.5 and each.arms.keys() == {arm, each.contrast.split(" − ")[1].split(",")[0]} for each in found)
    for place in places:
        assert of({**dict.fromkeys(places, BELOW), place: NOTHING})[0] == "not shown"
        assert of({**dict.fromkeys(places, BELOW), place: ABOVE})[0] == "contrary"
    assert of({})[0] == "not shown"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((0.02, 0.0, 0.09), "reproduced"),
        ((0.09, 0.05, 0.13), "not shown"),
        ((0.2, 0.15, 0.3), "contrary"),
        (BELOW, "reproduced"),
    ],
)
def test_the_factorised_form_may_cost_five_in_a_hundred(after: Interval, expected: str, folders: Folders) -> None:
    # the full form stands at 2 bits a byte: what counts as little is 0.1
    arms, before = ["ofa-factorised", "ofa"], ABOVE  # before training it may cost what it likes
    differences = {("ofa-factorised", "ofa", STEPS): after, ("ofa-factorised", "ofa", 0): before}
    assert judged("ofa-factorised", {"compared-factorised": compared(folders(), arms, differences)})[0] == expected


@pytest.mark.parametrize(("after", "expected"), [(ABOVE, "reproduced"), (NOTHING, "not shown"), (BELOW, "contrary")])
def test_extension_hurts_where_its_arm_ends_above(after: Interval, expected: str, folders: Folders) -> None:
    # what happens before training, with random rows, and in English is shown and does not decide
    differences = {("subword_mean", NONE, STEPS): after, ("subword_mean", NONE, 0): BELOW, ("random", NONE, STEPS): BELOW}
    table = compared(folders(), ["subword_mean", "random", NONE], differences)
    said, found = judged("extension", {"compared-extension": table})
    assert said == expected
    assert [each.counts for each in found] == [True, False, False, False]
    assert found[0].value == after[0] and found[0].arms == {"subword_mean": 2.0, NONE: 2.0}


def retrieval(place: Path, right: Iterable[float]) -> Results:
    rows = [
        {"task": "t", "language": "rus_Cyrl", "metric": "accuracy_cosine", "item": f"{at:04}", "correct": float(each)}
        for at, each in enumerate(right)
    ]
    return write_results(place, [], pa.Table.from_pylist(rows))


def share(right: int) -> list[int]:
    """As many items as the claims hold out, so many in two hundred of them right."""
    return [1] * (right * ITEMS // 200) + [0] * (ITEMS - right * ITEMS // 200)


@pytest.mark.parametrize(
    ("romanised", "original", "expected"),
    [
        ((150, 50, 60), (190, 190), "reproduced"),
        ((51, 50, 40), (190, 190), "not shown"),  # too little to be shown
        ((150, 50, 150), (190, 190), "not shown"),  # random rows do as well
        ((20, 90, 10), (190, 190), "contrary"),
        ((150, 50, 60), (120, 190), "contrary"),  # it harms the original text
        ((150, 50, 60), (188, 190), "not shown"),  # a hundredth is lost, and the interval holds more
    ],
)
def test_transmi_must_lead_on_romanised_text_and_harm_no_other(
    romanised: tuple[int, int, int], original: tuple[int, int], expected: str, folders: Folders
) -> None:
    steps = claim("transmi").steps()
    drawn = [name for name in steps if name.startswith("romanised-random")]
    assert len(drawn) == 3
    values = {"romanised-transmi": romanised[0], "romanised-before": romanised[1], **dict.fromkeys(drawn, romanised[2])}
    values |= {"original-transmi": original[0], "original-before": original[1]}
    assert values.keys() <= steps.keys()
    said, found = judged("transmi", {name: retrieval(folders(), share(value)) for name, value in values.items()})
    assert said == expected
    assert sorted(found[0].arms.values()) == pytest.approx(sorted([romanised[0] / 200, romanised[1] / 200]))


def sized(place: Path, parameters: int) -> Model:
    said = {"name": "m", "digest": "0", "source": "step", "parameters": parameters}
    (place / "model.json").write_text(json.dumps(said))
    return Model.open(place)


@pytest.mark.parametrize(
    ("trimmed", "full", "expected"),
    # equal results must suffice: that takes enough items for an interval within the hundredth
    [(190, 190, "reproduced"), (188, 190, "not shown"), (120, 190, "contrary"), (195, 190, "reproduced")],
)
def test_trimming_may_cost_a_hundredth_of_retrieval(trimmed: int, full: int, expected: str, folders: Folders) -> None:
    artifacts: dict[str, Artifact] = {
        "original-before": retrieval(folders(), share(trimmed)), "original-full": retrieval(folders(), share(full)),
        "encoder": sized(folders(), 1000), "trimmed": sized(folders(), 250),
    }  # fmt: skip
    assert artifacts.keys() <= claim("trimming").steps().keys()
    said, found = judged("trimming", artifacts)
    assert said == expected
    assert found[1].value == 0.75 and not found[1].counts and found[1].outcome == "as claimed"
    grown = {**artifacts, "trimmed": sized(folders(), 1100)}
    assert judged("trimming", grown)[1][1].outcome == "contrary"


def test_every_claim_reads_only_steps_that_it_names(folders: Folders) -> None:
    class Named(dict[str, Artifact]):
        def __init__(self, known: Iterable[str]) -> None:
            self.known, self.asked = set(known), set[str]()

        def __getitem__(self, key: str) -> Artifact:
            assert key in self.known, key
            self.asked.add(key)
            raise LookupError(key)

    for room, name in ALL:
        artifacts = Named(claim(name, room).steps())
        with pytest.raises(LookupError):
            claim(name, room).judge(artifacts)
        assert artifacts.asked


def test_the_comparison_names_every_seed_of_every_arm() -> None:
    (step,) = compared_steps("c", ["focus", "random"], ["random"]).values()
    assert step.parameters["trials"] == [f"${arm}-{seed}" for arm in ("focus", "random") for seed in (17, 18, 19)]
