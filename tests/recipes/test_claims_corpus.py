"""Claims about the corpus: judged by hand-made results, and run where that takes seconds."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from panglot.artifacts import Artifact
from panglot.corpus.catalogues import find_catalogues
from panglot.corpus.checks.corpora import CHECKS_FILE, SCHEMA, CorpusCheck
from panglot.corpus.checks.plant_labels import PLANTED_FILE, PlantedLabels
from panglot.corpus.documents import DOCUMENTS_FILE, DROPPED_FOLDER, Documents, DocumentWriter
from panglot.evaluation import Measurement, Results, write_results
from panglot.evaluation.compare_trials import OVER
from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.claims import filtering, rehydration
from panglot.recipes.claims.claim import Claim, Finding, claims_recipe, find_claims, verdict
from panglot.recipes.claims.planted_noise import TRAINED_ON
from panglot.recipes.claims.small_model import SEEDS, pooled
from panglot.recipes.claims.wrong_labels import PLANTED, RIGHT
from panglot.recipes.runner import run

Folders = Callable[[], Path]


def claim(name: str) -> Claim:
    return find_claims("corpus", [name])[0]


def judged(name: str, artifacts: Mapping[str, Artifact]) -> tuple[str, list[Finding]]:
    assert artifacts.keys() <= claim(name).steps().keys()
    found = claim(name).judge(artifacts)
    return verdict(found), found


# Trials


def trial(place: Path, values: Mapping[str, Iterable[float]], steps: int) -> Results:
    """Bits per byte of each document of some languages; before training they are 9."""
    rows = [
        {"task": "bits_per_byte", "language": tag, "metric": f"bits_per_byte_{at}", "item": f"{item:03}", "correct": bits}
        for tag, found in values.items()
        for item, value in enumerate(found)
        for at, bits in ((0, 9.0), (steps, value))
    ]
    return write_results(place, [], pa.Table.from_pylist(rows))


def trials(folders: Folders, arms: Mapping[str, float], steps: int, parts: Iterable[str] = ()) -> dict[str, Artifact]:
    """Thirty documents a language, around a mean of each arm; seeds differ a little."""
    found: dict[str, Artifact] = {}
    for arm, mean in arms.items():
        for seed in SEEDS:
            for part in list(parts) or [""]:
                values = [mean + 0.1 * (item % 5) + 0.001 * ((seed * item) % 3) for item in range(30)]
                name = f"{arm}-{part}-{seed}" if part else f"{arm}-{seed}"
                found[name] = trial(folders(), {part or "deu_Latn": values}, steps)
    return found


def test_pooled_is_the_mean_over_the_documents_of_all_languages(folders: Folders) -> None:
    artifacts: dict[str, Artifact] = {}
    for seed in SEEDS:
        artifacts[f"a-{seed}"] = trial(folders(), {"deu_Latn": [1, 2], "ces_Latn": [4]}, 5)
        artifacts[f"b-{seed}"] = trial(folders(), {"ces_Latn": [5], "deu_Latn": [1, 3]}, 5)
    difference, arms = pooled(artifacts, "a", "b", 5)
    assert difference.value == pytest.approx((0 - 1 - 1) / 3)
    assert arms == pytest.approx({"a": 7 / 3, "b": 3.0})
    assert difference.low == pytest.approx(-1) and difference.high == pytest.approx(0)


def test_pooled_puts_the_parts_of_an_arm_together_in_their_order(folders: Folders) -> None:
    artifacts: dict[str, Artifact] = {}
    for seed in SEEDS:
        for part, (one, other) in {"x": (1.0, 2.0), "y": (5.0, 5.0)}.items():
            artifacts[f"a-{part}-{seed}"] = trial(folders(), {"deu_Latn": [one]}, 5)
            artifacts[f"b-{part}-{seed}"] = trial(folders(), {"deu_Latn": [other]}, 5)
    assert pooled(artifacts, "a", "b", 5, parts=["x", "y"])[0].value == pytest.approx(-0.5)
    assert pooled(artifacts, "a", "b", 0, parts=["x", "y"])[0].value == 0


@pytest.mark.parametrize(("filtered", "expected"), [(2.5, "reproduced"), (3.0, "not shown"), (3.5, "contrary")])
def test_filtered_text_must_lead_over_all_languages(filtered: float, expected: str, folders: Folders) -> None:
    artifacts = trials(folders, {"unfiltered": 3.0, "filtered": filtered, "clean": 1.0}, filtering.STEPS)
    said = {"unfiltered": (3.0, 2.9, 3.1), "filtered": (filtered, 2.4, 2.6), f"filtered{OVER}unfiltered": (0.2, 0.1, 0.3)}
    rows = [
        Measurement("m", "t", "r", tag, name, f"bits_per_byte_{filtering.STEPS}", value, 9, low, high, "s")
        for tag in TRAINED_ON
        for name, (value, low, high) in said.items()
    ]
    artifacts["compared-filtering"] = write_results(folders(), rows)
    outcome, found = judged("filtering", artifacts)
    # Single languages are contrary here, and are shown only.
    assert outcome == expected
    assert [each.counts for each in found] == [True] + [False] * (1 + len(TRAINED_ON))
    assert found[0].value == pytest.approx(filtered - 3.0, abs=1e-6)
    assert {each.outcome for each in found[2:]} == {"contrary"}


@pytest.mark.parametrize(
    ("deduplicated", "duplicated", "random", "expected"),
    [
        (3.0, 3.0, 3.0, "reproduced"),
        (3.0, 3.0, 3.02, "reproduced"),  # within a hundredth of 3.2
        (3.0, 3.0, 3.1, "contrary"),
        (2.5, 3.0, 2.5, "not shown"),
        (2.4, 3.0, 2.4, "contrary"),
        (3.0, 2.4, 3.0, "contrary"),
    ],
)
def test_rehydration_must_lead_over_both_and_lose_nothing_at_random(
    deduplicated: float, duplicated: float, random: float, expected: str, folders: Folders
) -> None:
    means = {"rehydrated": 2.5, "deduplicated": deduplicated, "duplicated": duplicated, "rehydrated-random": random}
    outcome, found = judged("rehydration", trials(folders, means, rehydration.STEPS, rehydration.CODES))
    assert outcome == expected
    assert [each.counts for each in found] == [True, True, True, False, False]
    assert found[0].value == pytest.approx(2.5 - deduplicated, abs=1e-6)


# Filters


def noisy(place: Path, kept: Mapping[str, int], dropped: Mapping[str, int] | None = None) -> Documents:
    """So many documents of each kind of noise, or clean."""
    for folder, counts in ((place, kept), (place / DROPPED_FOLDER, dropped)):
        if counts is not None:
            with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
                for kind, number in counts.items():
                    meta = None if kind == "clean" else json.dumps({"noise": kind})
                    for each in range(number):
                        writer.document(f"{kind} {each}", "deu_Latn", source="s", meta=meta)
    return Documents(place)


@pytest.mark.parametrize(
    ("found", "clean", "expected"),
    [
        (100, 0, "as claimed"),
        (96, 0, "not shown"),  # of a hundred it takes a hundred for an interval above 95 %
        (40, 2, "not shown"),
        (10, 60, "contrary"),
    ],
)
def test_a_sentence_filter_must_find_its_kind_and_no_clean_text(
    found: int, clean: int, expected: str, folders: Folders
) -> None:
    there = {"clean": 100, "repeated_lines": 100, "table": 100}
    everything = {"repeated_lines": 100, "table": 100}
    artifacts: dict[str, Artifact] = {"noise_planted": noisy(folders(), there)}
    for name in ("sf2", "sf3", "sf4", "sf5"):
        artifacts[f"noise_{name}"] = noisy(folders(), {"clean": 100}, everything)
    kept = {"clean": 100 - clean, "repeated_lines": 100 - found, "table": 100}
    artifacts["noise_sf1"] = noisy(folders(), kept, {"clean": clean, "repeated_lines": found})
    _, findings = judged("sentence-filters", artifacts)
    assert findings[0].outcome == expected
    assert findings[0].value == found / 100 and findings[0].arms["clean"] == clean / 100
    assert [each.counts for each in findings] == [True, True, True, False, True]
    assert {each.outcome for each in findings[1:]} == {"as claimed"}


# Labels


def checked(place: Path, corpora: Mapping[str, list[str]], *, alone: Iterable[str] = ()) -> CorpusCheck:
    """A check with these flags; `alone` are corpora whose nearest one is not related."""
    rows = [
        {**dict.fromkeys(SCHEMA.names), "corpus": name, "flags": flags, "groups_shared": 0 if name in alone else 2}
        for name, flags in corpora.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), place / CHECKS_FILE)
    return CorpusCheck(place)


def planted(place: Path, labels: Iterable[str]) -> PlantedLabels:
    (place / PLANTED_FILE).write_text(json.dumps(dict.fromkeys(labels, "deu_Latn")))
    return PlantedLabels(place)


def labels(folders: Folders, kinds: Iterable[str], flag: str, found: int, accused: int) -> dict[str, Artifact]:
    """Fifty planted corpora a kind of which so many are flagged, beside seventy right ones of which so many are."""
    right = {f"right {each}": [flag] if each < accused else [] for each in range(70)}
    artifacts: dict[str, Artifact] = {"label_checked": checked(folders(), right, alone=["right 0"])}
    for kind in kinds:
        wrong = {f"wrong {each}": [flag] if each < found else [] for each in range(50)}
        artifacts[f"label_{kind}"] = planted(folders(), wrong)
        artifacts[f"label_{kind}_checked"] = checked(folders(), {**right, **wrong})
    return artifacts


@pytest.mark.parametrize(
    ("name", "kinds", "flag", "counted"),
    [
        ("wrong-scripts", ("other_script", "half_other_script"), "script", [True, True, False]),
        (
            "wrong-languages",
            ("unrelated", "related", "sibling", "half_unrelated"),
            "outside_family",
            [True, True, True, False, False, False],
        ),
        (
            "wrong-languages",
            ("unrelated", "related", "sibling", "half_unrelated"),
            "same_language",
            [True, True, True, False, False, False],
        ),
    ],
)
@pytest.mark.parametrize(
    ("found", "accused", "expected"),
    [(50, 0, "reproduced"), (48, 0, "not shown"), (30, 0, "contrary"), (50, 3, "not shown"), (50, 20, "contrary")],
)
def test_checks_must_find_wrong_corpora_and_accuse_no_right_one(
    name: str, kinds: tuple[str, ...], flag: str, counted: list[bool], found: int, accused: int, expected: str, folders: Folders
) -> None:
    outcome, findings = judged(name, labels(folders, kinds, flag, found, accused))
    assert outcome == expected
    assert [each.counts for each in findings] == counted
    assert findings[0].value == found / 50 and findings[0].arms["right ones beside"] == accused / 70
    if name == "wrong-languages":
        assert findings[-1].value == 1 / 70 and findings[-1].outcome == "as claimed"


def test_a_flag_of_the_other_check_does_not_count(folders: Folders) -> None:
    _, found = judged("wrong-scripts", labels(folders, ("other_script", "half_other_script"), "outside_family", 50, 0))
    assert found[0].value == 0


def test_the_labels_are_of_many_scripts() -> None:
    assert set(PLANTED) < set(RIGHT) and len(RIGHT) == len(set(RIGHT)) == 74
    assert len({tag.partition("_")[2] for tag in RIGHT}) == 15


# Runs

needs_catalogues = pytest.mark.skipif(
    len({each.package for each in find_catalogues(packages=()) if each.package.lower() in DEMO_PACKAGES}) < len(DEMO_PACKAGES),
    reason="the packages of the extra demo are not installed",
)


@needs_catalogues
@pytest.mark.parametrize(
    "name",
    [
        "sentence-filters",
        pytest.param("wrong-scripts", marks=pytest.mark.slow),
        pytest.param("wrong-languages", marks=pytest.mark.slow),
    ],
)
def test_claims_without_a_model_run_to_their_end(name: str, tmp_path: Path) -> None:
    found = claim(name).judge(run(claims_recipe("corpus", [claim(name)]), tmp_path).artifacts)
    assert all(0 <= each.value <= 1 for each in found)
    assert any(each.value > 0.9 for each in found if each.counts)


@needs_catalogues
@pytest.mark.slow
def test_rehydration_repeats_clean_text_and_not_noise(tmp_path: Path) -> None:
    steps = {name: each for name, each in claim("rehydration").steps().items() if each.use.startswith("corpus.")}
    cut = Claim("rehydration", "", "", "", lambda: steps, lambda _: [])
    artifacts = run(claims_recipe("corpus", [cut]), tmp_path).artifacts

    def clean(name: str) -> float:
        rows = list(artifacts[name].rows())  # type: ignore[attr-defined]
        return sum("noise" not in json.loads(row["meta"] or "{}") for row in rows) / len(rows)

    assert clean("copies_rehydrated") > clean("copies_filtered") + 0.1
    assert abs(clean("copies_random_rehydrated") - clean("copies_filtered")) < 0.1
