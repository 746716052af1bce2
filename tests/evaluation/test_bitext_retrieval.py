import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bitext_stand_ins import hashed_vector, noisy_encoder, pairs_table

from panglot.artifacts import InputError, Step
from panglot.corpus import write_pairs
from panglot.evaluation import Results, Signature
from panglot.evaluation.bitext_retrieval import bitext_retrieval, measure_retrieval
from panglot.models.load import load

NewStep = Callable[..., Step]

UYGHUR = [("uig_Arab", "ئۇ كىتاب ئوقۇدى.", "He read a book."), ("uig_Arab", "ھاۋا سوغۇق.", "It is cold.")]
KHMER = [("khm_Khmr", "ខ្ញុំស្រលាញ់អ្នក។", "I love you."), ("khm_Khmr", "គាត់ញ៉ាំបាយ។", "He eats rice."),
         ("khm_Khmr", "ទឹក𑄌𑄋𑄴", "Water")]  # fmt: skip


def rows_of(results: Results) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["language"], row["metric"]): row for row in results.table().to_pylist()}


def test_right_to_left_and_unspaced_texts_are_measured_by_language(new_step: NewStep) -> None:
    table = pairs_table([*KHMER, *UYGHUR])
    step = new_step()
    results = measure_retrieval(noisy_encoder(table, 0.1), table, name="perfect", condition="before", step=step)
    assert results.languages == ["khm_Khmr", "uig_Arab"]
    rows = rows_of(results)
    assert len(rows) == 18
    assert rows["khm_Khmr", "accuracy_cosine"]["value"] == 1
    assert rows["khm_Khmr", "accuracy_cosine"]["n"] == 3
    assert rows["khm_Khmr", "accuracy_cosine"]["condition"] == "before"
    assert rows["khm_Khmr", "chance"]["value"] == pytest.approx(1 / 3)
    assert rows["uig_Arab", "chance"]["value"] == pytest.approx(1 / 2)
    items = results.items().to_pylist()
    assert len(items) == 4 * 5
    khmer = next(each for each in items if each["source"] == KHMER[2][1])
    assert khmer["predicted"] == khmer["target"] == "Water"
    assert (khmer["source_language"], khmer["target_language"]) == ("khm_Khmr", "eng_Latn")
    assert step.figures["language"]["uig_Arab"]["accuracy_cosine"] == 1
    assert any("uig_Arab has only 2 test pairs" in each for each in step.notes)


def test_a_miss_shows_what_was_found_instead(new_step: NewStep) -> None:
    table = pairs_table(KHMER)
    wrong = {KHMER[0][1]: KHMER[1][2]}
    honest = noisy_encoder(table, 0.1)
    results = measure_retrieval(
        lambda texts: honest([wrong.get(each, each) for each in texts]), table, name="m", condition="", step=new_step()
    )
    row = next(
        each for each in results.items().to_pylist() if each["source"] == KHMER[0][1] and each["metric"] == "accuracy_cosine"
    )
    assert row["correct"] == 0
    assert row["rank"] > 1
    assert row["target"] == "I love you."
    assert row["predicted"] == "He eats rice."
    assert row["wrong_item"] == table["id"][1].as_py()
    assert row["wrong_score"] > row["right_score"]
    rows = rows_of(results)
    assert rows["khm_Khmr", "accuracy_cosine_to_pivot"]["value"] == pytest.approx(2 / 3)
    both, forth, back = (rows["khm_Khmr", f"accuracy_cosine{each}"]["value"] for each in ("", "_to_pivot", "_from_pivot"))
    assert both == pytest.approx((forth + back) / 2)


def test_signatures_say_how_each_figure_came_about(new_step: NewStep) -> None:
    table = pairs_table(KHMER)
    results = measure_retrieval(
        noisy_encoder(table, 1), table, name="m", neighbours=2, protocol={"norm": "l2", "prompt": "query"}, step=new_step()
    )
    signature = Signature.parse(rows_of(results)["khm_Khmr", "accuracy_margin_to_pivot"]["signature"])
    assert str(signature).startswith(
        "task:bitext-retrieval|pivot:eng_Latn|metric:accuracy|dir:to_pivot|score:ratio-margin-k2|n:3|rev:"
    )
    assert signature.get("prompt") == "query"
    assert signature.get("rev") == results.table()["revision"][0].as_py()


def test_the_revision_follows_the_pairs_and_not_their_order_or_company(new_step: NewStep) -> None:
    def revision(rows: list[tuple[str, str, str]]) -> str:
        table = pairs_table(rows)
        return rows_of(measure_retrieval(noisy_encoder(table, 1), table, name="m", step=new_step()))["khm_Khmr", "chance"][
            "revision"
        ]

    assert revision(KHMER) == revision([*UYGHUR, *KHMER[::-1]])
    assert revision(KHMER) != revision(KHMER[:2])


def test_every_answer_to_an_equal_query_is_right(new_step: NewStep) -> None:
    rows = [
        ("heb_Hebr", "שלום", "Hello"),
        ("heb_Hebr", "שלום", "Peace"),
        ("heb_Hebr", "מים", "Water"),
        ("heb_Hebr", "המים", "Water"),
    ]
    table = pairs_table(rows)
    results = measure_retrieval(noisy_encoder(table, 0.1), table, name="m", step=new_step())
    items = [each for each in results.items().to_pylist() if each["metric"] == "accuracy_cosine"]
    assert [each["correct"] for each in items if each["direction"] == "to_pivot"] == [1.0] * 4
    # Three distinct texts a side; the equal Hebrew texts have two right answers of three, as have the equal English ones.
    assert rows_of(results)["heb_Hebr", "chance"]["value"] == pytest.approx((2 + 2 + 1 + 1) / 4 / 3)


def test_a_pair_given_twice_counts_once(new_step: NewStep) -> None:
    table, step = pairs_table([*KHMER, KHMER[0]]), new_step()
    results = measure_retrieval(noisy_encoder(table, 0.1), table, name="m", step=step)
    assert rows_of(results)["khm_Khmr", "accuracy_cosine"]["n"] == 3
    assert any("counted once" in each for each in step.notes)


def test_each_text_is_encoded_once(new_step: NewStep) -> None:
    table, seen = pairs_table([*KHMER, ("uig_Arab", "سۇ", "Water")]), []
    encode = noisy_encoder(table, 0.1)
    measure_retrieval(lambda texts: (seen.extend(texts), encode(texts))[1], table, name="m", step=new_step())
    assert len(seen) == len(set(seen)) == 7


def test_equal_seeds_give_equal_bytes(new_step: NewStep) -> None:
    table = pairs_table([("amh_Ethi", f"ውሃ {n}", f"water {n}") for n in range(40)])
    folders = [measure_retrieval(noisy_encoder(table, 1.5), table, name="m", step=new_step(3)).folder for _ in range(2)]
    for name in ("results.parquet", "items.parquet"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_an_interval_holds_its_value(new_step: NewStep) -> None:
    table = pairs_table([("amh_Ethi", f"ውሃ {n}", f"water {n}") for n in range(60)])
    results = measure_retrieval(noisy_encoder(table, 1.0), table, name="m", step=new_step())
    measured = [row for row in results.table().to_pylist() if row["metric"] != "chance"]
    assert 0.3 < measured[0]["value"] < 1
    for row in measured:
        assert 0 <= row["ci_low"] < row["value"] < row["ci_high"] <= 1


@pytest.mark.parametrize(("bad", "word"), [(np.nan, "not finite"), (np.inf, "not finite"), (0.0, "zero")])
def test_a_vector_that_is_no_direction_is_named(new_step: NewStep, bad: float, word: str) -> None:
    def encode(texts: list[str]) -> np.ndarray:
        return np.stack([np.full(32, bad, np.float32) if each == "Water" else hashed_vector(each) for each in texts])

    with pytest.raises(InputError, match=f"1 vectors that are {word} among 6.*Water"):
        measure_retrieval(encode, pairs_table(KHMER), name="m", step=new_step())


def test_no_pairs_is_an_error_for_people(new_step: NewStep) -> None:
    with pytest.raises(InputError, match="no pairs"):
        measure_retrieval(hashed_vector, pairs_table([]), name="m", step=new_step())


def test_pairs_with_an_empty_side_are_set_aside(new_step: NewStep) -> None:
    table, step = pairs_table([*KHMER, ("khm_Khmr", " \u3000", "Nothing"), ("khm_Khmr", "គ្មាន", "")]), new_step()
    results = measure_retrieval(noisy_encoder(table, 0.1), table, name="m", step=step)
    assert rows_of(results)["khm_Khmr", "accuracy_cosine"]["n"] == 3
    assert step.quarantined == {"no text on one side": 2}
    with pytest.raises(InputError, match="2 have no text"):
        measure_retrieval(hashed_vector, table.slice(3), name="m", step=new_step())


def test_two_pivots_of_one_language_are_refused(new_step: NewStep) -> None:
    table = pairs_table(KHMER)
    pivots = ["eng_Latn", "eng_Latn", "fra_Latn"]
    table = table.set_column(table.column_names.index("target_language"), "target_language", [pivots])
    with pytest.raises(InputError, match="several pivots: eng_Latn, fra_Latn"):
        measure_retrieval(noisy_encoder(table, 1), table, name="m", step=new_step())


def test_the_items_can_be_written_as_json(new_step: NewStep) -> None:
    table, step = pairs_table(KHMER), new_step()
    measure_retrieval(noisy_encoder(table, 0.1), table, name="m", step=step)
    assert json.loads(json.dumps(step.figures)) == step.figures


@pytest.mark.parametrize("code", ["uig", "khm", "heb"])
def test_real_sentences_of_other_scripts(shared: Path, new_step: NewStep, code: str) -> None:
    with gzip.open(shared / "tatoeba" / f"{code}-eng.tsv.gz", "rt", encoding="utf-8") as stream:
        rows = [(f"{code}_Zyyy", *line.rstrip("\n").split("\t")) for line in list(stream)[1:201]]
    table = pairs_table(rows)
    results = measure_retrieval(noisy_encoder(table, 0.5), table, name="m", step=new_step())
    texts = {each["source"] for each in results.items().to_pylist()}
    assert {row[1] for row in rows} <= texts
    assert rows_of(results)[f"{code}_Zyyy", "accuracy_cosine"]["value"] > 0.9


def test_the_component_measures_a_model_with_its_own_prompt_and_precision(tmp_path: Path, new_step: NewStep) -> None:
    model = load(name="tiny:bert", step=new_step())
    pairs = write_pairs(tmp_path / "pairs", pairs_table([*KHMER, *UYGHUR]))
    first, second = (bitext_retrieval(model=model, pairs=pairs, condition="before", step=new_step()) for _ in range(2))
    assert first.languages == ["khm_Khmr", "uig_Arab"]
    signature = Signature.parse(rows_of(first)["uig_Arab", "mrr_cosine"]["signature"])
    assert (signature.get("prec"), signature.get("prompt"), signature.get("norm")) == ("fp32", "none", "l2")
    assert set(first.table()["model"].to_pylist()) == {"tiny:bert"}
    for name in ("results.parquet", "items.parquet"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()


def test_components_are_described_without_loading_torch() -> None:
    program = """
import sys
from panglot.evaluation import COMPONENTS
from panglot.recipes.components import find_component
for name in COMPONENTS:
    component = find_component(f"evaluation.{name}")
    assert all(each.description for each in component.parameters.values()), component.parameters
    others = {
        "document_bits": "Signals", "routing": "Routes", "task_of_pairs": "MadeTask", "translate_task": "MadeTask",
        "task_pairs": "Pairs", "write_questions": "WrittenQuestions", "translate_items": "Translations",
    }
    assert component.returns.__name__ == others.get(name, "Results")
for heavy in ("torch", "transformers", "sentence_transformers", "scipy"):
    assert heavy not in sys.modules, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)
