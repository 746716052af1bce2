"""The page and its facts: every figure once, honest words, and no need for any piece that may be absent."""

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from made_runs import Made, make_page, make_run

from panglot.artifacts import InputError, step_folder
from panglot.evaluation.results import RESULTS_SCHEMA, Results, write_results
from panglot.languages import Language
from panglot.report.page import Page, page, read_facts


def text_of(html: str) -> str:
    """What a reader sees: no tags, no styles, entities undone."""
    from html import unescape

    body = html[html.index("<body") :]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)).replace("\N{NO-BREAK SPACE}", " "))


def test_headline_says_the_figures_the_interval_and_the_control(sorbian: Page) -> None:
    said = text_of(sorbian.html.read_text())
    assert "Upper Sorbian retrieval rose from 0.604 to 0.946 (+0.342, 95 % interval +0.282 to +0.402)." in said
    assert "Of this, +0.171 (95 % interval +0.111 to +0.231) is over the control, the same training on German." in said
    assert "Of four retained languages Swahili dropped most: −0.013 (95 % interval −0.031 to +0.005)." in said
    assert "Measured on 120 held-out pairs, one seed (17)." in said
    assert sorbian.facts["fell_short"] == []


def test_no_gain_is_called_no_gain(null: Page) -> None:
    facts = null.facts
    assert facts["headline"]["verdict"] == "not shown"
    said = text_of(null.html.read_text())
    assert "No change in Khmer retrieval was shown: 0.50 before, 0.52 after (+0.02, 95 % interval −0.03 to +0.07)." in said
    assert "rose" not in said
    assert "No control was run" in said
    assert "No other language was measured" in said
    assert facts["fell_short"] == ["no gain in Khmer was shown (+0.020, 95 % interval −0.030 to +0.070)"]
    assert 'id="parts"' not in null.html.read_text()


def test_holm_decides_where_the_interval_alone_would_claim_a_gain(tmp_path: Path) -> None:
    found = make_page(tmp_path, Made(p_adjusted=0.08))
    assert found.facts["headline"]["sentence"].startswith("No gain in Upper Sorbian retrieval was shown")
    assert "p = 0.080" in found.facts["headline"]["sentence"]


def test_a_fall_is_called_a_fall(tmp_path: Path) -> None:
    made = Made(values={"hsb_Latn": (0.9, 0.8, 0.7), "deu_Latn": (0.97, 0.95, 0.9)})
    found = make_page(tmp_path, made)
    assert "Upper Sorbian retrieval fell from 0.90 to 0.70" in found.facts["headline"]["sentence"]
    assert found.facts["headline"]["more"][0].startswith("It ends below the control")
    assert any("German dropped by more than 0.02" in each for each in found.facts["fell_short"])


def test_figures_without_test_strings_that_nearly_stand_in_train(tmp_path: Path) -> None:
    made = make_run(tmp_path)
    items = [each for each in made["after"].items().to_pylist() if each["language"] == "hsb_Latn"]
    ids = list(dict.fromkeys(str(each["item"]) for each in items))
    near = ids[: len(ids) // 3]
    (tmp_path / "steps" / "split" / "near_duplicates.json").write_text(json.dumps({"hsb_Latn": near}))
    with step_folder(tmp_path / "steps" / "again") as step:
        page(**made, step=step)
    found = Page.open(tmp_path / "steps" / "again")
    said = found.facts["near_duplicates"]
    metric = found.facts["measure"]["metric"]
    kept = [each["correct"] for each in items if each["item"] not in near and f"{metric}_".startswith(each["metric"] + "_")]
    assert (said["near"], said["n"]) == (len(near), len(ids) - len(near))
    assert said["values"]["after"] == pytest.approx(sum(kept) / len(kept))
    assert f"{len(near)} of {len(ids)} test strings are nearly the same" in text_of(found.html.read_text())


def test_parts_add_up_to_the_change(sorbian: Page, kurdish: Page) -> None:
    for each, names in ((sorbian, ["domain", "language"]), (kurdish, ["domain", "relatives", "language"])):
        parts = each.facts["decomposition"]
        assert sorted(parts) == sorted(names)
        change = each.facts["languages"][0]["change"]["value"]
        assert sum(part["value"] for part in parts.values()) == pytest.approx(change, abs=1e-9)


def test_target_stands_first_then_the_retained_in_the_order_given(sorbian: Page) -> None:
    tags = [each["tag"] for each in sorbian.facts["languages"]]
    assert tags == ["hsb_Latn", "deu_Latn", "ces_Latn", "pol_Latn", "swh_Latn"]


def test_every_number_on_the_page_stands_in_the_facts(sorbian: Page) -> None:
    """Numbers with three decimals are measurements; each must be the rounding of a number of the facts."""
    html = sorbian.html.read_text()
    main = re.sub(r"<svg.*?</svg>|<section id=\"cost\".*?</section>", "", html[html.index("<body") :], flags=re.S)
    shown = set(re.findall(r"(?<![\d.])(?<!< )\d\.\d{3}(?![\d.])", text_of("<body" + main)))

    def numbers(value: object) -> set[str]:
        if isinstance(value, dict):
            return set().union(*map(numbers, value.values()))
        if isinstance(value, list):
            return set().union(*map(numbers, value))
        if isinstance(value, str):
            return set(re.findall(r"\d\.\d{3}", value))
        return {f"{abs(value):.3f}"} if isinstance(value, float) else set()

    assert shown
    assert shown <= numbers(sorbian.facts)


def test_data_account_names_packages_reasons_and_leakage(sorbian: Page) -> None:
    data = sorbian.facts["data"]
    assert data["origins"][0] == {"origin": "sphinx 8.2.3", "pairs": 120}
    assert {"step": "clean", "language": "hsb_Latn", "reason": "fewer than 3 words", "pairs": 51} in data["dropped"]
    assert {"step": "pairs", "reason": "malformed PO file", "entries": 1} in data["quarantined"]
    assert data["leakage"] == [{"step": "split", "language": "hsb_Latn", "pairs": 7}]
    sizes = {(each["step"], each["part"]): sum(each["pairs"].values()) for each in data["flow"]}
    assert sizes[("split", "train")] == 212
    said = text_of(sorbian.html.read_text())
    for word in ("sphinx 8.2.3", "fewer than 3 words", "malformed PO file", "alignment.contrastive", "embedded:e5-small"):
        assert word in said


def test_examples_changed_both_ways_and_each_item_is_shown_once(sorbian: Page) -> None:
    examples = sorbian.facts["examples"]
    assert (examples["gained_count"], examples["lost_count"]) == (14, 2)
    assert len({each["item"] for each in examples["gained"]}) == len(examples["gained"]) == 7
    assert {each["direction"] for each in examples["gained"]} == {"to_pivot", "from_pivot"}
    for each in examples["gained"] + examples["lost"]:
        assert each["retrieved"] != each["expected"]


def test_facts_card_and_table_are_the_same_bytes_each_time_but_the_page_may_differ(tmp_path: Path) -> None:
    one, other = make_page(tmp_path / "one"), make_page(tmp_path / "other")
    for name in ("facts.json", "README.md", "results.parquet"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes(), name
    assert one.manifest is not None
    assert one.manifest.outputs["report.html"].volatile
    assert one.digest == other.digest
    text = (one.folder / "facts.json").read_text()
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    assert str(tmp_path) not in text


def test_all_result_rows_are_kept(sorbian: Page) -> None:
    table = parquet.read_table(sorbian.folder / "results.parquet")
    assert table.schema.names == RESULTS_SCHEMA.names
    assert set(table["condition"].to_pylist()) == {"before", "after", "control", "change", "over control", "control change"}


def test_results_alone_are_enough(tmp_path: Path) -> None:
    """Folders without manifests, items, curves or data: sections are left out, nothing fails."""
    arguments = make_run(tmp_path / "run", Made(control=False))
    bare = {}
    for name in ("before", "after", "change"):
        place = tmp_path / "bare" / name
        place.mkdir(parents=True)
        shutil.copy(arguments[name].folder / "results.parquet", place)
        bare[name] = Results.open(place)
    with step_folder(tmp_path / "page") as step:
        page(**bare, language=Language("hsb_Latn"), step=step)
    html = (tmp_path / "page" / "report.html").read_text()
    for absent in ("examples", "data", "training", "cost", "parts"):
        assert f'id="{absent}"' not in html
    assert 'id="languages"' in html
    assert "seed not recorded" in text_of(html)


def test_limits_are_about_this_run(sorbian: Page, hostile: Page, null: Page) -> None:
    usual = " ".join(sorbian.facts["limits"])
    for words in (
        "120 pairs of Upper Sorbian",
        "the catalogues of four packages",
        "one training (one seed)",
        "no control on a related",
    ):
        assert words in usual
    assert "Training and test texts come from the same source." in hostile.facts["limits"][1]
    assert any(each.startswith("There is no control:") for each in null.facts["limits"])


def test_several_seeds_take_the_mean_and_its_interval(tmp_path: Path) -> None:
    arguments = make_run(tmp_path / "run")
    rows = arguments["change"].table().to_pylist()
    means = [
        {**each, "condition": "after, mean of 2 runs", "value": 0.9, "ci_low": 0.85, "ci_high": 0.94}
        for each in rows
        if each["condition"] == "change" and each["language"] == "hsb_Latn"
    ]
    with step_folder(tmp_path / "run" / "steps" / "change2", inputs={"$before": "", "$after": ""}) as step:
        from panglot.evaluation.results import Measurement

        write_results(step.out, [Measurement(**each) for each in rows + means])
    arguments["change"] = Results.open(tmp_path / "run" / "steps" / "change2")
    with step_folder(tmp_path / "run" / "steps" / "report") as step:
        page(**{**arguments, "after": [arguments["after"], arguments["control"]]}, step=step)
    facts = read_facts(tmp_path / "run" / "steps" / "report")
    assert facts["languages"][0]["after"] == {"value": 0.9, "low": 0.85, "high": 0.94}


def test_an_unknown_metric_falls_back_and_says_so(tmp_path: Path) -> None:
    arguments = make_run(tmp_path / "run")
    with step_folder(tmp_path / "run" / "steps" / "report") as step:
        page(**arguments, metric="bleu", step=step)
        assert step.notes == ["The comparison has no metric bleu; the page is about accuracy_cosine."]


def test_an_empty_comparison_is_an_error_for_people(tmp_path: Path) -> None:
    arguments = make_run(tmp_path / "run")
    empty = tmp_path / "empty"
    empty.mkdir()
    arguments["change"] = write_results(empty, [])
    with pytest.raises(InputError, match="the comparison has no rows"), step_folder(tmp_path / "report") as step:
        page(**arguments, step=step)


def test_a_report_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text('{"format": 99}')
    with pytest.raises(InputError, match="newer Panglot"):
        read_facts(tmp_path)


def test_component_imports_no_heavy_library() -> None:
    import subprocess
    import sys

    code = "import sys, panglot.report.page, panglot.report.overview; print({'torch', 'transformers'} & {*sys.modules})"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
