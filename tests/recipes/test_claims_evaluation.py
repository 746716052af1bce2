"""Claims about evaluation: what each arm is given, and verdicts from hand-made results."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from panglot.artifacts import Artifact, Step
from panglot.corpus.pairs import write_pairs
from panglot.corpus.plant_facts import PlantedFacts, plant_facts
from panglot.corpus.plant_operations import plant_operations
from panglot.evaluation import Measurement, Results, write_results
from panglot.languages import Language
from panglot.recipes.claims import (
    conductivity,
    consistency,
    knowledge_free,
    prompt_language,
    quantisation,
    resource_class,
    software_texts,
    translate_test,
    typology,
)
from panglot.recipes.claims.claim import find_claims, verdict
from panglot.recipes.claims.small_model import SEEDS
from panglot.recipes.components import find_component

Folders = Callable[[], Path]
NAMES = (
    "resource-class",
    "typological-distance",
    "translate-test",
    "consistency",
    "conductivity",
    "knowledge-free",
    "prompt-language",
)


def judged(name: str, artifacts: dict[str, Artifact]) -> str:
    (found,) = find_claims("evaluation", [name])
    assert artifacts.keys() <= found.steps().keys()
    return verdict(found.judge(artifacts))


@pytest.mark.parametrize("name", [*NAMES, "quantisation"])
def test_every_step_is_one_that_its_component_takes(name: str) -> None:
    (found,) = find_claims("evaluation", [name])
    steps = found.steps()
    for step, each in steps.items():
        known = find_component(each.use).parameters
        assert each.parameters.keys() <= known.keys(), step
        for key, value in each.parameters.items():
            if isinstance(value, str) and value.startswith("$"):
                assert value[1:].partition(".")[0] in steps, (step, value)
            else:
                known[key].validated(value, step)
    # rounding draws nothing
    assert {each.seed for each in steps.values() if each.seed is not None} == (set() if name == "quantisation" else set(SEEDS))


def test_classes_are_spread_and_languages_have_their_features() -> None:
    classes = [Language(tag).resource_class for tag in resource_class.LANGUAGES]
    assert set(classes) >= {1, 2, 3, 4, 5}
    assert set(typology._SYNTAX) == set(typology.EVERY)
    assert len({len(each) for each in typology._SYNTAX.values()}) == 1
    assert all(typology.distance(one, one) == 0 for one in typology.EVERY)
    assert typology.distance("eng_Latn", "swe_Latn") < typology.distance("eng_Latn", "jpn_Jpan")
    assert typology.distance("jpn_Jpan", "kor_Hang") < typology.distance("jpn_Jpan", "arb_Arab")


# Verdicts


def table(place: Path, rows: Iterable[dict[str, object]], measured: Iterable[Measurement] = ()) -> Results:
    return write_results(place, list(measured), pa.Table.from_pylist(list(rows)))


def right(share: float, seed: int, n: int = 60) -> list[float]:
    """So many of n items right, others for each seed."""
    return [float((7 * at + seed) % n < share * n) for at in range(n)]


@pytest.mark.parametrize(
    ("trained", "random", "expected"),
    [(0.1, 0.0, "reproduced"), (0.1, 0.1, "not shown"), (0.0, 0.0, "not shown"), (-0.1, 0.0, "contrary")],
)
def test_recall_must_rise_with_class_more_than_without_training(
    trained: float, random: float, expected: str, folders: Folders
) -> None:
    artifacts: dict[str, Artifact] = {}
    for arm, slope in ((resource_class.MODEL, trained), (resource_class.RANDOM, random)):
        for seed in SEEDS:
            rows = [
                {"task": "t", "language": tag, "metric": "recall@1", "item": f"{at:03}", "correct": value}
                for number, tag in enumerate(resource_class.LANGUAGES)
                for at, value in enumerate(
                    right(0.5 + slope * ((Language(tag).resource_class or 0) - 3) + 0.03 * (number % 3 - 1), seed)
                )
            ]
            artifacts[f"{arm}-{seed}"] = table(folders(), rows)
    assert judged("resource-class", artifacts) == expected


@pytest.mark.parametrize(("slope", "expected"), [(-0.4, "reproduced"), (0.0, "not shown"), (0.4, "contrary")])
def test_transfer_must_fall_with_distance_and_not_with_the_language(slope: float, expected: str, folders: Folders) -> None:
    artifacts: dict[str, Artifact] = {}
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        quality = dict(zip(typology.EVERY, rng.normal(0, 0.1, len(typology.EVERY)), strict=True))
        measured = [
            Measurement(
                "m", "t", "r", target, f"train {source}", "accuracy",
                0.6 + quality[target] + slope * typology.distance(source, target) + rng.normal(0, 0.005), 60, None, None, "s",
            )
            for source in software_texts.SOURCES for target in typology.EVERY
        ]  # fmt: skip
        artifacts[f"matrix-{seed}"] = write_results(folders(), measured)
    scores = typology.accuracies(artifacts)
    between = np.array([[typology.distance(one, other) for other in typology.EVERY] for one in software_texts.SOURCES])
    assert typology.slope(scores, between) == pytest.approx(slope, abs=0.03)
    assert judged("typological-distance", artifacts) == expected


def answered(folders: Folders, shares: dict[tuple[str, str], float]) -> dict[str, Artifact]:
    """Results of steps by arm: {(arm, language): share of right answers}, by the probe that learnt English."""
    found: dict[str, Artifact] = {}
    for arm in {arm for arm, _ in shares}:
        for seed in SEEDS:
            rows = [
                {
                    "task": "t", "language": tag, "metric": "accuracy", "item": f"{at:03}", "correct": value,
                    "condition": translate_test.CONDITION, "prediction": "a" if value else "b", "target": "a",
                }
                for (own, tag), share in shares.items() if own == arm for at, value in enumerate(right(share, seed))
            ]  # fmt: skip
            found[f"{arm}-{seed}"] = table(folders(), rows)
    return found


@pytest.mark.parametrize(
    ("zero", "words", "people", "expected"),
    [(0.5, 0.7, 0.9, "reproduced"), (0.5, 0.5, 0.9, "not shown"), (0.7, 0.5, 0.9, "contrary"), (0.7, 0.9, 0.5, "contrary")],
)
def test_both_translations_must_be_better_than_none(
    zero: float, words: float, people: float, expected: str, folders: Folders
) -> None:
    shares = {("matrix", tag): zero for tag in translate_test.TESTED} | {("matrix", "eng_Latn"): people}
    shares |= {(arm, tag): value for arm, value in (("words", words), ("shuffled-words", 0.3)) for tag in translate_test.TESTED}
    assert judged("translate-test", answered(folders, shares)) == expected


@pytest.mark.parametrize(
    ("english", "native", "expected"), [(0.7, 0.5, "reproduced"), (0.5, 0.5, "not shown"), (0.5, 0.7, "contrary")]
)
def test_english_prompts_must_be_answered_better(english: float, native: float, expected: str, folders: Folders) -> None:
    shares = {(arm, tag): value for tag in prompt_language.LANGUAGES
              for arm, value in (("english", english), ("native", native), ("no-words", 0.6))}  # fmt: skip
    assert judged("prompt-language", answered(folders, shares)) == expected


def matrices(folders: Folders, twins: bool) -> dict[str, Artifact]:
    """Every language is right on two of three items; with twins, three languages on the same ones."""
    found: dict[str, Artifact] = {}
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        targets = rng.integers(0, 3, 60)
        rows = []
        for number, tag in enumerate(software_texts.LANGUAGES):
            own = np.random.default_rng(seed + 1000 if twins and number < 3 else [seed, number])
            said = np.where(np.isin(np.arange(60), own.permutation(60)[:40]), targets, (targets + 1) % 3)
            rows += [
                {
                    "task": "t", "language": tag, "metric": "accuracy", "item": f"{at:03}", "correct": float(one == other),
                    "condition": consistency.CONDITION, "prediction": str(one), "target": str(other),
                }
                for at, (one, other) in enumerate(zip(said, targets, strict=True))
            ]  # fmt: skip
        found[f"matrix-{seed}"] = table(folders(), rows)
    return found


@pytest.mark.parametrize(("twins", "expected"), [(True, "reproduced"), (False, "not shown")])
def test_languages_that_err_alike_are_told_from_those_that_are_as_often_right(
    twins: bool, expected: str, folders: Folders
) -> None:
    assert judged("consistency", matrices(folders, twins)) == expected


def test_shuffled_answers_are_as_often_right() -> None:
    rng = np.random.default_rng(1)
    right_answers, said = rng.integers(0, 3, 50), rng.integers(0, 3, (4, 50))
    found = consistency.shuffled(said, right_answers, rng)
    assert ((found == right_answers).mean(1) == (said == right_answers).mean(1)).all() and (found != said).any()


def test_pairs_are_told_on_other_items_than_they_were_chosen_by() -> None:
    # on the first half the first two languages agree wholly, on the second not at all
    said = np.array([[0] * 8, [0] * 4 + [1] * 4, [0, 1] * 4, [1, 0] * 4])
    first = np.arange(8) < 4
    found = consistency.contrast(said, np.array([0, 1] * 4), first)
    assert found.means[0] == 0.0 and len(found.consistency) == 4


@pytest.mark.parametrize(
    ("learnt", "conducted", "visible", "expected"),
    [
        (2.0, 0.2, 2.0, "reproduced"),
        (2.0, 0.0, 2.0, "reproduced"),
        (2.0, 1.8, 2.0, "contrary"),
        (2.0, 1.0, 2.0, "not shown"),
        (0.0, 0.0, 2.0, "not shown"),  # nothing was learnt that could be conducted
        (2.0, 0.0, 0.0, "not shown"),  # Russian questions cannot be answered even where they were learnt
    ],
)
def test_a_fact_must_be_learnt_and_visible_before_it_can_be_called_not_conducted(
    learnt: float, conducted: float, visible: float, expected: str, folders: Folders
) -> None:
    artifacts = answers_of(folders, conductivity.FACTS, conductivity.ASKS, learnt, conducted, visible)
    assert judged("conductivity", artifacts) == expected


def answers_of(
    folders: Folders, planted: str, asks: str, learnt: float, conducted: float, visible: float
) -> dict[str, Artifact]:
    """Planted things, and bits of their answers by arm: what is gained in German, conducted, and visible in Russian."""
    tags = (conductivity.LEARNT, conductivity.OTHER)
    words = [("".join(chr(start + each) for each in (at, at + 1, at + 2)), chr(0x61 + at) * 3, tag)
             for start, tag in ((0x61, tags[0]), (0x430, tags[1])) for at in range(12)]  # fmt: skip
    columns = {name: [word[at] for word in words] for at, name in enumerate(("source_text", "target_text", "source_language"))}
    of = write_pairs(folders(), pa.table(columns | {"target_language": ["eng_Latn"] * len(words)}))
    first, second = (Language(tag) for tag in tags)
    step = Step(folders(), seed=1)
    made: PlantedFacts = (
        plant_facts(of=of, stated=first, other=second, names=20, relations=2, values=8, step=step)
        if planted == conductivity.FACTS
        else plant_operations(of=of, stated=first, other=second, words=12, questions=10, asked=10, step=step)
    )
    gains = {
        ("stated", tags[0]): learnt, ("stated", tags[1]): conducted, ("both", tags[0]): learnt, ("both", tags[1]): visible,
    }  # fmt: skip
    artifacts: dict[str, Artifact] = {planted: made}
    for arm in ("stated", "shuffled", "both"):
        for seed in SEEDS:
            rng = np.random.default_rng([seed, len(arm)])
            rows = [
                {
                    "task": "t", "language": row["source_language"], "metric": conductivity.METRIC, "item": row["id"],
                    "correct": 5.0 - gains.get((arm, row["source_language"]), 0.0) + rng.normal(0, 0.1),
                }
                for row in made.asked.rows()
            ]  # fmt: skip
            artifacts[f"{asks}-{arm}-{seed}"] = table(folders(), rows)
    return artifacts


@pytest.mark.parametrize(
    ("operations", "facts", "expected"),
    [
        ((2.0, 1.8, 2.0), (2.0, 0.2, 2.0), "reproduced"),
        ((1.0, 0.9, 1.0), (2.0, 0.4, 2.0), "reproduced"),  # shares, and not bits, are compared
        ((2.0, 1.0, 2.0), (2.0, 1.0, 2.0), "not shown"),
        ((2.0, 0.2, 2.0), (2.0, 1.8, 2.0), "contrary"),
        ((0.0, 1.8, 2.0), (2.0, 0.2, 2.0), "not shown"),  # the operations were not learnt in German
        ((2.0, 1.8, 2.0), (2.0, 0.2, 0.0), "not shown"),  # the facts cannot be seen in Russian
    ],
)
def test_operations_must_be_carried_over_more_than_facts_and_both_be_learnt(
    operations: tuple[float, float, float], facts: tuple[float, float, float], expected: str, folders: Folders
) -> None:
    artifacts = {
        **answers_of(folders, conductivity.FACTS, conductivity.ASKS, *facts),
        **answers_of(folders, knowledge_free.OPERATIONS, knowledge_free.ASKS, *operations),
    }
    assert judged("knowledge-free", artifacts) == expected
    (found,) = find_claims("evaluation", ["knowledge-free"])
    share = found.judge(artifacts)[4]
    if operations[2] and facts[2]:
        assert share.arms["operations"] == pytest.approx(operations[1] / operations[2], abs=0.05)
        assert share.arms["facts"] == pytest.approx(facts[1] / facts[2], abs=0.05)


@pytest.mark.parametrize(
    ("other", "latin", "said"), [(1.3, 1.1, "reproduced"), (1.1, 1.3, "contrary"), (1.2, 1.2, "not shown")]
)
def test_quantised_weights_must_cost_other_scripts_more(other: float, latin: float, said: str, folders: Folders) -> None:
    found: dict[str, Artifact] = {}
    for bits in (None, *quantisation.BITS):
        rows = []
        for number, tag in enumerate(software_texts.LANGUAGES):
            rise = 1.0 if bits is None else (latin if tag.endswith("Latn") else other) + 0.05 * (-1) ** number
            value = 2.0 * rise
            rows.append(
                Measurement("m", "bits-per-byte", "r", tag, str(bits), quantisation.METRIC, value, 100, None, None, "s")
            )
        folder = folders()
        found[f"quantised-{str(bits).lower()}-bits"] = write_results(folder, rows)
    assert judged("quantisation", found) == said


def test_the_difference_of_scripts_by_hand() -> None:
    assert quantisation.rises(np.array([2.0, 4.0]), np.array([3.0, 4.4])).tolist() == pytest.approx([50, 10])
    values, latin = np.array([5.0, 7.0, 1.0, 1.0]), np.array([False, False, True, True])
    value, low, high = quantisation.difference(values, latin, "x")
    assert (value, low, high) == (5.0, 4.0, 6.0)
