"""Comparing trials: figures by hand, pairing by seed, and everything that may not be compared."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError, step_folder
from panglot.evaluation.bits_per_byte import TASK
from panglot.evaluation.compare_trials import compare_trials, steps_of
from panglot.evaluation.results import Measurement, Results, write_results
from panglot.evaluation.signature import Signature
from panglot.evaluation.statistics import holm

KHMER = ("khm_Khmr", 0)


def made(folder, arm, values, *, seed=17, items=None, by_a_step=True, task=TASK, **signature):
    """Results as a trial writes them: values of documents by language and steps."""
    rows, tables = [], []
    for (language, steps), each in values.items():
        metric, ids = f"bits_per_byte_{steps}", items or [f"d{at}" for at in range(len(each))]
        said = Signature.of(task=task, metric=metric, **{"ctx": 64, **signature})
        rows.append(Measurement("m", task, "r", language, arm, metric, float(np.mean(each)), len(each), None, None, str(said)))
        rows.append(Measurement("m", task, "r", language, arm, f"hidden_bytes_{steps}", 0.0, len(each), None, None, str(said)))
        columns = {"task": task, "language": language, "metric": metric}
        named = {key: [value] * len(ids) for key, value in columns.items()}
        tables.append(pa.table({**named, "item": ids, "correct": [float(one) for one in each]}))
    if not by_a_step:
        folder.mkdir(parents=True)
        return write_results(folder, rows, pa.concat_tables(tables))
    with step_folder(folder, seed=seed) as step:
        write_results(step.out, rows, pa.concat_tables(tables))
    return Results.open(folder)


def compared(place, trials, **more):
    with step_folder(place, seed=17) as step:
        compare_trials(trials=trials, step=step, **more)
    found = Results.open(place)
    rows = found.table().to_pylist()
    return {(row["condition"], row["language"], steps_of(row["metric"])): row for row in rows}, found.manifest.figures


def test_means_and_differences_by_hand(tmp_path):
    given = {
        "random": ([3, 4, 5], [3.2, 4.2, 5.2]),
        "focus": ([2, 3.5, 4], [2.5, 3.5, 4.5]),
    }
    trials = [
        made(tmp_path / f"{arm}-{seed}", arm, {KHMER: values}, seed=seed)
        for arm, runs in given.items()
        for seed, values in enumerate(runs)
    ]
    rows, figures = compared(tmp_path / "out", trials)
    assert set(rows) == {(each, *KHMER) for each in ("random", "focus", "focus over random")}
    assert rows["random", *KHMER]["value"] == pytest.approx(4.1)
    assert rows["focus", *KHMER]["value"] == pytest.approx(10 / 3)
    over = rows["focus over random", *KHMER]
    assert over["value"] == pytest.approx(10 / 3 - 4.1)
    assert over["ci_low"] < over["value"] < over["ci_high"]
    assert over["p_adjusted"] == over["p_value"]
    assert rows["focus", *KHMER]["n"] == 3
    assert "runs:2" in over["signature"]
    place = figures["language"]["khm_Khmr"]["0"]["focus"]
    assert place["value"] == 3.333333
    assert place["runs"] == [3.166667, 3.5]
    assert place["over_random"]["value"] == -0.766667


def spread(tmp_path, order, offsets=(0.0, 1.0, -2.0)):
    """Two arms that are 0.5 apart, in documents and seeds that lie far apart."""
    documents = np.array([2.0, 3.0, 4.0, 5.0])
    noise = np.array([0.01, -0.01, 0.02, -0.02])
    return [
        made(tmp_path / f"{arm}-{seed}", arm, {KHMER: documents + offsets[seed] + (arm == "mean") * (noise - 0.5)}, seed=seed)
        for arm, seeds in (("random", (0, 1, 2)), ("mean", order))
        for seed in seeds
    ]


def test_runs_are_paired_by_seed_whatever_the_order_of_the_list(tmp_path):
    straight, _ = compared(tmp_path / "a", spread(tmp_path / "1", (0, 1, 2)), controls=["random"])
    crossed, _ = compared(tmp_path / "b", spread(tmp_path / "2", (2, 0, 1)), controls=["random"])
    assert straight == crossed
    over = straight["mean over random", *KHMER]
    assert over["value"] == pytest.approx(-0.5)
    # what the seeds share is gone; the arms themselves are far less certain
    assert over["ci_high"] - over["ci_low"] < 0.06
    assert straight["mean", *KHMER]["ci_high"] - straight["mean", *KHMER]["ci_low"] > 3


def test_an_interval_holds_the_variance_of_the_runs(tmp_path):
    one = made(tmp_path / "one", "focus", {KHMER: [2, 3, 4]}, seed=1)
    same = made(tmp_path / "same", "focus", {KHMER: [2, 3, 4]}, seed=2)
    other = made(tmp_path / "other", "focus", {KHMER: [2.5, 3.5, 4.5]}, seed=2)
    width = {}
    for name, trials in (("same", [one, same]), ("other", [one, other])):
        row = compared(tmp_path / f"out-{name}", trials)[0]["focus", *KHMER]
        width[name] = row["ci_high"] - row["ci_low"]
    assert width["other"] > 1.5 * width["same"]


def test_p_values_are_corrected_over_the_arms_of_a_language_and_step(tmp_path):
    rng = np.random.default_rng(0)
    documents = rng.normal(3, 1, 30)
    keys = [("khm_Khmr", 0), ("khm_Khmr", 10), ("nqo_Nkoo", 0), ("nqo_Nkoo", 10)]
    trials = [
        made(tmp_path / arm, arm, {key: documents + shift + rng.normal(0, 0.2, 30) for key in keys})
        for arm, shift in (("random", 0), ("mean", 0.02), ("focus", -0.1), ("none", 1))
    ]
    rows, _ = compared(tmp_path / "out", trials, controls=["random", "none"])
    for key in keys:
        for control in ("random", "none"):
            family = [row for name, row in rows.items() if name[0].endswith(f" over {control}") and name[1:] == key]
            assert len(family) == 3
            assert [each["p_adjusted"] for each in family] == holm([each["p_value"] for each in family]).tolist()
    assert any(row["p_adjusted"] != row["p_value"] for row in rows.values() if row["p_value"] is not None)


def test_a_control_that_is_absent_is_passed_over(tmp_path):
    trials = [made(tmp_path / arm, arm, {KHMER: [1.0, 2.0]}) for arm in ("focus", "mean")]
    rows, _ = compared(tmp_path / "out", trials, controls=["random", "mean", "none"])
    assert {name for name, *_ in rows} == {"focus", "mean", "focus over mean"}
    alone, _ = compared(tmp_path / "alone", trials[:1])
    assert {name for name, *_ in alone} == {"focus"}


def refused(tmp_path, trials, match):
    with pytest.raises(InputError, match=match) as error:
        compared(tmp_path / "out", trials)
    assert "\n" not in str(error.value)


def test_arms_that_were_not_run_alike(tmp_path):
    def trial(name, arm="mean", values=None, **more):
        return made(tmp_path / name, arm, values or {KHMER: [1.0, 2.0]}, **more)

    control = trial("control", "random")
    refused(
        tmp_path,
        [control, trial("1"), trial("2", seed=18)],
        r"random has 1 run and mean has 2 \(trials\): give every arm the same",
    )
    refused(tmp_path, [control, trial("3", seed=18)], "random has the seeds 17 and mean 18")
    refused(tmp_path, [trial("4"), trial("5")], "mean has several runs of the seed 17")
    refused(tmp_path, [control, trial("6", values={KHMER: [1.0]})], "not measured on the same documents")
    refused(tmp_path, [control, trial("7", items=["d0", "x"])], "not measured on the same documents")
    refused(tmp_path, [control, trial("8", values={("khm_Khmr", 1): [1.0, 2.0]})], "after the same steps")
    more = {KHMER: [1.0, 2.0], ("khm_Khmr", 5): [1.0, 2.0]}
    refused(tmp_path, [control, trial("9", values=more)], "after the same steps")
    refused(tmp_path, [control, trial("10", ctx=128)], "measured alike: ctx: 64 and 128")
    # within one arm too
    refused(tmp_path, [trial("11"), trial("12", seed=18, items=["d0", "x"])], "the runs of mean were not measured on the same")
    refused(tmp_path, [trial("13"), trial("14", seed=18, ctx=128)], "the runs of mean were not measured alike")


def test_what_is_no_trial(tmp_path):
    refused(tmp_path, [], "no trials")
    refused(tmp_path, [made(tmp_path / "1", "mean", {KHMER: [1.0]}, task="bitext-retrieval")], "not the results of a trial")
    refused(tmp_path, [made(tmp_path / "2", "mean over random", {KHMER: [1.0]})], "cannot be called 'mean over random'")
    with step_folder(tmp_path / "3") as step:
        write_results(step.out, [])
    refused(tmp_path, [Results.open(tmp_path / "3")], "not the results of a trial")
    with pytest.raises(ValueError, match="does not say how many"):
        steps_of("bits_per_byte")


values = st.lists(st.floats(-20, 20).map(lambda each: round(each, 6)), min_size=1, max_size=6)


@given(st.integers(1, 3), st.data())
@settings(max_examples=8)
def test_an_arm_against_itself_and_both_ways_round(runs, data):
    left = [data.draw(values)]
    right = [[data.draw(st.floats(-20, 20).map(lambda each: round(each, 6))) for _ in left[0]] for _ in range(runs)]
    left += [[each + 0.5 * number for each in left[0]] for number in range(1, runs)]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        trials = [
            made(folder / f"{arm}-{number}", arm, {KHMER: run}, by_a_step=False)
            for arm, all_runs in (("a", left), ("same", left), ("b", right))
            for number, run in enumerate(all_runs)
        ]
        over_a, _ = compared(folder / "x", trials, controls=["a"])
        over_b, _ = compared(folder / "y", trials, controls=["b"])
    same = over_a["same over a", *KHMER]
    assert (same["value"], same["ci_low"], same["ci_high"], same["p_adjusted"]) == (0, 0, 0, 1)
    one, other = over_a["b over a", *KHMER], over_b["a over b", *KHMER]
    assert one["value"] == -other["value"]
    assert one["ci_low"] == -other["ci_high"]
    assert one["ci_high"] == -other["ci_low"]
    assert one["p_value"] == other["p_value"]
    assert one["ci_low"] <= one["value"] <= one["ci_high"]
    assert one["value"] == pytest.approx(np.mean(right) - np.mean(left), abs=1e-9)
