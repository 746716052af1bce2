from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from bitext_stand_ins import noisy_encoder, pairs_table

from panglot.artifacts import InputError, Step
from panglot.evaluation import Measurement, Results, Signature, write_results
from panglot.evaluation.bitext_retrieval import measure_retrieval
from panglot.evaluation.compare import compare
from panglot.evaluation.statistics import holm, mcnemar_exact

NewStep = Callable[..., Step]
Made = Callable[..., Results]
LANGUAGES = ("uig_Arab", "khm_Khmr", "tam_Taml")


@pytest.fixture
def made(new_step: NewStep) -> Made:
    """Results with the given right (1) and wrong (0) items for every language."""

    def make(values: dict[str, list[float]], *, prefix: str = "i", model: str = "m", **fields: str | int) -> Results:
        signature = Signature.of(task="t", metric="accuracy", **fields)
        rows = [
            Measurement(
                model, "t", "r", language, "", "accuracy", float(np.mean(right)), len(right), None, None, str(signature)
            )
            for language, right in values.items()
        ]
        items = [
            {"task": "t", "language": language, "metric": "accuracy", "item": f"{prefix}{at:03}", "correct": each}
            for language, right in values.items()
            for at, each in enumerate(right)
        ]
        return write_results(new_step().out, rows, pa.Table.from_pylist(items))

    return make


def by_condition(results: Results) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["language"], row["condition"]): row for row in results.table().to_pylist()}


def test_change_and_control_by_hand(made: Made, new_step: NewStep) -> None:
    before = made({"uig_Arab": [0] * 8 + [1] * 2}, model="base")
    control = made({"uig_Arab": [1] * 4 + [0] * 4 + [1] * 2}, model="control")
    after = made({"uig_Arab": [1] * 9 + [0]}, model="tuned")
    step = new_step()
    rows = by_condition(compare(before=before, after=after, control=control, step=step))
    assert rows["uig_Arab", "change"]["value"] == pytest.approx(0.7)
    assert rows["uig_Arab", "over control"]["value"] == pytest.approx(0.3)
    assert rows["uig_Arab", "control change"]["value"] == pytest.approx(0.4)
    assert rows["uig_Arab", "change"]["p_value"] == pytest.approx(mcnemar_exact(8, 1))
    assert rows["uig_Arab", "over control"]["p_value"] == pytest.approx(mcnemar_exact(4, 1))
    assert rows["uig_Arab", "control change"]["p_value"] == pytest.approx(mcnemar_exact(4, 0))
    assert rows["uig_Arab", "change"]["n"] == 10
    assert rows["uig_Arab", "change"]["model"] == "tuned"
    assert rows["uig_Arab", "control change"]["model"] == "control"
    for row in rows.values():
        assert row["ci_low"] < row["value"] < row["ci_high"]
    figures = step.figures["language"]["uig_Arab"]["accuracy"]
    assert (figures["before"], figures["after"], figures["control"]) == (0.2, 0.9, 0.6)
    assert figures["over_control"]["value"] == 0.3


def test_p_values_are_corrected_within_one_condition_and_metric(made: Made, new_step: NewStep) -> None:
    before = made({each: [0] * 20 for each in LANGUAGES})
    after = made({each: [1] * gained + [0] * (20 - gained) for each, gained in zip(LANGUAGES, (12, 7, 5), strict=True)})
    rows = by_condition(compare(before=before, after=after, control=before, step=new_step()))
    for condition in ("change", "over control", "control change"):
        raw = [rows[each, condition]["p_value"] for each in LANGUAGES]
        assert [rows[each, condition]["p_adjusted"] for each in LANGUAGES] == pytest.approx(holm(raw).tolist())
    assert rows["khm_Khmr", "change"]["p_adjusted"] == pytest.approx(2 * mcnemar_exact(7, 0))


def test_without_correction_there_is_no_adjusted_value(made: Made, new_step: NewStep) -> None:
    one = made({"uig_Arab": [0, 1]})
    rows = by_condition(compare(before=one, after=one, correction="none", step=new_step()))
    assert rows["uig_Arab", "change"]["p_adjusted"] is None


def test_nothing_changed_has_an_interval_around_zero(made: Made, new_step: NewStep) -> None:
    one = made({"uig_Arab": [1] * 120})
    row = by_condition(compare(before=one, after=one, step=new_step()))["uig_Arab", "change"]
    assert row["value"] == 0
    assert row["p_value"] == 1
    assert row["ci_low"] == -row["ci_high"] < 0


def test_an_equal_control_gives_the_interval_of_the_change(made: Made, new_step: NewStep) -> None:
    before, after = made({"uig_Arab": [0, 1] * 30}), made({"uig_Arab": [1, 1, 0] * 20})
    rows = by_condition(compare(before=before, after=after, control=before, step=new_step()))
    change, over = rows["uig_Arab", "change"], rows["uig_Arab", "over control"]
    assert [change[each] for each in ("value", "ci_low", "ci_high", "p_value")] == [
        over[each] for each in ("value", "ci_low", "ci_high", "p_value")
    ]


def test_order_of_items_does_not_matter(made: Made, new_step: NewStep) -> None:
    before, after = made({"uig_Arab": [0, 1, 0, 1]}), made({"uig_Arab": [1, 1, 1, 0]})
    items = after.items()
    shuffled = write_results(
        new_step().out, [Measurement(**row) for row in after.table().to_pylist()], items.take([2, 0, 3, 1])
    )
    first, second = (compare(before=before, after=each, step=new_step()).table() for each in (after, shuffled))
    assert first.equals(second)


def test_different_items_are_refused_by_name(made: Made, new_step: NewStep) -> None:
    before, after = made({"uig_Arab": [0] * 5}), made({"uig_Arab": [1] * 4})
    with pytest.raises(InputError, match=r"1 only in 'before' \(i004\)"):
        compare(before=before, after=after, step=new_step())
    with pytest.raises(InputError, match=r"5 only in 'before' \(i000, i001, i002, …\); 5 only in 'control' \(j000"):
        compare(before=before, after=before, control=made({"uig_Arab": [0] * 5}, prefix="j"), step=new_step())


def test_different_languages_are_refused_by_name(made: Made, new_step: NewStep) -> None:
    before, after = made({"uig_Arab": [0], "khm_Khmr": [0]}), made({"uig_Arab": [0]})
    with pytest.raises(InputError, match="'before' measures accuracy in khm_Khmr, 'after' does not"):
        compare(before=before, after=after, step=new_step())


def test_different_protocols_are_refused_with_the_reason(made: Made, new_step: NewStep) -> None:
    before, after = made({"uig_Arab": [0]}, prec="fp32"), made({"uig_Arab": [0]}, prec="bf16")
    with pytest.raises(InputError, match="not measured alike: prec: fp32 and bf16"):
        compare(before=before, after=after, step=new_step())


def test_every_run_of_a_list_is_checked(made: Made, new_step: NewStep) -> None:
    good, bad = made({"uig_Arab": [0]}), made({"uig_Arab": [0]}, prec="bf16")
    with pytest.raises(InputError, match="prec"):
        compare(before=good, after=[good, bad], step=new_step())
    with pytest.raises(InputError, match="empty"):
        compare(before=good, after=[], step=new_step())


def test_results_without_items_are_refused(made: Made, new_step: NewStep) -> None:
    one = made({"uig_Arab": [0]})
    bare = write_results(new_step().out, [Measurement(**row) for row in one.table().to_pylist()])
    with pytest.raises(InputError, match="no items"):
        compare(before=bare, after=one, step=new_step())


def test_several_runs_are_averaged_and_their_spread_widens_the_interval(made: Made, new_step: NewStep) -> None:
    before = made({"uig_Arab": [0] * 50 + [1] * 50})
    alike = [made({"uig_Arab": [0] * 20 + [1] * 80}) for _ in range(3)]
    apart = [made({"uig_Arab": [0] * wrong + [1] * (100 - wrong)}) for wrong in (10, 20, 30)]
    one = by_condition(compare(before=before, after=alike, step=new_step()))
    other = by_condition(compare(before=before, after=apart, control=alike, step=new_step()))
    narrow, wide = one["uig_Arab", "change"], other["uig_Arab", "change"]
    assert narrow["value"] == pytest.approx(wide["value"]) == pytest.approx(0.3)
    assert wide["ci_high"] - wide["ci_low"] > 2 * (narrow["ci_high"] - narrow["ci_low"])
    assert wide["p_value"] > narrow["p_value"]
    mean = other["uig_Arab", "after, mean of 3 runs"]
    assert mean["value"] == pytest.approx(0.8)
    assert mean["ci_low"] < 0.7
    assert mean["ci_high"] <= 1
    signature = Signature.parse(wide["signature"])
    assert signature.get("runs") == "3-1"
    assert signature.get("test") == "bootstrap"


def test_real_measurements_compare_on_every_metric(new_step: NewStep) -> None:
    table = pairs_table([("khm_Khmr", f"ទឹក {at}", f"water {at}") for at in range(50)])
    before, after = (
        measure_retrieval(noisy_encoder(table, noise), table, name=f"noise {noise}", step=new_step()) for noise in (2.0, 0.5)
    )
    results = compare(before=before, after=after, step=new_step())
    found = {row["metric"]: row["value"] for row in results.table().to_pylist()}
    assert len(found) == 8
    measured = [{row["metric"]: row["value"] for row in each.table().to_pylist()} for each in (before, after)]
    for metric, value in found.items():
        assert value == pytest.approx(measured[1][metric] - measured[0][metric])
    assert found["accuracy_cosine"] > 0.3


def test_equal_seeds_give_equal_bytes(made: Made, new_step: NewStep) -> None:
    before, after = made({"uig_Arab": [0, 1] * 30}), made({"uig_Arab": [1, 1, 0] * 20})
    first, second = (compare(before=before, after=after, step=new_step(5)).folder for _ in range(2))
    assert (first / "results.parquet").read_bytes() == (second / "results.parquet").read_bytes()
