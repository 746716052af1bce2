from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from panglot.artifacts import InputError
from panglot.evaluation import Measurement, Results, concatenate, write_results
from panglot.evaluation.results import units_of

COLUMNS = [
    "model", "task", "revision", "language", "condition", "metric", "value", "n", "ci_low", "ci_high", "p_value", "p_adjusted",
    "signature",
]  # fmt: skip
ROW = Measurement("tiny", "t", "0a", "uig_Arab", "before", "accuracy", 0.5, 4, 0.1, 0.9, "task:t|n:4")


def items(**more: list[object]) -> pa.Table:
    return pa.table(
        {"task": ["t"] * 4, "language": ["uig_Arab"] * 4, "metric": ["accuracy"] * 4, "item": ["b", "a", "b", "a"],
         "correct": [1.0, 0.0, 1.0, 1.0], **more}
    )  # fmt: skip


def test_the_table_has_exactly_the_agreed_columns(tmp_path: Path) -> None:
    table = write_results(tmp_path, [ROW]).table()
    assert table.column_names == COLUMNS
    assert table.to_pylist()[0]["p_value"] is None
    assert table.to_pylist()[0]["ci_high"] == 0.9


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_results(tmp_path / name, [ROW, replace(ROW, language="khm_Khmr")], items())
        found.append([(tmp_path / name / file).read_bytes() for file in ("results.parquet", "items.parquet")])
    assert found[0] == found[1]


def test_languages_are_sorted_and_named_once(tmp_path: Path) -> None:
    rows = [replace(ROW, language=each) for each in ("uig_Arab", "heb_Hebr", "uig_Arab")]
    assert write_results(tmp_path, rows).languages == ["heb_Hebr", "uig_Arab"]


def test_results_without_items_have_no_units(tmp_path: Path) -> None:
    results = write_results(tmp_path, [ROW])
    assert results.items().num_rows == 0
    assert results.units() == {}


def test_items_of_one_pair_are_one_unit() -> None:
    units = units_of(items(direction=["x", "x", "y", "y"], rank=[1, 4, 1, 1]))
    key = ("t", "uig_Arab")
    assert units[*key, "accuracy"].items == ("a", "b")
    assert units[*key, "accuracy"].values.tolist() == [0.5, 1.0]
    assert units[*key, "accuracy_x"].values.tolist() == [0.0, 1.0]
    assert units[*key, "mrr"].values.tolist() == [(1 / 4 + 1) / 2, 1.0]
    assert set(units_of(items())) == {(*key, "accuracy")}


def test_items_need_their_columns(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="correct"):
        write_results(tmp_path, [ROW], items().drop_columns(["correct"]))


def test_tables_are_joined_in_the_order_given(tmp_path: Path) -> None:
    found = []
    for name in ("after", "before"):
        (tmp_path / name).mkdir()
        found.append(write_results(tmp_path / name, [replace(ROW, condition=name)]))
    table = concatenate(found)
    assert table["condition"].to_pylist() == ["after", "before"]
    assert table.column_names == COLUMNS
    assert concatenate([]).column_names == COLUMNS
    assert concatenate([]).num_rows == 0


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"results\.parquet"):
        Results.open(tmp_path).table()


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "results.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(InputError, match="cannot be read"):
        Results.open(tmp_path).table()


def test_a_table_that_lacks_columns_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"model": ["m"]}), tmp_path / "results.parquet")
    with pytest.raises(InputError, match="lacks the column task"):
        Results.open(tmp_path).table()
