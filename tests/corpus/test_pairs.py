import pyarrow as pa
import pytest

from panglot.artifacts import InputError
from panglot.corpus.pairs import SCHEMA, Pairs, PairWriter, pair_id, write_pairs

ROWS = [("ދިވެހި ބަސް", "Dhivehi language", "div_Thaa"), ("ភាសាខ្មែរ 😀", "Khmer language", "khm_Khmr")]


def test_columns_and_properties(table):
    pairs = table(*ROWS)
    assert pairs.table().schema.equals(SCHEMA)
    assert pairs.languages == ["div_Thaa", "khm_Khmr"]
    assert pairs.counts == {"div_Thaa": 1, "khm_Khmr": 1}
    assert len(pairs) == 2
    assert [row["source_text"] for row in pairs.rows()] == [row[0] for row in ROWS]
    assert next(pairs.rows())["id"] == pair_id("div_Thaa", "eng_Latn", ROWS[0][0], ROWS[0][1])


def test_same_rows_same_bytes(table):
    assert table(*ROWS).path.read_bytes() == table(*ROWS).path.read_bytes()


def test_id_depends_on_language_and_side():
    ids = {
        pair_id("hsb_Latn", "eng_Latn", "a", "b"),
        pair_id("dsb_Latn", "eng_Latn", "a", "b"),
        pair_id("hsb_Latn", "eng_Latn", "b", "a"),
        pair_id("hsb_Latn", "eng_Latn", "ab", ""),
    }
    assert len(ids) == 4


def test_datasets_reads_it(table, tmp_path):
    datasets = pytest.importorskip("datasets")
    pairs = table(*ROWS)
    read = datasets.load_dataset("parquet", data_files=str(pairs.path), cache_dir=str(tmp_path / "cache"), split="train")
    assert read["source_text"][1] == ROWS[1][0]


def test_many_batches_keep_order(tmp_path):
    with PairWriter(tmp_path / "pairs.parquet") as writer:
        for number in range(70_000):
            writer.pair(f"s{number}", f"t{number}", "hsb_Latn", "eng_Latn", origin="x")
    pairs = Pairs(tmp_path)
    assert len(pairs) == pairs.counts["hsb_Latn"] == 70_000
    assert [row["source_text"] for row in pairs.rows()][-1] == "s69999"


def test_missing_column_is_named(tmp_path):
    with pytest.raises(InputError, match="target_text"):
        write_pairs(
            tmp_path, pa.table({"source_text": ["a"], "source_language": ["hsb_Latn"], "target_language": ["eng_Latn"]})
        )


def test_folder_without_pairs(tmp_path):
    with pytest.raises(InputError, match=r"holds no pairs\.parquet"):
        len(Pairs.open(tmp_path))
