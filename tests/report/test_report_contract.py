"""The report on what the evaluation room really writes: no made-up tables."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from made_runs import SAYINGS

from panglot.artifacts import step_folder
from panglot.corpus.pairs import write_pairs
from panglot.evaluation.bitext_retrieval import measure_retrieval
from panglot.evaluation.compare import compare
from panglot.evaluation.results import Results
from panglot.languages import Language
from panglot.report.page import Page, page

LANGUAGES = ("ckb_Arab", "deu_Latn")
N = 40


def pairs_table(tmp_path: Path) -> pa.Table:
    rows = [
        {
            "source_text": f"{SAYINGS['ckb_Arab'][at % 6][0]} {at}" if language == "ckb_Arab" else f"Ein Beispiel Nummer {at}",
            "target_text": f"{SAYINGS['ckb_Arab'][at % 6][1]} {at}",
            "source_language": language,
            "target_language": "eng_Latn",
        }
        for language in LANGUAGES
        for at in range(N)
    ]
    return write_pairs(tmp_path / "pairs", pa.Table.from_pylist(rows)).table()


def measured(steps: Path, name: str, table: pa.Table, noise: dict[str, float], seed: int) -> Results:
    """Vectors of translations are equal but for noise, which is set by language."""
    rng = np.random.default_rng(seed)
    meaning = {text: rng.normal(size=16) for text in table["target_text"].to_pylist()}
    vectors = dict(meaning)
    for row in table.to_pylist():
        vectors[row["source_text"]] = meaning[row["target_text"]] + noise[row["source_language"]] * rng.normal(size=16)

    def encode(texts: list[str]) -> np.ndarray:
        return np.stack([vectors[each] for each in texts]).astype(np.float32)

    with step_folder(steps / name, component="evaluation.bitext_retrieval") as step:
        measure_retrieval(encode, table, name=name, step=step, condition=name)
    return Results.open(steps / name)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("contract")
    steps, table = folder / "steps", pairs_table(folder)
    before = measured(steps, "before", table, {"ckb_Arab": 3.0, "deu_Latn": 0.1}, 0)
    control = [measured(steps, f"control-{seed}", table, {"ckb_Arab": 1.6, "deu_Latn": 0.1}, seed) for seed in (1, 2)]
    after = [measured(steps, f"after-{seed}", table, {"ckb_Arab": 0.2, "deu_Latn": 0.1}, seed) for seed in (1, 2)]
    with step_folder(steps / "change", component="evaluation.compare") as step:
        compare(before=before, after=after, control=control, step=step)
    with step_folder(steps / "report", component="report.page", volatile=Page.volatile) as step:
        page(
            change=Results.open(steps / "change"),
            before=before,
            after=after,
            control=control,
            language=Language("ckb_Arab"),
            control_language=Language("deu_Latn"),
            retained=[Language("deu_Latn")],
            step=step,
        )
    return Page.open(steps / "report")


def test_figures_are_those_of_the_tables(found: Page) -> None:
    rows = Results.open(found.folder.parent / "change").table().to_pylist()
    target, german = found.facts["languages"]
    assert (target["tag"], german["tag"]) == ("ckb_Arab", "deu_Latn")
    wanted = {each["condition"]: each for each in rows if (each["language"], each["metric"]) == ("ckb_Arab", "accuracy_cosine")}
    for key, condition in (("change", "change"), ("over_control", "over control"), ("after", "after, mean of 2 runs")):
        assert target[key]["value"] == wanted[condition]["value"]
        assert (target[key]["low"], target[key]["high"]) == (wanted[condition]["ci_low"], wanted[condition]["ci_high"])
    assert target["change"]["p_adjusted"] == wanted["change"]["p_adjusted"]
    assert target["change"]["value"] == pytest.approx(target["after"]["value"] - target["before"]["value"])
    assert found.facts["measure"]["chance"] == pytest.approx(1 / N)
    assert found.facts["headline"]["verdict"] == "rose"


def test_examples_have_their_texts(found: Page) -> None:
    examples = found.facts["examples"]
    assert examples["gained_count"] > 10
    assert examples["gained_count"] + examples["lost_count"] + examples["same_count"] == 2 * N
    for each in examples["gained"]:
        assert each["source"]
        assert each["expected"]
        assert each["retrieved"]
        assert each["control_right"] in (True, False)


def test_each_direction_and_the_margin_are_there(found: Page) -> None:
    assert {each["metric"] for each in found.facts["metrics"]} >= {
        "accuracy_cosine_to_pivot",
        "accuracy_cosine_from_pivot",
        "accuracy_margin",
        "mrr_cosine",
    }
    assert all(len(each["rows"]) == 2 for each in found.facts["metrics"])
